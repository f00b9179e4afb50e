package platform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// SourceHTTPS is the source of the record of an HTTPS call, which no function makes.
const SourceHTTPS = "https"

// The paths of the server API that are no cloud calls.
const (
	pathToken         = "/cgi-bin/token"
	pathStableToken   = "/cgi-bin/stable_token"
	pathLogin         = "/sns/jscode2session"
	pathClearQuota    = "/cgi-bin/clear_quota"
	pathClearBySecret = "/cgi-bin/clear_quota/v2"
	pathGetQuota      = "/cgi-bin/openapi/quota/get"
	pathGetRidInfo    = "/cgi-bin/openapi/rid/get"
	pathInvoke        = "/tcb/invokecloudfunction"
)

const invokeName = "callFunction" // in the journal

// endpoint is a path of the server API.
type endpoint struct {
	name   string // in the journal: of the API
	method string
	open   bool // it asks for no access token
	inURL  bool // a POST whose parameters may be in the URL, too
	// own answers for a path that is no cloud call; one that is one answers as the API does.
	own func(*Platform, *serverRequest) (*apicall.Result, error)
	api *catalog.API // nil with own
}

// newEndpoints returns all paths that there are.
func newEndpoints() map[string]*endpoint {
	all := map[string]*endpoint{
		pathToken:         {name: "auth.getAccessToken", method: http.MethodGet, open: true, own: (*Platform).getToken},
		pathStableToken:   {name: "auth.getStableAccessToken", method: http.MethodPost, open: true, own: (*Platform).getStableToken},
		pathLogin:         {name: "auth.code2Session", method: http.MethodGet, open: true, own: (*Platform).login},
		pathClearQuota:    {name: "openApi.clearQuota", method: http.MethodPost, own: (*Platform).clearQuota},
		pathClearBySecret: {name: "openApi.clearQuotaByAppSecret", method: http.MethodPost, open: true, inURL: true, own: (*Platform).clearQuotaBySecret},
		pathGetQuota:      {name: "openApi.getApiQuota", method: http.MethodPost, own: (*Platform).getQuota},
		pathGetRidInfo:    {name: "openApi.getRidInfo", method: http.MethodPost, own: (*Platform).getRidInfo},
		pathInvoke:        {name: invokeName, method: http.MethodPost, inURL: true, own: (*Platform).invokeOverHTTP},
	}
	for _, a := range catalog.All() {
		all[a.Path] = &endpoint{name: a.Name, method: a.Method, api: a}
	}
	if a, ok := catalog.Earlier("security.imgSecCheck"); ok {
		all[a.Path] = &endpoint{name: a.Name, method: a.Method, api: a.API}
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
	first, _, ok := strings.Cut(strings.TrimLeft(path, "/"), "/") // a base URL that ends with a slash makes two of one
	if !ok {
		return ""
	}
	return first
}

// The errors of the door itself.
var (
	errInvalidURL    = apicall.Error{Code: 40066, Message: "invalid url"}
	errMediaMissing  = apicall.Error{Code: 41005, Message: "media data missing"}
	errInvalidToken  = doorError(40001)
	errGrantType     = doorError(40002)
	errInvalidAppID  = doorError(40013)
	errInvalidCode   = doorError(40029)
	errInvalidSecret = doorError(40125)
	errCodeUsed      = doorError(40163)
	errTokenMissing  = doorError(41001)
	errAppIDMissing  = doorError(41002)
	errSecretMissing = doorError(41004)
	errCodeMissing   = doorError(41008)
	errTokenExpired  = doorError(42001)
	errRequireGET    = doorError(43001)
	errRequirePOST   = doorError(43002)
	errEmptyBody     = doorError(44002)
	errDailyLimit    = doorError(45009)
	errMinuteQuota   = doorError(45011)
	errDataFormat    = doorError(47001)
	errUnauthorized  = doorError(48001)
	errClearing      = doorError(48006)
	errNoRID         = doorError(76001)
	errRID           = doorError(76002)
	errForeignRID    = doorError(76003)
	errNoPath        = doorError(76021)
	errRIDPath       = doorError(76022)

	errMissingParameter = doorError(40101)
	errInvalidEnv       = doorError(-501005)
	errNoCloudBase      = doorError(85088)
	errNotAllowed       = doorError(85107)
)

func doorError(code int) apicall.Error { return apicall.Error{Code: code, Message: serverErrors[code]} }

// serverErrors are the texts of errors as the server API has them.
var serverErrors = map[int]string{
	40001:   "invalid credential, access_token is invalid or not latest",
	40002:   "invalid grant_type",
	40003:   "invalid openid",
	40013:   "invalid appid",
	40029:   "invalid code",
	40101:   "missing parameter",
	40125:   "invalid appsecret",
	40163:   "code been used",
	41001:   "access_token missing",
	41002:   "appid missing",
	41004:   "appsecret missing",
	41008:   "missing code",
	42001:   "access_token expired",
	43001:   "require GET method",
	43002:   "require POST method",
	44002:   "empty post data",
	45009:   "reach max api daily quota limit",
	45011:   "api minute-quota reach limit, please retry next minute",
	47001:   "data format error",
	48001:   "api unauthorized",
	48006:   "forbid to clear quota because of reaching the limit",
	76001:   "rid not found, please check",
	76002:   "rid is error",
	76003:   "could not query this rid,no permission",
	76021:   "cgi_path not found, please check",
	76022:   "could not use this cgi_path,no permission",
	85088:   "no qbase privilege",
	85107:   "URL不在白名单内，请前往「微信云托管控制台-服务管理-云调用-微信令牌」配置",
	-501005: "invalid env",
}

// serverRequest is a request to the server API, as far as it has been read.
type serverRequest struct {
	*apicall.Call
	client  client
	door    *endpoint // nil where the path is none
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
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serveAPI(w, r, nil) })
}

