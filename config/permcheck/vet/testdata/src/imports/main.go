package main

import (
	"context"

	"helper"
	_ "starting" // want `starting calls wxacode.get, by openapi.Wxacode.Get \(starting.go:\d+:\d+\), which config.json`
)

func main() {
	ctx := context.Background()
	helper.Nothing()
	helper.Send(ctx)             // want `helper.Send calls wxacode.createQRCode, by helper.send \(helper.go:\d+:\d+\), \(\*deep.Sender\).Send \(helper.go:\d+:\d+\), openapi.Wxacode.CreateQRCode \(deep.go:\d+:\d+\), which`
	helper.Client().Send(ctx)    // want `\(\*deep.Sender\).Send calls wxacode.createQRCode, by openapi`
	helper.Computed(ctx, "some") // want `helper.Computed calls an API by a name that is made up at run time, by openapi.Call \(helper.go:\d+:\d+\); name`
}
