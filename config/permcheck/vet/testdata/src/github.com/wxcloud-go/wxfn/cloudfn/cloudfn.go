// Package cloudfn stands for the real one.
package cloudfn

import "context"

type Handler interface {
	Invoke(ctx context.Context, event []byte) ([]byte, error)
}

func Start[In, Out any](f func(context.Context, In) (Out, error)) {}

func StartHandler(h Handler) {}
