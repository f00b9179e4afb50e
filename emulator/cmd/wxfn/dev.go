package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
)

// serving is what the command line says of a dev.
type serving struct {
	process
	config    emulator.Config
	explicit  bool // whether the user has named the folder
	ephemeral bool
	noWatch   bool
	log       string
	write     bool

	permissionDelay bool
}

// modeUsage is what --mode says of itself.
const modeUsage = "fill the templates of cloudbaserc.json from the file .env.`MODE`, too"

func devCommand(p process) *cobra.Command {
	d := serving{process: p}
	cmd := &cobra.Command{
		Use:   "dev [DIR]",
		Short: "Serve the functions of a project or functions folder",
		Long: `Serve the functions of the project or functions folder DIR; by default those of the project that the current folder
belongs to. Of a folder with functions in a project, only these are served.

When all that can be served is ready, dev prints the line "ready URL". Call a function with "wxfn invoke NAME", or with
POST URL/invoke/NAME; HTTP functions and Cloud Run services are at URL/fn/NAME/. The official SDK reaches the emulator by itself. A function that cannot be built, or lacks its
packages, is reported and answers calls with that error; the others serve. ^C ends dev and all that it has started.

URL also stands for https://api.weixin.qq.com: it gives access tokens to the project's app, whose secret is random and in
dev.json of the state folder, and to those of --app, and takes HTTPS calls with them.`,
		Example: `  wxfn dev
  wxfn dev ./cloudfunctions --addr 127.0.0.1:0 --log json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("dev serves one folder, not %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(_ *cobra.Command, args []string) error {
			d.config.Dir = "."
			if d.explicit = len(args) == 1; d.explicit {
				d.config.Dir = args[0]
			}
			return d.run()
		},
	}
	c, f := &d.config, cmd.Flags()
	f.StringVar(&c.Addr, "addr", "127.0.0.1:7911", "listen on `HOST:PORT`; port 0 picks one")
	f.StringVar(&c.AppID, "appid", "", "`APPID` of the Mini Program (default: the project's)")
	f.Var(appsOf(&c.Apps), "app", appsUsage)
	f.StringVar(&c.Env, "env", "", "id `ENV` of the cloud environment (default: the project's, else any)")
	f.StringSliceVar(&c.AllowHosts, "allow-host", nil, "answer requests for HOST, too, by which others reach --addr; "+allowHostUsage)
	f.StringVar(&c.Mode, "mode", "", modeUsage)
	f.StringVar(&c.OpenID, "openid", "", "`OPENID` of the default caller")
	f.StringVar(&c.State, "state", "", "`FOLDER` for what the emulator builds and keeps (default DIR/.wxfn)")
	f.BoolVar(&d.ephemeral, "ephemeral", false, "discard all state on exit")
	f.BoolVar(&d.noWatch, "no-watch", false, "do not reload functions when their files change")
	f.BoolVar(&d.permissionDelay, "permission-delay", false, "apply config.json changes after 10 minutes, as the cloud does")
	f.BoolVar(&c.Install, "install", false, "run npm install for Node functions whose packages are missing")
	f.IntVar(&c.MaxInstances, "max-instances", 10, "run at most `N` instances of a function at once")
	f.BoolVar(&c.Record, "record", false, "allow every API, and on exit print what each config.json lacks")
	f.BoolVar(&d.write, "write", false, "with --record: add it to config.json at once")
	f.StringVar(&d.log, "log", "text", "log on stderr as `text|json`")
	return cmd
}

// check returns what is wrong with the command line, beyond what cobra sees.
func (d *serving) check() error {
	if d.config.State != "" && d.ephemeral {
		return usage(errors.New("--state keeps and --ephemeral does not; give one of them"))
	}
	if d.config.MaxInstances < 1 {
		return usage(fmt.Errorf("--max-instances is %d; a function needs at least 1", d.config.MaxInstances))
	}
	if d.write && !d.config.Record {
		return usage(errors.New("--write writes what --record finds; give both"))
	}
	for _, host := range d.config.AllowHosts {
		if err := emulator.CheckHost(host); err != nil {
			return usage(fmt.Errorf("--allow-host: %w", err))
		}
	}
	if _, _, err := net.SplitHostPort(d.config.Addr); err != nil {
		return usage(fmt.Errorf("--addr is %q; write HOST:PORT, such as 127.0.0.1:7911", d.config.Addr))
	}
	return nil
}

func (d *serving) run() error {
	if err := d.check(); err != nil {
		return err
	}
	handler, err := logHandler(d.log, d.stderr)
	if err != nil {
		return usage(err)
	}
	d.config.Log = slog.New(handler)
	if d.config.Dir, err = projectOf(d.config.Dir, !d.explicit, "wxfn dev"); err != nil {
		return err
	}
	if err := d.chooseState(); err != nil {
		return err
	}
	defer statedir.Tidy(d.config.State)
	ctx, stop := d.untilSignal()
	defer stop()
	d.config.Check, d.config.RecordWrite = !d.noWatch, d.write
	if d.permissionDelay {
		d.config.PermissionDelay = 10 * time.Minute
	}
	e, err := emulator.New(d.config)
	if err != nil {
		return err
	}
	defer e.Close()
	return d.serve(ctx, e)
}

// chooseState makes the state folder. Where it is not the user's choice, dev can do without.
func (d *serving) chooseState() error {
	c := &d.config
	if d.ephemeral {
		return nil
	}
	if c.State != "" {
		if err := statedir.Open(c.State); err != nil {
			return fmt.Errorf("--state: %w", err)
		}
		return nil
	}
	state := filepath.Join(c.Dir, statedir.DefaultName)
	if err := statedir.Open(state); err != nil {
		c.Log.Warn("nothing will be kept after the end: " + err.Error())
		return nil
	}
	c.State = state
	return nil
}

// serve serves until ctx ends.
func (d *serving) serve(ctx context.Context, e *emulator.Emulator) error {
	log := d.config.Log
	// Asked first, because it tells more than an address that is in use.
	if err := d.openState(ctx, e, true); err != nil {
		return err
	}
	url, err := e.Listen()
	if err != nil {
		return fmt.Errorf("%w; choose another address with --addr", err)
	}
	if host, _, _ := net.SplitHostPort(d.config.Addr); host != "localhost" && !net.ParseIP(host).IsLoopback() {
		log.Warn("--addr " + d.config.Addr + " can be reached from the network: other machines can call your functions, and nobody who calls has to prove who they are")
	}
	if err := d.openState(ctx, e, false); err != nil {
		return err
	}
	for _, f := range e.Findings() {
		log.Log(ctx, f.Severity.Level(), f.Text())
	}
	broken := e.Build(ctx)
	if ctx.Err() != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		log.Error(broken[name].Error(), "function", name)
	}
	if gap := e.WriteGap(); gap != "" {
		log.Warn(gap)
	}
	if !d.noWatch {
		e.Watch()
	}
	if other, _, ok, _ := runningIn(ctx, filepath.Join(d.config.Dir, statedir.DefaultName)); ok {
		log.Warn(fmt.Sprintf("%s serves this folder too (process %d); from now on, other commands find this emulator", other.URL, other.PID))
	}
	// Where commands look for it, and where the user has said.
	dirs := []string{filepath.Join(d.config.Dir, statedir.DefaultName)}
	if d.config.State != "" {
		dirs = append(dirs, d.config.State)
	}
	a, err := announce(running{URL: url, Token: e.Token(), PID: d.pid, AppID: e.AppID(), AppSecret: e.AppSecret()}, dirs...)
	defer a.withdraw()
	if err != nil {
		log.Warn("other commands will not find this emulator: " + err.Error())
	}
	fmt.Fprintln(d.stdout, "ready", url)
	a.keep(ctx)
	if d.config.Record {
		return d.offer(e)
	}
	return nil
}

// openState opens what the state folder keeps; where that is the first thing to be done, only if there is anything.
func (d *serving) openState(ctx context.Context, e *emulator.Emulator, first bool) error {
	state := d.config.State
	if state == "" {
		return nil
	}
	if other, _, ok, _ := runningIn(ctx, state); ok {
		return heldBy(state, other)
	}
	if _, err := os.Lstat(filepath.Join(state, statedir.StateFile)); first && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := e.OpenState()
	if err == nil {
		return nil
	}
	if errors.Is(err, emulator.ErrStateInUse) {
		// One whose dev.json was removed writes it again.
		ctx, cancel := context.WithTimeout(ctx, 3*repairEvery)
		defer cancel()
		for tick := time.Tick(repairEvery / 10); ctx.Err() == nil; {
			if other, _, ok, _ := runningIn(ctx, state); ok {
				return heldBy(state, other)
			}
			select {
			case <-tick:
			case <-ctx.Done():
			}
		}
	}
	return fmt.Errorf("--state %s: %w", state, err)
}

func heldBy(state string, other running) error {
	return fmt.Errorf("%s is the state of the emulator at %s (process %d); stop that one, or give this one another --state", state, other.URL, other.PID)
}

// offer prints what was recorded, as a change that git apply takes.
func (d *serving) offer(e *emulator.Emulator) error {
	recorded, err := e.Recorded()
	for _, r := range recorded {
		switch used := strings.Join(r.Used, ", "); {
		case len(r.Missing) == 0:
			fmt.Fprintf(d.stderr, "%s used %s; its config.json permits that\n", r.Function, used)
		case len(r.Added) == len(r.Missing):
			fmt.Fprintf(d.stderr, "%s used %s; added to %s: %s\n", r.Function, used, r.File, strings.Join(r.Missing, ", "))
		default:
			fmt.Fprintf(d.stderr, "%s used %s; %s lacks %s\n", r.Function, used, r.File, strings.Join(r.Missing, ", "))
		}
		fmt.Fprint(d.stdout, r.Diff())
	}
	if len(recorded) == 0 {
		fmt.Fprintln(d.stderr, "no function called an API")
	}
	return err
}
