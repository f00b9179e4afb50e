package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

type step struct {
	name string
	run  func(context.Context) error
}

func main() {
	s := step{name: "check", run: check}
	s.run(context.Background())
}

func check(ctx context.Context) error {
	_, err := openapi.Security.MsgSecCheck(ctx, nil) // want security.msgSecCheck: main, check, openapi.Security.MsgSecCheck
	return err
}
