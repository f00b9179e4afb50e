package openapi

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// Code is an errCode of the platform or of an API. It is an error, so that a call's outcome is tested with
// errors.Is(err, openapi.CodeNoPermission), or errors.Is(err, openapi.Code(45029)) for a code without a name.
type Code int

// The codes of the platform, which any cloud call can end with.
const (
	CodeUnknown      Code = wxcloud.Unknown      // system error: try again later
	CodeSystem       Code = wxcloud.System       // system error
	CodeSystemArgs   Code = wxcloud.SystemArgs   // system args error
	CodeResultSize   Code = wxcloud.ResultSize   // a function's result is larger than 1 MB
	CodeAPINotFound  Code = wxcloud.APINotFound  // no API of this name
	CodeNoPermission Code = wxcloud.NoPermission // the function's config.json does not permit the API
	CodeTimeout      Code = wxcloud.APITimeout   // the API did not answer in time
	CodeAPISystem    Code = wxcloud.APISystem    // the API failed
	CodeSource       Code = wxcloud.Source       // illegal source: the invocation that the token belongs to is over

	CodeResourceSystem         Code = wxcloud.ResourceSystem // the admin endpoint failed, or could not be reached
	CodeServerTimeout          Code = wxcloud.ServerTimeout
	CodeRequestLimit           Code = wxcloud.RequestLimit
	CodeConcurrentRequestLimit Code = wxcloud.ConcurrentRequestLimit
	CodeInvalidEnv             Code = wxcloud.InvalidEnv
	CodeInvalidCommonParam     Code = wxcloud.InvalidCommonParam
	CodeInvalidParam           Code = wxcloud.InvalidParam
	CodeInvalidRequestSource   Code = wxcloud.InvalidRequestSource

	CodeFunctionExecute Code = wxcloud.FunctionExecute // the function failed
	CodeFunctionTimeout Code = wxcloud.FunctionTimeout // the function ran out of time
)

// The codes of the credentials that HTTPS calls have.
const (
	CodeInvalidSecret  Code = 40125 // the AppSecret is not the app's
	CodeIPNotAllowed   Code = 40164 // the server's address is not on the app's list
	CodePathNotAllowed Code = 85107 // the API's path is not on the allow list of the Cloud Run environment
	CodeTokenNotReady  Code = 85113 // the token of the Cloud Run service does not exist yet
)

// Error returns the number and, where the official SDK has one, its text.
func (c Code) Error() string {
	return strings.TrimSpace("errCode: " + strconv.Itoa(int(c)) + " " + wxcloud.Text(int(c)))
}

// Error is a failed call. Its JSON, {"errCode":…,"errMsg":…}, and its text are those of the official SDK's error.
type Error struct {
	// API is the name of the API, without "openapi."; "callFunction" for a function's.
	API string `json:"-"`
	// ErrCode is what to test, best with errors.Is.
	ErrCode Code `json:"errCode"`
	// ErrMsg is the message for people, such as "openapi.wxacode.createQRCode:fail qrcode count out of limit".
	ErrMsg string `json:"errMsg"`
	// RID is the id that WeChat's support asks for; empty where the platform gave none.
	RID string `json:"-"`
	// Advice says what to change, and where: it comes from the emulator and, for what can be wrong with the credential of an
	// HTTPS call, from this package. It is empty where there is nothing to say.
	Advice string `json:"-"`

	// plain errors have no more to say than ErrMsg.
	plain bool
	cause error
}

// Error returns the text that the official SDK's error has as its message.
func (e *Error) Error() string {
	if e.plain {
		return e.ErrMsg
	}
	return fmt.Sprintf("errCode: %d %s | errMsg: %s", e.ErrCode, wxcloud.Text(int(e.ErrCode)), e.ErrMsg)
}

// Format implements fmt.Formatter. %+v is the text with the advice below it: in this form tests print errors that they did
// not expect, such as those of testify.
func (e *Error) Format(s fmt.State, verb rune) {
	type fields Error // without the methods, for %#v
	switch {
	case verb == 'v' && s.Flag('#'):
		fmt.Fprintf(s, "%#v", (*fields)(e))
	case verb == 'v' && s.Flag('+') && e.Advice != "":
		fmt.Fprintf(s, "%s\nadvice: %s", e.Error(), e.Advice)
	default:
		fmt.Fprintf(s, fmt.FormatString(s, verb), e.Error())
	}
}

// Is reports whether target is the Code of e.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.ErrCode
}

// Unwrap returns what kept the call from an answer, such as context.DeadlineExceeded; nil where the platform answered.
func (e *Error) Unwrap() error { return e.cause }

// endpointError is a call that the admin endpoint refused or that did not reach it.
func endpointError(api string, code Code, message string, cause error) *Error {
	return &Error{API: api, ErrCode: code, plain: true, cause: cause,
		ErrMsg: fmt.Sprintf("openapi.%s:fail %d %s. %s", api, code, wxcloud.Text(int(code)), message)}
}

// systemError is a call that WeChat refused before the API itself was asked. The emulator's advice stands in resp_data,
// where the official SDK does not look.
func systemError(api string, resp *tcb.CommOpenAPIResp) *Error {
	var more struct{ Advice string }
	_ = json.Unmarshal(resp.RespData, &more)
	return &Error{API: api, ErrCode: Code(resp.ErrorCode), Advice: more.Advice,
		ErrMsg: fmt.Sprintf("%s: error code: %d", wxcloud.Text(int(CodeSystem)), resp.ErrorCode)}
}

// apiOf returns the API of a call's name in messages: "openapi.wxacode.get" or "callFunction".
func apiOf(name string) string { return strings.TrimPrefix(name, "openapi.") }

// advice is what to do about an HTTPS call that is refused for its credential; {path} stands for the API's. It follows
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/guide/weixin/faq.html and the common error codes.
var advice = map[Code]string{
	CodeInvalidCredential:  staleToken,
	CodeInvalidAccessToken: staleToken,
	CodeAccessTokenExpired: staleToken,
	CodeInvalidAppID:       "check the AppID: it stands in the Mini Program's console, 开发管理 → 开发设置",
	CodeInvalidSecret:      "check the AppSecret: a reset in the Mini Program's console, 开发管理 → 开发设置, makes the old one worthless",
	CodeIPNotAllowed:       "add this server's address to the IP white list in the Mini Program's console, 开发管理 → 开发设置",
	CodeAccessTokenMissing: "the open interface service (开放接口服务) is off, or the version was deployed before it was switched on: " +
		"switch it on in the Cloud Run console, 云调用, and deploy again; while a service starts, it is not there yet",
	CodeUnauthorized:   "the account may not call this API: apply for it in the Mini Program's console; where an environment is shared, openapi.WithAppID chooses the app",
	CodePathNotAllowed: allowListed,
	CodeTokenNotReady:  "the service was just deployed or switched on: try again in some minutes, then deploy again",
}

const (
	staleToken  = "the access token is no good any more, and there is no newer one: get another where it came from"
	allowListed = "add {path} to the environment's allow list in the Cloud Run console, 云托管 → 设置 → 云调用 → 微信令牌权限配置"
)

func adviceFor(code Code, path string) string {
	path, _, _ = strings.Cut(path, "?")
	return strings.ReplaceAll(advice[code], "{path}", path)
}

var rid = regexp.MustCompile(` rid: ([0-9a-zA-Z-]+)`)

func ridOf(errmsg string) string {
	if m := rid.FindStringSubmatch(errmsg); m != nil {
		return m[1]
	}
	return ""
}
