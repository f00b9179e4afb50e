package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailscale/hujson"
)

// permitCases are texts of a config.json, names that are added, and what becomes of the text.
var permitCases = []struct {
	name string
	text string
	add  []string
	want string
}{
	{
		name: "an empty text becomes a file",
		text: "",
		add:  []string{"b.c", "a.b", "b.c"},
		want: "{\n  \"permissions\": {\n    \"openapi\": [\n      \"a.b\",\n      \"b.c\"\n    ]\n  }\n}\n",
	},
	{
		name: "without names an empty text stays one",
		text: " ",
		want: " ",
	},

	// A list with one entry a line.
	{
		name: "each name gets a line in its place",
		text: "{\n\t\"permissions\": {\n\t\t\"openapi\": [\n\t\t\t\"b\",\n\t\t\t\"d\"\n\t\t]\n\t}\n}",
		add:  []string{"e", "a", "c", "b"},
		want: "{\n\t\"permissions\": {\n\t\t\"openapi\": [\n\t\t\t\"a\",\n\t\t\t\"b\",\n\t\t\t\"c\",\n\t\t\t\"d\",\n\t\t\t\"e\"\n\t\t]\n\t}\n}",
	},
	{
		name: "line ends and the byte order mark stay",
		text: "\ufeff{\r\n  \"permissions\": {\r\n    \"openapi\": [\r\n      \"b\"\r\n    ]\r\n  }\r\n}\r\n",
		add:  []string{"a", "c"},
		want: "\ufeff{\r\n  \"permissions\": {\r\n    \"openapi\": [\r\n      \"a\",\r\n      \"b\",\r\n      \"c\"\r\n    ]\r\n  }\r\n}\r\n",
	},
	{
		name: "comments stay with their entries",
		text: "{\"permissions\": {\"openapi\": [ // all of them\n  // about b\n  \"b\", // b\n\n  /* about\n  d */\n  \"d\" // d\n  // the end\n]}}",
		add:  []string{"a", "c", "e"},
		want: "{\"permissions\": {\"openapi\": [ // all of them\n  \"a\",\n  // about b\n  \"b\", // b\n  \"c\",\n\n  /* about\n  d */\n  \"d\", // d\n  \"e\"\n  // the end\n]}}",
	},
	{
		name: "a trailing comma stays one",
		text: "{\"permissions\": {\"openapi\": [\n  \"a\", // a\n]}}",
		add:  []string{"b"},
		want: "{\"permissions\": {\"openapi\": [\n  \"a\", // a\n  \"b\",\n]}}",
	},
	{
		name: "a bracket may close in the last line",
		text: "{\"permissions\": {\"openapi\": [\n  \"a\" /* a */ ]}}",
		add:  []string{"b"},
		want: "{\"permissions\": {\"openapi\": [\n  \"a\" /* a */,\n  \"b\" ]}}",
	},
	{
		name: "a bracket after a comma may close in the last line",
		text: "{\"permissions\": {\"openapi\": [\n  \"a\",]}}",
		add:  []string{"b"},
		want: "{\"permissions\": {\"openapi\": [\n  \"a\",\n  \"b\",]}}",
	},

	// A list in one line.
	{
		name: "a list in one line stays there",
		text: "{\n  \"permissions\": {\"openapi\": [\"b\", \"d\"]},\n  \"triggers\": []\n}\n",
		add:  []string{"a", "c", "e"},
		want: "{\n  \"permissions\": {\"openapi\": [\"a\", \"b\", \"c\", \"d\", \"e\"]},\n  \"triggers\": []\n}\n",
	},
	{
		name: "a list without spaces gets none",
		text: `{"permissions":{"openapi":["b"]}}`,
		add:  []string{"a", "c"},
		want: `{"permissions":{"openapi":["a","b","c"]}}`,
	},
	{
		name: "spaces at the brackets stay, and a comma before one",
		text: `{"permissions": {"openapi": [ "b",  "c", ]}}`,
		add:  []string{"a", "d"},
		want: `{"permissions": {"openapi": [ "a",  "b",  "c",  "d", ]}}`,
	},
	{
		name: "a comment before an entry stays before it",
		text: `{"permissions": {"openapi": [/* b */ "b" /* end */]}}`,
		add:  []string{"a", "c"},
		want: `{"permissions": {"openapi": ["a", /* b */ "b" /* end */, "c"]}}`,
	},

	// A list that is not there, or empty.
	{
		name: "permissions come first, in the file's indentation",
		text: "{\n    // timers\n    \"triggers\": []\n}",
		add:  []string{"a", "b"},
		want: "{\n    \"permissions\": {\n        \"openapi\": [\n            \"a\",\n            \"b\"\n        ]\n    },\n    // timers\n    \"triggers\": []\n}",
	},
	{
		name: "openapi comes first",
		text: "{\r\n\t\"permissions\" : {\r\n\t\t\"other\": 1\r\n\t}\r\n}",
		add:  []string{"a"},
		want: "{\r\n\t\"permissions\" : {\r\n\t\t\"openapi\" : [\r\n\t\t\t\"a\"\r\n\t\t],\r\n\t\t\"other\": 1\r\n\t}\r\n}",
	},
	{
		name: "an object in one line stays there",
		text: `{ "triggers": [] }`,
		add:  []string{"a", "b"},
		want: `{ "permissions": {"openapi": ["a", "b"]}, "triggers": [] }`,
	},
	{
		name: "an object without spaces gets none",
		text: `{"permissions":{"other":1}}`,
		add:  []string{"a", "b"},
		want: `{"permissions":{"openapi":["a","b"],"other":1}}`,
	},
	{
		name: "an empty object in one line stays there",
		text: "{} // nothing",
		add:  []string{"a"},
		want: `{"permissions": {"openapi": ["a"]}} // nothing`,
	},
	{
		name: "an empty object in several lines is filled",
		text: "{\n  \"permissions\": { // none\n  }\n}",
		add:  []string{"a"},
		want: "{\n  \"permissions\": { // none\n    \"openapi\": [\n      \"a\"\n    ]\n  }\n}",
	},
	{
		name: "an empty list takes the file's style: lines",
		text: "{\n  \"permissions\": {\n    \"openapi\": []\n  }\n}",
		add:  []string{"a", "b"},
		want: "{\n  \"permissions\": {\n    \"openapi\": [\n      \"a\",\n      \"b\"\n    ]\n  }\n}",
	},
	{
		name: "an empty list takes the file's style: one line",
		text: `{"permissions": {"openapi": [ ]}}`,
		add:  []string{"a", "b"},
		want: `{"permissions": {"openapi": ["a", "b"]}}`,
	},
	{
		name: "an empty list over two lines is filled",
		text: "{\n  \"permissions\": {\n    \"openapi\": [ // none\n    ]\n  }\n}",
		add:  []string{"a", "b"},
		want: "{\n  \"permissions\": {\n    \"openapi\": [ // none\n      \"a\",\n      \"b\"\n    ]\n  }\n}",
	},
	{
		name: "a comment in an empty list stays",
		text: `{"permissions": {"openapi": [/* none */]}}`,
		add:  []string{"a"},
		want: `{"permissions": {"openapi": [/* none */ "a"]}}`,
	},

	// A list that is not sorted keeps its order.
	{
		name: "names get lines at the end",
		text: "{\"permissions\": {\"openapi\": [ // all\n  // about c\n  \"c\", // c\n\n  \"b\",\n  \"a\" // a\n  // end\n]}}",
		add:  []string{"e", "d", "b"},
		want: "{\"permissions\": {\"openapi\": [ // all\n  // about c\n  \"c\", // c\n\n  \"b\",\n  \"a\", // a\n  \"d\",\n  \"e\"\n  // end\n]}}",
	},
	{
		name: "names go to the end of the line",
		text: `{"permissions": {"openapi": [ "c", /* a */ "a" ]}}`,
		add:  []string{"b"},
		want: `{"permissions": {"openapi": [ "c", /* a */ "a", "b" ]}}`,
	},

	// Nothing to do.
	{
		name: "names that are there already change nothing",
		text: `{"permissions": {"openapi": ["b", "a", "a"]}} `,
		add:  []string{"a", "b"},
		want: `{"permissions": {"openapi": ["b", "a", "a"]}} `,
	},
	{
		name: "of two lists the last one counts",
		text: `{"permissions": {"openapi": ["a"]}, "permissions": {"openapi": ["b"]}}`,
		add:  []string{"a"},
		want: `{"permissions": {"openapi": ["a"]}, "permissions": {"openapi": ["a", "b"]}}`,
	},
	{
		name: "names are compared as they are meant, and written as JSON",
		text: `{"permissions": {"openapi": ["\u0061"]}}`,
		add:  []string{"a", `"`},
		want: `{"permissions": {"openapi": ["\"", "\u0061"]}}`,
	},
}

