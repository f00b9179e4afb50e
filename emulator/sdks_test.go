package emulator_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
)

// TestSDKsOfOthers drives the server API with SDKs from npm that others have written for api.weixin.qq.com. What they make
// of the answers, testdata/conformance/sdks.js prints.
func TestSDKsOfOthers(t *testing.T) {
	t.Parallel()
	needsConformancePackages(t)
	for _, sdk := range []string{"co-wechat-api", "node-easywechat"} {
		t.Run(sdk, func(t *testing.T) {
			t.Parallel()
			emu := emulatortest.New(t, emulator.Config{})
			steps := runSDK(t, emu, sdk)
			assert.GreaterOrEqual(t, len(steps["token"].Get("ok").String()), 100)
			assert.Equal(t, "oAlice", steps["login"].Get("ok.openid").String())
			assert.Contains(t, steps["login again"].Get("message").String(), "code been used rid: ")

			index := &emulator.LaunchOptions{Path: "page/index/index", Query: map[string]string{"a": "1"}, AppID: emu.AppID()}
			assertOpens(t, emu, steps["createQRCode"], "jpeg", 300, 1011, index)
			assertOpens(t, emu, steps["get"], "png", 300, 1047, index)
			index.Query = map[string]string{"scene": "a%3D1"}
			assertOpens(t, emu, steps["getUnlimited"], "jpeg", 430, 1047, index)
			for step, want := range map[string]struct {
				code    int64
				message string
			}{
				"a scene that may not be": {40129, "invalid scene"},
				"a path that is too long": {40159, "invalid length for path, or the data is not json string"},
			} {
				assert.Equal(t, want.code, steps[step].Get("code").Int(), steps[step].Raw)
				assert.Regexp(t, "^"+want.message+" rid: [0-9a-f-]{26}$", steps[step].Get("message").String())
			}

			assert.Equal(t, "0", steps["send"].Get("ok.errcode").Raw)
			require.NotEmpty(t, emu.Outbox("oAlice"))
			assert.JSONEq(t, `{"thing1":{"value":"hello"}}`, string(emu.Outbox("oAlice")[0].Content))
			if check, ok := steps["check"]; ok {
				assert.Equal(t, "pass", check.Get("ok.result.suggest").String())
			}
			if again, ok := steps["a token that is no good"]; ok { // this SDK gets another one, and tries again
				assert.Equal(t, "0", again.Get("ok.errcode").Raw)
				assert.EqualValues(t, 40001, emu.Calls("subscribeMessage.send").Failed()[0].ErrCode)
				assert.Len(t, emu.Outbox("oAlice"), 2)
			}
		})
	}
}

// runSDK returns the lines of sdks.js, by their step.
func runSDK(t *testing.T, emu *emulator.Emulator, sdk string) map[string]gjson.Result {
	t.Helper()
	url, err := emu.Listen()
	require.NoError(t, err)
	node := exec.CommandContext(t.Context(), "node", "sdks.js", sdk)
	node.Dir = conformanceDir
	node.Env = append(node.Environ(), "NO_PROXY=127.0.0.1", "WX_API_BASE_URL="+url, "WX_APPID="+emu.AppID(), "WX_APPSECRET="+emu.AppSecret())
	var stderr strings.Builder
	node.Stderr = &stderr
	out, err := node.Output()
	require.NoError(t, err, stderr.String())
	steps := map[string]gjson.Result{}
	for line := range strings.Lines(string(out)) {
		step := gjson.Parse(line)
		steps[step.Get("step").String()] = step
	}
	return steps
}

// assertOpens checks that a step made a picture, and what a phone opens that scans it.
func assertOpens(t *testing.T, emu *emulator.Emulator, step gjson.Result, format string, width, scene int, want *emulator.LaunchOptions) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(step.Get("ok").String())
	require.NoError(t, err, "%.300s", step.Raw)
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	require.NoError(t, err, "%.300s", step.Raw)
	assert.Equal(t, format, kind)
	assert.Equal(t, width, config.Width)
	opened, err := emu.ScanPicture(data)
	require.NoError(t, err)
	expected := *want
	expected.Scene = scene
	assert.Equal(t, &expected, opened)
}
