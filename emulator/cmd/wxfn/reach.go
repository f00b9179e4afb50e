package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
)

// reach is how a command reaches the emulator that it asks.
type reach struct {
	emulatorURL string
	config      emulator.Config // of an emulator that is started for the command
	stateOnly   bool            // the command is about the state and not about functions: it needs the one, and says nothing of the others' files
}

func (r *reach) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.emulatorURL, "emulator", "", "base `URL` of the emulator to ask (default: $WXFN_URL)")
	f.StringVar(&r.config.Dir, "dir", ".", "`DIR` of the project, or in it; or a functions folder")
}

// find returns the emulator that runs: the one that the user names, else the one that serves the folder now; ok is false
// where there is none.
func (r *reach) find(ctx context.Context, p process) (target running, ok bool, err error) {
	address := cmp.Or(r.emulatorURL, p.getenv(wxcloud.VarEmulatorURL))
	root, err := projectOf(r.config.Dir, true, "--dir")
	if err != nil && address == "" {
		return running{}, false, err
	}
	root = cmp.Or(root, r.config.Dir)
	found, ok, err := findRunning(ctx, r.config.Dir, root)
	r.config.Dir = root
	if address == "" {
		return found, ok, err
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return running{}, false, usage(fmt.Errorf("the emulator's URL is %q; write http://HOST:PORT in --emulator or $WXFN_URL", address))
	}
	target = running{URL: strings.TrimSuffix(address, "/"), Token: p.getenv(wxcloud.VarEmulatorToken)}
	if ok && target.URL == found.URL {
		target = found // with its token
	}
	return target, true, nil
}

// target returns the emulator to ask, and what to do when that is done: one that runs, else one that is started.
func (r *reach) target(ctx context.Context, p process) (target running, stop func(), err error) {
	target, ok, err := r.find(ctx, p)
	if err != nil {
		return running{}, nil, err
	}
	if !ok {
		return r.start(p)
	}
	if r.config.Env != "" || r.config.Mode != "" || r.config.Install {
		fmt.Fprintf(p.stderr, "wxfn: warning: --env, --mode and --install have no effect: the emulator at %s runs already\n", target.URL)
	}
	return target, func() {}, nil
}

// start starts an emulator for the command.
func (r *reach) start(p process) (target running, stop func(), err error) {
	state := filepath.Join(r.config.Dir, statedir.DefaultName)
	switch err := statedir.Open(state); {
	case err == nil:
		r.config.State = state
	case r.stateOnly:
		return running{}, nil, fmt.Errorf("the state cannot be used: %w", err)
	} // else nothing is kept
	stop = func() { statedir.Tidy(r.config.State) }
	e, err := emulator.New(r.config)
	if err != nil {
		stop()
		return running{}, nil, err
	}
	stop = func() {
		_ = e.Close()
		statedir.Tidy(r.config.State)
	}
	if !r.stateOnly {
		for _, f := range e.Findings() {
			if f.Code != "missing-pages" { // which dev says once, not each call
				fmt.Fprintln(p.stderr, f)
			}
		}
	}
	address, err := e.Listen()
	if err != nil {
		stop()
		return running{}, nil, err
	}
	return running{URL: address, Token: e.Token()}, stop, nil
}
