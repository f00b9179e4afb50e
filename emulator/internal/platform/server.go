package platform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// SourceHTTPS is the source of the record of an HTTPS call, which no function makes.
const SourceHTTPS = "https"

// The paths of the server API that are no cloud calls.
const (
	pathToken       = "/cgi-bin/token"
	pathStableToken = "/cgi-bin/stable_token"
	pathClearQuota  = "/cgi-bin/clear_quota"
	pathGetQuota    = "/cgi-bin/openapi/quota/get"
	pathInvoke      = "/tcb/invokecloudfunction"
)

// endpoint is a path of the server API.
type endpoint struct {
	name   string // in the journal: of the API
	method string
	open   bool // it asks for no access token
	// own answers for a path that is no cloud call; one that is one answers as the API does.
	own func(*Platform, *serverRequest) (*apiResult, error)
	api *catalog.API // nil with own
}

// newEndpoints returns all paths that there are.
func newEndpoints() map[string]*endpoint {
	all := map[string]*endpoint{
		pathToken:       {name: "auth.getAccessToken", method: http.MethodGet, open: true, own: (*Platform).getToken},
		pathStableToken: {name: "auth.getStableAccessToken", method: http.MethodPost, open: true, own: (*Platform).getStableToken},
		pathClearQuota:  {name: "openApi.clearQuota", method: http.MethodPost, own: (*Platform).clearQuota},
		pathGetQuota:    {name: "openApi.getApiQuota", method: http.MethodPost, own: (*Platform).getQuota},
		pathInvoke:      {name: "callFunction", method: http.MethodPost, own: (*Platform).invokeOverHTTP},
	}
	for _, a := range catalog.All() {
		all[a.Path] = &endpoint{name: a.Name, method: a.Method, api: a}
	}
	return all
}

// ServesPath tells whether a path begins as those of the server API do, such as "/wxa/…".
func (p *Platform) ServesPath(path string) bool { return p.prefixes()[firstOf(path)] }

// newPrefixes returns what the paths begin with.
func newPrefixes() map[string]bool {
	prefixes := map[string]bool{}
	for path := range newEndpoints() {
		prefixes[firstOf(path)] = true
	}
	return prefixes
}

// firstOf returns the first part of a path, without slashes; "" where nothing follows it.
func firstOf(path string) string {
	first, _, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok {
		return ""
	}
	return first
}

// The errors of the door itself.
var (
	errInvalidToken  = doorError(40001)
	errGrantType     = doorError(40002)
	errInvalidAppID  = doorError(40013)
	errInvalidSecret = doorError(40125)
	errTokenMissing  = doorError(41001)
	errAppIDMissing  = doorError(41002)
	errSecretMissing = doorError(41004)
	errTokenExpired  = doorError(42001)
	errRequireGET    = doorError(43001)
	errRequirePOST   = doorError(43002)
	errEmptyBody     = doorError(44002)
	errDailyLimit    = doorError(45009)
	errMinuteQuota   = doorError(45011)
	errDataFormat    = doorError(47001)
	errClearing      = doorError(48006)
	errNoPath        = doorError(76021)

	errMissingParameter = doorError(40101)
	errInvalidEnv       = doorError(-501005)
	errNoCloudBase      = doorError(85088)
)

func doorError(code int) apiError { return apiError{code: code, message: serverErrors[code]} }

// serverErrors are the texts of errors as the server API has them.
var serverErrors = map[int]string{
	40001:   "invalid credential, access_token is invalid or not latest",
	40002:   "invalid grant_type",
	40013:   "invalid appid",
	40066:   "invalid url",
	40101:   "missing parameter",
	40125:   "invalid appsecret",
	41001:   "access_token missing",
	41002:   "appid missing",
	41004:   "appsecret missing",
	42001:   "access_token expired",
	43001:   "require GET method",
	43002:   "require POST method",
	44002:   "empty post data",
	45009:   "reach max api daily quota limit",
	45011:   "api minute-quota reach limit, please retry next minute",
	47001:   "data format error",
	48001:   "api unauthorized",
	48006:   "forbid to clear quota because of reaching the limit",
	76021:   "cgi_path not found, please check",
	85088:   "no qbase privilege",
	-501005: "invalid env",
}

