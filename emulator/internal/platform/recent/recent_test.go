package recent

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatIsRecentIsBounded(t *testing.T) {
	t.Parallel()
	var r Values[int]
	for i := range Max + 1 {
		assert.True(t, r.Add(strconv.Itoa(i), i))
	}
	assert.False(t, r.Add("1", 7), "there is one")
	v, ok := r.Find("1")
	assert.True(t, ok)
	assert.Equal(t, 1, v)
	_, ok = r.Find("0")
	assert.False(t, ok, "the oldest went")
	assert.Len(t, r.values, Max)
}
