package emulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
)

func BenchmarkCreateQRCodeInThisProcess(b *testing.B) {
	emu := emulatortest.New(b, emulator.Config{})
	emu.Handle("qrcode", cloudfn.Func(func(ctx context.Context, _ any) (*openapi.Image, error) {
		return openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{Path: "page/index/index"})
	}), "wxacode.createQRCode")
	alice := emu.As("oAlice")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := alice.Invoke(b.Context(), "qrcode", nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFrontDoor calls a Go function that returns its event, over HTTP; the last line is what a bare reverse proxy to
// a plain HTTP server makes of as many connections.
func BenchmarkFrontDoor(b *testing.B) {
	emu := emulatortest.New(b, emulator.Config{Dir: "../testdata/conformance/cloudfunctions/goecho"})
	base, err := emu.Listen()
	if err != nil {
		b.Fatal(err)
	}
	for name, err := range emu.Build(b.Context()) {
		b.Fatal(name, err)
	}
	proxy := bareProxy(b)
	for _, connections := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("%d connections", connections), func(b *testing.B) { post(b, base+"/invoke/goecho", connections) })
	}
	b.Run("bare proxy, 10 connections", func(b *testing.B) { post(b, proxy, 10) })
}

// bareProxy returns the URL of a reverse proxy to a plain HTTP server that returns what it gets.
func bareProxy(b *testing.B) string {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	b.Cleanup(echo.Close)
	target, err := url.Parse(echo.URL)
	if err != nil {
		b.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 200},
	})
	b.Cleanup(proxy.Close)
	return proxy.URL
}

// post sends b.N events over so many connections, each of which sends one after another.
func post(b *testing.B, address string, connections int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	var left, failed atomic.Int64
	left.Store(int64(b.N))
	done := make(chan struct{})
	b.ResetTimer()
	for range connections {
		go func() {
			defer func() { done <- struct{}{} }()
			for left.Add(-1) >= 0 {
				resp, err := client.Post(address, "application/json", bytes.NewReader([]byte(`{"a":1}`)))
				if err != nil {
					failed.Add(1)
					continue
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					failed.Add(1)
				}
			}
		}()
	}
	for range connections {
		<-done
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	if n := failed.Load(); n > 0 {
		b.Errorf("%d of %d calls failed", n, b.N)
	}
}

// BenchmarkFn calls web servers that return their request's body, over 10 connections: an HTTP function, whose requests
// have an instance each, and a Cloud Run service, whose requests share one. The last line is what a bare reverse proxy
// to a plain HTTP server makes of as many connections.
func BenchmarkFn(b *testing.B) {
	dir := b.TempDir()
	write := func(name, text string) {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			b.Fatal(err)
		}
	}
	const program = "package main\n\nimport (\n\t\"io\"\n\t\"net/http\"\n\t\"os\"\n)\n\nfunc main() {\n\thttp.ListenAndServe(\"127.0.0.1:\"+os.Getenv(\"PORT\"), " +
		"http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))\n}\n"
	write("go.mod", "module bench\n\ngo 1.26\n")
	write("web/main.go", program)
	write("run/main.go", program)
	write("run/container.config.json", "{}")
	write("cloudbaserc.json", `{"functionRoot": ".", "functions": [{"name": "web", "type": "HTTP", "timeout": 60}]}`)
	emu := emulatortest.New(b, emulator.Config{Dir: dir})
	base, err := emu.Listen()
	if err != nil {
		b.Fatal(err)
	}
	for name, err := range emu.Build(b.Context()) {
		b.Fatal(name, err)
	}
	proxy := bareProxy(b)
	b.Run("HTTP function", func(b *testing.B) { post(b, base+"/fn/web/", 10) })
	b.Run("Cloud Run service", func(b *testing.B) { post(b, base+"/fn/run/", 10) })
	b.Run("bare proxy", func(b *testing.B) { post(b, proxy, 10) })
}
