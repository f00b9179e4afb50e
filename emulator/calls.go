package emulator

import (
	"encoding/json"
	"time"

	"github.com/wxcloud-go/wxfn/openapi"
)

// Call is one cloud call that a function made.
type Call struct {
	// API is the name of the API, such as "wxacode.createQRCode"; "callFunction NAME" for a call of another function.
	API string
	// Function made the call, in the invocation RequestID, for the user OpenID.
	Function, RequestID, OpenID string
	// Params are the parameters as they came, under their names on the wire; a file is told by its name and size. What is
	// long is cut, and then no JSON.
	Params json.RawMessage
	// Result is the answer of a good call, as JSON; of bytes, their type and number.
	Result string
	// ErrCode is 0 for a good call, and ErrMsg then empty.
	ErrCode openapi.Code
	ErrMsg  string
	// Advice is what to change, and where; it may come with a good call, too.
	Advice   string
	Time     time.Time
	Duration time.Duration
}

// Calls returns the calls of an API, all calls if api is empty, in the order of the invocations that made them. The
// journal keeps the last 1000 invocations.
func (e *Emulator) Calls(api string) []Call {
	var calls []Call
	for _, record := range e.journal.All() {
		v := record.View()
		for _, c := range v.Calls {
			if api != "" && api != c.API {
				continue
			}
			calls = append(calls, Call{
				API: c.API, Function: v.Function, RequestID: v.RequestID, OpenID: v.OpenID,
				Params: json.RawMessage(c.Params), Result: c.Result,
				ErrCode: openapi.Code(c.ErrCode), ErrMsg: c.ErrMsg, Advice: c.Advice,
				Time: c.Time, Duration: c.Duration,
			})
		}
	}
	return calls
}
