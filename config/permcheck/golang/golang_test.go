package golang

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// example is a folder of testdata whose comments say what is found in it:
//
//	// want wxacode.get ocr.idcard       these APIs are called in this line
//	// want wxacode.get: main, send, …   and by this path
//	// want ?                            a name made up at run time
//	// want ?wxacode.get,ocr.idcard      with these names in a directive
//	// exempt wxacode.get                a call with an access token of the program's own
//	// doubt                             a place that cannot be followed
//
// A file error.txt holds what the error says instead, a part of each of its lines in a line.
type example struct {
	dir   string
	finds []string          // "main.go:7: want wxacode.get", sorted
	paths map[string]string // of some of them
	fails []string
}

var expectation = regexp.MustCompile(`// (?:(want|exempt) ([^:\n]+)(?:: (.+))?|(doubt))$`)

// corpus returns the examples in the folders of testdata that a pattern matches.
func corpus(t *testing.T, pattern string) []example {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata", pattern))
	require.NoError(t, err)
	var examples []example
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			continue
		}
		dir, err = filepath.Abs(dir)
		require.NoError(t, err)
		c := example{dir: dir, paths: map[string]string{}}
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			switch {
			case err != nil:
				return err
			case d.Name() == "error.txt":
				c.fails = strings.Split(strings.TrimRight(string(text), "\n"), "\n")
			case filepath.Ext(path) == ".go":
				c.read(path, string(text))
			}
			return nil
		}))
		slices.Sort(c.finds)
		examples = append(examples, c)
	}
	require.NotEmpty(t, examples)
	return examples
}

func (c *example) read(path, text string) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		m := expectation.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		at := c.place(path, number)
		switch {
		case m == nil:
		case m[4] != "":
			c.finds = append(c.finds, at+"doubt")
		default:
			for api := range strings.FieldsSeq(m[2]) {
				find := at + m[1] + " " + api
				c.finds = append(c.finds, find)
				if m[3] != "" {
					c.paths[find] = m[3]
				}
			}
		}
	}
}

func (c *example) place(path string, line int) string {
	rel, _ := filepath.Rel(c.dir, path)
	return fmt.Sprintf("%s:%d: ", filepath.ToSlash(rel), line)
}

// check compares what is found with what is expected.
func (c *example) check(t *testing.T, a apiuse.Analysis) {
	t.Helper()
	if len(c.fails) > 0 {
		require.Error(t, a.Err)
		lines := strings.Split(a.Err.Error(), "\n")
		require.Len(t, lines, len(c.fails), "%v", a.Err)
		for i, part := range c.fails {
			assert.Contains(t, filepath.ToSlash(lines[i]), part)
		}
		return
	}
	require.NoError(t, a.Err)
	var finds []string
	for _, u := range a.Uses {
		api := u.API
		if api == "" {
			api = "?" + strings.Join(u.Declared, ",")
		}
		verb := "want "
		if u.OwnToken {
			verb = "exempt "
		}
		find := c.place(u.Where().File, u.Where().Line) + verb + api
		finds = append(finds, find)
		var steps []string
		for _, s := range u.Path {
			steps = append(steps, s.Name)
		}
		if path, ok := c.paths[find]; ok {
			assert.Equal(t, path, strings.Join(steps, ", "))
		}
		for _, s := range u.Path {
			checkStep(t, s)
		}
	}
	for _, d := range a.Doubts {
		finds = append(finds, c.place(d.File, d.Line)+"doubt")
	}
	slices.Sort(finds)
	assert.Equal(t, c.finds, finds)
	assert.True(t, slices.IsSortedFunc(a.Uses, apiuse.Use.Compare))
}

// checkStep checks that the name of what a step refers to, or of what leads there, stands where the step says.
func checkStep(t *testing.T, s apiuse.Step) {
	t.Helper()
	text, err := os.ReadFile(s.File)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	require.Less(t, s.Line-1, len(lines))
	line := []rune(lines[s.Line-1])
	require.Less(t, s.Column-1, len(line))
	if last := s.Name[strings.LastIndexByte(s.Name, '.')+1:]; strings.HasPrefix(s.Name, "openapi.") {
		rest := string(line[s.Column-1:])
		assert.True(t, strings.HasPrefix(strings.ToLower(rest), strings.ToLower(last)) || strings.Contains(s.File, "reflect"),
			"%s stands at %q", s.Name, rest)
	}
}

func functionsOf(cases []example) []config.FunctionDir {
	var functions []config.FunctionDir
	for _, c := range cases {
		functions = append(functions, config.FunctionDir{Name: filepath.Base(c.dir), Dir: c.dir, Kind: config.KindGo, Entry: "."})
	}
	return functions
}

func TestGoFunctionsReachWhatTheirCommentsSay(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"corpus/*", "modules/[!t]*"} {
		cases := corpus(t, pattern)
		found := Analyse(t.Context(), functionsOf(cases))
		require.Len(t, found, len(cases))
		for _, c := range cases {
			t.Run(filepath.Base(c.dir), func(t *testing.T) {
				t.Parallel()
				c.check(t, found[c.dir])
			})
		}
	}
}

