// Package wxcloud is the vocabulary of WeChat's cloud: error codes, sources of calls, headers and environment variables. Each
// word is here once, for all that speak to the platform or stand in for it.
package wxcloud

import (
	"fmt"
	"slices"
	"strings"
)

// Sources of a call. The source of a function that another one calls is the chain of both, joined by commas, as in
// "wx_client,scf".
// https://developers.weixin.qq.com/miniprogram/dev/wxcloud/reference-sdk-api/utils/Cloud.getWXContext.html
const (
	SourceClient     = "wx_client"      // a Mini Program
	SourceDevTools   = "wx_devtools"    // WeChat DevTools
	SourceHTTP       = "wx_http"        // the HTTP API
	SourceTrigger    = "wx_trigger"     // a timer
	SourcePay        = "wx_paycallback" // WeChat Pay
	SourceCrawler    = "wx_crawler"     // WeChat's search
	SourceLocalDebug = "wx_localdebug"  // local debugging of WeChat DevTools
	SourceUnknown    = "wx_unknown"
	SourceFunction   = "scf" // another function
)

// Sources returns all of them.
func Sources() []string {
	return []string{SourceClient, SourceDevTools, SourceHTTP, SourceTrigger, SourcePay, SourceCrawler, SourceLocalDebug,
		SourceUnknown, SourceFunction}
}

// CheckSource returns what is wrong with a source: a name that the platform does not have, alone or in a chain.
func CheckSource(source string) error {
	for name := range strings.SplitSeq(source, ",") {
		if !slices.Contains(Sources(), name) {
			return fmt.Errorf("there is no source %q; there are: %s", name, strings.Join(Sources(), ", "))
		}
	}
	return nil
}

// Headers that WeChat adds to the requests which it passes on to a service, in the form of the keys of an http.Header.
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/development/weixin/
const (
	HeaderPrefix      = "X-Wx-"
	HeaderOpenID      = "X-Wx-Openid"
	HeaderAppID       = "X-Wx-Appid"
	HeaderUnionID     = "X-Wx-Unionid"
	HeaderFromOpenID  = "X-Wx-From-Openid"
	HeaderFromAppID   = "X-Wx-From-Appid"
	HeaderFromUnionID = "X-Wx-From-Unionid"
	HeaderEnv         = "X-Wx-Env"
	HeaderSource      = "X-Wx-Source" // only requests from WeChat have it
	HeaderAccessToken = "X-Wx-Cloudbase-Access-Token"
	HeaderClientIP    = "X-Original-Forwarded-For"
)

// Environment variables of an invocation.
const (
	VarOpenID       = "WX_OPENID"
	VarAppID        = "WX_APPID"
	VarUnionID      = "WX_UNIONID"
	VarFromOpenID   = "WX_FROM_OPENID"
	VarFromAppID    = "WX_FROM_APPID"
	VarFromUnionID  = "WX_FROM_UNIONID"
	VarClientIP     = "WX_CLIENTIP"
	VarClientIPv6   = "WX_CLIENTIPV6"
	VarAPIToken     = "WX_API_TOKEN"
	VarTriggerToken = "WX_TRIGGER_API_TOKEN_V0"  // in place of VarAPIToken, for a timer
	VarAccessToken  = "WX_CLOUDBASE_ACCESSTOKEN" // of HeaderAccessToken
	VarWXKeys       = "WX_CONTEXT_KEYS"          // the names of the WX_ variables that are set, joined by commas

	VarEnv           = "TCB_ENV"
	VarSource        = "TCB_SOURCE"
	VarSeqID         = "TCB_SEQID"
	VarTraceLog      = "TCB_TRACELOG"
	VarTCBToken      = "TCB_SESSIONTOKEN"
	VarTCBConfig     = "TCB_CONTEXT_CNFG" // {"URL": "…/admin"}
	VarTCBKeys       = "TCB_CONTEXT_KEYS" // the names of the TCB_ variables that are set
	VarTriggerSource = "TRIGGER_SRC"      // "timer"

	VarSecretID     = "TENCENTCLOUD_SECRETID"
	VarSecretKey    = "TENCENTCLOUD_SECRETKEY"
	VarSessionToken = "TENCENTCLOUD_SESSIONTOKEN"
	VarRunEnv       = "TENCENTCLOUD_RUNENV" // "SCF"
	VarRegion       = "TENCENTCLOUD_REGION"
	VarAccountAppID = "TENCENTCLOUD_APPID"
	VarAccountUin   = "TENCENTCLOUD_UIN"
	VarNamespace    = "SCF_NAMESPACE" // the environment's id
	VarFunctionName = "SCF_FUNCTIONNAME"
)

// Environment variables that tell a process which runtime it is started by.
const (
	VarGo1Port        = "_LAMBDA_SERVER_PORT"
	VarHandler        = "_HANDLER"
	VarRuntimeAPI     = "SCF_RUNTIME_API"
	VarRuntimeAPIPort = "SCF_RUNTIME_API_PORT"
	VarPort           = "PORT"
	VarCloudRun       = "CBR_ENV_ID" // the environment's id
)

// Environment variables that wxfn reads and its emulator sets.
const (
	VarEmulatorURL   = "WXFN_URL"
	VarEmulatorToken = "WXFN_TOKEN" // of the control API
	VarBaseURL       = "WX_API_BASE_URL"
	VarAppSecret     = "WX_APPSECRET"
	VarTokenFile     = "WX_CLOUDBASE_ACCESS_TOKEN_FILE" // in place of the path in a container
)
