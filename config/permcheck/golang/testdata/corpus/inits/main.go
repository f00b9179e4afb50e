package main

import (
	"context"

	_ "example.com/functions/inits/quiet"
	"github.com/wxcloud-go/wxfn/openapi"
)

func init() { warm() }

func init() { openapi.Wxacode.GetUnlimited(context.Background(), nil) } // want wxacode.getUnlimited: init, openapi.Wxacode.GetUnlimited

func warm() { openapi.Wxacode.Get(context.Background(), nil) } // want wxacode.get: init, warm, openapi.Wxacode.Get

func main() {}
