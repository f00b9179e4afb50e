package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// object is a JSON object with its fields in order, their values as text.
type object struct{ fields []objectField }

type objectField struct {
	name  string
	value []byte
}

func parseObject(text []byte) (*object, error) {
	rest := trimSpace(text)
	if len(rest) == 0 || rest[0] != '{' || !json.Valid(rest) {
		return nil, errors.New("it is no JSON object")
	}
	o := &object{fields: make([]objectField, 0, 8)}
	for rest = trimSpace(rest[1:]); rest[0] == '"'; {
		end := literalEnd(rest, 0)
		name := unquote(rest[:end])
		rest = trimSpace(trimSpace(rest[end:])[1:]) // behind the colon
		end = valueEnd(rest)
		o.set(name, rest[:end:end])
		if rest = trimSpace(rest[end:]); rest[0] == ',' {
			rest = trimSpace(rest[1:])
		}
	}
	return o, nil
}

// trimSpace is about what JSON takes for space.
func trimSpace(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n") }

// literalEnd returns the end of the string literal that begins at i, in valid JSON.
func literalEnd(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// valueEnd returns the end of the value that valid JSON begins with.
func valueEnd(text []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch text[i] {
		case '"':
			i = literalEnd(text, i) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 {
				return i
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
}

// unquote returns the text of a literal.
func unquote(literal []byte) string {
	if text := literal[1 : len(literal)-1]; isPlain(string(text)) {
		return string(text)
	}
	var s string
	_ = json.Unmarshal(literal, &s) // it is valid
	return s
}

// isPlain reports whether a text is the same inside a literal.
func isPlain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) < 0
}

func (o *object) index(name string) int {
	return slices.IndexFunc(o.fields, func(f objectField) bool { return f.name == name })
}

func (o *object) set(name string, value []byte) {
	o.del(name)
	o.fields = append(o.fields, objectField{name, value})
}

func (o *object) del(name string) {
	if i := o.index(name); i >= 0 {
		o.fields = slices.Delete(o.fields, i, i+1)
	}
}

// get returns the text of a field; nil where there is none.
func (o *object) get(name string) []byte {
	if i := o.index(name); i >= 0 {
		return o.fields[i].value
	}
	return nil
}

// failure returns the error that an answer reports to the call of this name; nil for a good one. As to the official SDK, an errcode is one whatever it
// is, unless it is nothing: absent, null, 0, false or an empty text.
func (o *object) failure(name string) error {
	code := string(o.get("errcode"))
	switch code {
	case "", "null", "0", "false", `""`:
		return nil
	}
	message := "undefined" // as JavaScript says it
	if text := o.get("errmsg"); text != nil {
		message = string(text)
		_ = json.Unmarshal(text, &message) // what is no text stays as it is
	}
	e := &Error{API: apiOf(name), ErrCode: CodeSystem, ErrMsg: name + ":fail " + message, RID: ridOf(message)}
	if unquoted, err := strconv.Unquote(code); err == nil {
		code = unquoted
	}
	if n, err := strconv.Atoi(code); err == nil {
		e.ErrCode = Code(n)
	} else {
		e.ErrMsg += " (errcode " + code + ")" // there is no such number
	}
	_ = json.Unmarshal(o.get("advice"), &e.Advice) // only the emulator gives any
	return e
}

// rename gives every field, and those of objects inside, the name that f makes of it.
func (o *object) rename(f func(string) string) {
	fields := o.fields
	o.fields = make([]objectField, 0, len(fields))
	for _, field := range fields {
		o.set(f(field.name), renameKeys(field.value, f))
	}
}

func (o *object) text() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o.fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(f.name))
		b.WriteByte(':')
		b.Write(f.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// renameKeys rewrites the names of all objects in a valid JSON text, and nothing else.
func renameKeys(text []byte, f func(string) string) []byte {
	if !bytes.ContainsRune(text, '{') {
		return text
	}
	out := make([]byte, 0, len(text)+16)
	for i := 0; i < len(text); {
		if text[i] != '"' {
			out = append(out, text[i])
			i++
			continue
		}
		end := literalEnd(text, i)
		literal := text[i:end]
		if rest := trimSpace(text[end:]); len(rest) > 0 && rest[0] == ':' {
			literal = []byte(quote(f(unquote(literal))))
		}
		out = append(out, literal...)
		i = end
	}
	return out
}

func (c *Client) resultName(name string) string {
	if c.keepCase {
		return name
	}
	return tcb.CamelCase(name)
}

// encodeParams returns a pair for each parameter, under the name that wireName makes of it.
func encodeParams(params any, wireName func(string) string) ([]tcb.KeyValuePair, error) {
	params, held := holdFiles(params)
	text, err := marshal(params)
	if err != nil || string(text) == "null" {
		return nil, err
	}
	o, err := parseObject(text)
	if err != nil {
		return nil, fmt.Errorf("%T must encode as a JSON object: %w", params, err)
	}
	pairs := make([]tcb.KeyValuePair, 0, len(o.fields))
	for _, f := range o.fields {
		name := wireName(f.name)
		media, ok := asMedia(f.value)
		if !ok {
			pairs = append(pairs, tcb.KeyValuePair{Key: name, Value: renameKeys(f.value, wireName)})
			continue
		}
		if value, ok := held[string(media.Value)]; ok {
			media.Value = value
		}
		pairs = append(pairs, media.pair(name))
	}
	return pairs, nil
}

// marshal is json.Marshal without HTML escapes, which the official SDK does not make.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// unmarshal is json.Unmarshal that keeps the numbers it puts into an any exact.
func unmarshal(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return dec.Decode(v)
}

func quote(s string) string {
	if isPlain(s) {
		return `"` + s + `"`
	}
	text, _ := marshal(s) // text always encodes
	return string(text)
}
