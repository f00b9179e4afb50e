package launch

import (
	"fmt"
	"strings"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

// SplitPath splits a path from its query. As in a Mini Program, values stay as they were written: a page decodes them
// itself.
func SplitPath(path string) (page string, query map[string]string) {
	page, rest, _ := strings.Cut(path, "?")
	query = map[string]string{}
	for pair := range strings.SplitSeq(rest, "&") {
		if name, value, _ := strings.Cut(pair, "="); name != "" {
			query[name] = value
		}
	}
	return strings.TrimPrefix(page, "/"), query
}

// Unpublished explains why a page cannot be opened, or returns "" if it can be. An empty page is the home page. Where no
// app.json is known, any page passes, and the call gets a warning.
func Unpublished(env *apicall.Env, c *apicall.Call, page string) string {
	pages := env.Pages(c.AppID)
	switch {
	case pages == nil:
		c.Warn("no app.json was found, so that any page passes; in the cloud it must be a published one")
	case page != "" && !pages.Has(page):
		return fmt.Sprintf("%s has no page %q; add it", pages.File, page)
	}
	return ""
}

// MaxPath is how long a path with its query may be in most APIs, in characters.
const MaxPath = 1024

// SceneCharacters are those that a scene may contain besides letters and digits.
const SceneCharacters = "!#$&'()*+,/:;=?@-._~"

// IsSceneCharacter reports whether a scene may contain r.
func IsSceneCharacter(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune(SceneCharacters, r)
}

// EnvVersion returns the version that a code or a link opens, "" for the released one. That is the default, but an empty
// name is refused.
func EnvVersion(name *string, refusal apicall.Error) (version string, err error) {
	switch {
	case name == nil || *name == "release":
		return "", nil
	case *name == "trial" || *name == "develop":
		return *name, nil
	}
	return "", refusal.Because("env_version is %q; it may be release, trial or develop", *name)
}
