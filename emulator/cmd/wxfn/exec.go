package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/emulator"
)

// execution is what the command line says of an exec.
type execution struct {
	process
	config   emulator.Config
	explicit bool // whether the user has named the folder
	log      string
	command  []string
}

func execCommand(p process) *cobra.Command {
	x := execution{process: p}
	cmd := &cobra.Command{
		Use:   "exec [DIR] -- COMMAND [ARG...]",
		Short: "Run a command beside a temporary emulator",
		Long: `Run COMMAND beside an emulator that serves DIR (default: the project of the current folder) on a free port and keeps nothing, and
exit with COMMAND's code. COMMAND finds the emulator by its environment:

  WXFN_URL          the emulator's URL, for POST $WXFN_URL/invoke/NAME and for wxfn invoke
  WXFN_TOKEN        the bearer token of the control API, $WXFN_URL/_wxfn/…
  WX_API_BASE_URL   the same URL, in the place of https://api.weixin.qq.com
  WX_APPID          the AppID of the emulated Mini Program
  WX_APPSECRET      its secret, which is worth nothing anywhere else
  TCB_ENV           the id of the cloud environment

Libraries that insist on https://api.weixin.qq.com reach the emulator, too:

  HTTPS_PROXY, HTTP_PROXY   a proxy for most HTTP clients (Go, curl, Python)
  NODE_OPTIONS              loads a hook, for all that Node programs send
  SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, NODE_EXTRA_CA_CERTS
                            trust the certificate authority of this run

All other hosts are reached as before; other hosts of the platform are refused.
Go programs on macOS and Windows do not read SSL_CERT_FILE: have them use
WX_API_BASE_URL there. So must clients that mind no proxy.`,
		Example: `  wxfn exec -- npm test
  wxfn exec ./cloudfunctions -- sh -c 'curl -s -H "Content-Type: application/json" -d "{}" $WXFN_URL/invoke/add'`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch dash := cmd.ArgsLenAtDash(); {
			case dash < 0 || dash == len(args):
				return errors.New("exec needs a command after --")
			case dash > 1:
				return fmt.Errorf("exec serves one folder, not %d", dash)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			x.config.Dir = "."
			dash := cmd.ArgsLenAtDash()
			if x.explicit = dash == 1; x.explicit {
				x.config.Dir = args[0]
			}
			x.command = args[dash:]
			return x.run()
		},
	}
	c, f := &x.config, cmd.Flags()
	f.StringVar(&c.AppID, "appid", "", "`APPID` of the Mini Program (default: the project's)")
	f.Var(appsOf(&c.Apps), "app", appsUsage)
	f.StringVar(&c.Env, "env", "", "id `ENV` of the cloud environment (default: the project's)")
	f.StringSliceVar(&c.AllowHosts, "allow-host", nil, allowHostUsage)
	f.StringVar(&c.Mode, "mode", "", modeUsage)
	f.StringVar(&c.OpenID, "openid", "", "`OPENID` of the default caller")
	f.BoolVar(&c.Install, "install", false, "run npm install for Node functions whose packages are missing")
	f.IntVar(&c.MaxInstances, "max-instances", 10, "run at most `N` instances of a function at once")
	f.StringVar(&x.log, "log", "", "log on stderr as `text|json` (default: warnings and errors only)")
	return cmd
}

func (x *execution) run() error {
	var err error
	if x.config.Dir, err = projectOf(x.config.Dir, !x.explicit, "wxfn exec"); err != nil {
		return err
	}
	x.config.Log = slog.New(newLineHandler(x.stderr, slog.LevelWarn))
	if x.log != "" {
		handler, err := logHandler(x.log, x.stderr)
		if err != nil {
			return usage(err)
		}
		x.config.Log = slog.New(handler)
	}
	ctx, stop := x.untilSignal()
	defer stop()
	e, err := emulator.New(x.config)
	if err != nil {
		return err
	}
	defer e.Close()
	url, err := e.Listen()
	if err != nil {
		return err
	}
	for _, f := range e.Findings() {
		fmt.Fprintln(x.stderr, f)
	}
	broken := e.Build(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		x.config.Log.Error(broken[name].Error(), "function", name)
	}
	environ := os.Environ()
	wayOut, err := e.CommandEnviron()
	if err != nil {
		return err
	}
	for name, value := range wayOut {
		environ = append(environ, name+"="+value)
	}
	err = x.runCommand(ctx, append(environ,
		"WXFN_URL="+url, "WXFN_TOKEN="+e.Token(), "WX_API_BASE_URL="+url, "WX_APPID="+e.AppID(), "WX_APPSECRET="+e.AppSecret(),
		"TCB_ENV="+e.Env()))
	x.warnUnused(slices.DeleteFunc(e.Stubs(), func(s emulator.StubState) bool { return s.Answered > 0 }))
	return err
}

// maxUnused is how many stubs that have answered no call are named.
const maxUnused = 20

func (x *execution) warnUnused(unused []emulator.StubState) {
	for _, s := range unused[:min(maxUnused, len(unused))] {
		x.config.Log.Warn(fmt.Sprintf("stub %q (%s:%d) has answered no call", cmp.Or(s.Name, s.API), s.From, s.Line))
	}
	if more := len(unused) - maxUnused; more > 0 {
		x.config.Log.Warn(fmt.Sprintf("%d more stubs have answered no call", more))
	}
}

// runCommand runs the command to its end. A signal that asks wxfn to end is passed on.
func (x *execution) runCommand(ctx context.Context, environ []string) error {
	cmd := exec.Command(x.command[0], x.command[1:]...)
	cmd.Env = environ
	cmd.Stdin, cmd.Stdout, cmd.Stderr = x.stdin, raw(x.stdout), raw(x.stderr)
	if err := cmd.Start(); err != nil {
		return usage(fmt.Errorf("the command cannot be started: %w", err))
	}
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(os.Interrupt) })()
	err := cmd.Wait()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		code := ended.ExitCode()
		if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			code = 128 + int(status.Signal()) // as a shell has it
		}
		return &exitError{code: code}
	}
	return err
}
