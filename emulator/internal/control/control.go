// Package control has the handlers of the control API, which package api describes.
package control

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/picture"
)

// Config is what the control API reaches.
type Config struct {
	Scan        func(content string) (*platform.LaunchOptions, error)
	ScanPicture func(file []byte) (*platform.LaunchOptions, error)
	Preview     func(path string) (jpeg []byte, err error)
	Journal     *journal.Journal
	Functions   func() []api.Function
	Stubs       *platform.Stubs
	StubDir     string // files of stubs are relative to it
	Outbox      func(openid string) []platform.Message
	PhoneCode   func(openid string) string
	// Clock returns the clock, after a change if it is not nil.
	Clock func(change *api.ClockChange) (api.Clock, error)
	// Done ends the streams that are open.
	Done <-chan struct{}
}

// New returns the handler of all paths of the control API.
func New(c Config) http.Handler {
	routes := mux.NewRouter()
	routes.Path(api.PathJournal).Methods(http.MethodGet).Headers("Accept", api.EventStream).HandlerFunc(c.stream)
	for _, r := range []struct {
		method, path string
		serve        func(*http.Request) (any, error)
	}{
		{http.MethodGet, api.PathFunctions, func(*http.Request) (any, error) { return c.Functions(), nil }},
		{http.MethodGet, api.PathJournal, c.invocations},
		{http.MethodGet, api.PathJournal + "/{id}", c.invocation},
		{http.MethodGet, api.PathScan, c.scan},
		{http.MethodPost, api.PathScan, c.scanPicture},
		{http.MethodPost, api.PathPreview, c.preview},
		{http.MethodGet, api.PathStubs, c.stubs},
		{http.MethodPost, api.PathStubs, c.addStubs},
		{http.MethodPut, api.PathStubs, c.addStubs},
		{http.MethodDelete, api.PathStubs, c.removeStubs},
		{http.MethodGet, api.PathOutbox, c.outbox},
		{http.MethodPost, api.PathPhoneCode, c.phoneCode},
		{http.MethodGet, api.PathClock, func(*http.Request) (any, error) { return c.Clock(nil) }},
		{http.MethodPost, api.PathClock, c.changeClock},
	} {
		routes.Path(r.path).Methods(r.method).Handler(answering(r.serve))
	}
	routes.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusNotFound, fmt.Errorf("the control API has no %s", r.URL.Path))
	})
	routes.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusMethodNotAllowed, fmt.Errorf("%s does not take the method %s", r.URL.Path, r.Method))
	})
	return routes
}

// answering writes what serve returns: JSON, a JPEG file or an error.
func answering(serve func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := serve(r)
		if err != nil {
			WriteError(w, statusOf(err), err)
			return
		}
		if jpeg, ok := v.(jpegFile); ok {
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = w.Write(jpeg)
			return
		}
		WriteJSON(w, http.StatusOK, v)
	}
}

// jpegFile is an answer that is no JSON.
type jpegFile []byte

func (c *Config) invocation(r *http.Request) (any, error) {
	id := mux.Vars(r)["id"]
	record := c.Journal.Find(id)
	if record == nil {
		return nil, notFound{fmt.Errorf("the journal has no invocation %q, or no longer", id)}
	}
	return invocation(record.View()), nil
}

func (c *Config) scan(r *http.Request) (any, error) {
	if !r.URL.Query().Has("content") {
		return nil, badRequest{errors.New("name what the code holds: /_wxfn/scan?content=…")}
	}
	return scanned(c.Scan(r.URL.Query().Get("content")))
}

func (c *Config) scanPicture(r *http.Request) (any, error) {
	file, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxPicture))
	if err != nil {
		return nil, badRequest{fmt.Errorf("reading the picture, of %d MB at most: %w", maxPicture>>20, err)}
	}
	return scanned(c.ScanPicture(file))
}

// scanned sorts the errors of a scan.
func scanned(options *platform.LaunchOptions, err error) (any, error) {
	switch {
	case errors.Is(err, platform.ErrUnknownCode), errors.Is(err, platform.ErrExpired):
		return nil, notFound{err}
	case errors.Is(err, picture.ErrNotPicture), errors.Is(err, picture.ErrTooLarge), errors.Is(err, picture.ErrNoCode):
		return nil, badRequest{err}
	}
	return (*api.LaunchOptions)(options), err
}

func (c *Config) preview(r *http.Request) (any, error) {
	jpeg, err := c.Preview(r.URL.Query().Get("path"))
	if errors.Is(err, platform.ErrPath) {
		return nil, badRequest{err}
	}
	return jpegFile(jpeg), err
}

