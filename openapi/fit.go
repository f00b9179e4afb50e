package openapi

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// fit decodes an answer that does not decode as it stands: WeChat writes some numbers as text, and some texts as
// numbers. What fits even so is decoded, and the error names the first value that does not.
func fit(text []byte, result any) error {
	var value any
	if err := unmarshal(text, &value); err != nil {
		return err
	}
	f := fitter{}
	text, err := marshal(f.value(value, reflect.TypeOf(result), ""))
	if err == nil {
		err = unmarshal(text, result)
	}
	if err == nil {
		err = f.misfit
	}
	return err
}

// fitter turns values into those that a type takes.
type fitter struct{ misfit error }

// no reports a value that does not fit, and leaves it out.
func (f *fitter) no(v any, t reflect.Type, path string) any {
	if f.misfit == nil {
		text, _ := marshal(v) // it came as JSON
		f.misfit = fmt.Errorf("%s is %.80s, and does not fit %s; see Raw", strings.TrimPrefix(path, "."), text, t)
	}
	return nil
}

func (f *fitter) value(v any, t reflect.Type, path string) any {
	if list, ok := v.([]any); ok && len(list) == 0 && (t.Kind() == reflect.Struct || t.Kind() == reflect.Map) {
		return nil // how a server in PHP writes an empty object
	}
	if p := reflect.PointerTo(t); v == nil || p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return v
	}
	switch t.Kind() {
	case reflect.Pointer:
		return f.value(v, t.Elem(), path)
	case reflect.Struct:
		object, ok := v.(map[string]any)
		if !ok {
			return f.no(v, t, path)
		}
		fields := reflect.VisibleFields(t)
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if field := fieldNamed(name, fields); field != nil {
				object[name] = f.value(object[name], field.Type, path+"."+name)
			}
		}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return v // text that encodes bytes
		}
		list, ok := v.([]any)
		if !ok {
			return f.no(v, t, path)
		}
		for i := range list {
			list[i] = f.value(list[i], t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Map:
		object, ok := v.(map[string]any)
		if !ok {
			return f.no(v, t, path)
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			object[name] = f.value(object[name], t.Elem(), path+"."+name)
		}
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return f.scalar(v, t, path)
	}
	return v
}

// fieldNamed returns the field that takes a name of JSON, as package encoding/json finds it; nil if there is none.
func fieldNamed(name string, fields []reflect.StructField) (found *reflect.StructField) {
	for i, field := range fields {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch own := cmp.Or(tag, field.Name); {
		case tag == "-" || !field.IsExported() || field.Anonymous && tag == "":
		case own == name:
			return &fields[i]
		case found == nil && strings.EqualFold(own, name):
			found = &fields[i]
		}
	}
	return found
}

func (f *fitter) scalar(v any, t reflect.Type, path string) any {
	text, ok := literal(v)
	if !ok {
		return f.no(v, t, path)
	}
	switch t.Kind() {
	case reflect.String:
		return text
	}
	if text == "" {
		return nil // a number that there is not
	}
	switch t.Kind() {
	case reflect.Bool:
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	case reflect.Float32, reflect.Float64:
		if n, err := strconv.ParseFloat(text, t.Bits()); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			return n
		}
	default:
		if n, ok := whole(text, t); ok {
			return n
		}
		const exact = 1 << 53 // from here on, a float64 may stand for another number
		if n, err := strconv.ParseFloat(text, 64); err == nil && n == math.Trunc(n) && math.Abs(n) < exact {
			if n, ok := whole(strconv.FormatFloat(n, 'f', -1, 64), t); ok { // 1.0 and 1e3 are whole, too
				return n
			}
		}
	}
	return f.no(v, t, path)
}

// whole reads a whole number of type t.
func whole(text string, t reflect.Type) (n any, ok bool) {
	var err error
	if t.Kind() < reflect.Uint {
		n, err = strconv.ParseInt(text, 10, t.Bits())
	} else {
		n, err = strconv.ParseUint(text, 10, t.Bits())
	}
	return n, err == nil
}

// literal returns the text of a scalar.
func literal(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
