package apiuse

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestShortestPathsTakeTheFirstOfThoseOfOneLength(t *testing.T) {
	t.Parallel()
	type edges = []Edge[string, int]
	graph := map[string]edges{
		"main": {{"far", 1, 9}, {"a", 2, 2}, {"b", 3, 2}},
		"init": {{"early", 4, 1}},
		"a":    {{"end", 5, 3}, {"main", 6, 1}},
		"b":    {{"end", 7, 3}, {"far", 8, 3}},
		"lost": {{"end", 9, 1}},
	}
	paths := ShortestPaths([]string{"main", "init"}, func(f string) edges { return graph[f] })
	for to, want := range map[string]string{
		"main":  "[main]",
		"early": "[init early@init:4]",
		"end":   "[main a@main:2 end@a:5]",
		"far":   "[main b@main:3 far@b:8]",
		"lost":  "[]",
		"":      "[]",
	} {
		var names []string
		for _, s := range paths.To(to, func(f, from string, at int) Step {
			if from != "" {
				f = fmt.Sprintf("%s@%s:%d", f, from, at)
			}
			return Step{Name: f}
		}) {
			names = append(names, s.Name)
		}
		assert.Equal(t, want, fmt.Sprint(names), to)
	}
}

func TestAnAnalysisHasItsOrder(t *testing.T) {
	t.Parallel()
	at := func(file string, line, column int) Position { return Position{file, line, column} }
	use := func(api string, steps ...Position) Use {
		u := Use{API: api}
		for _, p := range steps {
			u.Path = append(u.Path, Step{Position: p})
		}
		return u
	}
	a := Analysis{
		Uses:   []Use{use("b", at("a", 1, 1)), use("a", at("b", 1, 1)), use("a", at("x", 1, 1), at("a", 2, 1)), use("a", at("a", 2, 1)), use("a", at("a", 1, 2))},
		Doubts: []Doubt{{at("a", 2, 1), "z"}, {at("a", 2, 1), "y"}, {at("a", 1, 3), "z"}, {at("a", 2, 1), "z"}},
	}
	a.Sort()
	assert.Equal(t, Analysis{
		Uses:   []Use{use("a", at("a", 1, 2)), use("a", at("a", 2, 1)), use("a", at("x", 1, 1), at("a", 2, 1)), use("a", at("b", 1, 1)), use("b", at("a", 1, 1))},
		Doubts: []Doubt{{at("a", 1, 3), "z"}, {at("a", 2, 1), "y"}, {at("a", 2, 1), "z"}},
	}, a)
}

func TestShortPathsAreShorter(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs(".")
	assert.NoError(t, err)
	assert.Equal(t, filepath.Join("testdata", "a.go"), ShortPath(filepath.Join(here, "testdata", "a.go")))
	root := filepath.VolumeName(here) + string(filepath.Separator)
	assert.Equal(t, root, ShortPath(root))
}
