package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// requiredNames returns the names, in Go spelling, of the parameters that must be there.
func requiredNames(params []catalog.Field) (names []string) {
	for _, f := range params {
		switch {
		case f.Required && f.Unless != "":
			names = append(names, catalog.GoName(f.Name)+" or "+catalog.GoName(f.Unless))
		case f.Required:
			names = append(names, catalog.GoName(f.Name))
		}
	}
	return names
}

// errorList names the error codes of an API.
func (g *generator) errorList(a *catalog.API) string {
	var list []string
	for _, e := range a.Errors {
		entry := fmt.Sprint(e.Code)
		if name := g.codes[e.Code]; name != "" {
			entry = fmt.Sprintf("%d [Code%s]", e.Code, name)
		}
		if !slices.Contains(list, entry) {
			list = append(list, entry)
		}
	}
	return strings.Join(list, ", ")
}

// enumerate returns "a, b and c".
func enumerate(list []string) string {
	last := len(list) - 1
	if last < 1 {
		return list[0]
	}
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

// inGo returns a text in which the names of an API's fields are in Go spelling, where they are no ordinary words.
func inGo(text string, a *catalog.API) string {
	known := map[string]bool{}
	var walk func([]catalog.Field)
	walk = func(fields []catalog.Field) {
		for _, f := range fields {
			known[f.Name] = true
			walk(f.Fields)
		}
	}
	walk(a.Params())
	walk(a.Response)
	return fieldName.ReplaceAllStringFunc(text, func(name string) string {
		if known[name] {
			return catalog.GoName(name)
		}
		return name
	})
}

// fieldName is a name that can only be a field's: of several words.
var fieldName = regexp.MustCompile(`\b[a-z]+(_[a-z0-9]+)+\b`)

// fieldDoc returns the comment of a field.
func fieldDoc(f catalog.Field, request bool) string {
	if !request {
		if f.Doc == "" {
			return ""
		}
		return sentence(capital(f.Doc))
	}
	word := "Optional"
	switch {
	case f.Required && f.Unless != "":
		word = "Required unless " + catalog.GoName(f.Unless) + " is given"
	case f.Required && f.Blank && f.Kind() == catalog.Number:
		word = "Required, may be 0"
	case f.Required && f.Blank:
		word = "Required, may be empty"
	case f.Required:
		word = "Required"
	}
	if f.Doc == "" {
		return word + "."
	}
	return sentence(word + ": " + f.Doc)
}

// capital returns a text that starts with a capital letter.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// sentence ends a text with a full stop.
func sentence(text string) string {
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// comment writes a text as comment lines; nothing for an empty text.
func comment(b *strings.Builder, indent, text string) {
	const width = 110
	var line bytes.Buffer
	columns := 0
	flush := func() {
		if line.Len() > 0 {
			b.WriteString(indent + "//" + line.String() + "\n")
		}
		line.Reset()
		columns = 0
	}
	for word := range strings.FieldsSeq(text) {
		size := 1
		for _, r := range word {
			size++
			if r > 0x2e80 {
				size++ // a character that is as wide as two
			}
		}
		if columns+size > width {
			flush()
		}
		line.WriteString(" " + word)
		columns += size
	}
	flush()
}
