package apiuse

import "slices"

// Edge leads from one function of a program to another one that it calls or names.
type Edge[F comparable, P any] struct {
	To F
	At P // where that is, as the analyser writes places down
	// Length counts in the length of a path; it is positive and small.
	Length int
}

// Paths are the shortest paths from the start of a program to its functions.
type Paths[F comparable, P any] map[F]arrival[F, P]

// arrival is the last edge of a path; from is the zero value where the path starts.
type arrival[F comparable, P any] struct {
	from   F
	at     P
	length int
}

// ShortestPaths follows the edges from the functions that a program starts with. Of two paths of one length, it takes that
// whose functions and edges stand first.
func ShortestPaths[F comparable, P any](starts []F, edges func(F) []Edge[F, P]) Paths[F, P] {
	paths := Paths[F, P]{}
	for _, f := range starts {
		paths[f] = arrival[F, P]{}
	}
	// This is Dijkstra's algorithm. Lengths are small, so that a list of functions for each serves as the queue.
	byLength := [][]F{starts}
	for length := 0; length < len(byLength); length++ {
		for _, f := range byLength[length] {
			if paths[f].length != length {
				continue // there was a shorter one
			}
			for _, e := range edges(f) {
				at := length + e.Length
				if known, ok := paths[e.To]; ok && known.length <= at {
					continue
				}
				paths[e.To] = arrival[F, P]{f, e.At, at}
				for len(byLength) <= at {
					byLength = append(byLength, nil)
				}
				byLength[at] = append(byLength[at], e.To)
			}
		}
	}
	return paths
}

// To returns the path to a function, empty where none leads there. step makes a step of a function and the place at which
// another one leads to it; from is the zero value for a function that the program starts with.
func (p Paths[F, P]) To(f F, step func(f, from F, at P) Step) []Step {
	var none F
	var steps []Step
	for f != none {
		a, ok := p[f]
		if !ok {
			break
		}
		steps = append(steps, step(f, a.from, a.at))
		f = a.from
	}
	slices.Reverse(steps)
	return steps
}
