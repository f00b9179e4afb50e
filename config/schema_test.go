package config

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailscale/hujson"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

func TestSchemasInTheRepositoryAreFresh(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]byte{"config.schema.json": Schema(), "stubs.schema.json": StubsSchema()} {
		have, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(have), "%s is stale: run go generate ./config", name)
	}
}

// beyondSchemas are parts of the findings that no schema can tell.
var beyondSchemas = []string{
	"(byte-order-mark)", "(json-comment)", "(trailing-comma)", "(duplicate-key)", // what is no part of the value
	"which cannot be read: ",                                                   // what is in other files
	"there is no API that matches", "has no parameter", "(stub-never-answers)", // what other values tell
	"which is longer than 10 minutes", "is above max", // numbers in texts
	"a name is missing beside",
}

// tellable returns the places of those findings that a schema can tell, line:column.
func tellable(findings []string, met map[string]bool) []string {
	var places []string
next:
	for _, line := range findings {
		for _, part := range beyondSchemas {
			if strings.Contains(line, part) {
				met[part] = true
				continue next
			}
		}
		parts := strings.SplitN(line, ":", 4)
		places = append(places, parts[1]+":"+parts[2])
	}
	slices.Sort(places)
	return slices.Compact(places)
}

func TestSchemasAgreeWithTheFindings(t *testing.T) {
	t.Parallel()
	met := map[string]bool{}
	config, stubs := compileSchema(t, Schema()), compileSchema(t, StubsSchema())
	for _, c := range functionCases {
		if refused, ok := schemaPlaces(t, config, []byte(c.text)); ok {
			assert.Equal(t, tellable(c.findings, met), refused, c.name)
		}
	}
	for _, c := range stubCases {
		if refused, ok := schemaPlaces(t, stubs, []byte(c.text)); ok {
			assert.Equal(t, tellable(c.findings, met), refused, c.name)
		}
	}
	for _, part := range beyondSchemas {
		assert.True(t, met[part], "no case needs the exception %q", part)
	}
}

func TestSchemasAgreeWithTheFindingsOfEveryFileInTheRepository(t *testing.T) {
	t.Parallel()
	config, stubs := compileSchema(t, Schema()), compileSchema(t, StubsSchema())
	good := map[string]int{}
	check := func(name string, text []byte) {
		var findings []Finding
		var schema *jsonschema.Schema
		base := filepath.Base(name)
		switch base {
		case "config.json":
			var err error
			_, findings, err = LoadFunction(tree(t, map[string]string{"config.json": string(text)}))
			require.NoError(t, err)
			schema = config
		case stubsFile:
			_, findings = ParseStubs(stubsFile, text, filepath.Dir(name))
			schema = stubs
		default:
			return
		}
		refused, ok := schemaPlaces(t, schema, text)
		if !ok {
			return // it is no JSON, on purpose
		}
		want := tellable(lines(findings), map[string]bool{})
		assert.Equal(t, want, refused, name)
		if len(want) == 0 {
			good[base]++
		}
	}
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // tests of other packages come and go
		}
		name := entry.Name()
		if entry.IsDir() && (name == "node_modules" || name == "cloudfunctionTemplate" || len(name) > 2 && name[0] == '.') {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		if name == "config.json" || name == stubsFile {
			if text, err := os.ReadFile(path); err == nil {
				check(path, text)
			}
		}
		if strings.HasSuffix(name, ".txtar") {
			if archive, err := txtar.ParseFile(path); err == nil {
				for _, f := range archive.Files {
					check(filepath.Join(path, f.Name), f.Data)
				}
			}
		}
		return nil
	}))
	assert.Greater(t, good["config.json"], 10)
}

func TestSchemaHasEveryAPIWithItsPage(t *testing.T) {
	t.Parallel()
	have := map[any]string{}
	for _, s := range apiSchemas() {
		have[s[0].value] = s[1].value.(string)
	}
	assert.Len(t, have, len(catalog.All())+len(catalog.Older())+1, "and those of an official account, of which there is no list")
	for _, api := range catalog.All() {
		assert.Contains(t, have[api.Name], api.Summary)
		assert.Contains(t, have[api.Name], api.Page)
	}
	assert.Contains(t, have["security.imgSecCheck"], "older name")
	assert.Contains(t, have["templateMessage.send"], "no longer offers: use subscribeMessage.send")
}

func TestSchemaKnowsEveryMemberOfAStub(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, m := range stubMembers {
		assert.NotEmpty(t, stubMemberSchemas[m.key], m.key)
		keys = append(keys, m.key)
	}
	assert.Len(t, stubMemberSchemas, len(keys))
	properties := StubsSchema()
	for _, key := range append([]string{"$schema"}, stubsMembers...) {
		assert.Contains(t, string(properties), "\n    "+strconv.Quote(key)+": {")
	}
}

func TestPatternOfMisspellingsIsTheRuleOfMisspellings(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(misspelling())
	like := func(word string) bool {
		return slices.ContainsFunc(settings, func(s struct{ key, place string }) bool {
			return distance(strings.ToLower(word), s.key) <= 2
		})
	}
	random := rand.New(rand.NewPCG(1, 2))
	yes, no := 0, 0
	for range 20000 {
		word := settings[random.IntN(len(settings))].key
		for range random.IntN(5) {
			const letters = "permisonatgPERMIXz-.0"
			at, letter := random.IntN(len(word)+1), letters[random.IntN(len(letters)):][:1]
			end := min(at+random.IntN(2), len(word))
			word = word[:at] + letter[:random.IntN(2)] + word[end:]
		}
		want := like(word)
		require.Equal(t, want, pattern.MatchString(word), word)
		if want {
			yes++
		} else {
			no++
		}
	}
	assert.Greater(t, min(yes, no), 2000)
	for word, want := range map[string]bool{"xxtriggers": true, "triggersxx": true, "xxxtriggers": false, "iggers": true, "ggers": false, "trxigxgers": true} {
		assert.Equal(t, want, pattern.MatchString(word), word)
	}
}

