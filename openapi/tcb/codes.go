package tcb

import "github.com/wxcloud-go/wxfn/cloudfn/wxcloud"

// cloudBaseCodes is the table of wx-server-sdk 4.0.2.
var cloudBaseCodes = map[string]int{
	"SUCCESS":                          0,
	"SYS_ERR":                          wxcloud.ResourceSystem,
	"SERVER_TIMEOUT":                   wxcloud.ServerTimeout,
	"EXCEED_REQUEST_LIMIT":             wxcloud.RequestLimit,
	"EXCEED_CONCURRENT_REQUEST_LIMIT":  wxcloud.ConcurrentRequestLimit,
	"INVALIID_ENV":                     wxcloud.InvalidEnv,
	"INVALID_COMMON_PARAM":             wxcloud.InvalidCommonParam,
	"INVALID_PARAM":                    wxcloud.InvalidParam,
	"INVALID_REQUEST_SOURCE":           wxcloud.InvalidRequestSource,
	"RESOURCE_NOT_INITIAL":             -501009,
	"DATABASE_REQUEST_FAILED":          -502001,
	"DATABASE_INVALID_OPERRATOR":       -502002,
	"DATABASE_PERMISSION_DENIED":       -502003,
	"DATABASE_COLLECTION_EXCEED_LIMIT": -502004,
	"DATABASE_COLLECTION_NOT_EXIST":    -502005,
	"STORAGE_REQUEST_FAIL":             -503001,
	"STORAGE_EXCEED_AUTHORITY":         -503002,
	"STORAGE_FILE_NONEXIST":            -503003,
	"STORAGE_SIGN_PARAM_INVALID":       -503004,
	"FUNCTIONS_REQUEST_FAIL":           -504001,
	"FUNCTIONS_EXECUTE_FAIL":           wxcloud.FunctionExecute,
}
