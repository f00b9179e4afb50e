package main

import (
	"context"
	"os"

	"github.com/wxcloud-go/wxfn/openapi"
)

type action struct {
	api  string
	cost int
}

var actions = []action{
	{api: "wxacode.get", cost: 1},
	{"wxacode.getUnlimited", 2},
	{cost: 3},
}

var byName = map[string]action{
	"check": {api: "security.msgSecCheck"},
	"phone": {api: "phonenumber.getPhoneNumber"},
}

var anonymous = [...]struct{ namespace, method string }{{"ocr", "idcard"}, {"ocr", "bankcard"}}

var names = map[string]string{"link": "urllink.generate"}

// Of these, the code changes the elements.
var (
	element  = []action{{api: "wxacode.get"}}
	field    = []action{{api: "wxacode.get"}}
	address  = []action{{api: "wxacode.get"}}
	method   = []action{{api: "wxacode.get"}}
	handed   = []action{{api: "wxacode.get"}}
	pointers = []*action{{api: "wxacode.get"}}
	ranged   = []action{{api: "wxacode.get"}}
)

func main() {
	ctx := context.Background()
	for _, a := range actions {
		openapi.Call(ctx, a.api, nil, a.cost) // want wxacode.get wxacode.getUnlimited: main, openapi.Call
	}
	openapi.Call(ctx, byName[os.Args[1]].api, nil, nil) // want security.msgSecCheck phonenumber.getPhoneNumber
	if a, ok := byName[os.Args[1]]; ok {
		openapi.Call(ctx, a.api, nil, nil) // want security.msgSecCheck phonenumber.getPhoneNumber
		a.pass(ctx)
	}
	for _, a := range anonymous {
		openapi.Call(ctx, a.namespace+"."+a.method, nil, nil) // want ocr.idcard ocr.bankcard
	}
	name, ok := names[os.Args[1]]
	openapi.Call(ctx, name, nil, ok) // want urllink.generate
	for i := range actions {
		do(ctx, actions[i])
	}
	one := action{api: "nearbyPoi.add"}
	openapi.Call(ctx, one.api, nil, nil) // want nearbyPoi.add
	other := action{api: "nearbyPoi.add"}
	other.api = os.Args[1]
	openapi.Call(ctx, other.api, nil, nil) // want ?
	third := action{api: "nearbyPoi.add"}
	third.set()
	openapi.Call(ctx, third.api, nil, nil) // want ?

	element[0] = action{api: os.Args[1]}
	field[0].api = os.Args[1]
	p := &address[0]
	p.api = os.Args[1]
	method[0].set()
	hand(handed)
	pointers[0].api = os.Args[1]
	for _, ranged[0].api = range os.Args {
	}
	openapi.Call(ctx, element[0].api, nil, nil)  // want ?
	openapi.Call(ctx, field[0].api, nil, nil)    // want ?
	openapi.Call(ctx, address[0].api, nil, nil)  // want ?
	openapi.Call(ctx, method[0].api, nil, nil)   // want ?
	openapi.Call(ctx, handed[0].api, nil, nil)   // want ?
	openapi.Call(ctx, pointers[0].api, nil, nil) // want ?
	openapi.Call(ctx, ranged[0].api, nil, nil)   // want ?
}

func do(ctx context.Context, a action) {
	openapi.Call(ctx, a.api, nil, nil) // want wxacode.get wxacode.getUnlimited: main, do, openapi.Call
}

func (a action) pass(ctx context.Context) {
	openapi.Call(ctx, a.api, nil, nil) // want ?
}

func (a *action) set() { a.api = os.Args[1] }

func hand(list []action) { list[0].api = os.Args[1] }
