// Command goecho returns its event, and who has called.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

// Event is any event; the picture and the failure in it are read.
type Event struct {
	Buffer openapi.Buffer
	Fail   string
	All    json.RawMessage `json:"-"`
}

// UnmarshalJSON keeps the event's text, too.
func (e *Event) UnmarshalJSON(text []byte) error {
	type plain Event
	e.All = append(e.All, text...)
	return json.Unmarshal(text, (*plain)(e))
}

type answer struct {
	Event  json.RawMessage `json:"event"`
	Buffer openapi.Buffer  `json:"buffer,omitempty"`
	OpenID string          `json:"openid,omitempty"`
	Source string          `json:"source"`
}

func handle(ctx context.Context, e Event) (*answer, error) {
	if e.Fail != "" {
		return nil, errors.New(e.Fail)
	}
	invocation, _ := cloudfn.FromContext(ctx)
	return &answer{e.All, e.Buffer, invocation.OpenID, invocation.Source}, nil
}

func main() { cloudfn.Start(handle) }
