package permcheck

import (
	"fmt"
	"path/filepath"

	"github.com/wxcloud-go/wxfn/config"
)

// Fix adds what is missing to the config.json of each function that the report is about, and with prune removes what is
// unused. It returns the files that it has changed, named as in findings, in order. The error is about the first that
// could not be; check again to see what is left.
func (r *Report) Fix(prune bool) (changed []string, err error) {
	type edit struct{ add, remove []string }
	edits := map[string]*edit{}
	for _, f := range r.Findings {
		dir := f.dir
		if edits[dir] == nil {
			edits[dir] = &edit{}
		}
		switch {
		case f.Code == codeMissingPermission:
			edits[dir].add = append(edits[dir].add, f.API)
		case f.Code == codeUnusedPermission && prune:
			edits[dir].remove = append(edits[dir].remove, f.API)
		}
	}
	for _, dir := range sortedKeys(edits) {
		path := filepath.FromSlash(dir)
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.Base, path)
		}
		file := dir + "/config.json"
		done, err := config.EditPermissions(path, edits[dir].add, edits[dir].remove)
		if err != nil {
			return changed, fmt.Errorf("%s could not be changed: %w", file, err)
		}
		if done {
			changed = append(changed, file)
		}
	}
	return changed, nil
}
