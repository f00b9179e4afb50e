package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// benchmarkServer answers every request with resp.
func benchmarkServer(b *testing.B, resp tcb.CommOpenAPIResp) context.Context {
	body := resp.Marshal()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", tcb.ProtobufType)
		_, _ = w.Write(body)
	}))
	b.Cleanup(server.Close)
	return cloudfn.NewContext(context.Background(), cloudfn.NewInvocation(map[string]string{
		"TENCENTCLOUD_SECRETID": "id", "TENCENTCLOUD_SECRETKEY": "key", "WX_API_TOKEN": "token", "TCB_ENV": "e",
		"TCB_CONTEXT_CNFG": `{"URL":"` + server.URL + `/admin"}`,
	}, nil))
}

// The official Node SDK takes 2.3 ms for this, one call after another, and makes 2,032 calls a second with 32 at once.
func BenchmarkCloudCall(b *testing.B) {
	picture := tcb.CommOpenAPIResp{RespData: make([]byte, 20<<10), ContentType: "image/jpeg"}
	call := func(b *testing.B, ctx context.Context) {
		if _, err := openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{Path: "page/index/index", Width: new(430)}); err != nil {
			b.Error(err)
		}
	}
	b.Run("one after another", func(b *testing.B) {
		ctx := benchmarkServer(b, picture)
		b.ReportAllocs()
		for b.Loop() {
			call(b, ctx)
		}
	})
	b.Run("32 at once", func(b *testing.B) {
		ctx := benchmarkServer(b, picture)
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				call(b, ctx)
			}
		})
	})
}

// BenchmarkHTTPSCall compares a typed call over HTTPS with the same request made by hand.
func BenchmarkHTTPSCall(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json; encoding=utf-8")
		_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
	}))
	b.Cleanup(server.Close)
	data := map[string]any{"thing1": map[string]any{"value": "hello"}}
	b.Run("typed", func(b *testing.B) {
		c := openapi.NewClient(openapi.WithAccessToken("token"), openapi.WithBaseURL(server.URL))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.SubscribeMessage.Send(b.Context(), &openapi.SubscribeMessageSendRequest{Touser: "o", TemplateID: "T", Data: data}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			body, err := json.Marshal(map[string]any{"touser": "o", "template_id": "T", "data": data})
			if err != nil {
				b.Fatal(err)
			}
			resp, err := http.Post(server.URL+"/cgi-bin/message/subscribe/send?access_token=token", "application/json", bytes.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			var answer struct{ ErrCode int }
			err = json.NewDecoder(resp.Body).Decode(&answer)
			_ = resp.Body.Close()
			if err != nil || answer.ErrCode != 0 {
				b.Fatal(err, answer)
			}
		}
	})
}

func BenchmarkImageJSON(b *testing.B) {
	image := openapi.Image{ContentType: "image/jpeg", Buffer: make([]byte, 20<<10)}
	for i := range image.Buffer {
		image.Buffer[i] = byte(i * 7)
	}
	text, err := json.Marshal(image)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			_, _ = json.Marshal(image)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			var back openapi.Image
			if err := json.Unmarshal(text, &back); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The official SDK takes bytes as they are, so that a large picture costs it nothing but the signature and the way out.
func BenchmarkMediaOf10MB(b *testing.B) {
	picture := make([]byte, 10<<20)
	for i := range picture {
		picture[i] = byte(i * 7)
	}
	b.Run("sent", func(b *testing.B) {
		ctx := benchmarkServer(b, tcb.CommOpenAPIResp{RespData: []byte(`{"errcode":0}`), ContentType: "application/json"})
		for b.Loop() {
			if _, err := openapi.Img.AiCrop(ctx, &openapi.ImgAiCropRequest{Img: openapi.Media{ContentType: "image/png", Value: picture}}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("received", func(b *testing.B) {
		ctx := benchmarkServer(b, tcb.CommOpenAPIResp{RespData: picture, ContentType: "image/jpeg"})
		for b.Loop() {
			if _, err := openapi.OfficialAccount.Media.Get(ctx, &openapi.OfficialAccountMediaGetRequest{MediaID: "m"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
