package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

func TestGeneratedFilesAreThoseOfTheCatalogue(t *testing.T) {
	t.Parallel()
	want, err := generate(catalog.All(), catalog.Codes())
	require.NoError(t, err)
	files, err := generated("../..")
	require.NoError(t, err)
	have := map[string][]byte{}
	for _, name := range files {
		have[name], err = os.ReadFile(filepath.Join("../..", name))
		require.NoError(t, err)
	}
	for name := range want {
		assert.Equal(t, string(want[name]), string(have[name]), "%s is stale: run go generate ./openapi", name)
		delete(have, name)
	}
	assert.Empty(t, have, "files of namespaces that are gone: run go generate ./openapi")
}

// api returns an entry of a catalogue.
func api(name string, request, response []catalog.Field) *catalog.API {
	return &catalog.API{Name: name, Request: request, Response: response}
}

func TestAnEntryOfTheCatalogueIsAMethod(t *testing.T) {
	t.Parallel()
	inner := []catalog.Field{{Name: "name", Type: catalog.String, Required: true}}
	files, err := generate([]*catalog.API{api("new.thing.makeOne", []catalog.Field{
		{Name: "kept_url", Type: catalog.String, Required: true, Doc: "where it is kept"},
		{Name: "roomId", Type: catalog.Number},
		{Name: "things", Type: catalog.Objects, Required: true, Fields: inner},
	}, []catalog.Field{{Name: "made_at", Type: catalog.Number}})}, nil)
	require.NoError(t, err)
	text := string(files["new_thing"+suffix])
	for _, part := range []string{
		"func (a NewThingAPI) MakeOne(ctx context.Context, req *NewThingMakeOneRequest) (*NewThingMakeOneResult, error) {",
		`documented: "kept_url",`,
		`refusal:    refusal{40097, "invalid args"},`,
		"// Required: where it is kept.\n\tKeptURL string `json:\"keptUrl\"`",
		"RoomID *int `json:\"roomId,omitempty\"`",
		"Things []NewThingMakeOneThing `json:\"things\"`",
		`return m.in("things[" + strconv.Itoa(i) + "]")`,
		"MadeAt int `json:\"madeAt\"`",
	} {
		assert.Contains(t, text, part)
	}
	assert.Contains(t, string(files["namespaces"+suffix]), "n.New.Thing.client = c")
	assert.Contains(t, string(files[methodsFile+suffix]), `"new.thing.makeOne": with(c.New.Thing.MakeOne),`)
}

func TestAnEntryThatCannotBeAMethodSaysWhy(t *testing.T) {
	t.Parallel()
	one, other := []catalog.Field{{Name: "a", Type: catalog.String}}, []catalog.Field{{Name: "b", Type: catalog.String}}
	for want, request := range map[string][]catalog.Field{
		"x_y and xY are both xY to users": {{Name: "x_y", Type: catalog.String}, {Name: "o", Type: catalog.Object, Fields: []catalog.Field{{Name: "xY", Type: catalog.String}}}},
		"open_id and openid are both":     {{Name: "open_id", Type: catalog.String}, {Name: "openid", Type: catalog.String}},
		`give the catalogue's fields an "as" of their own`: {
			{Name: "p", Type: catalog.Object, Fields: []catalog.Field{{Name: "same", Type: catalog.Object, Fields: one}}},
			{Name: "q", Type: catalog.Object, Fields: []catalog.Field{{Name: "same", Type: catalog.Object, Fields: other}}},
		},
	} {
		_, err := generate([]*catalog.API{api("n.m", request, nil)}, nil)
		assert.ErrorContains(t, err, "n.m: ")
		assert.ErrorContains(t, err, want)
	}
}
