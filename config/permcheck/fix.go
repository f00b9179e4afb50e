package permcheck

import (
	"errors"
	"fmt"
	"path"

	"github.com/wxcloud-go/wxfn/config"
)

// Fixes are what [Report.Fix] does beside adding what is missing.
type Fixes struct {
	Prune bool // remove entries that are not used
	Sort  bool // sort the lists that [Report.AddUnsorted] has found
}

// Fix adds the missing permissions to the config.json of each function that the report is about; entries that are there
// stay in their order. It returns the files that it has changed, named as in findings, in order. The error has a line for
// each that could not be; check again to see what is left.
func (r *Report) Fix(also Fixes) (changed []string, err error) {
	edits := map[string]*config.PermissionEdit{}
	of := func(f Finding) *config.PermissionEdit {
		if edits[f.dir] == nil {
			edits[f.dir] = &config.PermissionEdit{}
		}
		return edits[f.dir]
	}
	for _, f := range r.Findings {
		switch {
		case f.Code == codeMissingPermission:
			of(f).Add = append(of(f).Add, f.API)
		case f.unused && also.Prune:
			of(f).Remove = append(of(f).Remove, f.API)
		case f.Code == codeUnsortedPermissions && also.Sort:
			of(f).Sort = true
		}
	}
	var errs []error
	for _, dir := range sortedKeys(edits) {
		file := path.Join(dir, "config.json")
		done, err := config.EditPermissions(r.path(dir), *edits[dir])
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s could not be changed: %w", file, err))
		case done:
			changed = append(changed, file)
		}
	}
	return changed, errors.Join(errs...)
}