func TestPatternOfCronIsTheParserOfCron(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(cronPattern())
	check := func(field int, word string) {
		words := strings.Fields("* * * * * * *")
		words[field] = word
		expr := strings.Join(words, " ")
		_, err := ParseCron(expr)
		assert.Equal(t, err == nil, pattern.MatchString(expr), expr)
	}
	for field := range cronFields {
		for n := range 2200 {
			check(field, strconv.Itoa(n))
		}
		for _, word := range strings.Fields("a a, ,a *,1 1,2,3 */2 */0 */ 1/5 1-2/3 01 007 1- -1 1-2-3 1--2 * ** *-5 1.5 +1 ? L W # */65535 */-5 1/2/3 00 0 jan JAN-dec Feb,MAR/2 SUN-sat mon,TUE 1-5,10-20/2 1970-2099 2000/4") {
			check(field, word)
		}
	}
	for expr, want := range map[string]bool{
		"0 0 2 1 *":           false,
		"0 0 2 1 * *":         false,
		"0 0 2 1 * * * *":     false,
		"":                    false,
		" 0\t0  2 1 * *\n* ":  true,
		"0 0 2 1 * FRI-MON *": true, // a pattern cannot compare
		"*/65536 * * * * * *": true,
	} {
		assert.Equal(t, want, pattern.MatchString(expr), expr)
	}
}

func TestPatternOfDurationsIsTheParserOfDurations(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(durationPattern)
	for text, want := range map[string]bool{
		"200ms": true, "1.5s": true, "1m30s": true, ".5s": true, "1.s": true, "0": true, "+1s": true, "1µs": true, "1μs": true, "1us": true, "10ns": true, "0s": true,
		"": false, "5": false, "s": false, ".s": false, "-1s": false, "1 s": false, "1d": false, "00": false, "1s2": false,
	} {
		r := &report{}
		(&value{doc: &document{report: r}, json: hujson.Value{Value: hujson.String(text)}}).duration()
		assert.Equal(t, want, len(r.findings) == 0, "the rule for %q", text)
		assert.Equal(t, want, pattern.MatchString(text), "the pattern for %q", text)
	}
}

// compileSchema compiles a schema, which must be one by the schema of schemas.
func compileSchema(t testing.TB, text []byte) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("schema.json", parsed))
	s, err := c.Compile("schema.json")
	require.NoError(t, err)
	return s
}

// schemaPlaces returns the places in a text that a schema refuses, line:column; ok is false where the text is no JSON.
func schemaPlaces(t testing.TB, schema *jsonschema.Schema, text []byte) (places []string, ok bool) {
	t.Helper()
	r := &report{}
	root := r.parse("", text)
	if !root.exists() || len(text) > 1<<16 {
		return nil, false
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(root.compact()))
	require.NoError(t, err)
	err = schema.Validate(instance)
	if err == nil {
		return nil, true
	}
	collectPlaces(root, err.(*jsonschema.ValidationError), &places)
	slices.Sort(places)
	return slices.Compact(places), true
}

// collectPlaces adds the places of an error and of its causes, each where the rules have theirs.
func collectPlaces(root value, err *jsonschema.ValidationError, places *[]string) {
	add := func(offset int) {
		line, column := root.doc.place(offset)
		*places = append(*places, fmt.Sprintf("%d:%d", line, column))
	}
	v := root
	for _, step := range err.InstanceLocation {
		switch i, err := strconv.Atoi(step); {
		case v.exists() && v.json.Value.Kind() == '{':
			v = v.member(step)
		case v.exists() && v.json.Value.Kind() == '[' && err == nil && i < len(v.elements()):
			v = v.elements()[i]
		default:
			v = value{} // see PropertyNames
		}
	}
	switch k := err.ErrorKind.(type) {
	case *kind.PropertyNames:
		// The library hands out a location that it goes on to write into: it may have become another one's.
		if !v.member(k.Property).exists() {
			v = holder(root, k.Property)
		}
		add(v.member(k.Property).keyAt)
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			add(v.member(name).keyAt)
		}
	case *kind.Dependency:
		add(v.member(k.Prop).keyAt)
	case *kind.FalseSchema:
		add(v.keyAt)
	case *kind.UniqueItems:
		add(v.elements()[k.Duplicates[1]].json.StartOffset)
	case *kind.MaxItems:
		add(v.elements()[k.Want].json.StartOffset)
	case *kind.AnyOf, *kind.Not:
		add(v.json.StartOffset) // what the alternatives refuse, is no matter
	default:
		if len(err.Causes) == 0 {
			add(v.json.StartOffset)
		}
		for _, cause := range err.Causes {
			collectPlaces(root, cause, places)
		}
	}
}

// holder returns the first object in a value that has a member of this name.
func holder(v value, key string) value {
	var inside []value
	switch {
	case !v.exists():
	case v.json.Value.Kind() == '{':
		if v.member(key).exists() {
			return v
		}
		inside = v.members()
	case v.json.Value.Kind() == '[':
		inside = v.elements()
	}
	for _, inner := range inside {
		if found := holder(inner, key); found.exists() {
			return found
		}
	}
	return value{}
}
