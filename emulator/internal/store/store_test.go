package store_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

var (
	fruit = &store.Bucket{Name: "fruit"}
	trees = &store.Bucket{Name: "trees"}
)

func eachStore(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Parallel()
	for name, s := range map[string]*store.Store{
		"memory": store.Memory(fruit, trees),
		"file":   file(filepath.Join(t.TempDir(), "state.db"), fruit, trees),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() { assert.NoError(t, s.Close()) })
			test(t, s)
		})
	}
}

func file(path string, buckets ...*store.Bucket) *store.Store {
	return store.File(func() (string, error) { return path, nil }, buckets...)
}

func put(s *store.Store, b *store.Bucket, key, value string) error {
	return s.Update(func(tx *store.Tx) error { return tx.Bucket(b).Put(key, []byte(value)) })
}

// content returns the keys of a bucket that have a prefix, with their values.
func content(t *testing.T, s *store.Store, b *store.Bucket, prefix string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, s.View(func(tx *store.Tx) error {
		for key, value := range tx.Bucket(b).Scan(prefix) {
			all[key] = string(value)
		}
		return nil
	}))
	return all
}

func TestPutGetDelete(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store.Store) {
		require.NoError(t, put(s, fruit, "apple", "red"))
		require.NoError(t, put(s, fruit, "梨", ""))
		require.NoError(t, s.View(func(tx *store.Tx) error {
			items := tx.Bucket(fruit)
			assert.Equal(t, "red", string(items.Get("apple")))
			assert.NotNil(t, items.Get("梨"), "an empty value is there")
			assert.Empty(t, items.Get("梨"))
			assert.Nil(t, items.Get("plum"))
			assert.Nil(t, tx.Bucket(trees).Get("apple"), "each bucket has keys of its own")
			return nil
		}))
		require.NoError(t, s.Update(func(tx *store.Tx) error {
			assert.NoError(t, tx.Bucket(fruit).Put("apple", []byte("green")))
			assert.Equal(t, "green", string(tx.Bucket(fruit).Get("apple")), "a transaction sees what it wrote")
			assert.NoError(t, tx.Bucket(fruit).Delete("plum"), "which is not there")
			return tx.Bucket(fruit).Delete("梨")
		}))
		assert.Equal(t, map[string]string{"apple": "green"}, content(t, s, fruit, ""))
	})
}

func TestScan(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store.Store) {
		for _, key := range []string{"b2", "a1", "b1", "c", "b"} {
			require.NoError(t, put(s, fruit, key, "of "+key))
		}
		var keys []string
		require.NoError(t, s.View(func(tx *store.Tx) error {
			for key := range tx.Bucket(fruit).Scan("b") {
				keys = append(keys, key)
			}
			for key := range tx.Bucket(fruit).Scan("") {
				keys = append(keys, key)
				break
			}
			return nil
		}))
		assert.Equal(t, []string{"b", "b1", "b2", "a1"}, keys)
	})
}

// An update that fails, or panics, leaves nothing behind, and harms no other.
func TestUpdateIsAtomic(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store.Store) {
		require.NoError(t, put(s, fruit, "apple", "red"))
		spoil := func(tx *store.Tx) {
			assert.NoError(t, tx.Bucket(fruit).Put("apple", []byte("blue")))
			assert.NoError(t, tx.Bucket(fruit).Put("plum", []byte("blue")))
			assert.NoError(t, tx.Bucket(trees).Put("oak", []byte("old")))
			assert.NoError(t, tx.Bucket(fruit).Delete("apple"))
		}
		broken := errors.New("broken")
		assert.ErrorIs(t, s.Update(func(tx *store.Tx) error {
			spoil(tx)
			return broken
		}), broken)
		assert.PanicsWithValue(t, "broken", func() {
			_ = s.Update(func(tx *store.Tx) error {
				spoil(tx)
				panic("broken")
			})
		})
		assert.Equal(t, map[string]string{"apple": "red"}, content(t, s, fruit, ""))
		assert.Empty(t, content(t, s, trees, ""))
	})
}

// Updates at once happen one after the other, also where every other one fails.
func TestConcurrentUpdates(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store.Store) {
		const callers, updates = 32, 8
		broken := errors.New("broken")
		var all sync.WaitGroup
		for c := range callers {
			all.Go(func() {
				for n := range updates {
					err := s.Update(func(tx *store.Tx) error {
						count := fmt.Appendf(nil, "%s.", tx.Bucket(fruit).Get("count"))
						if err := tx.Bucket(fruit).Put("count", count); err != nil {
							return err
						}
						if (c+n)%2 == 0 {
							return broken
						}
						return nil
					})
					if (c+n)%2 == 0 {
						assert.ErrorIs(t, err, broken)
					} else {
						assert.NoError(t, err)
					}
				}
			})
		}
		all.Wait()
		assert.Len(t, content(t, s, fruit, "")["count"], callers*updates/2)
	})
}

