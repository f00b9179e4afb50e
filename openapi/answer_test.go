package openapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/openapi"
)

func response(status int, contentType, body string) *http.Response {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

const (
	wholeJPEG = "\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02scan\xff\xd9"
	wholePNG  = "\x89PNG\r\n\x1a\n\x00\x00\x00\x00IEND\xaeB`\x82"
	// thumbnailJPEG has a whole JPEG in its header, and no end of its own.
	thumbnailJPEG = "\xff\xd8\xff\xe1\x00\x06\xff\xd8\xff\xd9\xff\xda\x00\x02scan"
	someHTML      = "<html><head><title>502 Bad Gateway</title></head></html>"
)

func TestAnswersOverHTTPSAreToldByTheirBytes(t *testing.T) {
	t.Parallel()
	noPicture := "openapi.wxacode.get:fail -501001 resource system error. the answer "
	tests := []struct {
		fact             string
		status           int
		contentType      string
		body             string
		want             string // the content type of the picture that it is
		code             openapi.Code
		errMsg, mustHave string
	}{
		{fact: "a picture", contentType: "image/jpeg", body: wholeJPEG, want: "image/jpeg"},
		{fact: "a picture with parameters of its type", contentType: "image/jpeg; charset=utf-8", body: wholeJPEG, want: "image/jpeg; charset=utf-8"},
		{fact: "a picture with more behind it", contentType: "image/jpeg", body: wholeJPEG + "\r\n", want: "image/jpeg"},
		{fact: "a picture with filling in its header", contentType: "image/jpeg", body: "\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xda\x00\x02scan\xff\xd9", want: "image/jpeg"},
		{fact: "a picture of nothing", contentType: "image/jpeg", body: "\xff\xd8\xff\xd9\x00\x00", want: "image/jpeg"},
		{fact: "a picture that says it is JSON", contentType: "application/json", body: wholePNG, want: "image/png"},
		{fact: "a picture that says it is text", contentType: "text/plain", body: wholePNG, want: "image/png"},
		{fact: "a picture without a type", body: wholeJPEG, want: "image/jpeg"},
		{fact: "another file", contentType: "audio/amr", body: "#!AMR\n", want: "audio/amr"},
		{fact: "an error", contentType: "application/json; encoding=utf-8", body: `{"errcode":45029,"errmsg":"qrcode count out of limit rid: 1-2"}`,
			code: openapi.CodeQRCodeLimit, errMsg: "openapi.wxacode.get:fail qrcode count out of limit rid: 1-2"},
		{fact: "an error that says it is a picture", contentType: "image/jpeg", body: ` {"errcode":45029,"errmsg":"x"}`, code: openapi.CodeQRCodeLimit, errMsg: "openapi.wxacode.get:fail x"},
		{fact: "an error that says it is text", contentType: "text/plain", body: `{"errcode":45029,"errmsg":"x"}`, code: openapi.CodeQRCodeLimit, errMsg: "openapi.wxacode.get:fail x"},
		{fact: "an error with another status", status: 412, contentType: "application/json", body: `{"errcode":45029,"errmsg":"x"}`, code: openapi.CodeQRCodeLimit, errMsg: "openapi.wxacode.get:fail x"},
		{fact: "JSON where a picture is due", contentType: "application/json", body: `{"errcode":0}`, code: openapi.CodeSystem, mustHave: "the answer is JSON, not a picture"},
		{fact: "a page of a proxy", status: 502, contentType: "text/html", body: someHTML, code: openapi.CodeResourceSystem,
			errMsg: noPicture + `is not an API's (status 502 Bad Gateway, text/html): "<html><head><title>502 Bad Gateway</title></head></html>"`},
		{fact: "a page of a proxy that says all is well", contentType: "text/html", body: someHTML, code: openapi.CodeResourceSystem, mustHave: noPicture + "is neither a JSON object nor bytes (status 200 OK, text/html): \"<html>"},
		{fact: "a page that says it is a picture", contentType: "image/jpeg", body: someHTML, code: openapi.CodeResourceSystem, mustHave: noPicture + "is neither"},
		{fact: "status 502 without a body", status: 502, code: openapi.CodeResourceSystem, errMsg: noPicture + "is empty (status 502 Bad Gateway)"},
		{fact: "JSON without an errcode under another status", status: 500, contentType: "application/json", body: `{"message":"no"}`, code: openapi.CodeResourceSystem,
			errMsg: noPicture + `is not an API's (status 500 Internal Server Error, application/json): "{\"message\":\"no\"}"`},
		{fact: "a redirection", status: 302, code: openapi.CodeResourceSystem, errMsg: noPicture + "is empty (status 302 Found)"},
		{fact: "nothing", contentType: "image/jpeg", code: openapi.CodeResourceSystem, errMsg: noPicture + "is empty (status 200 OK, image/jpeg)"},
		{fact: "a JPEG without its end", contentType: "image/jpeg", body: wholeJPEG[:len(wholeJPEG)-2], code: openapi.CodeResourceSystem, mustHave: noPicture + "is a picture without its end"},
		{fact: "a JPEG of which only a small one is whole", contentType: "image/jpeg", body: thumbnailJPEG, code: openapi.CodeResourceSystem, mustHave: noPicture + "is a picture without its end"},
		{fact: "a JPEG that ends in its header", contentType: "image/jpeg", body: wholeJPEG[:7], code: openapi.CodeResourceSystem, mustHave: noPicture + "is a picture without its end"},
		{fact: "a PNG without its end", contentType: "image/png", body: wholePNG[:len(wholePNG)-1], code: openapi.CodeResourceSystem, mustHave: noPicture + "is a picture without its end"},
		{fact: "JSON that breaks off", contentType: "application/json", body: `{"errcode":0,"a":"b`, code: openapi.CodeResourceSystem, mustHave: noPicture + `is JSON that is broken or breaks off (status 200 OK, application/json): "{\"errcode\"`},
		{fact: "two JSON objects", contentType: "application/json", body: `{"errcode":0}{}`, code: openapi.CodeResourceSystem, mustHave: noPicture + "is JSON that is broken"},
		{fact: "JSON that is no object", contentType: "application/json", body: `[1]`, code: openapi.CodeResourceSystem, mustHave: noPicture + "is neither a JSON object nor bytes"},
		{fact: "a text", contentType: "text/plain", body: `hello`, code: openapi.CodeResourceSystem, mustHave: noPicture + "is neither a JSON object nor bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.fact, func(t *testing.T) {
			t.Parallel()
			w := &web{answer: func(*http.Request) *http.Response {
				r := response(max(tt.status, 200), tt.contentType, tt.body)
				if r.StatusCode == http.StatusFound {
					r.Header.Set("Location", "https://elsewhere.example/")
				}
				return r
			}}
			image, err := w.client(openapi.WithAccessToken("t")).Wxacode.Get(t.Context(), &openapi.WxacodeGetRequest{Path: "p"})
			assert.Len(t, w.got, 1, "nothing is tried again")
			if tt.want != "" {
				require.NoError(t, err)
				assert.Equal(t, &openapi.Image{ContentType: tt.want, Buffer: []byte(tt.body), ErrMsg: "openapi.wxacode.get:ok"}, image)
				return
			}
			assert.Nil(t, image)
			var failed *openapi.Error
			require.ErrorAs(t, err, &failed)
			assert.ErrorIs(t, err, tt.code)
			if tt.errMsg != "" {
				assert.Equal(t, tt.errMsg, failed.ErrMsg)
			}
			assert.Contains(t, failed.ErrMsg, tt.mustHave)
			assert.NotContains(t, failed.ErrMsg, "\n")
		})
	}
}

