package launch_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

func file(path string) launch.Codes {
	return launch.Codes{Store: store.File(func() (string, error) { return path, nil }, launch.Buckets()...)}
}

func eachStore(t *testing.T, test func(t *testing.T, codes launch.Codes)) {
	t.Parallel()
	for name, codes := range map[string]launch.Codes{
		"memory": {Store: store.Memory(launch.Buckets()...)},
		"file":   file(filepath.Join(t.TempDir(), "state.db")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() { assert.NoError(t, codes.Store.Close()) })
			test(t, codes)
		})
	}
}

func code(id string) launch.Code {
	return launch.Code{ID: id, AppID: "wx1", API: "wxacode.createQRCode", Path: "页面?a=<1>&b", Width: 430,
		Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func TestFind(t *testing.T) {
	eachStore(t, func(t *testing.T, codes launch.Codes) {
		_, err := codes.Add(code("a"), launch.Quota{})
		require.NoError(t, err)
		got, ok, err := codes.Find("a")
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, code("a"), got)
		for _, unknown := range []string{"", "b", "a\x00"} {
			_, ok, err = codes.Find(unknown)
			require.NoError(t, err)
			assert.False(t, ok, "%q", unknown)
		}
	})
}

func TestEachAppHasItsOwnQuotas(t *testing.T) {
	eachStore(t, func(t *testing.T, codes launch.Codes) {
		two := launch.Quota{Name: "codes", Limit: 2}
		for n := 1; n <= 2; n++ {
			used, err := codes.Add(code(fmt.Sprint(n)), two)
			require.NoError(t, err)
			assert.Equal(t, n, used)
		}
		used, err := codes.Add(code("3"), two)
		assert.ErrorIs(t, err, launch.ErrFull)
		assert.Equal(t, 2, used)
		_, ok, _ := codes.Find("3")
		assert.False(t, ok, "what is refused is not kept")

		other := code("4")
		other.AppID = "wx2"
		_, err = codes.Add(other, two)
		assert.NoError(t, err)
		_, err = codes.Add(code("5"), launch.Quota{Name: "pages", Limit: 2})
		assert.NoError(t, err)
		_, err = codes.Add(code("6"), launch.Quota{})
		assert.NoError(t, err)
	})
}

func TestKeyCountsOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, codes launch.Codes) {
		add := func(id, page string) error {
			_, err := codes.Add(code(id), launch.Quota{Name: "pages", Limit: 2, Key: page})
			return err
		}
		require.NoError(t, add("1", "pages/a"))
		require.NoError(t, add("2", "pages/b"))
		require.NoError(t, add("3", "pages/a"))
		assert.ErrorIs(t, add("4", "pages/c"), launch.ErrFull)
		require.NoError(t, add("5", "pages/b"))
	})
}

func TestConcurrentCallersGetExactlyTheQuota(t *testing.T) {
	eachStore(t, func(t *testing.T, codes launch.Codes) {
		const callers, limit = 64, 100
		var made, refused atomic.Int64
		var all sync.WaitGroup
		for c := range callers {
			all.Go(func() {
				for n := range 4 {
					id := fmt.Sprintf("%d-%d", c, n)
					_, err := codes.Add(code(id), launch.Quota{Name: "codes", Limit: limit})
					switch {
					case err == nil:
						made.Add(1)
						_, ok, err := codes.Find(id)
						assert.True(t, ok && err == nil)
					case errors.Is(err, launch.ErrFull):
						refused.Add(1)
					default:
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		assert.EqualValues(t, limit, made.Load())
		assert.EqualValues(t, callers*4-limit, refused.Load())
	})
}

func TestCodesAndQuotasOutliveTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	codes := file(path)
	_, err := codes.Add(code("a"), launch.Quota{Name: "codes", Limit: 2})
	require.NoError(t, err)
	require.NoError(t, codes.Store.Close())

	codes = file(path)
	defer codes.Store.Close()
	_, ok, err := codes.Find("a")
	require.NoError(t, err)
	assert.True(t, ok)
	used, err := codes.Add(code("b"), launch.Quota{Name: "codes", Limit: 2})
	require.NoError(t, err)
	assert.Equal(t, 2, used)
}
