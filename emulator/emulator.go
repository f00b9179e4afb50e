package emulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/egress"
	"github.com/wxcloud-go/wxfn/emulator/internal/host"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

// The identity that an emulator has where neither [Config] nor the project gives one.
const (
	DefaultAppID  = "wx0000000000000000"
	DefaultEnv    = "wxfn-local"
	DefaultOpenID = "oWXFN0000000000000000000user"
)

// Config is what an Emulator is made of. The zero Config works.
type Config struct {
	// Dir is the project, the folder of function folders or the one function folder to serve; none if empty.
	Dir string
	// Mode adds the file .env.MODE to those that fill the templates of cloudbaserc.json, as --mode of the CloudBase CLI does.
	Mode string
	// AppID is the Mini Program's; the project's if empty, else DefaultAppID.
	AppID string
	// Apps are the secrets of further apps, by AppID, which get access tokens for the server API. The secret of AppID itself
	// may be among them; without, it is random.
	Apps map[string]string
	// Env is the id of the cloud environment; the project's (envId of cloudbaserc.json) if empty, else DefaultEnv. A function
	// that names another one (cloud.init({env: "x"})) is refused with "Environment not found", as in the cloud, but where the
	// id is DefaultEnv for want of a better: then every name is taken for it, with a line in Log.
	Env string
	// OpenID is the user who calls, where a call names none; DefaultOpenID if empty.
	OpenID string
	// Addr is where to listen: "127.0.0.1:0", any free port, if empty. Nothing listens before it has to: when Listen is
	// called, or when the first function starts in a process of its own.
	Addr string
	// State is a folder for what the emulator builds and keeps: codes and quotas last there, and only one emulator at a
	// time can have it. If empty, a folder that Close removes, and codes and quotas end with the emulator.
	State string
	// AllowHosts are hosts, without port, that are allowed in either direction. A host of the platform
	// ("sms.tencentcloudapi.com", or "*.tencentcloudapi.com" for all below a domain) is one that functions reach as it is,
	// and that the emulator neither answers for nor refuses. Any other name or address is one by which clients elsewhere
	// reach Addr: requests may have it as Host, and pages as Origin, beside the loopback interface's and Addr's own. A name
	// that is not allowed is refused wherever the emulator listens, since any page can point its own here (DNS rebinding).
	AllowHosts []string
	// Install runs npm install for Node functions whose packages are missing.
	Install bool
	// MaxInstances bounds the instances of each function of Dir; 10 if 0.
	MaxInstances int
	// Timeout bounds an invocation of functions that Handle adds; 3 s if 0. Functions of Dir have cloudbaserc.json.
	Timeout time.Duration
	// PermissionDelay is how long a change of a config.json takes to count, by Now's clock; in the cloud it is 10 minutes.
	PermissionDelay time.Duration
	// Check has [Emulator.Watch] compare what functions can call with what their config.json permits, and log what is wrong.
	Check bool
	// Record lets functions call every API, and notes which ones their config.json lacks: [Emulator.Recorded].
	Record bool
	// RecordWrite adds these to the config.json, with Record.
	RecordWrite bool
	// Now is what the platform's [Clock] goes by; time.Now if nil.
	Now func() time.Time
	// Log gets a line for each thing that happens, and each line that a function prints; nothing is logged if nil.
	Log *slog.Logger
}

