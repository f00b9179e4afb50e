package config

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// A StubIndex finds the stubs that can match a call without looking at all of them. The zero value has none.
type StubIndex struct {
	stubs []*Stub
	keys  keyIndex
	apis  keyIndex
	paths map[string]bool // that stubs compare with a value
}

// Add adds a stub, which must not change any more. Stubs are numbered from 0 in the order in which they are added.
func (x *StubIndex) Add(s *Stub) {
	i := len(x.stubs)
	x.stubs = append(x.stubs, s)
	x.keys.add(i, s.keys(false))
	x.apis.add(i, patternKeys("api", s.API))
	for path, condition := range s.Params {
		if _, ok := valueKey(path, condition); ok && !isOperation(condition) {
			if x.paths == nil {
				x.paths = map[string]bool{}
			}
			x.paths[path] = true
		}
	}
}

// Candidates returns the numbers of the stubs that may match a call, in ascending order: all for which [Stub.Misses] finds
// nothing are among them.
func (x *StubIndex) Candidates(api, function, openid string, params []byte) []int {
	keys := callKeys(api, function, openid)
	for path := range x.paths {
		if got := parameter(params, path); got.Exists() {
			if key, ok := valueKey(path, json.RawMessage(got.Raw)); ok {
				keys = append(keys, key)
			}
		}
	}
	return x.keys.find(keys)
}

// OfAPI returns the numbers of the first stubs for an API, at most as many as most, in ascending order.
func (x *StubIndex) OfAPI(api string, most int) (first []int) {
	for _, i := range x.apis.find(nameKeys("api", api)) {
		if len(first) >= most {
			break
		}
		if wildcard(x.stubs[i].API, api) {
			first = append(first, i)
		}
	}
	return first
}

// Names reports whether a stub is for just this API.
func (x *StubIndex) Names(api string) bool { return len(x.apis.at[stubKey{"api", api}]) > 0 }

// A stubKey is a condition of a stub, in a form that a call or another stub has as well if it meets that.
type stubKey struct{ part, value string }

// keys returns the conditions of a stub: the most particular ones first. Operators are conditions that another stub can
// have, but no call.
func (s *Stub) keys(operators bool) []stubKey {
	var keys []stubKey
	for _, path := range slices.Sorted(maps.Keys(s.Params)) {
		if operators || !isOperation(s.Params[path]) {
			if key, ok := valueKey(path, s.Params[path]); ok {
				keys = append(keys, key)
			}
		}
	}
	return slices.Concat(keys, patternKeys("openid", s.OpenID), patternKeys("function", s.Function), patternKeys("api", s.API))
}

// patternKeys returns the key of a pattern: the name that it is, or what names begin with.
func patternKeys(part, pattern string) []stubKey {
	prefix, _, isPattern := strings.Cut(pattern, "*")
	switch {
	case prefix == "":
		return nil
	case isPattern:
		part += "^"
	}
	return []stubKey{{part, prefix}}
}

// nameKeys returns the keys of all patterns that may match a name.
func nameKeys(part, name string) []stubKey {
	keys := []stubKey{{part, name}}
	for end := range len(name) {
		keys = append(keys, stubKey{part + "^", name[:end+1]})
	}
	return keys
}

// callKeys returns the keys that a call, or a stub for such calls, has but for its parameters.
func callKeys(api, function, openid string) []stubKey {
	return slices.Concat(nameKeys("api", api), nameKeys("function", function), nameKeys("openid", openid))
}

// valueKey returns the key of a parameter's value. Values that are the same JSON have the same key.
func valueKey(path string, v any) (key stubKey, ok bool) {
	plain, err := plainJSON(v)
	if err != nil {
		return stubKey{}, false
	}
	text, err := json.Marshal(byValue(plain))
	return stubKey{"params." + path, string(text)}, err == nil
}

// isOperation reports whether a condition has an operator; some values that have none are taken for one, which costs time only.
func isOperation(condition any) bool {
	switch condition.(type) {
	case nil, string, bool, json.Number, int, float64:
		return false
	}
	plain, err := plainJSON(condition)
	object, ok := plain.(map[string]any)
	return err != nil || ok && slices.ContainsFunc(slices.Collect(maps.Keys(object)), func(key string) bool { return operators[key].miss != nil })
}

// parameter returns what a path finds in a call's parameters, also where it has the names that users of an SDK write.
func parameter(params []byte, path string) gjson.Result {
	if got := gjson.GetBytes(params, path); got.Exists() {
		return got
	}
	return gjson.GetBytes(params, tcb.SnakeCase(path))
}

// keyIndex finds numbers by conditions. Each number is kept under only one of its conditions, the rarest.
type keyIndex struct {
	count map[stubKey]int
	at    map[stubKey][]int
	rest  []int // numbers without any condition
}

// add adds a number, which is larger than those before.
func (x *keyIndex) add(i int, keys []stubKey) {
	if len(keys) == 0 {
		x.rest = append(x.rest, i)
		return
	}
	if x.count == nil {
		x.count, x.at = map[stubKey]int{}, map[stubKey][]int{}
	}
	rarest := slices.MinFunc(keys, func(a, b stubKey) int { return cmp.Compare(x.count[a], x.count[b]) })
	x.at[rarest] = append(x.at[rarest], i)
	for _, key := range keys {
		x.count[key]++
	}
}

// find returns the numbers that are kept under one of the conditions or under none, in ascending order.
func (x *keyIndex) find(keys []stubKey) []int {
	found := slices.Clone(x.rest)
	for _, key := range keys {
		found = append(found, x.at[key]...)
	}
	slices.Sort(found)
	return found
}

// A coverage finds stubs that can never answer, because an earlier one takes all their calls.
type coverage struct {
	stubs []Stub
	keys  keyIndex
}

// add returns the number of the first earlier stub that takes all calls of s, -1 if there is none. Then s is one of those.
func (c *coverage) add(s Stub) int {
	i := len(c.stubs)
	c.stubs = append(c.stubs, s)
	own := s.keys(true)
	params := own[:len(own)-len(patternKeys("api", s.API))-len(patternKeys("function", s.Function))-len(patternKeys("openid", s.OpenID))]
	for _, earlier := range c.keys.find(slices.Concat(params, callKeys(s.API, cmp.Or(s.Function, "*"), cmp.Or(s.OpenID, "*")))) {
		if c.stubs[earlier].takesAll(&s) {
			return earlier // and whatever s took, that one takes, too
		}
	}
	if s.After == 0 && s.Times == 0 {
		c.keys.add(i, own)
	}
	return -1
}
