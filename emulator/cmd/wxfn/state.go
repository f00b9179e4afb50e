package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stateName is the folder, inside the one that is served, for what the emulator builds and keeps.
const stateName = ".wxfn"

const ignoreFile = ".gitignore"

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

// openState makes a folder for what the emulator builds and keeps, one that git leaves alone: what is built belongs to
// this machine, and dev.json holds a token. A folder that has something in it is only checked: it may be the user's own.
func openState(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return os.WriteFile(filepath.Join(dir, ignoreFile), []byte("*\n"), 0o644)
	}
	f, err := os.CreateTemp(dir, "write-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// tidyState takes the folder away where nothing has come into it.
func tidyState(dir string) {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) == 1 && entries[0].Name() == ignoreFile {
		_ = os.Remove(filepath.Join(dir, ignoreFile))
		_ = os.Remove(dir)
	}
}
