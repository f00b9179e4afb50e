package openapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Answer is what every API answers, beside fields of its own. As JSON, an answer has the names of the official SDK.
type Answer struct {
	// ErrMsg is "openapi.<name>:ok".
	ErrMsg string `json:"errMsg"`
	// ErrCode is 0.
	ErrCode int `json:"errCode"`
	// Raw is the answer as it came, with the names of the reference and with fields that have none here.
	//
	// A number that came as text is read as the number, and the other way round. Where a value does not fit even so, its
	// field stays zero, and the method returns both: the answer, of a call that has had its effect, and an error that
	// names the field.
	Raw json.RawMessage `json:"-"`
}

func (a *Answer) keep(raw []byte) { a.Raw = raw }

// method is an API as its typed method knows it.
type method struct {
	name string
	// documented are the names of parameters that the reference writes in another way than in snake_case.
	documented []string
}

// call is all that typed methods do. req is a pointer to a request, or nil for an API without parameters.
func call[R any](ctx context.Context, c *Client, m method, req any) (*R, error) {
	result := new(R)
	switch complete, err := c.callMethod(ctx, m, req, result); {
	case err == nil:
		return result, nil
	case complete:
		return result, err
	default:
		return nil, err
	}
}

// given returns req, or a request without any parameter.
func given[T any](req *T) *T {
	if req == nil {
		return new(T)
	}
	return req
}

// callMethod calls an API. answered tells whether it has answered, and well, though the error says that not all of the
// answer fits result.
func (c *Client) callMethod(ctx context.Context, m method, req, result any) (answered bool, err error) {
	if c == nil {
		c = defaultClient // of a namespace that is none of a client's
	}
	if r, ok := req.(interface{ missing() *missing }); ok {
		if what := r.missing(); what != nil {
			return false, what.error(m.name)
		}
	}
	wireName := snakeCase
	if c.keepCase {
		wireName = m.documentedName
	}
	resp, err := c.send(ctx, m.name, req, wireName)
	if err != nil {
		return false, err
	}
	if keeper, ok := result.(interface{ keep([]byte) }); ok {
		keeper.keep(resp.RespData)
	}
	err = decode(m.name, resp, result, camelCase)
	_, failed := errors.AsType[*Error](err)
	return !failed, err
}

// documentedName returns the reference's name of a parameter.
func (m method) documentedName(name string) string {
	wire := snakeCase(name)
	if i := slices.IndexFunc(m.documented, func(d string) bool { return camelCase(d) == name }); i >= 0 {
		wire = m.documented[i]
	}
	return wire
}

// missing is a required parameter that a request lacks, and the error that the platform has for it.
type missing struct {
	name    string // as users of the official SDK write it: "pages[0].path"
	code    Code
	message string
}

// in returns what is missing, as seen from the object around.
func (m *missing) in(object string) *missing {
	return &missing{object + "." + m.name, m.code, m.message}
}

func (m *missing) error(api string) *Error {
	return &Error{API: api, ErrCode: m.code,
		ErrMsg: fmt.Sprintf("openapi.%s:fail %s: %s is required; nothing was sent", api, m.message, m.name),
		Advice: fmt.Sprintf("set %s, which %s requires", m.name, api)}
}
