package config

import (
	"errors"
	"os"
	"path/filepath"
)

// A PermissionEdit is a change of the permissions.openapi of a config.json.
type PermissionEdit struct {
	Add    []string // by [AddPermissions]
	Remove []string // by [RemovePermissions]
	Sort   bool     // at last, by [SortPermissions]
}

// EditPermissions changes the config.json in a function's folder, or creates it. The file is replaced as a whole, so that
// nobody reads half of it, keeps its mode and, where it is a link, changes where that leads. changed is false where there
// was nothing to do.
func EditPermissions(dir string, e PermissionEdit) (changed bool, err error) {
	file := filepath.Join(dir, "config.json")
	text, err := readFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	edited, err := AddPermissions(text, e.Add...)
	if err == nil && len(e.Remove) > 0 {
		edited, err = RemovePermissions(edited, e.Remove...)
	}
	if err == nil && e.Sort {
		edited, err = SortPermissions(edited)
	}
	if err != nil || string(edited) == string(text) {
		return false, err
	}
	return true, replaceFile(file, edited)
}

// replaceFile puts a text in the place of a file's.
func replaceFile(file string, text []byte) error {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode().Perm()
	}
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	temp, err := os.CreateTemp(filepath.Dir(file), ".config-*.json")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Chmod(mode), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}
