package emulator

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"os"

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

// gateEnviron returns the variables by which a function's process finds its way out, together with those that the project
// sets, which win.
func (e *Emulator) gateEnviron(f *function) (map[string]string, error) {
	if f.gate == nil {
		server := e.platform.ServerFor(f.name)
		plain := server
		if f.service != nil {
			plain = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.platform.ServeSidecar(w, r, f.service.Key()) })
		}
		gate, err := e.egress.Open("function "+f.name, server, plain)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(f.ctx, gate.Close)
		e.journal.Redact(gate.Key())
		f.gate = gate
	}
	options := cmp.Or(f.folder.Env["NODE_OPTIONS"], os.Getenv("NODE_OPTIONS"))
	environ := f.gate.NodeEnviron(options)
	hook := environ["NODE_OPTIONS"]
	if !runsNode(f.folder) {
		environ = f.gate.Environ(options)
	}
	maps.Copy(environ, f.folder.Env)
	environ["NODE_OPTIONS"] = hook
	return environ, nil
}

// runsNode reports whether a function's process is Node itself.
func runsNode(dir config.FunctionDir) bool {
	return dir.Kind == config.KindNode || config.IsJavaScript(dir.Entry)
}

// CommandEnviron returns the variables by which a command that runs beside the emulator finds it in the place of the
// platform's hosts, such as https://api.weixin.qq.com: as a proxy for HTTP clients, and for Node programs by a hook.
// Other hosts are reached as they are.
func (e *Emulator) CommandEnviron() (map[string]string, error) {
	gate, err := e.egress.Open("the command", e.platform.Server(), e.platform.Server())
	if err != nil {
		return nil, err
	}
	return gate.Environ(os.Getenv("NODE_OPTIONS")), nil
}
