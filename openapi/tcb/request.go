package tcb

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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
	// RequestData is the wire form of a CommAPIData.
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
	var params []param
	for _, n := range q.names() {
		p := param{name: n.name, value: q.RequestData, kind: binary}
		if n.text != nil {
			p = param{name: n.name, value: []byte(*n.text)}
		}
		if len(p.value) > 0 {
			params = append(params, p)
		}
	}
	encode := encodeForm
	if q.Action == ActionInvokeFunction {
		encode = encodeJSON
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
	contentType := r.Header.Get("Content-Type")
	mediaType, args, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, fmt.Errorf("content type %q: %w", contentType, err)
	}
	body := http.MaxBytesReader(nil, r.Body, limit)
	q := &Request{}
	switch mediaType {
	case multipartForm:
		err = q.readForm(multipart.NewReader(body, args["boundary"]))
	case "application/json":
		err = q.readJSON(body)
	default:
		err = fmt.Errorf("content type %q: the admin endpoint takes multipart/form-data and application/json", contentType)
	}
	if err != nil {
		return nil, err
	}
	if q.Action == "" {
		return nil, errors.New("the parameter action is missing")
	}
	return q, nil
}

func (q *Request) readForm(form *multipart.Reader) error {
	seen := map[string]bool{}
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
			return fmt.Errorf("multipart form: part %q: %w", part.FormName(), err)
		}
		if part.FormName() == "" {
			return errors.New("multipart form: a part has no name")
		}
		p := param{name: part.FormName(), value: value}
		if part.Header.Get("Content-Type") != "" { // the official SDKs give text parts none
			p.kind = binary
		}
		if seen[p.name] {
			return fmt.Errorf("multipart form: part %q comes twice", p.name)
		}
		seen[p.name] = true
		q.set(p)
	}
}

func (q *Request) readJSON(body io.Reader) error {
	var values map[string]json.RawMessage
	if err := json.NewDecoder(body).Decode(&values); err != nil {
		return fmt.Errorf("JSON body: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p := param{name: name, value: values[name], kind: jsonText}
		if p.value[0] == '"' {
			var s string
			if err := json.Unmarshal(p.value, &s); err != nil {
				return fmt.Errorf("JSON body: %w", err)
			}
			p = param{name: name, value: []byte(s)}
		}
		q.set(p)
	}
	return nil
}
