package pack

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
)

// buildEnviron is what the program must not take from the shell that it is built in: the cloud runs linux/amd64 without C
// libraries, and flags of one developer would make it another program than that of the next.
var buildEnviron = []string{
	"GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "CGO_ENABLED=0",
	"GOFLAGS=-trimpath", // an empty one would give way to what go env -w has set
	"GOFIPS140=off", "GOEXPERIMENT=",
}

// buildTime is how long the go command has to end once it is asked to.
const buildTime = 5 * time.Second

// build returns the program of the Go main package in a folder. The error has what the compiler said, in several lines.
func build(ctx context.Context, dir string) ([]byte, error) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return nil, errors.New("there is no go command, which builds Go functions; install Go from https://go.dev/dl/")
	}
	temp, err := statedir.NewTempDir("", "wxfn-package")
	if err != nil {
		return nil, err
	}
	defer temp.Remove()
	out := filepath.Join(temp.Path, program)
	cmd := exec.CommandContext(ctx, goCommand, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", out, ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), buildEnviron...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = buildTime
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err = cmd.Run()
	switch _, failed := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case failed:
		return nil, fmt.Errorf("go build for linux/amd64, without cgo and build tags, failed:\n%s", strings.TrimSpace(output.String()))
	case err != nil:
		return nil, fmt.Errorf("go build: %w", err)
	}
	binary, err := os.ReadFile(out)
	if err == nil && !bytes.HasPrefix(binary, []byte(elf.ELFMAG)) { // go build makes an archive of other packages
		err = errors.New("it is no main package; write package main, and call cloudfn.Start in main")
	}
	return binary, err
}
