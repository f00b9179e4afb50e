// Command codes is an HTTP function (HTTP 云函数): a web server whose answers are Mini Program codes (小程序码).
package main

import (
	"errors"
	"net/http"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

// newHandler returns the routes of the web server. GET /codes/page/index/index?hyaline=1 is a code of that page.
func newHandler() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /codes/{page...}", serveCode)
	return routes
}

func serveCode(w http.ResponseWriter, r *http.Request) {
	code, err := openapi.Wxacode.Get(r.Context(), &openapi.WxacodeGetRequest{
		Path: r.PathValue("page"), IsHyaline: new(r.FormValue("hyaline") != ""),
	})
	switch {
	case errors.Is(err, openapi.CodeInvalidPathLength):
		http.Error(w, "a page is missing, or its path is too long", http.StatusBadRequest)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
	default:
		w.Header().Set("Content-Type", http.DetectContentType(code.Buffer))
		_, _ = w.Write(code.Buffer)
	}
}

func main() { cloudfn.StartHTTP(newHandler()) }
