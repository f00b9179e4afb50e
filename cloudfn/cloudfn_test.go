package cloudfn

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type style struct {
	Color string `json:"color"`
	Alpha uint8  `json:"alpha"`
}

type event struct {
	Path  string  `json:"path"`
	Width int     `json:"width"`
	Style style   `json:"style"`
	Tags  []style `json:"tags"`
}

// same returns what it was given, so that a test sees it.
func same[T any](_ context.Context, in T) (T, error) { return in, nil }

type refusing struct{}

func (*refusing) UnmarshalJSON([]byte) error { return errors.New("no\n  thanks") }

func TestFuncTakesAndReturnsWhatJSONDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		h    Handler
		in   string
		want string
	}{
		"a struct":                 {Func(same[style]), `{"color":"red","alpha":7,"more":1}`, `{"color":"red","alpha":7}`},
		"a pointer":                {Func(same[*style]), `{"color":"red"}`, `{"color":"red","alpha":0}`},
		"a pointer, of null":       {Func(same[*style]), `null`, `null`},
		"a map":                    {Func(same[map[string]int]), `{"b":2,"a":1}`, `{"a":1,"b":2}`},
		"anything":                 {Func(same[any]), `[1,"a",null]`, `[1,"a",null]`},
		"raw JSON":                 {Func(same[json.RawMessage]), `{"n":12345678901234567890}`, `{"n":12345678901234567890}`},
		"an empty event, struct":   {Func(same[style]), ``, `{"color":"","alpha":0}`},
		"an empty event, pointer":  {Func(same[*style]), ``, `null`},
		"an empty event, raw JSON": {Func(same[json.RawMessage]), ``, `null`},
		"HTML":                     {Func(same[string]), `"<a href='x'>&</a>"`, `"<a href='x'>&</a>"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.h.Invoke(t.Context(), []byte(c.in))
			require.NoError(t, err)
			assert.Equal(t, c.want, string(got))
		})
	}
}

func TestAnEventThatDoesNotFitIsToldInOneLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		h         Handler
		in        string
		path, say string
	}{
		"a field":            {Func(same[event]), `{"width":"430"}`, "event.width", "event.width: cannot use string as int"},
		"a field within":     {Func(same[event]), `{"style":{"color":[]}}`, "event.style.color", "event.style.color: cannot use array as string"},
		"a list's element":   {Func(same[event]), `{"tags":[{"alpha":true}]}`, "event.tags.alpha", "event.tags.alpha: cannot use bool as uint8"},
		"too large a number": {Func(same[event]), `{"style":{"alpha":300}}`, "event.style.alpha", "event.style.alpha: cannot use number 300 as uint8"},
		"the event itself":   {Func(same[event]), `[1]`, "event", "event: cannot use array as cloudfn.event"},
		"not JSON":           {Func(same[event]), `{"width":}`, "event", "event: not JSON: invalid character '}' looking for beginning of value (at byte 10)"},
		"half of it":         {Func(same[event]), `{"width":`, "event", "event: not JSON: unexpected end of JSON input (at byte 9)"},
		"a type's own say":   {Func(same[refusing]), `{}`, "event", "event: no thanks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.h.Invoke(t.Context(), []byte(c.in))
			var wrong *EventError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, c.path, wrong.Path)
			assert.EqualError(t, err, c.say)
			assert.NotNil(t, errors.Unwrap(err))
		})
	}
}

func TestAnEventThatDoesNotFitDoesNotReachTheFunction(t *testing.T) {
	t.Parallel()
	h := Func(func(context.Context, event) (any, error) {
		t.Error("called")
		return nil, nil
	})
	_, err := h.Invoke(t.Context(), []byte(`{"path":"a","width":"b"}`))
	assert.Error(t, err)
}

func TestAResultThatCannotBeJSONIsAnErrorThatNamesItsType(t *testing.T) {
	t.Parallel()
	type result struct{ C chan int }
	for name, c := range map[string]struct {
		h   Handler
		say string
	}{
		"by its type":      {Func(func(context.Context, any) (*result, error) { return &result{}, nil }), "a *cloudfn.result, "},
		"behind any":       {Func(func(context.Context, any) (any, error) { return func() {}, nil }), "a func(), "},
		"by what is in it": {Func(func(context.Context, any) (json.RawMessage, error) { return json.RawMessage("{"), nil }), "a json.RawMessage, "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.h.Invoke(t.Context(), nil)
			require.ErrorContains(t, err, "the function's result, "+c.say+"cannot be JSON: ")
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestAnErrorOfTheFunctionIsPassedOnAsItIs(t *testing.T) {
	t.Parallel()
	sold := errors.New("sold out")
	got, err := Func(func(context.Context, any) (string, error) { return "lost", sold }).Invoke(t.Context(), nil)
	assert.Same(t, sold, err)
	assert.Nil(t, got)
}

func TestAFunctionThatIsNilSaysSo(t *testing.T) {
	t.Parallel()
	_, err := Func[any, any](nil).Invoke(t.Context(), nil)
	assert.Equal(t, errNoHandler, err)
}

// A reused target would leak one event's fields into the next.
func TestEachEventIsDecodedAfresh(t *testing.T) {
	t.Parallel()
	h := Func(same[event])
	_, err := h.Invoke(t.Context(), []byte(`{"path":"a","tags":[{"color":"red"}]}`))
	require.NoError(t, err)
	got, err := h.Invoke(t.Context(), []byte(`{}`))
	require.NoError(t, err)
	assert.False(t, strings.Contains(string(got), "red"), string(got))
}
