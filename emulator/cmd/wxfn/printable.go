package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// printable writes text such that a terminal shows it and does nothing else: names, errors and the output of functions may
// have anything in them. Control characters but tab and newline, those that turn the direction of text, and what is no
// UTF-8 are escaped, as in Go and JSON; within JSON, what is escaped means the same. Colours (ESC [ … m) reach terminals,
// each line's up to its end, and are left out elsewhere. Each Write is a text of its own.
type printable struct {
	w       io.Writer
	colours bool
}

// newPrintable returns a writer of text to w, for the process whose variables getenv returns.
func newPrintable(w io.Writer, getenv func(string) string) io.Writer {
	if _, is := w.(*printable); is {
		return w
	}
	return &printable{w: w, colours: isTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
}

// raw returns the writer below a printable one.
func raw(w io.Writer) io.Writer {
	if p, is := w.(*printable); is {
		return p.w
	}
	return w
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Write implements io.Writer.
func (p *printable) Write(text []byte) (int, error) {
	if _, err := p.w.Write(p.escape(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

const resetColours = "\x1b[0m"

func (p *printable) escape(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(text)/8)
	coloured := false
	reset := func() {
		if coloured {
			out = append(out, resetColours...)
		}
		coloured = false
	}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch sequence := colour(text); {
		case sequence > 0:
			size = sequence
			if p.colours {
				out, coloured = append(out, text[:size]...), true
			}
		case r == utf8.RuneError && size == 1:
			out = fmt.Appendf(out, `\x%02x`, text[0])
		case r == '\n':
			reset()
			out = append(out, '\n')
		case r == '\r' && bytes.HasPrefix(text[1:], []byte("\n")): // which moves no cursor back
			out = append(out, '\r')
		case r == '\r':
			out = append(out, `\r`...)
		case r < ' ' && r != '\t':
			out = fmt.Appendf(out, `\x%02x`, r)
		case isHidden(r):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	reset()
	return out
}

// isHidden reports whether a character beyond ASCII's first ones acts on a terminal, or on how a line is read: DEL and C1
// controls, line separators, and the overrides and isolates of bidirectional text.
func isHidden(r rune) bool {
	return r >= 0x7f && r <= 0x9f || r >= '\u2028' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// colour returns the length of the colour sequence that text begins with; 0 if it does not.
func colour(text []byte) int {
	rest, ok := bytes.CutPrefix(text, []byte("\x1b["))
	if !ok {
		return 0
	}
	end := len(rest) - len(bytes.TrimLeft(rest, "0123456789;:"))
	if end == len(rest) || rest[end] != 'm' {
		return 0
	}
	return len(text) - len(rest) + end + 1
}

// oneLine returns a text as part of a line: its line ends escaped.
func oneLine(text string) string { return lineEnds.Replace(text) }

var lineEnds = strings.NewReplacer("\n", `\n`, "\r", `\r`)

// safeJSON returns JSON as it can be printed: line ends that are not newlines, which may stand between its values, become
// blanks, and what is no UTF-8, which may stand in its texts, U+FFFD.
func safeJSON(text []byte) []byte {
	return bytes.ReplaceAll(bytes.ToValidUTF8(text, []byte(`\ufffd`)), []byte("\r"), []byte(" "))
}
