package platform

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// object is a JSON object that a test makes.
type object = map[string]any

// aFile stands for the bytes of a parameter that is a file.
type aFile string

// goodValues are those of parameters that an emulated API looks at more closely than at their type.
var goodValues = object{
	"path": "pages/home", "page": "pages/home", "page_url": "pages/home", "env_version": "trial", "width": 430, "query": "a=1",
	"expire_type": 1, "expire_interval": 7, "expire_time": start.Add(time.Hour).Unix(), "query_type": 1, "msgtype": "text",
}

// goodValue is a value that a field of the catalogue may have.
func goodValue(f catalog.Field) any {
	if value, ok := goodValues[f.Name]; ok {
		if _, text := value.(string); text == (f.Type == catalog.String) {
			return value
		}
	}
	switch f.Type {
	case catalog.Number:
		return 1
	case catalog.Boolean:
		return true
	case catalog.Object:
		if f.Name == "data" && len(f.Fields) == 0 {
			return object{"thing1": object{"value": "a"}}
		}
		return goodParams(f.Fields)
	case catalog.Objects:
		return []any{goodParams(f.Fields), goodParams(f.Fields)}
	case catalog.Numbers:
		return []any{1, 2}
	case catalog.Array:
		f.Type = f.Of
		return []any{goodValue(f), goodValue(f)}
	case catalog.File:
		return aFile("bytes")
	case catalog.Any:
		if f.Of == catalog.Number {
			return 1
		}
	}
	return "a"
}

func goodParams(fields []catalog.Field) object {
	params := object{}
	for _, f := range fields {
		params[f.Name] = goodValue(f)
	}
	return params
}

// wrongValues are of another type than the one that they stand for.
var wrongValues = map[catalog.Type][]any{
	catalog.String:  {7, object{}, json.RawMessage(`"a`)},
	catalog.Number:  {"7", true, json.RawMessage(`0x7`)},
	catalog.Boolean: {"true", 0},
	catalog.Object:  {"{}", []any{}, 7},
	catalog.Objects: {object{}, "[]"},
	catalog.Array:   {object{}, "[]"},
	catalog.Numbers: {[]any{"1"}, 7, []any{1.5}},
	catalog.File:    {"a", aFile("")},
	catalog.Any:     {json.RawMessage(`{"a"`)},
}

// wire writes parameters as an SDK does.
func wire(params object) (data tcb.CommAPIData) {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		pair := tcb.KeyValuePair{Key: name}
		switch value := params[name].(type) {
		case aFile:
			pair.Value, pair.Filename = []byte(value), name+".jpeg"
		case json.RawMessage:
			pair.Value = value
		default:
			pair.Value, _ = json.Marshal(value) // a JSON text that is broken within is checked elsewhere
		}
		data.OpenAPIData.Pairs = append(data.OpenAPIData.Pairs, pair)
	}
	return data
}

// try makes a cloud call, and returns what the record has of it.
func (p *Platform) try(t testing.TB, s *Session, api string, params object) journal.Call {
	p.post(t, openAPIRequest(s, api, wire(params)))
	calls := s.Record.View().Calls
	require.NotEmpty(t, calls)
	return calls[len(calls)-1]
}

// tryNew is [Platform.try] on a platform of its own.
func tryNew(t testing.TB, api string, params object) journal.Call {
	p := withPages("pages/home", "pages/b")
	return p.try(t, p.begin(api), api, params)
}

// eachField visits all fields at all depths: path is as in advice, and in is the object of params that has the field.
func eachField(fields []catalog.Field, path string, in object, visit func(path string, f catalog.Field, in object)) {
	for _, f := range fields {
		at := path + f.Name
		visit(at, f, in)
		switch value := in[f.Name].(type) {
		case object:
			eachField(f.Fields, at+".", value, visit)
		case []any:
			if inner, ok := value[1].(object); ok {
				eachField(f.Fields, at+"[1].", inner, visit)
			}
		}
	}
}

