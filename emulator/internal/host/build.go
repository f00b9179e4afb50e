package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"
)

// Builder builds Go functions, one build at a time: the go command itself uses all processors.
type Builder struct{ mu sync.Mutex }

// Wait returns when no build is running.
func (b *Builder) Wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
}

// target is a Go function to build.
type target struct {
	dir    string
	module string // the folder of its go.mod
	name   string // of the program, as the go command chooses it
	out    string
}

// Build builds the Go main packages in dirs into the folder bin, each with its own module, and those of one module
// together. It returns each one's program, or why it has none: for a package that does not compile, what the compiler
// said. What bin holds from before is reused by the go command.
func (b *Builder) Build(ctx context.Context, bin string, dirs []string) (programs map[string]string, failures map[string]error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	programs, failures = map[string]string{}, map[string]error{}
	modules := map[string][]*target{}
	for _, dir := range dirs {
		if err := ctx.Err(); err != nil {
			failures[dir] = fmt.Errorf("go build: %w", err)
			continue
		}
		t, err := newTarget(bin, dir)
		if err != nil {
			failures[dir] = err
			continue
		}
		modules[t.module] = append(modules[t.module], t)
	}
	for _, targets := range modules {
		for dir, err := range buildModule(ctx, targets) {
			failures[dir] = err
		}
		for _, t := range targets {
			if failures[t.dir] == nil {
				programs[t.dir] = t.out
			}
		}
	}
	return programs, failures
}

var majorVersion = regexp.MustCompile(`^v[2-9][0-9]*$|^v1[0-9]+$`)

func newTarget(bin, dir string) (*target, error) {
	module := dir
	for {
		text, err := os.ReadFile(filepath.Join(module, "go.mod"))
		if err == nil {
			rel, err := filepath.Rel(module, dir)
			if err != nil {
				return nil, err
			}
			importPath := path.Join(modfile.ModulePath(text), filepath.ToSlash(rel))
			name := path.Base(importPath)
			if majorVersion.MatchString(name) && name != importPath {
				name = path.Base(path.Dir(importPath))
			}
			if runtime.GOOS == "windows" {
				name += ".exe"
			}
			folder := fmt.Sprintf("%x", sha256.Sum256([]byte(module)))[:8]
			return &target{dir: dir, module: module, name: name, out: filepath.Join(bin, folder, name)}, nil
		}
		parent := filepath.Dir(module)
		if parent == module {
			return nil, failed("%s is in no Go module; run: go mod init NAME && go mod tidy", dir)
		}
		module = parent
	}
}

// buildModule builds the targets of one module by one go command, where it can.
func buildModule(ctx context.Context, targets []*target) map[string]error {
	names := map[string]int{}
	for _, t := range targets {
		names[t.name]++
	}
	var together []*target
	failures := map[string]error{}
	for _, t := range targets {
		if names[t.name] == 1 {
			together = append(together, t)
			continue
		}
		// The go command cannot put two programs of one name into a folder.
		t.out = filepath.Join(filepath.Dir(t.out), fmt.Sprintf("%x", sha256.Sum256([]byte(t.dir)))[:8], t.name)
		if err := goBuild(ctx, t.out, t); err != nil {
			failures[t.dir] = err
		}
	}
	if len(together) == 0 {
		return failures
	}
	if goBuild(ctx, filepath.Dir(together[0].out)+string(filepath.Separator), together...) == nil {
		return failures
	}
	// Each on its own, so that each has its own errors, and one that does not compile keeps no other one back.
	for _, t := range together {
		if err := goBuild(ctx, t.out, t); err != nil {
			failures[t.dir] = err
		}
	}
	return failures
}

func goBuild(ctx context.Context, out string, targets ...*target) error {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return failed("Go functions need the go command; install Go from https://go.dev/dl/")
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	args := []string{"build", "-o", out}
	for _, t := range targets {
		rel, err := filepath.Rel(t.module, t.dir)
		if err != nil {
			return err
		}
		args = append(args, "./"+filepath.ToSlash(rel))
	}
	// The program runs here, whatever the shell is set to build for.
	output, err := runTool(ctx, targets[0].module, []string{"GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH}, goCommand, args...)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		return fmt.Errorf("go build: %w", err)
	}
	return failed("go build failed:\n%s", output)
}

// runTool runs a program of the developer's to its end, and returns what it printed. When ctx ends first, the program
// is killed with all that it has started.
func runTool(ctx context.Context, dir string, environ []string, name string, args ...string) (output string, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), environ...)
	ownGroup(cmd)
	cmd.Cancel = func() error { killGroup(cmd); return nil }
	cmd.WaitDelay = stopTimeout
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err = spawn(cmd); err == nil {
		err = cmd.Wait()
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return strings.TrimSpace(out.String()), err
}
