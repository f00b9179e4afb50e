package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// appCases are contents of an app.json and what becomes of them.
var appCases = []struct {
	name     string
	text     string
	home     string
	pages    []string
	findings []string
}{
	{
		name:  "the first page is the home page",
		text:  `{"pages": ["pages/index/index", "pages/logs/logs"]}`,
		home:  "pages/index/index",
		pages: []string{"pages/index/index", "pages/logs/logs"},
	},
	{
		name:  "entryPagePath is the home page",
		text:  `{"pages": ["a", "b"], "entryPagePath": "/b"}`,
		home:  "b",
		pages: []string{"a", "b"},
	},
	{
		name:  "subpackages of either spelling add pages below their root",
		text:  `{"pages": ["a"], "subPackages": [{"root": "one/", "pages": ["b"]}], "subpackages": [{"root": "/two", "pages": ["c/d"]}]}`,
		home:  "a",
		pages: []string{"a", "one/b", "two/c/d"},
	},
	{
		name:  "comments are read with a warning",
		text:  "{\n  \"pages\": [\"a\"] // one\n}",
		home:  "a",
		pages: []string{"a"},
		findings: []string{
			"app.json:2:18: warning: the file has a comment, which other tools may refuse (json-comment); remove all comments",
		},
	},
	{
		name: "an app.json without pages has none",
		text: `{}`,
		findings: []string{
			`app.json:1:1: error: the file has no pages (missing-key); add "pages": ["pages/index/index"]`,
		},
	},
	{
		name:  "values of the wrong type are left out",
		text:  `{"pages": ["a", 1], "subpackages": [{"root": "r", "pages": "b"}, {"root": "s"}]}`,
		home:  "a",
		pages: []string{"a"},
		findings: []string{
			"app.json:1:17: error: pages[1] is a number, not a string (wrong-type); put it into double quotes",
			"app.json:1:60: error: subpackages[0].pages is a string, not an array (wrong-type); write [ … ]",
			`app.json:1:66: error: subpackages[1] has no pages (missing-key); add "pages": ["pages/cat"]`,
		},
	},
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range appCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, findings, err := LoadProject(tree(t, map[string]string{
				"project.config.json":  "{}",
				"functions/a/index.js": "",
				"app.json":             c.text,
			}))
			require.NoError(t, err)
			assert.Equal(t, &Pages{File: "app.json", Home: c.home, All: c.pages}, p.Pages)
			assert.Equal(t, c.findings, lines(findings))
		})
	}
}

func TestPageIsFoundByItsExactName(t *testing.T) {
	t.Parallel()
	pages := &Pages{All: []string{"pages/index/index"}}
	for page, want := range map[string]bool{
		"pages/index/index":     true,
		"/pages/index/index":    false,
		"pages/index/index?a=1": false,
		"pages/index":           false,
		"":                      false,
	} {
		assert.Equal(t, want, pages.Has(page), page)
	}
}

func TestEveryPageIsThereWithoutAnAppJSON(t *testing.T) {
	t.Parallel()
	var pages *Pages
	assert.True(t, pages.Has("anything"))
	assert.False(t, new(Pages).Has("anything"), "an app.json without pages")
}

func TestAppJSONThatIsNoJSONTellsNoPages(t *testing.T) {
	t.Parallel()
	p, findings, err := LoadProject(tree(t, map[string]string{
		"project.config.json":  "{}",
		"functions/a/index.js": "",
		"app.json":             "{",
	}))
	require.NoError(t, err)
	assert.Nil(t, p.Pages)
	require.Len(t, findings, 1)
	assert.Equal(t, codeInvalidJSON, findings[0].Code)
}
