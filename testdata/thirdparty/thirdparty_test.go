// Package thirdparty calls the emulator with SDKs that others have written in Go for https://api.weixin.qq.com, used as
// their documents have it: they find the emulator by the environment of wxfn exec. They run beside an emulator of the
// examples, from this folder:
//
//	wxfn exec ../../examples -- go test ./...
package thirdparty

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var appID, appSecret = os.Getenv("WX_APPID"), os.Getenv("WX_APPSECRET")

func TestMain(m *testing.M) {
	if appID == "" {
		fmt.Println("no emulator: WX_APPID is not set; run: wxfn exec ../../examples -- go test ./...")
		if os.Getenv("CI") != "" {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// assertOpens checks a picture, and what a phone opens that scans it.
func assertOpens(t *testing.T, picture []byte, format string, width int, launchOptions string) {
	t.Helper()
	config, kind, err := image.DecodeConfig(bytes.NewReader(picture))
	require.NoError(t, err)
	assert.Equal(t, format, kind)
	assert.Equal(t, width, config.Width)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, os.Getenv("WXFN_URL")+"/_wxfn/scan", bytes.NewReader(picture))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+os.Getenv("WXFN_TOKEN"))
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var opened json.RawMessage
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&opened))
	assert.JSONEq(t, launchOptions, string(opened))
}
