// Package statedir keeps the emulator's files apart from everybody else's: which folder it may use for its state, which
// files in it can be trusted, and which temporary ones are left by a process that has been killed.
package statedir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// DefaultName is the folder that is used in a project where the user has named none. A folder of that name is ours.
const DefaultName = ".wxfn"

// The names that the emulator uses in its state folder, beside those that [TempDir] makes.
const (
	StateFile    = "state.db"
	RunningFile  = "dev.json"
	ProgramsName = "bin"
	ignoreFile   = ".gitignore"
)

// mark is the content of a .gitignore that makes a folder ours, with everything in it. Git leaves the folder alone:
// programs belong to this machine, and dev.json holds a token.
const mark = "# wxfn keeps the state of an emulator here, and may replace or remove what is in this folder.\n*\n"

// olderMark is what earlier versions wrote; other programs write it, too.
const olderMark = "*\n"

// ErrLocked means that another process holds the lock of a file.
var ErrLocked = errors.New("another process holds the lock")

// Open makes a folder for the state of an emulator, or checks that one can be used: [DefaultName], a folder that Open has
// made, or one where the names that the emulator uses are free or hold files of an earlier version. It does not change a
// folder that holds anything. The error says in one line what is in the way.
func Open(dir string) error {
	if filepath.Base(dir) == DefaultName {
		if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return fmt.Errorf("%s is a symbolic link, which could lead anywhere; remove it, or name its target with --state", dir)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if err := writable(dir); err != nil {
		return err
	}
	if len(entries) == 0 {
		return os.WriteFile(filepath.Join(dir, ignoreFile), []byte(mark), 0o644)
	}
	ours := filepath.Base(dir) == DefaultName || isOurs(dir)
	for _, name := range []string{StateFile, RunningFile, ProgramsName} {
		if err := check(filepath.Join(dir, name), ours); err != nil {
			return err
		}
	}
	return checkPrograms(filepath.Join(dir, ProgramsName), ours)
}

// isOurs reports whether Open has made the folder.
func isOurs(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, ignoreFile))
	return err == nil && string(text) == mark
}

// check returns why a path of ours cannot be used: it is not what we would make, or another program's.
func check(path string, ours bool) error {
	info, err := os.Lstat(path)
	switch name := filepath.Base(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a symbolic link, which could lead anywhere; remove it", path)
	case name == ProgramsName && !info.IsDir():
		return fmt.Errorf("%s is not a folder; move it away", path)
	case name != ProgramsName && !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file; move it away", path)
	case name == RunningFile && !ours && !isRunning(path):
		return foreign(path)
	}
	return nil
}

// foreign is the error about a file or folder of another program. The state file is not among them: nothing is written to
// one that is not valid.
func foreign(path string) error {
	return fmt.Errorf("%s is not wxfn's, and would be replaced; choose an empty folder, or a new one", path)
}

// isRunning reports whether a file announces an emulator.
func isRunning(path string) bool {
	text, err := os.ReadFile(path)
	var r struct{ URL, Token string }
	return err == nil && json.Unmarshal(text, &r) == nil && r.URL != "" && r.Token != ""
}

// moduleName is the folder of the programs that are built from one Go module.
var moduleName = regexp.MustCompile(`^[0-9a-f]{8}$`)

// checkPrograms returns why programs cannot be built below a folder: something in it is not ours, or leads elsewhere.
func checkPrograms(bin string, ours bool) error {
	return filepath.WalkDir(bin, func(path string, e fs.DirEntry, err error) error {
		switch {
		case path == bin:
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
		case err == nil && !ours && filepath.Dir(path) == bin && !(e.IsDir() && moduleName.MatchString(e.Name())):
			return foreign(bin)
		case err == nil && e.Type()&fs.ModeSymlink != 0:
			return fmt.Errorf("%s is a symbolic link, which could lead anywhere; remove it", path)
		}
		return err
	})
}

// Tidy removes a state folder that nothing has come into.
func Tidy(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != ignoreFile {
		return
	}
	file := filepath.Join(dir, ignoreFile)
	text, err := os.ReadFile(file)
	if err != nil || string(text) != mark && (string(text) != olderMark || filepath.Base(dir) != DefaultName) {
		return // the user's own
	}
	_ = os.Remove(file)
	_ = os.Remove(dir)
}