// ServerFor is [Platform.Server] for the requests of a function that takes events, which the journal then names.
func (p *Platform) ServerFor(function string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.serveAPI(w, r.WithContext(context.WithValue(r.Context(), functionKey{}, function)), nil)
	})
}

type functionKey struct{}

// serveAPI answers a request, which came through a service's sidecar if via is not nil.
func (p *Platform) serveAPI(w http.ResponseWriter, r *http.Request, via *Service) {
	e, ok := p.endpoints()[r.URL.Path]
	answer, err := p.serveEndpoint(e, r, via)
	if err != nil {
		panic(http.ErrAbortHandler) // a connection that ends is all that a stub's fault lets the caller see
	}
	if !ok {
		answer.status = http.StatusNotFound
	}
	answer.write(w)
}

// https is the answer as the server API has it.
func (q *serverRequest) https(o *outcome, rid string) *wireAnswer {
	result := o.result
	if result == nil { // a refusal that a stub makes
		q.Log.RID = rid
		result = errorResult(o.system, wxcloud.Text(o.system), rid, o.advice)
	}
	headers := slices.Clip(result.Headers)
	if o.toService {
		headers = append(headers, tcb.HTTPHeader{Key: "x-openapi-seqid", Value: randomHex(16)})
	}
	return &wireAnswer{contentType: result.ContentType, headers: headers, body: result.Body, cut: o.cut}
}

func (p *Platform) adviceForPath(path string) string {
	if near := catalog.NearestOf(path, slices.Sorted(maps.Keys(p.endpoints()))); near != "" {
		return "did you mean " + near + "?"
	}
	return "the paths are those of the APIs that support cloud calls, and of access tokens, logins, quotas and " + pathInvoke
}

// minSecret is how long an app's secret is, in bytes, that the journal shows nowhere, and not only not as a parameter. A
// shorter one, which somebody chose, would take too much else out.
const minSecret = 16

// maxPath bounds what the journal has of a path that is none, in bytes.
const maxPath = 200

// serveEndpoint answers a request, and keeps its record: that of the request which the calling function answers, where it
// can be told, else one of its own. The endpoint is nil where the path is none. The error is one of the connection.
func (p *Platform) serveEndpoint(e *endpoint, r *http.Request, via *Service) (*wireAnswer, error) {
	c, secret := p.clientOf(r, via)
	s := c.session
	if s == nil {
		id := uuid.NewString()
		ip, _, _ := net.SplitHostPort(r.RemoteAddr)
		s = &Session{RequestID: id, Caller: Caller{AppID: c.appID, Source: SourceHTTPS, ClientIP: ip}}
		s.Function, _ = r.Context().Value(functionKey{}).(string)
		if c.service != nil {
			s.Function = c.service.Function
		}
		s.Record = p.Journal.Begin(id, s.Function, "", SourceHTTPS)
	}
	begin, at := time.Now(), p.Now()
	name := journal.Cut(r.URL.Path, maxPath)
	if e != nil {
		name = e.name
	}
	q := &serverRequest{client: c, door: e, path: r.URL.Path, session: s, http: r, query: r.URL.Query(), Call: apicall.New(name, at, nil),
		secrets: []string{secret}}
	ended, err := p.pass(q)
	if refused, ok := errors.AsType[*apicall.Error](err); ok {
		ended, err = p.conclude(q.Call, nil, refused), nil
	}
	q.Log.Duration = time.Since(begin)
	var answer *wireAnswer
	if err == nil {
		ended.toService = c.service != nil
		answer = q.https(ended, p.rid())
		p.remember(q, answer.body)
	}
	s.Record.Redact(q.secrets...)
	s.Record.Called(q.Log)
	if c.session == nil {
		failure := ""
		if q.Log.ErrCode != 0 {
			failure = fmt.Sprintf("%s: %d %s", q.Log.API, q.Log.ErrCode, q.Log.ErrMsg)
		}
		s.Record.End(p.Now(), failure)
		if p.Served != nil {
			p.Served(s.Record)
		}
	}
	return answer, err
}

// pass takes a request through the door: method, token, body, quota, and then to what is there. An error that is an
// *apicall.Error is the answer; any other is one of the connection.
func (p *Platform) pass(q *serverRequest) (*outcome, error) {
	if q.door == nil {
		none := errInvalidURL
		none.Message += ": wxfn has no API at " + q.path
		if function := q.session.Function; function != "" {
			none.Message += ", which function " + function + " calls"
		}
		return nil, none.Because("%s", p.adviceForPath(q.path))
	}
	if q.http.Method != q.door.method && !q.namesPicture() {
		wrong := errRequirePOST
		if q.door.method == http.MethodGet {
			wrong = errRequireGET
		}
		return nil, wrong.Because("%s is called by %s, not by %s", q.path, q.door.method, q.http.Method)
	}
	if !q.door.open {
		if q.client.err != nil {
			return nil, q.client.err
		}
		if err := q.client.permit(q.door); err != nil {
			return nil, err
		}
		q.AppID = q.client.appID
	}
	q.Caller = q.session.Caller
	q.Caller.AppID = q.AppID
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
		return p.conclude(q.Call, result, err), nil
	}
	return p.callAPI(q.http.Context(), q.session, q.Call)
}
