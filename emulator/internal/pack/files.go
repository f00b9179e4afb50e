package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A file is one that is packaged: the content of another one, or a text of ours.
type file struct {
	name       string // in the package, with forward slashes
	executable bool
	size       int64
	from       string // where it is; "" where text has the content
	text       []byte
}

func (f *file) mode() fs.FileMode {
	if f.executable {
		return 0o755
	}
	return 0o644
}

func (f *file) content() ([]byte, error) {
	if f.from == "" {
		return f.text, nil
	}
	return os.ReadFile(f.from)
}

// left are the names that are never packaged: they are for building and testing, or for tools.
var left = []string{
	"testdata", "node_modules", "vendor", "go.mod", "go.sum", "go.work", "go.work.sum",
	"project.config.json", "project.private.config.json", "cloudbaserc.json", "wxfn.json", "wxfn.stubs.json",
}

// isLeft reports whether a file or folder of that name is left out, wherever it stands.
func isLeft(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".go") || slices.Contains(left, name)
}

// collect returns the files of a function's folder that belong into its package: all but Go source, what serves only
// building and testing, names that start with a dot, and those that cloudbaserc.json says to ignore.
func collect(dir string, ignore []string) ([]file, error) {
	var files []file
	root := dir + string(filepath.Separator) // what a link leads to, if dir is one
	err := filepath.WalkDir(root, func(place string, e fs.DirEntry, err error) error {
		if err != nil {
			return unreadable(place, err)
		}
		rel, err := filepath.Rel(dir, place)
		if err != nil || rel == "." {
			return err
		}
		name := filepath.ToSlash(rel)
		if isLeft(e.Name()) || ignored(name, ignore) {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case e.IsDir():
			return nil
		case e.Type()&fs.ModeSymlink != 0:
			return fmt.Errorf("%s is a symbolic link, which has no meaning in the cloud; put the file itself there, or name it in ignore of cloudbaserc.json", place)
		case !e.Type().IsRegular():
			return fmt.Errorf("%s is no ordinary file; remove it, or name it in ignore of cloudbaserc.json", place)
		}
		info, err := e.Info()
		if err != nil {
			return unreadable(place, err)
		}
		if err := readable(place); err != nil {
			return unreadable(place, err)
		}
		files = append(files, file{name: name, from: place, size: info.Size(), executable: info.Mode()&0o111 != 0})
		return nil
	})
	return files, err
}

// readable tells before the build what would fail after it.
func readable(place string) error {
	f, err := os.Open(place)
	if err != nil {
		return err
	}
	return f.Close()
}

func unreadable(place string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("%s cannot be read: %w; correct its permissions, or name it in ignore of cloudbaserc.json", place, err)
}

// ignored reports whether one of the patterns matches a name, or a folder that it is in. A pattern is a path in which *
// stands for any part of a name, and ** for any folders.
func ignored(name string, patterns []string) bool {
	parts := strings.Split(name, "/")
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return matches(parts, strings.Split(strings.TrimPrefix(path.Clean(pattern), "/"), "/"))
	})
}

func matches(parts, pattern []string) bool {
	switch {
	case len(pattern) == 0:
		return len(parts) == 0
	case pattern[0] == "**":
		return matches(parts, pattern[1:]) || len(parts) > 0 && matches(parts[1:], pattern)
	case len(parts) == 0:
		return false
	}
	same, err := path.Match(pattern[0], parts[0])
	return err == nil && same && matches(parts[1:], pattern[1:])
}
