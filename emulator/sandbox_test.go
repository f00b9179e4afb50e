package emulator

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Only /tmp can be written in the cloud, except by a container.
func TestFunctionsWriteOnlyToTmp(t *testing.T) {
	t.Parallel()
	dir := webProject(t, map[string]string{
		"node/index.js": `exports.main = async ({ file }) => { require('fs').writeFileSync(file, ''); return 'written' }`,
		"load/index.js": `require('fs').writeFileSync('cache', ''); exports.main = async () => 'written'`,
	})
	e := newEmulator(t, Config{Dir: dir})
	if gap := e.WriteGap(); gap != "" {
		t.Skip(gap)
	}
	write := func(t *testing.T, function, file string) string {
		_, text := fetch(t, e, http.MethodGet, "/fn/"+function+"/write?file="+url.QueryEscape(file), "")
		return text
	}
	temporary := func(t *testing.T) string {
		file, err := os.CreateTemp("", "wxfn-test-")
		require.NoError(t, err)
		t.Cleanup(func() { _ = os.Remove(file.Name()) })
		require.NoError(t, file.Close())
		return file.Name()
	}
	t.Run("an HTTP function", func(t *testing.T) {
		t.Parallel()
		assert.Equal(t, "<nil>", write(t, "web", temporary(t)))
		for _, file := range []string{"new", filepath.Join(dir, "new"), filepath.Join(dir, "node", "index.js")} {
			assert.NotEqual(t, "<nil>", write(t, "web", file), file)
		}
	})
	t.Run("a container", func(t *testing.T) {
		t.Parallel()
		assert.Equal(t, "<nil>", write(t, "run", temporary(t)))
		assert.Equal(t, "<nil>", write(t, "run", "new"))
		assert.FileExists(t, filepath.Join(dir, "run", "new"))
	})
	t.Run("a function", func(t *testing.T) {
		t.Parallel()
		needsNode(t)
		result, err := e.As("").Invoke(t.Context(), "node", map[string]string{"file": temporary(t)})
		require.NoError(t, err)
		assert.Equal(t, `"written"`, string(result.JSON))
		_, err = e.As("").Invoke(t.Context(), "node", map[string]string{"file": filepath.Join(dir, "node", "new")})
		assert.ErrorContains(t, err, "; in the cloud, too, a function can write only below /tmp")
		_, err = e.As("").Invoke(t.Context(), "load", nil)
		assert.ErrorContains(t, err, "; in the cloud, too, a function can write only below /tmp")
		assert.NoFileExists(t, filepath.Join(dir, "node", "new"))
	})
}
