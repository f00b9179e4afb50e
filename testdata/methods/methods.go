// Package methods reaches every typed method of package openapi by its API's name, for tests that hold for all of them,
// and makes up parameters and answers from the catalogue.
package methods

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/wxcloud-go/wxfn/openapi"
)

// Method calls an API by its typed method. params is a JSON object with names as users of the official SDK write them.
// result is what the typed method returned, nil where that is nil; an API may have both a result and an error.
type Method func(ctx context.Context, params []byte) (result any, err error)

// Call calls the API of this name by its typed method of c.
func Call(ctx context.Context, c *openapi.Client, api string, params []byte) (result any, err error) {
	m, ok := Of(c)[api]
	if !ok {
		return nil, fmt.Errorf("%s has no typed method", api)
	}
	return m(ctx, params)
}

// with is a method with parameters. Those that the request has no field for are an error: the request is to have all.
func with[Request, Result any](f func(context.Context, *Request) (*Result, error)) Method {
	return func(ctx context.Context, params []byte) (any, error) {
		req := new(Request)
		dec := json.NewDecoder(bytes.NewReader(params))
		dec.DisallowUnknownFields()
		dec.UseNumber() // for what the request takes as any
		if err := dec.Decode(req); err != nil {
			return nil, fmt.Errorf("%T: %w", req, err)
		}
		return untyped(f(ctx, req))
	}
}

// without is a method without parameters.
func without[Result any](f func(context.Context) (*Result, error)) Method {
	return func(ctx context.Context, _ []byte) (any, error) { return untyped(f(ctx)) }
}

func untyped[Result any](result *Result, err error) (any, error) {
	if result == nil {
		return nil, err
	}
	return result, err
}
