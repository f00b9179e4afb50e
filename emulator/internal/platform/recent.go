package platform

import "sync"

// recent remembers values by a key: the last ones, up to a number. The zero value has none.
type recent[V any] struct {
	mu     sync.Mutex
	values map[string]V
	keys   []string // oldest first
}

// maxRecent is how many values are remembered.
const maxRecent = 5000

// add remembers a value, unless there is one of this key.
func (r *recent[V]) add(key string, v V) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, there := r.values[key]; there {
		return false
	}
	if r.values == nil {
		r.values = map[string]V{}
	}
	if len(r.keys) == maxRecent {
		delete(r.values, r.keys[0])
		r.keys = r.keys[1:]
	}
	r.values[key] = v
	r.keys = append(r.keys, key)
	return true
}

func (r *recent[V]) find(key string) (v V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok = r.values[key]
	return v, ok
}
