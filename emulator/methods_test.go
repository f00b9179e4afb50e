package emulator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
	"github.com/wxcloud-go/wxfn/testdata/methods"
)

// namesOfEvery returns the names of all APIs.
func namesOfEvery(apis []*catalog.API) (names []string) {
	for _, a := range apis {
		names = append(names, a.Name)
	}
	return names
}

// TestEveryMethodReadsAWellFormedResult calls each of the typed methods with all its parameters. None is refused or warned
// of, and the result has a value in every field of the API's response.
func TestEveryMethodReadsAWellFormedResult(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	client := openapi.NewClient()
	emu.Handle("every", cloudfn.Func(func(ctx context.Context, api string) (any, error) {
		a, _ := catalog.Lookup(api)
		return methods.Call(ctx, client, api, withFreshLinks(t, ctx, a))
	}), namesOfEvery(catalog.All())...)
	require.Len(t, methods.Of(client), 136)
	for _, a := range catalog.All() {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			r, err := emu.As("oAlice").Invoke(t.Context(), "every", a.Name)
			require.NoError(t, err)
			result := gjson.ParseBytes(r.JSON)
			assert.Equal(t, "openapi."+a.Name+":ok", result.Get("errMsg").String())
			assert.Equal(t, "0", result.Get("errCode").Raw)
			for _, c := range emu.Calls(a.Name) {
				assert.Zero(t, c.ErrCode, c.Advice)
				assert.NotContains(t, c.Advice, "has no parameter")
			}
			if a.Binary {
				assert.Regexp(t, "^image/(jpeg|png)$", result.Get("contentType").String())
				assert.NotEmpty(t, result.Get("buffer.data").Array())
				return
			}
			if !partial[a.Name] {
				assertEveryField(t, result, a.Response, "")
			}
		})
	}
}

// partial are the APIs whose real answer has only some of the fields that there are.
var partial = map[string]bool{"security.msgSecCheck": true, "urlscheme.query": true, "urllink.query": true}

// assertEveryField fails unless an answer has a value in each field, but for those that say that nothing is wrong.
func assertEveryField(t *testing.T, object gjson.Result, fields []catalog.Field, path string) {
	t.Helper()
	for _, f := range fields {
		name := tcb.CamelCase(f.Name)
		at := path + "." + name
		value := object.Get(gjson.Escape(name))
		if value.IsArray() && len(f.Fields) > 0 {
			require.NotEmpty(t, value.Array(), at)
			value = value.Array()[0]
		}
		switch {
		case len(f.Fields) > 0:
			assertEveryField(t, value, f.Fields, at)
		case f.Name == "errcode":
		case f.Type == catalog.Array && f.Of == "":
			assert.True(t, value.IsArray(), at)
		default:
			assert.NotContains(t, []string{"", "0", `""`, "null", "false", "[]"}, value.Raw, at)
		}
	}
}

// withFreshLinks returns all parameters of an API. Where it looks up a link, that is one that there is; what lies in the
// future lies in ours.
func withFreshLinks(t *testing.T, ctx context.Context, a *catalog.API) []byte {
	params := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(methods.Params(a), &params))
	set := func(name string, value any) {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		params[name] = text
	}
	switch a.Name {
	case "urlscheme.query":
		scheme, err := openapi.Urlscheme.Generate(ctx, nil)
		require.NoError(t, err)
		set("scheme", scheme.Openlink)
		set("queryType", 0)
	case "urllink.query":
		link, err := openapi.Urllink.Generate(ctx, nil)
		require.NoError(t, err)
		set("urlLink", link.URLLink)
		set("queryType", 0)
	}
	text, err := json.Marshal(params)
	require.NoError(t, err)
	return text
}

// TestConformanceOfEveryAPI calls every API by both SDKs, from functions that may call what their config.json does not
// permit.
func TestConformanceOfEveryAPI(t *testing.T) {
	t.Parallel()
	needsConformancePackages(t)
	held := time.Now()
	c := conformance{emu: emulatortest.New(t, emulator.Config{Dir: conformanceDir, Record: true, MaxInstances: 4, Now: func() time.Time { return held }})}
	for _, a := range catalog.All() {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			params := string(methods.Params(a))
			if a.Name == "urlscheme.query" || a.Name == "urllink.query" {
				params = `{"queryType":1}`
			}
			var answers [2]string
			for i, function := range []string{"call", "gocall"} {
				params := strings.Replace(params, `"a code"`, fmt.Sprintf(`"code %d"`, i), 1) // one of a phone number is good once
				answer, _ := c.invoke(t, c.alice(), function, fmt.Sprintf(`{"api":%q,"params":%s}`, a.Name, params))
				assert.Equal(t, "openapi."+a.Name+":ok", answer.Get("ok.errMsg").String(), answer.Raw)
				answers[i] = randomID.ReplaceAllString(bytesOfPicture.ReplaceAllString(answer.Raw, `"data":[]`), `<id>"`)
			}
			assert.JSONEq(t, answers[0], answers[1], "what the two SDKs return")
		})
	}
}

// randomID ends links, and is the id of a check.
var randomID = regexp.MustCompile(`([A-Za-z0-9_-]{16}|[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})"`)
