package apicall

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/config"
)

// TestLayers: what tests add comes before the file's settings, and each is taken away alone.
func TestLayers(t *testing.T) {
	t.Parallel()
	l := NewLayers(func(into *[]string, from *config.Stubs) { *into = append(*into, from.RiskyTexts...) })
	set := func(texts ...string) *config.Stubs { return &config.Stubs{RiskyTexts: texts} }
	all := func() (seen []string) {
		l.Visit(func(texts *[]string) bool {
			seen = append(seen, *texts...)
			return false
		})
		return seen
	}
	assert.Empty(t, all())
	l.SetFile(set("a"))
	l.Add(set("b"))
	l.Add(set("c"))
	assert.Equal(t, []string{"b", "c", "a"}, all())
	l.Visit(func(texts *[]string) bool {
		*texts = (*texts)[1:]
		return true
	})
	assert.Equal(t, []string{"c", "a"}, all(), "a visit that is done leaves the other layer alone")
	l.SetFile(set("d"))
	assert.Equal(t, []string{"c", "d"}, all())
	l.Remove()
	assert.Equal(t, []string{"d"}, all())
	l.SetFile(set())
	assert.Empty(t, all())
}
