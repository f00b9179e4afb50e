// Package store keeps the state of an emulator: named buckets of keys and values, in one file or in memory.
//
// A feature owns its buckets: it declares them as variables, and nobody else reads or writes them. What belongs together is
// changed in one [Store.Update], which happens as a whole or not at all.
package store

import (
	"errors"
	"iter"
	"sync"
	"time"
)

// ErrInUse reports that another emulator has opened the state file.
var ErrInUse = errors.New("the state is in use by another emulator")

var errClosed = errors.New("the store is closed")

// Bucket declares a set of keys and values.
type Bucket struct {
	// Name identifies the bucket in the state file.
	Name string
	// Migrations bring older content up to date, one version each. Only ever append to them.
	Migrations []func(Items) error
}

// Items is the content of a bucket within a transaction. Values that it hands out are valid until the transaction ends, and
// must not be changed.
type Items interface {
	// Get returns the value of a key, or nil if there is none.
	Get(key string) []byte
	// Put sets the value of a key, which must not be empty. The value is not copied: leave it unchanged.
	Put(key string, value []byte) error
	Delete(key string) error
	// Scan iterates over the keys with a prefix, in ascending order. Changing the bucket meanwhile is not allowed.
	Scan(prefix string) iter.Seq2[string, []byte]
}

// Tx is a transaction.
type Tx struct {
	items   func(*Bucket) Items
	written bool
	change  uint64 // of the sum over all records
}

// Bucket returns the content of a bucket of this store.
func (t *Tx) Bucket(b *Bucket) Items { return t.items(b) }

// Store is safe for concurrent use. It opens when it is first used.
type Store struct {
	open func(wait time.Duration) (backend, error)

	mu     sync.Mutex
	opened backend
	closed bool
}

// backend is where the buckets are.
type backend interface {
	view(func(*Tx) error) error
	update(func(*Tx) error) error
	close() error
}

// patience is how long the first use of a store waits for an emulator that is ending.
const patience = 5 * time.Second

// File returns a store in a file, which path names when the store opens.
func File(path func() (string, error), buckets ...*Bucket) *Store {
	return &Store{open: func(wait time.Duration) (backend, error) {
		name, err := path()
		if err != nil {
			return nil, err
		}
		return openDisk(name, wait, buckets)
	}}
}

// Memory returns a store that ends with the process.
func Memory(buckets ...*Bucket) *Store {
	return &Store{open: func(time.Duration) (backend, error) { return newMemory(buckets), nil }}
}

// Open opens the store now. The error is [ErrInUse] if another emulator has it.
func (s *Store) Open() error {
	_, err := s.backend(0)
	return err
}

func (s *Store) backend(wait time.Duration) (backend, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.opened == nil {
		b, err := s.open(wait)
		if err != nil {
			return nil, err
		}
		s.opened = b
	}
	return s.opened, nil
}

// View calls f with a transaction that only reads: it sees one state of all buckets. It returns the error of f.
func (s *Store) View(f func(*Tx) error) error {
	b, err := s.backend(patience)
	if err != nil {
		return err
	}
	return b.view(f)
}

// Update calls f with a transaction and keeps what it writes, or nothing if f returns an error, which Update then returns.
// When Update returns nil, the changes outlive the process. Updates happen one after the other; those that wait for each
// other are synced to disk together, so that f may be called again if another one fails: it must have no other effect.
func (s *Store) Update(f func(*Tx) error) error {
	b, err := s.backend(patience)
	if err != nil {
		return err
	}
	return b.update(f)
}

// Close waits for running transactions. A store that was never used is not opened.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.opened == nil {
		return nil
	}
	return s.opened.close()
}