// Emulator is one emulated cloud environment. It is safe for concurrent use.
type Emulator struct {
	config   Config
	project  atomic.Pointer[config.Project]
	findings []config.Finding
	log      *slog.Logger
	clock    *Clock
	journal  *journal.Journal
	platform *platform.Platform
	store    *store.Store
	builder  host.Builder
	sandbox  *host.Sandbox
	egress   *egress.Egress
	token    string
	handler  http.Handler
	bodyTime time.Duration

	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu        sync.RWMutex
	functions map[string]*function
	replaced  sync.WaitGroup // functions whose last calls are running

	checked atomic.Pointer[checked]
	faults  faults

	tokens tokenFiles

	recording sync.Mutex
	recorded  map[string]*Recording // by function, under recording

	listenOnce sync.Once
	listener   net.Listener
	listenErr  error
	server     *http.Server

	stateOnce sync.Once
	state     string
	stateErr  error
	temporary *statedir.TempDir // state, where Config has none
	running   *statedir.TempDir // of runDir, under mu

	watchOnce sync.Once

	closeOnce sync.Once
	closeErr  error
}

// New returns an emulator, which builds and starts nothing yet. The error is about c; faults in the project's files are
// [Emulator.Findings], and everything around them is served.
func New(c Config) (*Emulator, error) {
	switch {
	case c.MaxInstances < 0:
		return nil, fmt.Errorf("emulator: MaxInstances is %d; give 1 or more, or 0 for 10", c.MaxInstances)
	case c.RecordWrite && !c.Record:
		return nil, errors.New("emulator: RecordWrite has no effect without Record; set both")
	case c.Timeout < 0:
		return nil, fmt.Errorf("emulator: Timeout is %s; give a positive one, or 0 for 3 s", c.Timeout)
	}
	e := &Emulator{config: c, functions: map[string]*function{}, recorded: map[string]*Recording{}, token: rand.Text(), bodyTime: bodyTime}
	for _, host := range c.AllowHosts {
		if err := CheckHost(host); err != nil {
			return nil, fmt.Errorf("emulator: AllowHosts: %w", err)
		}
	}
	for id, secret := range c.Apps {
		if id == "" || secret == "" {
			return nil, fmt.Errorf("emulator: Apps has an AppID %q whose secret has %d characters; neither may be empty", id, len(secret))
		}
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	project := &config.Project{}
	if c.Dir != "" {
		var err error
		if project, e.findings, err = e.load(); err != nil {
			return nil, err
		}
	}
	e.project.Store(project)
	e.sandbox = newSandbox(project)
	e.config.AppID = cmp.Or(c.AppID, project.AppID, DefaultAppID)
	e.config.Apps = map[string]string{e.config.AppID: strings.ReplaceAll(uuid.NewString(), "-", "")} // 32 hexadecimal digits, as a real one
	maps.Copy(e.config.Apps, c.Apps)
	env := cmp.Or(c.Env, project.EnvID)
	e.config.Env = cmp.Or(env, DefaultEnv)
	e.config.OpenID = cmp.Or(c.OpenID, DefaultOpenID)
	e.config.Addr = cmp.Or(c.Addr, "127.0.0.1:0")
	e.config.MaxInstances = cmp.Or(c.MaxInstances, 10)
	e.clock = &Clock{base: c.Now, moved: e.renewTokens}
	if c.Now == nil {
		e.clock.base = time.Now
	}
	e.log = c.Log
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.journal = journal.New(e.clock.Now, e.logLine)
	e.journal.Redact(e.token)
	e.store = e.newStore()
	e.platform = platform.New(platform.Config{
		AppID: e.config.AppID, OpenID: e.config.OpenID, Apps: e.config.Apps, Env: e.config.Env, AnyEnv: env == "", Warn: func(text string) { e.log.Warn(text) }, Now: e.clock.Now, Done: e.ctx.Done(),
		Journal: e.journal, Served: e.served,
		Store: e.store, Functions: (*functions)(e),
		Pages: func() *config.Pages { return e.project.Load().Pages },
	})
	e.egress = egress.New(egress.Config{Dir: e.runDir, Admin: e.platform, Allow: c.AllowHosts, Log: e.log})
	e.setStubsFile()
	e.faults.ofProject(e.findings)
	e.handler = e.routes()
	for _, dir := range project.Functions {
		f := e.newFolder(dir)
		e.functions[dir.Name] = f
		own := f.findings()
		e.faults.ofFunction(dir.Name, own)
		e.findings = append(e.findings, own...)
	}
	slices.SortFunc(e.findings, config.Finding.Compare)
	for i := range e.findings {
		e.findings[i] = e.fromHere(e.findings[i])
	}
	return e, nil
}

// Handle serves h under a name, in this process. It may call the APIs in permissions, as if its config.json listed them;
// invocations fail where one of them is a misspelt name ("wxacode.getUnlimted"), and say which was meant. The name of an API
// that is newer than this package is none if it resembles no other, or once a [Stub] has it.
// A function that has the name already gives way, though its running invocations come to their end: that is how a test
// puts another one in its place.
func (e *Emulator) Handle(name string, h cloudfn.Handler, permissions ...string) {
	e.put(e.newHandler("Handle", name, &host.InProcess{Handler: h, Transport: direct{e.platform}}, permissions))
}

// HandleHTTP is [Emulator.Handle] for an http.Handler, such as the one that [cloudfn.StartHTTP] is given. It is reached at
// /fn/{name}/, and by [Caller.RoundTrip]. Its calls of APIs go the way of a container's, so that one without permission
// fails with 85107.
func (e *Emulator) HandleHTTP(name string, h http.Handler, permissions ...string) {
	f := e.newHandler("HandleHTTP", name, &host.WebHandler{Handler: h, Transport: direct{e.platform}}, permissions)
	f.kind, f.service = "http handler", e.platform.AddService(name, f.permitted)
	e.put(f)
}

// load loads the project of Config.Dir.
func (e *Emulator) load() (*config.Project, []config.Finding, error) {
	return config.Loader{Mode: e.config.Mode}.Load(e.config.Dir)
}

// fromHere names a finding's file as Config.Dir is named: as seen from this process.
func (e *Emulator) fromHere(f config.Finding) config.Finding {
	if filepath.IsAbs(f.File) {
		return f
	}
	file := filepath.Join(e.config.Dir, filepath.FromSlash(f.File))
	if strings.HasPrefix(file, "..") { // up and down again may be no way at all
		here, err := os.Getwd()
		if abs, absErr := filepath.Abs(file); err == nil && absErr == nil {
			if rel, err := filepath.Rel(here, abs); err == nil {
				file = rel
			}
		}
	}
	f.File = filepath.ToSlash(file)
	return f
}

// nameOf names a file of the project as findings name it, as seen from this process.
func (e *Emulator) nameOf(file string) string {
	return e.fromHere(config.Finding{File: e.project.Load().Name(file)}).File
}

// AppID returns the id of the Mini Program.
func (e *Emulator) AppID() string { return e.config.AppID }

// Env returns the id of the cloud environment.
func (e *Emulator) Env() string { return e.config.Env }

// AppSecret returns the secret of the emulated Mini Program, which is worth nothing anywhere else: that of Config.Apps, else
// a random one.
func (e *Emulator) AppSecret() string { return e.config.Apps[e.config.AppID] }

// Findings returns what is wrong in the project's files.
func (e *Emulator) Findings() []config.Finding { return e.findings }

// LaunchOptions is what a scanned code starts the Mini Program with, as wx.getLaunchOptionsSync() returns it.
type LaunchOptions = platform.LaunchOptions

// The errors of [Emulator.Scan].
var (
	ErrUnknownCode = platform.ErrUnknownCode // this emulator did not make the code or the link
	ErrExpired     = platform.ErrExpired     // the link was good for a time that is over
)

// Scan returns what scanning a code opens, or following a link (URL Scheme, URL Link, Short Link). content is what the
// picture holds, as a decoder of QR codes returns it, or the link.
func (e *Emulator) Scan(content string) (*LaunchOptions, error) { return e.platform.Scan(content) }

// ScanPicture is [Emulator.Scan] for a picture that shows a code: a JPEG or PNG file, also a photo of one within reason.
func (e *Emulator) ScanPicture(file []byte) (*LaunchOptions, error) {
	return e.platform.ScanPicture(file)
}

// Listen serves the emulator's front doors over HTTP, and returns their base URL. Only the first call has an effect. The
// error says which address cannot be had.
func (e *Emulator) Listen() (url string, err error) {
	e.listenOnce.Do(func() {
		if e.listener, e.listenErr = net.Listen("tcp", e.config.Addr); e.listenErr != nil {
			e.listenErr = fmt.Errorf("cannot listen on %s: %w", e.config.Addr, errors.Unwrap(e.listenErr))
			return
		}
		e.server = e.newServer()
		go func() { _ = e.server.Serve(e.listener) }()
	})
	if e.listenErr != nil {
		return "", e.listenErr
	}
	addr := *e.listener.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() { // where it listens, but nothing to connect to
		addr.IP = net.IPv4(127, 0, 0, 1)
	}
	return "http://" + addr.String(), nil
}

// Clock returns the clock of the platform.
func (e *Emulator) Clock() *Clock { return e.clock }

// Token is what the control API (/_wxfn/…) asks for as bearer token.
func (e *Emulator) Token() string { return e.token }

// Close ends all functions' processes and stops listening. Invocations that are running fail. The error is about the
// state folder.
func (e *Emulator) Close() error {
	e.closeOnce.Do(func() {
		e.mu.RLock()
		e.cancel()
		var all sync.WaitGroup
		for _, f := range e.functions {
			all.Go(f.close)
		}
		e.mu.RUnlock()
		all.Wait()
		e.replaced.Wait()
		e.sandbox.Close()
		e.builder.Wait()
		e.egress.Close()
		e.listenOnce.Do(func() { e.listenErr = errors.New("the emulator is closed") })
		if e.server != nil {
			// Whoever still waits for an answer gets it: a moment is enough, since nothing runs any more.
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if e.server.Shutdown(ctx) != nil {
				_ = e.server.Close()
			}
		}
		e.closeErr = e.store.Close()
		e.stateOnce.Do(func() { e.stateErr = errors.New("the emulator is closed") })
		for _, dir := range []*statedir.TempDir{e.running, e.temporary} {
			if dir != nil {
				_ = dir.Remove()
			}
		}
	})
	return e.closeErr
}

// stateDir returns the folder for what the emulator builds and keeps.
func (e *Emulator) stateDir() (string, error) {
	e.stateOnce.Do(func() {
		if e.config.State == "" {
			if e.temporary, e.stateErr = statedir.NewTempDir("", "wxfn"); e.stateErr == nil {
				e.state = e.temporary.Path
			}
			return
		}
		if e.state, e.stateErr = filepath.Abs(e.config.State); e.stateErr != nil {
			return
		}
		if e.stateErr = statedir.Open(e.state); e.stateErr != nil {
			e.stateErr = fmt.Errorf("the state folder: %w", e.stateErr)
		}
	})
	return e.state, e.stateErr
}

// ErrStateInUse is the error of [Emulator.OpenState] where another emulator has the state folder.
var ErrStateInUse = store.ErrInUse

// OpenState opens what State keeps, which otherwise the first code does. It waits for no other emulator to end: the
// error is then [ErrStateInUse].
func (e *Emulator) OpenState() error {
	return e.store.Open()
}

func (e *Emulator) newStore() *store.Store {
	buckets := platform.Buckets()
	if e.config.State == "" {
		return store.Memory(buckets...)
	}
	return store.File(func() (string, error) {
		dir, err := e.stateDir()
		return filepath.Join(dir, statedir.StateFile), err
	}, buckets...)
}

// logLine passes on a line that a function printed.
func (e *Emulator) logLine(r *journal.Record, l journal.Line) {
	e.log.Info(l.Text, "function", r.Function, "request_id", r.RequestID, "stream", l.Stream)
}
