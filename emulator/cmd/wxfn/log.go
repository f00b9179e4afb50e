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
		return newLineHandler(w, slog.LevelInfo), nil
	}
	return nil, fmt.Errorf("--log is %q; write text or json", form)
}

// lineHandler writes lines for people: time, function, message, and what remains.
type lineHandler struct {
	w     io.Writer
	mu    *sync.Mutex
	from  slog.Level
	attrs []slog.Attr
}

// newLineHandler returns a handler of records of a level and above.
func newLineHandler(w io.Writer, from slog.Level) *lineHandler {
	return &lineHandler{w: w, mu: new(sync.Mutex), from: from}
}

func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.from }
func (h *lineHandler) WithGroup(string) slog.Handler                    { return h }
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{h.w, h.mu, h.from, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	var name, advice, rest strings.Builder
	message, indent := r.Message, ""
	add := func(a slog.Attr) bool {
		text := oneLine(a.Value.String())
		switch a.Key {
		case "function":
			fmt.Fprintf(&name, "%s: ", text)
		case "stream": // a function's line looks as it was printed
			message = oneLine(message)
		case "advice":
			if text != "" {
				fmt.Fprintf(&advice, "; %s", text)
			}
		case "request_id": // what a function says is not to look as what wxfn does
			indent = "  "
			fmt.Fprintf(&rest, " [%.8s]", text)
		case "cold":
			if a.Value.Bool() {
				rest.WriteString(" cold start")
			}
		case "duration":
			fmt.Fprintf(&rest, " %s", text)
		default:
			if text != "" {
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
	// A message of several lines, such as a compiler's, goes on below what belongs to its first one.
	first, more, _ := strings.Cut(message, "\n")
	if more != "" {
		more = "\n" + indent + strings.ReplaceAll(more, "\n", "\n"+indent)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := fmt.Fprintf(h.w, "%s %s%s%s%s%s%s\n", r.Time.Format("15:04:05"), level, &name, first, &advice, &rest, more)
	return err
}
