package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

type sender interface{ Send(context.Context) }

func each[T sender](list ...T) {
	for _, s := range list {
		s.Send(context.Background())
	}
}

type message struct{}

func (message) Send(ctx context.Context) { openapi.SubscribeMessage.Send(ctx, nil) } // want subscribeMessage.send: main, each, message.Send, openapi.SubscribeMessage.Send

type other struct{}

func (other) Send(ctx context.Context) { openapi.Wxacode.CreateQRCode(ctx, nil) }

type box[T any] struct{ value T }

func (b *box[T]) open(ctx context.Context) T {
	openapi.Wxacode.Get(ctx, nil) // want wxacode.get: main, (*box).open, openapi.Wxacode.Get
	return b.value
}

func (b *box[T]) shut(ctx context.Context) { openapi.Wxacode.GetUnlimited(ctx, nil) }

type pair[K comparable, V sender] struct {
	key   K
	value V
}

func (p pair[K, V]) run() { sender(p.value).Send(context.Background()) }

type late struct{}

func (*late) Send(ctx context.Context) { openapi.Security.MsgSecCheck(ctx, nil) } // want security.msgSecCheck

func apply[F func(context.Context)](f F) { f(context.Background()) }

// codes is called by its type argument's pointer.
func fresh[T any, P interface {
	*T
	sender
}]() {
	P(new(T)).Send(context.Background())
}

type made struct{ n int }

func (*made) Send(ctx context.Context) { openapi.Phonenumber.GetPhoneNumber(ctx, nil) } // want phonenumber.getPhoneNumber

type store[T any] interface{ put(T) }

type memory[T any] struct{}

func (memory[T]) put(T) { openapi.Urllink.Generate(context.Background(), nil) } // want urllink.generate

func fill[T any](s store[T], v T) { s.put(v) }

func main() {
	each(message{})
	(&box[int]{}).open(context.Background())
	pair[string, *late]{}.run()
	apply(func(ctx context.Context) { openapi.Urlscheme.Generate(ctx, nil) }) // want urlscheme.generate
	fresh[made]()
	fill[int](memory[int]{}, 1)
	_ = other{}
}
