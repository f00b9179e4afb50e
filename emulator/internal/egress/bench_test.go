package egress

import (
	"net/http"
	"testing"
)

// BenchmarkOpen is what a function's start costs more; the first one makes the authority, too.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	e := New(Config{Dir: func() (string, error) { return dir, nil }, Admin: http.NotFoundHandler()})
	defer e.Close()
	for b.Loop() {
		g := e.Gate(caller("function poster"))
		if _, err := g.Environ(""); err != nil {
			b.Fatal(err)
		}
		g.Close()
	}
}

// BenchmarkFirstOpen is the same for the first function of an emulator.
func BenchmarkFirstOpen(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		e := New(Config{Dir: func() (string, error) { return dir, nil }, Admin: http.NotFoundHandler()})
		if _, err := e.Gate(caller("function poster")).Environ(""); err != nil {
			b.Fatal(err)
		}
		e.Close()
	}
}
