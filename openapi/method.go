package openapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
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
	// documented are the reference's names, with a space between, of parameters that users write in another way.
	documented string
	// refusal is how the platform refuses a parameter without a refusal of its own.
	refusal refusal
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

// callMethod calls an API. answered reports whether it has answered, and well, though the error says that not all of the
// answer fits result.
func (c *Client) callMethod(ctx context.Context, m method, req, result any) (answered bool, err error) {
	if c == nil {
		c = defaultClient // of a namespace that is none of a client's
	}
	if r, ok := req.(interface{ missing() *missing }); ok {
		if what := r.missing(); what != nil {
			return false, what.error(m)
		}
	}
	resp, err := c.send(ctx, m.name, req, m.documentedName)
	if err != nil {
		return false, err
	}
	if keeper, ok := result.(interface{ keep([]byte) }); ok {
		keeper.keep(resp.RespData)
	}
	err = decode(m.name, resp, result, tcb.CamelCase)
	_, failed := errors.AsType[*Error](err)
	return !failed, err
}

// documentedName returns the reference's name of a parameter. A name that it does not have is the caller's own, in an
// object that the reference leaves open, and stays.
func (m method) documentedName(name string) string {
	for documented := range strings.FieldsSeq(m.documented) {
		if tcb.CamelCase(documented) == name {
			return documented
		}
	}
	return name
}

// refusal is the platform's error for a parameter that is missing.
type refusal struct {
	code    Code
	message string
}

// missing is a required parameter that a request lacks.
type missing struct {
	name    string // as users of the official SDK write it: "pages[0].path"
	refusal refusal
}

// in returns what is missing, as seen from the object around.
func (m *missing) in(object string) *missing {
	return &missing{object + "." + m.name, m.refusal}
}

func (m *missing) error(api method) *Error {
	r := cmp.Or(m.refusal, api.refusal)
	return &Error{API: api.name, ErrCode: r.code,
		ErrMsg: fmt.Sprintf("openapi.%s:fail %s: %s is required; nothing was sent", api.name, r.message, m.name),
		Advice: fmt.Sprintf("set %s, which %s requires", m.name, api.name)}
}
