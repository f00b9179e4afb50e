package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tailscale/hujson"
	"github.com/tidwall/gjson"
	"github.com/tidwall/match"
)

// takesAll reports whether a stub answers every call that a later one could.
func (s *Stub) takesAll(later *Stub) bool {
	if s.After != 0 || s.Times != 0 ||
		!wildcard(s.API, later.API) ||
		!wildcard(cmp.Or(s.Function, "*"), cmp.Or(later.Function, "*")) ||
		!wildcard(cmp.Or(s.OpenID, "*"), cmp.Or(later.OpenID, "*")) {
		return false
	}
	for path, want := range s.Params {
		other, ok := later.Params[path]
		if !ok || !equalJSON(want, other) {
			return false
		}
	}
	return true
}

// wildcard reports whether a pattern has every name that another one has; a name is a pattern for itself alone. As only
// a * of the pattern can take up a * of the other, this is the comparison with a plain name.
func wildcard(pattern, name string) bool {
	switch prefix := strings.IndexByte(pattern, '*'); {
	case prefix < 0:
		return pattern == name
	case len(name) < prefix || pattern[:prefix] != name[:prefix]:
		return false
	}
	parts := strings.Split(pattern, "*")
	name, ok := strings.CutPrefix(name, parts[0])
	if !ok || len(parts) == 1 {
		return ok && name == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, rest, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = rest
	}
	return strings.HasSuffix(name, parts[last])
}

// An operator is a condition on a parameter other than a value that it must equal.
type operator struct {
	operand hujson.Kind
	example string
	miss    func(got gjson.Result, operand any) string // why it does not hold, as in [Stub.Misses]
}

// operators are what a condition may say in place of a value.
var operators = map[string]operator{
	"$like": {'"', `"$like": "*text*"`, func(got gjson.Result, operand any) string {
		pattern, _ := operand.(string)
		if matched, _ := match.MatchLimit(got.String(), pattern, maxMatchWork); matched && got.Type == gjson.String {
			return ""
		}
		return fmt.Sprintf("is %s, not like %q", shown(got), pattern)
	}},
	"$exists": {'t', `"$exists": true`, func(got gjson.Result, operand any) string {
		if got.Exists() == operand {
			return ""
		}
		return "is " + shown(got)
	}},
}

// shown returns what a path found as messages show it.
func shown(got gjson.Result) string {
	switch {
	case !got.Exists():
		return "missing"
	case utf8.RuneCountInString(got.Raw) > maxShown:
		return string([]rune(got.Raw)[:maxShown]) + "…"
	}
	return got.Raw
}

// Misses tells why a call is none that the stub answers, one clause for each condition that does not hold: none where it
// is one. After and Times need someone who counts, and are left out. ofAPI is whether the stub is for that API at all;
// where it is not, nothing else is looked at. params are the call's parameters as on the wire, a JSON object.
//
// Each of the stub's Params is a gjson path (https://github.com/tidwall/gjson/blob/master/SYNTAX.md) into them, and
// what must be there: a JSON value that it equals, numbers by their value; or an object with one or both of $like, a
// pattern with * and ? for a string, in which a \ makes them plain, and $exists, whether there is anything. A path may
// also have the names that users of an SDK write: lineColor.r.
func (s *Stub) Misses(api, function, openid string, params []byte) (misses []string, ofAPI bool) {
	if !wildcard(s.API, api) {
		return nil, false
	}
	for _, c := range []struct{ name, want, got string }{
		{"function", s.Function, function},
		{"openid", s.OpenID, openid},
	} {
		if !wildcard(cmp.Or(c.want, "*"), c.got) {
			misses = append(misses, fmt.Sprintf("%s is %q, not %q", c.name, c.got, c.want))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.Params)) {
		if m := miss(parameter(params, path), s.Params[path]); m != "" {
			misses = append(misses, path+" "+m)
		}
	}
	return misses, true
}

// miss tells why what a path found is not as a condition says.
func miss(got gjson.Result, condition any) string {
	if text, ok := condition.(string); ok && got.Type == gjson.String && text == got.Str {
		return "" // what most conditions come to, and nothing to take apart for
	}
	want, err := plainJSON(condition)
	if err != nil {
		return "is compared with what is no JSON: " + err.Error()
	}
	object, _ := want.(map[string]any)
	conditional := false
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if op, ok := operators[key]; ok {
			if m := op.miss(got, object[key]); m != "" {
				return m
			}
			conditional = true
		}
	}
	if conditional || got.Exists() && equalJSON(want, json.RawMessage(got.Raw)) {
		return ""
	}
	text, _ := json.Marshal(condition)
	return fmt.Sprintf("is %s, not %s", shown(got), shown(gjson.ParseBytes(text)))
}

// equalJSON reports whether two values are the same JSON.
func equalJSON(a, b any) bool {
	x, errX := plainJSON(a)
	y, errY := plainJSON(b)
	return errX == nil && errY == nil && reflect.DeepEqual(byValue(x), byValue(y))
}

// plainJSON returns what a value is after it has been written as JSON: maps, slices, strings, booleans, json.Number.
func plainJSON(v any) (plain any, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&plain)
	return plain, err
}

// byValue returns a plain JSON value in which equal numbers are written alike.
func byValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, e := range v {
			v[key] = byValue(e)
		}
	case []any:
		for i, e := range v {
			v[i] = byValue(e)
		}
	case json.Number:
		return normal(v)
	}
	return v
}

// normal returns a number as its digits without zeros at their ends, and an exponent: 1.50 and 15e-1 are 15e-1.
func normal(n json.Number) json.Number {
	mantissa, power, _ := strings.Cut(strings.ToLower(n.String()), "e")
	exponent, err := strconv.Atoi(cmp.Or(power, "0"))
	if err != nil {
		return n // no one means such a number
	}
	digits, sign := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	short := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(short) - len(fraction)
	if sign {
		short = "-" + short
	}
	return json.Number(short + "e" + strconv.Itoa(exponent))
}
