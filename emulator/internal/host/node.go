package host

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// runnerFiles are the program that runs Node functions.
//
//go:embed runner.js modules.js
var runnerFiles embed.FS

// WriteRunner puts the program that runs Node functions into dir, and returns its path.
func WriteRunner(dir string) (path string, err error) {
	entries, _ := runnerFiles.ReadDir(".") // cannot fail
	for _, e := range entries {
		text, _ := runnerFiles.ReadFile(e.Name())
		if err == nil {
			err = writeWhole(filepath.Join(dir, e.Name()), text)
		}
	}
	if err != nil {
		return "", fmt.Errorf("the runner of Node functions: %w", err)
	}
	return filepath.Join(dir, "runner.js"), nil
}

// writeWhole writes a file unless it is there with that content. Nobody who reads it meanwhile sees a part of it.
func writeWhole(path string, text []byte) error {
	if have, err := os.ReadFile(path); err == nil && slices.Equal(have, text) {
		return nil
	}
	// Under a name of its own first: another function may be starting with it now.
	file, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// Node returns the runtime of the Node function in p.Dir. handler is "<file>.<export>", "index.main" if empty. compiled is
// the file with what was made of an entry in TypeScript, "" if there is none.
func Node(runnerPath string, p Program, handler, compiled string, account Account) (*RuntimeAPI, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("Node functions need the program node; install Node.js 18 or later")
	}
	if handler == "" {
		handler = "index.main"
	}
	// As in the cloud, where the folder is /var/user: require finds the function's files by their bare names.
	search := []string{p.Dir, filepath.Join(p.Dir, "node_modules")}
	if own := p.Environ["NODE_PATH"]; own != "" {
		search = append(search, own)
	}
	environ := map[string]string{}
	maps.Copy(environ, p.Environ)
	environ["NODE_PATH"] = strings.Join(search, string(filepath.ListSeparator))
	p.Path, p.Args, p.Environ = node, []string{runnerPath}, environ
	if compiled != "" {
		p.Args = append(p.Args, compiled)
	}
	return &RuntimeAPI{Program: p, Handler: handler, Account: account}, nil
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

// MissingPackages returns the packages that dir's package.json needs and that are not installed in dir. Those in folders
// above it do not count: the cloud has only dir.
func MissingPackages(dir string) ([]string, error) {
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(m.needs(func(name string) bool { return isInstalled(dir, name) }))), nil
}

// LackingPackages returns the packages installed in dir that lack one which they need, as an installation leaves them that
// was interrupted.
func LackingPackages(dir string) []string {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	lacking, seen := map[string]bool{}, map[string]bool{}
	var visit func(name, at string)
	visit = func(name, at string) {
		at, err := filepath.EvalSymlinks(at) // where Node looks from, as for packages that pnpm has linked
		if err != nil || seen[at] {
			return
		}
		seen[at] = true
		m, err := readManifest(at)
		if err != nil {
			return // which Node tells
		}
		found := func(name string) bool {
			dir := at
			for !isInstalled(dir, name) {
				if dir == root || filepath.Dir(dir) == dir {
					return false
				}
				dir = filepath.Dir(dir)
			}
			visit(name, filepath.Join(dir, "node_modules", name))
			return true
		}
		if len(m.needs(found)) > 0 && name != "" {
			lacking[name] = true
		}
	}
	visit("", root)
	return slices.Sorted(maps.Keys(lacking))
}

// manifest is what package.json says of a package.
type manifest struct{ Dependencies, OptionalDependencies map[string]string }

// readManifest reads the package.json of a folder, which may have none.
func readManifest(dir string) (m manifest, err error) {
	file := filepath.Join(dir, "package.json")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &m) // as npm and Node do
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// needs returns the dependencies that are not found.
func (m manifest) needs(found func(name string) bool) map[string]string {
	needed := maps.Clone(m.Dependencies)
	maps.DeleteFunc(needed, func(name, _ string) bool {
		_, optional := m.OptionalDependencies[name]
		return optional || found(name)
	})
	return needed
}

func isInstalled(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, "node_modules", name, "package.json"))
	return err == nil
}

// InstalledAbove returns the folder above dir in whose node_modules Node would find a package; "" if there is none.
func InstalledAbove(dir, name string) string {
	for parent := filepath.Dir(dir); parent != dir; dir, parent = parent, filepath.Dir(parent) {
		if isInstalled(parent, name) {
			return parent
		}
	}
	return ""
}

// InstallPackages installs what dir's package.json needs: the versions of its lock file, from where it says or else from
// the registry that npm uses here, or if these cannot be installed, any that package.json allows; lockErr is then why. The
// error holds what npm said.
func InstallPackages(ctx context.Context, dir string) (lockErr, err error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, errors.New("installing packages needs the program npm, which comes with Node.js")
	}
	install := func(args ...string) error {
		// Without workspaces: npm would install the packages of a member in the folder above, which is not uploaded.
		out, err := runTool(ctx, dir, nil, npm, append(args, "--omit=dev", "--no-audit", "--no-fund", "--no-workspaces")...)
		if err != nil {
			return fmt.Errorf("npm %s in %s: %w\n%s", args[0], dir, err, out)
		}
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "package-lock.json")); err != nil {
		return nil, install("install")
	}
	if install("ci", "--fetch-retries=0") == nil {
		return nil, nil
	}
	// Lock files of China name mirrors that are gone by now, and those of companies what is only reached inside.
	lockErr = install("ci", "--replace-registry-host=always")
	if lockErr == nil || ctx.Err() != nil || install("install", "--no-package-lock") != nil {
		return nil, lockErr
	}
	return lockErr, nil
}
