// Package recent remembers a bounded number of values.
package recent

import "sync"

// Values are values by a key: the last [Max] that were added. The zero Values has none. It is safe for concurrent use.
type Values[V any] struct {
	mu     sync.Mutex
	values map[string]V
	keys   []string // oldest first
}

// Max is the number of values that are remembered.
const Max = 5000

// Add adds a value, unless there is one with this key. It reports whether it did.
func (r *Values[V]) Add(key string, v V) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, there := r.values[key]; there {
		return false
	}
	if r.values == nil {
		r.values = map[string]V{}
	}
	if len(r.keys) == Max {
		delete(r.values, r.keys[0])
		r.keys = r.keys[1:]
	}
	r.values[key] = v
	r.keys = append(r.keys, key)
	return true
}

// Find returns the value with this key; ok reports whether there is one.
func (r *Values[V]) Find(key string) (v V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok = r.values[key]
	return v, ok
}
