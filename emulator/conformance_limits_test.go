package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
)

// TestConformanceAtTheLimits has both SDKs call when nothing is left: no code, no page, no call in this minute. The
// minute's calls are spent by a function of this process, and for pages that are refused, so that none is drawn.
func TestConformanceAtTheLimits(t *testing.T) {
	t.Parallel()
	needsConformancePackages(t)
	var clock atomic.Int64
	clock.Store(time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC).Unix())
	c := conformance{emu: emulatortest.New(t, emulator.Config{
		Dir: conformanceDir, Now: func() time.Time { return time.Unix(clock.Load(), 0) }, Timeout: time.Minute,
	})}
	require.NoError(t, c.emu.SpendQuotas(conformanceApp))
	c.emu.Handle("spend", cloudfn.Func(spendMinute), "wxacode.getUnlimited")
	_, err := c.alice().Invoke(t.Context(), "spend", nil)
	require.NoError(t, err)

	const (
		createQRCode = "wxacode.createQRCode"
		get          = "wxacode.get"
		getUnlimited = "wxacode.getUnlimited"

		ofPath       = `"params":{"path":"page/index/index"}`
		ofScene      = `"params":{"scene":"id"}`
		ofAnyPage    = `"params":{"scene":"id","page":"one/more","checkPath":false}`
		ofKnownPage  = `"params":{"scene":"id","page":"pages/7","checkPath":false}`
		ofAnotherApp = `,"options":{"appid":"wxfedcba9876543210"}`
	)
	for _, tt := range []struct {
		name, api, event string
		later            time.Duration // how much time has passed since the call before
		errCode          int
	}{
		{name: "createQRCode has no code left", api: createQRCode, event: ofPath, errCode: 45029},
		{name: "nor has get, of the same codes", api: get, event: ofPath, errCode: 45029},
		{name: "another app has its own codes", api: get, event: ofPath + ofAnotherApp},
		{name: "getUnlimited has no call left", api: getUnlimited, event: ofScene, errCode: 45009},
		{name: "another app has its own calls", api: getUnlimited, event: ofScene + ofAnotherApp},
		{name: "what is refused first tells its own reason", api: getUnlimited, event: `"params":{"scene":"a b"}`, errCode: 40129},
		{name: "no call in the minute's last second", api: getUnlimited, event: ofScene, later: 59 * time.Second, errCode: 45009},
		{name: "a call in the next minute", api: getUnlimited, event: ofScene, later: time.Second},
		{name: "no unchecked page is left", api: getUnlimited, event: ofAnyPage, errCode: 45029},
		{name: "an unchecked page that has counted counts once", api: getUnlimited, event: ofKnownPage},
		{name: "codes do not come back with time", api: get, event: ofPath, later: 1000 * 24 * time.Hour, errCode: 45029},
	} {
		// One after another: time passes between them.
		clock.Add(int64(tt.later.Seconds()))
		for _, answer := range c.call(t, c.alice(), tt.api, tt.event) {
			if tt.errCode != 0 {
				assertRefused(t, answer.Get("error"), tt.api, tt.errCode)
			} else {
				assert.True(t, answer.Get("ok").Exists(), "%s: %s", tt.name, answer.Get("error").Raw)
			}
		}
		require.False(t, t.Failed(), tt.name)
	}
}

// spendMinute makes the calls of getUnlimited that an app may make in a minute, each for a page of its own.
func spendMinute(ctx context.Context, _ any) (any, error) {
	for i := range 5000 {
		_, err := openapi.Wxacode.GetUnlimited(ctx, &openapi.WxacodeGetUnlimitedRequest{Scene: "id", Page: fmt.Sprint("more/", i), CheckPath: new(false)})
		if !errors.Is(err, openapi.CodeQRCodeLimit) {
			return nil, fmt.Errorf("call %d: %w", i+1, err)
		}
	}
	return nil, nil
}
