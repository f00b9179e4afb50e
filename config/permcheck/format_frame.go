package permcheck

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sizes of a code frame.
const (
	maxSource  = 32 << 20 // bytes of a file; a larger one has no frame
	frameWidth = 100      // columns of a line of source
	frameLead  = 60       // of these, at most so many before the caret
	tabWidth   = 4
)

// sources are the lines of files that have been read, by path; none for one that cannot be.
type sources map[string][][]byte

// secretFile is the name of a file whose lines hold passwords. Reports are printed in CI, where others read them.
var secretFile = regexp.MustCompile(`^(\.env(\..*)?|cloudbaserc\.json|container\.config\.json)$`)

// frame returns the lines around a place, with numbers and a caret under the column; none where the file has no such line,
// or its lines may be secret.
func (s sources) frame(path string, line, column int) []string {
	if secretFile.MatchString(filepath.Base(path)) {
		return nil
	}
	lines, ok := s[path]
	if !ok {
		lines = readLines(path)
		s[path] = lines
	}
	if line < 1 || line > len(lines) {
		return nil
	}
	var frame []string
	width := len(strconv.Itoa(min(line+1, len(lines))))
	row := func(mark string, number int, text string) {
		frame = append(frame, strings.TrimRight(fmt.Sprintf("%s %*d | %s", mark, width, number, text), " "))
	}
	for n := max(line-1, 1); n <= min(line+1, len(lines)); n++ {
		if n != line {
			text, _ := excerpt(lines[n-1], 1)
			row(" ", n, text)
			continue
		}
		text, caret := excerpt(lines[n-1], column)
		row(">", n, text)
		frame = append(frame, fmt.Sprintf("  %*s | %*s^", width, "", caret, ""))
	}
	return frame
}

// readLines returns the lines of an ordinary file without their ends.
func readLines(path string) [][]byte {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSource {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	for i := range lines {
		lines[i] = bytes.TrimSuffix(lines[i], []byte("\r"))
	}
	return lines
}

// excerpt returns the part of a line around a column (in characters, from 1) as a terminal shows it, and how many of the
// terminal's columns stand before that character. A column behind the end of the line is its end.
func excerpt(line []byte, column int) (text string, caret int) {
	var cells []string // around the column, each of one character
	first, at := 0, max(column-1, 0)
	rest := line
	for i := 0; len(rest) > 0 && i < at; i++ {
		cells = append(cells, take(&rest))
		if len(cells) > 2*frameWidth { // the line can be megabytes long
			drop := len(cells) - frameWidth
			first += drop
			cells = append(cells[:0], cells[drop:]...)
		}
	}
	at = len(cells)
	before := 0
	for _, c := range cells {
		before += cellWidth(c)
	}
	for before > frameLead {
		before -= cellWidth(cells[0])
		cells, at = cells[1:], at-1
		first++
	}
	cut := ""
	if first > 0 {
		cut = "…"
		before++
	}
	total := before
	for len(rest) > 0 {
		c := take(&rest)
		if total += cellWidth(c); total >= frameWidth {
			c, rest = "…", nil
		}
		cells = append(cells, c)
	}
	return cut + strings.Join(cells, ""), before
}

// take removes the first character of a line, and returns how it is shown.
func take(line *[]byte) string {
	r, size := utf8.DecodeRune(*line)
	*line = (*line)[size:]
	switch {
	case r == '\t':
		return strings.Repeat(" ", tabWidth)
	case unicode.IsMark(r):
		return string(r)
	case !strconv.IsGraphic(r):
		return "\uFFFD"
	}
	return string(r)
}

// cellWidth returns how many columns of a terminal a character takes.
func cellWidth(cell string) int {
	r, size := utf8.DecodeRuneInString(cell)
	switch {
	case size < len(cell): // a tab
		return len(cell)
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// wide are the characters that take two columns: Unicode's East Asian Width, classes W and F, without small gaps.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115F, Stride: 1}, // Hangul Jamo
		{Lo: 0x2E80, Hi: 0x303E, Stride: 1}, // radicals, punctuation
		{Lo: 0x3041, Hi: 0x33FF, Stride: 1}, // kana, Bopomofo, enclosed
		{Lo: 0x3400, Hi: 0x4DBF, Stride: 1}, // Han
		{Lo: 0x4E00, Hi: 0xA4CF, Stride: 1}, // Han, Yi
		{Lo: 0xA960, Hi: 0xA97C, Stride: 1}, // Hangul Jamo
		{Lo: 0xAC00, Hi: 0xD7A3, Stride: 1}, // Hangul
		{Lo: 0xF900, Hi: 0xFAFF, Stride: 1}, // Han
		{Lo: 0xFE30, Hi: 0xFE6F, Stride: 1}, // forms of punctuation
		{Lo: 0xFF01, Hi: 0xFF60, Stride: 1}, // full-width forms
		{Lo: 0xFFE0, Hi: 0xFFE6, Stride: 1}, // full-width signs
	},
	R32: []unicode.Range32{
		{Lo: 0x1F300, Hi: 0x1F64F, Stride: 1}, // pictures
		{Lo: 0x1F680, Hi: 0x1F6FF, Stride: 1},
		{Lo: 0x1F900, Hi: 0x1F9FF, Stride: 1},
		{Lo: 0x20000, Hi: 0x3FFFD, Stride: 1}, // Han
	},
}
