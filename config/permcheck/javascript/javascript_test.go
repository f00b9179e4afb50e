package javascript

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// functionDir makes a function of a folder.
func functionDir(dir string) config.FunctionDir {
	f := config.FunctionDir{Name: filepath.Base(dir), Dir: dir, Kind: config.KindNode, Entry: "index.js"}
	for _, name := range []string{"index.js", "index.mjs", "index.cjs"} {
		if isRegular(filepath.Join(dir, name)) {
			f.Entry = name
			break
		}
	}
	return f
}

// expectation is a comment in a source of the corpus that says what is found in its line:
//
//	// want a.b, c.d      uses of these APIs
//	// doubt a text       a doubt, with this in its message
//	// declared a.b, c.d  a use whose APIs a directive declares
//	// error a text       a fault that keeps the file from being analysed
var expectation = regexp.MustCompile(`(?://|/\*) (want|doubt|declared|error)\b ?([^*\r\n]*)`)

func expectedIn(t *testing.T, dir string) (lines []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		for i, line := range strings.Split(string(text), "\n") {
			for _, m := range expectation.FindAllStringSubmatch(line, -1) {
				place := fmt.Sprintf("%s:%d", filepath.ToSlash(rel), i+1)
				switch text := strings.TrimSpace(m[2]); m[1] {
				case "want":
					for name := range strings.SplitSeq(text, ",") {
						lines = append(lines, place+" want "+strings.TrimSpace(name))
					}
				case "declared":
					lines = append(lines, place+" declared "+text)
				default:
					lines = append(lines, place+" "+m[1]+" "+text)
				}
			}
		}
		return nil
	}))
	slices.Sort(lines)
	return lines
}

func foundIn(dir string, a apiuse.Analysis, expected []string) (lines []string) {
	place := func(p apiuse.Position) string {
		rel, _ := filepath.Rel(dir, p.File)
		return fmt.Sprintf("%s:%d", filepath.ToSlash(rel), p.Line)
	}
	// A message counts as the part of it that is expected.
	shortened := func(line string) string {
		for _, e := range expected {
			head, part, _ := strings.Cut(e, " doubt")
			if strings.HasPrefix(line, head+" doubt ") && part != e && strings.Contains(line, strings.TrimSpace(part)) {
				return e
			}
		}
		return line
	}
	for _, u := range a.Uses {
		if u.API == "" {
			lines = append(lines, place(u.Where())+" declared "+strings.Join(u.Declared, ", "))
			continue
		}
		lines = append(lines, place(u.Where())+" want "+u.API)
	}
	for _, d := range a.Doubts {
		lines = append(lines, shortened(place(d.Position)+" doubt "+d.Message))
	}
	slices.Sort(lines)
	return lines
}

func TestJavaScriptCorpusHasTheExpectedUsesAndNothingElse(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("testdata")
	require.NoError(t, err)
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			f := functionDir(dir)
			a := Analyse(t.Context(), []config.FunctionDir{f})[dir]
			expected := expectedIn(t, dir)
			errs := slices.DeleteFunc(slices.Clone(expected), func(line string) bool { return !strings.Contains(line, " error") })
			expected = slices.DeleteFunc(expected, func(line string) bool { return strings.Contains(line, " error") })
			assert.Equal(t, expected, foundIn(dir, a, expected))
			if len(errs) == 0 {
				assert.NoError(t, a.Err)
			}
			for _, line := range errs {
				place, text, _ := strings.Cut(line, " error ")
				assert.ErrorContains(t, a.Err, place+":")
				assert.ErrorContains(t, a.Err, text)
			}
			for _, u := range a.Uses {
				for _, s := range u.Path {
					assert.True(t, filepath.IsAbs(s.File), s)
					assert.NotEmpty(t, s.Name)
					assert.Positive(t, s.Line)
					assert.Positive(t, s.Column)
				}
			}
		})
	}
}

func writeFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

func analyseFiles(t testing.TB, files map[string]string) (string, apiuse.Analysis) {
	t.Helper()
	dir := writeFiles(t, files)
	return dir, Analyse(t.Context(), []config.FunctionDir{functionDir(dir)})[dir]
}

// steps writes a path as one line a step.
func steps(dir string, path []apiuse.Step) (lines []string) {
	for _, s := range path {
		rel, _ := filepath.Rel(dir, s.File)
		lines = append(lines, fmt.Sprintf("%s %s:%d:%d", s.Name, filepath.ToSlash(rel), s.Line, s.Column))
	}
	return lines
}

