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

// servesHost reports whether a door stands for a host of the platform and has the request's path.
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

// variables returns those that the project sets for a function, but NODE_OPTIONS, which wayOut has.
func (f *function) variables() map[string]string {
	environ := maps.Clone(f.folder.Env)
	delete(environ, "NODE_OPTIONS")
	return environ
}

// wayOut returns what makes the variables by which a function's process finds its way out.
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

// refused prints why a request of a function was refused among what the function prints, where an invocation is running.
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

// CommandEnviron returns the variables by which a command that runs beside the emulator finds it in the place of the
// platform's hosts, such as https://api.weixin.qq.com: as a proxy for HTTP clients, and for Node programs by a hook.
// Other hosts are reached as they are.
func (e *Emulator) CommandEnviron() (map[string]string, error) {
	server := e.platform.Server()
	gate := e.egress.Gate(egress.Caller{Name: "the command", Server: server, Plain: server, Refused: func(text string) { e.log.Warn(text) }})
	e.journal.Redact(gate.Key())
	return gate.Environ(os.Getenv("NODE_OPTIONS"))
}
