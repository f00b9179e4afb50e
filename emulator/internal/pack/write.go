package pack

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
)

// CheckPlace returns an error where the package must not be written to a path: into the function's folder, whose files
// are packaged, or in the place of what is no package.
func (p *Package) CheckPlace(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(p.Function.Dir, abs); err == nil && filepath.IsLocal(rel) {
		return fmt.Errorf("%s is in the function's folder, all of which is packaged; write it elsewhere with --out", path)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return unwritable(path, err)
	case IsZip(path) && info.Mode().IsRegular() && isPackage(path):
		return nil
	case !IsZip(path) && info.IsDir():
		return p.checkFolder(path)
	}
	return foreign(path, "is no package")
}

// unwritable is the error for a path at which nothing can be written; what it is about may have a passing name.
func unwritable(path string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("%s cannot be written: %w; choose another place with --out", path, err)
}

func foreign(path, what string) error {
	return fmt.Errorf("%s is there already, and %s; remove it, or choose another place with --out", path, what)
}

// isPackage reports whether a zip file is one of ours, with whatever files the function had then.
func isPackage(path string) bool {
	z, err := zip.OpenReader(path)
	if err != nil {
		return false
	}
	defer z.Close()
	isProgram := func(f *zip.File) bool { return f.Name == program && f.Mode() == 0o755 }
	isLater := func(f *zip.File) bool { return !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) }
	return slices.ContainsFunc(z.File, isProgram) && !slices.ContainsFunc(z.File, isLater)
}

// checkFolder takes a folder for a package if it has no other files than this one: nothing else tells it from others.
func (p *Package) checkFolder(path string) error {
	return filepath.WalkDir(path, func(place string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(path, place)
		if name = filepath.ToSlash(name); err == nil && p.find(name) == nil {
			err = foreign(path, "holds "+name+", which this package does not have")
		}
		return err
	})
}

// Write writes the package to a path, as a zip file where it ends in .zip, else as a folder; see [Package.CheckPlace] for
// what it takes the place of. Folders above it are made. size is that of what it has written.
func (p *Package) Write(path string) (size int64, err error) {
	path = filepath.Clean(path) // a slash at its end would make a folder its own parent
	if err := p.CheckPlace(path); err != nil {
		return 0, err
	}
	err = os.MkdirAll(filepath.Dir(path), 0o755)
	switch {
	case err != nil:
	case IsZip(path):
		size, err = p.writeZip(path)
	default:
		size, err = p.Size(), p.writeFolder(path)
	}
	if err != nil {
		return 0, unwritable(path, err)
	}
	return size, nil
}

// writeZip writes a file beside the one that it becomes, so that nobody finds half of it.
func (p *Package) writeZip(path string) (size int64, err error) {
	temp, err := besides(path)
	if err != nil {
		return 0, err
	}
	defer temp.Remove()
	zip, err := os.OpenFile(filepath.Join(temp.Path, "zip"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	err = p.zip(zip)
	if err == nil {
		size, err = zip.Seek(0, io.SeekEnd)
	}
	if err = errors.Join(err, zip.Chmod(0o644), zip.Close()); err != nil {
		return 0, err
	}
	return size, os.Rename(zip.Name(), path)
}

// besides makes a temporary folder in the file system of a path.
func besides(path string) (*statedir.TempDir, error) {
	return statedir.NewTempDir(filepath.Dir(path), ".wxfn")
}

// firstDay is the first day that a zip file can name, 1980-01-01.
const firstDay = 1<<5 | 1

// zip writes the files by name, with the same time and modes everywhere.
func (p *Package) zip(to io.Writer) error {
	w := zip.NewWriter(to)
	for _, f := range p.files {
		content, err := f.content()
		if err != nil {
			return err
		}
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		header.SetMode(f.mode())
		//lint:ignore SA1019 Modified would add a field of its own to each file
		header.ModifiedDate = firstDay
		entry, err := w.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(content); err != nil {
			return err
		}
	}
	return w.Close()
}

// writeFolder writes a folder beside the one that it becomes.
func (p *Package) writeFolder(path string) error {
	temp, err := besides(path)
	if err != nil {
		return err
	}
	defer temp.Remove()
	folder := filepath.Join(temp.Path, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	for _, f := range p.files {
		content, err := f.content()
		if err != nil {
			return err
		}
		file := filepath.Join(folder, filepath.FromSlash(f.name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, content, f.mode()), os.Chmod(file, f.mode())); err != nil {
			return err
		}
	}
	if err := errors.Join(os.Chmod(folder, 0o755), os.RemoveAll(path)); err != nil {
		return err
	}
	return os.Rename(folder, path)
}

// IsZip reports whether a package at a path is a zip file, and not a folder.
func IsZip(path string) bool { return strings.EqualFold(filepath.Ext(path), ".zip") }
