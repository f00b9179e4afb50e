// Clients with access tokens of their own, whose places others may take.
package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

var (
	own   = openapi.NewClient(openapi.WithAppCredential("a", "b"))
	other = openapi.NewClient()
)

type (
	first      struct{ client *openapi.Client }
	second     struct{ client *openapi.Client }
	box[T any] struct{ value T }
	alias      = *openapi.Client
	field      struct{ aliased alias }
	space      struct{ openapi.WxacodeAPI }
	maker      interface{ make() *openapi.Client }
	made       struct{ f func() *openapi.Client }
	list       struct{ all, some []*openapi.Client }
	inner      struct{ *openapi.Client }
)

func (m made) make() *openapi.Client { return m.f() }

func (b *box[T]) set(v T) { b.value = v }

func main() {
	ctx := context.Background()
	a := first{own}
	a = first(second{other})
	a.client.Wxacode.Get(ctx, nil) // want wxacode.get
	b := box[*openapi.Client]{own}
	b.set(other)
	b.value.Wxacode.Get(ctx, nil) // want wxacode.get
	f := field{own}
	f.aliased = other
	f.aliased.Wxacode.Get(ctx, nil) // want wxacode.get
	s := space{own.Wxacode}
	s.Get(ctx, nil)          // want wxacode.get
	s.GetUnlimited(ctx, nil) // want wxacode.getUnlimited
	var m maker = made{func() *openapi.Client { return other }}
	m.make().Wxacode.Get(ctx, nil) // want wxacode.get
	l := list{all: []*openapi.Client{own}}
	l.all[0].Wxacode.Get(ctx, nil) // want wxacode.get
	c, d := own, other
	c, d = d, c
	c.Wxacode.Get(ctx, nil) // want wxacode.get
	d.Wxacode.Get(ctx, nil) // want wxacode.get
	i := inner{own}
	at := &i.Client
	*at = other
	i.Wxacode.Get(ctx, nil) // want wxacode.get
	new := openapi.NewClient
	new().Wxacode.Get(ctx, nil) // want wxacode.get
	var any interface{} = other
	any.(*openapi.Client).Wxacode.Get(ctx, nil) // want wxacode.get
	expression := passed
	expression(ctx, other)
	called := func(c *openapi.Client) { c.Wxacode.Get(ctx, nil) } // want wxacode.get
	called(own)
	called(other)
	run(func(c *openapi.Client) { c.Wxacode.Get(ctx, nil) }) // want wxacode.get
	several(ctx, own, other)
	captured := own
	func() { captured = other }()
	captured.Wxacode.Get(ctx, nil)         // want wxacode.get
	pick(own, other).Wxacode.Get(ctx, nil) // want wxacode.get
	call := other.Call
	call(ctx, "wxacode.get", nil, nil) // want wxacode.get
	(*inner).use(&inner{}, ctx, other)
	(&inner{}).use(ctx, own)
	clients := make(chan *openapi.Client, 1)
	select {
	case c := <-clients:
		c.Wxacode.Get(ctx, nil) // want wxacode.get
	}
	sent := <-clients
	sent.Wxacode.Get(ctx, nil)         // want wxacode.get
	openapi.WxacodeAPI{}.Get(ctx, nil) // want wxacode.get
	if found, ok := map[string]*openapi.Client{}["a"]; ok {
		found.Wxacode.Get(ctx, nil) // want wxacode.get
	}
	passed(ctx, own)
	plain(ctx, own)
}

func plain(ctx context.Context, c *openapi.Client) {
	c.Wxacode.Get(ctx, nil) // exempt wxacode.get
	c = named()
	c.Wxacode.Get(ctx, nil) // exempt wxacode.get
}

func named() *openapi.Client { return openapi.NewClient(openapi.WithAccessToken("a")) }

func passed(ctx context.Context, c *openapi.Client) {
	c.Wxacode.Get(ctx, nil) // want wxacode.get
}

func run(f func(*openapi.Client)) { f(other) }

func several(ctx context.Context, all ...*openapi.Client) {
	for _, c := range all {
		c.Wxacode.Get(ctx, nil) // want wxacode.get
	}
}

func pick[T any](a, b T) T {
	if own == nil {
		return a
	}
	return b
}

func (inner) use(ctx context.Context, c *openapi.Client) {
	c.Wxacode.Get(ctx, nil) // want wxacode.get
}