func TestJavaScriptPathLeadsFromTheEntryOverFilesAndFunctionsToTheName(t *testing.T) {
	t.Parallel()
	dir, a := analyseFiles(t, map[string]string{
		"index.js": "const lib = require('./lib/qr')\nfunction handle(event) {\n  return lib.make(event)\n}\n\nexports.main = (event) => handle(event)\n",
		"lib/qr.js": "const cloud = require('wx-server-sdk')\n\nconst call = async (path) => {\n  /* 二维码 */ return cloud.openapi.wxacode.get({ path })\n}\n" +
			"exports.make = async function ({ path }) {\n  await call(path)\n}\n",
	})
	require.NoError(t, a.Err)
	require.Len(t, a.Uses, 1)
	assert.Equal(t, []string{
		"index.js index.js:1:1",
		"lib/qr.js index.js:1:13",
		"exports.make lib/qr.js:6:22",
		"call lib/qr.js:7:9",
		"openapi.wxacode.get lib/qr.js:4:42",
	}, steps(dir, a.Uses[0].Path))
}

func TestTypeScriptPositionsAreThoseOfTheSource(t *testing.T) {
	t.Parallel()
	dir, a := analyseFiles(t, map[string]string{
		"index.ts": "import cloud from 'wx-server-sdk'\n\ninterface A {\n  b: string\n}\n\nexport const main = async (e: A) =>\n  /* 云 */ (cloud as any)\n    .openapi.wxacode.get({ path: e.b as unknown })\n",
	})
	require.NoError(t, a.Err)
	require.Len(t, a.Uses, 1)
	assert.Equal(t, "openapi.wxacode.get index.ts:9:22", steps(dir, a.Uses[0].Path)[len(a.Uses[0].Path)-1])
}

func TestJavaScriptThatCannotBeAnalysedIsAnErrorOfThatFunctionAlone(t *testing.T) {
	t.Parallel()
	good := writeFiles(t, map[string]string{"index.js": "exports.main = () => require('wx-server-sdk').openapi.wxacode.get()"})
	broken := writeFiles(t, map[string]string{"index.js": "const a = 1\nexports.main = () => {\n  a b\n}\n"})
	brokenTypes := writeFiles(t, map[string]string{"index.ts": "const a: = 1\n"})
	empty := writeFiles(t, map[string]string{"README.md": ""})
	unreadable := writeFiles(t, map[string]string{"index.js": ""})
	require.NoError(t, os.Remove(filepath.Join(unreadable, "index.js")))
	require.NoError(t, os.Mkdir(filepath.Join(unreadable, "index.js"), 0o755))
	loop := writeFiles(t, map[string]string{"a": ""})
	if err := os.Symlink("index.js", filepath.Join(loop, "index.js")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	functions := []config.FunctionDir{}
	for _, dir := range []string{good, broken, brokenTypes, empty, unreadable, loop} {
		functions = append(functions, config.FunctionDir{Dir: dir, Entry: "index.js", Kind: config.KindNode})
	}
	results := Analyse(t.Context(), functions)
	require.NoError(t, results[good].Err)
	assert.Len(t, results[good].Uses, 1)
	assert.ErrorContains(t, results[broken].Err, "index.js:3:5: ")
	assert.ErrorContains(t, results[brokenTypes].Err, "index.ts:1:10: ")
	assert.ErrorContains(t, results[empty].Err, "index.js: no such file or directory")
	assert.ErrorContains(t, results[unreadable].Err, "index.js: no regular file")
	assert.ErrorContains(t, results[loop].Err, "index.js: too many levels of symbolic links")
}

func TestJavaScriptLinksAndCyclesOfFilesAreFollowedOnce(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{
		"index.js":  "require('./a')\nrequire('./linked')\nrequire('./self')",
		"a.js":      "require('./b'); exports.api = require('wx-server-sdk').openapi",
		"b.js":      "require('./index'); exports.run = () => require('./a').api.wxacode.get()",
		"unused.js": "require('wx-server-sdk').openapi.wxacode.createQRCode()",
	})
	for from, to := range map[string]string{"linked.js": "b.js", "self.js": "self.js"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	a := Analyse(t.Context(), []config.FunctionDir{functionDir(dir)})[dir]
	require.NoError(t, a.Err)
	require.Len(t, a.Uses, 1)
	assert.Equal(t, "wxacode.get", a.Uses[0].API)
	require.Len(t, a.Doubts, 1)
	assert.Contains(t, a.Doubts[0].Message, "cannot find the module ./self")
}

func TestPackagesAreNotSearched(t *testing.T) {
	t.Parallel()
	const call = "require('wx-server-sdk').openapi.wxacode.get()"
	_, a := analyseFiles(t, map[string]string{
		"index.js":                                 "require('package'); require('./node_modules/package'); require('@scope/package/lib'); require('./local')",
		"node_modules/package/index.js":            call,
		"node_modules/@scope/package/lib/index.js": call,
		"local/index.js":                           "require('other')",
		"local/node_modules/other/index.js":        call,
	})
	require.NoError(t, a.Err)
	assert.Empty(t, a.Uses)
	assert.Empty(t, a.Doubts)
}

func TestJavaScriptAnalysisEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := writeFiles(t, map[string]string{"index.js": ""})
	assert.ErrorIs(t, Analyse(ctx, []config.FunctionDir{functionDir(dir)})[dir].Err, context.Canceled)
}