func TestEveryAPITakesGoodParameters(t *testing.T) {
	t.Parallel()
	for _, api := range catalog.All() {
		t.Run(api.Name, func(t *testing.T) {
			t.Parallel()
			call := tryNew(t, api.Name, goodParams(api.Params()))
			assert.Zero(t, call.ErrCode, call.ErrMsg)
			assert.Empty(t, call.Advice)
			required := goodParams(slices.DeleteFunc(api.Params(), func(f catalog.Field) bool {
				return !f.Required && f.Name != "query_type" && f.Name != "text" && f.Name != "img_url"
			}))
			call = tryNew(t, api.Name, required)
			assert.Zero(t, call.ErrCode, "only what is required: %s", call.Advice)
		})
	}
}

// TestMediaMissing: without a file, or with an empty one, a call is refused with 41005, whatever the API's own codes.
func TestMediaMissing(t *testing.T) {
	t.Parallel()
	files := 0
	for _, api := range catalog.All() {
		for _, f := range api.Request {
			if f.Type != catalog.File {
				continue
			}
			files++
			for _, wrong := range []any{nil, aFile(""), "bytes", object{"type": "Buffer", "data": []int{1}}} {
				params := goodParams(api.Params())
				params[f.Name] = wrong
				delete(params, f.Unless)
				call := tryNew(t, api.Name, params)
				assert.Equal(t, []any{41005, "media data missing"}, []any{call.ErrCode, call.ErrMsg}, "%s with %v", api.Name, wrong)
			}
		}
	}
	assert.Equal(t, 10, files)
}

// TestTextOrNumber: a parameter that the pages show as a text and as a number takes both, and nothing else.
func TestTextOrNumber(t *testing.T) {
	t.Parallel()
	const api = "nearbyPoi.setShowStatus"
	for text, code := range map[string]int{`"1"`: 0, `1`: 0, `-1.5`: 0, ` 1`: 0, `true`: 40097, `[1]`: 40097, `{}`: 40097, `null`: 40097, ``: 40097, `"`: 40097, `1a`: 40097} {
		p := newPlatform()
		s := p.begin(api)
		p.call(t, s, api, "poi_id", text, "status", "1")
		assert.Equal(t, code, s.Record.View().Calls[0].ErrCode, text)
	}
}

func TestEveryAPIRefusesParametersThatAreMissingOrOfAWrongType(t *testing.T) {
	t.Parallel()
	for _, api := range catalog.All() {
		t.Run(api.Name, func(t *testing.T) {
			t.Parallel()
			params := goodParams(api.Params())
			refused := func(path, what string) {
				call := tryNew(t, api.Name, params)
				assert.NotZero(t, call.ErrCode, "%s %s", path, what)
				assert.NotEmpty(t, call.ErrMsg, "%s %s", path, what)
				assert.Regexp(t, `^`+quoteMeta(path)+`(\[0\])? (must|is) [^ ]`, call.Advice, what)
			}
			eachField(api.Params(), "", params, func(path string, f catalog.Field, in object) {
				good := in[f.Name]
				if f.Required {
					delete(in, f.Name)
					if _, earlier := catalog.Earlier(api.Name); earlier && f.Name == "version" {
						call := tryNew(t, api.Name, params)
						assert.Zero(t, call.ErrCode, "%s left out", path)
						assert.Contains(t, call.Advice, "1.0 form")
					} else if f.Unless == "" {
						refused(path, "left out")
						in[f.Name] = nil
						refused(path, "null")
					} else {
						assert.Zero(t, tryNew(t, api.Name, params).ErrCode, "%s or %s", f.Name, f.Unless)
						other := in[f.Unless]
						for _, none := range []any{nil, ""} {
							in[f.Unless] = none
							refused(path, "and "+f.Unless+" left out")
						}
						in[f.Unless] = other
					}
					if f.Type == catalog.String {
						in[f.Name] = ""
						if f.Blank {
							assert.Zero(t, tryNew(t, api.Name, params).ErrCode, "%s may be empty", path)
						} else {
							refused(path, "empty")
						}
					}
				} else if f.Name != "query_type" && f.Name != "text" {
					in[f.Name] = nil
					assert.Zero(t, tryNew(t, api.Name, params).ErrCode, "%s may be null", path)
				}
				for _, wrong := range wrongValues[f.Type] {
					if raw, ok := wrong.(json.RawMessage); ok && (strings.ContainsAny(path, ".[") || json.Valid(raw)) {
						continue // the text of the whole parameter would be broken
					}
					if f.Type != catalog.File {
						in[f.Name] = wrong
						refused(path, fmt.Sprintf("as %v", wrong))
					}
				}
				if f.Type == catalog.Number {
					in[f.Name] = 1.5
					call := tryNew(t, api.Name, params)
					assert.Equal(t, f.Float, call.ErrCode == 0, "%s as 1.5", path)
				}
				if f.Type == catalog.File {
					for _, wrong := range wrongValues[catalog.File] {
						in[f.Name] = wrong
						refused(path, fmt.Sprintf("as %v", wrong))
					}
				} else if !strings.ContainsAny(path, ".[") && f.Type != catalog.Any {
					in[f.Name] = aFile("bytes")
					refused(path, "as a file")
				}
				in[f.Name] = good
			})
			assert.Zero(t, tryNew(t, api.Name, params).ErrCode, "everything stands as it was")
		})
	}
}

