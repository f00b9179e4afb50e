package emulator_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
)

// TestOtherEnvironment: a call into an environment that there is not is refused, where it is known which one there is.
func TestOtherEnvironment(t *testing.T) {
	t.Parallel()
	rc := func(text string) string {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "project.config.json"), []byte("{}"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "cloudbaserc.json"), []byte(text), 0o600))
		return dir
	}
	for name, c := range map[string]struct {
		config emulator.Config
		env    string // of the emulator
		any    bool
	}{
		"given":             {emulator.Config{Env: "e1"}, "e1", false},
		"the project's":     {emulator.Config{Dir: rc(`{"envId": "e2"}`)}, "e2", false},
		"given, not its":    {emulator.Config{Dir: rc(`{"envId": "e2"}`), Env: "e1"}, "e1", false},
		"not known":         {emulator.Config{}, "wxfn-local", true},
		"an empty template": {emulator.Config{Dir: rc(`{"envId": "{{env.WXFN_NO_SUCH_VARIABLE}}"}`)}, "wxfn-local", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			c.config.Log = slog.New(slog.NewTextHandler(&log, nil))
			emu := emulatortest.New(t, c.config)
			assert.Equal(t, c.env, emu.Env())
			emu.Handle("other", cloudfn.Func(func(context.Context, any) (string, error) { return "hello", nil }))
			call := func(env string) (openAPI, callFunction error) {
				emu.Handle("f", cloudfn.Func(func(ctx context.Context, _ any) (any, error) {
					client := openapi.NewClient(openapi.WithEnv(env))
					_, openAPI = client.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{Path: "page/index"})
					callFunction = client.CallFunction(ctx, "other", nil, nil)
					return nil, nil
				}), "wxacode.createQRCode")
				_, err := emu.As("oAlice").Invoke(t.Context(), "f", nil)
				require.NoError(t, err)
				return openAPI, callFunction
			}
			for _, env := range []string{"", c.env} {
				openAPI, callFunction := call(env)
				assert.NoError(t, openAPI)
				assert.NoError(t, callFunction)
			}
			assert.NotContains(t, log.String(), "environment")
			for _, env := range []string{"prod-1", "prod-1", "prod-2"} {
				openAPI, callFunction := call(env)
				if c.any {
					assert.NoError(t, openAPI)
					assert.NoError(t, callFunction)
					continue
				}
				for _, err := range []error{openAPI, callFunction} {
					require.Error(t, err)
					assert.Contains(t, err.Error(), "errCode: -501000 | errMsg: Environment not found; it is \""+env+"\", and the one here is \""+c.env+
						"\": correct the env of cloud.init, or start wxfn with --env "+env)
				}
				assert.ErrorIs(t, openAPI, openapi.Code(-501001))
				calls := emu.Calls("wxacode.createQRCode")
				assert.EqualValues(t, -501001, calls[len(calls)-1].ErrCode, "it is in the journal")
			}
			if c.any {
				assert.Equal(t, 1, strings.Count(log.String(), "prod-2 to have any other refused"), "it is said once: %s", &log)
			}
		})
	}
}
