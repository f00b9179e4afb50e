package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	long()
	short()
}

func long()   { longer() }
func longer() { short() }
func short()  { openapi.Wxacode.Get(context.Background(), nil) } // want wxacode.get: main, short, openapi.Wxacode.Get
