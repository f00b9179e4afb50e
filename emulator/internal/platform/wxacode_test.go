package platform

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

func TestTheParametersOfCreateQRCode(t *testing.T) {
	t.Parallel()
	const path = `"page/index/index"`
	for name, c := range map[string]struct {
		params []string
		code   int
		advice string
		width  int
	}{
		"path alone":           {params: []string{"path", path}, width: 430},
		"the narrowest":        {params: []string{"path", path, "width", "280"}, width: 280},
		"the widest":           {params: []string{"path", path, "width", "1280"}, width: 1280},
		"null width":           {params: []string{"path", path, "width", "null"}, width: 430},
		"a query alone":        {params: []string{"path", `"?foo=bar"`}, width: 430},
		"128 bytes":            {params: []string{"path", `"` + strings.Repeat("a", 128) + `"`}, width: 430},
		"128 bytes of Chinese": {params: []string{"path", `"` + strings.Repeat("长", 42) + `ab"`}, width: 430},
		"more parameters":      {params: []string{"path", path, "other", "1"}, width: 430, advice: "wxacode.createQRCode has no parameter other"},
		"a long name that begins like the reserved one": {params: []string{"path", `"a?scancode_times=1"`}, width: 430},

		"no path":              {code: 40159, advice: "path is required (page to open, with its query (\"page/index/index?a=1\"), at most 128 bytes)"},
		"null path":            {params: []string{"path", "null"}, code: 40159, advice: "path is required (page to open, with its query (\"page/index/index?a=1\"), at most 128 bytes)"},
		"a number":             {params: []string{"path", "1"}, code: 40159, advice: "path must be a string"},
		"broken JSON":          {params: []string{"path", `"`}, code: 40159, advice: "path must be a string"},
		"empty path":           {params: []string{"path", `""`}, code: 40159, advice: "path is required, and may not be empty (page to open, with its query (\"page/index/index?a=1\"), at most 128 bytes)"},
		"129 bytes":            {params: []string{"path", `"` + strings.Repeat("a", 129) + `"`}, code: 40159, advice: "path is 129 bytes long; createQRCode takes at most 128"},
		"129 bytes of Chinese": {params: []string{"path", `"` + strings.Repeat("长", 43) + `"`}, code: 40159, advice: "path is 129 bytes long; createQRCode takes at most 128"},
		"too narrow":           {params: []string{"path", path, "width", "279"}, code: 40097, advice: "width is 279; it may be 280 to 1280 px"},
		"too wide":             {params: []string{"path", path, "width", "1281"}, code: 40097, advice: "width is 1281; it may be 280 to 1280 px"},
		"zero":                 {params: []string{"path", path, "width", "0"}, code: 40097, advice: "width is 0; it may be 280 to 1280 px"},
		"negative":             {params: []string{"path", path, "width", "-430"}, code: 40097, advice: "width is -430; it may be 280 to 1280 px"},
		"a broken number":      {params: []string{"path", path, "width", "430.5"}, code: 40097, advice: "width must be a whole number"},
		"a huge number":        {params: []string{"path", path, "width", "1e400"}, code: 40097, advice: "width must be a whole number"},
		"a text":               {params: []string{"path", path, "width", `"430"`}, code: 40097, advice: "width must be a whole number"},
		"reserved in the path": {params: []string{"path", `"a?b=1&scancode_time=2"`}, code: 85096, advice: "scancode_time is reserved; rename the parameter in path"},
		"reserved, no value":   {params: []string{"path", `"a?scancode_time"`}, code: 85096, advice: "scancode_time is reserved; rename the parameter in path"},
		"reserved of its own":  {params: []string{"path", path, "scancode_time", "1"}, code: 85096, advice: "scancode_time is reserved; rename the parameter in path; wxacode.createQRCode has no parameter scancode_time"},
		"path before width":    {params: []string{"path", `""`, "width", "1"}, code: 40159, advice: "path is required, and may not be empty (page to open, with its query (\"page/index/index?a=1\"), at most 128 bytes)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			s := p.begin("wxacode.createQRCode")
			resp := p.call(t, s, "wxacode.createQRCode", c.params...)
			assert.Zero(t, resp.ErrorCode)
			calls := s.Record.View().Calls
			require.Len(t, calls, 1)
			assert.Equal(t, []any{c.code, c.advice}, []any{calls[0].ErrCode, calls[0].Advice})
			if c.code != 0 {
				assert.Equal(t, []any{c.code, c.advice}, []any{failureOf(resp).ErrCode, failureOf(resp).Advice})
				assert.Regexp(t, regexp.MustCompile(`^[a-z].* rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`), failureOf(resp).ErrMsg)
				used, err := p.codes().Add(launch.Code{ID: "first", AppID: "wx1"}, launch.Quota{Name: quotaCodes, Limit: 1})
				require.NoError(t, err)
				assert.Equal(t, 1, used, "what is refused uses up no code")
				return
			}
			assert.Equal(t, "image/jpeg", resp.ContentType)
			picture, err := jpeg.Decode(bytes.NewReader(resp.RespData))
			require.NoError(t, err)
			assert.Equal(t, c.width, picture.Bounds().Dx())
			assert.Equal(t, c.width, picture.Bounds().Dy())
		})
	}
}