func TestAnswersAreTheSameByBothDoors(t *testing.T) {
	t.Parallel()
	const data = `{"errcode":0,"errmsg":"ok","list":[{"a_b":9007199254740993}],"price":"7"}`
	var cloud, https json.RawMessage
	require.NoError(t, openapi.Call(invocation(answer(jsonType, data)), "search.submitPages", nil, &cloud))
	w := &web{answer: func(*http.Request) *http.Response { return jsonResponse(data) }}
	require.NoError(t, w.client(openapi.WithAccessToken("t")).Call(t.Context(), "search.submitPages", nil, &https))
	assert.Equal(t, string(cloud), string(https))

	result, err := w.client(openapi.WithAccessToken("t")).NearbyPoi.Delete(t.Context(), &openapi.NearbyPoiDeleteRequest{PoiID: "p"})
	require.NoError(t, err)
	assert.Equal(t, "openapi.nearbyPoi.delete:ok", result.ErrMsg)
	assert.Equal(t, data, string(result.Raw))
}

func TestFailuresOnTheWay(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + closed.Addr().String()
	require.NoError(t, closed.Close())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case strings.HasPrefix(r.URL.Path, "/cut"):
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = io.WriteString(w, wholeJPEG)
		case strings.HasPrefix(r.URL.Path, "/silent"):
			<-r.Context().Done()
		case strings.HasPrefix(r.URL.Path, "/gone"):
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx  context.Context
		base string
		text string
		is   error
	}{
		"nobody listens":                     {t.Context(), nobody, "refused", nil},
		"the answer breaks off":              {t.Context(), server.URL + "/cut", "reading the answer: unexpected EOF", io.ErrUnexpectedEOF},
		"the connection ends":                {t.Context(), server.URL + "/gone", "EOF", io.EOF},
		"no answer in time":                  {t.Context(), server.URL + "/silent", "context deadline exceeded", context.DeadlineExceeded},
		"a caller who does not wait for one": {ended, server.URL, "context canceled", context.Canceled},
	}
	for fact, tt := range tests {
		t.Run(fact, func(t *testing.T) {
			t.Parallel()
			c := openapi.NewClient(openapi.WithAccessToken("s3cret"), openapi.WithBaseURL(tt.base), openapi.WithTimeout(200*time.Millisecond), openapi.WithEnv("e"))
			_, err := c.Wxacode.Get(tt.ctx, &openapi.WxacodeGetRequest{Path: "p"})
			assert.ErrorIs(t, err, openapi.CodeResourceSystem)
			assert.ErrorContains(t, err, "openapi.wxacode.get:fail -501001 resource system error. ")
			assert.ErrorContains(t, err, tt.text)
			assert.NotContains(t, err.Error(), "s3cret")
			functionErr := c.CallFunction(tt.ctx, "f", nil, nil)
			assert.ErrorIs(t, functionErr, openapi.CodeUnknown)
			assert.ErrorContains(t, functionErr, "callFunction:fail ")
			if tt.is != nil {
				assert.ErrorIs(t, err, tt.is)
				assert.ErrorIs(t, functionErr, tt.is)
			}
		})
	}
}
