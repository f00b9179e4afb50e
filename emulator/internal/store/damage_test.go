package store_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

// records is how many the state file in tests of damage holds: enough for branch pages.
const records = 400

func record(n int) (key, value string) {
	return fmt.Sprintf("key %d", n), strings.Repeat(fmt.Sprintf("value %d, ", n), 20)
}

// stateFile returns the bytes of a state file with [records] fruit.
func stateFile(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	s := file(path, fruit, trees)
	for first := range 2 { // some in a later commit
		require.NoError(t, s.Update(func(tx *store.Tx) error {
			for n := first; n < records; n += 2 {
				key, value := record(n)
				if err := tx.Bucket(fruit).Put(key, []byte(value)); err != nil {
					return err
				}
			}
			return tx.Bucket(trees).Put("oak", []byte("old"))
		}))
	}
	require.NoError(t, s.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}

// assertRefusedOrWhole opens a damaged file. It reports whether that was refused, which must leave the file as it is; where
// it was not, the damage has hit nothing that is in use.
func assertRefusedOrWhole(t testing.TB, path string, damaged []byte, what string) (refused bool) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, damaged, 0o600))
	s := file(path, fruit, trees)
	defer s.Close()
	if err := s.Open(); err != nil {
		require.ErrorContains(t, err, path, what)
		require.NotContains(t, err.Error(), "\n", what)
		if !strings.Contains(err.Error(), "use a newer wxfn") { // which is what the version says then
			require.ErrorIs(t, err, store.ErrDamaged, what)
			require.ErrorContains(t, err, "move it away", what)
		}
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(damaged, after), "%s: a refused file is changed", what)
		return true
	}
	require.NoError(t, s.Update(func(tx *store.Tx) error {
		for n := range records {
			key, value := record(n)
			require.Equal(t, value, string(tx.Bucket(fruit).Get(key)), "%s: it is lost without a word", what)
		}
		require.Equal(t, "old", string(tx.Bucket(trees).Get("oak")), what)
		return tx.Bucket(fruit).Put("one more", nil)
	}), what)
	return false
}

// A damaged state file is refused by its name, whatever the damage. Nothing crashes, and nothing is lost without a word.
func TestDamagedState(t *testing.T) {
	t.Parallel()
	whole := stateFile(t)
	const pageSize = 4096
	require.Equal(t, uint32(pageSize), binary.NativeEndian.Uint32(whole[24:]))

	t.Run("cut off", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "state.db")
		random := rand.New(rand.NewPCG(1, 1))
		sizes := []int{0, 1, 15, 16, 79, 80, 100, pageSize - 1, pageSize, pageSize + 80, 2 * pageSize, 4 * pageSize, len(whole) - 1}
		for range 100 {
			sizes = append(sizes, random.IntN(len(whole)))
		}
		for _, size := range sizes {
			refused := assertRefusedOrWhole(t, path, whole[:size], fmt.Sprintf("%d bytes", size))
			assert.True(t, refused || size%pageSize == 0, "%d bytes", size)
		}
	})
	t.Run("bits flipped", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "state.db")
		random := rand.New(rand.NewPCG(2, 2))
		refused := 0
		for range 400 {
			damaged := slices.Clone(whole)
			what := ""
			for range 1 + random.IntN(2)*random.IntN(20) {
				at, bit := random.IntN(len(damaged)), random.IntN(8)
				damaged[at] ^= 1 << bit
				what += fmt.Sprintf("bit %d of byte %d; ", bit, at)
			}
			if assertRefusedOrWhole(t, path, damaged, what) {
				refused++
			}
		}
		assert.Greater(t, refused, 100)
	})
	t.Run("headers overwritten", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "state.db")
		random := rand.New(rand.NewPCG(3, 3))
		for page := range len(whole) / pageSize {
			for range 12 {
				damaged := slices.Clone(whole)
				at := page*pageSize + 4*random.IntN(40) // the header and the first elements
				value := []uint32{0, 1, 2, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, random.Uint32()}[random.IntN(7)]
				binary.NativeEndian.PutUint32(damaged[at:], value)
				assertRefusedOrWhole(t, path, damaged, fmt.Sprintf("%#x at byte %d", value, at))
			}
		}
	})
	t.Run("pages exchanged, zeroed or repeated", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "state.db")
		random := rand.New(rand.NewPCG(4, 4))
		pages := len(whole) / pageSize
		for range 150 {
			damaged := slices.Clone(whole)
			from, to := random.IntN(pages)*pageSize, random.IntN(pages)*pageSize
			copy(damaged[to:to+pageSize], whole[from:])
			switch random.IntN(3) {
			case 0:
				copy(damaged[from:from+pageSize], whole[to:])
			case 1:
				clear(damaged[to : to+pageSize])
			}
			assertRefusedOrWhole(t, path, damaged, fmt.Sprintf("page at %d copied to %d", from, to))
		}
	})
	t.Run("random bytes", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "state.db")
		random := rand.NewChaCha8([32]byte{})
		for size := 1; size < 1<<18; size = size*3 + 1 {
			text := make([]byte, size)
			_, _ = random.Read(text)
			require.True(t, assertRefusedOrWhole(t, path, text, fmt.Sprintf("%d random bytes", size)))
		}
	})
}

