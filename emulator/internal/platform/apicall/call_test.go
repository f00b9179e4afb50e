package apicall

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// TestCall: parameters are had by their types, with a default where they are null or absent.
func TestCall(t *testing.T) {
	t.Parallel()
	pair := func(name, text string) tcb.KeyValuePair { return tcb.KeyValuePair{Key: name, Value: []byte(text)} }
	c := New("a.b", time.Time{}, []tcb.KeyValuePair{
		pair("text", `"你<"`), pair("number", "7"), pair("huge", "1"+strings.Repeat("0", 30)), pair("yes", "true"), pair("null", " null "),
		{Key: "file", Value: []byte("bytes"), Filename: "a.txt"}, pair("broken", "{"),
	})
	assert.Equal(t, []string{"你<", "", ""}, []string{c.Text("text"), c.Text("null"), c.Text("file")})
	assert.Equal(t, []int{7, math.MaxInt, 3, 3}, []int{c.Integer("number", 3), c.Integer("huge", 3), c.Integer("null", 3), c.Integer("none", 3)})
	assert.Equal(t, []bool{true, true, false}, []bool{c.Boolean("yes", false), c.Boolean("none", true), c.Boolean("null", false)})
	assert.Equal(t, []bool{true, true, false, false}, []bool{c.Given("text"), c.Given("file"), c.Given("null"), c.Given("none")})
	assert.JSONEq(t, `{"text":"你<","number":7,"huge":1000000000000000000000000000000,"yes":true,"null":null,"file":"file, 5 bytes"}`, string(c.Object()))
	assert.Contains(t, c.Log.Params, `"file":"a.txt, 5 bytes","broken":"{"}`)
}

// TestWarn: warnings add up, to a bound.
func TestWarn(t *testing.T) {
	t.Parallel()
	c := New("a.b", time.Time{}, nil)
	c.Warn("one %d", 1)
	c.Warn("two")
	assert.Equal(t, "one 1; two", c.Log.Advice)
	for range 10 {
		c.Warn("%s", strings.Repeat("a", 1<<10))
	}
	assert.Less(t, len(c.Log.Advice), 6<<10)
}
