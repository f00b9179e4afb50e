package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

type sender interface{ send(ctx context.Context) }

type message struct{}

func (message) send(ctx context.Context) { openapi.SubscribeMessage.Send(ctx, nil) } // want subscribeMessage.send: main, deliver, message.send, openapi.SubscribeMessage.Send

type code struct{ width int }

func (c *code) send(ctx context.Context) { openapi.Wxacode.Get(ctx, nil) } // want wxacode.get: main, deliver, (*code).send, openapi.Wxacode.Get
func (c *code) drop(ctx context.Context) { openapi.Wxacode.CreateQRCode(ctx, nil) }

// never is not made anywhere.
type never struct{}

func (never) send(ctx context.Context) { openapi.Security.MsgSecCheck(ctx, nil) }

// plain is made, and never an interface value.
type plain struct{}

func (plain) send(ctx context.Context) { openapi.Phonenumber.GetPhoneNumber(ctx, nil) }

func main() {
	all := []sender{message{}}
	all = append(all, &code{1})
	for _, s := range all {
		deliver(s)
	}
	_ = plain{}
}

func deliver(s sender) { s.send(context.Background()) }
