package emulator_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/testdata/methods"
)

// program is a client in a program that is no function, beside an emulator.
func program(t testing.TB, emu *emulator.Emulator) *openapi.Client {
	url, err := emu.Listen()
	require.NoError(t, err)
	return openapi.NewClient(openapi.WithBaseURL(url), openapi.WithAppCredential(emu.AppID(), emu.AppSecret()))
}

// TestEveryMethodGivesTheSameOverHTTPS calls each method both ways, with all its parameters.
func TestEveryMethodGivesTheSameOverHTTPS(t *testing.T) {
	t.Parallel()
	held := time.Now()
	emu := emulatortest.New(t, emulator.Config{Now: func() time.Time { return held }})
	overHTTPS := program(t, emu)
	viaCloud := openapi.NewClient()
	emu.Handle("every", cloudfn.Func(func(ctx context.Context, api string) (any, error) {
		a, _ := catalog.Lookup(api)
		params := withFreshLinks(t, ctx, a)
		want, err := methods.Call(ctx, viaCloud, api, params)
		if err != nil {
			return nil, err
		}
		params = bytes.Replace(params, []byte(`"a code"`), []byte(`"another code"`), 1) // each is good once
		got, err := methods.Call(context.Background(), overHTTPS, api, params)
		if err != nil {
			return nil, err
		}
		assert.IsType(t, want, got)
		return []any{want, got}, nil
	}), namesOfEvery(catalog.All())...)
	for _, a := range catalog.All() {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			r, err := emu.As("oAlice").Invoke(t.Context(), "every", a.Name)
			require.NoError(t, err)
			results := gjson.ParseBytes(r.JSON).Array()
			assert.JSONEq(t, comparable(results[0].Raw), comparable(results[1].Raw))

			documented := map[string]bool{}
			for _, f := range a.Params() {
				documented[f.Name] = true
			}
			n := 0
			for _, c := range emu.Calls(a.Name) {
				if c.Function != "" || c.API != a.Name {
					continue
				}
				n++
				assert.Zero(t, c.ErrCode, c.Advice)
				assert.NotContains(t, c.Advice, "has no parameter")
				assert.NotContains(t, c.Advice, "has to be in")
				gjson.ParseBytes(c.Params).ForEach(func(name, _ gjson.Result) bool {
					assert.True(t, documented[name.String()], "%s is not the reference's name", name)
					return true
				})
			}
			assert.Equal(t, 1, n)
		})
	}
}

// comparable returns a result without what differs between two calls: ids, codes, and the user, whom only a function knows.
func comparable(result string) string {
	if strings.Contains(result, "openapi.wxacode.") {
		result = bytesOfPicture.ReplaceAllString(result, `"data":[]`)
	}
	result = randomID.ReplaceAllString(result, `<id>"`)
	return someUser.ReplaceAllString(result, `"<user>"$1`)
}

var someUser = regexp.MustCompile(`"(?:oAlice|openid)"([^:])`)

func TestColdCallersFetchOneToken(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	client := program(t, emu)
	another := program(t, emu)
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			_, err := []*openapi.Client{client, another}[i%2].Wxacode.Get(t.Context(), &openapi.WxacodeGetRequest{Path: fmt.Sprint("p", i)})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Len(t, emu.Calls("auth.getStableAccessToken"), 1)
	assert.Len(t, emu.Calls("wxacode.get"), 32)
}

// TestNoCallFailsOverThreeLivesOfAToken moves the platform's clock while callers call; the client's own stands.
func TestNoCallFailsOverThreeLivesOfAToken(t *testing.T) {
	t.Parallel()
	const callers, step, steps = 8, 4 * time.Minute, 3 * 120 / 4
	emu := emulatortest.New(t, emulator.Config{})
	emu.Clock().Hold()
	client := program(t, emu)
	called := make(chan error, callers)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				_, err := client.Phonenumber.GetPhoneNumber(t.Context(), &openapi.PhonenumberGetPhoneNumberRequest{Code: rand.Text()}) // any is good, once
				called <- err
			}
		})
	}
	for range steps {
		emu.Clock().Move(step)
		for range callers {
			assert.NoError(t, <-called)
		}
	}
	stop()
	go func() { all.Wait(); close(called) }()
	for err := range called {
		assert.NoError(t, err)
	}
	fetched := len(emu.Calls("auth.getStableAccessToken"))
	assert.GreaterOrEqual(t, fetched, 3)
	assert.LessOrEqual(t, fetched, 4, "one a life")
}

