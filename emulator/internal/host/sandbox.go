package host

import (
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// A Sandbox starts processes that can write where functions in the cloud can: below /tmp. Everything else is read-only for
// them and what they start, as far as the system has means for that; see [Sandbox.Gap]. The nil Sandbox starts processes
// that can write everywhere, such as a container.
//
// On Linux it takes a mount namespace of its own where this process may have one, as root may; files elsewhere are on a
// read-only file system then, as in the cloud (EROFS). Other users have Landlock (Linux 5.19), which denies access instead
// (EACCES). Both apply to the one thread that starts the processes, and are inherited from it.
type Sandbox struct {
	readOnly []string // folders that cannot be written, even below /tmp

	once  sync.Once
	spawn func(*exec.Cmd) error
	stop  func()
	gap   string
}

// NewSandbox returns a sandbox for the functions of a project in these folders. They cannot be written even where they are
// below /tmp.
func NewSandbox(project ...string) *Sandbox { return &Sandbox{readOnly: project} }

// start starts a process.
func (s *Sandbox) start(cmd *exec.Cmd) error {
	if s == nil {
		return spawn(cmd)
	}
	s.once.Do(s.enter)
	if s.spawn == nil {
		return errors.New("the emulator is closed")
	}
	return s.spawn(cmd)
}

// Gap returns what functions can write here and not in the cloud, and why; "" if there is nothing.
func (s *Sandbox) Gap() string {
	s.once.Do(s.enter)
	return s.gap
}

// Close ends the sandbox. Processes that it has started must have ended: the system may kill those that are left.
func (s *Sandbox) Close() {
	s.once.Do(func() {})
	if s.stop != nil {
		s.stop()
	}
	s.stop = nil
}

// refusedWrite matches the message of an error about a file that cannot be written, or may be one that cannot be read.
var refusedWrite = regexp.MustCompile(`\bEROFS\b|(?i:read-only file system)|\bEACCES: permission denied, [a-z]+ '/|\b(?:open|mkdir|remove|unlinkat|rename|symlink|link|chmod|truncate) /\S*(?: /\S*)?: permission denied`)

// explain adds what the cloud has for writing to an error that tells of it.
func (s *Sandbox) explain(err error) error {
	failure, ok := errors.AsType[*Failure](err)
	if s == nil || !ok || !refusedWrite.MatchString(failure.Message) {
		return err
	}
	explained := *failure
	explained.Message += "; in the cloud, too, a function can write only below /tmp"
	return &explained
}

// within reports whether path is dir or below it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
