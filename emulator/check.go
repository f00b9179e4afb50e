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
	findings map[string]string // the function of each, by its text
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
	now := checked{findings: map[string]string{}, calls: map[[2]string]string{}}
	last := e.checked.Load()
	if last == nil {
		last = &checked{}
	}
	// A function that does not compile has said so when it was built; what runs is what was built before.
	for _, f := range report.Failures {
		for text, function := range last.findings {
			if function == f.Function {
				now.findings[text] = function
			}
		}
		for call, place := range last.calls {
			if call[0] == f.Function {
				now.calls[call] = place
			}
		}
	}
	rules := config.Rules() // what they find has been logged
	for _, f := range report.Findings {
		if slices.ContainsFunc(rules, func(r config.Rule) bool { return r.Code == f.Code }) {
			continue
		}
		now.findings[f.String()] = f.Function
		if f.API != "" && f.Severity == config.Error { // a call, not an entry of config.json
			now.calls[[2]string{f.Function, f.API}] = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
		}
		if _, told := last.findings[f.String()]; told {
			continue
		}
		e.logFinding(f.Finding)
	}
	e.checked.Store(&now)
	wrong := map[string]bool{}
	for _, function := range now.findings {
		wrong[function] = true
	}
	e.logRecovered(wrong)
}

// logFinding logs what is wrong in the project.
func (e *Emulator) logFinding(f config.Finding) {
	e.log.Log(context.Background(), f.Severity.Level(), f.Text())
}

// calledAt returns where a function calls an API that it is not permitted, as the last check has found; "" if it has not.
func (e *Emulator) calledAt(function, api string) string {
	if c := e.checked.Load(); c != nil {
		return c.calls[[2]string{function, api}]
	}
	return ""
}
