package config

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// randomStubs returns stubs of few names and values, so that many of them have something in common.
func randomStubs(random *rand.Rand, n int) []Stub {
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	values := []any{"a", "b", 1, 1.0, json.Number("1.00"), nil, true, []any{1, "a"}, map[string]any{"x": 1},
		map[string]any{"$exists": true}, map[string]any{"$like": "a*"}, map[string]any{"$exists": false, "x": 2}}
	stubs := make([]Stub, n)
	for i := range stubs {
		s := &stubs[i]
		s.API = pick("wxacode.get", "wxacode.getUnlimited", "wxacode.*", "*", "wxa*get", "*.get", "wxacode.get*")
		s.Function = pick("", "", "*", "f", "fn", "f*")
		s.OpenID = pick("", "", "oA", "oAlice", "oA*", "*ice", "o*e")
		for range random.IntN(3) {
			if s.Params == nil {
				s.Params = map[string]any{}
			}
			s.Params[pick("path", "width", "line_color.r", "lineColor.r", "list.#")] = values[random.IntN(len(values))]
		}
		s.Times, s.After = max(0, random.IntN(4)-2), max(0, random.IntN(4)-2)
	}
	return stubs
}

// The index finds every stub that matches a call, in their order.
func TestStubIndex(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		stubs := randomStubs(random, 1+random.IntN(40))
		var x StubIndex
		for i := range stubs {
			x.Add(&stubs[i])
		}
		for _, params := range []string{`{}`, `{"path": "a", "width": 1}`, `{"width": 1.0, "line_color": {"r": 1}}`, `{"path": "ab", "list": [1, "a"], "width": true}`,
			`{"path": [1.0, "a"], "width": {"x": 10e-1}}`, `{"path": null}`} {
			for _, api := range []string{"wxacode.get", "wxacode.getUnlimited", "security.msgSecCheck"} {
				openid := []string{"", "oA", "oAlice", "oEve"}[random.IntN(4)]
				var matches, ofAPI []int
				for i := range stubs {
					misses, of := stubs[i].Misses(api, "fn", openid, []byte(params))
					if of {
						ofAPI = append(ofAPI, i)
					}
					if of && len(misses) == 0 {
						matches = append(matches, i)
					}
				}
				found := x.Candidates(api, "fn", openid, []byte(params))
				require.True(t, slices.IsSorted(found))
				for _, i := range matches {
					require.Contains(t, found, i, "%s %s of %q: %+v", api, params, openid, stubs[i])
				}
				require.Equal(t, ofAPI[:min(3, len(ofAPI))], x.OfAPI(api, 3))
			}
		}
	}
}

// A stub that can never answer is found, with the first of those that take its calls.
func TestCoverage(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	covered := 0
	for range 100 {
		stubs := randomStubs(random, 40)
		var c coverage
		for i := range stubs {
			want := slices.IndexFunc(stubs[:i], func(earlier Stub) bool { return earlier.takesAll(&stubs[i]) })
			assert.Equal(t, want, c.add(stubs[i]), "%d of %+v", i, stubs)
			if want >= 0 {
				covered++
			}
		}
	}
	assert.Greater(t, covered, 100)
}

// One of ten thousand stubs is found in less than a hundredth of a second.
func BenchmarkStubIndex(b *testing.B) {
	for name, stub := range manyStubs {
		stubs, _ := ParseStubs("stubs", []byte(stubsText(stub)), "/")
		var x StubIndex
		for i := range stubs.Stubs {
			x.Add(&stubs.Stubs[i])
		}
		b.Run(name, func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				x.Candidates("wxacode.get", "f9999", fmt.Sprintf("oUser%d", n%10_000), []byte(`{"path": "pages/item?id=9999", "width": 430}`))
				x.OfAPI("subscribeMessage.send", 5)
			}
		})
	}
}