// A state of format 1 is brought up to date, and one that another program has opened since is read as it is, as long as the
// records are what they were.
func TestOlderFormat(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	write := func(options *bbolt.Options, change func(tx *bbolt.Tx) error) {
		db, err := bbolt.Open(path, 0o600, options)
		require.NoError(t, err)
		require.NoError(t, db.Update(change))
		require.NoError(t, db.Close())
	}
	write(&bbolt.Options{NoFreelistSync: true}, func(tx *bbolt.Tx) error {
		for _, name := range []string{"meta", "fruit", "unknown"} {
			_, err := tx.CreateBucket([]byte(name))
			require.NoError(t, err)
			require.NoError(t, tx.Bucket([]byte(name)).Put([]byte("version"), []byte{0, 0, 0, 0, 0, 0, 0, 1}))
		}
		return tx.Bucket([]byte("fruit")).Put([]byte("apple"), []byte("red"))
	})
	for range 2 {
		s := file(path, fruit, trees)
		require.NoError(t, put(s, trees, "oak", "old"))
		assert.Equal(t, map[string]string{"apple": "red"}, content(t, s, fruit, "a"))
		require.NoError(t, s.Close())
		write(nil, func(*bbolt.Tx) error { return nil }) // which adds a list of free pages
	}
	write(nil, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("fruit")).Delete([]byte("apple")) })
	assert.ErrorIs(t, file(path, fruit).Open(), store.ErrDamaged, "a record is missing")
}

// A write that is refused changes nothing, also where its error is ignored.
func TestSumOfRefusedWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := file(path, fruit)
	require.NoError(t, s.Update(func(tx *store.Tx) error {
		_ = tx.Bucket(fruit).Put("", []byte("red"))
		_ = tx.Bucket(fruit).Put(strings.Repeat("long", 1<<16), []byte("red"))
		_ = tx.Bucket(fruit).Delete("")
		_ = tx.Bucket(fruit).Delete("plum")
		return errors.Join(tx.Bucket(fruit).Put("apple", nil), tx.Bucket(fruit).Put("apple", []byte("red")), tx.Bucket(fruit).Delete("apple"))
	}))
	require.NoError(t, s.Close())
	s = file(path, fruit)
	assert.NoError(t, s.Open())
	require.NoError(t, s.Close())
}

// What stands in the place of the state file, and is no such file, is neither opened nor followed.
func TestStateThatIsNoRegularFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	require.NoError(t, os.WriteFile(target, nil, 0o600))
	for name, plant := range map[string]func(path string) error{
		"a folder":               func(path string) error { return os.Mkdir(path, 0o755) },
		"a symbolic link":        func(path string) error { return os.Symlink(target, path) },
		"a dangling link":        func(path string) error { return os.Symlink(filepath.Join(dir, "nothing"), path) },
		"a pipe nobody reads of": mkfifo,
	} {
		path := filepath.Join(dir, name, "state.db")
		require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
		if err := plant(path); err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		err := file(path).Open()
		assert.ErrorContains(t, err, path+": it is not a regular file; move it away", name)
	}
	info, err := os.Stat(target)
	require.NoError(t, err)
	assert.Zero(t, info.Size())
	assert.NoFileExists(t, filepath.Join(dir, "nothing"))
}

// A state file that is cut off or removed under a running emulator makes calls fail, and does not end the process.
func TestStateDamagedInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, damage := range map[string]func(path string) error{
		"removed":  os.Remove,
		"replaced": func(path string) error { return os.Rename(path+".other", path) },
		"cut off":  func(path string) error { return os.Truncate(path, 0) },
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, stateFile(t), 0o600))
		require.NoError(t, os.WriteFile(path+".other", nil, 0o600))
		s := file(path, fruit, trees)
		t.Cleanup(func() { _ = s.Close() })
		require.NoError(t, s.Open())
		if err := damage(path); err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		assert.ErrorContains(t, s.View(func(tx *store.Tx) error { tx.Bucket(fruit).Get("key 7"); return nil }), path, name)
		assert.ErrorContains(t, put(s, fruit, "x", "y"), path, name)
	}
}

// Emulators that begin with a state at once share one file, and what killed ones have left is removed.
func TestStateMadeAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	require.NoError(t, os.WriteFile(path+"-123", []byte("half"), 0o600))
	require.NoError(t, os.WriteFile(path+"-mine", nil, 0o600))
	made := make(chan error)
	const processes = 8
	for n := range processes {
		go func() {
			s := file(path, fruit)
			err := put(s, fruit, fmt.Sprint("key ", n), "x") // waits for the others
			made <- cmp.Or(err, s.Close())
		}()
	}
	for range processes {
		assert.NoError(t, <-made)
	}
	s := file(path, fruit)
	assert.Len(t, content(t, s, fruit, "key "), processes)
	require.NoError(t, s.Close())
	left, err := filepath.Glob(path + "-*")
	require.NoError(t, err)
	assert.Equal(t, []string{path + "-mine"}, left)
}
