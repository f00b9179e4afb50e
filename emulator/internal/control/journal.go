package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

func (c *Config) invocations(r *http.Request) (any, error) {
	function, openID := r.URL.Query().Get("function"), r.URL.Query().Get("openid")
	failed, err := flagOf(r, "errors")
	if err != nil {
		return nil, err
	}
	limit, err := limitOf(r)
	if err != nil {
		return nil, err
	}
	list := []api.Invocation{}
	for _, record := range slices.Backward(c.Journal.All()) {
		if len(list) == limit {
			break
		}
		if function != "" && record.Function != function || openID != "" && record.OpenID != openID {
			continue
		}
		if v := record.View(); !failed || hasError(v) {
			list = append(list, invocation(v))
		}
	}
	slices.Reverse(list)
	return list, nil
}

// hasError reports whether an invocation failed, or one of its calls.
func hasError(v journal.View) bool {
	return v.Error != "" || slices.ContainsFunc(v.Calls, func(c journal.Call) bool { return c.ErrCode != 0 })
}

// invocation returns a record as the control API shows it.
func invocation(v journal.View) api.Invocation {
	i := api.Invocation{RequestID: v.RequestID, Function: v.Function, OpenID: v.OpenID, Source: v.Source, Start: v.Start,
		Running: v.Running, Duration: api.Milliseconds(v.Duration), ColdStart: v.ColdStart, HTTP: (*api.Exchange)(v.HTTP),
		Event: v.Event, Result: v.Result, Error: v.Error, BuildError: v.BuildError, Dropped: v.Dropped,
		Output: make([]api.Line, len(v.Output)), Calls: make([]api.Call, len(v.Calls))}
	for n, line := range v.Output {
		i.Output[n] = api.Line(line)
	}
	for n, call := range v.Calls {
		i.Calls[n] = callOf(call)
	}
	return i
}

func callOf(c journal.Call) api.Call {
	return api.Call{Time: c.Time, API: c.API, Params: c.Params, Result: c.Result, ErrCode: c.ErrCode, ErrMsg: c.ErrMsg, RID: c.RID,
		Advice: c.Advice, Stub: c.Stub, NearMisses: c.NearMisses, Duration: api.Milliseconds(c.Duration)}
}

func eventOf(e journal.Event) api.Event {
	event := api.Event{Type: e.Type, RequestID: e.RequestID, Function: e.Function, Line: (*api.Line)(e.Line), Lost: e.Lost}
	if e.Call != nil {
		event.Call = new(callOf(*e.Call))
	}
	if e.Invocation != nil {
		event.Invocation = new(invocation(*e.Invocation))
	}
	return event
}

// stream sends what happens until the reader or the emulator goes.
func (c *Config) stream(w http.ResponseWriter, r *http.Request) {
	events, stop := c.Journal.Follow()
	defer stop()
	w.Header().Set("Content-Type", api.EventStream)
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for {
		if len(events) == 0 && out.Flush() != nil {
			return
		}
		select {
		case event := <-events:
			text, _ := json.Marshal(eventOf(event)) // texts, numbers and times always encode
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
