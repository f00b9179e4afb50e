package cloudfn

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// The key is the emulator's: the platform has none, whatever variables there are.
func TestTakeKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	write := func() { require.NoError(t, os.WriteFile(file, []byte("secret"), 0o600)) }
	for name, c := range map[string]struct {
		environ map[string]string
		key     string
		taken   bool
	}{
		"the platform":                  {environ: map[string]string{}},
		"the platform, with a variable": {environ: map[string]string{keyFile: file}},
		"an emulator of another day":    {environ: map[string]string{wxcloud.VarEmulatorURL: "http://127.0.0.1:1"}},
		"the emulator":                  {environ: map[string]string{wxcloud.VarEmulatorURL: "http://127.0.0.1:1", keyFile: file}, key: "secret", taken: true},
		"a second process":              {environ: map[string]string{wxcloud.VarEmulatorURL: "http://127.0.0.1:1", keyFile: file + "-gone"}},
	} {
		write()
		unset := ""
		a := &app{process: process{getenv: func(key string) string { return c.environ[key] }, unsetenv: func(key string) error { unset = key; return nil }}}
		key, err := a.takeKey()
		require.NoError(t, err, name)
		assert.Equal(t, c.key, key, name)
		if c.taken {
			assert.NoFileExists(t, file, name)
			assert.Equal(t, keyFile, unset, name)
		} else {
			assert.FileExists(t, file, name)
		}
	}
	unreadable := &app{process: process{getenv: func(string) string { return t.TempDir() }}}
	_, err := unreadable.takeKey()
	assert.ErrorContains(t, err, "the key of this instance: ")
}