func TestAHandlerCallsOverHTTPSInProcess(t *testing.T) {
	t.Parallel()
	for range 2 { // tokens of one emulator are not used on the other, though their apps are the same
		emu := emulatortest.New(t, emulator.Config{})
		// The process's base URL leads nowhere: nothing of an in-process call leaves for the network.
		client := openapi.NewClient(openapi.WithAppCredential(emu.AppID(), emu.AppSecret()), openapi.WithBaseURL("http://192.0.2.1"))
		emu.Handle("sum", cloudfn.Func(func(_ context.Context, in []int) (int, error) { return in[0] + in[1], nil }))
		emu.Handle("poster", cloudfn.Func(func(ctx context.Context, _ any) (*openapi.Image, error) {
			var sum int
			if err := client.CallFunction(ctx, "sum", []int{1, 2}, &sum); err != nil || sum != 3 {
				return nil, fmt.Errorf("sum is %d: %w", sum, err)
			}
			return client.Wxacode.GetUnlimited(ctx, &openapi.WxacodeGetUnlimitedRequest{Scene: "a=1"})
		}))
		r, err := emu.As("oAlice").Invoke(t.Context(), "poster", nil)
		require.NoError(t, err)
		var image openapi.Image
		require.NoError(t, json.Unmarshal(r.JSON, &image))
		launch, err := emu.ScanPicture(image.Buffer)
		require.NoError(t, err)
		assert.Equal(t, "a%3D1", launch.Query["scene"])
		assert.Len(t, emu.Calls("auth.getStableAccessToken"), 1)
		assert.Empty(t, emu.Calls("wxacode.getUnlimited")[0].Function, "it came over the server API")
	}
}

func TestFunctionsAreCalledOverHTTPS(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	client := program(t, emu)
	emu.Handle("echo", cloudfn.Func(func(_ context.Context, event json.RawMessage) (json.RawMessage, error) { return event, nil }))
	emu.Handle("fails", cloudfn.Func(func(context.Context, any) (any, error) { return nil, fmt.Errorf("no luck") }))
	err := client.CallFunction(t.Context(), "echo", nil, nil)
	assert.ErrorContains(t, err, "callFunction:fail which environment is the function in? Use openapi.WithEnv")
	assert.ErrorIs(t, err, openapi.CodeUnknown)

	url, err := emu.Listen()
	require.NoError(t, err)
	client = openapi.NewClient(openapi.WithBaseURL(url), openapi.WithAppCredential(emu.AppID(), emu.AppSecret()), openapi.WithEnv(emulator.DefaultEnv))
	var back map[string]any
	require.NoError(t, client.CallFunction(t.Context(), "echo", map[string]any{"id": json.Number("9007199254740993"), "t": "<&>"}, &back))
	assert.Equal(t, map[string]any{"id": json.Number("9007199254740993"), "t": "<&>", "userInfo": map[string]any{"appId": emu.AppID()}}, back)

	err = client.CallFunction(t.Context(), "fails", nil, nil)
	assert.ErrorIs(t, err, openapi.CodeFunctionExecute)
	assert.True(t, strings.HasPrefix(err.Error(), "callFunction:fail "), err.Error())
	assert.ErrorContains(t, err, "no luck")
}

func TestTheEmulatorsAdviceComesOverHTTPS(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	url, err := emu.Listen()
	require.NoError(t, err)
	client := openapi.NewClient(openapi.WithBaseURL(url), openapi.WithAppCredential(emu.AppID(), "wrong"))
	_, err = client.Wxacode.Get(t.Context(), &openapi.WxacodeGetRequest{Path: "p"})
	var failed *openapi.Error
	require.ErrorAs(t, err, &failed)
	assert.ErrorIs(t, err, openapi.CodeInvalidSecret)
	assert.Regexp(t, `^openapi\.wxacode\.get:fail no access token: .*invalid appsecret rid: `, failed.ErrMsg)
	assert.Contains(t, failed.Advice, "that is not the secret of "+emu.AppID())
	assert.Empty(t, emu.Calls("wxacode.get"), "nothing was sent without a token")
}

func TestATokenSourceSharesTheTokenOfItsApp(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	url, err := emu.Listen()
	require.NoError(t, err)
	source := openapi.NewTokenSource(emu.AppID(), emu.AppSecret(), openapi.WithBaseURL(url))
	token, err := source.Token(t.Context(), "")
	require.NoError(t, err)
	for _, client := range []*openapi.Client{
		program(t, emu), openapi.NewClient(openapi.WithBaseURL(url), openapi.WithAccessToken(token)),
		openapi.NewClient(openapi.WithBaseURL(url), openapi.WithTokenSource(source)),
	} {
		_, err = client.Wxacode.GetUnlimited(t.Context(), &openapi.WxacodeGetUnlimitedRequest{Scene: "a=1"})
		assert.NoError(t, err)
	}
	assert.Len(t, emu.Calls("auth.getStableAccessToken"), 1)

	another, err := source.Token(t.Context(), token)
	require.NoError(t, err)
	assert.NotEqual(t, token, another, "the platform has refused the first")

	wrong := openapi.NewTokenSource(emu.AppID(), "wr0ng", openapi.WithBaseURL(url))
	_, err = wrong.Token(t.Context(), "")
	assert.ErrorIs(t, err, openapi.CodeInvalidSecret)
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %v", err, wrong, wrong, source), "wr0ng")
}