// UnsafeError is the error about a private file that another user may have written.
type UnsafeError struct {
	Path   string
	Why    string
	Advice string
	// Foreign reports whether another user has made the folder, so that it may have nothing to do with this one's.
	Foreign bool
}

func (e *UnsafeError) Error() string { return fmt.Sprintf("%s %s; %s", e.Path, e.Why, e.Advice) }

const maxPrivate = 64 << 10 // bytes of a file that ReadPrivate reads

// ReadPrivate reads a file that [WritePrivate] has written. It must be a regular file that this user owns and nobody else
// can write, in such a folder; the error is an [UnsafeError] where it is not. On Windows, owners and modes are not checked.
func ReadPrivate(path string) ([]byte, error) {
	dir := filepath.Dir(path)
	folder, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	elsewhere := !owned(folder)
	switch {
	case elsewhere:
		return nil, &UnsafeError{dir, "belongs to another user", "it is not used; remove it, or name the emulator with --emulator", true}
	case shared(folder):
		return nil, &UnsafeError{dir, "can be written by other users", "run: chmod go-w " + dir, false}
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, &UnsafeError{path, "is a symbolic link", "it is not used; remove it", false}
	case !info.Mode().IsRegular():
		return nil, &UnsafeError{path, "is not a regular file", "it is not used; remove it", false}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil { // of the very file that is read
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, &UnsafeError{path, "is not a regular file", "it is not used; remove it", false}
	case !owned(info):
		return nil, &UnsafeError{path, "belongs to another user", "it is not used; remove it, or name the emulator with --emulator", false}
	case shared(info):
		return nil, &UnsafeError{path, "can be written by other users", "it is not used; remove it, or run: chmod 600 " + path, false}
	case info.Size() > maxPrivate:
		return nil, &UnsafeError{path, "is too large", "it is not used; remove it", false}
	}
	var text bytes.Buffer
	_, err = text.ReadFrom(f)
	return text.Bytes(), err
}

// WritePrivate writes a file that only this user can read. Readers find the old content or the new one, whenever the
// process is killed; a symbolic link in its place is replaced, and not followed.
func WritePrivate(path string, text []byte) error {
	return replace(path, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

// replace writes a file beside the one that it becomes, and removes those that killed processes have left.
func replace(path string, write func(*os.File) error) error {
	for attempt := 0; ; attempt++ {
		RemoveLeft(path)
		f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*") // mode 0600
		if err != nil {
			return err
		}
		_ = TryLock(f) // without it, another process may remove the file: then we try again
		if err = write(f); err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err == nil {
			return nil
		}
		_ = os.Remove(f.Name())
		if attempt == 3 || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// RemoveLeft removes the temporary files PATH-NUMBER that killed processes have left; those that a process has locked stay.
func RemoveLeft(path string) {
	for _, left := range numbered(path + "-") {
		if info, err := os.Lstat(left); err == nil && info.Mode().IsRegular() && owned(info) {
			removeIfDead(left, left)
		}
	}
}

// removeIfDead removes a file or folder where no process has the lock.
func removeIfDead(path, lock string) {
	f, err := os.OpenFile(lock, os.O_RDWR|noFollow, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if TryLock(f) != nil {
		return
	}
	if os.RemoveAll(path) != nil { // Windows removes no open file
		_ = f.Close()
		_ = os.RemoveAll(path)
	}
}

// numbered returns the paths that have a prefix and then only digits, as os.CreateTemp makes them.
func numbered(prefix string) []string {
	entries, err := os.ReadDir(filepath.Dir(prefix))
	if err != nil {
		return nil
	}
	var paths []string
	for _, e := range entries {
		path := filepath.Join(filepath.Dir(prefix), e.Name())
		number, ok := strings.CutPrefix(path, prefix)
		if ok && number != "" && !slices.ContainsFunc([]byte(number), func(b byte) bool { return b < '0' || b > '9' }) {
			paths = append(paths, path)
		}
	}
	return paths
}