func TestSortPermissions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{
			name: "an empty text",
			text: " ",
			want: " ",
		},
		{
			name: "entries in lines, with their comments",
			text: "\ufeff{\"permissions\": {\"openapi\": [ // all\n  // about c\n  \"c\", // c\n\n  \"b\",\n  \"a\" // a\n  // end\n]}}",
			want: "\ufeff{\"permissions\": {\"openapi\": [ // all\n  \"a\", // a\n\n  \"b\",\n  // about c\n  \"c\" // c\n  // end\n]}}",
		},
		{
			name: "entries in one line",
			text: `{"permissions": {"openapi": [ "c", /* a */ "a" ]}}`,
			want: `{"permissions": {"openapi": [ /* a */ "a", "c" ]}}`,
		},
		{
			name: "a comment to the end of a line does not swallow what follows",
			text: "{\"permissions\": {\"openapi\": [\"b\", // b\n  \"a\"]}}",
			want: "{\"permissions\": {\"openapi\": [\"a\",\n  \"b\" // b\n]}}",
		},
		{
			name: "an entry that is there twice is kept once, unless it has a comment",
			text: `{"permissions": {"openapi": ["c", "a", "c", "a" /* really */]}}`,
			want: `{"permissions": {"openapi": ["a", "a" /* really */, "c"]}}`,
		},
		{
			name: "a sorted list stays as it is",
			text: `{"permissions": {"openapi": ["a",   "a", "b"]}}`,
			want: `{"permissions": {"openapi": ["a",   "a", "b"]}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := SortPermissions([]byte(c.text))
			require.NoError(t, err)
			assert.Equal(t, c.want, string(got))
		})
	}
}

func TestAddPermissions(t *testing.T) {
	t.Parallel()
	for _, c := range permitCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := AddPermissions([]byte(c.text), c.add...)
			require.NoError(t, err)
			assert.Equal(t, c.want, string(got))
			checkPermissions(t, []byte(c.text), c.add)
		})
	}
}

// checkPermissions checks what holds for every text that can have permissions.
func checkPermissions(t *testing.T, text []byte, names []string) {
	t.Helper()
	original := slices.Clone(text)
	got, err := AddPermissions(text, names...)
	require.NoError(t, err)
	require.Equal(t, original, text, "the given text is left alone")
	if len(bytes.TrimSpace(got)) == 0 {
		return // nothing was added to nothing
	}

	after, err := parsePermit(got)
	require.NoError(t, err, "the text:\n%s", got)
	for _, name := range names {
		assert.Contains(t, after.names, name)
	}
	again, err := AddPermissions(got, names...)
	require.NoError(t, err)
	assert.Equal(t, string(got), string(again), "to add again changes nothing")

	without, err := RemovePermissions(got, names...)
	require.NoError(t, err)
	bare, err := parsePermit(without)
	require.NoError(t, err, "the text:\n%s", without)
	for _, name := range names {
		assert.NotContains(t, bare.names, name)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return
	}

	before, err := parsePermit(text)
	require.NoError(t, err)
	assert.Equal(t, before.comments(), after.comments(), "comments stay:\n%s", got)
	assert.Equal(t, before.others(), after.others(), "everything else stays:\n%s", got)
	if bytes.Equal(got, text) {
		return
	}
	if slices.IsSorted(before.names) {
		assert.True(t, slices.IsSorted(after.names), "%q", after.names)
	} else {
		assert.Equal(t, before.names, after.names[:len(before.names)], "the order stays:\n%s", got)
		checkSort(t, got)
	}
	if len(before.names) == 0 {
		return
	}
	added := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(before.names, name) })
	back, err := RemovePermissions(got, added...)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(back), "what was added can be removed from\n%s", got)
}

// checkSort checks what holds for every text that is sorted.
func checkSort(t *testing.T, text []byte) {
	t.Helper()
	before, err := parsePermit(text)
	require.NoError(t, err)
	sorted, err := SortPermissions(text)
	require.NoError(t, err)
	after, err := parsePermit(sorted)
	require.NoError(t, err, "the text:\n%s", sorted)
	assert.True(t, slices.IsSorted(after.names), "%q", after.names)
	assert.Equal(t, sortedNames(before.names), slices.Compact(after.names))
	assert.Equal(t, before.comments(), after.comments(), "comments stay:\n%s", sorted)
	assert.Equal(t, before.others(), after.others(), "everything else stays:\n%s", sorted)
}

// comments returns all comments of the file, sorted.
func (p *permit) comments() []string {
	var comments []string
	extra := func(b []byte) {
		for text := strings.TrimSpace(string(b)); text != ""; text = strings.TrimSpace(text) {
			end := len(text)
			if strings.HasPrefix(text, "/*") {
				end = 4 + strings.Index(text[2:], "*/")
			} else if i := strings.IndexByte(text, '\n'); i >= 0 {
				end = i
			}
			comments = append(comments, strings.TrimSpace(text[:end]))
			text = text[end:]
		}
	}
	for v := range p.root.json.All() {
		extra(v.BeforeExtra)
		extra(v.AfterExtra)
		switch c := v.Value.(type) {
		case *hujson.Object:
			extra(c.AfterExtra)
		case *hujson.Array:
			extra(c.AfterExtra)
		}
	}
	slices.Sort(comments)
	return comments
}

// others returns the settings of the file beside the list.
func (p *permit) others() string {
	var members []string
	add := func(v value, skip string) {
		for _, m := range v.members() {
			if m.name != skip {
				members = append(members, m.name+"="+string(m.compact()))
			}
		}
	}
	add(p.root, "permissions")
	add(p.permissions, "permissions.openapi")
	return strings.Join(members, "\n")
}

func TestPermissionsCannotBeAddedToWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"{\n\"permissions\": {", "config: line 2: the file is not JSON: parsing value: unexpected end of the file; correct it here; until then nothing of the file is used"},
		{"{\n\"permissions\":\n[]}", "config: line 3: permissions is an array, not an object; write { … }"},
		{`{"permissions": null}`, "config: line 1: permissions is null, not an object; write { … }"},
		{`{"permissions": {"openapi": "a"}}`, "config: line 1: permissions.openapi is a string, not an array; write [ … ]"},
		{"{\"permissions\": {\"openapi\": [\n\"a\",\n1, 2]}}", "config: line 3: permissions.openapi[1] is a number, not a string; put it into double quotes"},
		{"[]", "config: line 1: the file is an array, not an object; write { … }"},
		{strings.Repeat("[", maxBrackets+1), "config: line 1: the file has more than 65536 brackets in one another; make it smaller; until then nothing of it is used"},
	} {
		_, err := AddPermissions([]byte(c.text), "a")
		assert.EqualError(t, err, c.want)
		_, err = RemovePermissions([]byte(c.text), "a")
		assert.EqualError(t, err, c.want)
	}
}

func TestRemovePermissions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		text   string
		remove []string
		want   string
	}{
		{"nothing of nothing", "", []string{"a"}, ""},
		{"no list", `{"triggers": []}`, []string{"a"}, `{"triggers": []}`},
		{"a name that is not there", `{"permissions": {"openapi": ["b", "a"]}}`, []string{"c"}, `{"permissions": {"openapi": ["b", "a"]}}`},
		{"the first in a line", `{"permissions": {"openapi": ["b", "a"]}}`, []string{"b"}, `{"permissions": {"openapi": ["a"]}}`},
		{"the last in a line", `{"permissions": {"openapi": [ "b", "a" ]}}`, []string{"a"}, `{"permissions": {"openapi": [ "b" ]}}`},
		{"the last before a comma", `{"permissions": {"openapi": ["b", "a", ]}}`, []string{"a"}, `{"permissions": {"openapi": ["b", ]}}`},
		{"every one of a name", `{"permissions": {"openapi": ["a", "b", "a"]}}`, []string{"a"}, `{"permissions": {"openapi": ["b"]}}`},
		{"all in a line", `{"permissions": {"openapi": [ "b", "a" ]}}`, []string{"a", "b"}, `{"permissions": {"openapi": []}}`},
		{"all lines", "{\"permissions\": {\"openapi\": [\r\n  \"b\",\r\n  \"a\"\r\n]}}", []string{"a", "b"}, `{"permissions": {"openapi": []}}`},
		{"all but a comment", "{\"permissions\": {\"openapi\": [ // none\n  \"b\" // b\n]}}", []string{"a", "b"}, "{\"permissions\": {\"openapi\": [ // none\n]}}"},
		{
			"an entry with its comments", "\ufeff{\"permissions\": {\"openapi\": [ // all\n  // about a\n  \"a\", // a\n  // about b\n  \"b\" // b\n  // end\n]}}",
			[]string{"b"}, "\ufeff{\"permissions\": {\"openapi\": [ // all\n  // about a\n  \"a\" // a\n  // end\n]}}",
		},
		{"not the comment of the one before", "{\"permissions\": {\"openapi\": [\n\"a\", // a\n\"b\"]}}", []string{"b"}, "{\"permissions\": {\"openapi\": [\n\"a\" // a\n]}}"},
		{"the last of a line of several", "{\"permissions\": {\"openapi\": [\n\"a\", \"b\", // both\n\"c\"]}}", []string{"b"}, "{\"permissions\": {\"openapi\": [\n\"a\", // both\n\"c\"]}}"},
		{"the first of a line of several", "{\"permissions\": {\"openapi\": [\n  \"a\", \"b\",\n  \"c\"]}}", []string{"a"}, "{\"permissions\": {\"openapi\": [\n  \"b\",\n  \"c\"]}}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := RemovePermissions([]byte(c.text), c.remove...)
			require.NoError(t, err)
			assert.Equal(t, c.want, string(got))
		})
	}
}

func TestAddedPermissionsAreRead(t *testing.T) {
	t.Parallel()
	text, err := AddPermissions([]byte("{\n  \"triggers\": []\n}\n"), "wxacode.get", "security.msgSecCheck")
	require.NoError(t, err)
	f, findings, err := LoadFunction(tree(t, map[string]string{"config.json": string(text)}))
	require.NoError(t, err)
	assert.Empty(t, findings)
	assert.True(t, f.Allows("wxacode.get"))
	assert.True(t, f.Allows("security.msgSecCheck"))
	assert.True(t, json.Valid(text))
}

func TestPermissionsOfAnyLayout(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	gap := func() string {
		return pick("", "", " ", "\n", "\n  ", "\r\n\t", " // c\n  ", "\n  // c\n  ", " // c\n  // d\n\n  ", "/* c */", " /* c */ ", "/* c\n */ ", "\n/* c */\n", "\n /* c */ ")
	}
	for range 3000 {
		one, list := gap(), ""
		space := func() string { // mostly alike, as people write
			if random.IntN(3) > 0 {
				return one
			}
			return gap()
		}
		n := random.IntN(5)
		for k := range n {
			list += space() + quote(pick("b", "d", "f", string(rune('b'+k))))
			if k < n-1 || random.IntN(4) == 0 {
				list += pick("", "", "", gap()) + ","
			}
		}
		text := fmt.Sprintf(`%s{%s"permissions"%s:%s{%s"openapi": [%s%s]%s}%s}%s`, gap(), gap(), gap(), gap(), gap(), list, gap(), gap(), gap(), pick("", "\n", " // end"))
		checkPermissions(t, []byte(text), []string{pick("a", "b"), pick("c", "d"), pick("e", "z")})
		if t.Failed() {
			t.Fatalf("the text was\n%s", text)
		}
	}
}

func FuzzAddPermissions(f *testing.F) {
	for _, c := range permitCases {
		f.Add([]byte(c.text), strings.Join(c.add, " "))
	}
	f.Fuzz(func(t *testing.T, text []byte, add string) {
		names := strings.Fields(strings.ToValidUTF8(add, "?"))
		if _, err := AddPermissions(text, names...); err != nil {
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		checkPermissions(t, text, names)
	})
}
