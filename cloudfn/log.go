package cloudfn

import (
	"context"
	"io"
	"log"
	"log/slog"
	"reflect"
	"sync"
)

// running is the set of invocations that are running now.
type running struct {
	mu  sync.Mutex
	now map[*Invocation]struct{}
}

func (r *running) add(inv *Invocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil {
		r.now = map[*Invocation]struct{}{}
	}
	r.now[inv] = struct{}{}
}

func (r *running) remove(inv *Invocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.now, inv)
}

// only returns the invocation that is running, when it is the only one.
func (r *running) only() (*Invocation, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.now) == 1 {
		for inv := range r.now {
			return inv, true
		}
	}
	return nil, false
}

// requestID returns the id of the invocation that ctx belongs to, or "".
func requestID(ctx context.Context) string {
	if inv, ok := FromContext(ctx); ok {
		return inv.RequestID
	}
	return ""
}

// A logHandler adds the attribute request_id to each record: of the invocation in
// its context, else, as slog.Info and package log have no context to give, of the
// only one that is running. With several running it adds none rather than a wrong
// one.
type logHandler struct {
	running *running
	next    slog.Handler // as the logger sees it, with all its groups and attributes

	// request_id belongs outside of the logger's groups, so a record with one goes
	// to top, as next was before its first group, through what came since.
	top   slog.Handler
	since []func(slog.Handler) slog.Handler
}

func newLogHandler(next slog.Handler, r *running) *logHandler {
	return &logHandler{running: r, next: next, top: next}
}

func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *logHandler) Handle(ctx context.Context, record slog.Record) error {
	id := requestID(ctx)
	if id == "" {
		if inv, ok := h.running.only(); ok {
			id = inv.RequestID
		}
	}
	if id == "" {
		return h.next.Handle(ctx, record)
	}
	next := h.top.WithAttrs([]slog.Attr{slog.String("request_id", id)})
	for _, apply := range h.since {
		next = apply(next)
	}
	return next.Handle(ctx, record)
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	return h.with(len(h.since) > 0, func(next slog.Handler) slog.Handler { return next.WithAttrs(attrs) })
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(true, func(next slog.Handler) slog.Handler { return next.WithGroup(name) })
}

// with returns h after a change that is, or is not, within a group.
func (h *logHandler) with(grouped bool, apply func(slog.Handler) slog.Handler) *logHandler {
	changed := *h
	changed.next = apply(h.next)
	if grouped {
		changed.since = append(h.since[:len(h.since):len(h.since)], apply)
	} else {
		changed.top = changed.next
	}
	return &changed
}

// setDefaultLog makes what the program has chosen as slog's default go through
// wrap, and package log with it.
func setDefaultLog(wrap func(slog.Handler) slog.Handler) {
	slog.SetDefault(slog.New(wrap(chosenHandler(slog.Default().Handler(), log.Writer()))))
}

// chosenHandler returns the handler to wrap: current, unless that is slog's
// built-in one. It writes through package log, which SetDefault makes write to
// slog, so it cannot be wrapped; text to where package log writes, which is stderr
// unless the program has moved it, takes its place.
func chosenHandler(current slog.Handler, w io.Writer) slog.Handler {
	// Its type is all there is to know it by: a package that sets a default may be
	// initialised before this one, so that comparing with an early copy would fail.
	if reflect.TypeOf(current).String() == "*slog.defaultHandler" {
		return slog.NewTextHandler(w, nil)
	}
	return current
}
