package emulatortest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
)

// remind is the function under test: it sends a message, and is content with users who do not want it.
func remind(ctx context.Context, number string) (sent bool, err error) {
	inv, _ := cloudfn.FromContext(ctx)
	_, err = openapi.SubscribeMessage.Send(ctx, &openapi.SubscribeMessageSendRequest{
		Touser: inv.OpenID, TemplateID: "T1",
		Data: map[string]any{"character_string1": map[string]any{"value": number}},
	})
	if errors.Is(err, openapi.Code(43101)) {
		return false, nil
	}
	return err == nil, err
}

// run runs a test, as go test does.
func run(test func(t testing.TB)) {
	t := &failing{}
	test(t)
	fmt.Println("failures:", t.end())
}

// Such a test needs no network, no process and no time.
func Example() {
	testRemind := func(t testing.TB) { // in a test: func TestRemind(t *testing.T)
		emu := emulatortest.New(t, emulator.Config{Timeout: time.Minute})
		emu.Handle("remind", cloudfn.Func(remind), "subscribeMessage.send")

		result, err := emu.As("oAlice").Invoke(context.Background(), "remind", "A1") // in a test: t.Context()
		if err != nil {
			t.Fatalf("remind: %v", err)
		}
		fmt.Printf("%s, %d message\n", result.JSON, len(emu.Outbox("oAlice")))
		emu.Calls("subscribeMessage.send").WantPart(t, map[string]any{"touser": "oAlice", "template_id": "T1"})
	}
	run(testRemind)
	// Output:
	// true, 1 message
	// failures: []
}

// A stub makes the platform answer as it seldom does. The test fails if no call was answered by it.
func ExampleStub() {
	testUnwanted := func(t testing.TB) {
		emu := emulatortest.New(t, emulator.Config{Timeout: time.Minute})
		emu.Handle("remind", cloudfn.Func(remind), "subscribeMessage.send")
		emulatortest.Stub(t, emu, emulator.Stub{API: "subscribeMessage.send", OpenID: "oAlice", ErrCode: 43101})

		result, err := emu.As("oAlice").Invoke(context.Background(), "remind", "A1")
		if err != nil {
			t.Fatalf("remind: %v", err)
		}
		fmt.Printf("%s, %d messages\n", result.JSON, len(emu.Outbox("oAlice")))
	}
	run(testUnwanted)
	// Output:
	// false, 0 messages
	// failures: []
}
