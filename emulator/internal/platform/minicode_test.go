package platform

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/picture"
)

// withPages returns a platform whose Mini Program has these pages, the first one its home.
func withPages(pages ...string) *Platform {
	p := newPlatform()
	p.Pages = func() *config.Pages { return &config.Pages{File: "app.json", Home: pages[0], All: pages} }
	return p
}

func TestTheParametersOfMiniProgramCodes(t *testing.T) {
	t.Parallel()
	for _, api := range []string{apiGet, apiGetUnlimited} {
		for name, c := range map[string]struct {
			params []string
			code   int
			advice string
		}{
			"nothing more":         {},
			"every version":        {params: []string{"env_version", `"trial"`}},
			"release":              {params: []string{"env_version", `"release"`}},
			"a colour of numbers":  {params: []string{"line_color", `{"r":255,"g":0,"b":7}`}},
			"a colour of texts":    {params: []string{"line_color", `{"r":"255","g":"0","b":"7"}`}},
			"a colour of nothing":  {params: []string{"line_color", `{"r":"","g":"","b":""}`}},
			"automatic colour":     {params: []string{"auto_color", "true", "line_color", `{"r":255,"g":0,"b":7}`}},
			"nulls":                {params: []string{"width", "null", "auto_color", "null", "line_color", "null", "is_hyaline", "null", "env_version", "null"}},
			"too wide":             {params: []string{"width", "1281"}, code: 40097, advice: "width is 1281; it may be 280 to 1280 px"},
			"another version":      {params: []string{"env_version", `"preview"`}, code: 40097, advice: `env_version is "preview"; it may be release, trial or develop`},
			"an empty version":     {params: []string{"env_version", `""`}, code: 40097, advice: `env_version is ""; it may be release, trial or develop`},
			"a version as number":  {params: []string{"env_version", "1"}, code: 40097, advice: "env_version must be a string"},
			"a colour over 255":    {params: []string{"line_color", `{"r":256,"g":0,"b":0}`}, code: 40097, advice: "line_color.r must be 0 to 255"},
			"a colour of two":      {params: []string{"line_color", `{"r":1,"g":0}`}, code: 40097, advice: "line_color.b is required (blue, 0 to 255)"},
			"a colour as text":     {params: []string{"line_color", `"#fff"`}, code: 40097, advice: "line_color must be an object"},
			"hyaline as text":      {params: []string{"is_hyaline", `"true"`}, code: 40097, advice: "is_hyaline must be true or false"},
			"auto_color as number": {params: []string{"auto_color", "1"}, code: 40097, advice: "auto_color must be true or false"},
		} {
			t.Run(api+", "+name, func(t *testing.T) {
				t.Parallel()
				p := newPlatform()
				s := p.begin(api)
				params := append([]string{"path", `"page"`}, c.params...)
				if api == apiGetUnlimited {
					params = append([]string{"scene", `"a=1"`}, c.params...)
				}
				resp := p.call(t, s, api, params...)
				call := s.Record.View().Calls[0]
				assert.Equal(t, []any{c.code, c.advice}, []any{call.ErrCode, call.Advice})
				if c.code == 0 {
					assert.Equal(t, "image/jpeg", resp.ContentType)
				}
			})
		}
	}
}

func TestThePathOfGetCountsCharacters(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s := p.begin(apiGet)
	assert.Equal(t, "image/jpeg", p.call(t, s, apiGet, "path", `"`+strings.Repeat("长", 1024)+`"`).ContentType)
	assert.Equal(t, 40159, failureOf(p.call(t, s, apiGet, "path", `"`+strings.Repeat("a", 1025)+`"`)).ErrCode)
	assert.Equal(t, 40159, failureOf(p.call(t, s, apiGet)).ErrCode)
	assert.Equal(t, 85096, failureOf(p.call(t, s, apiGet, "path", `"a?scancode_time=1"`)).ErrCode)
}

func TestSceneAndPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		params []string
		code   int
		opens  LaunchOptions
	}{
		"the home page":           {params: []string{"scene", `"id"`}, opens: LaunchOptions{Path: "pages/home"}},
		"an empty page":           {params: []string{"scene", `"id"`, "page", `""`}, opens: LaunchOptions{Path: "pages/home"}},
		"a page":                  {params: []string{"scene", `"id"`, "page", `"pages/b"`}, opens: LaunchOptions{Path: "pages/b"}},
		"a page of a subpackage":  {params: []string{"scene", `"id"`, "page", `"sub/c"`}, opens: LaunchOptions{Path: "sub/c"}},
		"an unknown page":         {params: []string{"scene", `"id"`, "page", `"pages/x"`}, code: 41030},
		"an unchecked page":       {params: []string{"scene", `"id"`, "page", `"pages/x"`, "check_path", "false"}, opens: LaunchOptions{Path: "pages/x"}},
		"a leading slash":         {params: []string{"scene", `"id"`, "page", `"/pages/b"`}, code: 41030},
		"a query":                 {params: []string{"scene", `"id"`, "page", `"pages/b?a=1"`}, code: 41030},
		"an unchecked slash":      {params: []string{"scene", `"id"`, "page", `"/pages/b"`, "check_path", "false"}, code: 41030},
		"the reserved field":      {params: []string{"scene", `"id"`, "page", `"pages/b?scancode_time=1"`}, code: 85096},
		"a page as number":        {params: []string{"scene", `"id"`, "page", "1"}, code: 41030},
		"check_path as text":      {params: []string{"scene", `"id"`, "check_path", `"no"`}, code: 40097},
		"no scene":                {code: 40169},
		"an empty scene":          {params: []string{"scene", `""`}, code: 40169},
		"a scene as number":       {params: []string{"scene", "1"}, code: 40169},
		"33 characters":           {params: []string{"scene", `"` + strings.Repeat("a", 33) + `"`}, code: 40169},
		"a percent sign":          {params: []string{"scene", `"%20"`}, code: 40129},
		"a space":                 {params: []string{"scene", `"a b"`}, code: 40129},
		"Chinese":                 {params: []string{"scene", `"你"`}, code: 40129},
		"length before the chars": {params: []string{"scene", `"` + strings.Repeat("你", 33) + `"`}, code: 40169},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withPages("pages/home", "pages/b", "sub/c")
			resp := p.call(t, p.begin(apiGetUnlimited), apiGetUnlimited, c.params...)
			if c.code != 0 {
				assert.Equal(t, c.code, failureOf(resp).ErrCode)
				return
			}
			got, err := p.ScanPicture(resp.RespData)
			require.NoError(t, err)
			assert.Equal(t, c.opens.Path, got.Path)
			assert.Equal(t, map[string]string{"scene": "id"}, got.Query)
			assert.Equal(t, 1047, got.Scene)
		})
	}
}

// TestSceneIsEncoded: pages get the scene of a code percent-encoded, and decode it with decodeURIComponent.
func TestSceneIsEncoded(t *testing.T) {
	t.Parallel()
	for scene, encoded := range map[string]string{
		"0123456789abcdefghijklmnopqrstuv": "0123456789abcdefghijklmnopqrstuv",
		"wxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":   "wxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
		launch.SceneCharacters:             "!%23%24%26'()*%2B%2C%2F%3A%3B%3D%3F%40-._~",
		"a=1&b=2":                          "a%3D1%26b%3D2",
	} {
		p := newPlatform()
		s := p.begin(apiGetUnlimited)
		resp := p.call(t, s, apiGetUnlimited, "scene", fmt.Sprintf("%q", scene), "page", `"any/page"`, "env_version", `"develop"`)
		got, err := p.ScanPicture(resp.RespData)
		require.NoError(t, err)
		assert.Equal(t, &LaunchOptions{Path: "any/page", Query: map[string]string{"scene": encoded}, Scene: 1047, AppID: "wx1", EnvVersion: "develop"}, got)
		assert.Contains(t, s.Record.View().Calls[0].Advice, "no app.json was found", "any page passes, with a word about it")
	}
}

