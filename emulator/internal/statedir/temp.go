package statedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// lockFile is held by the process that a temporary folder belongs to.
const lockFile = ".wxfn-lock"

// abandoned is the age at which an empty folder is one whose process was killed before it could lock it.
const abandoned = time.Hour

// TempDir is a temporary folder of this process, which others can tell from one that a killed process has left.
type TempDir struct {
	Path string
	lock *os.File
}

// NewTempDir makes a folder PREFIX-NUMBER in a folder, that of the system if that is empty. It removes such folders that
// killed processes have left, and touches no others: ours hold a file that the process which made them keeps locked.
func NewTempDir(in, prefix string) (*TempDir, error) {
	if in == "" {
		in = os.TempDir()
	}
	for _, left := range numbered(filepath.Join(in, prefix) + "-") {
		removeAbandoned(left)
	}
	for attempt := 0; ; attempt++ {
		d, err := newTempDir(in, prefix)
		// Another process may have taken ours for abandoned before it was locked.
		if err == nil || attempt == 3 || !errors.Is(err, ErrLocked) && !errors.Is(err, fs.ErrNotExist) {
			return d, err
		}
	}
}

func newTempDir(in, prefix string) (*TempDir, error) {
	path, err := os.MkdirTemp(in, prefix+"-*") // mode 0700
	if err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		if err = TryLock(lock); err == nil {
			_, err = os.Lstat(lock.Name()) // it may have been removed before it was locked
		}
		if err != nil {
			_ = lock.Close()
		}
	}
	if err != nil {
		_ = os.RemoveAll(path)
		return nil, err
	}
	return &TempDir{path, lock}, nil
}

// Remove removes the folder with all that is in it.
func (d *TempDir) Remove() error {
	return errors.Join(d.lock.Close(), os.RemoveAll(d.Path))
}

// removeAbandoned removes a temporary folder whose process is gone.
func removeAbandoned(path string) {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() || !owned(info) {
		return
	}
	lock := filepath.Join(path, lockFile)
	switch held, err := os.Lstat(lock); {
	case err == nil && held.Mode().IsRegular() && owned(held):
		removeIfDead(path, lock)
	case errors.Is(err, fs.ErrNotExist) && time.Since(info.ModTime()) > abandoned:
		_ = os.Remove(path) // nothing but an empty one
	}
}