var quoteMeta = strings.NewReplacer(".", `\.`, "[", `\[`, "]", `\]`).Replace

func TestEveryAPIWarnsOfAnUnknownParameter(t *testing.T) {
	t.Parallel()
	for _, api := range catalog.All() {
		t.Run(api.Name, func(t *testing.T) {
			t.Parallel()
			params := goodParams(api.Params())
			params["zzzzzzzzzzzzzzzzzzzz"] = "a"
			call := tryNew(t, api.Name, params)
			assert.Zero(t, call.ErrCode)
			assert.Equal(t, api.Name+" has no parameter zzzzzzzzzzzzzzzzzzzz", call.Advice)
			delete(params, "zzzzzzzzzzzzzzzzzzzz")
			eachField(api.Params(), "", params, func(path string, f catalog.Field, in object) {
				if len(f.Name) < 4 {
					return
				}
				in[f.Name+"_"] = "a" // separators do not count, so that it is this name and no other
				call := tryNew(t, api.Name, params)
				assert.Zero(t, call.ErrCode)
				assert.Equal(t, fmt.Sprintf("%s has no parameter %s_; did you mean %s?", api.Name, path, path), call.Advice)
				delete(in, f.Name+"_")
			})
		})
	}
}

func TestEveryAPITakesTheNamesThatAnSDKSends(t *testing.T) {
	t.Parallel()
	var convert func(value any) any
	convert = func(value any) any {
		switch value := value.(type) {
		case object:
			converted := object{}
			for name, inner := range value {
				converted[tcb.SnakeCase(name)] = convert(inner)
			}
			return converted
		case []any:
			converted := []any{}
			for _, inner := range value {
				converted = append(converted, convert(inner))
			}
			return converted
		}
		return value
	}
	for _, api := range catalog.All() {
		t.Run(api.Name, func(t *testing.T) {
			t.Parallel()
			call := tryNew(t, api.Name, convert(goodParams(api.Params())).(object))
			assert.Zero(t, call.ErrCode, call.ErrMsg)
			assert.Empty(t, call.Advice)
		})
	}
}

