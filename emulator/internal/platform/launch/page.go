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
