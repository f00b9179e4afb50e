package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manyStubs are kinds of 10,000 stubs, by what tells one from the other.
var manyStubs = map[string]func(n int) string{
	"openid": func(n int) string {
		return fmt.Sprintf(`{"api": "subscribeMessage.send", "openid": "oUser%d", "params": {"template_id": "T1", "data.thing1.value": {"$like": "*x*"}}, "result": {"msgid": %d, "more": {"a": [1, 2]}}}`, n, n)
	},
	"patterns": func(n int) string {
		return fmt.Sprintf(`{"api": "subscribeMessage.send", "openid": "oUser%d-*", "errcode": 43101}`, n)
	},
	"params": func(n int) string {
		return fmt.Sprintf(`{"api": "wxacode.get", "params": {"width": 430, "path": "pages/item?id=%d"}, "errcode": 45009, "errmsg": "reach max api daily quota limit"}`, n)
	},
	"function": func(n int) string {
		return fmt.Sprintf(`{"api": "wxacode.*", "function": "f%d", "delay": {"min": "1ms", "max": "2ms", "seed": %d}}`, n, n)
	},
	"nothing": func(int) string { return `{"api": "wxacode.get", "errcode": 45009}` },
	"no API":  func(n int) string { return fmt.Sprintf(`{"api": "wxacode.made%d", "errcode": 1}`, n) },
}

func stubsText(stub func(n int) string) string {
	var stubs []string
	for n := range 10_000 {
		stubs = append(stubs, stub(n))
	}
	return "{\"stubs\": [\n  " + strings.Join(stubs, ",\n  ") + "\n]}"
}

// Ten thousand stubs are read whole, and what is wrong with each is found once. BenchmarkManyStubs has how long that takes.
func TestManyStubs(t *testing.T) {
	t.Parallel()
	for name, stub := range manyStubs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, stubsFile), []byte(stubsText(stub)), 0o644))
			p, findings, err := LoadProject(dir)
			require.NoError(t, err)
			assert.LessOrEqual(t, len(findings), 10_001)
			require.NotNil(t, p.Stubs)
			assert.Len(t, p.Stubs.Stubs, 10_000)
		})
	}
}

// BenchmarkManyStubs reads ten thousand stubs, which takes less than a second; with the square of their number, it would be
// a minute.
func BenchmarkManyStubs(b *testing.B) {
	for name, stub := range manyStubs {
		text := []byte(stubsText(stub))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				ParseStubs("stubs", text, "/")
			}
		})
	}
}