func TestWhatIsSaidOfParameters(t *testing.T) {
	t.Parallel()
	page := func(data ...any) object { return object{"path": "pages/home", "query": "", "data_list": data} }
	data := func(name string, value any) object {
		return object{"@type": "a", "update": 1, "content_id": "a", "page_type": 2, "title": "a", "mainbody": "a", "time_publish": 1, "time_modify": 1, name: value}
	}
	const pathIsRequired = "path is required (page to open, with its query, at most 1024 characters)"
	for name, c := range map[string]struct {
		api    string
		params object
		code   int
		advice string
	}{
		"roomId":                            {api: "liveBroadcast.getPushUrl", params: object{"roomId": 1}},
		"room_id":                           {api: "liveBroadcast.getPushUrl", params: object{"room_id": 1}},
		"a wrong room_id":                   {api: "liveBroadcast.getPushUrl", params: object{"room_id": "1"}, code: 40097, advice: "roomId must be a whole number"},
		"the one that the SDK sends counts": {api: "liveBroadcast.getPushUrl", params: object{"roomId": "1", "room_id": 1}},
		"null with spaces":                  {api: "wxacode.get", params: object{"path": "pages/home", "width": json.RawMessage(" null ")}},
		"no JSON at all":                    {api: "wxacode.get", params: object{"path": "pages/home", "width": json.RawMessage("")}},
		"the first field counts":            {api: "security.msgSecCheck", params: object{"version": 2}, code: 47001, advice: "content is required (text to check, at most 2500 characters)"},
		"a number with spaces":              {api: "wxacode.get", params: object{"path": "pages/home", "width": json.RawMessage(" 430\n")}},
		"a blank text of spaces":            {api: "wxacode.getUnlimited", params: object{"scene": json.RawMessage(` "" `)}, code: 40169, advice: "scene is required, and may not be empty (value that the page gets as query.scene, 1 to 32 characters of 0-9 a-z A-Z !#$&'()*+,/:;=?@-._~)"},
		"several are unknown":               {api: "wxacode.get", params: object{"path": "pages/home", "b": 1, "a": 1}, advice: "wxacode.get has no parameter a; wxacode.get has no parameter b"},
		"a camelCase name":                  {api: "wxacode.get", params: object{"path": "pages/home", "isHyaline": true}, advice: "wxacode.get has no parameter isHyaline; did you mean is_hyaline?"},
		"a name with a dot":                 {api: "wxacode.get", params: object{"path": "pages/home", "a.width": 1}, advice: "wxacode.get has no parameter a.width; did you mean width?"},
		"an unknown inner name":             {api: "wxacode.get", params: object{"path": "pages/home", "line_color": object{"r": 1, "g": 1, "b": 1, "alpha": 1}}, advice: "wxacode.get has no parameter line_color.alpha"},
		"a warning and a refusal":           {api: "wxacode.get", params: object{"pat": "pages/home"}, code: 40159, advice: pathIsRequired + "; wxacode.get has no parameter pat; did you mean path?"},
		"broken JSON":                       {api: "serviceMarket.invokeService", params: object{"service": "a", "api": "a", "client_msg_id": "a", "data": json.RawMessage(`{`)}, code: 9301001, advice: "data must be JSON"},
		"null in a list":                    {api: "liveBroadcast.addGoods", params: object{"ids": []any{1, nil}, "roomId": 1}, code: 200002, advice: "ids[1] is required"},
		"a text in a list":                  {api: "liveBroadcast.addGoods", params: object{"ids": []any{1, 2, "3"}, "roomId": 1}, code: 200002, advice: "ids[2] must be a whole number"},
		"a field deep within":               {api: "search.submitPages", params: object{"pages": []any{page(data("title", "a"), data("title", 7))}}, code: 47001, advice: "pages[0].data_list[1].title must be a string"},
		"one that is missing there":         {api: "search.submitPages", params: object{"pages": []any{page(data("title", "a")), page(data("title", nil))}}, code: 47001, advice: "pages[1].data_list[0].title is required (title, best within 20 characters)"},
		"one that is unknown there":         {api: "search.submitPages", params: object{"pages": []any{page(data("titel", "a"))}}, advice: "search.submitPages has no parameter pages[0].data_list[0].titel; did you mean pages[0].data_list[0].title?"},
		"all at once":                       {api: "search.submitPages", params: object{"pages": []any{page(data("author", object{"author_name": ""}))}}, code: 47001, advice: "pages[0].data_list[0].author.author_name is required, and may not be empty (name of the author)"},
		"an empty list":                     {api: "liveBroadcast.addGoods", params: object{"ids": []any{}, "roomId": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := tryNew(t, c.api, c.params)
			assert.Equal(t, []any{c.code, c.advice}, []any{call.ErrCode, call.Advice})
		})
	}
}