func TestAWrapperChargesEachFunctionWithWhatItPasses(t *testing.T) {
	t.Parallel()
	c := corpus(t, "corpus/passed")[0]
	other := filepath.Join(c.dir, "other")
	a := Analyse(t.Context(), append(functionsOf([]example{c}), config.FunctionDir{Dir: other}))[other]
	require.NoError(t, a.Err)
	require.Len(t, a.Uses, 1)
	assert.Equal(t, "soter.verifySignature", a.Uses[0].API)
	require.Len(t, a.Uses[0].Path, 3)
	assert.Equal(t, filepath.Join(other, "main.go"), a.Uses[0].Path[1].File, "the call of the wrapper")
	assert.Equal(t, filepath.Join(c.dir, "api", "api.go"), a.Uses[0].Where().File)
}

func TestAGoModuleForANewerGoIsAnError(t *testing.T) {
	t.Setenv("GOTOOLCHAIN", "local")
	c := corpus(t, "modules/toonew")[0]
	c.check(t, Analyse(t.Context(), functionsOf([]example{c}))[c.dir])
}

func TestBuildTagsOfTheEnvironmentCount(t *testing.T) {
	t.Setenv("GOFLAGS", "-tags=traced")
	c := corpus(t, "corpus/buildtags")[0]
	c.read(filepath.Join(c.dir, "traced.go"), strings.Repeat("\n", 10)+"// want phonenumber.getPhoneNumber\n")
	slices.Sort(c.finds)
	c.check(t, Analyse(t.Context(), functionsOf([]example{c}))[c.dir])
}

func TestAGoFunctionOutsideAnyModuleIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n"), 0o644))
	missing := filepath.Join(dir, "missing")
	found := Analyse(t.Context(), []config.FunctionDir{{Dir: dir}, {Dir: missing}})
	require.ErrorContains(t, found[dir].Err, "is in no Go module; run: go mod init NAME")
	require.ErrorIs(t, found[missing].Err, fs.ErrNotExist)
}

func TestWithoutTheGoCommandTheErrorSaysSo(t *testing.T) {
	c := corpus(t, "corpus/direct")[0]
	t.Setenv("PATH", t.TempDir())
	require.EqualError(t, Analyse(t.Context(), functionsOf([]example{c}))[c.dir].Err, errNoGo.Error())
}

func TestAnAnalysisOfGoEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := corpus(t, "corpus/direct")[0]
	require.ErrorIs(t, Analyse(ctx, functionsOf([]example{c}))[c.dir].Err, context.Canceled)
}

func TestColumnsAreCountedInCharacters(t *testing.T) {
	t.Parallel()
	c := corpus(t, "corpus/direct")[0]
	for _, u := range Analyse(t.Context(), functionsOf([]example{c}))[c.dir].Uses {
		if u.API != "wxacode.getUnlimited" {
			continue
		}
		text, err := os.ReadFile(u.Where().File)
		require.NoError(t, err)
		line := strings.Split(string(text), "\n")[u.Where().Line-1]
		assert.Equal(t, utf8.RuneCountInString(line[:strings.Index(line, "GetUnlimited")])+1, u.Where().Column)
		return
	}
	t.Error("the call is not found")
}

func TestACompilersErrorIsToldInItsWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text  string
		lines []string // parts of them
	}{
		"a syntax error": {
			"func main() {\n\tif {\n}\n",
			[]string{"main.go:4:5: syntax error: missing condition in if statement"},
		},
		"ten lines at most": {
			"func main() {\n" + strings.Repeat("\tundefined()\n", 30) + "}\n",
			append(slices.Repeat([]string{": undefined: undefined"}, 9), "and 2 more lines"), // the last one of the compiler's: too many errors
		},
		"a file to embed that is missing": {
			"import _ \"embed\"\n\n//go:embed missing.txt\nvar text string\n\nfunc main() {}\n",
			[]string{"main.go:5:12: pattern missing.txt: no matching files found"},
		},
		"a main that is missing": {"", []string{"has no function main"}},
		"only cgo":               {"import \"C\"\n\nfunc main() {}\n", []string{"build constraints exclude all Go files"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/wrong\n\ngo 1.26.0\n"), 0o644))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\n"+c.text), 0o644))
			err := Analyse(t.Context(), []config.FunctionDir{{Dir: dir}})[dir].Err
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.Len(t, lines, len(c.lines), "%v", err)
			for i, part := range c.lines {
				assert.Contains(t, lines[i], part)
			}
		})
	}
}

func TestGoFunctionsBehindASymbolicLinkAreFound(t *testing.T) {
	t.Parallel()
	c := corpus(t, "modules/replaced")[0]
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(filepath.Dir(c.dir)), link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	dir := filepath.Join(link, "modules", "replaced")
	a := Analyse(t.Context(), []config.FunctionDir{{Dir: dir}})[dir]
	require.NoError(t, a.Err)
	require.Len(t, a.Uses, 1)
}

func TestThisRepositorysGoExamplesAreAnalysed(t *testing.T) {
	t.Parallel()
	p, _, err := config.LoadProject(filepath.Join("..", "..", "..", "examples"))
	require.NoError(t, err)
	functions := slices.DeleteFunc(p.Functions, func(f config.FunctionDir) bool { return f.Kind != config.KindGo })
	require.NotEmpty(t, functions)
	for dir, a := range Analyse(t.Context(), functions) {
		require.NoError(t, a.Err, dir)
		require.Len(t, a.Uses, 1)
		assert.Equal(t, "wxacode.createQRCode", a.Uses[0].API)
		assert.Empty(t, a.Doubts)
	}
}
