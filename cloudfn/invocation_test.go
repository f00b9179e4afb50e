package cloudfn

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

func TestNewInvocationReadsThePlatformsVariables(t *testing.T) {
	t.Parallel()
	environ := map[string]string{
		"WX_OPENID": "o", "WX_APPID": "wx1", "WX_UNIONID": "u", "TCB_ENV": "env-1", "SCF_NAMESPACE": "env-2",
		"TCB_SOURCE": "wx_client,scf", "WX_CLIENTIP": "10.0.0.1", "WX_API_TOKEN": "secret",
	}
	inv := NewInvocation(environ, http.DefaultTransport)
	environ["WX_API_TOKEN"] = "changed"
	assert.Equal(t, "secret", inv.Getenv("WX_API_TOKEN"), "the invocation has a copy")
	assert.Equal(t, "o", inv.Getenv("WX_OPENID"))
	assert.Equal(t, "", inv.Getenv("PATH"), "the process's variables are not the invocation's")
	assert.Same(t, http.DefaultTransport, inv.Transport())
	inv.getenv, inv.transport = nil, nil
	assert.Equal(t, &Invocation{OpenID: "o", AppID: "wx1", UnionID: "u", Env: "env-1", Source: "wx_client,scf", ClientIP: "10.0.0.1"}, inv)

	assert.Equal(t, "env-2", NewInvocation(map[string]string{"SCF_NAMESPACE": "env-2"}, nil).Env)
	empty := NewInvocation(nil, nil)
	assert.Empty(t, empty.Getenv("WX_OPENID"))
	assert.Nil(t, empty.Transport())
	empty.getenv = nil
	assert.Equal(t, &Invocation{}, empty)
	assert.Empty(t, empty.Getenv("WX_OPENID"), "nor has one that a program has made itself")
}

func TestAPrintedInvocationShowsNoneOfItsVariables(t *testing.T) {
	t.Parallel()
	inv := NewInvocation(map[string]string{"WX_OPENID": "o-1", "WX_API_TOKEN": "hush"}, nil)
	ofRequest := newFront(&app{process: fakeProcess(&buffer{}, map[string]string{wxcloud.VarCloudRun: "env-1", "WX_APPSECRET": "hush"})}, 0)
	requested, err := ofRequest.identify(request("GET", "/", "", "X-WX-SOURCE", "wx_client", "X-WX-OPENID", "o-1", "X-WX-CLOUDBASE-ACCESS-TOKEN", "hush"))
	assert.NoError(t, err)
	for _, inv := range []*Invocation{inv, requested} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			for _, value := range []any{inv, *inv} {
				text := fmt.Sprintf(format, value)
				assert.Contains(t, text, "o-1", format)
				assert.NotContains(t, text, "hush", format)
			}
		}
	}
}

func TestAContextCarriesItsInvocation(t *testing.T) {
	t.Parallel()
	_, ok := FromContext(context.Background())
	assert.False(t, ok)
	_, ok = FromContext(NewContext(context.Background(), nil))
	assert.False(t, ok)
	inv := &Invocation{OpenID: "o"}
	got, ok := FromContext(NewContext(NewContext(context.Background(), &Invocation{}), inv))
	assert.True(t, ok)
	assert.Same(t, inv, got)
}

func TestParseEnviron(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want map[string]string
		err  string
	}{
		"none":         {"", map[string]string{"GIVEN": "1"}, ""},
		"null":         {"null", map[string]string{"GIVEN": "1"}, ""},
		"empty":        {"{}", map[string]string{"GIVEN": "1"}, ""},
		"strings":      {`{"A":"a","GIVEN":"<\u4e2d>"}`, map[string]string{"A": "a", "GIVEN": "<中>"}, ""},
		"other values": {`{"N":12345678901234567890,"B":true,"O":{"a": [1]},"S":"s","Z":null}`, map[string]string{"N": "12345678901234567890", "B": "true", "O": `{"a": [1]}`, "S": "s", "Z": "", "GIVEN": "1"}, ""},
		"only a null":  {`{"Z":null}`, map[string]string{"Z": "", "GIVEN": "1"}, ""},
		"a list":       {`["hush"]`, nil, "cloudfn: the invocation's variables are not a JSON object: json: cannot unmarshal array"},
		"not JSON":     {`WX_API_TOKEN=hush`, nil, "cloudfn: the invocation's variables are not a JSON object: invalid character 'W'"},
		"half of it":   {`{"WX_API_TOKEN":"hush`, nil, "cloudfn: the invocation's variables are not a JSON object: unexpected end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environ := map[string]string{"GIVEN": "1"}
			err := parseEnviron(environ, c.text)
			if c.err != "" {
				assert.ErrorContains(t, err, c.err)
				assert.NotContains(t, err.Error(), "hush")
				return
			}
			assert.NoError(t, err)
			assert.Equal(t, c.want, environ)
		})
	}
}
