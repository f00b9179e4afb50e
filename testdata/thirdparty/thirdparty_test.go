// Package thirdparty calls the emulator with SDKs that others have written in Go for api.weixin.qq.com. They run beside an
// emulator of the examples, from this folder:
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
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var appID, appSecret = os.Getenv("WX_APPID"), os.Getenv("WX_APPSECRET")

func TestMain(m *testing.M) {
	base, err := url.Parse(os.Getenv("WX_API_BASE_URL"))
	if err != nil || base.Host == "" {
		fmt.Println("no emulator: WX_API_BASE_URL is not set; run: wxfn exec ../../examples -- go test ./...")
		if os.Getenv("CI") != "" {
			os.Exit(1)
		}
		return
	}
	http.DefaultClient.Transport = toEmulator{base} // which is what these SDKs use
	os.Exit(m.Run())
}

// toEmulator sends requests for api.weixin.qq.com to an emulator.
type toEmulator struct{ base *url.URL }

func (t toEmulator) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "api.weixin.qq.com" {
		return nil, fmt.Errorf("%s is not emulated", r.URL.Host)
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = t.base.Scheme, t.base.Host, t.base.Host
	return http.DefaultTransport.RoundTrip(r)
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
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var opened json.RawMessage
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&opened))
	assert.JSONEq(t, launchOptions, string(opened))
}
