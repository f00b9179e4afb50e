package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

// eachStore runs a test over every kind of store.
func eachStore(t *testing.T, test func(t *testing.T, s store.Store)) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, store.NewMemory())
	})
	t.Run("disk", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, filepath.Join(t.TempDir(), "state.db")))
	})
	t.Run("lazy", func(t *testing.T) {
		t.Parallel()
		s := store.NewLazy(func(time.Duration) (store.Store, error) { return store.NewMemory(), nil })
		test(t, s)
		require.NoError(t, s.Close())
		_, _, err := s.Code("a")
		assert.ErrorContains(t, err, "closed")
	})
}

func open(t testing.TB, path string) *store.Disk {
	t.Helper()
	d, err := store.Open(path, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func code(id string) store.Code {
	return store.Code{ID: id, AppID: "wx1", API: "wxacode.createQRCode", Path: "页面?a=<1>&b", Width: 430,
		Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func TestCodeIsFoundAsItWasAdded(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store) {
		_, err := s.AddCode(code("a"), store.Quota{})
		require.NoError(t, err)
		got, ok, err := s.Code("a")
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, code("a"), got)
		for _, unknown := range []string{"", "b", "a\x00"} {
			_, ok, err = s.Code(unknown)
			require.NoError(t, err)
			assert.False(t, ok, "%q", unknown)
		}
	})
}

func TestEachAppHasItsOwnQuotas(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store) {
		two := store.Quota{Name: "codes", Limit: 2}
		for n := 1; n <= 2; n++ {
			used, err := s.AddCode(code(fmt.Sprint(n)), two)
			require.NoError(t, err)
			assert.Equal(t, n, used)
		}
		used, err := s.AddCode(code("3"), two)
		assert.ErrorIs(t, err, store.ErrFull)
		assert.Equal(t, 2, used)
		_, ok, _ := s.Code("3")
		assert.False(t, ok, "what is refused is not kept")

		other := code("4")
		other.AppID = "wx2"
		_, err = s.AddCode(other, two)
		assert.NoError(t, err)
		_, err = s.AddCode(code("5"), store.Quota{Name: "pages", Limit: 2})
		assert.NoError(t, err)
		_, err = s.AddCode(code("6"), store.Quota{})
		assert.NoError(t, err)
	})
}

func TestKeyCountsOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store) {
		add := func(id, page string) error {
			_, err := s.AddCode(code(id), store.Quota{Name: "pages", Limit: 2, Key: page})
			return err
		}
		require.NoError(t, add("1", "pages/a"))
		require.NoError(t, add("2", "pages/b"))
		require.NoError(t, add("3", "pages/a"))
		assert.ErrorIs(t, add("4", "pages/c"), store.ErrFull)
		require.NoError(t, add("5", "pages/b"))
	})
}

func TestCallersAtOnceGetExactlyTheQuota(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store) {
		const callers, limit = 64, 100
		var made, refused atomic.Int64
		var all sync.WaitGroup
		for c := range callers {
			all.Go(func() {
				for n := range 4 {
					id := fmt.Sprintf("%d-%d", c, n)
					_, err := s.AddCode(code(id), store.Quota{Name: "codes", Limit: limit})
					switch {
					case err == nil:
						made.Add(1)
						_, ok, err := s.Code(id)
						assert.True(t, ok && err == nil)
					case errors.Is(err, store.ErrFull):
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
	d := open(t, path)
	_, err := d.AddCode(code("a"), store.Quota{Name: "codes", Limit: 2})
	require.NoError(t, err)
	require.NoError(t, d.Close())
	_, err = d.AddCode(code("b"), store.Quota{})
	assert.ErrorContains(t, err, "closed")

	d = open(t, path)
	_, ok, err := d.Code("a")
	require.NoError(t, err)
	assert.True(t, ok)
	used, err := d.AddCode(code("b"), store.Quota{Name: "codes", Limit: 2})
	require.NoError(t, err)
	assert.Equal(t, 2, used)
}

func TestStateThatIsInUseIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	open(t, path)
	_, err := store.Open(path, 0)
	assert.ErrorIs(t, err, store.ErrInUse)
}

func TestOlderStateIsMigratedAndNewerRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	older := filepath.Join(dir, "older.db")
	db, err := bbolt.Open(older, 0o600, nil) // version 0: a file without anything
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = open(t, older).AddCode(code("a"), store.Quota{})
	require.NoError(t, err)

	newer := filepath.Join(dir, "newer.db")
	require.NoError(t, open(t, newer).Close())
	db, err = bbolt.Open(newer, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("version"), []byte{0, 0, 0, 0, 0, 0, 0, 99})
	}))
	require.NoError(t, db.Close())
	_, err = store.Open(newer, 0)
	assert.ErrorContains(t, err, "version 99")
	assert.ErrorContains(t, err, "use a newer wxfn")
}

func TestFileThatIsNoStateIsLeftAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	garbage := make([]byte, 64<<10)
	for i := range garbage {
		garbage[i] = byte(i)
	}
	require.NoError(t, os.WriteFile(path, garbage, 0o600))
	_, err := store.Open(path, 0)
	assert.ErrorContains(t, err, "move it away")
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, garbage, have)

	_, err = store.Open(filepath.Join(t.TempDir(), "missing", "state.db"), 0)
	assert.ErrorContains(t, err, "the state file")
}

func BenchmarkAddCode(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("disk, %d at once", callers), func(b *testing.B) {
			d := open(b, filepath.Join(b.TempDir(), "state.db"))
			var n atomic.Int64
			b.SetParallelism((callers + 1) / 2)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := d.AddCode(code(fmt.Sprint(n.Add(1))), store.Quota{Name: "codes", Limit: 1 << 40}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
