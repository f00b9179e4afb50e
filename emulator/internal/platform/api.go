package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// apiCall is one call of an API, by whatever way it came.
type apiCall struct {
	name   string
	api    *catalog.API // nil for a name that the catalogue only knows to exist
	appID  string       // the app that the call is made for
	caller Caller       // who called the function that calls
	// params are by their names in the catalogue; those that it does not have, as they came.
	params   map[string]param
	unknowns int // parameters that the API does not have
	// earlier is a call in a form that the API had before: [catalog.Earlier].
	earlier bool
	// enveloped is a call whose parameters came in the API's Envelope.
	enveloped bool
	log       journal.Call
}

// param is a parameter: its JSON text, or the bytes of a file.
type param struct {
	json []byte
	file bool
}

// given tells whether a parameter is there at all.
func (p param) given() bool {
	return p.file || p.json != nil && string(bytes.TrimSpace(p.json)) != "null"
}

// empty tells whether a parameter is the empty text.
func (p param) empty() bool { return !p.file && string(bytes.TrimSpace(p.json)) == `""` }

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

// The errors of APIs that are emulated.
var (
	errInvalidArgs   = apiError{code: 40097, message: "invalid args"}
	errMediaMissing  = apiError{code: 41005, message: "media data missing"}
	errInvalidScene  = apiError{code: 40129, message: "invalid scene"}
	errSceneLength   = apiError{code: 40169, message: "invalid length for scene, or the data is not json string"}
	errInvalidPage   = apiError{code: 41030, message: "invalid page"}
	errMinuteLimit   = apiError{code: 45009, message: "reach max api minute limit"}
	errPathLength    = apiError{code: 40159, message: "invalid length for path, or the data is not json string"}
	errCodesUsedUp   = apiError{code: 45029, message: "qrcode count out of limit"}
	errReservedField = apiError{code: 85096, message: "page or path not allow include scancode_time field"}

	errInvalidURL      = apiError{code: 40066, message: "invalid url"}
	errPagePath        = apiError{code: 40165, message: "invalid weapp pagepath"}
	errInvalidQuery    = apiError{code: 40212, message: "invalid query"}
	errExpireTime      = apiError{code: 85401, message: "time limit between 1min and 30days"}
	errEnvVersion      = apiError{code: 85402, message: "invalid env_version"}
	errLinkNotFound    = apiError{code: 85403, message: "not found"}
	errRiskyContent    = apiError{code: 87014, message: "risky content"}
	errNotSubscribed   = apiError{code: 43101, message: "user refuse to accept the msg"}
	errTemplateContent = apiError{code: 47003, message: "argument invalid!"}
)

// api is an API whose effect is emulated. Its parameters have been checked against the catalogue. An error that is no
// *apiError becomes the platform's "system error".
type api func(*Platform, *apiCall) (*apiResult, error)

var apis = map[string]api{
	apiCreateQRCode: (*Platform).createQRCode,
	apiGet:          (*Platform).get,
	apiGetUnlimited: (*Platform).getUnlimited,

	apiScheme:    (*Platform).generateScheme,
	apiNFCScheme: (*Platform).generateScheme,
	apiURLLink:   (*Platform).generateURLLink,
	apiShortLink: (*Platform).generateShortLink,

	"urlscheme.query": (*Platform).queryScheme,
	"urllink.query":   (*Platform).queryURLLink,

	apiSubscribeMessage: (*Platform).sendSubscribeMessage,
	apiCustomMessage:    (*Platform).sendCustomMessage,

	"security.msgSecCheck":       (*Platform).checkText,
	"phonenumber.getPhoneNumber": (*Platform).getPhoneNumber,
}

// okResult is a good answer of JSON: what every one has, and fields.
func okResult(fields map[string]any) *apiResult {
	answer := map[string]any{"errcode": 0, "errmsg": "ok"}
	maps.Copy(answer, fields)
	return jsonResult(answer)
}

func jsonResult(v any) *apiResult {
	body, _ := json.Marshal(v) // text and numbers always encode
	return &apiResult{contentType: jsonType, body: body}
}

// jsonType is written as the platform does.
const jsonType = "application/json; encoding=utf-8"

// maxAdvice is the length, in bytes, from which on advice gets no longer.
const maxAdvice = 4 << 10

// warn adds to the advice that stands in the journal of a good call, too.
func (c *apiCall) warn(format string, args ...any) {
	if len(c.log.Advice) > maxAdvice {
		return
	}
	text := fmt.Sprintf(format, args...)
	if c.log.Advice != "" {
		text = c.log.Advice + "; " + text
	}
	c.log.Advice = text
}

// text returns the parameter of this name; "" where it is absent.
func (c *apiCall) text(name string) (s string) {
	c.decode(name, &s)
	return s
}

// integer returns the parameter of this name, or def where it is absent; the nearest that there is for one that is too
// large.
func (c *apiCall) integer(name string, def int) int {
	var text json.Number
	if c.decode(name, &text); text == "" {
		return def
	}
	n, _ := strconv.ParseInt(text.String(), 10, strconv.IntSize) // what is out of range comes back as the end of the range
	return int(n)
}

// boolean returns the parameter of this name, or def where it is absent.
func (c *apiCall) boolean(name string, def bool) bool {
	c.decode(name, &def)
	return def
}

// decode decodes the parameter of this name into v, a pointer, and leaves v alone where it is absent.
func (c *apiCall) decode(name string, v any) {
	if p := c.params[name]; p.given() && !p.file {
		_ = json.Unmarshal(p.json, v) // its type has been checked
	}
}
