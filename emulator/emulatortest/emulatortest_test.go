package emulatortest_test

import (
	"cmp"
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
)

// Event is what the function under test is called with.
type Event struct {
	Path  string
	Width int
}

// handle makes a code whose page learns who made it.
func handle(ctx context.Context, event Event) (*openapi.Image, error) {
	inv, _ := cloudfn.FromContext(ctx)
	return openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{
		Path:  fmt.Sprintf("%s?from=%s", event.Path, inv.OpenID),
		Width: new(cmp.Or(event.Width, 430)),
	})
}

func TestAFunctionIsTested(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	emu.Handle("createqrcode", cloudfn.Func(handle), "wxacode.createQRCode")
	emu.Handle("nopermission", cloudfn.Func(handle))

	for name, test := range map[string]struct {
		function string
		event    any
		err      string // a part of it
	}{
		"the default width":      {"createqrcode", Event{Path: "page/index/index"}, ""},
		"the widest":             {"createqrcode", Event{Path: "page/index/index", Width: 1280}, ""},
		"too wide":               {"createqrcode", Event{Path: "page/index/index", Width: 1281}, "40097"},
		"an event of other type": {"createqrcode", map[string]string{"width": "wide"}, "event.Width: cannot use string as int"},
		"no permission":          {"nopermission", Event{Path: "page/index/index"}, "-604101"},
		"no such function":       {"createQRCode", nil, `there is no function "createQRCode"; there are: createqrcode, nopermission`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := emu.As("oAlice").Invoke(t.Context(), test.function, test.event)
			if test.err != "" {
				assert.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			var image openapi.Image
			require.NoError(t, result.Decode(&image))
			assert.Equal(t, "image/jpeg", image.ContentType)
		})
	}
}

func TestTheEmulatorIsClosedWithTheTest(t *testing.T) {
	t.Parallel()
	var emu *emulator.Emulator
	t.Run("its test", func(t *testing.T) {
		emu = emulatortest.New(t, emulator.Config{})
		emu.Handle("f", cloudfn.Func(handle))
	})
	_, err := emu.As("oAlice").Invoke(t.Context(), "f", nil)
	assert.ErrorContains(t, err, "the emulator is stopping")
}

// failing is a test that may fail without this one.
type failing struct {
	testing.TB
	message string
}

func (*failing) Helper() {}

func (t *failing) Fatalf(format string, args ...any) {
	t.message = fmt.Sprintf(format, args...)
	panic(t)
}

func TestAFaultyConfigFailsTheTest(t *testing.T) {
	t.Parallel()
	inner := &failing{}
	assert.PanicsWithValue(t, inner, func() { emulatortest.New(inner, emulator.Config{Dir: "/no/such/folder"}) })
	assert.Contains(t, inner.message, "emulatortest: config: open /no/such/folder: ")
}
