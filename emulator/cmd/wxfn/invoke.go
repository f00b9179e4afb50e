package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/openapi"
)

// invocation is what the command line says of a call.
type invocation struct {
	name, data, out string
	unionID, source string
	emulatorURL     string
	config          emulator.Config // of an emulator that is started for the call
	stdin           io.Reader
	stdout, stderr  io.Writer
}

func invokeCommand() *cobra.Command {
	var v invocation
	cmd := &cobra.Command{
		Use:   "invoke NAME",
		Short: "Call a function, and print its result",
		Long: `Call the function NAME, and print its result as JSON; what it printed goes to stderr.

The call goes to the emulator at --emulator or $WXFN_URL, else to the "wxfn dev" that serves --dir now, else to an
emulator that is started for the call.`,
		Example: `  wxfn invoke createqrcode --data '{"path": "page/index/index"}' --out qr.jpg
  wxfn invoke add --data @event.json --openid oAlice`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v.name = args[0]
			v.stdin, v.stdout, v.stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return v.run(ctx)
		},
	}
	f := cmd.Flags()
	f.StringVar(&v.data, "data", "{}", "event: JSON, @FILE, or - for standard input")
	f.StringVar(&v.out, "out", "", "write the result's buffer to this file; the printed JSON has its length")
	identityFlags(cmd, &v.config)
	f.StringVar(&v.unionID, "unionid", "", "unionid of the user who calls")
	f.StringVar(&v.source, "source", "", "source of the call: wx_client (default), wx_devtools, wx_http or wx_trigger")
	f.StringVar(&v.emulatorURL, "emulator", os.Getenv("WXFN_URL"), "base URL of the emulator to call (default $WXFN_URL)")
	f.StringVar(&v.config.Dir, "dir", ".", "project or functions folder")
	f.BoolVar(&v.config.Install, "install", false, "run npm install for a Node function whose packages are missing")
	return cmd
}

func (v *invocation) run(ctx context.Context) error {
	event, err := v.event()
	if err != nil {
		return usage(err)
	}
	target, stop, err := v.target()
	if err != nil {
		return err
	}
	defer stop()
	result, err := v.call(ctx, target, event)
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
	switch file, isFile := strings.CutPrefix(v.data, "@"); {
	case v.data == "-":
		event, err = io.ReadAll(v.stdin)
	case isFile:
		event, err = os.ReadFile(file)
	default:
		event = []byte(v.data)
	}
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	var any any
	if err := json.Unmarshal(event, &any); err != nil {
		return nil, fmt.Errorf("--data is not JSON: %w", err)
	}
	return event, nil
}

// target returns the emulator to call, and what to do when the call is over.
func (v *invocation) target() (r running, stop func(), err error) {
	if v.emulatorURL != "" {
		return running{URL: strings.TrimSuffix(v.emulatorURL, "/"), Token: os.Getenv("WXFN_TOKEN")}, func() {}, nil
	}
	if r, ok := findRunning(v.config.Dir); ok {
		return r, func() {}, nil
	}
	v.config.State = filepath.Join(v.config.Dir, stateName)
	e, err := newEmulator(v.config)
	if err != nil {
		return running{}, nil, err
	}
	for _, f := range e.Findings() {
		fmt.Fprintln(v.stderr, f)
	}
	url, err := e.Listen()
	if err != nil {
		_ = e.Close()
		return running{}, nil, err
	}
	return running{URL: url, Token: e.Token()}, func() { _ = e.Close() }, nil
}

// call calls the function, and tells on stderr what it printed and which of its calls failed.
func (v *invocation) call(ctx context.Context, target running, event []byte) (result []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.URL+"/invoke/"+url.PathEscape(v.name), bytes.NewReader(event))
	if err != nil {
		return nil, usage(fmt.Errorf("the emulator's URL: %w", err))
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range map[string]string{
		"X-WX-OPENID": v.config.OpenID, "X-WX-UNIONID": v.unionID, "X-WX-SOURCE": v.source, "X-WX-APPID": v.config.AppID,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, errors.New("interrupted")
		}
		return nil, fmt.Errorf("the emulator does not answer: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("the emulator broke off its answer: %w", err)
	}
	answer := gjson.ParseBytes(body)
	if !gjson.ValidBytes(body) || !answer.Get("errMsg").Exists() {
		return nil, fmt.Errorf("%s is no emulator: it answered %s", target.URL, resp.Status)
	}
	v.report(target, answer.Get("requestID").String())
	if resp.StatusCode != http.StatusOK {
		return nil, notGood(fmt.Errorf("%s: %s", v.name, answer.Get("errMsg")))
	}
	return []byte(answer.Get("result").Raw), nil
}

// report tells what the journal has on an invocation.
func (v *invocation) report(target running, requestID string) {
	var view struct {
		Output []struct{ Text string }
		Calls  []struct {
			API, ErrMsg, Advice string
			ErrCode             int
		}
	}
	if requestID == "" || target.get("/_wxfn/journal/"+requestID, &view) != nil {
		return // no token, or an older emulator: the result is what counts
	}
	for _, line := range view.Output {
		fmt.Fprintln(v.stderr, line.Text)
	}
	for _, call := range view.Calls {
		if call.ErrCode == 0 {
			continue
		}
		fmt.Fprintf(v.stderr, "%s: %d %s", call.API, call.ErrCode, call.ErrMsg)
		if call.Advice != "" {
			fmt.Fprintf(v.stderr, ": %s", call.Advice)
		}
		fmt.Fprintln(v.stderr)
	}
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

// get asks the control API.
func (r running) get(path string, v any) error {
	request, err := http.NewRequest(http.MethodGet, r.URL+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.Token)
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(v)
}

// alive tells whether the emulator answers to its token.
func (r running) alive() bool {
	var functions any
	return r.get("/_wxfn/functions", &functions) == nil
}
