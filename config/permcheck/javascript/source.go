package javascript

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"

	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// maxScript is the size of the largest file that is read: what is larger is no code that someone uploads.
const maxScript = 32 << 20

// A source is the text of a JavaScript or TypeScript file, and of what was parsed in its place.
type source struct {
	path  string // absolute
	text  []byte // as on disk, without a byte order mark
	code  []byte // what was parsed: text, or what was made of it
	lines []int  // offsets in text at which its lines start
	// codeLines and mappings lead from code to text where they differ; both are nil where code is text.
	codeLines []int
	mappings  []mapping
	directive map[int][]string // by line: the names that a directive there declares
}

// syntaxError is a fault in a source file that keeps it from being analysed.
type syntaxError struct {
	apiuse.Position
	message string
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", apiuse.ShortPath(e.File), e.Line, e.Column, e.message)
}

// readSource reads a file.
func readSource(path string) (*source, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fileError(path, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: no regular file", apiuse.ShortPath(path))
	case info.Size() > maxScript:
		return nil, fmt.Errorf("%s: %d MB of code are too many to analyse", apiuse.ShortPath(path), info.Size()>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	text = withRoom(text)
	s := &source{path: path, text: text, code: text, lines: lineStarts(text)}
	s.findDirectives()
	return s, nil
}

// fileError shortens the path in an error of package os.
func fileError(path string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("%s: %w", apiuse.ShortPath(path), err)
}

// lineStarts returns the offsets at which lines start. A line ends with \n, \r\n or \r, as in editors.
func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, c := range text {
		if c == '\n' || c == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// lineOf returns the number of the line in which an offset lies, counted from 0.
func lineOf(starts []int, offset int) int {
	line, found := slices.BinarySearch(starts, offset)
	if !found {
		line--
	}
	return line
}

// directivePattern matches a comment that declares what a call made up at run time calls.
var directivePattern = regexp.MustCompile(`(?://|/\*)[ \t]*` + apiuse.Directive + `[ \t]+([^\r\n*]+)`)

func (s *source) findDirectives() {
	s.directive = map[int][]string{}
	if !bytes.Contains(s.text, []byte(apiuse.Directive)) {
		return
	}
	for _, m := range directivePattern.FindAllSubmatchIndex(s.text, -1) {
		line := lineOf(s.lines, m[0]) + 1
		// What stands after a name and a blank, without a comma, is a remark.
		for part := range strings.SplitSeq(string(s.text[m[2]:m[3]]), ",") {
			if name := strings.Fields(part); len(name) > 0 {
				s.directive[line] = append(s.directive[line], name[0])
			}
		}
	}
}

// position returns the place of an offset in code.
func (s *source) position(offset int32) apiuse.Position {
	o := min(max(int(offset), 0), len(s.code))
	if s.mappings == nil {
		line := lineOf(s.lines, o)
		return apiuse.Position{File: s.path, Line: line + 1, Column: utf8.RuneCount(s.text[s.lines[line]:o]) + 1}
	}
	line := lineOf(s.codeLines, o)
	column := utf16Count(s.code[s.codeLines[line]:o])
	i, found := slices.BinarySearchFunc(s.mappings, mapping{line: line, column: column}, func(a, b mapping) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	if !found {
		i--
	}
	if i < 0 {
		return apiuse.Position{File: s.path, Line: 1, Column: 1}
	}
	m := s.mappings[i]
	start := s.lines[min(m.sourceLine, len(s.lines)-1)]
	return apiuse.Position{File: s.path, Line: m.sourceLine + 1, Column: runesOf(s.text[start:], m.sourceColumn) + 1}
}

// isTypeScript reports whether a file's name says that it has types (or JSX) to be translated, and returns esbuild's loader
// for it.
func isTypeScript(path string) (api.Loader, bool) {
	switch filepath.Ext(path) {
	case ".ts", ".mts", ".cts":
		return api.LoaderTS, true
	case ".tsx":
		return api.LoaderTSX, true
	case ".jsx":
		return api.LoaderJSX, true
	}
	return api.LoaderJS, false
}

// parse parses the source. What the parser does not know (types, decorators, import attributes, octal numbers of old)
// is translated first.
func (s *source) parse() (*js.AST, error) {
	loader, typed := isTypeScript(s.path)
	var first error
	if !typed {
		var ast *js.AST
		if ast, first = parseModule(s.text); first == nil {
			return ast, nil
		}
	}
	if err := s.transform(loader); err != nil {
		return nil, err
	}
	ast, err := parseModule(s.code)
	if err == nil {
		return ast, nil
	}
	if first != nil { // it is about the text as the user knows it
		err = first
	}
	at := apiuse.Position{File: s.path, Line: 1, Column: 1}
	message := err.Error()
	var parseErr *parse.Error
	if errors.As(err, &parseErr) {
		message = parseErr.Message
		if first != nil {
			at.Line, at.Column = parseErr.Line, parseErr.Column
		} else if parseErr.Line <= len(s.codeLines) {
			at = s.position(int32(s.codeLines[parseErr.Line-1] + parseErr.Column - 1))
		}
	}
	return nil, &syntaxError{at, message}
}

// parseModule parses code as a module, or else as the body of a function, as which Node runs a CommonJS module: that may
// return. What it returns refers to code, which has room for a byte more (see withRoom).
func parseModule(code []byte) (*js.AST, error) {
	ast, err := js.Parse(parse.NewInputBytes(code), js.Options{})
	if err != nil {
		if body, bodyErr := js.Parse(parse.NewInputBytes(code), js.Options{Inline: true}); bodyErr == nil {
			return body, nil
		}
	}
	return ast, err
}

// withRoom returns a text with room for the byte that the parser puts behind it: without that, it would parse a copy.
func withRoom(text []byte) []byte { return slices.Grow(text, 1) }

// transform makes code that the parser knows of the text.
func (s *source) transform(loader api.Loader) error {
	result := api.Transform(string(s.text), api.TransformOptions{
		Sourcefile: filepath.Base(s.path),
		Loader:     loader,
		Target:     api.ES2022,
		Sourcemap:  api.SourceMapExternal,
		// The contents would only be parsed away again.
		SourcesContent: api.SourcesContentExclude,
		Supported:      map[string]bool{"import-attributes": false, "import-assertions": false, "decorators": false},
		// Settings for types and for a later bundler are no concern here.
		TsconfigRaw: `{"compilerOptions": {"experimentalDecorators": true}}`,
		LogLevel:    api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		e := result.Errors[0]
		at := apiuse.Position{File: s.path, Line: 1, Column: 1}
		if l := e.Location; l != nil {
			at.Line, at.Column = l.Line, utf8.RuneCountInString(l.LineText[:min(l.Column, len(l.LineText))])+1
		}
		return &syntaxError{at, e.Text}
	}
	var sourceMap struct{ Mappings string }
	if err := json.Unmarshal(result.Map, &sourceMap); err != nil {
		return fmt.Errorf("%s: source map: %w", apiuse.ShortPath(s.path), err)
	}
	s.code, s.codeLines, s.mappings = withRoom(result.Code), lineStarts(result.Code), decodeMappings(sourceMap.Mappings)
	return nil
}
