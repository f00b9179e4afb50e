// Package control is the emulator's control API, under /_wxfn/: what a test or a tool asks of the emulator itself.
package control

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/picture"
)

// Function is a function as the control API tells of it.
type Function struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // handler, go, node, …
	Dir  string `json:"dir,omitempty"`
}

// Config is what the control API reaches.
type Config struct {
	Scan        func(content string) (*platform.LaunchOptions, error)
	ScanPicture func(file []byte) (*platform.LaunchOptions, error)
	Preview     func(path string) (jpeg []byte, err error)
	Journal     *journal.Journal
	Functions   func() []Function
	Stubs       *platform.Stubs
	StubDir     string // files of stubs are relative to it
	Outbox      func(openid string) []platform.Message
	PhoneCode   func(openid string) string
	// Clock returns what the clock says, after a change of it (JSON) if there is one.
	Clock func(change []byte) (any, error)
	// Done ends the streams that are open.
	Done <-chan struct{}
}

// New returns the handler of all paths under /_wxfn/.
//
//	GET /_wxfn/functions         what is served
//	GET /_wxfn/journal           the last invocations, oldest first; with Accept: text/event-stream, what happens from
//	                             now on, as server-sent events of types begin, line, call, end and lost
//	GET /_wxfn/journal/{id}      one of them, by its request id
//	GET /_wxfn/scan?content=…    launch options {path, query, scene, appId} of a code or a link
//	POST /_wxfn/scan             the same for a picture of a code: the body is a JPEG or PNG file
//	POST /_wxfn/preview?path=…   a code of the developer version, as image/jpeg; it counts against no quota
//	GET /_wxfn/stubs             all stubs in the order in which they are tried, each with the calls that it has answered;
//	                             ?unused=true only those that have answered none
//	POST /_wxfn/stubs            adds stubs: the body is as wxfn.stubs.json, one stub, or an array of stubs
//	PUT /_wxfn/stubs             the same in the place of all that were added
//	DELETE /_wxfn/stubs          takes away all that were added
//	GET /_wxfn/outbox?openid=…   the messages that a user was sent
//	POST /_wxfn/phonecode?openid=…  {code} of the user's phone number, for phonenumber.getPhoneNumber; good once, for 5 minutes
//	GET /_wxfn/clock             {now, held}
//	POST /_wxfn/clock            changes it: {"hold": true, "move": "90s", "set": "2026-01-02T03:04:05Z"}, or some of it
func New(c Config) http.Handler {
	routes := mux.NewRouter()
	handle := func(method, path string, serve func(*http.Request) (any, error)) {
		routes.Path(path).Methods(method).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
		})
	}
	get := func(path string, serve func(*http.Request) (any, error)) { handle(http.MethodGet, path, serve) }
	get("/_wxfn/functions", func(*http.Request) (any, error) { return c.Functions(), nil })
	routes.Path("/_wxfn/journal").Methods(http.MethodGet).Headers("Accept", "text/event-stream").HandlerFunc(c.stream)
	get("/_wxfn/journal", func(*http.Request) (any, error) {
		views := []journal.View{}
		for _, r := range c.Journal.All() {
			views = append(views, r.View())
		}
		return views, nil
	})
	get("/_wxfn/journal/{id}", func(r *http.Request) (any, error) {
		id := mux.Vars(r)["id"]
		record := c.Journal.Find(id)
		if record == nil {
			return nil, notFound{fmt.Errorf("the journal has no invocation %q, or no longer", id)}
		}
		return record.View(), nil
	})
	get("/_wxfn/scan", func(r *http.Request) (any, error) {
		if !r.URL.Query().Has("content") {
			return nil, badRequest{errors.New("name what the code holds: /_wxfn/scan?content=…")}
		}
		return scanned(c.Scan(r.URL.Query().Get("content")))
	})
	handle(http.MethodPost, "/_wxfn/scan", func(r *http.Request) (any, error) {
		file, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxPicture))
		if err != nil {
			return nil, badRequest{fmt.Errorf("reading the picture, of %d MB at most: %w", maxPicture>>20, err)}
		}
		return scanned(c.ScanPicture(file))
	})
	handle(http.MethodPost, "/_wxfn/preview", func(r *http.Request) (any, error) {
		jpeg, err := c.Preview(r.URL.Query().Get("path"))
		if errors.Is(err, platform.ErrPath) {
			return nil, badRequest{err}
		}
		return jpegFile(jpeg), err
	})
	get("/_wxfn/stubs", func(r *http.Request) (any, error) {
		list := c.Stubs.List()
		unused, err := strconv.ParseBool(cmp.Or(r.URL.Query().Get("unused"), "false"))
		if err != nil {
			return nil, badRequest{errors.New("unused is true or false: /_wxfn/stubs?unused=true")}
		}
		if unused {
			list = slices.DeleteFunc(list, func(s platform.StubState) bool { return s.Answered > 0 })
		}
		return list, nil
	})
	handle(http.MethodPost, "/_wxfn/stubs", c.addStubs)
	handle(http.MethodPut, "/_wxfn/stubs", c.addStubs)
	handle(http.MethodDelete, "/_wxfn/stubs", func(*http.Request) (any, error) {
		c.Stubs.Remove()
		return c.Stubs.List(), nil
	})
	get("/_wxfn/outbox", func(r *http.Request) (any, error) { return c.Outbox(r.URL.Query().Get("openid")), nil })
	handle(http.MethodPost, "/_wxfn/phonecode", func(r *http.Request) (any, error) {
		openID := r.URL.Query().Get("openid")
		if openID == "" {
			return nil, badRequest{errors.New("name the user: /_wxfn/phonecode?openid=…")}
		}
		return map[string]string{"code": c.PhoneCode(openID)}, nil
	})
	get("/_wxfn/clock", func(*http.Request) (any, error) { return c.Clock(nil) })
	handle(http.MethodPost, "/_wxfn/clock", func(r *http.Request) (any, error) {
		change, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<10))
		if err != nil {
			return nil, badRequest{err}
		}
		if len(change) == 0 {
			return nil, badRequest{errors.New(`say what to change: {"hold": true}, {"move": "90s"} or {"set": "2026-01-02T03:04:05Z"}`)}
		}
		now, err := c.Clock(change)
		if err != nil {
			return nil, badRequest{err}
		}
		return now, nil
	})
	routes.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusNotFound, fmt.Errorf("the control API has no %s", r.URL.Path))
	})
	routes.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusMethodNotAllowed, fmt.Errorf("%s does not take the method %s", r.URL.Path, r.Method))
	})
	return routes
}

