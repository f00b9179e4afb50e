package platform

import (
	"encoding/json"
	"fmt"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// apiCall is one call of an API, by whatever way it came.
type apiCall struct {
	appID  string // the app that the call is made for
	params map[string]param
	log    journal.Call
}

// param is a parameter: its JSON text, or the bytes of a file.
type param struct {
	json []byte
	file bool
}

// apiResult is what an API answers.
type apiResult struct {
	contentType string
	body        []byte
	headers     []tcb.HTTPHeader
}

// describe returns the answer for the journal.
func (r *apiResult) describe() string {
	if tcb.IsJSON(r.contentType) {
		return string(r.body)
	}
	return fmt.Sprintf("%s, %d bytes", r.contentType, len(r.body))
}

// apiError is an API's own failure.
type apiError struct {
	code    int
	message string
	advice  string // which parameter, and what it may be
}

func (e *apiError) Error() string {
	return fmt.Sprintf("errcode %d: %s: %s", e.code, e.message, e.advice)
}

// because returns e with advice.
func (e apiError) because(format string, args ...any) *apiError {
	e.advice = fmt.Sprintf(format, args...)
	return &e
}

// The errors of the wxacode family.
var (
	errInvalidArgs   = apiError{code: 40097, message: "invalid args"}
	errInvalidScene  = apiError{code: 40129, message: "invalid scene"}
	errSceneLength   = apiError{code: 40169, message: "invalid length for scene, or the data is not json string"}
	errInvalidPage   = apiError{code: 41030, message: "invalid page"}
	errMinuteLimit   = apiError{code: 45009, message: "reach max api minute limit"}
	errPathLength    = apiError{code: 40159, message: "invalid length for path, or the data is not json string"}
	errCodesUsedUp   = apiError{code: 45029, message: "qrcode count out of limit"}
	errReservedField = apiError{code: 85096, message: "page or path not allow include scancode_time field"}
)

// api is an API whose effect is emulated. An error that is no *apiError becomes the platform's "system error".
type api func(*Platform, *apiCall) (*apiResult, error)

var apis = map[string]api{
	apiCreateQRCode: (*Platform).createQRCode,
	apiGet:          (*Platform).get,
	apiGetUnlimited: (*Platform).getUnlimited,
}

// acknowledge is the answer of an API whose effect is not emulated.
func acknowledge(*Platform, *apiCall) (*apiResult, error) {
	return jsonResult(map[string]any{"errcode": 0, "errmsg": "ok"}), nil
}

func jsonResult(v map[string]any) *apiResult {
	body, _ := json.Marshal(v) // text and numbers always encode
	return &apiResult{contentType: "application/json; encoding=utf-8", body: body}
}

// text returns the parameter of this name; ok is false where it is absent or no JSON string.
func (c *apiCall) text(name string) (s string, ok bool) {
	p, there := c.params[name]
	if !there || p.file || string(p.json) == "null" {
		return "", false
	}
	return s, json.Unmarshal(p.json, &s) == nil
}

// integer returns the parameter of this name, or def where it is absent or null.
func (c *apiCall) integer(name string, def int) (int, error) {
	p, there := c.params[name]
	if !there || string(p.json) == "null" {
		return def, nil
	}
	var n int
	if p.file || json.Unmarshal(p.json, &n) != nil {
		return 0, fmt.Errorf("%s must be a whole number", name)
	}
	return n, nil
}

// boolean returns the parameter of this name, or def where it is absent or null.
func (c *apiCall) boolean(name string, def bool) (bool, error) {
	p, there := c.params[name]
	if !there || string(p.json) == "null" {
		return def, nil
	}
	var b bool
	if p.file || json.Unmarshal(p.json, &b) != nil {
		return false, fmt.Errorf("%s must be true or false", name)
	}
	return b, nil
}
