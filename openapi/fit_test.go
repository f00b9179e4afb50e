package openapi_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/openapi"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/testdata/methods"
)

// fitted has a field of each type that answers have, and of some that only callers' own results have.
type fitted struct {
	Int     int               `json:"int"`
	Float   float64           `json:"float"`
	Text    string            `json:"text"`
	Bool    bool              `json:"bool"`
	List    []int             `json:"list"`
	Deep    []fittedInner     `json:"deep"`
	Object  *fittedInner      `json:"object"`
	Any     any               `json:"any"`
	Map     map[string]int    `json:"map"`
	Int8    int8              `json:"int8"`
	Uint64  uint64            `json:"uint64"`
	Float32 float32           `json:"float32"`
	Bytes   []byte            `json:"bytes"`
	Time    time.Time         `json:"time"`
	Number  json.Number       `json:"number"`
	Raw     json.RawMessage   `json:"raw"`
	Texts   map[string]string `json:"texts,omitempty"`
	NoTag   int
	Hidden  int `json:"-"`
	fittedEmbedded
}

type fittedInner struct {
	N int `json:"n"`
}

type fittedEmbedded struct {
	Embedded int `json:"embedded"`
}

func TestValuesOfAnAnswerFitTheResult(t *testing.T) {
	t.Parallel()
	exact := func(n int) func(*fitted) { return func(f *fitted) { f.Int = n } }
	for _, tt := range []struct {
		data string
		want func(*fitted)
		no   string // the field that does not fit; "" where all do
	}{
		{`"int":"430"`, exact(430), ""},
		{`"int":"-1"`, exact(-1), ""},
		{`"int":"007"`, exact(7), ""},
		{`"int":1.0`, exact(1), ""},
		{`"int":"1e3"`, exact(1000), ""},
		{`"int":9007199254740993`, exact(9007199254740993), ""},
		{`"int":"9007199254740993"`, exact(9007199254740993), ""},
		{`"int":9223372036854775807`, exact(math.MaxInt64), ""},
		{`"int":"9223372036854775807"`, exact(math.MaxInt64), ""},
		{`"int":"00009223372036854775807"`, exact(math.MaxInt64), ""},
		{`"int":9223372036854775808`, exact(0), "int"},
		{`"int":"9007199254740993.0"`, exact(0), "int"}, // as a float64 it would be another one
		{`"int":1.5`, exact(0), "int"},
		{`"int":"1.5"`, exact(0), "int"},
		{`"int":""`, exact(0), ""}, // none
		{`"int":"many"`, exact(0), "int"},
		{`"int":"Inf"`, exact(0), "int"},
		{`"int":true`, exact(0), "int"},
		{`"int":{}`, exact(0), "int"},
		{`"int":[1]`, exact(0), "int"},
		{`"int":null`, exact(0), ""},
		{`"float":"1.25"`, func(f *fitted) { f.Float = 1.25 }, ""},
		{`"float":"NaN"`, func(f *fitted) {}, "float"},
		{`"float":"-Inf"`, func(f *fitted) {}, "float"},
		{`"float":1e999`, func(f *fitted) {}, "float"},
		{`"text":1`, func(f *fitted) { f.Text = "1" }, ""},
		{`"text":1.50`, func(f *fitted) { f.Text = "1.50" }, ""},
		{`"text":9007199254740993123`, func(f *fitted) { f.Text = "9007199254740993123" }, ""},
		{`"text":false`, func(f *fitted) { f.Text = "false" }, ""},
		{`"text":{"a":1}`, func(f *fitted) {}, "text"},
		{`"text":[]`, func(f *fitted) {}, "text"},
		{`"bool":1`, func(f *fitted) { f.Bool = true }, ""},
		{`"bool":"false"`, func(f *fitted) {}, ""},
		{`"bool":"maybe"`, func(f *fitted) {}, "bool"},
		{`"list":["1",2]`, func(f *fitted) { f.List = []int{1, 2} }, ""},
		{`"list":[1,"x",3]`, func(f *fitted) { f.List = []int{1, 0, 3} }, "list[1]"},
		{`"list":""`, func(f *fitted) {}, "list"},
		{`"deep":[{"n":1},{"n":"2"}]`, func(f *fitted) { f.Deep = []fittedInner{{1}, {2}} }, ""},
		{`"deep":[{"n":1},{"n":"two"},{"n":3}]`, func(f *fitted) { f.Deep = []fittedInner{{1}, {}, {3}} }, "deep[1].n"},
		{`"deep":{}`, func(f *fitted) {}, "deep"},
		{`"object":{"n":"1"}`, func(f *fitted) { f.Object = &fittedInner{1} }, ""},
		{`"object":[]`, func(f *fitted) {}, ""}, // as a server in PHP writes an empty one
		{`"object":[1]`, func(f *fitted) {}, "object"},
		{`"object":null,"int":"1"`, exact(1), ""},
		{`"any":{"a":[1.50]},"int":"1"`, func(f *fitted) { f.Int, f.Any = 1, map[string]any{"a": []any{json.Number("1.50")}} }, ""},
		{`"map":{"a":"1"}`, func(f *fitted) { f.Map = map[string]int{"a": 1} }, ""},
		{`"map":{"a":"x","b":2}`, func(f *fitted) { f.Map = map[string]int{"a": 0, "b": 2} }, "map.a"},
		{`"texts":{"a":1}`, func(f *fitted) { f.Texts = map[string]string{"a": "1"} }, ""},
		{`"int8":"-128"`, func(f *fitted) { f.Int8 = -128 }, ""},
		{`"int8":"128"`, func(f *fitted) {}, "int8"},
		{`"uint64":"18446744073709551615"`, func(f *fitted) { f.Uint64 = math.MaxUint64 }, ""},
		{`"uint64":"-1"`, func(f *fitted) {}, "uint64"},
		{`"float32":"1.5"`, func(f *fitted) { f.Float32 = 1.5 }, ""},
		{`"bytes":"AP8=","int":"1"`, func(f *fitted) { f.Int, f.Bytes = 1, []byte{0, 255} }, ""},
		{`"time":"2026-01-01T00:00:00Z","int":"1"`, func(f *fitted) { f.Int, f.Time = 1, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }, ""},
		{`"number":1.50,"int":"1"`, func(f *fitted) { f.Int, f.Number = 1, "1.50" }, ""},
		{`"raw":1,"int":"1"`, func(f *fitted) { f.Int, f.Raw = 1, json.RawMessage("1") }, ""},
		{`"NoTag":"1"`, func(f *fitted) { f.NoTag = 1 }, ""},
		{`"no_tag":"1"`, func(f *fitted) { f.NoTag = 1 }, ""},
		{`"INT":"1"`, exact(1), ""},
		{`"embedded":"1"`, func(f *fitted) { f.Embedded = 1 }, ""},
		{`"":{},"-":[],"Hidden":{},"fittedEmbedded":1,"int":"1"`, exact(1), ""},
		{`"int":"x","text":1,"float":"y"`, func(f *fitted) { f.Text = "1" }, "float"}, // the first by name
	} {
		t.Run(tt.data, func(t *testing.T) {
			t.Parallel()
			var result, want fitted
			tt.want(&want)
			err := openapi.Call(invocation(answer(jsonType, "{"+tt.data+"}")), "a.b", nil, &result)
			assert.Equal(t, want, result)
			if tt.no == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, "openapi.a.b: the answer does not fit *openapi_test.fitted: "+tt.no+" is ")
			assert.ErrorContains(t, err, "; see Raw")
		})
	}
}

