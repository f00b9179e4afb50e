// Package conformance has Node, the official SDK in every generation and SDKs of others ready for tests.
package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// NeedsPackages skips a test of Node functions where they cannot run, but for one in CI, where they must. dir is this
// folder, as seen from the test's.
func NeedsPackages(t testing.TB, dir string) {
	t.Helper()
	if err := install(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// install installs what package-lock.json names, unless it is there, for all functions together: their own node_modules
// are links.
func install(dir string) error {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("the official SDK needs the program %s: %w", program, err)
		}
	}
	return once(dir)
}

var (
	mu        sync.Mutex
	installed = map[string]error{}
)

func once(dir string) error {
	mu.Lock()
	defer mu.Unlock()
	err, done := installed[dir]
	if !done {
		err = errors.Join(npm(dir), link(dir))
		installed[dir] = err
	}
	return err
}

func npm(dir string) error {
	// The tests of several packages run at once, and npm begins with removing what another one installs.
	unlock, err := lockedfile.MutexAt(filepath.Join(os.TempDir(), "wxfn-conformance.lock")).Lock()
	if err != nil {
		return fmt.Errorf("npm ci in %s: %w", dir, err)
	}
	defer unlock()
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	stamp := filepath.Join(dir, "node_modules", ".installed") // the lock file of what is there
	if there, err := os.ReadFile(stamp); err == nil && bytes.Equal(there, lock) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in %s: %w: %.300s", dir, err, strings.Join(strings.Fields(string(out)), " "))
	}
	return os.WriteFile(stamp, lock, 0o644)
}

// link gives each Node function a node_modules of its own, which leads to that of dir.
func link(dir string) error {
	entries, err := filepath.Glob(filepath.Join(dir, "cloudfunctions", "*", "index.js"))
	for _, entry := range entries {
		name := filepath.Join(filepath.Dir(entry), "node_modules")
		target := filepath.Join("..", "..", "node_modules")
		if linkErr := os.Symlink(target, name); !errors.Is(linkErr, fs.ErrExist) {
			err = errors.Join(err, linkErr)
		}
	}
	return err
}