func TestAParameterThatIsAFileIsNoText(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	var data tcb.CommAPIData
	data.OpenAPIData.Pairs = []tcb.KeyValuePair{{Key: "path", Value: []byte(`"a"`), Filename: "path.txt"}}
	w := p.post(t, openAPIRequest(p.begin("wxacode.createQRCode"), "wxacode.createQRCode", data))
	assert.Equal(t, "invalid length for path, or the data is not json string", outcomeOf(t, w))
}

func TestAScannedCodeOpensItsPath(t *testing.T) {
	t.Parallel()
	type query = map[string]string
	for path, want := range map[string]LaunchOptions{
		"page/index":                    {Path: "page/index", Query: query{}},
		"/page/index":                   {Path: "page/index", Query: query{}},
		"page?a=1&b=2":                  {Path: "page", Query: query{"a": "1", "b": "2"}},
		"?foo=bar":                      {Query: query{"foo": "bar"}},
		"page?":                         {Path: "page", Query: query{}},
		"page?a=1&a=2":                  {Path: "page", Query: query{"a": "2"}},
		"page?a&b=&=c&&d=e=f":           {Path: "page", Query: query{"a": "", "b": "", "d": "e=f"}},
		"page?a=1?b=2":                  {Path: "page", Query: query{"a": "1?b=2"}},
		"页面/首页?名=值 值":                   {Path: "页面/首页", Query: query{"名": "值 值"}},
		"page?a=%E4%BD%A0+b&c=https%3A": {Path: "page", Query: query{"a": "%E4%BD%A0+b", "c": "https%3A"}},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			resp := p.call(t, p.begin("wxacode.createQRCode"), "wxacode.createQRCode", "path", fmt.Sprintf("%q", path))
			picture, err := jpeg.Decode(bytes.NewReader(resp.RespData))
			require.NoError(t, err)
			bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
			require.NoError(t, err)
			content, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
			require.NoError(t, err)
			got, err := p.Scan(content.GetText())
			require.NoError(t, err)
			want.Scene, want.AppID = 1011, "wx1"
			assert.Equal(t, &want, got)
		})
	}
}

func TestACodeOfAnotherMakerIsUnknown(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	for _, content := range []string{"", "https://example.com", "wxfn://code/", "wxfn://code/AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAA"} {
		_, err := p.Scan(content)
		assert.ErrorIs(t, err, ErrUnknownCode, content)
	}
	p = p.with(brokenStore())
	_, err := p.Scan("wxfn://code/AAAAAAAAAAAAAAAA")
	assert.ErrorIs(t, err, errDisk)
}

var errDisk = errors.New("the disk is broken")

// brokenStore returns a store whose file cannot be had.
func brokenStore() *store.Store {
	return store.File(func() (string, error) { return "", errDisk })
}

func TestAFaultOfTheStoreIsASystemError(t *testing.T) {
	t.Parallel()
	p := newPlatform().with(brokenStore())
	resp := p.call(t, p.begin("wxacode.createQRCode"), "wxacode.createQRCode", "path", `"a"`)
	assert.Equal(t, -1, failureOf(resp).ErrCode)
	assert.Contains(t, failureOf(resp).ErrMsg, "system error rid: ")
	assert.Equal(t, "keeping the code: the disk is broken", failureOf(resp).Advice)
}

func TestTheLastCodesGoToWhoComesFirst(t *testing.T) {
	t.Parallel()
	const left = 24
	p := newPlatform()
	p.useUp(t, quotaCodes, maxCodes-left)
	s := p.begin("wxacode.createQRCode")
	var all sync.WaitGroup
	var made, refused atomic.Int32
	for range 64 {
		all.Go(func() {
			resp := p.call(t, s, "wxacode.createQRCode", "path", `"a"`, "width", "280")
			switch {
			case resp.ContentType == "image/jpeg":
				made.Add(1)
			case failureOf(resp).ErrCode == 45029:
				assert.Equal(t, "the app has made its 100000 codes", failureOf(resp).Advice)
				refused.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, left, made.Load())
	assert.EqualValues(t, 64-left, refused.Load())

	data := pairs("path", `"a"`)
	data.AppID = "wx2"
	assert.Equal(t, "good", outcomeOf(t, p.post(t, openAPIRequest(s, "wxacode.createQRCode", data))), "another app has its own")
}