// serverRequest is a request to the server API, as far as it has been read.
type serverRequest struct {
	*apiCall
	door    *endpoint
	path    string
	session *Session
	http    *http.Request
	query   url.Values
	body    []byte   // the JSON text
	secrets []string // what the journal may not show
}

// Server returns the server API: what api.weixin.qq.com is in the cloud. The status of its answers is 200, but for a path
// that there is none of. It panics with [http.ErrAbortHandler] where an answer does not arrive, or not whole.
func (p *Platform) Server() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, ok := p.endpoints()[r.URL.Path]
		if !ok {
			none := p.errorResult(40066, serverErrors[40066]+": wxfn has no API at "+r.URL.Path, p.adviceForPath(r.URL.Path))
			(&wireAnswer{status: http.StatusNotFound, contentType: none.contentType, body: none.body}).write(w)
			return
		}
		ended, err := p.serveEndpoint(e, r)
		if err != nil {
			panic(http.ErrAbortHandler) // a connection that ends is all that a stub's fault lets the caller see
		}
		p.https(ended).write(w)
	})
}

// https is the answer as the server API has it.
func (p *Platform) https(o *outcome) *wireAnswer {
	result := o.result
	if result == nil { // a refusal that a stub makes
		result = p.errorResult(o.system, tcb.Text(o.system), o.advice)
	}
	return &wireAnswer{contentType: result.contentType, headers: result.headers, body: result.body, cut: o.cut}
}

func (p *Platform) adviceForPath(path string) string {
	if near := catalog.NearestOf(path, slices.Sorted(maps.Keys(p.endpoints()))); near != "" {
		return "did you mean " + near + "?"
	}
	return "the paths are those of the APIs that support cloud calls, and of access tokens, quotas and " + pathInvoke
}

// serveEndpoint answers a request, and keeps its record. The error is one of the connection.
func (p *Platform) serveEndpoint(e *endpoint, r *http.Request) (*outcome, error) {
	id := uuid.NewString()
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	s := &Session{RequestID: id, Caller: Caller{Source: SourceHTTPS, ClientIP: ip}, Record: p.Journal.Begin(id, "", "", SourceHTTPS)}
	begin, at := time.Now(), p.Now()
	q := &serverRequest{door: e, path: r.URL.Path, session: s, http: r, query: r.URL.Query(), apiCall: newCall(e.name, at, nil)}
	ended, err := p.pass(q)
	if refused, ok := errors.AsType[*apiError](err); ok {
		ended, err = p.conclude(q.apiCall, nil, refused), nil
	}
	q.log.Duration = time.Since(begin)
	s.Record.Redact(q.secrets...)
	s.Record.Called(q.log)
	failure := ""
	if q.log.ErrCode != 0 {
		failure = fmt.Sprintf("%s: %d %s", q.log.API, q.log.ErrCode, q.log.ErrMsg)
	}
	s.Record.End(p.Now(), failure)
	if p.Served != nil {
		p.Served(s.Record)
	}
	return ended, err
}

// pass takes a request through the door: method, token, body, quota, and then to what is there. An error that is an
// *apiError is the answer; any other is one of the connection.
func (p *Platform) pass(q *serverRequest) (*outcome, error) {
	if q.http.Method != q.door.method {
		wrong := errRequirePOST
		if q.door.method == http.MethodGet {
			wrong = errRequireGET
		}
		return nil, wrong.because("%s is called by %s, and this is a %s", q.path, q.door.method, q.http.Method)
	}
	if !q.door.open {
		token := q.query.Get("access_token")
		var err error
		if q.appID, err = p.tokens.app(token, p.Now()); err != nil {
			return nil, err
		}
		q.secrets = append(q.secrets, token)
	}
	q.session.Caller.AppID = q.appID
	q.caller = q.session.Caller
	if err := q.read(); err != nil {
		return nil, err
	}
	if !q.door.open { // those count when they know their app
		if err := p.spend(q); err != nil {
			return nil, err
		}
	}
	if q.door.own != nil {
		result, err := q.door.own(p, q)
		return p.conclude(q.apiCall, result, err), nil
	}
	return p.callAPI(q.http.Context(), q.session, q.apiCall)
}