func TestHyalineIsATransparentPNGThatIsCalledAJPEG(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	resp := p.call(t, p.begin(apiGet), apiGet, "path", `"page?a=1"`, "width", "300", "is_hyaline", "true", "line_color", `{"r":"200","g":"30","b":"0"}`)
	assert.Equal(t, "image/jpeg", resp.ContentType, "whatever it is")
	img, err := png.Decode(bytes.NewReader(resp.RespData))
	require.NoError(t, err)
	assert.Equal(t, image.Rect(0, 0, 300, 300), img.Bounds())
	_, _, _, alpha := img.At(0, 0).RGBA()
	assert.Zero(t, alpha)
	got, err := p.ScanPicture(resp.RespData)
	require.NoError(t, err)
	assert.Equal(t, &LaunchOptions{Path: "page", Query: map[string]string{"a": "1"}, Scene: 1047, AppID: "wx1"}, got)
	assert.Equal(t, "Num-Used", resp.Headers[0].Key)
	assert.Equal(t, "1", resp.Headers[0].Value)
}

func TestGetAndCreateQRCodeShareAQuota(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	p.useUp(t, quotaCodes, maxCodes-1)
	s := p.begin(apiGet, apiCreateQRCode, apiGetUnlimited)
	last := p.call(t, s, apiGet, "path", `"page"`)
	assert.Equal(t, "100000", last.Headers[0].Value)
	assert.Equal(t, 45029, failureOf(p.call(t, s, apiGet, "path", `"page"`)).ErrCode)
	assert.Equal(t, 45029, failureOf(p.call(t, s, apiCreateQRCode, "path", `"page"`)).ErrCode)
	assert.Equal(t, "image/jpeg", p.call(t, s, apiGetUnlimited, "scene", `"a"`).ContentType, "which has no such limit")
	_, err := p.Preview("page")
	assert.NoError(t, err, "nor has a preview")
}

func TestUncheckedPagesHaveALimit(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	p.useUp(t, quotaPages, maxUncheckedPages)
	s := p.begin(apiGetUnlimited)
	unchecked := func(page string) []string { return []string{"scene", `"a"`, "check_path", "false", "page", page} }
	assert.Equal(t, 45029, failureOf(p.call(t, s, apiGetUnlimited, unchecked(`"one/more"`)...)).ErrCode)
	assert.Equal(t, "image/jpeg", p.call(t, s, apiGetUnlimited, unchecked(`"page/7"`)...).ContentType, "which has counted already")
}

func TestGetUnlimitedHasALimitByTheMinute(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	now := start
	p.Now = func() time.Time { return now }
	s := p.begin(apiGetUnlimited)
	for range maxUnlimitedCalls {
		require.True(t, p.appCalls.take("wx1 "+apiGetUnlimited, maxUnlimitedCalls, now))
	}
	assert.Equal(t, 45009, failureOf(p.call(t, s, apiGetUnlimited, "scene", `"a"`)).ErrCode)
	now = now.Add(time.Minute)
	assert.Equal(t, "image/jpeg", p.call(t, s, apiGetUnlimited, "scene", `"a"`).ContentType)
}

func TestAPreviewOpensTheDeveloperVersion(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	jpeg, err := p.Preview("page?a=1")
	require.NoError(t, err)
	got, err := p.ScanPicture(jpeg)
	require.NoError(t, err)
	assert.Equal(t, &LaunchOptions{Path: "page", Query: map[string]string{"a": "1"}, Scene: 1011, AppID: "wx1", EnvVersion: "develop"}, got)
	for _, path := range []string{"", "a?scancode_time=1", strings.Repeat("a", 1025)} {
		_, err := p.Preview(path)
		assert.ErrorContains(t, err, "cannot be previewed")
	}
	_, err = p.ScanPicture([]byte("no picture"))
	assert.ErrorIs(t, err, picture.ErrNotPicture)
}