func TestAnAnswerThatDoesNotFitIsNotLost(t *testing.T) {
	t.Parallel()
	const data = `{"errcode":0,"result":{"suggest":"pass","label":"none"},"detail":[{"errcode":"0","label":100,"prob":"99.5"}],"trace_id":7}`
	result, err := openapi.Security.MsgSecCheck(invocation(answer(jsonType, data)), &openapi.SecurityMsgSecCheckRequest{Content: "c", Version: 2, Scene: 1, OpenID: "o"})
	require.EqualError(t, err, `openapi.security.msgSecCheck: the answer does not fit *openapi.SecurityMsgSecCheckResult: result.label is "none", and does not fit int; see Raw`)
	require.NotNil(t, result)
	assert.Equal(t, openapi.SecurityVerdict{Suggest: "pass"}, result.Result)
	assert.Equal(t, []openapi.SecurityMsgSecCheckDetail{{Label: 100, Prob: 99.5}}, result.Detail)
	assert.Equal(t, "7", result.TraceID)
	assert.Equal(t, "openapi.security.msgSecCheck:ok", result.ErrMsg)
	assert.Equal(t, data, string(result.Raw))
	assert.NotErrorIs(t, err, openapi.CodeUnknown)
	var failed *openapi.Error
	assert.NotErrorAs(t, err, &failed, "the call has had its effect")
}