// read reads the parameters of the URL and of the body.
func (q *serverRequest) read() error {
	pairs := q.queryPairs()
	var err error
	if q.door.method == http.MethodPost {
		var inBody []tcb.KeyValuePair
		inBody, err = q.bodyPairs()
		pairs = append(pairs, inBody...)
	}
	call := newCall(q.log.API, q.log.Time, hideSecret(pairs))
	q.log.Params = call.log.Params
	for _, pair := range pairs {
		q.params[pair.Key] = param{json: pair.Value, file: pair.Filename != ""}
	}
	return err
}

// hideSecret returns parameters as the journal may show them.
func hideSecret(pairs []tcb.KeyValuePair) []tcb.KeyValuePair {
	shown := slices.Clone(pairs)
	for i, pair := range shown {
		if pair.Key == "secret" {
			shown[i].Value = quote("[secret]")
		}
	}
	return shown
}

// elsewhere are parameters of the URL that are about the call, not of the API.
var elsewhere = []string{"access_token", "cloudbase_access_token", "from_appid"}

// queryPairs returns the parameters of the URL as JSON: a text, but for those that are to be something else.
func (q *serverRequest) queryPairs() (pairs []tcb.KeyValuePair) {
	for _, name := range sortedKeys(q.query) {
		text := q.query.Get(name)
		if slices.Contains(elsewhere, name) {
			continue
		}
		value := quote(text)
		if f, ok := q.field(name); ok && f.Type != catalog.String && f.Type != catalog.Any {
			switch {
			case text == "":
				continue
			case json.Valid([]byte(text)):
				value = []byte(text)
			}
		}
		if q.door.api != nil && hasField(q.door.api.Request, name) {
			q.warn("%s is in the URL; in the cloud it has to be in the body", name)
		}
		pairs = append(pairs, tcb.KeyValuePair{Key: name, Value: value})
	}
	return pairs
}

// field returns the parameter of the API that has this name.
func (q *serverRequest) field(name string) (catalog.Field, bool) {
	if q.door.api == nil {
		return catalog.Field{}, false
	}
	fields := q.door.api.Params()
	i := slices.IndexFunc(fields, func(f catalog.Field) bool { return f.Name == name })
	if i < 0 {
		return catalog.Field{}, false
	}
	return fields[i], true
}

func hasField(fields []catalog.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f catalog.Field) bool { return f.Name == name })
}

// takesFile tells whether a parameter is a file, so that the body is a form of several parts.
func (e *endpoint) takesFile() bool {
	return e.api != nil && slices.ContainsFunc(e.api.Request, func(f catalog.Field) bool { return f.Type == catalog.File })
}

// bodyPairs returns the parameters of the body. What kind it is, its first bytes tell, whatever the header says: JSON
// travels under many names.
func (q *serverRequest) bodyPairs() ([]tcb.KeyValuePair, error) {
	body, err := io.ReadAll(io.LimitReader(q.http.Body, maxRequest+1))
	switch {
	case err != nil:
		return nil, errDataFormat.because("the body broke off: %v", err)
	case len(body) > maxRequest:
		return nil, errDataFormat.because("the body is larger than %d MB", maxRequest>>20)
	case len(bytes.TrimSpace(body)) == 0 && q.door.takesFile() && q.query.Get("img_url") != "":
		return nil, nil // the picture is elsewhere
	case len(bytes.TrimSpace(body)) == 0:
		as := "a JSON object"
		if q.door.takesFile() {
			as = "a form (multipart/form-data) with the file"
		}
		return nil, errEmptyBody.because("%s takes its parameters from the body, as %s", q.path, as)
	}
	q.body = body
	contentType, params, _ := mime.ParseMediaType(q.http.Header.Get("Content-Type"))
	if q.door.takesFile() && contentType == "multipart/form-data" {
		return formPairs(q, multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	}
	if q.path == pathInvoke {
		return nil, q.wantJSON(json.Valid(body)) // an event may be any value
	}
	if err := q.wantJSON(json.Valid(body) && bytes.TrimSpace(body)[0] == '{'); err != nil {
		return nil, err
	}
	var pairs []tcb.KeyValuePair
	gjson.ParseBytes(body).ForEach(func(name, value gjson.Result) bool {
		if q.door.api != nil && hasField(q.door.api.Query, name.String()) {
			q.warn("%s is in the body; in the cloud it has to be in the URL", name.String())
		}
		pairs = append(pairs, tcb.KeyValuePair{Key: name.String(), Value: []byte(value.Raw)})
		return true
	})
	return pairs, nil
}

// wantJSON is the error about a body that is no JSON as it should be.
func (q *serverRequest) wantJSON(is bool) error {
	contentType, _, _ := mime.ParseMediaType(q.http.Header.Get("Content-Type"))
	switch {
	case !utf8.Valid(q.body):
		return errDataFormat.because("the body is not UTF-8")
	case is:
		return nil
	case contentType == "multipart/form-data", contentType == "application/x-www-form-urlencoded" && !bytes.ContainsAny(bytes.TrimSpace(q.body)[:1], "{["):
		return errDataFormat.because("the body is a form; %s takes a JSON object", q.path)
	}
	return errDataFormat.because("the body is no JSON object")
}

// formPairs reads a form of several parts: files are those that have a file name.
func formPairs(q *serverRequest, form *multipart.Reader) (pairs []tcb.KeyValuePair, err error) {
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return pairs, nil
		}
		if err != nil {
			return nil, errDataFormat.because("the form cannot be read: %v", err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, errDataFormat.because("the form cannot be read: %v", err)
		}
		pair := tcb.KeyValuePair{Key: part.FormName(), Value: data, ContentType: part.Header.Get("Content-Type"), Filename: part.FileName()}
		if f, ok := q.field(pair.Key); pair.Filename == "" && (!ok || f.Type == catalog.String || f.Type == catalog.Any || !json.Valid(data)) {
			pair.Value = quote(string(data))
		}
		pairs = append(pairs, pair)
	}
}