func TestOnlyTheFirstUnknownParametersAreNamed(t *testing.T) {
	t.Parallel()
	params := object{"path": "pages/home", strings.Repeat("长", 1<<20): 1}
	for n := range 20_000 {
		params[fmt.Sprintf("a%06d", n)] = n
	}
	call := tryNew(t, "wxacode.get", params)
	assert.Zero(t, call.ErrCode)
	assert.Equal(t, 10, strings.Count(call.Advice, "has no parameter"))
	assert.Contains(t, call.Advice, "wxacode.get has no parameter a000009")

	call = tryNew(t, "wxacode.get", object{"path": "pages/home", strings.Repeat("长", 1<<20): 1})
	assert.Equal(t, "wxacode.get has no parameter "+strings.Repeat("长", 33)+"…", call.Advice)
}

func TestANumberThatNoComputerHasIsOutOfRange(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("9", 100_000)
	huge, least := json.RawMessage(digits), json.RawMessage("-"+digits)
	for name, c := range map[string]struct {
		api    string
		params object
		code   int
		advice string
	}{
		"width":                 {"wxacode.get", object{"path": "pages/home", "width": huge}, 40097, "width is 9223372036854775807; it may be 280 to 1280 px"},
		"a negative width":      {"wxacode.get", object{"path": "pages/home", "width": least}, 40097, "width is -9223372036854775808; it may be 280 to 1280 px"},
		"a part of a colour":    {"wxacode.get", object{"path": "pages/home", "line_color": object{"r": huge, "g": 1, "b": 1}}, 40097, "line_color.r must be 0 to 255"},
		"the kind of a query":   {"urllink.query", object{"url_link": "a", "query_type": huge}, 40097, "query_type is 9223372036854775807; it may be 0 (the link) or 1 (what is left of today's visits)"},
		"the time of a link":    {"urllink.generate", object{"expire_time": huge}, 85401, "expire_time is "},
		"the days of a link":    {"urllink.generate", object{"expire_type": 1, "expire_interval": huge}, 85401, "expire_interval is 9223372036854775807; it may be 1 to 30 days"},
		"the kind of an expiry": {"urllink.generate", object{"expire_type": huge}, 40097, "expire_type is 9223372036854775807; it may be 0 (expire_time) or 1 (expire_interval)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := tryNew(t, c.api, c.params)
			assert.Equal(t, c.code, call.ErrCode)
			assert.Contains(t, call.Advice, c.advice)
		})
	}
}

func TestOddParametersHarmNothing(t *testing.T) {
	t.Parallel()
	nested := func(depth int) json.RawMessage {
		return json.RawMessage(strings.Repeat("[", depth) + strings.Repeat("]", depth))
	}
	for name, params := range map[string]object{
		"an empty name":          {"": 1},
		"NUL":                    {"a\x00b": "\x00", "path\x00": "a"},
		"invalid UTF-8":          {"\xff\xfe": json.RawMessage("\"\xff\"")},
		"line ends":              {"a\nb\r": "\n"},
		"brackets and dots":      {"a[0].b": 1, "..": 1, "#": 1, "*": 1},
		"deep nesting":           {"a": nested(9000), "b": nested(10_000), "c": nested(1_000_000)},
		"megabytes":              {"a": strings.Repeat("a", 8<<20)},
		"broken texts":           {"a": json.RawMessage(`{`), "b": json.RawMessage(`"\u12`), "c": json.RawMessage("\xff")},
		"a file of another name": {"a": aFile("bytes")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withPages("pages/home")
			addStubs(t, p, `{"api": "*", "params": {"a.b": 1, "#": 1, "*": 1}, "errcode": 1}`)
			params["path"] = "pages/home"
			s := p.begin("wxacode.get", "search.imageSearch") // nothing is known of the second but its name
			call := p.try(t, s, "wxacode.get", params)
			assert.Zero(t, call.ErrCode, call.Advice)
			assert.Contains(t, call.Advice, "wxacode.get has no parameter ")
			assert.Zero(t, p.try(t, s, "search.imageSearch", params).ErrCode)
		})
	}
}
