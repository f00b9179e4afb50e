package openapi_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/wxcloud-go/wxfn/openapi"
)

// A program that is no function calls over HTTPS, with its app's credential.
// Beside an emulator, `wxfn exec -- go run .` sets WX_API_BASE_URL, WX_APPID and
// WX_APPSECRET: then openapi.Wxacode needs no client at all.
func ExampleWithAppCredential() {
	client := openapi.NewClient(
		openapi.WithAppCredential("wx0123456789abcdef", "the-app-secret"),
		openapi.WithBaseURL(standIn()), // leave it out for api.weixin.qq.com
	)
	image, err := client.Wxacode.GetUnlimited(context.Background(), &openapi.WxacodeGetUnlimitedRequest{Scene: "a=1"})
	if errors.Is(err, openapi.CodeInvalidSecret) {
		log.Fatal("the AppSecret was reset: ", err)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(image.ContentType, len(image.Buffer), image.ErrMsg)
	// Output: image/jpeg 18 openapi.wxacode.getUnlimited:ok
}

// standIn is a server in place of WeChat's, for the example.
func standIn() (url string) {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cgi-bin/stable_token" {
			_, _ = fmt.Fprint(w, `{"access_token":"a-token","expires_in":7200}`)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = fmt.Fprint(w, wholeJPEG)
	})).URL
}