// httpTimeout is how long a function may take that is called over the HTTP API, by the real clock.
const httpTimeout = 5 * time.Second

// The codes of functions that have no name among those of the SDKs.
var functionCodes = map[string]int{
	"FUNCTION_NOT_FOUND":            -501000,
	"FUNCTIONS_TIME_LIMIT_EXCEEDED": codeTimedOut,
}

const codeTimedOut = -504003

// invokeOverHTTP mirrors
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloud/reference-http-api/functions/invokeCloudFunction.html.
func (p *Platform) invokeOverHTTP(q *serverRequest) (*apiResult, error) {
	env, name, event := q.query.Get("env"), q.query.Get("name"), q.body
	if env == "" && name == "" {
		body := gjson.ParseBytes(q.body)
		env, name = body.Get("env").String(), body.Get("name").String()
		event = eventOf(body.Get("req_data"))
	}
	q.log.API, q.log.Params = strings.TrimSuffix(q.door.name+" "+name, " "), string(event)
	switch {
	case q.appID != p.AppID:
		return nil, errNoCloudBase.because("the environment belongs to %s, and the access token is one of %s", p.AppID, q.appID)
	case env == "" || name == "":
		return nil, errMissingParameter.because("env and name are required: both in the URL, with the event as body, or both in the body, with the event as req_data")
	case env != p.Env:
		return nil, errInvalidEnv.because("env is %q, and this emulator's is %q", env, p.Env)
	}
	caller := q.session.Caller
	caller.Source = "wx_http"
	ctx, cancel := context.WithTimeout(q.http.Context(), p.httpTimeout)
	defer cancel()
	type outcome struct {
		result *tcb.InvokeResult
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		result, err := p.Functions.Call(ctx, caller, name, event)
		done <- outcome{result, err}
	}()
	var o outcome
	select {
	case o = <-done:
	case <-ctx.Done():
	}
	if ctx.Err() != nil && o.result == nil {
		return nil, (apiError{code: codeTimedOut, message: fmt.Sprintf("Invoking task timed out after %g seconds", p.httpTimeout.Seconds())}).
			because("a function that is called over the HTTP API has %s, whatever its own timeout", p.httpTimeout)
	}
	if refused, ok := errors.AsType[*tcb.Error](o.err); ok {
		code, known := functionCodes[refused.Code]
		if !known {
			code = refused.ErrCode()
		}
		return nil, &apiError{code: code, message: refused.Message}
	}
	if o.err != nil {
		return nil, o.err
	}
	return okResult(map[string]any{"resp_data": o.result.Data}), nil
}

// eventOf returns the event of req_data: an object, or the JSON text of one.
func eventOf(v gjson.Result) []byte {
	switch {
	case !v.Exists():
		return []byte("{}")
	case v.Type == gjson.String && json.Valid([]byte(v.Str)):
		return []byte(v.Str)
	}
	return []byte(v.Raw)
}