const (
	maxPicture = 20 << 20
	maxStubs   = 10 << 20
)

// addStubs adds stubs, or none of them if one is wrong. It answers with all stubs, and what is strange about the new ones.
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
	return map[string]any{"stubs": c.Stubs.List(), "warnings": warnings}, nil
}

// stream sends what happens until the reader or the emulator goes.
func (c *Config) stream(w http.ResponseWriter, r *http.Request) {
	events, stop := c.Journal.Follow()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for {
		if len(events) == 0 && out.Flush() != nil {
			return
		}
		select {
		case event := <-events:
			text, _ := json.Marshal(event) // texts, numbers and times always encode
			if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event.Type, text); err != nil {
				return
			}
		case <-r.Context().Done():
			return
		case <-c.Done:
			return
		}
	}
}

// jpegFile is an answer that is no JSON.
type jpegFile []byte

// scanned sorts the errors of a scan.
func scanned(options *platform.LaunchOptions, err error) (any, error) {
	switch {
	case errors.Is(err, platform.ErrUnknownCode), errors.Is(err, platform.ErrExpired):
		return nil, notFound{err}
	case errors.Is(err, picture.ErrNotPicture), errors.Is(err, picture.ErrTooLarge), errors.Is(err, picture.ErrNoCode):
		return nil, badRequest{err}
	}
	return options, err
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
	WriteJSON(w, status, map[string]any{"errCode": -1, "errMsg": err.Error()})
}
