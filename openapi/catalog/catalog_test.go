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
		for _, e := range a.Errors {
			assert.NotZero(t, e.Code, a.Name)
		}
	}
}

func TestEveryFieldIsWellFormed(t *testing.T) {
	t.Parallel()
	types := []Type{String, Number, Boolean, Object, Objects, Array, Numbers, File, Any}
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
			assert.True(t, len(f.Fields) == 0 || f.Type == Object || f.Type == Objects, "%s: a %s has no fields", at, f.Type)
			check(at, f.Fields)
		}
	}
	for _, a := range All() {
		check(a.Name+" query", a.Query)
		check(a.Name+" request", a.Request)
		check(a.Name+" response", a.Response)
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
	assert.Contains(t, a.Request, Field{Name: "path", Type: String, Required: true})
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
