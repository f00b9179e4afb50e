package apicall

import (
	"sync"

	"github.com/wxcloud-go/wxfn/config"
)

// Fixture is what tests and the project's stub file can set of a feature, such as the phone numbers of users.
type Fixture interface {
	// Add adds a test's settings.
	Add(*config.Stubs)
	// Remove removes what tests have added.
	Remove()
	// SetFile replaces the settings of the project's stub file.
	SetFile(*config.Stubs)
}

// Layers is a [Fixture] that keeps the settings of tests and those of the stub file apart, each as a T.
type Layers[T any] struct {
	merge func(into *T, from *config.Stubs)

	mu          sync.Mutex
	added, file T
}

// NewLayers returns empty layers. merge adds settings to a layer, of which the zero T has none.
func NewLayers[T any](merge func(into *T, from *config.Stubs)) *Layers[T] {
	return &Layers[T]{merge: merge}
}

// Add implements [Fixture].
func (l *Layers[T]) Add(s *config.Stubs) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.merge(&l.added, s)
}

// Remove implements [Fixture].
func (l *Layers[T]) Remove() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.added = *new(T)
}

// SetFile implements [Fixture].
func (l *Layers[T]) SetFile(s *config.Stubs) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file = *new(T)
	l.merge(&l.file, s)
}

// Visit calls visit with the settings of tests, and then with those of the stub file unless visit has returned true. The
// layers are locked meanwhile, so visit may change them.
func (l *Layers[T]) Visit(visit func(*T) (done bool)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = visit(&l.added) || visit(&l.file)
}
