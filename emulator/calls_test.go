package emulator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
)

func TestCallsTellWhatFunctionsCalled(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	emu.Handle("qrcode", cloudfn.Func(func(ctx context.Context, req openapi.WxacodeCreateQRCodeRequest) (*openapi.Image, error) {
		return openapi.Wxacode.CreateQRCode(ctx, &req)
	}), "wxacode.createQRCode")
	emu.Handle("caller", cloudfn.Func(func(ctx context.Context, path string) (any, error) {
		return nil, openapi.CallFunction(ctx, "qrcode", map[string]string{"path": path}, nil)
	}))
	_, err := emu.As("oAlice").Invoke(t.Context(), "caller", "page?a=1")
	require.NoError(t, err)
	_, err = emu.As("oBob").Invoke(t.Context(), "qrcode", map[string]any{"path": "page", "width": 1})
	require.Error(t, err)

	codes := emu.Calls("wxacode.createQRCode")
	require.Len(t, codes, 2)
	assert.Equal(t, "oAlice", codes[0].OpenID)
	assert.Equal(t, "qrcode", codes[0].Function)
	assert.JSONEq(t, `{"path":"page?a=1"}`, string(codes[0].Params))
	assert.Regexp(t, `^image/jpeg, \d+ bytes$`, codes[0].Result)
	assert.Zero(t, codes[0].ErrCode)
	assert.Equal(t, openapi.CodeInvalidArgs, codes[1].ErrCode)
	assert.Equal(t, "width is 1; it may be 280 to 1280 px", codes[1].Advice)
	assert.Empty(t, codes[1].Result)
	assert.Len(t, emu.Calls(""), 3)
	assert.Len(t, emu.Calls("callFunction qrcode"), 1)
	assert.Empty(t, emu.Calls("wxacode.get"))
}

func TestSecretsComeIntoNoRecord(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	var token, key string
	emu.Handle("leaks", cloudfn.Func(func(ctx context.Context, _ any) (string, error) {
		inv, _ := cloudfn.FromContext(ctx)
		token, key = inv.Getenv("WX_API_TOKEN"), inv.Getenv("TENCENTCLOUD_SECRETKEY")
		_ = openapi.Call(ctx, "security.msgSecCheck", map[string]string{"content": token + key}, nil)
		return token + " " + key, nil
	}), "security.msgSecCheck")
	_, err := emu.As("oAlice").Invoke(t.Context(), "leaks", nil)
	require.NoError(t, err)
	require.NotEmpty(t, token)
	calls := emu.Calls("security.msgSecCheck")
	require.Len(t, calls, 1)
	assert.JSONEq(t, `{"content":"[secret][secret]"}`, string(calls[0].Params))
}

func TestTheJournalIsALiveStream(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	emu.Handle("hello", cloudfn.Func(func(ctx context.Context, _ any) (string, error) {
		_ = openapi.Call(ctx, "security.msgSecCheck", nil, nil)
		return "hello", nil
	}))
	base, err := emu.Listen()
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/_wxfn/journal", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+emu.Token())
	r.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))

	result, err := emu.As("oAlice").Invoke(t.Context(), "hello", nil)
	require.NoError(t, err)
	var types []string
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var event struct{ Type, RequestID, Function string }
		require.NoError(t, json.Unmarshal([]byte(data), &event))
		assert.Equal(t, result.RequestID, event.RequestID)
		assert.Equal(t, "hello", event.Function)
		if types = append(types, event.Type); event.Type == "end" {
			break
		}
	}
	assert.Equal(t, []string{"begin", "call", "end"}, types)

	require.NoError(t, emu.Close())
	assert.False(t, lines.Scan() && strings.HasPrefix(lines.Text(), "event"), "the stream ends with the emulator")
}
