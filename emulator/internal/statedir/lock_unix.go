//go:build unix

package statedir

import (
	"errors"
	"os"
	"syscall"
)

// TryLock acquires an exclusive lock on an open file, or returns [ErrLocked]. The system releases it when the file is
// closed, also by the end of the process. bbolt acquires the same kind of lock, so a file locked here can be handed to it.
func TryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

// Unlock releases the lock of [TryLock] where bbolt could not acquire its own beside it; here it can.
func Unlock(*os.File) error { return nil }
