// Command gobootstrap is built as the file bootstrap, for the custom runtime: it calls the function that its event names,
// and makes a code.
package main

import (
	"context"
	"encoding/json"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

type event struct {
	Function string
	Data     json.RawMessage
	Scene    string
}

type answer struct {
	OpenID    string          `json:"openid"`
	Source    string          `json:"source"`
	RequestID string          `json:"requestId"`
	Other     json.RawMessage `json:"other"`
	Code      *openapi.Image  `json:"code"`
}

func handle(ctx context.Context, e event) (*answer, error) {
	invocation, _ := cloudfn.FromContext(ctx)
	a := &answer{OpenID: invocation.OpenID, Source: invocation.Source, RequestID: invocation.RequestID}
	if err := openapi.CallFunction(ctx, e.Function, e.Data, &a.Other); err != nil {
		return nil, err
	}
	var err error
	a.Code, err = openapi.Wxacode.GetUnlimited(ctx, &openapi.WxacodeGetUnlimitedRequest{Scene: e.Scene})
	return a, err
}

func main() { cloudfn.Start(handle) }
