package host

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
)

// What package cloudfn and the runner of Node functions know by the same names.
const (
	keyVariable = "WXFN_INSTANCE_KEY_FILE"
	keyHeader   = "X-Wxfn-Instance-Key"
)

// key is a secret that an instance and this process share, so that no other process of this machine can take the place of
// either. Programs are found to know of it by their removing the file that it is in; those that do not are served, and
// called, without: no program of others can be asked for it.
type key struct {
	value, file string

	mu      sync.Mutex
	settled atomic.Bool // whether the program takes it; then taken stays as it is
	taken   bool
}

// newKey returns a key in a file that only this user can read.
func newKey() (*key, error) {
	k := &key{value: rand.Text()}
	file, err := os.CreateTemp("", "wxfn-instance-*")
	if err == nil {
		k.file = file.Name()
		_, err = file.WriteString(k.value)
		if err = errors.Join(err, file.Close()); err != nil {
			k.discard()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the key of an instance: %w", err)
	}
	return k, nil
}

// required reports whether the program has taken the key, and so has and asks for it from now on.
func (k *key) required() bool {
	if !k.settled.Load() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if _, err := os.Stat(k.file); !k.settled.Load() && errors.Is(err, fs.ErrNotExist) {
			k.taken = true
			k.settled.Store(true)
		}
		return k.taken
	}
	return k.taken
}

// discard removes a key that the program has not taken by the time that it is ready, or has ended.
func (k *key) discard() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.settled.Load() {
		k.taken = errors.Is(os.Remove(k.file), fs.ErrNotExist)
		k.settled.Store(true)
	}
}

// admits reports whether a request has the key.
func (k *key) admits(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get(keyHeader)), []byte(k.value)) == 1
}