func TestBytesInPlaceOfJSONAreAnError(t *testing.T) {
	t.Parallel()
	e := answer("text/html", "<html>502 Bad Gateway</html>")
	result, err := openapi.Security.MsgSecCheck(invocation(e), &openapi.SecurityMsgSecCheckRequest{Content: "c", Version: 2, Scene: 1, OpenID: "o"})
	assert.Nil(t, result)
	require.ErrorIs(t, err, openapi.CodeSystem)
	assert.ErrorContains(t, err, `the answer is of type "text/html", not JSON: "<html>502 Bad Gateway</html>"`)
}

func TestAnErrcodeThatIsNoNumberIsAFailureToo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		data string
		code openapi.Code // 0 for a good answer
		text string
	}{
		{`{"errcode":true,"errmsg":"odd"}`, openapi.CodeSystem, "openapi.a.b:fail odd (errcode true)"},
		{`{"errcode":"abc","errmsg":"odd"}`, openapi.CodeSystem, "openapi.a.b:fail odd (errcode abc)"},
		{`{"errcode":1.5}`, openapi.CodeSystem, "openapi.a.b:fail undefined (errcode 1.5)"},
		{`{"errcode":99999999999999999999,"errmsg":null}`, openapi.CodeSystem, "openapi.a.b:fail null (errcode 99999999999999999999)"},
		{`{"errcode":"45009","errmsg":"limit"}`, 45009, "openapi.a.b:fail limit"},
		{`{"errcode":0}`, 0, ""}, {`{"errcode":""}`, 0, ""}, {`{"errcode":null}`, 0, ""}, {`{"errcode":false}`, 0, ""},
		{`{"ErrCode":5}`, 0, ""}, {`{"errCode":43101}`, 0, ""}, // names of one's own
	} {
		err := openapi.Call(invocation(answer(jsonType, tt.data)), "a.b", nil, nil)
		if tt.text == "" {
			assert.NoError(t, err, tt.data)
			continue
		}
		var failed *openapi.Error
		require.ErrorAs(t, err, &failed, tt.data)
		assert.Equal(t, tt.code, failed.ErrCode, tt.data)
		assert.Equal(t, tt.text, failed.ErrMsg, tt.data)
	}
}

func TestAValueThatDoesNotFitIsCutInTheError(t *testing.T) {
	t.Parallel()
	err := openapi.Call(invocation(answer(jsonType, fmt.Sprintf(`{"int":%q}`, strings.Repeat("长", 100_000)))), "a.b", nil, new(fitted))
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 500)
}

func TestAnAnswerIsOfAnotherKindThanTheResult(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		result any
		want   string
	}{
		{new(int), "the answer does not fit *int"},
		{new([]int), "the answer does not fit *[]int"},
		{new(string), "the answer does not fit *string"},
		{fitted{}, "the answer does not fit openapi_test.fitted"},
		{(*fitted)(nil), "the answer does not fit *openapi_test.fitted"},
		{1, "the answer does not fit int"},
	} {
		t.Run(fmt.Sprintf("%T", tt.result), func(t *testing.T) {
			t.Parallel()
			err := openapi.Call(invocation(answer(jsonType, `{"int":"1"}`)), "a.b", nil, tt.result)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// TestWhateverAnAPIAnswersThereIsAResult has every value of every answer be of another type, one type after another.
func TestWhateverAnAPIAnswersThereIsAResult(t *testing.T) {
	t.Parallel()
	for _, other := range []any{nil, "", "x", "1", 1.5, -1, json.Number("9223372036854775808"), true, []any{}, []any{1}, map[string]any{}, map[string]any{"": 1}} {
		var replace func(v any) any
		replace = func(v any) any {
			switch v := v.(type) {
			case map[string]any:
				for name := range v {
					v[name] = replace(v[name])
				}
				return v
			case []any:
				for i := range v {
					v[i] = replace(v[i])
				}
				return v
			}
			return other
		}
		for _, a := range catalog.All() {
			if a.Binary {
				continue
			}
			var values map[string]any
			require.NoError(t, json.Unmarshal(methods.Answer(a), &values))
			values = replace(values).(map[string]any)
			delete(values, "errcode")
			text, err := json.Marshal(values)
			require.NoError(t, err)
			result, err := methods.Call(invocation(answer(jsonType, string(text))), openapi.NewClient(), a.Name, methods.Params(a))
			require.NotNil(t, result, "%s of %v: %v", a.Name, other, err)
			if err != nil {
				assert.ErrorContains(t, err, "; see Raw", "%s of %v", a.Name, other)
			}
			again, err := json.Marshal(result)
			require.NoError(t, err)
			assert.Contains(t, string(again), `"errMsg":"openapi.`+a.Name+`:ok","errCode":0`)
		}
	}
}
