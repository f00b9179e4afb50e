package host

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

//go:embed runner.js
var runner []byte

// WriteRunner puts the program that runs Node functions into dir, and returns its path.
func WriteRunner(dir string) (path string, err error) {
	path = filepath.Join(dir, "runner.js")
	if have, err := os.ReadFile(path); err == nil && slices.Equal(have, runner) {
		return path, nil
	}
	// Under a name of its own first: another function may be starting with it now.
	file, err := os.CreateTemp(dir, "runner-*.js")
	if err == nil {
		_, err = file.Write(runner)
		err = errors.Join(err, file.Close())
		if err == nil {
			err = os.Rename(file.Name(), path)
		}
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}
	if err != nil {
		return "", fmt.Errorf("the runner of Node functions: %w", err)
	}
	return path, nil
}

// Node returns the runtime of the Node function in dir. handler is "<file>.<export>", "index.main" if empty.
func Node(runnerPath, dir, handler string, environ map[string]string, account Account) (*RuntimeAPI, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("Node functions need the program node; install Node.js 18 or later")
	}
	if handler == "" {
		handler = "index.main"
	}
	return &RuntimeAPI{
		Program: Program{Path: node, Args: []string{runnerPath}, Dir: dir, Environ: environ},
		Handler: handler,
		Account: account,
	}, nil
}

// CheckNode returns what is wrong with the syntax of a Node function's file.
func CheckNode(ctx context.Context, dir, file string) error {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil // which is told when it is started
	}
	if out, err := runTool(ctx, dir, nil, node, "--check", file); err != nil {
		return failed("%s does not load:\n%s", file, out)
	}
	return nil
}

// MissingPackages returns the packages that dir's package.json needs and that are not installed.
func MissingPackages(dir string) ([]string, error) {
	file := filepath.Join(dir, "package.json")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var manifest struct{ Dependencies map[string]string }
	if err == nil {
		err = json.Unmarshal(text, &manifest)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var missing []string
	for name := range manifest.Dependencies {
		if !installed(dir, name) {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing, nil
}

// installed looks for a package where Node does: in node_modules of dir and of the folders above it.
func installed(dir, name string) bool {
	for {
		if _, err := os.Stat(filepath.Join(dir, "node_modules", name, "package.json")); err == nil {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}

// InstallPackages installs what dir's package.json needs. The error holds what npm said.
func InstallPackages(ctx context.Context, dir string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return errors.New("installing packages needs the program npm, which comes with Node.js")
	}
	verb := "install"
	if _, err := os.Stat(filepath.Join(dir, "package-lock.json")); err == nil {
		verb = "ci" // which leaves the lock file as it is
	}
	out, err := runTool(ctx, dir, nil, npm, verb, "--omit=dev", "--no-audit", "--no-fund")
	if err != nil {
		return fmt.Errorf("npm %s in %s: %w\n%s", verb, dir, err, out)
	}
	return nil
}
