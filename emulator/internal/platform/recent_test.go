package platform

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatIsRecentIsBounded(t *testing.T) {
	t.Parallel()
	var r recent[int]
	for i := range maxRecent + 1 {
		assert.True(t, r.add(strconv.Itoa(i), i))
	}
	assert.False(t, r.add("1", 7), "there is one")
	v, ok := r.find("1")
	assert.True(t, ok)
	assert.Equal(t, 1, v)
	_, ok = r.find("0")
	assert.False(t, ok, "the oldest went")
	assert.Len(t, r.values, maxRecent)
}
