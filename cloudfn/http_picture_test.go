package cloudfn

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAPictureIsTheAnswerWhereItIsPreferred(t *testing.T) {
	t.Parallel()
	const (
		jpeg     = `{"contentType":"image/jpeg","buffer":{"type":"Buffer","data":[255,216,0]},"errMsg":"openapi.wxacode.get:ok","errCode":0}`
		text     = `{"contentType":"text/html","buffer":{"type":"Buffer","data":[60]}}`
		noBuffer = `{"contentType":"image/jpeg","buffer":{"data":[60]}}`
		empty    = `{"contentType":"image/jpeg","buffer":{"type":"Buffer","data":[]}}`
		noByte   = `{"contentType":"image/jpeg","buffer":{"type":"Buffer","data":[256]}}`
		chrome   = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
		firefox  = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
	)
	for name, c := range map[string]struct {
		accept  []string
		result  string
		picture bool
	}{
		"an img of Chrome":               {[]string{chrome}, jpeg, true},
		"an img of Firefox":              {[]string{firefox}, jpeg, true},
		"its type":                       {[]string{"image/jpeg"}, jpeg, true},
		"its type, in capitals":          {[]string{"IMAGE/JPEG"}, jpeg, true},
		"its type, on a line of its own": {[]string{"application/json;q=0.5", "image/jpeg;q=0.6"}, jpeg, true},
		"a page of Chrome":               {[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}, jpeg, true},
		"an img of an older Firefox":     {[]string{"image/avif,image/webp,*/*"}, jpeg, true},
		"no number":                      {[]string{"image/jpeg;q=NaN, */*;q=0.1"}, jpeg, true},
		"nothing of it":                  {[]string{"image/png, */*;q=0"}, jpeg, false},
		"JSON rather":                    {[]string{"image/*;q=0.5, application/json"}, jpeg, false},
		"as much as JSON":                {[]string{"image/*, application/json"}, jpeg, false},
		"any but this":                   {[]string{"image/*, image/jpeg;q=0"}, jpeg, false},
		"another type":                   {[]string{"image/png"}, jpeg, false},
		"anything":                       {[]string{"*/*"}, jpeg, false},
		"nothing said":                   {nil, jpeg, false},
		"nothing that can be read":       {[]string{"image/jpeg;q=high, image/"}, jpeg, false},
		"a result that is text":          {[]string{"image/*"}, text, false},
		"a result without a Buffer":      {[]string{"image/*"}, noBuffer, false},
		"a picture of nothing":           {[]string{"image/*"}, empty, false},
		"a result of no bytes":           {[]string{"image/*"}, noByte, false},
		"a result that is a list":        {[]string{"image/*"}, "[1]", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request("GET", "/", "")
			r.Header = http.Header{"Accept": c.accept}
			resp, body := serve(t, nil, handlerFunc(func(context.Context, []byte) ([]byte, error) { return []byte(c.result), nil }), r)
			contentType, want := "application/json; charset=utf-8", c.result
			if c.picture {
				contentType, want = "image/jpeg", "\xff\xd8\x00"
			}
			assert.Equal(t, 200, resp.StatusCode)
			assert.Equal(t, contentType, resp.Header.Get("Content-Type"))
			assert.Equal(t, want, body)
			assert.Equal(t, "Accept", resp.Header.Get("Vary"))
			assert.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
		})
	}
}
