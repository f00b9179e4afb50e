package permcheck

import (
	"errors"
	"fmt"
	"path"

	"github.com/wxcloud-go/wxfn/config"
)

// Fix adds what is missing to the config.json of each function that the report is about, and with prune removes what is
// unused. It returns the files that it has changed, named as in findings, in order. The error has a line for each that
// could not be; check again to see what is left.
func (r *Report) Fix(prune bool) (changed []string, err error) {
	type edit struct{ add, remove []string }
	edits := map[string]*edit{}
	of := func(f Finding) *edit {
		if edits[f.dir] == nil {
			edits[f.dir] = &edit{}
		}
		return edits[f.dir]
	}
	for _, f := range r.Findings {
		switch {
		case f.Code == codeMissingPermission:
			of(f).add = append(of(f).add, f.API)
		case f.Code == codeUnusedPermission && prune:
			of(f).remove = append(of(f).remove, f.API)
		}
	}
	var errs []error
	for _, dir := range sortedKeys(edits) {
		file := path.Join(dir, "config.json")
		done, err := config.EditPermissions(r.path(dir), edits[dir].add, edits[dir].remove)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s could not be changed: %w", file, err))
		case done:
			changed = append(changed, file)
		}
	}
	return changed, errors.Join(errs...)
}
