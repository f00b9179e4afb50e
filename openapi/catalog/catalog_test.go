package catalog

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThereAre136APIsSortedWithUniqueNamesAndPaths(t *testing.T) {
	t.Parallel()
	assert.Len(t, All(), 136)
	assert.True(t, slices.IsSortedFunc(All(), func(a, b *API) int { return strings.Compare(a.Name, b.Name) }))
	names, paths := map[string]bool{}, map[string]bool{}
	for _, a := range All() {
		assert.False(t, names[a.Name], a.Name)
		assert.False(t, paths[a.Path], a.Path)
		names[a.Name], paths[a.Path] = true, true
	}
}

func TestTheDataHasNoKeyThatTheTypesLack(t *testing.T) {
	t.Parallel()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(new(file)))
	_, err := d.Token()
	assert.ErrorIs(t, err, io.EOF)
}

func TestEveryAPIIsWellFormed(t *testing.T) {
	t.Parallel()
	for _, a := range All() {
		assert.Regexp(t, `^[a-zA-Z]+(\.[a-zA-Z0-9]+)+$`, a.Name)
		assert.NotEmpty(t, a.Title, a.Name)
		assert.Contains(t, []string{"GET", "POST"}, a.Method, a.Name)
		assert.Regexp(t, `^(/[a-zA-Z0-9_-]+)+$`, a.Path, a.Name)
		assert.Regexp(t, `^https://developers\.weixin\.qq\.com/miniprogram/dev/server/API/[a-zA-Z_/-]+\.html$`, a.Page, a.Name)
		assert.Regexp(t, `^[a-z].*[^.]$`, a.Summary, a.Name)
		assert.True(t, a.Method == "POST" || len(a.Request) == 0, "%s: a GET has no body", a.Name)
		for _, e := range a.Errors {
			assert.NotZero(t, e.Code, a.Name)
		}
	}
}

func TestEveryFieldIsWellFormed(t *testing.T) {
	t.Parallel()
	types := []Type{String, Number, Boolean, Object, Objects, Array, Numbers, File, Any}
	var siblings []Field
	var check func(path string, fields []Field)
	check = func(path string, fields []Field) {
		names := map[string]bool{}
		for _, f := range fields {
			at := path + "." + f.Name
			assert.NotEmpty(t, f.Name, at)
			assert.False(t, names[f.Name], "%s is there twice", at)
			names[f.Name] = true
			assert.Contains(t, types, f.Type, at)
			assert.True(t, !f.Float || f.Type == Number, "%s: only a number can be marked float", at)
			assert.Contains(t, []Type{"", String, Number}, f.Of, at)
			assert.True(t, f.Of == "" || f.Type == Array || f.Type == Any, "%s: a %s is not of anything", at, f.Type)
			assert.True(t, f.As == "" || len(f.Fields) > 0, "%s: only an object shares its kind", at)
			assert.True(t, !f.Blank || f.Required && (f.Kind() == String || f.Kind() == Number), "%s: only a required text or number can be blank", at)
			if f.Unless != "" {
				assert.True(t, f.Required, "%s: unless %s is said of a required field", at, f.Unless)
				assert.True(t, slices.ContainsFunc(siblings, func(g Field) bool { return g.Name == f.Unless && g.Type != File }), "%s: there is no %s", at, f.Unless)
			}
			assert.True(t, len(f.Fields) == 0 || f.Type == Object || f.Type == Objects, "%s: a %s has no fields", at, f.Type)
			check(at, f.Fields)
		}
	}
	for _, a := range All() {
		siblings = a.Params()
		check(a.Name, a.Params())
		check(a.Name+" response", a.Response)
	}
}

func TestCodesAreSortedWithUniqueNames(t *testing.T) {
	t.Parallel()
	assert.True(t, slices.IsSortedFunc(Codes(), func(a, b Code) int { return a.Code - b.Code }))
	names := map[string]bool{}
	for _, c := range Codes() {
		assert.Regexp(t, `^[A-Z][a-zA-Z]+$`, c.Name)
		assert.False(t, names[c.Name], c.Name)
		names[c.Name] = true
		assert.NotEmpty(t, c.Text, c.Name)
	}
	assert.Equal(t, "invalid openid", Text(40003))
	assert.Empty(t, Text(12345))
}

