package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/emulator"
)

// stateName is the folder, inside the one that is served, for what the emulator builds and keeps.
const stateName = ".wxfn"

func devCommand() *cobra.Command {
	var c emulator.Config
	var ephemeral bool
	var log string
	cmd := &cobra.Command{
		Use:   "dev [DIR]",
		Short: "Serve the functions of a project or functions folder (default: the current one)",
		Long: `Serve the functions of a project or functions folder DIR (default: the current one).

When all that can be served is ready, dev prints the line "ready URL". Call a function with "wxfn invoke NAME", or with
POST URL/invoke/NAME; the official SDK reaches the emulator by itself. A function that cannot be built, or lacks its
packages, is reported and answers calls with that error; the others serve.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Dir = "."
			if len(args) == 1 {
				c.Dir = args[0]
			}
			handler, err := logHandler(log, cmd.ErrOrStderr())
			if err != nil {
				return usage(err)
			}
			c.Log = slog.New(handler)
			if c.State == "" && !ephemeral {
				c.State = filepath.Join(c.Dir, stateName)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return dev(ctx, c, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Addr, "addr", "127.0.0.1:7911", "address to listen on; port 0 picks one")
	identityFlags(cmd, &c)
	f.StringVar(&c.State, "state", "", "folder for what the emulator builds and keeps (default DIR/.wxfn)")
	f.BoolVar(&ephemeral, "ephemeral", false, "keep nothing after the end")
	f.Bool("no-watch", false, "do not look for changes of the functions")
	f.BoolVar(&c.Install, "install", false, "run npm install for Node functions whose packages are missing")
	f.IntVar(&c.MaxInstances, "max-instances", 10, "instances of each function at the most")
	f.StringVar(&log, "log", "text", "form of the log on stderr: text or json")
	cmd.MarkFlagsMutuallyExclusive("state", "ephemeral")
	return cmd
}

// identityFlags adds the flags that say which app, environment and user are emulated.
func identityFlags(cmd *cobra.Command, c *emulator.Config) {
	f := cmd.Flags()
	f.StringVar(&c.AppID, "appid", "", "AppID of the Mini Program (default: the project's)")
	f.StringVar(&c.Env, "env", "", "id of the cloud environment (default: the project's)")
	f.StringVar(&c.OpenID, "openid", "", "user who calls, where a call names none")
}

func dev(ctx context.Context, c emulator.Config, stdout io.Writer) error {
	e, err := newEmulator(c)
	if err != nil {
		return err
	}
	defer e.Close()
	url, err := e.Listen()
	if err != nil {
		return fmt.Errorf("%w; choose another address with --addr", err)
	}
	for _, f := range e.Findings() {
		c.Log.Warn(f.String())
	}
	for name, err := range e.Build(ctx) {
		if ctx.Err() == nil {
			c.Log.Error(err.Error(), "function", name)
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	remove, err := announce(c, running{URL: url, Token: e.Token(), PID: os.Getpid()})
	if err != nil {
		c.Log.Warn("other commands will not find this emulator: " + err.Error())
	}
	defer remove()
	fmt.Fprintln(stdout, "ready", url)
	<-ctx.Done()
	return nil
}

// newEmulator returns an emulator; that there is no folder to serve is wrong usage.
func newEmulator(c emulator.Config) (*emulator.Emulator, error) {
	e, err := emulator.New(c)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage(err)
	}
	return e, err
}

// running is what a dev leaves for other commands, in dev.json.
type running struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	PID   int    `json:"pid"`
}

// announce writes dev.json into the state folder, and where that is elsewhere, also to where commands look for it. The
// function it returns takes them away.
func announce(c emulator.Config, r running) (remove func(), err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return func() {}, err
	}
	dirs := []string{filepath.Join(c.Dir, stateName)}
	if c.State != "" && filepath.Clean(c.State) != dirs[0] {
		dirs = append(dirs, c.State)
	}
	var written []string
	remove = func() {
		for _, file := range written {
			// Another dev may have taken the place since.
			if have, err := os.ReadFile(file); err == nil && slices.Equal(have, text) {
				_ = os.Remove(file)
				_ = os.Remove(filepath.Dir(file)) // where nothing else is in it
			}
		}
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return remove, err
		}
		file := filepath.Join(dir, "dev.json")
		_ = os.Remove(file) // one of an older emulator may have another mode
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return remove, err
		}
		written = append(written, file)
	}
	return remove, nil
}

// findRunning returns the emulator that a dev serves dir with.
func findRunning(dir string) (running, bool) {
	var r running
	text, err := os.ReadFile(filepath.Join(dir, stateName, "dev.json"))
	if err != nil || json.Unmarshal(text, &r) != nil {
		return r, false
	}
	return r, r.alive()
}
