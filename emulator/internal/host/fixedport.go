package host

import (
	"context"
	"sync"
)

// claims are the functions of this process that listen on a port which they do not take from $PORT.
var claims = claimTable{held: map[int]*claim{}, seen: map[place]bool{}, turns: map[int]chan struct{}{}}

type claimTable struct {
	mu    sync.Mutex
	held  map[int]*claim
	seen  map[place]bool        // functions that were there once
	turns map[int]chan struct{} // full while one is being started there
}

// place is a function's folder and a port.
type place struct {
	port int
	dir  string
}

// claim is an instance on such a port.
type claim struct {
	name, dir string
	instance  *httpInstance

	mu      sync.Mutex
	calls   int  // that it handles
	yielded bool // to another function
}

// insists reports whether a function has been seen on a port.
func (t *claimTable) insists(port int, dir string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen[place{port, dir}]
}

// turn waits until no other function is being started on a port, of those that are known to go there. end is called when
// this one has been. The error is that of ctx.
func (t *claimTable) turn(ctx context.Context, port int) (end func(), err error) {
	t.mu.Lock()
	turn := t.turns[port]
	if turn == nil {
		turn = make(chan struct{}, 1)
		t.turns[port] = turn
	}
	t.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// holder returns who is on a port; nil where nobody is.
func (t *claimTable) holder(port int) *claim {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.held[port]; c != nil && !ended(c.instance) {
		return c
	}
	return nil
}

// take notes an instance on a port.
func (t *claimTable) take(port int, name, dir string, i *httpInstance) *claim {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &claim{name: name, dir: dir, instance: i}
	t.held[port] = c
	t.seen[place{port, dir}] = true
	return c
}

// enter notes a call. It reports whether the instance is still there for it; leave is called when the call is over.
func (c *claim) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.yielded {
		return false
	}
	c.calls++
	return true
}

func (c *claim) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls--
}

// yield ends an instance that has nothing to do, so that another function can have the port.
func (c *claim) yield() bool {
	c.mu.Lock()
	c.yielded = c.yielded || c.calls == 0
	yielded := c.yielded
	c.mu.Unlock()
	if yielded {
		c.instance.Close()
	}
	return yielded
}
