package emulator_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
)

// TestStubsAreTheSameForBothSDKs has the official SDK, and ours in a process of its own, read what stubs answer.
func TestStubsAreTheSameForBothSDKs(t *testing.T) {
	t.Parallel()
	needsConformancePackages(t)
	const event = `{"api": "subscribeMessage.send", "params": {"touser": "oX", "templateId": "T", "data": {"thing1": {"value": "x"}}}}`
	for name, test := range map[string]struct {
		stub    emulator.Stub
		ok      string
		errCode int64
	}{
		"a result":       {emulator.Stub{Result: map[string]any{"msg_id": 1}}, `{"msgId":1,"errMsg":"openapi.subscribeMessage.send:ok","errCode":0}`, 0},
		"an errcode":     {emulator.Stub{ErrCode: 43101}, "", 43101},
		"a system error": {emulator.Stub{SystemError: -604102}, "", -604102},
		"cut":            {emulator.Stub{Fault: emulator.FaultCut}, "", -501001},
		"malformed":      {emulator.Stub{Fault: emulator.FaultMalformed}, "", -601001},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			emu := emulatortest.New(t, emulator.Config{Dir: conformanceDir})
			test.stub.API = "subscribeMessage.send"
			emulatortest.Stub(t, emu, test.stub)
			for _, function := range []string{"call", "gocall"} {
				result, err := emu.As("oAlice").Invoke(t.Context(), function, json.RawMessage(event))
				require.NoError(t, err)
				answer := gjson.ParseBytes(result.JSON)
				assert.Equal(t, test.ok, answer.Get("ok").Raw, function)
				assert.Equal(t, test.errCode, answer.Get("error.errCode").Int(), answer.Raw)
			}
			assert.Equal(t, 2, emu.Stubs()[0].Answered, "neither asks again by itself")
			assert.Empty(t, emu.Outbox(""))
		})
	}
}