func TestAFaultyParameterIsRefusedWithTheAPIsOwnCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fact, api, field string
		want             Error
	}{
		{"the field's own", "wxacode.createQRCode", "path", Error{40159, "invalid length for path, or the data is not json string"}},
		{"the one about arguments", "wxacode.createQRCode", "width", Error{40097, "invalid args"}},
		{"of a family of its own", "liveBroadcast.createRoom", "name", Error{200002, "a parameter of the request is missing or invalid"}},
		{"none is documented", "cloudbase.getVoIPSign", "nonce", Error{40097, "invalid args"}},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			a, ok := Lookup(tt.api)
			require.True(t, ok)
			i := slices.IndexFunc(a.Params(), func(f Field) bool { return f.Name == tt.field })
			require.GreaterOrEqual(t, i, 0)
			assert.Equal(t, tt.want, a.Refusal(a.Params()[i]))
		})
	}
}

func TestNumbersThatCanHaveAFractionAreMarked(t *testing.T) {
	t.Parallel()
	var marked []string
	var walk func(path string, fields []Field)
	walk = func(path string, fields []Field) {
		for _, f := range fields {
			if f.Float {
				marked = append(marked, path+f.Name)
			}
			walk(path+f.Name+".", f.Fields)
		}
	}
	for _, a := range All() {
		walk(a.Name+" ", slices.Concat(a.Query, a.Request, a.Response))
	}
	assert.Len(t, marked, 27)
	for _, want := range []string{
		"analysis.getDailyVisitTrend list.visit_depth", // a mean
		"liveBroadcast.goodsAdd goodsInfo.price",       // yuan, two decimals
		"logistics.addOrder cargo.weight",              // kilograms
	} {
		assert.Contains(t, marked, want)
	}
	assert.NotContains(t, marked, "logistics.addOrder insured.insured_value") // fen
}

func TestAnAPIIsFoundByNameAndByPath(t *testing.T) {
	t.Parallel()
	a, ok := Lookup("wxacode.createQRCode")
	require.True(t, ok)
	assert.Equal(t, "POST", a.Method)
	assert.Equal(t, "/cgi-bin/wxaapp/createwxaqrcode", a.Path)
	assert.True(t, a.Binary)
	path := a.Request[0]
	path.Doc = ""
	assert.Equal(t, Field{Name: "path", Type: String, Required: true, Code: 40159}, path)
	b, ok := ByPath(a.Path)
	require.True(t, ok)
	assert.Same(t, a, b)
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "wxacode", "wxacode.createqrcode", "openapi.wxacode.get", "security.imgSecCheck"} {
		_, ok := Lookup(name)
		assert.False(t, ok, name)
	}
	_, ok := ByPath("/cgi-bin/token")
	assert.False(t, ok)
}

func TestListedAndOlderNamesAreKnown(t *testing.T) {
	t.Parallel()
	for _, a := range All() {
		assert.True(t, Known(a.Name), a.Name)
	}
	for _, name := range Older() {
		assert.True(t, Known(name), name)
	}
	for _, name := range []string{"", "wxacode", "wxacode.getQRCode", "Wxacode.get", "openapi.wxacode.get"} {
		assert.False(t, Known(name), name)
	}
}

func TestOlderNamesAreSortedAndNotListed(t *testing.T) {
	t.Parallel()
	names := Older()
	assert.True(t, slices.IsSorted(names))
	assert.Equal(t, slices.Compact(slices.Clone(names)), names)
	for _, name := range names {
		_, ok := Lookup(name)
		assert.False(t, ok, name)
	}
	names[0] = "changed"
	assert.NotEqual(t, names, Older(), "a caller has a copy")
}

func BenchmarkFirstLoad(b *testing.B) {
	for b.Loop() {
		if x := newIndex(); len(x.all) == 0 {
			b.Fatal("no APIs")
		}
	}
}

func TestOfAnOfficialAccountNoListIsComplete(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{
		"officialAccount.qrcode.create":        true, // not listed
		"officialAccount.newtmpl.getTemplate":  true,
		"officialAccount.newtmpl.getTemplates": false, // a slip
		"officialAccount.tags.craete":          false,
		"officialAccount":                      false,
		"officialaccount.qrcode.create":        false,
		"officialAccount.qrcode.create()":      false,
	} {
		assert.Equal(t, known, Known(name), name)
	}
}

// TestRenamed: every older name leads to an API of the reference.
func TestRenamed(t *testing.T) {
	t.Parallel()
	for name, now := range renamed {
		assert.Contains(t, Older(), name)
		a, ok := Renamed(name)
		require.True(t, ok, name)
		assert.Equal(t, now, a.Name)
	}
	_, ok := Renamed("search.imageSearch")
	assert.False(t, ok)
}

func TestARetiredCallSaysWhatToUseInstead(t *testing.T) {
	t.Parallel()
	instead, ok := Retired("templateMessage.send")
	assert.True(t, ok)
	assert.Contains(t, instead, "subscribeMessage.send")
	for _, name := range []string{"subscribeMessage.send", "templateMessage.sned", ""} {
		_, ok := Retired(name)
		assert.False(t, ok, name)
	}
}
