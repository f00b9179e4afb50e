// Package control is the emulator's control API, under /_wxfn/: what a test or a tool asks of the emulator itself.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gorilla/mux"

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
	// Done ends the streams that are open.
	Done <-chan struct{}
}

// New returns the handler of all paths under /_wxfn/.
//
//	GET /_wxfn/functions         what is served
//	GET /_wxfn/journal           the last invocations, oldest first; with Accept: text/event-stream, what happens from
//	                             now on, as server-sent events of types begin, line, call, end and lost
//	GET /_wxfn/journal/{id}      one of them, by its request id
//	GET /_wxfn/scan?content=…    launch options {path, query, scene, appId} of a code
//	POST /_wxfn/scan             the same for a picture of a code: the body is a JPEG or PNG file
//	POST /_wxfn/preview?path=…   a code of the developer version, as image/jpeg; it counts against no quota
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
		if err != nil {
			return nil, badRequest{err}
		}
		return jpegFile(jpeg), nil
	})
	routes.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusNotFound, fmt.Errorf("the control API has no %s", r.URL.Path))
	})
	routes.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusMethodNotAllowed, fmt.Errorf("%s does not take the method %s", r.URL.Path, r.Method))
	})
	return routes
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

const maxPicture = 20 << 20

// jpegFile is an answer that is no JSON.
type jpegFile []byte

// scanned sorts the errors of a scan.
func scanned(options *platform.LaunchOptions, err error) (any, error) {
	switch {
	case errors.Is(err, platform.ErrUnknownCode):
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
