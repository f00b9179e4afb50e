package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/openapi"
)

// invocation is what the command line says of a call.
type invocation struct {
	process
	name, data, out string
	unionID, source string
	emulatorURL     string
	config          emulator.Config // of an emulator that is started for the call; its AppID and OpenID count for any
}

func invokeCommand(p process) *cobra.Command {
	v := invocation{process: p}
	cmd := &cobra.Command{
		Use:   "invoke NAME",
		Short: "Call a function, and print its result",
		Long: `Call the function NAME, and print its result as JSON; what it printed goes to stderr.

The call goes to the emulator at --emulator or $WXFN_URL, else to the "wxfn dev" that serves --dir now, else to an
emulator that is started for the call.`,
		Example: `  wxfn invoke createqrcode --data '{"path": "page/index/index"}' --out qr.jpg
  wxfn invoke add --data @event.json --openid oAlice`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return errors.New("invoke needs the name of one function")
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return functionNames(v.config.Dir, args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			v.name = args[0]
			return v.run()
		},
	}
	c, f := &v.config, cmd.Flags()
	f.StringVar(&v.data, "data", "{}", "`EVENT`: JSON, @FILE, or - for standard input")
	f.StringVar(&v.out, "out", "", "write the result's buffer to `FILE`; the printed JSON has its length")
	f.StringVar(&c.OpenID, "openid", "", "`OPENID` of the user who calls")
	f.StringVar(&v.unionID, "unionid", "", "`UNIONID` of the user who calls")
	f.StringVar(&c.AppID, "appid", "", "`APPID` of the Mini Program that calls (default: the project's)")
	f.StringVar(&v.source, "source", "", "`SOURCE` of the call: wx_client (default), wx_devtools, wx_http or wx_trigger")
	f.StringVar(&v.emulatorURL, "emulator", "", "base `URL` of the emulator to call (default: $WXFN_URL)")
	f.StringVar(&c.Dir, "dir", ".", "project or functions folder `DIR`")
	f.StringVar(&c.Env, "env", "", "id `ENV` of the cloud environment, in an emulator started for the call (default: the project's)")
	f.BoolVar(&c.Install, "install", false, "run npm install where packages are missing, in an emulator started for the call")
	return cmd
}

// functionNames returns what the shell may complete as NAME.
func functionNames(dir string, args []string) (names []string) {
	if len(args) > 0 {
		return nil
	}
	p, _, err := config.LoadProject(dir)
	if err != nil {
		return nil
	}
	for _, f := range p.Functions {
		names = append(names, f.Name)
	}
	return names
}

func (v *invocation) run() error {
	event, err := v.event()
	if err != nil {
		return usage(fmt.Errorf("--data: %w", err))
	}
	header, err := v.header()
	if err != nil {
		return usage(err)
	}
	ctx, stop := v.untilSignal()
	defer stop()
	target, stopTarget, err := v.target(ctx)
	if err != nil {
		return err
	}
	defer stopTarget()
	c := call{target: target, name: v.name, event: event, header: header, stderr: v.stderr}
	result, err := c.do(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if err != nil {
		return err
	}
	if v.out != "" {
		if result, err = v.save(result); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(v.stdout, "%s\n", result)
	return err
}

// event returns what --data says.
func (v *invocation) event() (event []byte, err error) {
	from := "it"
	switch file, isFile := strings.CutPrefix(v.data, "@"); {
	case v.data == "-":
		from = "standard input"
		event, err = io.ReadAll(v.stdin)
	case isFile:
		from = file
		event, err = os.ReadFile(file)
	default:
		event = []byte(v.data)
	}
	if err != nil {
		return nil, err
	}
	var parsed any
	if err := json.Unmarshal(event, &parsed); err != nil {
		return nil, fmt.Errorf("%s is not JSON: %w", from, err)
	}
	return event, nil
}

// header returns the headers that say who calls.
func (v *invocation) header() (map[string]string, error) {
	header := map[string]string{}
	for _, h := range []struct{ flag, name, value string }{
		{"openid", "X-WX-OPENID", v.config.OpenID},
		{"unionid", "X-WX-UNIONID", v.unionID},
		{"appid", "X-WX-APPID", v.config.AppID},
		{"source", "X-WX-SOURCE", v.source},
	} {
		if strings.ContainsFunc(h.value, unicode.IsControl) {
			return nil, fmt.Errorf("--%s is %q; leave out control characters", h.flag, h.value)
		}
		if h.value != "" {
			header[h.name] = h.value
		}
	}
	return header, nil
}

// target returns the emulator to call, and what to do when the call is over.
func (v *invocation) target(ctx context.Context) (r running, stop func(), err error) {
	found, ok := findRunning(ctx, v.config.Dir)
	switch address := cmp.Or(v.emulatorURL, v.getenv("WXFN_URL")); {
	case address != "":
		if r, err = v.named(address); err != nil {
			return running{}, nil, err
		}
		if ok && r.URL == found.URL {
			r = found // with its token
		}
	case ok:
		r = found
	default:
		return v.start()
	}
	if v.config.Env != "" || v.config.Install {
		fmt.Fprintf(v.stderr, "wxfn: warning: --env and --install have no effect: the emulator at %s runs already\n", r.URL)
	}
	return r, func() {}, nil
}

// named returns the emulator at an address that the user gives.
func (v *invocation) named(address string) (running, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return running{}, usage(fmt.Errorf("the emulator's URL is %q; write http://HOST:PORT in --emulator or $WXFN_URL", address))
	}
	return running{URL: strings.TrimSuffix(address, "/"), Token: v.getenv("WXFN_TOKEN")}, nil
}

// start starts an emulator for the call.
func (v *invocation) start() (r running, stop func(), err error) {
	if err := checkDir(v.config.Dir); err != nil {
		return running{}, nil, err
	}
	if state := filepath.Join(v.config.Dir, stateName); openState(state) == nil { // else nothing is kept
		v.config.State = state
	}
	stop = func() { tidyState(v.config.State) }
	e, err := emulator.New(v.config)
	if err != nil {
		stop()
		return running{}, nil, err
	}
	stop = func() {
		_ = e.Close()
		tidyState(v.config.State)
	}
	for _, f := range e.Findings() {
		fmt.Fprintln(v.stderr, f)
	}
	url, err := e.Listen()
	if err != nil {
		stop()
		return running{}, nil, err
	}
	return running{URL: url, Token: e.Token()}, stop, nil
}

// save writes the result's buffer to --out, and returns the result with the buffer's length in its place.
func (v *invocation) save(result []byte) ([]byte, error) {
	field := gjson.GetBytes(result, "buffer")
	var buffer openapi.Buffer
	if !field.Exists() || json.Unmarshal([]byte(field.Raw), &buffer) != nil {
		return nil, notGood(fmt.Errorf("--out: the result has no buffer: %.200s", result))
	}
	if err := os.WriteFile(v.out, buffer, 0o644); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	return fmt.Appendf(nil, "%s%d%s", result[:field.Index], len(buffer), result[field.Index+len(field.Raw):]), nil
}