func TestMisuse(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store.Store) {
		assert.ErrorContains(t, put(s, fruit, "", "red"), "a key must not be empty")
		assert.ErrorContains(t, s.Update(func(tx *store.Tx) error { return tx.Bucket(fruit).Delete("") }), "a key must not be empty")
		for _, write := range []func(store.Items) error{
			func(i store.Items) error { return i.Put("apple", nil) },
			func(i store.Items) error { return i.Delete("apple") },
		} {
			assert.ErrorContains(t, s.View(func(tx *store.Tx) error { return write(tx.Bucket(fruit)) }), "cannot write")
		}
		unknown := &store.Bucket{Name: "unknown"}
		assert.PanicsWithValue(t, `the store has no bucket "unknown"`, func() { _ = put(s, unknown, "a", "b") })
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		assert.ErrorContains(t, put(s, fruit, "apple", "red"), "closed")
		assert.ErrorContains(t, s.View(func(*store.Tx) error { return nil }), "closed")
	})
}

func TestStateOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := file(path, fruit)
	require.NoError(t, put(s, fruit, "apple", "red"))
	require.NoError(t, s.Close())

	s = file(path, fruit, trees) // a later version, which knows one more
	assert.Equal(t, map[string]string{"apple": "red"}, content(t, s, fruit, ""))
	require.NoError(t, put(s, trees, "oak", "old"))
	require.NoError(t, s.Close())

	s = file(path, trees) // and one that knows less
	defer s.Close()
	assert.Equal(t, map[string]string{"oak": "old"}, content(t, s, trees, ""))
}

func TestUnusedStoreMakesNoFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	require.NoError(t, file(path).Close())
	assert.NoFileExists(t, path)
}

func TestStateInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := file(path)
	defer s.Close()
	require.NoError(t, s.Open())
	assert.ErrorIs(t, file(path).Open(), store.ErrInUse)
}

// Each bucket brings its own content up to date, once; what a newer version wrote is refused.
func TestMigrations(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := file(path, fruit)
	require.NoError(t, put(s, fruit, "apple", "red"))
	require.NoError(t, s.Close())

	newest := &store.Bucket{Name: "fruit"}
	for range 2 {
		newest.Migrations = append(newest.Migrations, func(items store.Items) error {
			for key, value := range maps.Collect(items.Scan("")) {
				if err := items.Put(key, append(value, '!')); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for range 2 {
		s = file(path, newest)
		assert.Equal(t, map[string]string{"apple": "red!!"}, content(t, s, newest, ""))
		require.NoError(t, s.Close())
	}
	err := file(path, fruit).Open()
	assert.ErrorContains(t, err, `its part "fruit" has version 2, and this wxfn knows 0; use a newer wxfn`)

	failing := &store.Bucket{Name: "fruit", Migrations: append(newest.Migrations, func(items store.Items) error {
		return errors.Join(items.Put("apple", nil), errors.New("broken"))
	})}
	assert.ErrorContains(t, file(path, failing).Open(), `bringing "fruit" up to date: broken`)
	s = file(path, newest)
	defer s.Close()
	assert.Equal(t, map[string]string{"apple": "red!!"}, content(t, s, newest, ""), "a migration that fails changes nothing")
}

func TestNewerFormatIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := file(path)
	require.NoError(t, s.Open())
	require.NoError(t, s.Close())
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("version"), []byte{0, 0, 0, 0, 0, 0, 0, 99})
	}))
	require.NoError(t, db.Close())
	assert.ErrorContains(t, file(path).Open(), "version 99, and this wxfn knows 2; use a newer wxfn")
}

func TestFileThatIsNoStateIsLeftAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	garbage := make([]byte, 64<<10)
	for i := range garbage {
		garbage[i] = byte(i)
	}
	require.NoError(t, os.WriteFile(path, garbage, 0o600))
	assert.ErrorContains(t, file(path).Open(), "move it away")
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, garbage, have)

	missing := file(filepath.Join(t.TempDir(), "missing", "state.db"))
	assert.ErrorContains(t, missing.Open(), "the state file")
}

func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("file, %d at once", callers), func(b *testing.B) {
			s := file(filepath.Join(b.TempDir(), "state.db"), fruit)
			b.Cleanup(func() { _ = s.Close() })
			var n atomic.Int64
			b.SetParallelism((callers + 1) / 2)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := put(s, fruit, fmt.Sprint(n.Add(1)), "red"); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
