package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
)

func nothing(string) string { return "" }

// Nothing that is printed acts on a terminal.
func TestPrintable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want, onTerminal string }{
		"ordinary":          {text: "你好, 👩‍👩‍👧 café\u00a0\ufeff\tend\n", want: "你好, 👩‍👩‍👧 café\u00a0\ufeff\tend\n"},
		"right to left":     {text: "שלום\u200f العربية", want: "שלום\u200f العربية"},
		"lines":             {text: "a\nb\r\nc\n", want: "a\nb\r\nc\n"},
		"carriage return":   {text: "10%\r20%", want: `10%\r20%`},
		"two of them":       {text: "a\r\r\n", want: `a\r` + "\r\n"},
		"cursor":            {text: "\x1b[2J\x1b[1;1Hx", want: `\x1b[2J\x1b[1;1Hx`},
		"title":             {text: "\x1b]0;title\x07", want: `\x1b]0;title\x07`},
		"alone":             {text: "\x1b", want: `\x1b`},
		"open":              {text: "\x1b[31", want: `\x1b[31`},
		"private":           {text: "\x1b[?25m", want: `\x1b[?25m`},
		"colours":           {text: "\x1b[31;1mred\x1b[0m plain\n", want: "red plain\n", onTerminal: "\x1b[31;1mred\x1b[0m plain\x1b[0m\n"},
		"colours, not shut": {text: "\x1b[38:5:1mred\nplain", want: "red\nplain", onTerminal: "\x1b[38:5:1mred\x1b[0m\nplain"},
		"C1":                {text: "a\u009b2Jb\u0085c\u007f", want: `a\u009b2Jb\u0085c\u007f`},
		"overrides":         {text: "a\u202eb\u2066c\u2069d\u2028e", want: `a\u202eb\u2066c\u2069d\u2028e`},
		"bells and more":    {text: "\a\b\v\f\x00", want: `\x07\x08\x0b\x0c\x00`},
		"no UTF-8":          {text: "a\xff\x9b2J\xe4\xbd", want: `a\xff\x9b2J\xe4\xbd`},
		"U+FFFD itself":     {text: "\ufffd", want: "\ufffd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			n, err := newPrintable(&b, nothing).Write([]byte(c.text))
			require.NoError(t, err)
			assert.Equal(t, len(c.text), n)
			assert.Equal(t, c.want, b.String())
			if c.onTerminal == "" {
				c.onTerminal = c.want
			}
			b.Reset()
			_, _ = (&printable{&b, true}).Write([]byte(c.text))
			assert.Equal(t, c.onTerminal, b.String())
		})
	}
}

// evil tries to look as another line, and to move the cursor.
const evil = "e\x1b[2J\u009b1A\n12:00:00 other: returned\rx\u202e\xff"

// A line of the log is one line, whatever is in its names; what follows an error's first line is indented.
func TestLogIsPrintable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	handler, err := logHandler("text", newPrintable(&b, nothing))
	require.NoError(t, err)
	log := slog.New(handler)
	log.Info(evil, "function", evil, "request_id", "r-1", "stream", "stdout")
	log.Error("failed\n"+evil, "function", evil, "request_id", "r-1", "advice", evil, "other", evil)
	for line := range strings.Lines(b.String()) {
		assert.NotRegexp(t, `^12:00:00 other`, line)
	}
	assert.NotRegexp(t, `[\x00-\x08\x0b-\x1f\x7f\x{80}-\x{9f}\x{202e}]`, b.String())

	b.Reset()
	handler, err = logHandler("json", newPrintable(&b, nothing))
	require.NoError(t, err)
	slog.New(handler).Info(evil, "function", evil)
	assert.NotRegexp(t, `[\x00-\x08\x0b-\x1f\x7f\x{80}-\x{9f}\x{202e}]`, b.String())
	var record struct{ Msg, Function string }
	require.NoError(t, json.Unmarshal(b.Bytes(), &record))
	assert.Equal(t, strings.ToValidUTF8(evil, "\ufffd"), record.Msg)
	assert.Equal(t, record.Msg, record.Function)
}

// wxfn logs prints one line for each line, call and end.
func TestLogsArePrintable(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		var b bytes.Buffer
		l := logs{process: process{stdout: newPrintable(&b, nothing)}, format: format}
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		l.print(api.Invocation{RequestID: "r-1", Function: evil, Source: evil, OpenID: evil, Error: evil, HTTP: &api.Exchange{Method: evil, Path: evil, Status: 200},
			Output: []api.Line{{Time: at, Stream: "stdout", Text: evil}},
			Calls:  []api.Call{{API: evil, Params: evil, ErrCode: 1, ErrMsg: evil, Advice: evil, Stub: evil, NearMisses: []string{evil}}}})
		assert.NotRegexp(t, `[\x00-\x08\x0b-\x1f\x7f\x{80}-\x{9f}\x{202e}]`, b.String())
		want := map[string]int{"text": 3, "json": 1}[format]
		assert.Equal(t, want, strings.Count(b.String(), "\n"), b.String())
		if format == "json" {
			assert.True(t, json.Valid(b.Bytes()))
		}
	}
}

func TestSafeJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	_, _ = newPrintable(&b, nothing).Write(safeJSON([]byte("[1,\r 2, \"a\xffb\u009bc\u202ed\u007f\"]\r\n")))
	assert.Equal(t, `[1,  2, "a\ufffdb\u009bc\u202ed\u007f"] `+"\n", b.String())
	assert.True(t, json.Valid(b.Bytes()))
}
