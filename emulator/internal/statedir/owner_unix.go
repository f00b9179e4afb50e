//go:build unix

package statedir

import (
	"io/fs"
	"os"
	"syscall"
)

// noFollow makes opening a symbolic link fail, and opening a named pipe return at once.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// owned reports whether this user owns a file.
func owned(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// shared reports whether other users can write to a file.
func shared(info fs.FileInfo) bool { return info.Mode().Perm()&0o022 != 0 }

// writable returns why this user cannot write to a folder.
func writable(dir string) error {
	const write = 2 // W_OK
	if err := syscall.Access(dir, write); err != nil {
		return &fs.PathError{Op: "write to", Path: dir, Err: err}
	}
	return nil
}
