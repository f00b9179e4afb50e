package store

import "sync"

// Memory is a Store that ends with the process.
type Memory struct {
	mu    sync.Mutex
	codes map[string]Code
	used  map[quotaKey]int
	seen  map[quotaKey]struct{}
}

// quotaKey is a quota of an app or, with a key, what has counted against it.
type quotaKey struct{ appID, quota, key string }

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{codes: map[string]Code{}, used: map[quotaKey]int{}, seen: map[quotaKey]struct{}{}}
}

// AddCode implements [Store].
func (m *Memory) AddCode(c Code, q Quota) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pool := quotaKey{appID: c.AppID, quota: q.Name}
	seen := quotaKey{c.AppID, q.Name, q.Key}
	_, counted := m.seen[seen]
	if q.Name != "" && !counted {
		if m.used[pool] >= q.Limit {
			return m.used[pool], ErrFull
		}
		m.used[pool]++
		if q.Key != "" {
			m.seen[seen] = struct{}{}
		}
	}
	m.codes[c.ID] = c
	return m.used[pool], nil
}

// Code implements [Store].
func (m *Memory) Code(id string) (Code, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.codes[id]
	return c, ok, nil
}

// Close implements [Store].
func (m *Memory) Close() error { return nil }
