package emulatortest_test

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
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
	assert.ErrorContains(t, err, "the emulator is closing")
}

// failing is a test that may fail without this one.
type failing struct {
	testing.TB
	message  string
	errors   []string
	logs     []string
	cleanups []func()
	skipped  bool
}

func (*failing) Helper()            {}
func (t *failing) Skipped() bool    { return t.skipped }
func (t *failing) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

func (t *failing) Errorf(format string, args ...any) {
	t.errors = append(t.errors, fmt.Sprintf(format, args...))
}

func (t *failing) Logf(format string, args ...any) {
	t.logs = append(t.logs, fmt.Sprintf(format, args...))
}

// end ends the test, and returns its errors.
func (t *failing) end() []string {
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
	return t.errors
}

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

// here returns the place that it is called from, some lines on.
func here(on int) string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("(%s:%d)", filepath.Base(file), line+on)
}

const createQRCode = "wxacode.createQRCode"

// stubbed returns an emulator with the function "f", which makes a code, and a call of it.
func stubbed(t testing.TB) (emu *emulator.Emulator, call func(openid string) error) {
	emu = emulatortest.New(t, emulator.Config{})
	emu.Handle("f", cloudfn.Func(handle), createQRCode)
	return emu, func(openid string) error {
		_, err := emu.As(openid).Invoke(t.Context(), "f", Event{Path: "page"})
		return err
	}
}

func TestAStubMustAnswer(t *testing.T) {
	t.Parallel()
	emu, call := stubbed(t)
	require.NoError(t, emu.Stub(emulator.Stub{Name: "not of this test", API: "wxacode.get", ErrCode: 45009}))
	inner := &failing{}
	place := here(1)
	emulatortest.Stub(inner, emu,
		emulator.Stub{Name: "answers", API: createQRCode, Times: 1, ErrCode: 45029},
		emulator.Stub{Name: "for Bob", API: createQRCode, OpenID: "oBob", Function: "g", ErrCode: 45029},
		emulator.Stub{API: "wxacode.get", File: "emulatortest.go"})
	require.NoError(t, emu.Stub(emulator.Stub{Name: "nor is this", API: "wxacode.get", ErrCode: 45009}))
	assert.ErrorContains(t, call("oAlice"), "45029")
	for range 4 {
		require.NoError(t, call("oAlice"))
	}
	const miss = "\n  nor wxacode.createQRCode by f for oAlice: function is \"f\", not \"g\"; openid is \"oAlice\", not \"oBob\""
	assert.Empty(t, inner.errors, "before the end")
	assert.Equal(t, []string{
		`emulatortest: stub "for Bob" ` + place + ` has answered no call` + miss + miss + miss,
		`emulatortest: stub "wxacode.get [2]" ` + place + ` has answered no call`,
	}, inner.end())
}

func TestStubsAreToldApart(t *testing.T) {
	t.Parallel()
	one := emulator.Stub{Name: "one", API: createQRCode, ErrCode: 45029}
	once := emulator.Stub{Name: "once", API: createQRCode, ErrCode: 45029, Times: 1}
	for name, c := range map[string]struct {
		stubs []emulator.Stub
		calls int
		want  int // errors
	}{
		"none":                                {nil, 1, 0},
		"one that answers":                    {[]emulator.Stub{one}, 1, 0},
		"one that does not":                   {[]emulator.Stub{one}, 0, 1},
		"two alike, of which one answers all": {[]emulator.Stub{one, one}, 2, 1},
		"two alike, one after the other":      {[]emulator.Stub{once, once}, 2, 0},
		"two alike, of which one has to":      {[]emulator.Stub{once, once}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			emu, call := stubbed(t)
			inner := &failing{}
			emulatortest.Stub(inner, emu, c.stubs...)
			for range c.calls {
				_ = call("oAlice")
			}
			assert.Len(t, inner.end(), c.want)
		})
	}
}

func TestTestsThatShareAnEmulatorReportTheirOwnStubs(t *testing.T) {
	t.Parallel()
	emu, call := stubbed(t)
	tests := map[string]*failing{"oAlice": {}, "oBob": {}, "oCarol": {}}
	for openid, inner := range tests {
		emulatortest.Stub(inner, emu, emulator.Stub{API: createQRCode, OpenID: openid, ErrCode: 45029})
	}
	assert.Error(t, call("oAlice"))
	assert.Error(t, call("oBob"))
	assert.Empty(t, tests["oAlice"].end())
	assert.Empty(t, tests["oBob"].end())
	assert.Len(t, tests["oCarol"].end(), 1)
}

func TestAStubThatIsRemovedNeedNotAnswer(t *testing.T) {
	t.Parallel()
	emu, _ := stubbed(t)
	inner := &failing{}
	emulatortest.Stub(inner, emu, emulator.Stub{API: createQRCode, ErrCode: 45029})
	emu.RemoveStubs()
	assert.Empty(t, inner.end())
}

func TestASkippedTestNeedsNoStub(t *testing.T) {
	t.Parallel()
	emu, _ := stubbed(t)
	inner := &failing{skipped: true}
	emulatortest.Stub(inner, emu, emulator.Stub{API: createQRCode, ErrCode: 45029})
	assert.Empty(t, inner.end())
}

func TestABadStubFailsTheTest(t *testing.T) {
	t.Parallel()
	emu, _ := stubbed(t)
	inner := &failing{}
	assert.PanicsWithValue(t, inner, func() {
		emulatortest.Stub(inner, emu, emulator.Stub{API: createQRCode, ErrCode: 45029}, emulator.Stub{Name: "bad", API: createQRCode, Times: -1})
	})
	assert.Equal(t, `emulatortest: config: stub "bad": times cannot be -1; write a whole number, 0 or more`, inner.message)
	assert.Empty(t, inner.end())
	assert.Empty(t, emu.Stubs())
}

func TestAStubInTheTestItself(t *testing.T) {
	t.Parallel()
	emu, call := stubbed(t)
	stubs := []emulator.Stub{{API: createQRCode, ErrCode: 45029, Times: 1}, {API: createQRCode, Delay: emulator.Delay{Min: 1}}}
	emulatortest.Stub(t, emu, stubs...)
	assert.Zero(t, stubs[0].Line, "they stay as they are")
	assert.Error(t, call("oAlice"))
	assert.NoError(t, call("oAlice"))
}

func TestWhatIsStrangeAboutStubsIsLogged(t *testing.T) {
	t.Parallel()
	emu, _ := stubbed(t)
	test := &failing{}
	emulatortest.Stub(test, emu,
		emulator.Stub{API: "wxacode.creatQRCode", ErrCode: 1},
		emulator.Stub{API: "wxacode.*", Params: map[string]any{}, ErrCode: 1},
		emulator.Stub{API: "wxacode.get", ErrCode: 2},
	)
	require.Len(t, test.logs, 2)
	assert.Contains(t, test.logs[0], `there is no API "wxacode.creatQRCode"; did you mean "wxacode.createQRCode"?`)
	assert.Contains(t, test.logs[1], "stubs[2] never answers: stubs[1] takes every call that it could")
}
