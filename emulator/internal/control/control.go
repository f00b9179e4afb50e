// Package control is the emulator's control API, under /_wxfn/: what a test or a tool asks of the emulator itself.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
)

// Function is a function as the control API tells of it.
type Function struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // handler, go, node, …
	Dir  string `json:"dir,omitempty"`
}

// Config is what the control API reaches.
type Config struct {
	Scan      func(content string) (*platform.LaunchOptions, error)
	Journal   *journal.Journal
	Functions func() []Function
}

// New returns the handler of all paths under /_wxfn/.
//
//	GET /_wxfn/functions         what is served
//	GET /_wxfn/journal           the last invocations, oldest first
//	GET /_wxfn/journal/{id}      one of them, by its request id
//	GET /_wxfn/scan?content=…    launch options {path, query, scene, appId} of a code
func New(c Config) http.Handler {
	routes := mux.NewRouter()
	get := func(path string, serve func(*http.Request) (any, error)) {
		routes.Path(path).Methods(http.MethodGet).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v, err := serve(r)
			if err != nil {
				WriteError(w, statusOf(err), err)
				return
			}
			WriteJSON(w, http.StatusOK, v)
		})
	}
	get("/_wxfn/functions", func(*http.Request) (any, error) { return c.Functions(), nil })
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
		options, err := c.Scan(r.URL.Query().Get("content"))
		if errors.Is(err, platform.ErrUnknownCode) {
			return nil, notFound{err}
		}
		return options, err
	})
	routes.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusNotFound, fmt.Errorf("the control API has no %s", r.URL.Path))
	})
	routes.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusMethodNotAllowed, fmt.Errorf("%s does not take the method %s", r.URL.Path, r.Method))
	})
	return routes
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
