package emulator

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/egress"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
)

// servesHost reports whether a request's Host is one that the emulator stands in for, with a path that it serves.
func servesHost(p *platform.Platform, r *http.Request) bool {
	name, ok := hostName(r.Host)
	host := egress.Find(name)
	switch {
	case !ok || host == nil:
		return false
	case host.Door == egress.Admin:
		return r.URL.Path == adminPath
	}
	return host.Door == egress.Server && p.ServesPath(r.URL.Path)
}

// newGate returns the way out of a function's processes.
func (e *Emulator) newGate(f *function) *egress.Gate {
	server := e.platform.ServerFor(f.name)
	plain := server
	if f.service != nil {
		plain = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.platform.ServeSidecar(w, r, f.service.Key()) })
	}
	gate := e.egress.Gate(egress.Caller{Name: "function " + f.name, Server: server, Plain: plain,
		Refused: func(text string) { e.refused(f, text) }})
	context.AfterFunc(f.ctx, gate.Close)
	e.journal.Redact(gate.Key())
	return gate
}

// variables returns the variables that the project sets for a function, except NODE_OPTIONS, which wayOut merges.
func (f *function) variables() map[string]string {
	environ := maps.Clone(f.folder.Env)
	delete(environ, "NODE_OPTIONS")
	return environ
}

// wayOut returns a function that opens the gate and returns the variables that lead the function's processes to it.
func (e *Emulator) wayOut(f *function) func() (map[string]string, error) {
	gate := e.newGate(f)
	options := cmp.Or(f.folder.Env["NODE_OPTIONS"], os.Getenv("NODE_OPTIONS"))
	return func() (map[string]string, error) {
		if runsNode(f.folder) {
			return gate.NodeEnviron(options)
		}
		return gate.Environ(options)
	}
}

// refused adds a refusal to the output of the function's running invocation, or logs it if there is none.
func (e *Emulator) refused(f *function, text string) {
	for _, record := range slices.Backward(e.journal.All()) {
		if record.Function == f.name && record.View().Running {
			record.Print(time.Now(), "stderr", text)
			return
		}
	}
	e.log.Warn(text, "function", f.name)
}

// runsNode reports whether a function's process is Node itself.
func runsNode(dir config.FunctionDir) bool {
	return dir.Kind == config.KindNode || config.IsJavaScript(dir.Entry)
}

// CommandEnviron returns variables that lead a command's requests to the platform's hosts, such as
// https://api.weixin.qq.com, to the emulator: by a proxy, and by a hook in Node programs. Other hosts stay reachable.
func (e *Emulator) CommandEnviron() (map[string]string, error) {
	server := e.platform.Server()
	gate := e.egress.Gate(egress.Caller{Name: "the command", Server: server, Plain: server, Refused: func(text string) { e.log.Warn(text) }})
	e.journal.Redact(gate.Key())
	return gate.Environ(os.Getenv("NODE_OPTIONS"))
}
