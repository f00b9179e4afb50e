package emulator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck"
)

// checked is what the last permission check has found.
type checked struct {
	findings []string
	// calls are the places of calls that the config.json does not permit, by function and API.
	calls map[[2]string]string
}

// keepChecking returns what has the permissions checked, when there is time, until the emulator is closed.
func (e *Emulator) keepChecking() (check func()) {
	if !e.config.Check {
		return func() {}
	}
	due := make(chan struct{}, 1)
	go func() {
		for {
			select {
			case <-due:
				e.checkPermissions(e.ctx)
			case <-e.ctx.Done():
				return
			}
		}
	}()
	return func() {
		select {
		case due <- struct{}{}:
		default: // one is due already
		}
	}
}

// checkPermissions compares what the functions of Dir can call with what their config.json permits, and logs what it finds
// and has not found the last time. A call that is refused then tells its place.
func (e *Emulator) checkPermissions(ctx context.Context) {
	report, err := permcheck.Check(ctx, ".", e.config.Dir)
	switch {
	case ctx.Err() != nil, errors.Is(err, permcheck.ErrNoFunctions):
		return
	case err != nil:
		e.log.Warn("permissions are not checked: " + err.Error())
		return
	}
	now := checked{calls: map[[2]string]string{}}
	last := e.checked.Load()
	rules := config.Rules() // what they find has been logged
	for _, f := range report.Findings {
		if slices.ContainsFunc(rules, func(r config.Rule) bool { return r.Code == f.Code }) {
			continue
		}
		now.findings = append(now.findings, f.String())
		if f.API != "" && len(f.Path) > 0 {
			now.calls[[2]string{f.Function, f.API}] = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
		}
		if last != nil && slices.Contains(last.findings, f.String()) {
			continue
		}
		e.log.Warn(f.String())
	}
	// A function that does not compile has said so when it was built.
	e.checked.Store(&now)
}

// calledAt returns where a function calls an API that it is not permitted, as the last check has found; "" if it has not.
func (e *Emulator) calledAt(function, api string) string {
	if c := e.checked.Load(); c != nil {
		return c.calls[[2]string{function, api}]
	}
	return ""
}
