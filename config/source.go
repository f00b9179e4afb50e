package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// A source is the text of a JSON file that is to be edited in place: what is not edited stays as it is to the byte.
type source struct {
	mark []byte // the byte order mark, if there is one
	text []byte // after it
	root value  // where values stand in text
}

// source parses a text. Faults of it are in the report; see firstError.
func (r *report) source(text []byte) source {
	s := source{root: r.parse("", text)}
	if s.root.exists() {
		s.text = s.root.doc.text
		s.mark = text[:len(text)-len(s.text)]
	}
	return s
}

// firstError returns the first fault that keeps a text from being edited, as an error of one line.
func (r *report) firstError() error {
	for _, f := range r.sorted() {
		if f.Severity == Error {
			return fmt.Errorf("config: line %d: %s; %s", f.Line, f.Message, f.Advice)
		}
	}
	return nil
}

// firstLine returns the offset of the newline that ends the first line of a gap, -1 where there is none, and whether the
// line ends in a // comment. A newline in another comment ends no line.
func firstLine(extra []byte) (end int, isComment bool) {
	for i := 0; i < len(extra); i++ {
		switch {
		case extra[i] == '\n':
			return i, isComment
		case isComment:
		case bytes.HasPrefix(extra[i:], []byte("//")):
			isComment = true
		case bytes.HasPrefix(extra[i:], []byte("/*")):
			i += 2 + bytes.Index(extra[i+2:], []byte("*/")) + 1
		}
	}
	return -1, isComment
}

func trimRight(extra []byte) []byte { return bytes.TrimRight(extra, " \t\r\n") }

// splice returns the text with something else between two offsets.
func (s *source) splice(from, to int, with ...string) []byte {
	return slices.Concat(s.text[:from], []byte(strings.Join(with, "")), s.text[to:])
}

// appended returns the text with one more item, an element or a [field], at the end of an array or object. It gets a line of
// its own where the others have one, or where there are none.
func (s *source) appended(to value, item any) []byte {
	style, open, end := s.style(), to.json.StartOffset, to.json.EndOffset-1
	outer := s.indentation(open)
	first, last, trailing := items(to.json)
	if last == 0 {
		comments := open + 1 + len(trimRight(s.text[open+1:end]))
		return s.splice(comments, end, style.eol, outer, style.unit, style.write(item, outer+style.unit, true), style.eol, outer)
	}
	before, after := ",", ""
	if trailing {
		before, after = "", ","
	}
	if !s.startsLine(first) {
		return s.splice(last, last, ",", style.space(), style.write(item, outer, false))
	}
	indent := s.indentation(first)
	written := indent + style.write(item, indent, true) + after
	line, _ := firstLine(s.text[last:end])
	if line < 0 { // the closing bracket stands behind the last item
		return s.splice(last, end, before, string(trimRight(s.text[last:end])), style.eol, written, style.eol, outer)
	}
	// What is behind the last item in its line stays there.
	next := last + line + 1
	return s.splice(last, next, before, string(s.text[last:next]), written, style.eol)
}

// items returns where the first item of an array or object starts and the last one ends, 0 where there is none, and whether a
// comma stands after it.
func items(v hujson.Value) (first, last int, trailing bool) {
	switch v := v.Value.(type) {
	case *hujson.Array:
		if n := len(v.Elements); n > 0 {
			end := v.Elements[n-1]
			return v.Elements[0].StartOffset, end.EndOffset, end.AfterExtra != nil
		}
	case *hujson.Object:
		if n := len(v.Members); n > 0 {
			end := v.Members[n-1].Value
			return v.Members[0].Name.StartOffset, end.EndOffset, end.AfterExtra != nil
		}
	}
	return 0, 0, false
}

// indentation returns the spaces at the start of the line of an offset.
func (s *source) indentation(offset int) string {
	line := s.text[1+bytes.LastIndexByte(s.text[:offset], '\n') : offset]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// startsLine reports whether nothing but spaces is before an offset in its line.
func (s *source) startsLine(offset int) bool {
	before := bytes.TrimRight(s.text[:offset], " \t")
	return bytes.HasSuffix(before, []byte("\n"))
}

// A style is how a file is laid out.
type style struct {
	unit  string // one more level of indentation
	eol   string // the end of a line
	colon string // between a name and its value
}

// style finds out the style of the file by the first member.
func (s *source) style() style {
	found := style{unit: "  ", eol: "\n", colon: ": "}
	if i := bytes.IndexByte(s.text, '\n'); i > 0 && s.text[i-1] == '\r' {
		found.eol = "\r\n"
	}
	members := s.root.json.Value.(*hujson.Object).Members
	if len(members) == 0 {
		return found
	}
	name, value := members[0].Name, members[0].Value
	if s.startsLine(name.StartOffset) {
		found.unit = strings.TrimPrefix(s.indentation(name.StartOffset), s.indentation(s.root.json.StartOffset))
	}
	if colon := string(s.text[name.EndOffset:value.StartOffset]); strings.Trim(colon, " \t") == ":" {
		found.colon = colon
	}
	return found
}

// space returns what follows a comma in a line.
func (s style) space() string {
	if s.colon == ":" {
		return ""
	}
	return " "
}

func quote(name string) string { return string(hujson.String(name)) }
