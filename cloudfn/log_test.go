package cloudfn

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"testing"
	"testing/slogtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withoutTime writes JSON lines that a test can compare.
func withoutTime(w *bytes.Buffer, level slog.Level) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
}

func TestALineCarriesItsRequestID(t *testing.T) {
	t.Parallel()
	one, two, nameless := &Invocation{RequestID: "r-1"}, &Invocation{RequestID: "r-2"}, &Invocation{}
	none := context.Background()
	for name, c := range map[string]struct {
		ctx     context.Context
		running []*Invocation
		log     func(*slog.Logger, context.Context)
		want    string
	}{
		"outside of invocations":       {none, nil, nil, `{"level":"INFO","msg":"m","k":1}`},
		"of its context":               {NewContext(none, one), nil, nil, `{"level":"INFO","msg":"m","request_id":"r-1","k":1}`},
		"of its context, among others": {NewContext(none, one), []*Invocation{one, two}, nil, `{"level":"INFO","msg":"m","request_id":"r-1","k":1}`},
		"of the only one running":      {none, []*Invocation{two}, nil, `{"level":"INFO","msg":"m","request_id":"r-2","k":1}`},
		"none of several running":      {none, []*Invocation{one, two}, nil, `{"level":"INFO","msg":"m","k":1}`},
		"none where there is none":     {none, []*Invocation{nameless}, nil, `{"level":"INFO","msg":"m","k":1}`},
		"with the logger's own": {NewContext(none, one), nil, func(l *slog.Logger, ctx context.Context) {
			l.With("a", 1).With("b", 2).InfoContext(ctx, "m", "k", 1)
		}, `{"level":"INFO","msg":"m","a":1,"b":2,"request_id":"r-1","k":1}`},
		"outside of groups": {NewContext(none, one), nil, func(l *slog.Logger, ctx context.Context) {
			l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").With("c", 3).InfoContext(ctx, "m", "k", 1)
		}, `{"level":"INFO","msg":"m","a":1,"request_id":"r-1","g":{"b":2,"h":{"c":3,"k":1}}}`},
		"groups outside of invocations": {none, nil, func(l *slog.Logger, ctx context.Context) {
			l.With("a", 1).WithGroup("g").With("b", 2).InfoContext(ctx, "m", "k", 1)
		}, `{"level":"INFO","msg":"m","a":1,"g":{"b":2,"k":1}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			var r running
			for _, inv := range c.running {
				r.add(inv)
			}
			l := slog.New(newLogHandler(withoutTime(&out, slog.LevelInfo), &r))
			if c.log == nil {
				l.InfoContext(c.ctx, "m", "k", 1)
			} else {
				c.log(l, c.ctx)
			}
			l.DebugContext(c.ctx, "below the level that the program has chosen")
			assert.Equal(t, c.want+"\n", out.String())
		})
	}
}

func TestLoggersOfOneLoggerDoNotMix(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	parent := slog.New(newLogHandler(withoutTime(&out, slog.LevelInfo), &running{})).WithGroup("g").With("a", 1)
	ctx := NewContext(context.Background(), &Invocation{RequestID: "r-1"})
	left, right := parent.With("b", "left"), parent.With("b", "right")
	left.InfoContext(ctx, "m")
	right.InfoContext(ctx, "m")
	assert.Equal(t, `{"level":"INFO","msg":"m","request_id":"r-1","g":{"a":1,"b":"left"}}
{"level":"INFO","msg":"m","request_id":"r-1","g":{"a":1,"b":"right"}}
`, out.String())
}

func TestTheLogHandlerKeepsTheRulesOfSlog(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "r-1"} {
		var out bytes.Buffer
		slogtest.Run(t, func(t *testing.T) slog.Handler {
			out.Reset()
			var r running
			r.add(&Invocation{RequestID: id})
			return newLogHandler(slog.NewJSONHandler(&out, nil), &r)
		}, func(t *testing.T) map[string]any {
			line := map[string]any{}
			require.NoError(t, json.Unmarshal(out.Bytes(), &line))
			if id != "" {
				assert.Equal(t, id, line["request_id"])
			}
			return line
		})
	}
}

func TestTheProgramsOwnLogHandlerIsKept(t *testing.T) {
	t.Parallel()
	own := slog.NewJSONHandler(os.Stderr, nil)
	assert.Same(t, own, chosenHandler(own, os.Stderr))
}
