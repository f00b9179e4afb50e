// Command scf is a cloud function without package cloudfn: on the bare protocol of runtime Go1, by net/rpc and os.Setenv,
// as programs are that were built with Tencent's scf-go-lib.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/rpc"
	"os"
)

type (
	PingRequest  struct{}
	PingResponse struct{}

	InvokeRequestTimestamp struct{ Seconds, Nanos int64 }

	InvokeRequest struct {
		Payload               []byte
		RequestId             string
		TraceId               string
		Deadline              InvokeRequestTimestamp
		InvokedFunctionUnique string
		ClientContext         []byte
		Namespace             string
		FunctionName          string
		FunctionVersion       string
		MemoryLimitInMb       int32
		TimeLimitInMs         int32
		Environment           string
		TencentcloudRegion    string
		TencentcloudAppID     string
		TencentcloudUin       string
		FunctionTrace         string
	}

	InvokeResponse struct {
		Payload []byte
		Error   *InvokeResponseError
	}

	InvokeResponseError struct {
		Message    string
		Type       string
		StackTrace []*StackFrame
		ShouldExit bool
	}

	StackFrame struct {
		Path  string `json:"path"`
		Line  int32  `json:"line"`
		Label string `json:"label"`
	}
)

// Function is what the platform calls.
type Function struct{}

// Ping says that the function is up.
func (fn *Function) Ping(request *PingRequest, response *PingResponse) error {
	*response = PingResponse{}
	return nil
}

// Invoke handles an event.
func (fn *Function) Invoke(request *InvokeRequest, response *InvokeResponse) error {
	environ := map[string]string{}
	if err := json.Unmarshal([]byte(request.Environment), &environ); err != nil {
		return err
	}
	for name, value := range environ {
		os.Setenv(name, value)
	}
	fmt.Println("handling", request.RequestId)
	payload, err := json.Marshal(map[string]any{
		"Event": json.RawMessage(request.Payload), "OpenID": os.Getenv("WX_OPENID"), "AppID": os.Getenv("WX_APPID"),
		"UnionID": os.Getenv("WX_UNIONID"), "Env": request.Namespace, "Source": os.Getenv("TCB_SOURCE"),
		"Function": request.FunctionName, "Greeting": os.Getenv("GREETING"), "MemoryLimitMB": request.MemoryLimitInMb, "PID": os.Getpid(),
	})
	if err != nil {
		response.Error = &InvokeResponseError{Message: err.Error(), Type: fmt.Sprintf("%T", err)}
		return nil
	}
	response.Payload = payload
	return nil
}

func main() {
	if err := rpc.Register(new(Function)); err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "0.0.0.0:"+os.Getenv("_LAMBDA_SERVER_PORT"))
	if err != nil {
		log.Fatal(err)
	}
	rpc.Accept(l)
}
