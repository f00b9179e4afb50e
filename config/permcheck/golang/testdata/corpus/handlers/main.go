package main

import (
	"context"
	"net/http"

	"github.com/wxcloud-go/wxfn/openapi"
)

type server struct{}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	openapi.Wxacode.Get(r.Context(), nil) // want wxacode.get: main, (*server).ServeHTTP, openapi.Wxacode.Get
}

func (s *server) Close() { openapi.Wxacode.CreateQRCode(context.Background(), nil) }

// asserted is never made.
type asserted struct{}

var _ http.Handler = (*asserted)(nil)

func (*asserted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	openapi.Security.MsgSecCheck(r.Context(), nil)
}

func main() {
	http.Handle("/", &server{})
	http.HandleFunc("/link", link)
	http.Handle("/scheme", http.HandlerFunc(scheme))
}

func link(w http.ResponseWriter, r *http.Request)   { openapi.Urllink.Generate(r.Context(), nil) }   // want urllink.generate
func scheme(w http.ResponseWriter, r *http.Request) { openapi.Urlscheme.Generate(r.Context(), nil) } // want urlscheme.generate
