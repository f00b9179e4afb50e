package platform

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// stuck is functions that go on for ever.
type stuck struct{ ended chan struct{} }

func (s stuck) Call(ctx context.Context, _ Caller, _ string, _ []byte) (*tcb.InvokeResult, error) {
	<-s.ended
	return &tcb.InvokeResult{}, nil
}

func TestTheHTTPAPIDoesNotWaitForLong(t *testing.T) {
	t.Parallel()
	functions := stuck{make(chan struct{})}
	defer close(functions.ended)
	p := New(Config{AppID: "wx1", Env: "env-1", Store: store.Memory(launch.Buckets()...), Now: func() time.Time { return start }, Functions: functions})
	p.httpTimeout = time.Millisecond
	token := p.tokens.keep("wx1", start)
	w := httptest.NewRecorder()
	p.Server().ServeHTTP(w, httptest.NewRequest(http.MethodPost, pathInvoke+"?env=env-1&name=slow&access_token="+token.value, strings.NewReader("{}")))
	assert.EqualValues(t, codeTimedOut, gjson.Get(w.Body.String(), "errcode").Int())
	assert.Contains(t, gjson.Get(w.Body.String(), "errmsg").String(), "Invoking task timed out after 0.001 seconds")
}

func TestOldTokensAreForgotten(t *testing.T) {
	t.Parallel()
	var many tokens
	first := many.renew("wx1", start)
	for range maxTokens {
		many.renew("wx1", start)
	}
	assert.Len(t, many.byValue, maxTokens)
	_, err := many.app(first.value, start)
	assert.ErrorContains(t, err, "40001")
	assert.NotContains(t, first.String(), first.value)
}

func TestPathsOfTheServerAPI(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	for path, serves := range map[string]bool{"/cgi-bin/token": true, "/wxa/nothing": true, "/wxaapi/": true, "/wxa": false, "/invoke/wxa": false, "/": false, "": false, "/_wxfn/codes": false} {
		assert.Equal(t, serves, p.ServesPath(path), path)
	}
}
