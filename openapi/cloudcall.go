package openapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// cloudCall is the way through the admin endpoint, with what the platform injected into a cloud function.
type cloudCall struct {
	*Client
	getenv    func(string) string
	transport http.RoundTripper // nil: the network
}

func (d cloudCall) wireName(_, name string) string { return tcb.SnakeCase(name) }

func (d cloudCall) callAPI(ctx context.Context, api string, params []tcb.KeyValuePair) (*tcb.CommOpenAPIResp, error) {
	if strings.Contains(api, "/") {
		return nil, endpointError(api, CodeAPINotFound, "a path is called over HTTPS only; a cloud call needs the API's name", nil)
	}
	data := tcb.CommAPIData{OpenAPIData: tcb.OpenAPIData{Pairs: params}, AppID: d.appID}
	body, contentType, err := d.post(ctx, &tcb.Request{
		Action: tcb.ActionOpenAPI, APIName: api, CGIName: d.cgiName, RequestData: data.Marshal(),
	})
	var resp *tcb.CommOpenAPIResp
	if err == nil {
		resp, err = tcb.ReadOpenAPI(contentType, body)
	}
	switch refused, ok := errors.AsType[*tcb.Error](err); {
	case ok:
		return nil, endpointError(api, Code(refused.ErrCode()), refused.Message, nil)
	case err != nil:
		return nil, endpointError(api, CodeResourceSystem, err.Error(), err)
	case resp.ErrorCode != 0:
		return nil, systemError(api, resp)
	}
	return resp, nil
}

func (d cloudCall) callFunction(ctx context.Context, name string, event []byte) (string, error) {
	body, _, err := d.post(ctx, &tcb.Request{Action: tcb.ActionInvokeFunction, FunctionName: name, EventText: string(event)})
	var answer *tcb.InvokeResult
	if err == nil {
		answer, err = tcb.ReadInvoke(body)
	}
	if refused, ok := errors.AsType[*tcb.Error](err); ok {
		return "", &Error{API: callFunction, ErrCode: CodeUnknown, ErrMsg: "callFunction:fail " + refused.Message, plain: true}
	}
	if err != nil {
		return "", err
	}
	return answer.Data, nil
}

// post sends q to the admin endpoint, and returns the answer's body and content type.
func (d cloudCall) post(ctx context.Context, q *tcb.Request) (body []byte, contentType string, err error) {
	q.EnvName = d.envName()
	q.CloudAPIToken, q.CloudbaseAccessToken = d.tokens()
	q.TCBSessionToken = d.getenv(wxcloud.VarTCBToken)
	credential := tcb.Credential{
		SecretID:     d.getenv(wxcloud.VarSecretID),
		SecretKey:    d.getenv(wxcloud.VarSecretKey),
		SessionToken: d.getenv(wxcloud.VarSessionToken),
	}
	q.SessionToken = credential.SessionToken

	now := d.now()
	r, err := q.HTTP(ctx, tcb.Origin{
		URL:        d.endpoint(q.EnvName),
		Seq:        d.nextSeq(d.getenv(wxcloud.VarSeqID), now),
		Source:     d.getenv(wxcloud.VarSource),
		Region:     d.getenv(wxcloud.VarRegion),
		TraceLog:   d.getenv(wxcloud.VarTraceLog),
		SDKVersion: sdkVersion,
	}, credential, now)
	if err != nil {
		return nil, "", err
	}
	client := d.http
	if d.transport != nil {
		client = &http.Client{Transport: d.transport}
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err = readBody(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s | [%s]", resp.Status, r.URL)
	}
	return body, resp.Header.Get("Content-Type"), err
}

// readBody reads an answer, within bounds.
func readBody(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxAnswerSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer: %w", err)
	case len(body) > maxAnswerSize:
		return nil, fmt.Errorf("the answer is larger than %d MB", maxAnswerSize>>20)
	}
	return body, nil
}

// nextSeq returns an id for a request, in the form of the official SDK.
func (c *Client) nextSeq(invocation string, now time.Time) string {
	id := strconv.FormatInt(now.UnixMilli(), 16) + "_" + strconv.FormatUint(c.seq.Add(1), 16)
	if invocation != "" {
		id = invocation + "-" + id
	}
	return id
}

// tokens returns the token of the invocation, else that of a container.
func (d cloudCall) tokens() (cloudAPI, cloudbase string) {
	if d.getenv(wxcloud.VarTriggerSource) == "timer" {
		cloudAPI = d.getenv(wxcloud.VarTriggerToken)
	}
	if cloudAPI == "" {
		cloudAPI = d.getenv(wxcloud.VarAPIToken)
	}
	if cloudAPI == "" {
		cloudbase = d.getenv(wxcloud.VarAccessToken)
	}
	return cloudAPI, cloudbase
}

func (d cloudCall) envName() string {
	return cmp.Or(d.env, d.getenv(wxcloud.VarEnv), d.getenv(wxcloud.VarNamespace))
}

var envID = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// endpoint returns the admin endpoint's URL: the one that the platform (or an emulator) names in TCB_CONTEXT_CNFG, else
// the region's, which a cloud function reaches by the internal network.
func (d cloudCall) endpoint(env string) string {
	var named struct{ URL string }
	if json.Unmarshal([]byte(d.getenv(wxcloud.VarTCBConfig)), &named) == nil && named.URL != "" {
		return named.URL
	}
	host := "tcb-api.tencentcloudapi.com/admin"
	if region := d.getenv(wxcloud.VarRegion); region != "" {
		host = region + "." + host
	}
	scheme := "https://"
	if d.getenv(wxcloud.VarRunEnv) == "SCF" {
		scheme, host = "http://", "internal."+host
	}
	if envID.MatchString(env) {
		host = env + "." + host
	}
	return scheme + host
}
