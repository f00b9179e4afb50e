//go:build unix

package statedir_test

import (
	"errors"
	"os"
	"syscall"
)

func mkfifo(_, file string) error { return errors.Join(os.Remove(file), syscall.Mkfifo(file, 0o600)) }
