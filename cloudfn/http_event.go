package cloudfn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// eventMethods are those whose requests are events.
var eventMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

// allowed is what a caller is told of them.
var allowed = strings.Join(append(eventMethods, http.MethodOptions), ", ")

// A failure is an answer that is no result.
type failure struct {
	status  int
	code    int
	message string
}

// invalid is a request that is not an event.
func invalid(status int, format string, args ...any) *failure {
	return &failure{status, wxcloud.InvalidParam, fmt.Sprintf(format, args...)}
}

// serveEvent answers a request that is an event.
func (f *front) serveEvent(w http.ResponseWriter, r *http.Request, inv *Invocation) {
	switch {
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
		return
	case !slices.Contains(eventMethods, r.Method):
		w.Header().Set("Allow", allowed)
		writeFailure(w, inv, invalid(http.StatusMethodNotAllowed, "%s is no method for an event: use POST, or GET", r.Method))
		return
	}
	event, failed := f.event(w, r)
	if failed == nil {
		var result []byte
		if result, failed = f.invokeHTTP(r, inv, event); failed == nil {
			writeResult(w, r, result)
			return
		}
	}
	writeFailure(w, inv, failed)
}

// event returns the event that a request brings.
func (f *front) event(w http.ResponseWriter, r *http.Request) ([]byte, *failure) {
	body, err := f.readBody(w, r)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, invalid(http.StatusRequestEntityTooLarge, "the event is too large: at most %d bytes", f.maxEvent)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, invalid(http.StatusRequestTimeout, "the event did not arrive within %v", f.bodyTime)
	}
	if err != nil {
		return nil, invalid(http.StatusBadRequest, "the event did not arrive whole: %v", err)
	}
	if len(body) == 0 {
		return queryEvent(r.URL.RawQuery)
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, invalid(http.StatusUnsupportedMediaType, "the event is encoded as %q: send it as it is", coding)
	}
	if t := r.Header.Get("Content-Type"); t != "" && !isJSON(t) {
		return nil, invalid(http.StatusUnsupportedMediaType, "the event is of type %q: send JSON, as application/json", t)
	}
	if !json.Valid(body) {
		return nil, invalid(http.StatusBadRequest, "%v", eventError(json.Unmarshal(body, new(any))))
	}
	return body, nil
}

// readBody reads a request's body, if it is not too large and does not take too long.
func (f *front) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	conn := http.NewResponseController(w)
	conn.SetReadDeadline(time.Now().Add(f.bodyTime)) // what cannot has none
	if r.ContentLength > f.maxEvent {                // no need to see it
		return nil, &http.MaxBytesError{Limit: f.maxEvent}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, f.maxEvent))
	if err == nil { // else the server may still read on, to answer
		conn.SetReadDeadline(time.Time{})
	}
	return body, err
}

// jsonCharsets are the names of JSON's only charset, the last of them as many clients
// write it.
var jsonCharsets = []string{"", "utf-8", "utf8"}

// isJSON reports whether a content type is JSON, or based on it.
func isJSON(contentType string) bool {
	t, params, err := mime.ParseMediaType(contentType)
	return err == nil && (t == "application/json" || strings.HasSuffix(t, "+json")) &&
		slices.Contains(jsonCharsets, strings.ToLower(params["charset"]))
}

// queryEvent makes an event of a query.
func queryEvent(query string) ([]byte, *failure) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, invalid(http.StatusBadRequest, "the query is no event: %v", err)
	}
	object := make(map[string]any, len(values))
	for name, list := range values {
		if object[name] = list; len(list) == 1 {
			object[name] = list[0]
		}
	}
	event, _ := encodeJSON(object) // strings always encode
	return event, nil
}

// invokeHTTP is one invocation by a request.
func (f *front) invokeHTTP(r *http.Request, inv *Invocation, event []byte) ([]byte, *failure) {
	ctx, cancel := f.withLimit(r, inv)
	defer cancel()
	var resp go1.InvokeResponse
	var err error
	done := make(chan struct{})
	go func() { // of its own, as the handler may end it
		defer close(done)
		err = f.invoke(ctx, inv, event, &resp)
	}()
	<-done
	if resp.Error == nil {
		return resp.Payload, nil
	}
	failed := &failure{http.StatusInternalServerError, wxcloud.FunctionExecute, resp.Error.Message}
	if _, ok := errors.AsType[*EventError](err); ok {
		failed.status, failed.code = http.StatusBadRequest, wxcloud.InvalidParam
	} else if errors.Is(err, context.DeadlineExceeded) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		failed.status, failed.code = http.StatusGatewayTimeout, wxcloud.FunctionTimeout
	}
	return nil, failed
}

// withLimit returns the request's context, which ends when the platform stops waiting,
// as far as that is known.
func (f *front) withLimit(r *http.Request, inv *Invocation) (context.Context, context.CancelFunc) {
	limit := time.Duration(0)
	if inv.Source == "wx_client" {
		limit = f.limit
	}
	if f.scf {
		ms, _ := strconv.ParseInt(r.Header.Get(scfTimeout), 10, 32) // 0 is none
		limit = time.Duration(ms) * time.Millisecond
	}
	if limit <= 0 {
		return context.WithCancel(r.Context())
	}
	return context.WithTimeout(r.Context(), limit)
}

// writeResult answers with a result, or with the picture that it is.
func writeResult(w http.ResponseWriter, r *http.Request, result []byte) {
	h := w.Header()
	h.Set("Vary", "Accept")
	contentType := "application/json; charset=utf-8"
	if t, picture := pictureFor(r.Header["Accept"], result); picture != nil {
		contentType, result = t, picture
	}
	if len(result) == 0 { // which is not JSON
		w.WriteHeader(http.StatusNoContent)
		return
	}
	write(w, http.StatusOK, contentType, result)
}

// writeFailure answers with what failed.
func writeFailure(w http.ResponseWriter, inv *Invocation, failed *failure) {
	body, _ := encodeJSON(struct {
		ErrCode   int    `json:"errCode"`
		ErrMsg    string `json:"errMsg"`
		RequestID string `json:"requestID"`
	}{failed.code, failed.message, inv.RequestID}) // these always encode
	write(w, failed.status, "application/json; charset=utf-8", body)
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body) // a caller that has gone is told nothing
}
