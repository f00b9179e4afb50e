package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/tidwall/gjson"
	"github.com/tidwall/match"

	"github.com/wxcloud-go/wxfn/openapi"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// Call is one call of an API: a cloud call that a function made, or an HTTPS call to the server API.
type Call struct {
	// API is the name of the API, such as "wxacode.createQRCode"; "callFunction NAME" for a call of another function.
	API string
	// Function made the call, in the invocation RequestID, for the user OpenID. Of an HTTPS call, Function and OpenID are
	// empty.
	Function, RequestID, OpenID string
	// Params are the parameters as they came, under their names on the wire; a file is told by its name and size. What is
	// long is cut, and then no JSON.
	Params json.RawMessage
	// Result is the answer of a good call, as JSON; of bytes, their type and number.
	Result string
	// ErrCode is 0 for a good call, and ErrMsg then empty.
	ErrCode openapi.Code
	ErrMsg  string
	// Advice is what to change, and where; it may come with a good call, too.
	Advice string
	// Stub answered in place of the API, if any did. NearMisses are those that almost did, with why they did not.
	Stub       string
	NearMisses []string
	Time       time.Time
	Duration   time.Duration
}

// String returns the call as one line, for people.
func (c Call) String() string {
	outcome := "ok"
	if c.ErrCode != 0 {
		outcome = fmt.Sprintf("%d %s", int(c.ErrCode), c.ErrMsg)
	}
	by := "over HTTPS"
	if c.Function != "" {
		by = fmt.Sprintf("by %s for %s", c.Function, c.OpenID)
	}
	return fmt.Sprintf("%s %s %s: %s", c.API, c.Params, by, outcome)
}

// Calls is a list of calls, which tests narrow down and look at:
//
//	emu.Calls("subscribeMessage.send").For("oAlice").WantPart(t, map[string]any{"touser": "oAlice", "template_id": "T1"})
type Calls []Call

// Calls returns the calls of an API ("wxacode.*" is all of that namespace), all calls if api is empty, in the order of the
// invocations that made them. The journal keeps the last 1000 invocations, and of each the first 1000 calls, as far as their
// texts are 256 KB.
//
// Calls panics where api is a misspelt name that no call has ("subscribeMessage.sned"), and says which was meant: a test that
// wants no such calls would pass for ever. Names of newer APIs are as with [Emulator.Handle].
func (e *Emulator) Calls(api string) Calls {
	var calls Calls
	for _, record := range e.journal.All() {
		v := record.View()
		for _, c := range v.Calls {
			if api != "" && api != c.API && !match.Match(c.API, api) {
				continue
			}
			calls = append(calls, Call{
				API: c.API, Function: v.Function, RequestID: v.RequestID, OpenID: v.OpenID,
				Params: json.RawMessage(c.Params), Result: c.Result,
				ErrCode: openapi.Code(c.ErrCode), ErrMsg: c.ErrMsg, Advice: c.Advice,
				Stub: c.Stub, NearMisses: c.NearMisses, Time: c.Time, Duration: c.Duration,
			})
		}
	}
	if len(calls) == 0 {
		if wrong := e.unmatched(api); wrong != "" {
			panic(fmt.Sprintf("emulator: Calls(%q): %s", api, wrong))
		}
	}
	return calls
}

// unmatched returns what is wrong with a name, or pattern of names, that no call has had; "" where nothing is.
func (e *Emulator) unmatched(api string) string {
	switch {
	case strings.HasPrefix(api, "callFunction "):
		return ""
	case !match.IsPattern(api):
		return e.unknownAPI(api)
	}
	space, rest, _ := strings.Cut(api, ".")
	var spaces []string
	for _, a := range catalog.All() {
		if match.Match(a.Name, api) {
			return ""
		}
		s, _, _ := strings.Cut(a.Name, ".")
		spaces = append(spaces, s)
	}
	near := catalog.NearestOf(space, spaces)
	if near == "" || near == space || match.IsPattern(space) {
		return ""
	}
	return fmt.Sprintf("there is no API in the namespace %q; did you mean %q?", space, near+"."+rest)
}

func (c Calls) where(keep func(Call) bool) Calls {
	var kept Calls
	for _, call := range c {
		if keep(call) {
			kept = append(kept, call)
		}
	}
	return kept
}

// For returns the calls made for a user.
func (c Calls) For(openid string) Calls {
	return c.where(func(call Call) bool { return call.OpenID == openid })
}

// By returns the calls made by a function.
func (c Calls) By(function string) Calls {
	return c.where(func(call Call) bool { return call.Function == function })
}

// Failed returns the calls that ended with an errcode.
func (c Calls) Failed() Calls { return c.where(func(call Call) bool { return call.ErrCode != 0 }) }

