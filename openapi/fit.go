package openapi

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
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
	if v == nil || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
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
		for _, field := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if inner, there := object[name]; there {
				object[name] = f.value(inner, field.Type, path+"."+name)
			}
		}
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			return f.no(v, t, path)
		}
		for i := range list {
			list[i] = f.value(list[i], t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Map:
		if _, ok := v.(map[string]any); !ok {
			return f.no(v, t, path)
		}
	case reflect.Int, reflect.Float64, reflect.String, reflect.Bool:
		return f.scalar(v, t, path)
	}
	return v
}

func (f *fitter) scalar(v any, t reflect.Type, path string) any {
	text, ok := literal(v)
	if !ok {
		return f.no(v, t, path)
	}
	switch t.Kind() {
	case reflect.String:
		return text
	case reflect.Bool:
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	case reflect.Int:
		if n, err := strconv.ParseInt(text, 10, strconv.IntSize); err == nil {
			return n
		}
		const exact = 1 << 53
		if n, err := strconv.ParseFloat(text, 64); err == nil && n == math.Trunc(n) && math.Abs(n) <= exact {
			return int64(n)
		}
	case reflect.Float64:
		if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			return n
		}
	}
	return f.no(v, t, path)
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
