// Package go1 is the wire of the Go1 runtime of Tencent Serverless Cloud
// Functions, as both of its ends speak it: the function, which listens on a TCP
// port and answers, and the platform, which connects and calls.
//
// To call a function, dial its port and use a [Client]. To be a function, use
// package cloudfn; what it stands on is [Server].
//
// The wire is Go's net/rpc over gob, with the methods Function.Invoke and
// Function.Ping. This package speaks it without net/rpc, which would bring
// html/template, and 2.4 MB, into every function. Each end works with net/rpc,
// and so with functions built on Tencent's scf-go-lib, at the other end.
//
// Official document: https://cloud.tencent.com/document/product/583/18032
package go1

// An InvokeRequest asks a function to handle one event. Gob goes by the names of
// the fields, so they are the platform's, as is their spelling.
type InvokeRequest struct {
	Payload   []byte // the event, JSON
	RequestId string
	TraceId   string

	// Deadline is when the platform stops waiting. The zero value sets none.
	Deadline Timestamp

	InvokedFunctionUnique string
	ClientContext         []byte // JSON, about the calling application
	Namespace             string // the environment id
	FunctionName          string
	FunctionVersion       string
	MemoryLimitInMb       int32 // MB
	TimeLimitInMs         int32 // milliseconds

	// Environment is a JSON object of strings: the variables of this invocation
	// alone, the caller's identity and the ambient credentials among them.
	Environment string

	TencentcloudRegion string
	TencentcloudAppID  string
	TencentcloudUin    string
	FunctionTrace      string
}

// A Timestamp is a moment: the time since 1 January 1970 UTC.
type Timestamp struct {
	Seconds int64
	Nanos   int64
}

// An InvokeResponse answers an [InvokeRequest]: the result, or the error.
type InvokeResponse struct {
	Payload []byte         // the result, JSON
	Error   *ResponseError // nil when the function succeeded
}

// A ResponseError says how a function failed.
type ResponseError struct {
	Message    string
	Type       string        // the name of the error's Go type
	StackTrace []*StackFrame // of a panic, the innermost call first

	// ShouldExit says that the function panicked, and that its process is not to
	// be trusted with another event.
	ShouldExit bool
}

// Error returns the message.
func (e *ResponseError) Error() string { return e.Message }

// A StackFrame is one call of a stack trace.
type StackFrame struct {
	Path  string `json:"path"` // the file, below its package's import path
	Line  int32  `json:"line"`
	Label string `json:"label"` // the function, without its package
}

// A PingRequest asks whether a function is up.
type PingRequest struct{}

// A keyedPing is a PingRequest to a function with a key.
type keyedPing struct{ Key string }

// A PingResponse says that it is.
type PingResponse struct{}
