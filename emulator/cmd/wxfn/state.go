package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// checkDir returns what is wrong with the folder that is to be served.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usage(fmt.Errorf("there is no folder %s; name a project or a folder of functions", dir))
	case err != nil:
		return usage(fmt.Errorf("%w; name a project or a folder of functions", err))
	case !info.IsDir():
		return usage(fmt.Errorf("%s is no folder; name a project or a folder of functions", dir))
	}
	return nil
}
