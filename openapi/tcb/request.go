package tcb

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// The actions that this package writes and reads whole; the platform has more ("storage.…", "database.…").
const (
	ActionOpenAPI        = "wx.openApi"
	ActionAPI            = "wx.api" // the older callOpenAPI, with JSON instead of protobuf
	ActionInvokeFunction = "functions.invokeFunction"
)

const multipartForm = "multipart/form-data"

// Request is one request to the admin endpoint. Fields that the action does not use are empty.
type Request struct {
	// Action says what is asked for; see the Action constants.
	Action string

	// APIName is the name of the API to call, without "openapi." ("wxacode.createQRCode").
	APIName string
	// CGIName is "commrpcv2" for version v2 of the official SDK's openapi, else empty.
	CGIName string
	// APIOptions is the JSON text of an ActionAPI's options: {"appid": "…"} for another app.
	APIOptions string
	// RequestData is the wire form of a CommAPIData; for ActionAPI, the JSON text of the parameters.
	RequestData []byte

	// FunctionName is the cloud function to invoke.
	FunctionName string
	// EventText is the JSON text of the event for FunctionName.
	EventText string

	// EnvName is the environment's id.
	EnvName string
	// CloudAPIToken is the token that was injected into the invocation that makes the call.
	CloudAPIToken string
	// CloudbaseAccessToken stands in for CloudAPIToken in a container.
	CloudbaseAccessToken string
	// TCBSessionToken and SessionToken belong to the credential that signs the request.
	TCBSessionToken, SessionToken string
	// CrossAuthorizationToken authorizes a call into another account's environment.
	CrossAuthorizationToken string

	// params are the parameters as received, for the signature.
	params []param
}

// param is one parameter as it is sent and signed.
type param struct {
	name  string
	value []byte
	kind  kind
}

// kind is how a parameter's value is written, which decides how it is signed.
type kind int

const (
	text     kind = iota
	jsonText      // a member of a JSON body that is not a string, as sent
	binary        // a part of a form with a content type of its own
)

// names ties each parameter's name on the wire to its field, in the order of the official SDK.
func (q *Request) names() []struct {
	name string
	text *string
} {
	return []struct {
		name string
		text *string
	}{
		{"action", &q.Action},
		{"apiName", &q.APIName},
		{"apiOptions", &q.APIOptions},
		{"cgiName", &q.CGIName},
		{"requestData", nil},
		{"function_name", &q.FunctionName},
		{"request_data", &q.EventText},
		{"envName", &q.EnvName},
		{"wxCloudApiToken", &q.CloudAPIToken},
		{"wxCloudbaseAccesstoken", &q.CloudbaseAccessToken},
		{"tcb_sessionToken", &q.TCBSessionToken},
		{"sessionToken", &q.SessionToken},
		{"crossAuthorizationToken", &q.CrossAuthorizationToken},
	}
}

func (q *Request) set(p param) {
	for _, n := range q.names() {
		switch {
		case n.name != p.name || p.isNull():
		case n.text == nil:
			q.RequestData = p.value
		default:
			*n.text = string(p.value)
		}
	}
	q.params = append(q.params, p)
}

// Origin tells the endpoint who sends a request. Only URL is required.
type Origin struct {
	// URL is the admin endpoint's, without a query.
	URL string
	// Seq tells the requests of an invocation apart in the endpoint's logs.
	Seq string
	// Source is the invocation's chain of callers, such as "wx_client".
	Source string
	// Region is the environment's ("ap-shanghai").
	Region string
	// TraceLog is handed on from invocation to invocation.
	TraceLog string
	// SDKVersion names the sender ("wxfn/1.0").
	SDKVersion string
}

