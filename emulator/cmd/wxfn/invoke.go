package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/openapi"
)

// invocation is what the command line says of a call.
type invocation struct {
	process
	name, data, out string
	silent          bool // about the event
	unionID, source string
	reach           // its AppID and OpenID count for any emulator
}

func invokeCommand(p process) *cobra.Command {
	v := invocation{process: p}
	cmd := &cobra.Command{
		Use:   "invoke NAME",
		Short: "Call a function and print its result",
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
		RunE: func(cmd *cobra.Command, args []string) error {
			v.name = args[0]
			v.silent = !cmd.Flags().Changed("data")
			return v.run()
		},
	}
	c, f := &v.config, cmd.Flags()
	f.StringVar(&v.data, "data", "{}", "`EVENT`: JSON, @FILE, or - for standard input; without it, a timer's call has a timer's event")
	f.StringVar(&v.out, "out", "", "write the result's buffer to `FILE`; the printed JSON has its length")
	f.StringVar(&c.OpenID, "openid", "", "`OPENID` of the caller")
	f.StringVar(&v.unionID, "unionid", "", "`UNIONID` of the caller")
	f.StringVar(&c.AppID, "appid", "", "`APPID` of the calling Mini Program (default: the project's)")
	f.StringVar(&v.source, "source", "", "`SOURCE` of the call: wx_client (default), wx_devtools, wx_http or wx_trigger")
	v.reach.flags(cmd)
	f.StringVar(&c.Env, "env", "", "id `ENV` of the cloud environment, in an emulator started for the call (default: the project's)")
	f.StringSliceVar(&c.AllowHosts, "allow-host", nil, allowHostUsage)
	f.StringVar(&c.Mode, "mode", "", modeUsage+", in an emulator started for the call")
	f.BoolVar(&c.Install, "install", false, "run npm install where packages are missing, in an emulator started for the call")
	return cmd
}

// functionNames returns what the shell may complete as NAME.
func functionNames(dir string, args []string) (names []string) {
	if len(args) > 0 {
		return nil
	}
	root, err := projectOf(dir, true, "--dir")
	if err != nil {
		return nil
	}
	p, _, err := config.LoadProject(root)
	if err != nil {
		return nil
	}
	for _, f := range p.Functions {
		names = append(names, f.Name)
	}
	return names
}

func (v *invocation) run() error {
	v.stdout = newPrintable(v.stdout, v.getenv)
	event, err := v.event()
	if err != nil {
		return usage(fmt.Errorf("--data: %w", err))
	}
	header, err := v.header()
	if err != nil {
		return usage(err)
	}
	if v.source != "" {
		if err := wxcloud.CheckSource(v.source); err != nil {
			return usage(fmt.Errorf("--source: %w", err))
		}
	}
	if v.out != "" { // before the call, which may cost quota
		if _, err := os.Stat(filepath.Dir(v.out)); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	ctx, stop := v.untilSignal()
	defer stop()
	target, stopTarget, err := v.reach.target(ctx, v.process)
	if err != nil {
		return err
	}
	defer stopTarget()
	if source, _, _ := strings.Cut(v.source, ","); v.silent && source == wxcloud.SourceTrigger {
		event = v.timerEvent(time.Now())
	}
	c := call{target: target, name: v.name, event: event, header: header, stderr: v.stderr}
	result, err := c.do(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if err != nil {
		return err
	}
	if v.out != "" {
		saved, err := v.save(result)
		if err != nil {
			fmt.Fprintf(v.stdout, "%s\n", safeJSON(result))
			return err
		}
		result = saved
	}
	_, err = fmt.Fprintf(v.stdout, "%s\n", safeJSON(result))
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

// timerEvent returns what a timer of the function sends.
func (v *invocation) timerEvent(now time.Time) []byte {
	event := struct{ Type, TriggerName, Time, Message string }{Type: "Timer", Time: now.UTC().Format(time.RFC3339)}
	if p, _, err := config.LoadProject(v.config.Dir); err == nil { // else the function is one of another folder
		for _, dir := range p.Functions {
			if f, _, err := p.LoadFunction(dir); err == nil && dir.Name == v.name && len(f.Triggers) > 0 {
				event.TriggerName = f.Triggers[0].Name
			}
		}
	}
	text, _ := json.Marshal(event) // texts always encode
	return text
}

// header returns the headers that say who calls.
func (v *invocation) header() (map[string]string, error) {
	header := map[string]string{}
	for _, h := range []struct{ flag, name, value string }{
		{"openid", wxcloud.HeaderOpenID, v.config.OpenID},
		{"unionid", wxcloud.HeaderUnionID, v.unionID},
		{"appid", wxcloud.HeaderAppID, v.config.AppID},
		{"source", wxcloud.HeaderSource, v.source},
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
