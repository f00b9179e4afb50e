package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// A Function is what a function's config.json says.
//
// See https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/openapi/openapi.html for permissions and
// https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/functions/triggers.html for triggers.
type Function struct {
	File        string       // the config.json, named as in findings
	Exists      bool         // whether there is that file; a function without one is legal, and may call no API
	Permissions []Permission // permissions.openapi in the order of the file, each name once, unknown names too
	Triggers    []Trigger    // at most one; a trigger with a fault is left out
	Broken      bool         // whether a fault, which is a finding, hides what the file permits: Permissions is then empty
}

// A Permission is an entry of permissions.openapi.
type Permission struct {
	Name         string // of an API, such as wxacode.createQRCode
	Line, Column int    // where the entry stands, as in [Finding]
}

// Allows reports whether the function may call an API. The name is compared as it stands: the cloud ignores an entry
// with a prefix or in another case.
func (f *Function) Allows(api string) bool {
	return slices.ContainsFunc(f.Permissions, func(p Permission) bool { return p.Name == api })
}

// LoadFunction reads the config.json in a function's folder. The error is about the folder; faults of the file are
// findings, with file names relative to the folder.
func LoadFunction(dir string) (*Function, []Finding, error) {
	dir, err := folder(dir)
	if err != nil {
		return nil, nil, err
	}
	r := &report{base: dir}
	return r.function(dir), r.sorted(), nil
}

// folder returns the absolute path of an existing folder.
func folder(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("config: %w; give an absolute path", err)
	}
	if _, err := os.ReadDir(abs); err != nil {
		return "", fmt.Errorf("config: %w; give a folder that can be read", err)
	}
	return abs, nil
}

func (r *report) function(dir string) *Function {
	path := filepath.Join(dir, "config.json")
	_, err := os.Stat(path)
	root := r.open(path)
	r.officialSDK(dir)
	misspelt := slices.Concat(lintKeys(root), lintKeys(root.member("permissions")))
	permitted := root.member("permissions")
	list := permitted.member("openapi")
	lost := func(v value, place string, kind hujson.Kind) bool {
		if !v.exists() {
			return slices.Contains(misspelt, place)
		}
		return v.json.Value.Kind() != kind
	}
	return &Function{
		File:        r.name(path),
		Exists:      err == nil,
		Permissions: permissions(list),
		Triggers:    triggers(root.member("triggers")),
		Broken: err == nil && !root.exists() || lost(root, "", '{') ||
			lost(permitted, "permissions", '{') || lost(list, "permissions.openapi", '['),
	}
}

func permissions(list value) []Permission {
	var found []Permission
	seen := make(map[string]bool)
	for _, entry := range list.elements() {
		name, ok := entry.string()
		switch {
		case !ok:
			continue
		case seen[name]:
			entry.report(codeDuplicatePermission, fmt.Sprintf("permission %q stands here again", name), "remove one of the entries")
			continue
		case !catalog.Known(name):
			entry.report(codeUnknownPermission, fmt.Sprintf("there is no API %q to permit", name), suggest(name))
		}
		seen[name] = true
		line, column := entry.place()
		found = append(found, Permission{Name: name, Line: line, Column: column})
	}
	return found
}

// suggest returns the advice for a name that is no API's.
func suggest(name string) string {
	var near []string
	for _, n := range catalog.Nearest(strings.TrimSpace(name), 3) {
		near = append(near, strconv.Quote(n))
	}
	if len(near) == 0 {
		return `write a name from the API reference, such as "wxacode.createQRCode"`
	}
	return "did you mean " + strings.Join(near, " or ") + "?"
}

// settings are the members of a config.json that the cloud reads, each with its place.
var settings = []struct{ key, place string }{
	{"permissions", "permissions"},
	{"openapi", "permissions.openapi"},
	{"triggers", "triggers"},
}

// lintKeys reports members that were likely meant as a setting, and returns the places of these settings. Other members
// may be anyone's, and are allowed.
func lintKeys(object value) (meant []string) {
	for _, m := range object.members() {
		for _, s := range settings {
			if m.name != s.place && distance(strings.ToLower(m.key), s.key) <= 2 {
				m.doc.at(m.keyAt, codeMisspeltKey, m.name+" is not read by the cloud", "did you mean "+s.place+"?")
				meant = append(meant, s.place)
			}
		}
	}
	return meant
}

// distance returns how many characters must be put in, left out or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
