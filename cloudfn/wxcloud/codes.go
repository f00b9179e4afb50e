package wxcloud

// Error codes of the platform itself, as opposed to those of an API.
// https://developers.weixin.qq.com/miniprogram/dev/wxcloud/reference/errcode.html
const (
	Unknown = -1

	NotFound               = -501000 // no such function, or environment
	ResourceSystem         = -501001 // the admin endpoint failed, or could not be reached
	ServerTimeout          = -501002
	RequestLimit           = -501003
	ConcurrentRequestLimit = -501004
	InvalidEnv             = -501005
	InvalidCommonParam     = -501006
	InvalidParam           = -501007
	InvalidRequestSource   = -501008
	NotInitialized         = -501009

	FunctionRequest = -504001
	FunctionExecute = -504002 // the function failed
	FunctionTimeout = -504003 // the function ran out of time

	System       = -601001
	SystemArgs   = -601002
	ResultSize   = -604001 // a function's result is larger than 1 MB
	APINotFound  = -604100
	NoPermission = -604101 // the function's config.json does not permit the API
	APITimeout   = -604102
	APISystem    = -604103
	Source       = -604104 // illegal source: the invocation that the token belongs to is over

	ContainerLimit = -606001 // a request to Cloud Run is larger than 100 KB
)

// Text returns the meaning of an error code in the words of the official SDK, or "" if it has none.
func Text(code int) string { return texts[code] }

// texts is the table of wx-server-sdk 4.0.2.
var texts = map[int]string{
	-1:      "unknown error",
	-404001: "empty call result",
	-404002: "empty event id",
	-404003: "empty poll url",
	-404004: "empty poll result json",
	-404005: "exceed max poll retry",
	-404006: "empty poll result base resp",
	-404007: "error while polling for the result, poll result base resp ret %s",
	-404008: "error while polling for the result, polling server return a status code of %s",
	-404009: "error while polling for the result: %s",
	-601001: "system error",
	-601002: "system args error",
	-601003: "system network error",
	-601004: "api permission denied",
	-601005: "invalid cloudID",
	-601006: "cloudID expired",
	-601007: "cloudID and calling user does not match",
	-601008: "server-side request timedout",
	-601009: "missing mobile phone",
	-601010: "no write permission",
	-601011: "no privilege permission",
	-601012: "unauthorized env",
	-601013: "no multiend permission",
	-601015: "access denied (cloudfunction cloudbase_auth returns empty errCode)",
	-601016: "missing env auth info",
	-601017: "access denied (cloudbase_auth returns non-zero errCode)",
	-602018: "unauthorized API",
	-602001: "database query result size exceed limit (1MB)",
	-604001: "cloudfunction result size exceed limit (1MB)",
	-604100: "API not found",
	-604101: "function has no permission to call this API",
	-604102: "call open API timeout",
	-604103: "call open API system error",
	-604104: "illegal source of invocation",
	-501001: "resource system error",
	-501002: "resource server timeout",
	-501003: "exceed request limit",
	-501004: "exceed concurrent request limit",
	-501005: "invalid env",
	-501006: "invalid common parameters",
	-501007: "invalid parameters",
	-501008: "invalid request source",
	-501009: "resource not initialized",
	-502001: "database request fail",
	-502002: "database invalid command",
	-502003: "database permission denied",
	-502004: "database exceed collection limit",
	-502005: "database collection not exists",
	-503001: "storage request fail",
	-503002: "storage permission denied",
	-503003: "storage file not exists",
	-503004: "storage invalid sign parameter",
	-504001: "functions request fail",
	-504002: "functions execute fail",
}
