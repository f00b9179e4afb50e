package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Deployment is the entry of a function in cloudbaserc.json, by which the CloudBase CLI deploys it.
//
// See https://docs.cloudbase.net/cli-v1/functions/configs.
type Deployment struct {
	Name       string `json:"name"`
	Dir        string `json:"dir,omitempty"`  // of its source, relative to cloudbaserc.json, with forward slashes
	Type       string `json:"type,omitempty"` // TypeHTTP; TypeEvent may be left out
	Runtime    string `json:"runtime"`        // such as Go1
	Handler    string `json:"handler"`        // such as main
	Timeout    int    `json:"timeout"`        // seconds
	MemorySize int    `json:"memorySize"`     // MB
}

// EditDeployment changes the project's cloudbaserc.json by [AddDeployment]; one that is not there is made. The file is
// replaced as a whole, so that nobody reads half of it, and keeps its mode. changed is false where there was nothing to do.
func (p *Project) EditDeployment(d Deployment) (changed bool, err error) {
	file := filepath.Join(p.Root, cloudBaseFile)
	text, err := readFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("%s: %w", file, reason(err))
	}
	edited, err := AddDeployment(text, d)
	if err != nil {
		return false, fmt.Errorf("%s: %w", file, err)
	}
	if bytes.Equal(edited, text) {
		return false, nil
	}
	return true, replaceFile(file, edited)
}

// AddDeployment returns the text of a cloudbaserc.json that has an entry for a function. Where one of its name is there
// already, only the type, the runtime and the handler are set in it. All else stays as it is to the byte: comments,
// indentation, line ends. An empty text becomes a new file. The error, of one line, says what in the text is wrong, and in
// which line.
func AddDeployment(text []byte, d Deployment) ([]byte, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{\n}\n")
	}
	r := &report{}
	s := r.source(text)
	s.root.is('{')
	list := s.root.member("functions")
	var entry value
	for _, e := range list.elements() {
		if e.member("name").text() == d.Name {
			entry = e
		}
	}
	if err := r.firstError(); err != nil {
		return nil, err
	}
	switch {
	case !list.exists():
		list := field{"functions", []any{d}}
		return slices.Concat(s.mark, s.appended(s.root, list)), nil
	case !entry.exists():
		return slices.Concat(s.mark, s.appended(list, d)), nil
	}
	kind := field{"type", cmp.Or(d.Type, TypeEvent)}
	wanted := []field{{"runtime", d.Runtime}, {"handler", d.Handler}, kind}
	for _, w := range wanted {
		switch have := entry.member(w.key); {
		case have.exists() && string(have.compact()) == string(encoded(w.value)):
			continue
		case have.exists():
			text = s.splice(have.json.StartOffset, have.json.EndOffset, string(encoded(w.value)))
		case w == kind && d.Type == "":
			continue
		default:
			text = s.appended(entry, w)
		}
		return AddDeployment(slices.Concat(s.mark, text), d) // for what is still to be set
	}
	return text, nil
}

// A field is a member that an object gets.
type field struct {
	key   string
	value any
}

// encoded returns a value as JSON in one line.
func encoded(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // only our own values are written
	}
	return bytes.TrimSpace(b.Bytes())
}

// write returns a value, or a field, in the style of a file: in lines, those after the first with an indentation, or all in
// one.
func (s style) write(v any, indent string, lines bool) string {
	if f, ok := v.(field); ok {
		return quote(f.key) + s.colon + s.write(f.value, indent, lines)
	}
	text := encoded(v)
	if !lines {
		return string(text)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, indent, s.unit); err != nil {
		panic(err) // it has just been encoded
	}
	return strings.ReplaceAll(b.String(), "\n", s.eol)
}
