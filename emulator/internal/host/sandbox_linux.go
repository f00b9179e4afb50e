package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writable returns the folders that can be written. Beside /tmp, these are devices and what a process can set of itself;
// also where an instance removes the file of its key, and where the tests of Go programs collect their coverage.
func writable() (dirs []string) {
	for _, dir := range []string{"/tmp", "/dev", "/dev/shm", "/proc", os.TempDir(), os.Getenv("GOCOVERDIR")} {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil || slices.Contains(dirs, real) {
			continue
		}
		if info, err := os.Stat(real); err == nil && info.IsDir() && filepath.IsAbs(real) {
			dirs = append(dirs, real)
		}
	}
	return dirs
}

// protected returns the folders of the project that are below a writable one.
func (s *Sandbox) protected(writable []string) (dirs []string) {
	for _, dir := range s.readOnly {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		inside := slices.ContainsFunc(writable, func(w string) bool { return within(w, dir) })
		if inside && !slices.Contains(writable, dir) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// enter starts the thread that starts all processes of the sandbox.
func (s *Sandbox) enter() {
	if s.enterBy(s.mountReadOnly) == nil {
		return
	}
	if err := s.enterBy(restrictWrites); err != nil {
		s.spawn = spawn
		s.gap = fmt.Sprintf("functions can write outside /tmp here, and not in the cloud: %v", err)
		return
	}
	if dirs := s.protected(writable()); len(dirs) > 0 {
		s.gap = fmt.Sprintf("functions can write to %s here, and not in the cloud: it is below /tmp; move the project elsewhere", dirs[0])
	}
}

// enterBy starts a thread that restricts itself, and starts processes from then on.
func (s *Sandbox) enterBy(restrict func() error) error {
	work, ready, closed := make(chan func()), make(chan error), make(chan struct{})
	go onThread(func() {
		err := restrict()
		ready <- err
		for err == nil {
			select {
			case f := <-work:
				f()
			case <-closed:
				return
			}
		}
	})
	if err := <-ready; err != nil {
		return err
	}
	s.stop = func() { close(closed) }
	s.spawn = func(cmd *exec.Cmd) error {
		result := make(chan error, 1)
		select {
		case work <- func() { result <- cmd.Start() }:
			return <-result
		case <-closed:
			return errors.New("the emulator is closed")
		}
	}
	return nil
}

// onThread runs f on a thread that ends with it, which the main thread would not.
func onThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		onThread(f)
	}()
	<-done
	runtime.UnlockOSThread()
}

// mountReadOnly gives the calling thread a view of the file system in which only the writable folders can be written. It
// takes the capability CAP_SYS_ADMIN, and Linux 5.12.
func (s *Sandbox) mountReadOnly() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return err
	}
	readOnly := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(-1, "/", unix.AT_RECURSIVE, readOnly); err != nil {
		return err
	}
	// Each becomes a mount of its own; those inside others come later.
	free := writable()
	dirs := slices.Concat(free, s.protected(free))
	slices.SortFunc(dirs, func(a, b string) int { return len(a) - len(b) })
	for _, dir := range dirs {
		attr, flags := readOnly, uint(unix.AT_RECURSIVE)
		if slices.Contains(free, dir) {
			attr, flags = &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}, 0
		}
		err := unix.Mount(dir, dir, "", unix.MS_BIND|unix.MS_REC, "")
		if err == nil {
			err = unix.MountSetattr(-1, dir, flags, attr)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	return nil
}

// The versions of Landlock's interface: https://docs.kernel.org/userspace-api/landlock.html.
const (
	landlockRefer    = 2 // renames and links between folders can be allowed; before, they never are
	landlockTruncate = 3
)

// restrictWrites lets the calling thread write only to the writable folders, by Landlock.
func restrictWrites() error {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 || version < landlockRefer {
		return errors.New("this kernel has no Landlock, or an old one; it takes Linux 5.19")
	}
	access := uint64(unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_REFER)
	if version >= landlockTruncate {
		access |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	rules := unix.LandlockRulesetAttr{Access_fs: access}
	// Only its first member: kernels refuse a larger one than they know.
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules.Access_fs), 0)
	if errno != 0 {
		return fmt.Errorf("landlock: %w", errno)
	}
	defer unix.Close(int(ruleset))
	for _, dir := range writable() {
		if err := allowBeneath(int(ruleset), dir, access); err != nil {
			return fmt.Errorf("landlock: %s: %w", dir, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0); errno != 0 {
		return fmt.Errorf("landlock: %w", errno)
	}
	return nil
}

func allowBeneath(ruleset int, dir string, access uint64) error {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
