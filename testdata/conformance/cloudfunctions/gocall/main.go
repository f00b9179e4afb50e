// Command gocall is the function call, in Go.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

type event struct {
	API     string
	Params  any
	Options struct {
		AppID       string
		ConvertCase *bool
		Version     string
	}
}

type outcome struct {
	OpenID string          `json:"openid,omitempty"`
	OK     json.RawMessage `json:"ok,omitempty"`
	Error  *failure        `json:"error,omitempty"`
}

type failure struct {
	*openapi.Error
	Message string `json:"message"`
}

func handle(ctx context.Context, e event) (*outcome, error) {
	var options []openapi.Option
	if e.Options.AppID != "" {
		options = append(options, openapi.WithAppID(e.Options.AppID))
	}
	if e.Options.ConvertCase != nil && !*e.Options.ConvertCase {
		options = append(options, openapi.WithoutConvertCase())
	}
	if e.Options.Version == "v2" {
		options = append(options, openapi.WithV2())
	}
	invocation, _ := cloudfn.FromContext(ctx)
	o := outcome{OpenID: invocation.OpenID}
	err := openapi.NewClient(options...).Call(ctx, e.API, e.Params, &o.OK)
	if failed, ok := errors.AsType[*openapi.Error](err); ok {
		o.Error, err = &failure{failed, failed.Error()}, nil
	}
	return &o, err
}

func main() { cloudfn.Start(handle) }
