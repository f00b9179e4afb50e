package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
)

// ErrDamaged reports that the state file is not as it was written.
var ErrDamaged = errors.New("it is damaged")

// openOrCreate opens the file at a path, or a new one, and locks it. The error is [ErrInUse] where another process has the
// file open, and does not close it within wait.
func openOrCreate(path string, wait time.Duration) (db *bbolt.DB, info os.FileInfo, err error) {
	for {
		db, info, err = openFile(path, wait)
		if !errors.Is(err, fs.ErrNotExist) {
			return db, info, err
		}
		if err = create(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, nil, err
		}
	}
}

// openFile opens a file that exists. What it returns is locked.
func openFile(path string, wait time.Duration) (db *bbolt.DB, info os.FileInfo, err error) {
	info, err = os.Lstat(path)
	switch {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular(): // a pipe would be waited for, and a link could lead to another program's file
		return nil, nil, errors.New("it is not a regular file; move it away")
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	deadline := time.Now().Add(wait)
	for {
		if err = statedir.TryLock(f); !errors.Is(err, statedir.ErrLocked) || time.Now().After(deadline) {
			break
		}
		time.Sleep(lockRetry)
	}
	if err == nil {
		if err = verifyFile(f); err != nil {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		err = errors.Join(err, statedir.Unlock(f))
	}
	if err != nil {
		_ = f.Close()
		if errors.Is(err, statedir.ErrLocked) {
			err = ErrInUse
		}
		return nil, nil, err
	}
	if info, err = f.Stat(); err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	db, err = openBolt(f)
	return db, info, err
}

// lockRetry is how often another process's lock is tried.
const lockRetry = 20 * time.Millisecond

// create makes a new file under another name first, so that nobody finds half of one. The error is [fs.ErrExist] where
// another process was faster.
func create(path string) error {
	statedir.RemoveLeft(path)
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	db, err := openBolt(temp) // which locks it, so that no other process removes it
	if err != nil {
		return err
	}
	defer db.Close()
	err = os.Link(temp.Name(), path)
	if err != nil && !errors.Is(err, fs.ErrExist) { // not every file system has links
		if _, statErr := os.Lstat(path); !errors.Is(statErr, fs.ErrNotExist) {
			return fs.ErrExist
		}
		err = os.Rename(temp.Name(), path)
	}
	// The file's name must last as well as its content.
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return err
}

// openBolt opens an open file as a database. Its Close closes the file, as an error does.
func openBolt(f *os.File) (db *bbolt.DB, err error) {
	options := &bbolt.Options{Timeout: time.Millisecond, // 0 would be for ever
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
		OpenFile: func(string, int, os.FileMode) (*os.File, error) { return f, nil }}
	err = guarded(func() error {
		db, err = bbolt.Open(f.Name(), 0o600, options)
		return err
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		err = ErrInUse
	}
	return db, err
}

// guarded runs f, which reads the file through the memory that bbolt maps it to, and returns an error where that fails: it
// panics on what it does not expect, and where the file was cut off since, the memory is gone.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v}
		}
	}()
	return f()
}

// panicError is a panic of bbolt, after which its locks may be held for ever.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("%v: %v", ErrDamaged, e.value) }
func (e *panicError) Unwrap() error { return ErrDamaged }
