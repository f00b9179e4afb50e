// Command gocallsnode calls the function that its event names.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

type event struct {
	Name string
	Data json.RawMessage
}

type outcome struct {
	OK    json.RawMessage `json:"ok,omitempty"`
	Error *openapi.Error  `json:"error,omitempty"`
}

func handle(ctx context.Context, e event) (o outcome, err error) {
	err = openapi.CallFunction(ctx, e.Name, e.Data, &o.OK)
	if failed, ok := errors.AsType[*openapi.Error](err); ok {
		o.Error, err = failed, nil
	}
	return o, err
}

func main() { cloudfn.Start(handle) }
