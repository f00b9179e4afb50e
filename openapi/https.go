package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// httpsCall is the way through the server API, api.weixin.qq.com.
type httpsCall struct {
	*Client
	route
	credential *credential
	source     TokenSource         // nil without tokens
	own        func(string) string // the variables of the invocation
}

const (
	jsonType     = "application/json"
	callFunction = "callFunction" // in place of an API's name
	pathInvoke   = "/tcb/invokecloudfunction"
)

func (d *httpsCall) wireName(api, name string) string {
	e, err := endpointOf(api)
	if err != nil {
		return name // callAPI says it
	}
	return e.wireName(name)
}

func (d *httpsCall) callAPI(ctx context.Context, api string, params []tcb.KeyValuePair) (*tcb.CommOpenAPIResp, error) {
	e, err := endpointOf(api)
	if err != nil {
		return nil, endpointError(api, CodeAPINotFound, err.Error(), nil)
	}
	resp, err := d.perform(ctx, "openapi."+api, e.request(params))
	if _, answered := err.(*Error); err != nil && !answered {
		return nil, endpointError(api, CodeResourceSystem, err.Error(), err)
	}
	return resp, err
}

// callFunction mirrors
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloud/reference-http-api/functions/invokeCloudFunction.html.
func (d *httpsCall) callFunction(ctx context.Context, name string, event []byte) (string, error) {
	env := d.environment()
	if env == "" {
		return "", errors.New("which environment is the function in? Use openapi.WithEnv, or set TCB_ENV")
	}
	q := request{method: http.MethodPost, path: pathInvoke, contentType: jsonType, body: event,
		query: "env=" + url.QueryEscape(env) + "&name=" + url.QueryEscape(name)}
	resp, err := d.perform(ctx, callFunction, q)
	if refused, answered := err.(*Error); answered {
		refused.plain = true
	}
	if err != nil {
		return "", err
	}
	var answer struct {
		RespData string `json:"resp_data"`
	}
	if err := json.Unmarshal(resp.RespData, &answer); err != nil {
		return "", fmt.Errorf("the answer of %s is not as documented: %w", pathInvoke, err)
	}
	return answer.RespData, nil
}

// perform makes a call, and makes it once more if it was refused for its token and the source has another. Nothing else
// is tried again: the platform may have done what it was asked. name is the call's in messages. The error is an *Error,
// and wraps none, where the platform answered.
func (d *httpsCall) perform(ctx context.Context, name string, q request) (*tcb.CommOpenAPIResp, error) {
	token, err := d.token(ctx, name, "")
	if err != nil {
		return nil, err
	}
	answer, err := d.try(ctx, name, token, q)
	if token == "" || !refusesToken(err) {
		return answer, err
	}
	another, failed := d.token(ctx, name, token)
	switch {
	case failed != nil:
		return nil, failed
	case another == token:
		return nil, err
	}
	return d.try(ctx, name, another, q)
}

func refusesToken(err error) bool {
	e, ok := err.(*Error)
	return ok && slices.Contains([]Code{CodeInvalidCredential, CodeInvalidAccessToken, CodeAccessTokenExpired}, e.ErrCode)
}

func (d *httpsCall) token(ctx context.Context, name, refused string) (string, error) {
	if d.source == nil {
		return "", nil
	}
	token, err := d.source.Token(ctx, refused)
	failed, answered := errors.AsType[*Error](err)
	switch {
	case answered && failed.cause == nil:
		why := failed.ErrMsg
		if _, after, ok := strings.Cut(why, ":fail "); ok {
			why = after
		}
		return "", &Error{API: apiOf(name), ErrCode: failed.ErrCode, ErrMsg: name + ":fail no access token: " + why, RID: failed.RID, Advice: failed.Advice}
	case err != nil:
		return "", fmt.Errorf("no access token: %w", withoutURL(err))
	case token == "":
		return "", fmt.Errorf("no access token: %s gave an empty one", d.credential.from)
	}
	return token, nil
}

// try makes a call with a token.
func (d *httpsCall) try(ctx context.Context, name, token string, q request) (*tcb.CommOpenAPIResp, error) {
	q.secret = secret(token)
	param, value := d.credential.param, token
	if d.appID != "" {
		switch param {
		case cloudbaseAccessToken:
			value = d.appID + "@" + token
		case "":
			param, value = "from_appid", d.appID
		}
	}
	if param != "" {
		q.addQuery(param, value)
	}
	resp, err := d.exchange(ctx, q)
	if err != nil {
		return nil, err
	}
	if resp.status == http.StatusBadGateway && d.credential.param == "" {
		resp.hint = "; the open interface service answers so for a path that is not on the environment's allow list; " + adviceFor(CodePathNotAllowed, q.path)
	}
	return resp.answer(name, q.path)
}

