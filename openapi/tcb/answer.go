package tcb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// The content types of the endpoint's answers. ErrorType must be to the letter: the official SDK compares it.
const (
	ErrorType    = "application/json; charset=utf-8"
	ProtobufType = "application/octet-stream"
)

// Error is a CloudBase error: the endpoint itself refused a request.
type Error struct {
	// Code is a name such as "INVALID_PARAM".
	Code      string
	Message   string
	RequestID string
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrCode returns the number that the official SDK makes of e.Code; -501001 where it knows none.
func (e *Error) ErrCode() int {
	if n, ok := cloudBaseCodes[e.Code]; ok {
		return n
	}
	return cloudBaseCodes["SYS_ERR"]
}

// InvokeResult is the answer to ActionInvokeFunction.
type InvokeResult struct {
	RequestID string
	// Data is the JSON text of the function's result.
	Data string
}

// APIResult is the answer to ActionAPI.
type APIResult struct {
	RequestID string
	// Data is the API's own answer, usually JSON text.
	Data string
}

// Marshal returns the body of the answer, of content type [ErrorType].
func (res *APIResult) Marshal() []byte {
	return marshal(map[string]any{"requestId": res.RequestID, "data": map[string]string{"responseData": res.Data}})
}

// envelope is the endpoint's JSON answer, good or bad.
type envelope struct {
	RequestID string      `json:"requestId"`
	Code      string      `json:"code,omitempty"`
	Message   string      `json:"message,omitempty"`
	Data      *invokeData `json:"data,omitempty"`
}

type invokeData struct {
	ResponseData string `json:"response_data"`
}

// Marshal returns the body of the answer, of content type [ErrorType].
func (e *Error) Marshal() []byte {
	return marshal(envelope{RequestID: e.RequestID, Code: e.Code, Message: e.Message})
}

// Marshal returns the body of the answer, of content type [ErrorType].
func (res *InvokeResult) Marshal() []byte {
	return marshal(envelope{RequestID: res.RequestID, Data: &invokeData{res.Data}})
}

func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // strings always encode
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// ReadOpenAPI reads the answer to ActionOpenAPI. The error is an *[Error] where the endpoint refused the request.
func ReadOpenAPI(contentType string, body []byte) (*CommOpenAPIResp, error) {
	if contentType == ErrorType {
		v, err := readEnvelope(body)
		if err != nil {
			return nil, err
		}
		return nil, &Error{Code: v.Code, Message: v.Message, RequestID: v.RequestID}
	}
	resp := &CommOpenAPIResp{}
	if err := resp.Unmarshal(body); err != nil {
		// Some gateways answer with a CloudBase error under another content type.
		if v, jsonErr := readEnvelope(body); jsonErr == nil && v.Code != "" {
			return nil, &Error{Code: v.Code, Message: v.Message, RequestID: v.RequestID}
		}
		return nil, fmt.Errorf("unknown answer: %w", err)
	}
	return resp, nil
}

// ReadInvoke reads the answer to ActionInvokeFunction. The error is an *[Error] where the endpoint refused the
// request or the function failed.
func ReadInvoke(body []byte) (*InvokeResult, error) {
	v, err := readEnvelope(body)
	if err != nil {
		return nil, err
	}
	if v.Code != "" || v.Data == nil {
		return nil, &Error{Code: v.Code, Message: v.Message, RequestID: v.RequestID}
	}
	return &InvokeResult{RequestID: v.RequestID, Data: v.Data.ResponseData}, nil
}

func readEnvelope(body []byte) (envelope, error) {
	var v envelope
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("unknown answer: %w: %.80q", err, body)
	}
	return v, nil
}

// IsJSON reports whether an API's answer of this content type is read as JSON. Real answers say "encoding" or "charset",
// and sometimes text/plain.
func IsJSON(contentType string) bool {
	return strings.Contains(contentType, "application/json") || strings.Contains(contentType, "text/plain")
}
