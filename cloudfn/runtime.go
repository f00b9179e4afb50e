package cloudfn

import (
	"context"
	"fmt"
	"slices"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// A Runtime is what runs a function in production. A process tells it from the
// variables that it was started with: the first of the list below whose variable is
// set. [WithRuntime] tells it instead.
type Runtime string

const (
	// RuntimeGo1 is the runtime Go1 of event functions: _LAMBDA_SERVER_PORT is set.
	// https://cloud.tencent.com/document/product/583/18032
	RuntimeGo1 Runtime = "Go1"

	// RuntimeCloudRun is a container of WeChat Cloud Run (微信云托管): CBR_ENV_ID is
	// set. It listens on PORT, or else on 80.
	// https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/development/weixin/
	RuntimeCloudRun Runtime = "Cloud Run"

	// RuntimeHTTP is an HTTP cloud function (HTTP 云函数, of SCF: Web 函数): its
	// scf_bootstrap has set PORT, to 9000, which is also the default.
	// https://docs.cloudbase.net/cloud-function/develop/scf-bootstrap
	RuntimeHTTP Runtime = "HTTP"

	// RuntimeCustom is a custom runtime (自定义运行时) of event functions:
	// SCF_RUNTIME_API is set.
	// https://cloud.tencent.com/document/product/583/47274
	RuntimeCustom Runtime = "custom"
)

// A home is where a function can run.
type home struct {
	runtime  Runtime
	variable string // what the environment has there
	events   bool   // it brings events, and no requests
	// serve handles events until stop ends, and then lets those that have begun
	// end. Its error says in one line why it could not.
	serve func(stop context.Context, a *app) error
}

// homes are all there are, the surest first. A port stands before the runtime API: who
// sets it is about to connect, while the API may be there for others, such as what
// started this process.
var homes = []home{
	{RuntimeGo1, wxcloud.VarGo1Port, true, serveGo1},
	{RuntimeCloudRun, wxcloud.VarCloudRun, false, serveCloudRun},
	{RuntimeHTTP, wxcloud.VarPort, false, serveHTTP},
	{RuntimeCustom, wxcloud.VarRuntimeAPI, true, serveCustom},
}

// byHand is what a function says to who starts it outside of any runtime.
const byHand = `This is a cloud function of a WeChat Mini Program (微信云函数), built with wxfn.
It runs where events come in:

  on this machine   wxfn dev            in the project's folder
  for one event     wxfn invoke NAME
  by itself         PORT=8080 and this program: it then listens for HTTP
  in production     runtime Go1, handler main; the file is named main
                    HTTP cloud function; scf_bootstrap sets PORT=9000 and starts it
                    WeChat Cloud Run; a container that starts it
                    custom runtime; the file is named bootstrap

https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/functions.html
`

// home returns where the function runs, and nil when nothing tells.
func (a *app) home() (*home, error) {
	i := slices.IndexFunc(homes, func(h home) bool {
		if a.runtime != "" {
			return h.runtime == a.runtime
		}
		return a.getenv(h.variable) != ""
	})
	switch {
	case i >= 0 && homes[i].events && a.web != nil:
		return nil, fmt.Errorf("this program serves HTTP, by cloudfn.StartHTTP, and runtime %s brings events: deploy it as an HTTP cloud function or to Cloud Run", homes[i].runtime)
	case i >= 0:
		return &homes[i], nil
	case a.runtime != "":
		return nil, fmt.Errorf("WithRuntime(%q): there is no such runtime: use one of the constants cloudfn.Runtime…", string(a.runtime))
	}
	return nil, nil
}