// request is an HTTPS call, but for its token.
type request struct {
	method, path string
	query        string // encoded
	contentType  string // of the body; empty without one
	body         []byte
	secret       secret
}

func (q *request) addQuery(name, value string) {
	if q.query != "" {
		q.query += "&"
	}
	q.query += url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

// request returns the HTTPS call of an API: as JSON, or as a form where a file is among the parameters.
func (e *endpoint) request(params []tcb.KeyValuePair) request {
	q := request{method: e.method, path: e.path}
	inBody := make([]tcb.KeyValuePair, 0, len(params))
	files := false
	for _, p := range params {
		switch {
		case p.Filename != "":
			files = true
		case e.inURL(p.Key):
			if string(p.Value) != "null" {
				q.addQuery(p.Key, plainText(p.Value))
			}
			continue
		}
		inBody = append(inBody, p)
	}
	switch {
	case files:
		q.body, q.contentType = form(inBody)
	case e.method != http.MethodGet:
		q.body, q.contentType = jsonObject(inBody), jsonType
	}
	return q
}

// plainText returns a JSON value as a URL or a form has it: a text as it is, all else as JSON.
func plainText(value []byte) string {
	if len(value) > 0 && value[0] == '"' {
		var text string
		if json.Unmarshal(value, &text) == nil {
			return text
		}
	}
	return string(value)
}

func jsonObject(params []tcb.KeyValuePair) []byte {
	o := object{fields: make([]objectField, len(params))}
	for i, p := range params {
		o.fields[i] = objectField{p.Key, p.Value}
	}
	return o.text()
}

func form(params []tcb.KeyValuePair) (body []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b) // into memory, where nothing fails
	for _, p := range params {
		if p.Filename == "" {
			_ = w.WriteField(p.Key, plainText(p.Value))
			continue
		}
		part, _ := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {multipart.FileContentDisposition(p.Key, p.Filename)},
			"Content-Type":        {p.ContentType},
		})
		_, _ = part.Write(p.Value)
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// exchange sends a request, and returns what comes back. No error shows the URL, which holds the token, or the secret.
func (r route) exchange(ctx context.Context, q request) (*response, error) {
	target := r.base + q.path
	if q.query != "" {
		separator := "?"
		if strings.ContainsRune(q.path, '?') {
			separator = "&"
		}
		target += separator + q.query
	}
	var body io.Reader
	if q.contentType != "" {
		body = bytes.NewReader(q.body)
	}
	out, err := http.NewRequestWithContext(ctx, q.method, target, body)
	if err != nil {
		return nil, withoutURL(err)
	}
	if q.contentType != "" {
		out.Header.Set("Content-Type", q.contentType)
	}
	out.Header.Set("User-Agent", sdkVersion)
	client := *r.client
	client.CheckRedirect = stayHere
	if r.transport != nil {
		client.Transport = r.transport
	}
	in, err := client.Do(out)
	if err != nil {
		return nil, q.secret.hideIn(withoutURL(err))
	}
	defer in.Body.Close()
	got := &response{status: in.StatusCode, contentType: in.Header.Get("Content-Type"), secret: q.secret}
	got.body, err = readBody(in.Body)
	return got, q.secret.hideIn(err)
}

// stayHere follows no redirection, because the token would go with it.
func stayHere(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// withoutURL returns the part of an error that does not show a URL. A transport that uses a client of its own wraps one
// in another.
func withoutURL(err error) error {
	for {
		outer, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		err = outer.Err
	}
}

// secret is what no error may show: a token, or an AppSecret.
type secret string

// hide takes the secret out of a text that is going to be shown.
func (s secret) hide(text []byte) []byte {
	const shortest = 6 // what is shorter is no secret, and in many words
	if len(s) < shortest {
		return text
	}
	return []byte(strings.NewReplacer(string(s), "[secret]", url.QueryEscape(string(s)), "[secret]").Replace(string(text)))
}

// hideIn returns an error that does not show the secret: err itself, if it does not, either.
func (s secret) hideIn(err error) error {
	if err == nil {
		return nil
	}
	shown := err.Error()
	if text := string(s.hide([]byte(shown))); text != shown {
		return &censored{text, err}
	}
	return err
}

// censored is an error that is told in other words. It does not unwrap, because what is inside shows a secret.
type censored struct {
	text  string
	cause error
}

func (e *censored) Error() string { return e.text }

// Is reports what the error in its own words reports.
func (e *censored) Is(target error) bool { return errors.Is(e.cause, target) }
