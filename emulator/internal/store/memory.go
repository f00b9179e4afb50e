package store

import (
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/tidwall/btree"
)

// memory is the backend of a store that ends with the process.
type memory struct {
	mu      sync.RWMutex
	buckets map[*Bucket]*btree.Map[string, []byte]
}

func newMemory(buckets []*Bucket) *memory {
	m := &memory{buckets: map[*Bucket]*btree.Map[string, []byte]{}}
	for _, b := range buckets {
		m.buckets[b] = &btree.Map[string, []byte]{}
	}
	return m
}

func (m *memory) view(f func(*Tx) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return f(&Tx{items: func(b *Bucket) Items { return &memoryItems{tree: m.tree(b)} }})
}

func (m *memory) update(f func(*Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var undo []func()
	done := false
	defer func() {
		if !done { // f failed, or panicked
			for i := len(undo) - 1; i >= 0; i-- {
				undo[i]()
			}
		}
	}()
	err := f(&Tx{items: func(b *Bucket) Items { return &memoryItems{m.tree(b), &undo} }})
	done = err == nil
	return err
}

func (m *memory) tree(b *Bucket) *btree.Map[string, []byte] {
	tree := m.buckets[b]
	if tree == nil {
		panic(fmt.Sprintf("the store has no bucket %q", b.Name))
	}
	return tree
}

func (m *memory) close() error { return nil }

type memoryItems struct {
	tree *btree.Map[string, []byte]
	undo *[]func() // nil where nothing may be written
}

func (i *memoryItems) Get(key string) []byte {
	value, _ := i.tree.Get(key)
	return value
}

func (i *memoryItems) Put(key string, value []byte) error {
	if err := i.writable(key); err != nil {
		return err
	}
	if value == nil {
		value = []byte{} // as it is read from a file
	}
	old, replaced := i.tree.Set(key, value)
	*i.undo = append(*i.undo, func() {
		if replaced {
			i.tree.Set(key, old)
		} else {
			i.tree.Delete(key)
		}
	})
	return nil
}

func (i *memoryItems) Delete(key string) error {
	if err := i.writable(key); err != nil {
		return err
	}
	if old, deleted := i.tree.Delete(key); deleted {
		*i.undo = append(*i.undo, func() { i.tree.Set(key, old) })
	}
	return nil
}

func (i *memoryItems) writable(key string) error {
	switch {
	case i.undo == nil:
		return errReadOnly
	case key == "":
		return errNoKey
	}
	return nil
}

func (i *memoryItems) Scan(prefix string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		i.tree.Ascend(prefix, func(key string, value []byte) bool {
			return strings.HasPrefix(key, prefix) && yield(key, value)
		})
	}
}
