package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// A value is a JSON value at its place in a document. The zero value stands for one that is not there: looking into it
// finds nothing and reports nothing. So a setting is read straight down through objects and arrays, and a value of the
// wrong type on the way is reported where it stands.
type value struct {
	doc   *document
	key   string // its name in the object around it, "" elsewhere
	keyAt int    // the byte offset of that name
	name  string // as messages call it, such as functions[0].timeout
	json  hujson.Value

	written string // the template that the value was made of, which messages show in its place; "" where there was none
}

// kinds says how messages call the kinds of JSON values, and how to write one.
var kinds = map[hujson.Kind]struct{ name, example string }{
	'{': {"an object", "write { … }"},
	'[': {"an array", "write [ … ]"},
	'"': {"a string", "put it into double quotes"},
	'0': {"a number", "write digits without quotes"},
	't': {"a boolean", "write true or false"},
	'f': {"a boolean", "write true or false"},
	'n': {"null", "write null"},
}

func (v value) exists() bool { return v.doc != nil }

// place returns the line and the column where the value starts.
func (v value) place() (line, column int) { return v.doc.place(v.json.StartOffset) }

// report records a finding at the value.
func (v value) report(code, message, advice string) {
	v.doc.at(v.json.StartOffset, code, message, advice)
}

// is reports whether the value is there and of a kind, 't' for either boolean; another kind is reported.
func (v value) is(want hujson.Kind) bool {
	if !v.exists() {
		return false
	}
	got := v.json.Value.Kind()
	if got == 'f' {
		got = 't' // both are booleans
	}
	if got != want {
		v.report(codeWrongType, fmt.Sprintf("%s is %s, not %s", v.name, kinds[got].name, kinds[want].name), kinds[want].example)
	}
	return got == want
}

// members returns the members of an object in the order of the file. A name that stands twice is there twice.
func (v value) members() []value {
	if !v.is('{') {
		return nil
	}
	var members []value
	for _, m := range v.json.Value.(*hujson.Object).Members {
		members = append(members, v.at(m))
	}
	return members
}

// at returns a member of the object.
func (v value) at(m hujson.ObjectMember) value {
	key := literal(m.Name)
	return value{doc: v.doc, key: key, keyAt: m.Name.StartOffset, name: v.nameOf(key), json: m.Value, written: v.written}
}

// member returns the member of an object that counts under its name: the last one.
func (v value) member(key string) value {
	if !v.is('{') {
		return value{}
	}
	members := v.json.Value.(*hujson.Object).Members
	for i := len(members) - 1; i >= 0; i-- {
		if literal(members[i].Name) == key {
			return v.at(members[i])
		}
	}
	return value{}
}

// required is member for one that must be there.
func (v value) required(key, example string) value {
	m := v.member(key)
	if !m.exists() && v.exists() && v.json.Value.Kind() == '{' {
		v.report(codeMissingKey, fmt.Sprintf("%s has no %s", v.name, key), "add "+example)
	}
	return m
}

// elements returns the elements of an array.
func (v value) elements() []value {
	if !v.is('[') {
		return nil
	}
	var elements []value
	for i, e := range v.json.Value.(*hujson.Array).Elements {
		elements = append(elements, value{doc: v.doc, name: fmt.Sprintf("%s[%d]", v.name, i), json: e, written: v.written})
	}
	return elements
}

// text returns a string, and "" for anything else.
func (v value) text() string {
	s, _ := v.string()
	return s
}

// string returns a string; ok is false for anything else.
func (v value) string() (s string, ok bool) {
	if !v.is('"') {
		return "", false
	}
	return literal(v.json), true
}

// shown returns a string as messages show it: a template, not what has been filled in, which may be secret.
func (v value) shown() string {
	if v.written != "" {
		return v.written
	}
	return literal(v.json)
}

// matching is string for one that has a form; another is reported.
func (v value) matching(form *regexp.Regexp, code, advice string) (s string, ok bool) {
	s, ok = v.string()
	if ok && !form.MatchString(s) {
		v.report(code, fmt.Sprintf("%s cannot be %q", v.name, v.shown()), advice)
		ok = false
	}
	return s, ok
}

// number returns a number; ok is false for anything else.
func (v value) number() (n float64, ok bool) {
	if !v.is('0') {
		return 0, false
	}
	n, _ = strconv.ParseFloat(literal(v.json), 64) // one that is too large is infinite
	return n, true
}

// compact returns the value as JSON without comments and spaces.
func (v value) compact() json.RawMessage {
	plain := v.json.Clone()
	plain.Minimize()
	return plain.Pack()
}

// literal returns the text of a string, and other literals as they are written.
func literal(v hujson.Value) string {
	text := v.Value.(hujson.Literal)
	if text[0] == '"' && !bytes.ContainsRune(text, '\\') {
		return string(text[1 : len(text)-1]) // which is quicker
	}
	return text.String()
}

// nameOf returns the name that messages give to a member.
func (v value) nameOf(key string) string {
	if !isPlain(key) {
		key = strconv.Quote(key)
	}
	if strings.HasPrefix(v.name, "the ") {
		return key // a root has no name of its own
	}
	return v.name + "." + key
}

// isPlain reports whether a name can stand in a message without quotes.
func isPlain(key string) bool {
	return key != "" && strings.IndexFunc(key, func(c rune) bool {
		return !(c == '$' || c == '_' || c == '-' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z')
	}) < 0
}
