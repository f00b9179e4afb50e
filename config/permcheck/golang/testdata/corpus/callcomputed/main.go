package main

import (
	"context"
	"os"

	"github.com/wxcloud-go/wxfn/openapi"
)

type event struct{ API string }

var changed = "wxacode.get"

var names = []string{"wxacode.get"}

var shared = map[string]string{"a": "wxacode.get"}

func main() {
	ctx := context.Background()
	byParameter(ctx, os.Args[1]) // want ?: main, byParameter
	e := event{os.Args[1]}
	openapi.Call(ctx, e.API, nil, nil)             // want ?
	openapi.Call(ctx, "wxacode."+e.API, nil, nil)  // want ?
	openapi.NewClient().Call(ctx, e.API, nil, nil) // want ?
	openapi.Call(ctx, changed, nil, nil)           // want ?
	set(&changed)
	names[0] = os.Args[2]
	openapi.Call(ctx, names[0], nil, nil) // want ?
	fill(shared)
	openapi.Call(ctx, shared["a"], nil, nil) // want ?
	api := "wxacode."
	api += os.Args[3]
	openapi.Call(ctx, api, nil, nil) // want ?
	named, err := fromFile()
	openapi.Call(ctx, named, nil, err) // want ?
	openapi.Call(all(ctx))             // want ?
	var loop string
	loop = loop + "a"
	openapi.Call(ctx, loop, nil, nil) // want ?
}

func byParameter(ctx context.Context, api string) error {
	return openapi.Call(ctx, api, nil, nil)
}

func set(s *string)             { *s = os.Args[1] }
func fill(m map[string]string)  { m["a"] = os.Args[1] }
func fromFile() (string, error) { return os.Args[1], nil }
func all(ctx context.Context) (context.Context, string, any, any) {
	return ctx, "wxacode.get", nil, nil
}
