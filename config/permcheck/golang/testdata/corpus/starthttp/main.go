package main

import (
	"net/http"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

type codes struct{ path string }

func (c *codes) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	openapi.Wxacode.Get(r.Context(), nil) // want wxacode.get: main, (*codes).ServeHTTP, openapi.Wxacode.Get
}

// notServed is a handler that nothing makes a value of.
type notServed struct{}

func (notServed) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	openapi.Soter.VerifySignature(r.Context(), nil)
}

type shop struct{ mux *http.ServeMux }

func (s *shop) check(http.ResponseWriter, *http.Request) {
	openapi.Call(nil, "security.msgSecCheck", nil, nil) // want security.msgSecCheck
}

func logged(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		openapi.OCR.Idcard(r.Context(), nil) // want ocr.idcard
	})
}

func main() {
	s := &shop{http.NewServeMux()}
	s.mux.Handle("GET /code", &codes{})
	s.mux.HandleFunc("/check", s.check)
	cloudfn.StartHTTP(logged(s.mux), cloudfn.TrustHeaders())
}
