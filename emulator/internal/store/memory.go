package store

import "sync"

// Memory is a Store that ends with the process.
type Memory struct {
	mu    sync.Mutex
	codes map[string]Code
	used  map[string]int // by AppID
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{codes: map[string]Code{}, used: map[string]int{}}
}

// AddCode implements [Store].
func (m *Memory) AddCode(c Code, limit int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.used[c.AppID] >= limit {
		return m.used[c.AppID], ErrFull
	}
	m.codes[c.ID] = c
	m.used[c.AppID]++
	return m.used[c.AppID], nil
}

// Code implements [Store].
func (m *Memory) Code(id string) (Code, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.codes[id]
	return c, ok, nil
}