// With returns the calls that have a value at a path of their parameters (gjson's syntax, names as on the wire or as users
// write them): With("data.thing1.value", "hello").
func (c Calls) With(path string, value any) Calls {
	want, err := plain(value)
	if err != nil {
		return nil // no call has what is no JSON
	}
	return c.where(func(call Call) bool {
		got := gjson.GetBytes(call.Params, path)
		if !got.Exists() {
			got = gjson.GetBytes(call.Params, tcb.SnakeCase(path))
		}
		text, err := plain(json.RawMessage(got.Raw))
		return got.Exists() && err == nil && bytes.Equal(text, want)
	})
}

// T is what an assertion needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// Want fails the test unless these are the calls: as many as params, in their order, each with just these parameters. They
// are compared as JSON: a map, a struct such as the API's request, or a text in a json.RawMessage. Names may be as on the
// wire, or as users write them.
func (c Calls) Want(t T, params ...any) {
	t.Helper()
	c.want(t, "Want", params, func(got, _ any) any { return got })
}

// WantPart is [Calls.Want] where each call may have more parameters than those that are given, and the objects in them more
// members. A list has the same length, with a part of each element.
func (c Calls) WantPart(t T, params ...any) {
	t.Helper()
	c.want(t, "WantPart", params, partOf)
}

// want compares the calls with params, after part has left of each one's parameters what counts.
func (c Calls) want(t T, method string, params []any, part func(got, want any) any) {
	t.Helper()
	var want, got strings.Builder
	wanted := make([]any, len(params))
	for i, p := range params {
		var err error
		if wanted[i], err = decoded(p); err != nil {
			t.Errorf("%s: params[%d] is no JSON: %v", method, i, err)
			return
		}
		want.Write(formatted(wanted[i]))
	}
	for i, call := range c {
		value, err := decoded(call.Params)
		switch {
		case err != nil:
			got.WriteString(string(call.Params) + "\n") // it was cut
		case i < len(params):
			got.Write(formatted(part(value, wanted[i])))
		default:
			got.Write(formatted(value))
		}
	}
	if want.String() != got.String() {
		t.Errorf("the calls are not those that are wanted:\n%s%s", unified(want.String(), got.String()), c.explain())
	}
}

// partOf returns got without the members of objects that want does not have.
func partOf(got, want any) any {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			break
		}
		part := map[string]any{}
		for name, value := range got {
			if w, there := want[name]; there {
				part[name] = partOf(value, w)
			}
		}
		return part
	case []any:
		list, ok := got.([]any)
		if !ok {
			break
		}
		part := slices.Clone(list)
		for i := range min(len(list), len(want)) {
			part[i] = partOf(list[i], want[i])
		}
		return part
	}
	return got
}

// WantCount fails the test unless there are n calls.
func (c Calls) WantCount(t T, n int) {
	t.Helper()
	if len(c) != n {
		t.Errorf("wanted %d of these calls, and there are %d%s", n, len(c), c.explain())
	}
}

// explain lists the calls, and the stubs that almost answered them.
func (c Calls) explain() string {
	if len(c) == 0 {
		return "; there is no such call"
	}
	var b strings.Builder
	b.WriteString("\nthe calls:")
	for _, call := range c {
		b.WriteString("\n  " + call.String())
		for _, miss := range call.NearMisses {
			b.WriteString("\n    not answered by stub " + miss)
		}
	}
	return b.String()
}

// onWire returns a JSON value with its names as on the wire.
func onWire(v any) any {
	switch v := v.(type) {
	case map[string]any:
		renamed := map[string]any{}
		for name, inner := range v {
			renamed[tcb.SnakeCase(name)] = onWire(inner)
		}
		return renamed
	case []any:
		for i := range v {
			v[i] = onWire(v[i])
		}
	}
	return v
}

// plain returns a value as JSON of a fixed form.
func plain(v any) ([]byte, error) {
	value, err := decoded(v)
	if err != nil {
		return nil, err
	}
	return formatted(value), nil
}

// decoded returns what a value is as JSON: maps, slices, json.Number and so on, with names as on the wire.
func decoded(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var value any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	return onWire(value), nil
}

// formatted returns a decoded value as JSON of a fixed form: names sorted, a line for each value.
func formatted(value any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(value) // which came from JSON
	return b.Bytes()
}

// unified returns the difference of two texts, without the line that names the program.
func unified(want, got string) string {
	text := string(diff.Diff("wanted", []byte(want), "called", []byte(got)))
	_, text, _ = strings.Cut(text, "\n")
	return strings.TrimSuffix(text, "\n")
}
