package main

import (
	"context"
	"os"

	"example.com/functions/passed/api"
	"github.com/wxcloud-go/wxfn/openapi"
)

const get = "wxacode.get"

func main() {
	ctx := context.Background()
	api.Call(ctx, get)
	api.In(ctx, "ocr", "idcard")
	api.In(ctx, "ocr", "bankcard")
	api.Retry(ctx, "security.msgSecCheck", 3)
	new(api.Client).Call(ctx, "urllink.generate", "a", "b")

	// What is computed is so where it is passed.
	api.Call(ctx, os.Args[1]) // want ?: main, api.Call
	//wxfn:permissions phonenumber.getPhoneNumber
	api.Call(ctx, os.Args[1])          // want ?phonenumber.getPhoneNumber
	api.In(ctx, "wxacode", os.Args[1]) // want ?: main, api.In
	api.Declared(ctx, os.Args[1])      // want ?logistics.addOrder: main, api.Declared
	api.Declared(ctx, "logistics.getOrder")
	outer(ctx, "riskControl.getUserRiskRank")
	outer(ctx, os.Args[1]) // want ?: main, outer
	ping(ctx, "nearbyPoi.add", 3)
	defaults(ctx, "")
	defaults(ctx, "updatableMessage.createActivityId")
	lists(ctx, []string{"wxacode.getUnlimited"})
	variadic(ctx, "a") // want ?: main, variadic
	tuple(pair())      // want ?: main, tuple
	go deferred(ctx, "urlscheme.generate")
	if false {
		outer(ctx, "img.scanQRCode")
	}
	generic(ctx, kind("customerServiceMessage.send"))

	// Something else may call these.
	var s sender = direct{}
	s.send(ctx, "wxacode.get")
	value(ctx, "wxacode.get")
	use(value)
	changed(ctx, "wxacode.get")
	growing(ctx, "wxacode.", 3)
}

func outer(ctx context.Context, name string) { inner(ctx, name) }

func inner(ctx context.Context, name string) {
	openapi.Call(ctx, name, nil, nil) // want riskControl.getUserRiskRank: main, outer, inner, openapi.Call
}

func ping(ctx context.Context, name string, n int) {
	openapi.Call(ctx, name, nil, nil) // want nearbyPoi.add: main, ping, openapi.Call
	pong(ctx, name, n)
}

func pong(ctx context.Context, name string, n int) {
	if n > 0 {
		ping(ctx, name, n-1)
	}
}

func defaults(ctx context.Context, name string) {
	if name == "" {
		name = "updatableMessage.setUpdatableMsg"
	}
	openapi.Call(ctx, name, nil, nil) // want updatableMessage.setUpdatableMsg updatableMessage.createActivityId
}

func lists(ctx context.Context, names []string) {
	for _, name := range names {
		openapi.Call(ctx, name, nil, nil) // want wxacode.getUnlimited: main, lists, openapi.Call
	}
}

func variadic(ctx context.Context, names ...string) {
	openapi.Call(ctx, "img."+names[0], nil, nil)
}

func pair() (context.Context, string) { return context.Background(), os.Args[1] }

func tuple(ctx context.Context, name string) { openapi.Call(ctx, name, nil, nil) }

func deferred(ctx context.Context, name string) {
	openapi.Call(ctx, name, nil, nil) // want urlscheme.generate: main, deferred, openapi.Call
}

type kind string

func generic[T ~string](ctx context.Context, name T) {
	openapi.Call(ctx, string(name), nil, nil) // want customerServiceMessage.send: main, generic, openapi.Call
}

type sender interface {
	send(ctx context.Context, name string)
}

type direct struct{}

func (direct) send(ctx context.Context, name string) {
	openapi.Call(ctx, name, nil, nil) // want ?
}

func value(ctx context.Context, name string) {
	openapi.Call(ctx, name, nil, nil) // want ?
}

func use(any) {}

func changed(ctx context.Context, name string) {
	set(&name)
	openapi.Call(ctx, name, nil, nil) // want ?
}

func set(s *string) { *s = os.Args[1] }

// growing makes up its names.
func growing(ctx context.Context, name string, n int) {
	openapi.Call(ctx, name+"get", nil, nil) // want wxacode.get
	if n > 0 {
		growing(ctx, name+"a", n-1) // want ?: main, growing, growing
	}
}
