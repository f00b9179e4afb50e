package statedir

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockedByte is where bbolt locks its files.
const lockedByte = 1<<32 - 1

// TryLock acquires an exclusive lock on an open file, or returns [ErrLocked]. The system releases it when the file is
// closed, also by the end of the process.
func TryLock(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
		&windows.Overlapped{Offset: lockedByte, OffsetHigh: lockedByte})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrLocked
	}
	return err
}

// Unlock releases the lock of [TryLock], so that bbolt can acquire its own.
func Unlock(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{Offset: lockedByte, OffsetHigh: lockedByte})
}
