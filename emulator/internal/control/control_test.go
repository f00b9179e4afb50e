package control_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/emulator/internal/control"
	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
)

func TestTheControlAPI(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	j := journal.New(func() time.Time { return start }, nil)
	r := j.Begin("r-1", "hello", "oAlice", "wx_client")
	r.Print(start, "stdout", "<你好> & \"bye\"")
	r.Called(journal.Call{Time: start, API: "wxacode.createQRCode", Params: `{"path":"a"}`, ErrCode: -604101, ErrMsg: "no", Advice: "add it", Duration: time.Millisecond})
	r.End(start.Add(time.Second), "")
	handler := control.New(control.Config{
		Journal: j,
		Functions: func() []api.Function {
			return []api.Function{{Name: "hello", Kind: "go", Dir: "/x/hello"}, {Name: "in", Kind: "handler"}}
		},
		Scan: func(content string) (*platform.LaunchOptions, error) {
			switch content {
			case "known":
				return &platform.LaunchOptions{Path: "page/index", Query: map[string]string{"a": "1"}, Scene: 1011, AppID: "wx1"}, nil
			case "broken":
				return nil, errors.New("the store is broken")
			}
			return nil, platform.ErrUnknownCode
		},
		PhoneCode: func(openid string) string { return "code of " + openid },
	})
	const record = `{"requestID":"r-1","function":"hello","openid":"oAlice","source":"wx_client","start":"2026-01-02T03:04:05Z",` +
		`"running":false,"durationMs":1000,"coldStart":false,` +
		`"output":[{"time":"2026-01-02T03:04:05Z","stream":"stdout","text":"<你好> & \"bye\""}],` +
		`"calls":[{"time":"2026-01-02T03:04:05Z","api":"wxacode.createQRCode","params":"{\"path\":\"a\"}","errCode":-604101,"errMsg":"no","advice":"add it","durationMs":1}]}`
	for request, want := range map[string]struct {
		status int
		body   string
	}{
		"GET /_wxfn/functions":            {200, `[{"name":"hello","kind":"go","dir":"/x/hello"},{"name":"in","kind":"handler"}]`},
		"GET /_wxfn/journal":              {200, "[" + record + "]"},
		"GET /_wxfn/journal/r-1":          {200, record},
		"GET /_wxfn/journal/r-2":          {404, `{"errCode":-1,"errMsg":"the journal has no invocation \"r-2\", or no longer"}`},
		"GET /_wxfn/scan?content=known":   {200, `{"path":"page/index","query":{"a":"1"},"scene":1011,"appId":"wx1"}`},
		"GET /_wxfn/scan?content=unknown": {404, `{"errCode":-1,"errMsg":"this emulator has made no such code or link"}`},
		"GET /_wxfn/scan?content=broken":  {500, `{"errCode":-1,"errMsg":"the store is broken"}`},
		"GET /_wxfn/scan":                 {400, `{"errCode":-1,"errMsg":"name what the code holds: /_wxfn/scan?content=…"}`},
		"GET /_wxfn/nothing":              {404, `{"errCode":-1,"errMsg":"the control API has no /_wxfn/nothing"}`},
		"POST /_wxfn/phonecode?openid=oA": {200, `{"code":"code of oA"}`},
		"POST /_wxfn/phonecode":           {400, `{"errCode":-1,"errMsg":"name the user: /_wxfn/phonecode?openid=…"}`},
		"POST /_wxfn/journal":             {405, `{"errCode":-1,"errMsg":"/_wxfn/journal does not take the method POST"}`},
	} {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			var method, target string
			for i := range request {
				if request[i] == ' ' {
					method, target = request[:i], request[i+1:]
				}
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(method, target, nil))
			assert.Equal(t, want.status, w.Code)
			assert.Equal(t, want.body+"\n", w.Body.String())
			assert.Equal(t, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, w.Header())
		})
	}
}
