package host

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
)

func TestLinesAreToldApartHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", journal.MaxLine)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"none":                     {"", nil},
		"lines":                    {"one\ntwo\n", []string{"one", "two"}},
		"no newline at the end":    {"one\ntwo", []string{"one", "two"}},
		"empty lines":              {"\n\na\n\n", []string{"", "", "a", ""}},
		"of Windows":               {"one\r\ntwo\r\n\r", []string{"one", "two", "\r"}},
		"as long as can be":        {long + "\nb\n", []string{long, "b"}},
		"longer":                   {long + "yz\nb\n", []string{long, "yz", "b"}},
		"much longer":              {long + long + "z", []string{long, long, "z"}},
		"long, of wide characters": {strings.Repeat("长", journal.MaxLine/3+1), []string{strings.Repeat("长", journal.MaxLine/3), "长"}},
		"long, of no characters":   {strings.Repeat("\x80", journal.MaxLine+1), []string{strings.Repeat("\x80", journal.MaxLine), "\x80"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{1, 2, 3, 1000, 32 << 10, 1 << 20} {
				var got []string
				w := lineWriter{
					emit: func(text string) { got = append(got, text) },
					fit:  func(line []byte) int { return journal.Fit(line, journal.MaxLine) },
				}
				for b := []byte(c.text); len(b) > 0; {
					n := min(size, len(b))
					w.write(bytes.Clone(b[:n]))
					b = b[n:]
				}
				w.flush()
				assert.Equal(t, c.want, got, "%d bytes at a time", size)
			}
		})
	}
}