func TestSourceMapMappingsAreDecoded(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []mapping{
		{0, 0, 0, 0}, {0, 6, 0, 4}, {2, 1, 5, 2}, {2, 20, 4, 40},
	}, decodeMappings("AAAA,MAAI;;CAKF,mBADsC"))
	assert.Empty(t, decodeMappings(""))
	assert.Empty(t, decodeMappings("*,,;"))
}

// generatedJS returns code of a size such as bundlers make it, which calls one API.
func generatedJS(size int) string {
	var b strings.Builder
	b.WriteString("const cloud=require('wx-server-sdk');\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `function f%d(a,b){var c=a.x||b.y,d=f%d(c,{k:"v%d",g:function(e){return e.map(function(t){return t.z+c})}});`+
			`if(c&&d){this.q=d;for(var i=0;i<10;i++){d=b(d,i,c[i],h.prototype.call(a))}}else{d=new f%d(a.b.c.d(e,f),"s"+d)}return d}exports.m%d=f%d;`, i, i*7919%(i+1), i%50, i/2, i, i)
		if i%3 == 0 {
			b.WriteByte('\n')
		}
	}
	b.WriteString("exports.main=()=>cloud.openapi.wxacode.get({})\n")
	return b.String()
}

func TestGeneratedJavaScriptOfFiveMegabytesIsAnalysed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a large file takes seconds")
	}
	_, a := analyseFiles(t, map[string]string{"index.js": generatedJS(5 << 20)})
	require.NoError(t, a.Err)
	require.Len(t, a.Uses, 1)
	assert.Equal(t, "wxacode.get", a.Uses[0].API)
	for _, d := range a.Doubts { // it may be too large to follow
		assert.Contains(t, d.Message, "too large")
	}
}

func TestLargeCopiesOfPackagesAreNotFollowed(t *testing.T) {
	t.Parallel()
	_, a := analyseFiles(t, map[string]string{
		"index.js": "const lib = require('./lib'), cloud = require('wx-server-sdk')\nlib.f1(cloud.openapi.wxacode)\ncloud.openapi.img.aiCrop()\n",
		"lib.js":   strings.ReplaceAll(generatedJS(200<<10), "wx-server-sdk", "fs")[:200<<10],
	})
	assert.Error(t, a.Err, "it is parsed all the same")
	dir, a := analyseFiles(t, map[string]string{
		"index.js": "const lib = require('./lib'), cloud = require('wx-server-sdk')\nlib.f1(cloud.openapi.wxacode)\ncloud.openapi.img.aiCrop()\n",
		"lib.js":   strings.NewReplacer("wx-server-sdk", "fs", "openapi", "api").Replace(generatedJS(200 << 10)),
	})
	require.NoError(t, a.Err)
	require.Len(t, a.Uses, 1)
	assert.Equal(t, []string{"index.js index.js:1:1", "openapi.img.aiCrop index.js:3:19"}, steps(dir, a.Uses[0].Path))
	require.Len(t, a.Doubts, 1)
	assert.Equal(t, "cannot tell which APIs lib.f1 calls with cloud.openapi.wxacode", a.Doubts[0].Message)
	assert.Equal(t, 2, a.Doubts[0].Line)
}

func BenchmarkGeneratedJavaScriptOfFiveMegabytes(b *testing.B) {
	dir := writeFiles(b, map[string]string{"index.js": generatedJS(5 << 20)})
	for b.Loop() {
		require.NoError(b, Analyse(b.Context(), []config.FunctionDir{functionDir(dir)})[dir].Err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys>>20), "MB")
}

func BenchmarkTwentyJavaScriptFunctions(b *testing.B) {
	functions := []config.FunctionDir{}
	for range 20 {
		functions = append(functions, functionDir(filepath.Join("testdata", "locals")))
	}
	for b.Loop() {
		Analyse(b.Context(), functions)
	}
}
