package journal_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

func TestNearMissesNeverCrowdOutCalls(t *testing.T) {
	t.Parallel()
	r := begin(newJournal(), "r-1")
	misses := slices.Repeat([]string{strings.Repeat("x", 1000)}, 5)
	for range 1000 {
		r.Called(journal.Call{API: "a", NearMisses: misses})
	}
	calls := r.View().Calls
	require.Equal(t, 1000, len(calls))
	size := 0
	for _, c := range calls {
		for _, miss := range c.NearMisses {
			size += len(miss)
		}
	}
	assert.LessOrEqual(t, size, 256<<10)
	assert.Equal(t, misses, calls[0].NearMisses)
	assert.Empty(t, calls[999].NearMisses)
}

func TestNearMissesTellNoSecret(t *testing.T) {
	t.Parallel()
	r := begin(newJournal(), "r-1")
	const secret, half = "0123456789abcdef", "01234567"
	r.Redact(secret, "")
	misses := []string{`content is "` + secret + `", not "x"`, `content is "0123456789abc…, not "x"`, "title is missing"}
	r.Called(journal.Call{API: "a", Params: secret + half + "0123456", NearMisses: misses})
	call := r.View().Calls[0]
	assert.Equal(t, []string{`content is "[secret]", not "x"`, `content is "[secret]…, not "x"`, "title is missing"}, call.NearMisses)
	assert.Equal(t, "[secret][secret]0123456", call.Params)
	assert.Contains(t, misses[0], secret, "the caller's list stays as it is")

	r.Redact("bad")
	r.Called(journal.Call{API: "a", Params: "no bad cloudbase_access_token"})
	assert.Equal(t, "no [secret] cloudbase_access_token", r.View().Calls[1].Params)
}
