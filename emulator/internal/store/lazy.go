package store

import (
	"errors"
	"sync"
	"time"
)

// Lazy is a Store that is opened when it is first used.
type Lazy struct {
	open func(wait time.Duration) (Store, error)

	mu     sync.Mutex
	opened Store
	closed bool
}

// patience is how long a use waits for another process to be done with the store: one that makes a single call is done
// soon.
const patience = 5 * time.Second

// NewLazy returns a store that open opens, which may wait so long for another process. After an error of open, the next
// use tries again.
func NewLazy(open func(wait time.Duration) (Store, error)) *Lazy { return &Lazy{open: open} }

// Open opens the store, if nothing has yet. It waits for nobody.
func (l *Lazy) Open() error {
	_, err := l.store(0)
	return err
}

func (l *Lazy) store(wait time.Duration) (s Store, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errors.New("the store is closed")
	}
	if l.opened == nil {
		if s, err = l.open(wait); err != nil {
			return nil, err
		}
		l.opened = s
	}
	return l.opened, nil
}

// AddCode implements [Store].
func (l *Lazy) AddCode(c Code, q Quota) (int, error) {
	s, err := l.store(patience)
	if err != nil {
		return 0, err
	}
	return s.AddCode(c, q)
}

// Code implements [Store].
func (l *Lazy) Code(id string) (Code, bool, error) {
	s, err := l.store(patience)
	if err != nil {
		return Code{}, false, err
	}
	return s.Code(id)
}

// Close implements [Store].
func (l *Lazy) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.opened == nil {
		return nil
	}
	return l.opened.Close()
}
