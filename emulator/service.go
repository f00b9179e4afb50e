package emulator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/host"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
)

// prepareService makes a function ready that serves HTTP.
//
// An instance of an HTTP function answers one request at a time, and others are started beside it, as
// https://cloud.tencent.com/document/product/583/123888 has it, but where instanceConcurrencyConfig in cloudbaserc.json
// says that an instance answers several. A Cloud Run service has one instance here, which answers all.
func (e *Emulator) prepareService(ctx context.Context, f *function, build buildFunc) (*host.Function, error) {
	dir := f.folder
	if err := e.installPackages(ctx, dir); err != nil {
		return nil, err
	}
	program, err := e.serviceProgram(ctx, f, build)
	if err != nil {
		return nil, err
	}
	if program.Environ, err = e.serviceEnviron(f); err != nil {
		return nil, err
	}
	program.Late = e.wayOut(f)
	if dir.Kind != config.KindCloudRun { // a container can write to all its files
		program.Sandbox = e.sandbox
	}
	runtime := &host.HTTP{Name: dir.Name, Port: dir.Port, Program: program}
	if dir.Kind == config.KindCloudRun {
		hosted := host.New(dir.Name, runtime, host.NoTimeout, dir.MemoryMB, 1)
		hosted.Share(host.Unbounded)
		return hosted, nil
	}
	hosted := host.New(dir.Name, runtime, dir.Timeout, dir.MemoryMB, e.config.MaxInstances)
	hosted.Share(max(1, dir.Concurrency))
	return hosted, nil
}

// serviceProgram returns the command that starts a web server.
func (e *Emulator) serviceProgram(ctx context.Context, f *function, build buildFunc) (host.Program, error) {
	dir := f.folder
	if config.IsJavaScript(dir.Entry) {
		if f.renewal {
			if err := host.CheckNode(ctx, dir.Dir, dir.Entry); err != nil {
				return host.Program{}, err
			}
		}
		node, err := exec.LookPath("node")
		if err != nil {
			return host.Program{}, errors.New("the web server is a Node program, and needs node; install Node.js 18 or later")
		}
		return host.Program{Path: node, Args: []string{dir.Entry}, Dir: dir.Dir}, nil
	}
	path, err := e.programOf(ctx, f, build)
	if err != nil {
		return host.Program{}, err
	}
	return host.Script(path, dir.Dir), nil
}

// serviceEnviron returns the variables of a web server. There is no secret among them but the ways to call APIs as the
// function.
func (e *Emulator) serviceEnviron(f *function) (map[string]string, error) {
	url, err := e.Listen()
	if err != nil {
		return nil, err
	}
	token, err := e.addToken(f)
	if err != nil {
		return nil, err
	}
	environ := map[string]string{"TZ": "UTC"}
	maps.Copy(environ, f.variables())
	maps.Copy(environ, map[string]string{
		wxcloud.VarEmulatorURL: url,
		wxcloud.VarBaseURL:     url + f.service.Sidecar(),
		wxcloud.VarTokenFile:   token,
	})
	if f.folder.Kind == config.KindCloudRun {
		environ[wxcloud.VarCloudRun] = e.config.Env
		return environ, nil
	}
	maps.Copy(environ, map[string]string{
		wxcloud.VarRunEnv:       "SCF",
		wxcloud.VarEnv:          e.config.Env,
		wxcloud.VarFunctionName: f.name,
	})
	return environ, nil
}

// tokenFiles are the files that functions which serve HTTP find a cloudbase_access_token in.
type tokenFiles struct {
	mu    sync.Mutex
	files map[*function]*tokenFile
}

// tokenFile stands for /.tencentcloudbase/wx/cloudbase_access_token of a container.
type tokenFile struct {
	path    string
	written time.Time // by the emulator's clock
}

// tokenCheck is how often files are looked at that may be due.
const tokenCheck = 10 * time.Second

// addToken writes the file of a function, which is renewed from then on, and returns its path.
func (e *Emulator) addToken(f *function) (string, error) {
	dir, err := e.runDir()
	if err != nil {
		return "", err
	}
	t := &tokenFile{path: filepath.Join(dir, "cloudbase_access_token-"+f.service.ID())}
	e.tokens.mu.Lock()
	defer e.tokens.mu.Unlock()
	if err := t.renew(f.service, e.clock.Now()); err != nil {
		return "", err
	}
	if e.tokens.files == nil {
		e.tokens.files = map[*function]*tokenFile{}
		go e.keepTokens()
	}
	e.tokens.files[f] = t
	context.AfterFunc(f.ctx, func() {
		e.tokens.mu.Lock()
		defer e.tokens.mu.Unlock()
		delete(e.tokens.files, f)
		_ = os.Remove(t.path)
	})
	return t.path, nil
}

// keepTokens renews files until the emulator is closed.
func (e *Emulator) keepTokens() {
	tick := time.NewTicker(tokenCheck)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			e.renewTokens()
		case <-e.ctx.Done():
			return
		}
	}
}

// renewTokens renews the files whose time has come. The clock calls it when it is moved.
func (e *Emulator) renewTokens() {
	now := e.clock.Now()
	e.tokens.mu.Lock()
	defer e.tokens.mu.Unlock()
	if e.ctx.Err() != nil { // their folder goes
		return
	}
	for f, t := range e.tokens.files {
		if age := now.Sub(t.written); age >= 0 && age < platform.CloudbaseTokenRenewal {
			continue
		}
		if err := t.renew(f.service, now); err != nil {
			e.log.Error(err.Error(), "function", f.name)
		}
	}
}

// renew writes a new token, in one step, so that nobody reads half of one. os.CreateTemp keeps it from other users.
func (t *tokenFile) renew(s *platform.Service, now time.Time) error {
	token := s.Token()
	file, err := os.CreateTemp(filepath.Dir(t.path), "token-*")
	if err == nil {
		_, err = file.WriteString(token)
		if err = errors.Join(err, file.Close()); err == nil {
			err = os.Rename(file.Name(), t.path)
		}
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}
	if err != nil {
		return fmt.Errorf("the file of the cloudbase_access_token: %w", err)
	}
	t.written = now
	return nil
}
