package apicall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// Call is one call of an API, whichever door it came through.
type Call struct {
	Name   string
	API    *catalog.API // nil for a name that the catalogue only knows to exist
	AppID  string       // the app that the call is made for
	Caller Caller       // who called the function that makes the call
	// Params are the parameters by their names in the catalogue. Those that the API does not have keep their names.
	Params map[string]Param
	// Earlier marks a call in an earlier form of the API: [catalog.Earlier].
	Earlier bool
	// Enveloped marks a call whose parameters came in the API's Envelope.
	Enveloped bool
	// Log is the call's entry in the journal, which the platform keeps. An API adds to it by [Call.Warn] only.
	Log journal.Call

	unknowns int // parameters that the API does not have
}

// New returns a call with its parameters as they came.
func New(name string, at time.Time, pairs []tcb.KeyValuePair) *Call {
	c := &Call{Name: name, Params: map[string]Param{}, Log: journal.Call{Time: at, API: name, Params: describe(pairs)}}
	c.Add(pairs)
	return c
}

// Add adds parameters.
func (c *Call) Add(pairs []tcb.KeyValuePair) {
	for _, pair := range pairs {
		c.Params[pair.Key] = Param{JSON: pair.Value, File: pair.Filename != ""}
	}
}

// Param is a parameter: its JSON text, or the bytes of a file.
type Param struct {
	JSON []byte
	File bool
}

// Given reports whether the parameter is present: not null, and not absent.
func (p Param) Given() bool {
	return p.File || p.JSON != nil && string(bytes.TrimSpace(p.JSON)) != "null"
}

// empty reports whether the parameter is the empty text.
func (p Param) empty() bool { return !p.File && string(bytes.TrimSpace(p.JSON)) == `""` }

// Given reports whether the named parameter is present: not null, and not absent.
func (c *Call) Given(name string) bool { return c.Params[name].Given() }

// Text returns the named parameter, or "" if it is absent.
func (c *Call) Text(name string) (s string) {
	c.Decode(name, &s)
	return s
}

// Integer returns the named parameter, or def if it is absent. A number beyond the range of int becomes the end of that
// range.
func (c *Call) Integer(name string, def int) int {
	var text json.Number
	if c.Decode(name, &text); text == "" {
		return def
	}
	n, _ := strconv.ParseInt(text.String(), 10, strconv.IntSize) // returns the end of the range with its error
	return int(n)
}

// Boolean returns the named parameter, or def if it is absent.
func (c *Call) Boolean(name string, def bool) bool {
	c.Decode(name, &def)
	return def
}

// Decode decodes the named parameter into v, a pointer. It leaves v alone if the parameter is absent or a file.
func (c *Call) Decode(name string, v any) {
	if p := c.Params[name]; p.Given() && !p.File {
		_ = json.Unmarshal(p.JSON, v) // its type has been checked
	}
}

// maxAdvice is the length, in bytes, beyond which advice does not grow.
const maxAdvice = 4 << 10

// Warn adds to the call's advice, which the journal shows even if the call succeeds.
func (c *Call) Warn(format string, args ...any) {
	if len(c.Log.Advice) > maxAdvice {
		return
	}
	text := fmt.Sprintf(format, args...)
	if c.Log.Advice != "" {
		text = c.Log.Advice + "; " + text
	}
	c.Log.Advice = text
}

// Object returns the parameters as one JSON object, in which a file is a text with its size.
func (c *Call) Object() []byte {
	object := map[string]json.RawMessage{}
	for name, p := range c.Params {
		switch {
		case p.File:
			object[name] = Quote(fmt.Sprintf("file, %d bytes", len(p.JSON)))
		case json.Valid(p.JSON):
			object[name] = p.JSON
		}
	}
	text, _ := json.Marshal(object) // all its values are valid
	return text
}

// describe returns parameters as one JSON object for the journal, in the order in which they came.
func describe(pairs []tcb.KeyValuePair) string {
	b := []byte{'{'}
	for i, p := range pairs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, Quote(p.Key)...), ':')
		switch {
		case p.Filename != "":
			b = append(b, Quote(fmt.Sprintf("%s, %d bytes", p.Filename, len(p.Value)))...)
		case json.Valid(p.Value):
			b = append(b, p.Value...)
		default:
			b = append(b, Quote(string(p.Value))...)
		}
	}
	return string(append(b, '}'))
}

// Quote returns a text as a JSON string.
func Quote(text string) []byte {
	b, _ := json.Marshal(text) // text always encodes
	return b
}
