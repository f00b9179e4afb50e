package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/control"
)

// running is an emulator that runs, as a dev leaves it for other commands in dev.json.
type running struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	PID   int    `json:"pid"`
	// AppID and AppSecret are the emulated app's, which gets access tokens with them.
	AppID     string `json:"appid"`
	AppSecret string `json:"appsecret"`
}

const runningFile = "dev.json"

// announce writes dev.json into state folders. remove takes away what it has written, and puts back what stood there of an
// emulator that still runs; call it after an error too, which is about the first folder that failed.
func announce(r running, dirs ...string) (remove func(), err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return func() {}, err
	}
	before := map[string][]byte{}
	for _, dir := range dirs {
		failure := openState(dir)
		if failure == nil {
			file := filepath.Join(dir, runningFile)
			if there, _ := os.ReadFile(file); !slices.Equal(there, text) { // two of the folders may be one
				before[file] = there
			}
			failure = writePrivate(file, text)
		}
		err = cmp.Or(err, failure)
	}
	return func() {
		for _, dir := range dirs {
			file := filepath.Join(dir, runningFile)
			if have, err := os.ReadFile(file); err == nil && slices.Equal(have, text) { // else it is another dev's by now
				_ = os.Remove(file)
				if stillRuns(before[file]) {
					_ = writePrivate(file, before[file])
				}
			}
			tidyState(dir)
		}
	}, err
}

// stillRuns tells whether the emulator still runs that a dev.json tells of.
func stillRuns(text []byte) bool {
	var r running
	var functions []control.Function
	return json.Unmarshal(text, &r) == nil && r.get(context.Background(), "/_wxfn/functions", &functions) == nil
}

// writePrivate writes a file that only this user can read, all of it at once: who reads it finds the old or the new one.
func writePrivate(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+"-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// findRunning returns the emulator that a dev serves dir with: just that folder, or one around it with functions in dir.
func findRunning(ctx context.Context, dir string) (running, bool) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return running{}, false
	}
	for around := dir; ; around = filepath.Dir(around) {
		r, functions, ok := runningIn(ctx, filepath.Join(around, stateName))
		inDir := func(f control.Function) bool {
			rel, err := filepath.Rel(dir, f.Dir)
			return err == nil && filepath.IsLocal(rel)
		}
		if ok && (around == dir || slices.ContainsFunc(functions, inDir)) {
			return r, true
		}
		if around == filepath.Dir(around) {
			return running{}, false
		}
	}
}

// runningIn returns the emulator that a dev has announced in this state folder, and its functions. One that was killed has
// left its dev.json, and does not answer.
func runningIn(ctx context.Context, state string) (r running, functions []control.Function, ok bool) {
	text, err := os.ReadFile(filepath.Join(state, runningFile))
	if err != nil || json.Unmarshal(text, &r) != nil {
		return running{}, nil, false
	}
	err = r.get(ctx, "/_wxfn/functions", &functions)
	return r, functions, err == nil
}

// get asks the control API.
func (r running) get(ctx context.Context, path string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	resp, err := r.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(v)
}

// do sends a request to the control API; header holds names and values in turn.
func (r running) do(ctx context.Context, method, path string, body io.Reader, header ...string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, r.URL+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+r.Token)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the emulator at %s does not answer: %w", r.URL, errors.Unwrap(err))
	}
	return resp, nil
}
