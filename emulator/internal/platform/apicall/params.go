package apicall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// Check compares the call's parameters with the catalogue. The error, an [*Error], is about the first that is missing or
// has the wrong type. Those that the API does not have are only warned of.
func (c *Call) Check() error {
	if c.API == nil {
		return nil // only its name is known
	}
	if c.API.Envelope != "" {
		c.open(c.API.Envelope)
	}
	fields := c.API.Params()
	for _, f := range fields {
		c.rename(tcb.SnakeCase(f.Name), f.Name) // an SDK that converts names sends roomId as room_id
		if f.Also != "" {
			c.rename(f.Also, f.Name)
			c.rename(tcb.SnakeCase(f.Also), f.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		if !slices.ContainsFunc(fields, func(f catalog.Field) bool { return f.Name == name }) {
			c.unknown("", name, fields)
		}
	}
	for _, f := range fields {
		p := c.Params[f.Name]
		if other := c.Params[f.Unless]; f.Unless != "" && !p.Given() && other.Given() && !other.empty() {
			continue
		}
		if err := c.checkField(f, f.Name, p); err != nil {
			return err
		}
	}
	return nil
}

// rename gives a parameter the name that it has in the catalogue.
func (c *Call) rename(from, to string) {
	if p, ok := c.Params[from]; ok && from != to {
		delete(c.Params, from)
		c.Params[to] = p
	}
}

// open takes the parameters out of the object that they came in, if they did. The answer is in one, too.
func (c *Call) open(envelope string) {
	c.rename(tcb.SnakeCase(envelope), envelope)
	var inside map[string]json.RawMessage
	if p := c.Params[envelope]; p.File || json.Unmarshal(p.JSON, &inside) != nil || inside == nil {
		return
	}
	delete(c.Params, envelope)
	for name, value := range inside {
		c.Params[name] = Param{JSON: value}
	}
	c.Enveloped = true
}

// The bounds of what is said about parameters that an API does not have.
const (
	maxUnknown     = 10  // of them in one call
	maxUnknownName = 100 // bytes of a name; one that is longer is cut, and near no other
)

// unknown warns of a parameter that an API does not have; in is the path of the object that it is in.
func (c *Call) unknown(in, name string, fields []catalog.Field) {
	if c.unknowns++; c.unknowns > maxUnknown {
		return
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	near := ""
	if len(name) <= maxUnknownName {
		near = catalog.NearestOf(name, names)
	}
	warning := fmt.Sprintf("%s has no parameter %s%s", c.Name, in, journal.Cut(name, maxUnknownName))
	if near != "" {
		warning += fmt.Sprintf("; did you mean %s%s?", in, near)
	}
	c.Warn("%s", warning)
}

// checkField checks one parameter, or one field of an object in it; path names it in messages.
func (c *Call) checkField(f catalog.Field, path string, p Param) error {
	refuse := func(format string, args ...any) error {
		e := c.API.Refusal(f)
		return Error{Code: e.Code, Message: e.Message}.Because(path+" "+format, args...)
	}
	switch {
	case !p.Given() && !f.Required:
		return nil
	case !p.Given() && f.Unless != "":
		return refuse("is required, or %s", f.Unless)
	case !p.Given() && f.Type == catalog.File:
		return refuse("is required: a part of a form with a file name, or {contentType, value} of a cloud call")
	case !p.Given():
		return refuse("is required%s", meaning(f))
	case p.File != (f.Type == catalog.File):
		return refuse("must be %s", kinds[f.Type])
	}
	switch f.Type {
	case catalog.File:
		if len(p.JSON) == 0 {
			return refuse("is a file without any bytes")
		}
		return nil
	case catalog.Objects, catalog.Array, catalog.Numbers:
		return c.checkList(f, path, p.JSON, refuse)
	case catalog.Object:
		return c.checkObject(f, path, p.JSON, refuse)
	}
	if f.Type == catalog.Any && f.Of != "" && strings.IndexAny(string(bytes.TrimSpace(p.JSON)), `"-0123456789`) != 0 {
		return refuse("must be a text or a number")
	}
	if !hasType(p.JSON, f.Type, f.Float) {
		if f.Type == catalog.Number && f.Float {
			return refuse("must be a number")
		}
		return refuse("must be %s", kinds[f.Type])
	}
	if f.Required && !f.Blank && f.Kind() != catalog.Any && p.empty() {
		return refuse("is required, and may not be empty%s", meaning(f))
	}
	if f.Required && !f.Blank && f.Kind() == catalog.Number && string(bytes.TrimSpace(p.JSON)) == "0" {
		return refuse("is required, and may not be 0%s", meaning(f))
	}
	return nil
}

func (c *Call) checkList(f catalog.Field, path string, text []byte, refuse func(string, ...any) error) error {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		return refuse("must be %s", kinds[f.Type])
	}
	element := catalog.Field{Name: f.Name, Type: f.Of, Code: f.Code, Fields: f.Fields, Required: true, Blank: true}
	switch f.Type {
	case catalog.Objects:
		element.Type = catalog.Object
	case catalog.Numbers:
		element.Type = catalog.Number
	}
	if element.Type == "" {
		return nil
	}
	for i, item := range list {
		if err := c.checkField(element, fmt.Sprintf("%s[%d]", path, i), Param{JSON: item}); err != nil {
			return err
		}
	}
	return nil
}

func (c *Call) checkObject(f catalog.Field, path string, text []byte, refuse func(string, ...any) error) error {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return refuse("must be %s", kinds[f.Type])
	}
	if len(f.Fields) == 0 {
		return nil // the reference does not say what is in it
	}
	for _, inner := range f.Fields {
		value, ok := object[inner.Name]
		if !ok {
			value = object[tcb.SnakeCase(inner.Name)]
		}
		if err := c.checkField(inner, path+"."+inner.Name, Param{JSON: value}); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.ContainsFunc(f.Fields, func(f catalog.Field) bool { return f.Name == name || tcb.SnakeCase(f.Name) == name }) {
			c.unknown(path+".", name, f.Fields)
		}
	}
	return nil
}

// kinds is what messages call the types.
var kinds = map[catalog.Type]string{
	catalog.String:  "a string",
	catalog.Number:  "a whole number",
	catalog.Boolean: "true or false",
	catalog.Object:  "an object",
	catalog.Objects: "an array of objects",
	catalog.Array:   "an array",
	catalog.Numbers: "an array of whole numbers",
	catalog.File:    "a file: {contentType, value}",
	catalog.Any:     "JSON",
}

var wholeNumber = regexp.MustCompile(`^-?[0-9]+$`)

// hasType tells whether a JSON text is a value of a type that has no parts.
func hasType(text []byte, t catalog.Type, float bool) bool {
	text = bytes.TrimSpace(text)
	if !json.Valid(text) {
		return false
	}
	switch t {
	case catalog.String:
		return text[0] == '"'
	case catalog.Number:
		var n float64
		if float {
			return json.Unmarshal(text, &n) == nil
		}
		return wholeNumber.Match(text)
	case catalog.Boolean:
		return text[0] == 't' || text[0] == 'f'
	}
	return true
}

// meaning returns what a parameter is, to stand after a complaint about it.
func meaning(f catalog.Field) string {
	clause, _, _ := strings.Cut(f.Doc, "; ") // a ; alone can be one of the characters that a text may have
	if clause == "" {
		return ""
	}
	return " (" + clause + ")"
}