// HTTP returns q as a signed HTTP request. now is the time of the signature.
func (q *Request) HTTP(ctx context.Context, o Origin, c Credential, now time.Time) (*http.Request, error) {
	encode, data := encodeForm, binary
	if q.Action == ActionInvokeFunction || q.Action == ActionAPI {
		encode, data = encodeJSON, text
	}
	var params []param
	for _, n := range q.names() {
		p := param{name: n.name, value: q.RequestData, kind: data}
		if n.text != nil {
			p = param{name: n.name, value: []byte(*n.text)}
		}
		if len(p.value) > 0 {
			params = append(params, p)
		}
	}
	body, contentType := encode(params)

	target := o.URL + "?env=" + url.QueryEscape(q.EnvName) + "&seqId=" + url.QueryEscape(o.Seq)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("admin endpoint %q: %w", o.URL, err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("User-Agent", o.SDKVersion)
	r.Header.Set("X-SDK-Version", o.SDKVersion)
	r.Header.Set("X-TCB-Source", o.Source+",scf")
	r.Header.Set("X-Client-Timestamp", strconv.FormatInt(now.UnixMilli(), 10))
	if o.Region != "" {
		r.Header.Set("X-TCB-Region", o.Region)
	}
	if o.TraceLog != "" {
		r.Header.Set("X-TCB-Tracelog", o.TraceLog)
	}
	sign(r, params, c, now)
	return r, nil
}

func encodeForm(params []param) (body []byte, contentType string) {
	var seed [12]byte
	rand.Read(seed[:])
	boundary := "--------------------------" + hex.EncodeToString(seed[:])
	var b bytes.Buffer
	for _, p := range params {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q\r\n", boundary, p.name)
		if p.kind == binary {
			b.WriteString("Content-Type: application/octet-stream\r\n")
		}
		b.WriteString("\r\n")
		b.Write(p.value)
		b.WriteString("\r\n")
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.Bytes(), multipartForm + "; boundary=" + boundary
}

func encodeJSON(params []param) (body []byte, contentType string) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	separator := byte('{')
	for _, p := range params {
		b.WriteByte(separator)
		separator = ','
		fmt.Fprintf(&b, "%q:", p.name)
		_ = enc.Encode(string(p.value)) // text always encodes
	}
	b.WriteByte('}')
	return b.Bytes(), "application/json"
}

// ParseRequest reads a request to the admin endpoint, whose body may be as large as limit bytes.
// The error says what is malformed; *http.MaxBytesError means that the body is larger.
func ParseRequest(r *http.Request, limit int64) (*Request, error) {
	if r.Method != http.MethodPost {
		return nil, fmt.Errorf("the method is %s; the admin endpoint takes POST", r.Method)
	}
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	contentType := r.Header.Get("Content-Type")
	mediaType, args, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, fmt.Errorf("content type %.200q: %w", contentType, err)
	}
	body := http.MaxBytesReader(nil, r.Body, limit)
	q := &Request{}
	switch mediaType {
	case multipartForm:
		err = q.readForm(multipart.NewReader(body, args["boundary"]))
	case "application/json":
		err = q.readJSON(body)
	default:
		err = fmt.Errorf("content type %.200q: the admin endpoint takes multipart/form-data and application/json", contentType)
	}
	if err != nil {
		return nil, err
	}
	if q.Action == "" {
		return nil, errors.New("the parameter action is missing")
	}
	return q, nil
}

// The bounds of a request's parameters, beside that of the body; the SDKs send some fifteen, with short names.
const (
	maxParams    = 256
	maxParamName = 256 // bytes
)

// add takes in a parameter that was received; called is what it is in the body. Each is checked before the next is read.
func (q *Request) add(called string, p param) error {
	switch {
	case p.name == "":
		return fmt.Errorf("a %s has no name", called)
	case len(p.name) > maxParamName:
		return fmt.Errorf("the name of a %s is longer than %d bytes", called, maxParamName)
	case slices.ContainsFunc(q.params, func(o param) bool { return o.name == p.name }):
		return fmt.Errorf("%s %q comes twice", called, p.name)
	case len(q.params) == maxParams:
		return fmt.Errorf("it has more than %d %ss", maxParams, called)
	}
	q.set(p)
	return nil
}

func (q *Request) readForm(form *multipart.Reader) error {
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("multipart form: %w", err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return fmt.Errorf("multipart form: part %.*q: %w", maxParamName, part.FormName(), err)
		}
		p := param{name: part.FormName(), value: value}
		if part.Header.Get("Content-Type") != "" { // the official SDKs give text parts none
			p.kind = binary
		}
		if err := q.add("part", p); err != nil {
			return fmt.Errorf("multipart form: %w", err)
		}
	}
}

func (q *Request) readJSON(body io.Reader) error {
	if err := q.readObject(json.NewDecoder(body)); err != nil {
		return fmt.Errorf("JSON body: %w", err)
	}
	return nil
}

// readObject reads the one JSON object that a body is, member by member.
func (q *Request) readObject(d *json.Decoder) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return cmp.Or(err, errors.New("it is not an object"))
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		p := param{name: name.(string), kind: jsonText} // within an object, a value follows a name
		if err := d.Decode((*json.RawMessage)(&p.value)); err != nil {
			return err
		}
		if p.value[0] == '"' {
			var s string
			if err := json.Unmarshal(p.value, &s); err != nil {
				return err
			}
			p = param{name: p.name, value: []byte(s)}
		}
		if err := q.add("member", p); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the object's end
		return err
	}
	switch _, err := d.Token(); {
	case err == nil:
		return errors.New("something follows the object")
	case err != io.EOF:
		return err
	}
	return nil
}