func (c *Config) outbox(r *http.Request) (any, error) {
	limit, err := limitOf(r)
	if err != nil {
		return nil, err
	}
	messages := c.Outbox(r.URL.Query().Get("openid"))
	list := []api.Message{}
	for _, m := range messages[max(0, len(messages)-limit):] {
		list = append(list, api.Message(m))
	}
	return list, nil
}

func (c *Config) phoneCode(r *http.Request) (any, error) {
	openID := r.URL.Query().Get("openid")
	if openID == "" {
		return nil, badRequest{errors.New("name the user: /_wxfn/phonecode?openid=…")}
	}
	return api.PhoneCode{Code: c.PhoneCode(openID)}, nil
}

func (c *Config) changeClock(r *http.Request) (any, error) {
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxChange))
	if err != nil {
		return nil, badRequest{err}
	}
	if len(text) == 0 {
		return nil, badRequest{errors.New(`say what to change: {"hold": true}, {"move": "90s"} or {"set": "2026-01-02T03:04:05Z"}`)}
	}
	var change api.ClockChange
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(&change)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows it")
		}
	}
	if err != nil {
		return nil, badRequest{fmt.Errorf(`the change is %.100s; write {"hold": true, "move": "90s", "set": "2026-01-02T03:04:05Z"}, or some of it: %w`, text, err)}
	}
	now, err := c.Clock(&change)
	if err != nil {
		return nil, badRequest{err}
	}
	return now, nil
}

// The bounds of requests' bodies, in bytes.
const (
	maxPicture = 20 << 20
	maxStubs   = 10 << 20
	maxChange  = 1 << 10 // of the clock
)

func (c *Config) stubs(r *http.Request) (any, error) {
	unused, err := flagOf(r, "unused")
	if err != nil {
		return nil, err
	}
	limit, err := limitOf(r)
	if err != nil {
		return nil, err
	}
	return c.states(unused, limit), nil
}

// states returns the first stubs in the order in which they are tried.
func (c *Config) states(unused bool, limit int) []api.StubState {
	list := []api.StubState{}
	for _, s := range c.Stubs.List() {
		if len(list) == limit {
			break
		}
		if !unused || s.Answered == 0 {
			list = append(list, api.StubState(s))
		}
	}
	return list
}

func (c *Config) removeStubs(*http.Request) (any, error) {
	c.Stubs.Remove()
	return c.states(false, api.DefaultLimit), nil
}

// addStubs adds stubs, or none of them if one is wrong. It answers with the stubs, and what is strange about the new ones.
func (c *Config) addStubs(r *http.Request) (any, error) {
	const name = "the request"
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxStubs))
	if err != nil {
		return nil, badRequest{fmt.Errorf("reading the stubs, of %d MB at most: %w", maxStubs>>20, err)}
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, badRequest{errors.New(`say which stubs, in the form of wxfn.stubs.json: {"api": "subscribeMessage.send", "errcode": 43101}, or an array of these`)}
	}
	stubs, findings := config.ParseStubs(name, text, c.StubDir)
	wrong, warnings := []string{}, []string{}
	for _, f := range findings {
		line := fmt.Sprintf("line %d: %s; %s", f.Line, f.Message, f.Advice)
		if f.Severity == config.Error {
			wrong = append(wrong, line)
		} else {
			warnings = append(warnings, line)
		}
	}
	if len(wrong) > 0 {
		return nil, badRequest{errors.New(strings.Join(wrong, "; "))}
	}
	if r.Method == http.MethodPut {
		c.Stubs.Remove()
	}
	c.Stubs.Add(stubs, name)
	return api.StubsAnswer{Stubs: c.states(false, api.DefaultLimit), Warnings: warnings}, nil
}

// limitOf returns how many entries of a list a request asks for.
func limitOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return api.DefaultLimit, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > api.MaxLimit {
		return 0, badRequest{fmt.Errorf("limit is %.100q; write a whole number from 1 to %d", text, api.MaxLimit)}
	}
	return limit, nil
}

// flagOf returns a parameter that is true or false, and false if a request does not have it.
func flagOf(r *http.Request, name string) (bool, error) {
	flag, err := strconv.ParseBool(cmp.Or(r.URL.Query().Get(name), "false"))
	if err != nil {
		return false, badRequest{fmt.Errorf("%[2]s is true or false: %[1]s?%[2]s=true", r.URL.Path, name)}
	}
	return flag, nil
}

type (
	notFound   struct{ error }
	badRequest struct{ error }
)

func statusOf(err error) int {
	switch err.(type) {
	case notFound:
		return http.StatusNotFound
	case badRequest:
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// WriteJSON answers with v.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a caller that went away needs no answer
}

// WriteError answers with {"errCode": -1, "errMsg": …}.
func WriteError(w http.ResponseWriter, status int, err error) {
	WriteJSON(w, status, api.Error{ErrCode: -1, ErrMsg: err.Error()})
}
