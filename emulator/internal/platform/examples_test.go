package platform

import (
	_ "embed"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

//go:embed testdata/examples.txt
var examples string

// TestExamplesOfPages: the calls that the official pages show are answered, and nothing in them is unknown; as written, and
// as an SDK sends them that converts names.
func TestExamplesOfPages(t *testing.T) {
	t.Parallel()
	apis := map[string]bool{}
	for line := range strings.Lines(examples) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		api, text, _ := strings.Cut(line, " ")
		apis[api] = true
		var params object
		require.NoError(t, json.Unmarshal([]byte(text), &params), line)
		for _, sent := range []object{params, converted(params).(object)} {
			p := withPages("pages/index/index")
			call := p.try(t, p.begin(api), api, sent)
			assert.Equal(t, []any{0, ""}, []any{call.ErrCode, call.Advice}, "%s %v", api, sent)
		}
	}
	assert.GreaterOrEqual(t, len(apis), 90)
}

// converted returns a value with the names that the official SDK makes of them.
func converted(v any) any {
	switch v := v.(type) {
	case object:
		names := object{}
		for name, value := range v {
			names[tcb.SnakeCase(name)] = converted(value)
		}
		return names
	case []any:
		list := make([]any, len(v))
		for i, value := range v {
			list[i] = converted(value)
		}
		return list
	}
	return v
}

// TestEnvelope: parameters may come in PostData, as the pages' examples have them, or by themselves, as their tables do.
// The answer has its fields in Response for the former, too.
func TestEnvelope(t *testing.T) {
	t.Parallel()
	for api, params := range map[string]object{
		"cloudbase.describeExtensionUploadInfo": {"ExtensionFiles": []any{object{"FileType": "SMS", "FileName": "a.csv"}}},
		"cloudbase.describeSmsRecords":          {"EnvId": "e", "StartDate": "2021-03-01", "EndDate": "2021-03-23", "QueryId": "", "PageNumber": 1, "PageSize": 20},
	} {
		p := newPlatform()
		s := p.begin(api)
		plain := gjson.ParseBytes(p.ask(t, s, api, params).RespData)
		assert.Equal(t, "0", plain.Get("errcode").Raw, plain)
		assert.False(t, plain.Get("Response").Exists(), plain)
		inside := gjson.ParseBytes(p.ask(t, s, api, object{"PostData": params}).RespData)
		assert.Equal(t, "0", inside.Get("errcode").Raw, inside)
		assert.Equal(t, "RequestId", inside.Get("RequestId").String())
		assert.Equal(t, "RequestId", inside.Get("Response.RequestId").String())

		for _, wrong := range []any{object{}, nil, "text", []any{params}} {
			call := p.try(t, s, api, object{"PostData": wrong})
			assert.Equal(t, 40097, call.ErrCode, "%v", wrong)
			assert.Contains(t, call.Advice, " is required (")
		}
	}
}
