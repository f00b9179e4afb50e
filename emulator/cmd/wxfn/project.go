package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
)

// maxNames is how many projects an error names.
const maxNames = 10

// projectOf returns the folder of the project that a folder is, is a part of, or stands for, as seen from the working
// folder. A folder that belongs to none is returned as it is. whole is false where a part of a project, such as one
// function, is to stay one. how is the way to name another folder, such as --dir.
func projectOf(dir string, whole bool, how string) (string, error) {
	if err := checkDir(dir); err != nil {
		return "", err
	}
	p, _, err := config.LoadProject(dir)
	if several, ok := errors.AsType[*config.SeveralProjectsError](err); ok {
		var names []string
		for _, project := range several.Projects {
			names = append(names, fromHere(project))
		}
		all := len(names)
		if all > maxNames {
			names = append(names[:maxNames], "…")
		}
		return "", usage(fmt.Errorf("%s holds %d projects: %s; choose one, such as %s %s", dir, all, strings.Join(names, ", "), how, quoted(names[0])))
	}
	if err != nil {
		return "", err
	}
	if p.Root == p.Dir || p.Part && !whole {
		return dir, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return p.Root, nil
	}
	if rel, err := filepath.Rel(here, p.Root); err == nil {
		return rel, nil
	}
	return p.Root, nil // on another volume
}
