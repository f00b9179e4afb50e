package host

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runSandboxed runs a shell command, and returns what it prints.
func runSandboxed(t *testing.T, s *Sandbox, command string) (output string, ok bool) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer out.Close()
	cmd := exec.Command("sh", "-c", command)
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(t, s.start(cmd))
	err = cmd.Wait()
	text, readErr := os.ReadFile(out.Name())
	require.NoError(t, readErr)
	return strings.TrimSpace(string(text)), err == nil
}

// A process in the sandbox can write below /tmp, and nowhere else; this process still can.
func TestSandbox(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parent  string // of the project
		enter   func(*Sandbox) error
		message string
	}{
		"mount namespace": {"/tmp", func(s *Sandbox) error { return s.enterBy(s.mountReadOnly) }, "Read-only file system"},
		"Landlock":        {"/var/tmp", func(s *Sandbox) error { return s.enterBy(restrictWrites) }, "Permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp(c.parent, "wxfn-test-")
			require.NoError(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			require.NoError(t, os.WriteFile(filepath.Join(dir, "there"), []byte("text"), 0o644))
			s := NewSandbox(dir)
			defer s.Close()
			if err := c.enter(s); err != nil {
				t.Skip("the system does not allow it: ", err)
			}
			s.once.Do(func() {})

			for _, command := range []string{
				"d=$(mktemp -d /tmp/wxfn-test-XXXXXX) && mkdir $d/a && echo x >$d/b && mv $d/b $d/a/c && : >$d/a/c && ln -s x $d/l && rm -r $d",
				"echo x >/dev/null && echo x >/dev/stdout && cat <<END\ntext\nEND",
				"cat " + dir + "/there",
				"sh -c 'mktemp /tmp/wxfn-test-XXXXXX | xargs rm'",
			} {
				output, ok := runSandboxed(t, s, command)
				assert.True(t, ok, "%s: %s", command, output)
			}
			for _, command := range []string{
				"echo x >DIR/new", "echo x >DIR/there", "echo x >>DIR/there", ": >DIR/there", "rm DIR/there", "mkdir DIR/new", "ln -s x DIR/new",
				"cd DIR && sh -c 'echo x >new'", "echo x >/var/tmp/wxfn-test-new",
			} {
				output, ok := runSandboxed(t, s, strings.ReplaceAll(command, "DIR", dir))
				assert.False(t, ok, command)
				assert.Contains(t, output, c.message, command)
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, "there"), nil, 0o644), "this process")
			require.NoError(t, os.Remove(filepath.Join(dir, "there")), "this process")
		})
	}
}

func TestSandboxClosed(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*Sandbox{"used": NewSandbox(), "never used": NewSandbox()} {
		if name == "used" {
			_, ok := runSandboxed(t, s, "true")
			assert.True(t, ok)
			if s.stop == nil {
				continue // the system has no means to restrict a thread
			}
		}
		s.Close()
		s.Close()
		assert.EqualError(t, s.start(exec.Command("true")), "the emulator is closed", name)
	}
	var none *Sandbox
	assert.NoError(t, none.start(exec.Command("true")), "no sandbox")
}

// What is below a writable folder and a part of the project is protected, but a folder that must be writable.
func TestSandboxProtects(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink("/tmp", link))
	s := NewSandbox("/", "/tmp", "/tmp/a", "/tmp/a", "/home/a", "/tmp/a/tmp", link)
	assert.Equal(t, []string{"/tmp/a"}, s.protected([]string{"/tmp", "/tmp/a/tmp"}))
}

// An error about a file that cannot be written says what can be.
func TestSandboxExplains(t *testing.T) {
	t.Parallel()
	s := NewSandbox()
	for message, want := range map[string]bool{
		"Error: EROFS: read-only file system, open '/var/user/a'": true,
		"Error: EACCES: permission denied, open '/home/a'":        true,
		"open /var/user/a: read-only file system":                 true,
		"mkdir /home/a: permission denied":                        true,
		"rename /home/a /tmp/a: permission denied":                true,
		"OSError: [Errno 30] Read-only file system: 'a'":          true,
		"Error: listen EACCES: permission denied 0.0.0.0:80":      false,
		"permission denied":                                       false,
		"TypeError: x is not y":                                   false,
	} {
		err := s.explain(failed("%s", message))
		assert.Equal(t, want, strings.HasSuffix(err.Error(), "; in the cloud, too, a function can write only below /tmp"), message)
	}
	assert.ErrorIs(t, s.explain(fs.ErrPermission), fs.ErrPermission)
	assert.NoError(t, s.explain(nil))
	var none *Sandbox
	assert.Equal(t, errors.New("EROFS"), none.explain(errors.New("EROFS")))
}
