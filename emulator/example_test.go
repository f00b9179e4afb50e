package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/openapi"
)

// start returns an emulator, as emulatortest.New(t, emulator.Config{}) does in a test.
func start() *emulator.Emulator {
	emu, err := emulator.New(emulator.Config{Timeout: time.Minute})
	if err != nil {
		panic(err)
	}
	return emu
}

// printer prints how a test would fail.
type printer struct{}

func (printer) Helper() {}

func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// order is an event.
type order struct {
	Number string `json:"number"`
}

// remind is a function that sends a message to who calls it.
func remind(ctx context.Context, event order) (any, error) {
	inv, _ := cloudfn.FromContext(ctx)
	return openapi.SubscribeMessage.Send(ctx, &openapi.SubscribeMessageSendRequest{
		Touser: inv.OpenID, TemplateID: "T1", Page: "pages/order?number=" + event.Number,
		Data: map[string]any{"character_string1": map[string]any{"value": event.Number}},
	})
}

func Example() {
	emu := start()
	defer emu.Close()
	emu.Handle("createqrcode", cloudfn.Func(func(ctx context.Context, event order) (*openapi.Image, error) {
		return openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{Path: "pages/order?number=" + event.Number})
	}), "wxacode.createQRCode")

	result, err := emu.As("oAlice").Invoke(context.Background(), "createqrcode", order{"A1"})
	if err != nil {
		panic(err)
	}
	var image openapi.Image
	if err := result.Decode(&image); err != nil {
		panic(err)
	}
	opened, err := emu.ScanPicture(image.Buffer)
	fmt.Println(image.ContentType, opened.Path, opened.Query["number"], err)
	// Output: image/jpeg pages/order A1 <nil>
}

// The error says what to change, and has the code to test.
func ExampleError() {
	emu := start()
	defer emu.Close()
	emu.Handle("remind", cloudfn.Func(remind)) // and no permission

	_, err := emu.As("oAlice").Invoke(context.Background(), "remind", order{"A1"})
	fmt.Println(errors.Is(err, openapi.CodeFunctionExecute))
	if e, ok := errors.AsType[*emulator.Error](err); ok {
		fmt.Println(e.Advice[0])
	}
	// Output:
	// true
	// subscribeMessage.send: add "subscribeMessage.send" to the permissions that Handle("remind", …) is given
}

// A test looks at what functions have called: at all parameters with Want, at some of them with WantPart.
func ExampleCalls() {
	var t printer // a test has its *testing.T
	emu := start()
	defer emu.Close()
	emu.Handle("remind", cloudfn.Func(remind), "subscribeMessage.send")
	if _, err := emu.As("oAlice").Invoke(context.Background(), "remind", order{"A1"}); err != nil {
		panic(err)
	}

	sent := emu.Calls("subscribeMessage.send").For("oAlice")
	sent.WantPart(t, map[string]any{"touser": "oAlice", "template_id": "T1"})
	sent.With("data.character_string1.value", "A1").WantCount(t, 1)
	emu.Calls("customerServiceMessage.*").WantCount(t, 0)

	sent.WantPart(t, map[string]any{"touser": "oBob"}) // which fails
	// Output:
	// the calls are not those that are wanted:
	// --- wanted
	// +++ called
	// @@ -1,3 +1,3 @@
	//  {
	// -  "touser": "oBob"
	// +  "touser": "oAlice"
	//  }
	// the calls:
	//   subscribeMessage.send {"template_id":"T1","page":"pages/order?number=A1","touser":"oAlice","data":{"character_string1":{"value":"A1"}}} by remind for oAlice: ok
}

// A stub answers in place of the platform: here with the error of a user who has not consented, once.
func ExampleEmulator_Stub() {
	emu := start()
	defer emu.Close()
	emu.Handle("remind", cloudfn.Func(remind), "subscribeMessage.send")
	if err := emu.Stub(emulator.Stub{API: "subscribeMessage.send", OpenID: "oAlice", ErrCode: 43101, Times: 1}); err != nil {
		panic(err)
	}
	for range 2 {
		_, err := emu.As("oAlice").Invoke(context.Background(), "remind", order{"A1"})
		fmt.Println(err == nil, len(emu.Outbox("oAlice")))
	}
	// Output:
	// false 0
	// true 1
}

// A Caller is the Transport of a client that calls functions which serve HTTP, by their names.
func ExampleCaller_RoundTrip() {
	emu := start()
	defer emu.Close()
	emu.HandleHTTP("web", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s for %s", r.URL, r.Header.Get("X-WX-OPENID"))
	}))
	client := &http.Client{Transport: emu.As("oAlice")}
	resp, err := client.Get("http://web/orders?number=A1")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body), err)
	// Output: 200 /orders?number=A1 for oAlice <nil>
}

// What the platform does with time goes by a clock that tests hold and move: a link is good for a while.
func ExampleEmulator_Clock() {
	emu := start()
	defer emu.Close()
	emu.Clock().Hold()
	emu.Handle("link", cloudfn.Func(func(ctx context.Context, _ any) (any, error) {
		return openapi.Urllink.Generate(ctx, &openapi.UrllinkGenerateRequest{Path: "pages/order", ExpireType: new(1), ExpireInterval: new(1)})
	}), "urllink.generate")
	result, err := emu.As("oAlice").Invoke(context.Background(), "link", nil)
	if err != nil {
		panic(err)
	}
	var made struct {
		URLLink string `json:"urlLink"`
	}
	if err := result.Decode(&made); err != nil {
		panic(err)
	}
	_, err = emu.Scan(made.URLLink)
	fmt.Println(err)
	emu.Clock().Move(25 * time.Hour)
	_, err = emu.Scan(made.URLLink)
	fmt.Println(errors.Is(err, emulator.ErrExpired))
	// Output:
	// <nil>
	// true
}
