package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// logHandler returns a handler of the form that --log names.
func logHandler(form string, w io.Writer) (slog.Handler, error) {
	switch form {
	case "json":
		return slog.NewJSONHandler(w, nil), nil
	case "text":
		return &lineHandler{w: w, mu: new(sync.Mutex)}, nil
	}
	return nil, fmt.Errorf("--log is %q; it may be text or json", form)
}

// lineHandler writes lines for people: time, function, message, and what remains.
type lineHandler struct {
	w     io.Writer
	mu    *sync.Mutex
	attrs []slog.Attr
}

func (h *lineHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h *lineHandler) WithGroup(string) slog.Handler            { return h }
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{h.w, h.mu, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	var name, rest strings.Builder
	add := func(a slog.Attr) bool {
		switch a.Key {
		case "function":
			fmt.Fprintf(&name, "%s: ", a.Value)
		case "stream": // a function's line looks as it was printed
		case "request_id":
			fmt.Fprintf(&rest, " [%.8s]", a.Value)
		case "cold":
			if a.Value.Bool() {
				rest.WriteString(" cold start")
			}
		case "duration":
			fmt.Fprintf(&rest, " %s", a.Value)
		default:
			if text := a.Value.String(); text != "" {
				fmt.Fprintf(&rest, " %s: %s", a.Key, text)
			}
		}
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	level := ""
	if r.Level >= slog.LevelError {
		level = "error: "
	} else if r.Level >= slog.LevelWarn {
		level = "warning: "
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := fmt.Fprintf(h.w, "%s %s%s%s%s\n", r.Time.Format("15:04:05"), level, name.String(), r.Message, rest.String())
	return err
}
