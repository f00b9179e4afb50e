package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tailscale/hujson"
)

const (
	maxFileSize = 1 << 20 // bytes; real files are a hundredth of it
	maxBrackets = 1 << 16 // the parser recurses at each, and a stack overflow ends the process
)

// A document is the text of one JSON file.
type document struct {
	report *report
	path   string
	text   []byte
	marks  []mark // the places of every markEvery-th byte

	environment *environment // fills templates; nil in a file that has none
}

// A mark is a line and a column.
type mark struct{ line, column int }

const markEvery = 4 << 10 // bytes

// open parses the file at path, which other tools read, too. A file that is missing or cannot be parsed is an absent
// value; the latter is reported.
func (r *report) open(path string) value {
	root := r.openOwn(path)
	if root.exists() {
		root.doc.lintExtras()
	}
	return root
}

// openOwn is open for a file that only we read: comments and trailing commas are welcome in it.
func (r *report) openOwn(path string) value { return r.openUpTo(path, maxFileSize) }

// openUpTo is openOwn for a file of at most size bytes.
func (r *report) openUpTo(path string, size int) value {
	text, err := readUpTo(path, size)
	if errors.Is(err, os.ErrNotExist) {
		return value{}
	}
	if err != nil {
		r.unreadable(path, err)
		return value{}
	}
	return r.parse(path, text)
}

// parse parses a text as the file at path.
func (r *report) parse(path string, text []byte) value {
	text, marked := bytes.CutPrefix(text, []byte("\ufeff"))
	if marked {
		r.add(path, 1, 1, codeByteOrderMark, "the file starts with a byte order mark, which other tools refuse", "save it as UTF-8 without BOM")
	}
	d := &document{report: r, path: path, text: text}
	root, err := d.parse()
	if err != nil {
		return value{}
	}
	d.lintObjects(root)
	return value{doc: d, name: "the file", json: root}
}

// openFile opens an ordinary file.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not an ordinary file") // reading a pipe would wait for ever
	}
	return os.Open(path)
}

// readFile returns the content of an ordinary file of at most [maxFileSize] bytes.
func readFile(path string) ([]byte, error) { return readUpTo(path, maxFileSize) }

func readUpTo(path string, size int) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(size)+1))
	if err == nil && len(text) > size {
		err = fmt.Errorf("it is larger than %d bytes", size)
	}
	return text, err
}

// unreadable records that the operating system refused path.
func (r *report) unreadable(path string, err error) {
	r.add(path, 1, 1, codeUnreadableFile, "it cannot be read: "+reason(err).Error(), "correct its permissions, or remove it")
}

// reason returns what the operating system said, without the path: findings name it.
func reason(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

// parse parses the text; where it is not JSON, it reports the place.
func (d *document) parse() (hujson.Value, error) {
	if depth(d.text) > maxBrackets {
		err := fmt.Errorf("the file has more than %d brackets in one another", maxBrackets)
		d.report.add(d.path, 1, 1, codeInvalidJSON, err.Error(), "make it smaller; until then nothing of it is used")
		return hujson.Value{}, err
	}
	text := d.padded()
	root, err := hujson.Parse(text)
	if err != nil {
		offset, what := syntaxError(text, err)
		d.at(offset, codeInvalidJSON, "the file is not JSON: "+what, "correct it here; until then nothing of the file is used")
	}
	return root, err
}

// depth returns how many brackets are open at most in a JSON text, those in strings and comments aside.
func depth(text []byte) (deepest int) {
	open := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '[' || c == '{':
			open++
			deepest = max(deepest, open)
		case c == ']' || c == '}':
			open--
		case c == '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case c == '/' && i+1 < len(text) && (text[i+1] == '/' || text[i+1] == '*'):
			i = (&document{text: text}).endOfComment(i)
		}
	}
	return deepest
}

