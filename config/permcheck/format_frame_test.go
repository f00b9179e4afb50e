package permcheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFrameShowsThePlace(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 100)
	for _, c := range []struct {
		name         string
		text         string
		line, column int
		want         []string
	}{
		{"the lines before and after", "a\nbcd\ne\nf\n", 2, 2, []string{"  1 | a", "> 2 | bcd", "    |  ^", "  3 | e"}},
		{"the first line has none before", "ab\nc\n", 1, 1, []string{"> 1 | ab", "    | ^", "  2 | c"}},
		{"the last line has none after", "a\nbc\n", 2, 2, []string{"  1 | a", "> 2 | bc", "    |  ^"}},
		{"a last line without an end", "a\nbc", 2, 2, []string{"  1 | a", "> 2 | bc", "    |  ^"}},
		{"numbers are aligned", strings.Repeat("x\n", 10), 9, 1, []string{"   8 | x", ">  9 | x", "     | ^", "  10 | x"}},
		{"a tab is one column and shows as four", "\tif a {\n", 1, 2, []string{"> 1 |     if a {", "    |     ^"}},
		{"Chinese takes two columns", "发送x := 1\n", 1, 3, []string{"> 1 | 发送x := 1", "    |     ^"}},
		{"a mark above a letter takes none", "e\u0301x\n", 1, 3, []string{"> 1 | e\u0301x", "    |  ^"}},
		{"Windows line ends and a byte order mark", "\uFEFFa\r\nb\r\n", 1, 1, []string{"> 1 | a", "    | ^", "  2 | b"}},
		{"control characters cannot reach the terminal", "a\x1b[31m\u202Eb\xff\n", 1, 1, []string{"> 1 | a\uFFFD[31m\uFFFDb\uFFFD", "    | ^"}},
		{"an empty line", "a\n\nb\n", 2, 1, []string{"  1 | a", "> 2 |", "    | ^", "  3 | b"}},
		{"a column behind the end is the end", "ab\n", 1, 99, []string{"> 1 | ab", "    |   ^"}},
		{"a long line is cut at its end", long, 1, 1, []string{"> 1 | " + long[:99] + "…", "    | ^"}},
		{"a long line is cut on both sides", long, 1, 501, []string{"> 1 | …" + long[:98] + "…", "    | " + strings.Repeat(" ", 61) + "^"}},
		{"a long line is cut at its start", long, 1, 1000, []string{"> 1 | …" + long[9:69] + "9", "    | " + strings.Repeat(" ", 61) + "^"}},
		{"a line that the file does not have", "a\n", 3, 1, nil},
		{"no line", "a\n", 0, 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "a.go")
			require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
			assert.Equal(t, c.want, sources{}.frame(file, c.line, c.column))
		})
	}
}

func TestFrameNeedsAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	assert.Empty(t, sources{}.frame(dir, 1, 1), "a folder")
	assert.Empty(t, sources{}.frame(filepath.Join(dir, "gone.go"), 1, 1), "no file")
}

func TestFrameOfSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, shown := range map[string]bool{
		".env": false, ".env.local": false, "cloudbaserc.json": false, "container.config.json": false,
		"config.json": true, "env.js": true, ".environment.js": true,
	} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte("KEY=\"hunter2\n"), 0o600))
		assert.Equal(t, shown, len(sources{}.frame(file, 1, 1)) > 0, name)
	}
}

func TestFrameOfAGeneratedFileIsShort(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "index.js")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("var a=1;", 5<<17)), 0o600)) // 5 MiB in a line
	frame := sources{}.frame(file, 1, 5<<20-10)
	require.Len(t, frame, 2)
	assert.Less(t, len(frame[0]), 200)
}
