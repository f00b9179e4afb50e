package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// call is one call of a function, at an emulator's front door.
type call struct {
	target running
	name   string
	event  []byte
	header map[string]string // who calls
	stderr io.Writer
}

// do returns the function's result. It tells on stderr what the function printed, and which of its calls failed.
func (c *call) do(ctx context.Context) (result []byte, err error) {
	status, body, err := c.post(ctx)
	if err != nil {
		return nil, err
	}
	answer := gjson.ParseBytes(body)
	if !gjson.ValidBytes(body) || !answer.Get("errMsg").Exists() {
		return nil, fmt.Errorf("%s is no emulator: it answered %s; start one with wxfn dev", c.target.URL, status)
	}
	requestID := answer.Get("requestID").String()
	if requestID == "" {
		return nil, fmt.Errorf("the emulator at %s refused the call: %s", c.target.URL, answer.Get("errMsg"))
	}
	printed := c.report(ctx, requestID)
	if result := answer.Get("result"); result.Exists() {
		return []byte(result.Raw), nil
	}
	return nil, notGood(fmt.Errorf("%s: errCode %s: %s", c.name, answer.Get("errCode"), reason(answer.Get("errMsg").String(), printed)))
}

func (c *call) post(ctx context.Context) (status string, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.target.URL+"/invoke/"+url.PathEscape(c.name), bytes.NewReader(c.event))
	if err != nil {
		return "", nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		if sent, ok := errors.AsType[*url.Error](err); ok {
			err = sent.Err // the message names the URL
		}
		return "", nil, fmt.Errorf("the emulator at %s does not answer: %w; start it with wxfn dev, or name none", c.target.URL, err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		return "", nil, fmt.Errorf("the emulator at %s broke off its answer: %w", c.target.URL, err)
	}
	return resp.Status, body, nil
}

// report tells what the journal has on an invocation. It returns the lines that the function printed.
func (c *call) report(ctx context.Context, requestID string) (printed string) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	view, err := c.target.control().Invocation(ctx, requestID)
	if err != nil {
		return "" // no token, or another version's emulator: the result is what counts
	}
	if view.BuildError != "" {
		fmt.Fprintf(c.stderr, "wxfn: warning: %s ran as it was built last; now its %s\n", c.name, view.BuildError)
	}
	if view.Dropped > 0 {
		fmt.Fprintf(c.stderr, "(%d lines before these are left out)\n", view.Dropped)
	}
	var lines strings.Builder
	for _, line := range view.Output {
		lines.WriteString(line.Text + "\n")
	}
	_, _ = io.WriteString(c.stderr, lines.String())
	for _, api := range view.Calls {
		switch {
		case api.ErrCode != 0:
			fmt.Fprintf(c.stderr, "%s: %d %s", oneLine(api.API), api.ErrCode, oneLine(api.ErrMsg))
		case api.Advice != "":
			fmt.Fprintf(c.stderr, "%s: warning", oneLine(api.API))
		default:
			continue
		}
		if api.Advice != "" {
			fmt.Fprintf(c.stderr, "; %s", oneLine(api.Advice))
		}
		fmt.Fprintln(c.stderr)
	}
	return lines.String()
}

// reason returns what is new to the reader in the errMsg of a failed call: neither the code, which stands before it, nor
// the last output, where that has been printed.
func reason(errMsg, printed string) string {
	if _, message, ok := strings.Cut(errMsg, " | errMsg: "); ok {
		errMsg = message
	}
	const heading = "\nlast output:\n"
	if at := strings.LastIndex(errMsg, heading); at >= 0 && stands(errMsg[at+len(heading):], printed) {
		errMsg = errMsg[:at]
	}
	return errMsg
}

// stands reports whether all lines stand among those that have been printed, in their order.
func stands(lines, printed string) bool {
	there := strings.Split(printed, "\n")
	for line := range strings.SplitSeq(lines, "\n") {
		i := slices.Index(there, line)
		if i < 0 {
			return false
		}
		there = there[i+1:]
	}
	return true
}