// padded returns a copy of the text that ends in a newline: to the parser, a line comment without one has no end.
func (d *document) padded() []byte { return slices.Concat(d.text, []byte("\n")) }

// syntaxError takes an error of the parser apart: the byte offset in text, and what is wrong there.
func syntaxError(text []byte, err error) (offset int, what string) {
	what = err.Error()
	if cause := errors.Unwrap(err); cause != nil {
		what = cause.Error()
	}
	if strings.HasPrefix(what, "invalid literal") {
		what = "invalid literal" // what follows may be long, over several lines, or a secret
	}
	what = strings.ReplaceAll(what, "unexpected EOF", "unexpected end of the file")

	line, column := 1, 1 // the column is in bytes, and both are found nowhere but in the text
	fmt.Sscanf(err.Error(), "hujson: line %d, column %d", &line, &column)
	for range line - 1 {
		offset += 1 + bytes.IndexByte(text[offset:], '\n')
	}
	return offset + column - 1, what
}

// lintExtras reports what other tools refuse: the first comment, and the first comma before a closing bracket.
func (d *document) lintExtras() {
	// Standardize puts spaces for comments and such commas, and leaves all else where it is.
	spaced, err := hujson.Standardize(d.padded())
	if err != nil {
		return // it has been parsed before
	}
	comment, comma := false, false
	for i := 0; i < len(d.text); i++ {
		switch {
		case d.text[i] == spaced[i]:
		case d.text[i] == ',':
			if !comma {
				d.at(i, codeTrailingComma, "a comma stands before a closing bracket, which other tools may refuse", "remove it")
			}
			comma = true
		default:
			if !comment {
				d.at(i, codeJSONComment, "the file has a comment, which other tools may refuse", "remove all comments")
			}
			comment = true
			i = d.endOfComment(i)
		}
	}
}

// lintObjects reports the names that an object has twice.
func (d *document) lintObjects(root hujson.Value) {
	for v := range root.All() {
		if object, ok := v.Value.(*hujson.Object); ok {
			d.lintKeys(object)
		}
	}
}

// endOfComment returns the offset of the last byte of the comment that starts at an offset.
func (d *document) endOfComment(start int) int {
	end := "\n"
	if d.text[start+1] == '*' {
		end = "*/"
	}
	n := bytes.Index(d.text[start+2:], []byte(end))
	if n < 0 {
		return len(d.text)
	}
	return start + 2 + n + len(end) - 1
}

func (d *document) lintKeys(object *hujson.Object) {
	seen := make(map[string]bool, len(object.Members))
	for _, m := range object.Members {
		key := literal(m.Name)
		if seen[key] {
			d.at(m.Name.StartOffset, codeDuplicateKey, fmt.Sprintf("%q stands here again, and only the last one counts", key), "remove one of them")
		}
		seen[key] = true
	}
}

// place returns the line and the column, as in [Finding], of a byte offset.
func (d *document) place(offset int) (line, column int) {
	offset = min(offset, len(d.text))
	if d.marks == nil {
		d.marks = []mark{{1, 1}}
	}
	for n := len(d.marks); n <= offset/markEvery; n++ {
		d.marks = append(d.marks, d.marks[n-1].after(d.text[(n-1)*markEvery:n*markEvery]))
	}
	n := offset / markEvery
	at := d.marks[n].after(d.text[n*markEvery : offset])
	return at.line, at.column
}

// after returns the place behind a text that begins at m.
func (m mark) after(text []byte) mark {
	if lines := bytes.Count(text, []byte("\n")); lines > 0 {
		m = mark{m.line + lines, 1}
		text = text[1+bytes.LastIndexByte(text, '\n'):]
	}
	for _, b := range text {
		if utf8.RuneStart(b) {
			m.column++
		}
	}
	return m
}

// at records a finding at a byte offset.
func (d *document) at(offset int, code, message, advice string) {
	line, column := d.place(offset)
	d.report.add(d.path, line, column, code, message, advice)
}
