package emulator

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/testdata/homes"
)

// homeFiles are what a folder holds beside the program, by the name of the function, which is that of its home.
var homeFiles = map[string]map[string]string{
	"go1":      {},
	"custom":   {"bootstrap": "#!/bin/sh\nexec ./main\n"},
	"http":     {"scf_bootstrap": "#!/bin/sh\nexport PORT=${PORT:-9000}\nexec ./main\n"},
	"cloudrun": {"container.config.json": `{"containerPort": 80}`},
}

// homesProject returns a folder with one program, and a function in each home that runs it.
func homesProject(t *testing.T) (dir string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a folder with a program is one of Linux, and this is " + runtime.GOOS)
	}
	dir = t.TempDir()
	program := filepath.Join(t.TempDir(), "main")
	output, err := exec.Command("go", "build", "-o", program, "../testdata/homes/main").CombinedOutput()
	require.NoError(t, err, "%s", output)
	for name, files := range homeFiles {
		folder := filepath.Join(dir, name)
		require.NoError(t, os.Mkdir(folder, 0o755))
		require.NoError(t, os.Link(program, filepath.Join(folder, "main")))
		writeFile(t, filepath.Join(folder, "config.json"), `{"permissions": {"openapi": ["wxacode.createQRCode"]}}`)
		for file, text := range files {
			require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte(text), 0o755))
		}
	}
	return dir
}

// requestAs sends a request to a function's web server, as a user of the Mini Program.
func requestAs(t *testing.T, e *Emulator, method, path, body string, header map[string]string) (*http.Response, []byte) {
	t.Helper()
	base, err := e.Listen()
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, text
}

func TestOneFunctionHasTheSameResultInEveryHome(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, Config{Dir: homesProject(t)})
	require.Empty(t, e.Findings())
	e.Handle("inprocess", cloudfn.Func(homes.Handle), "wxacode.createQRCode")
	const event = `{"path":"page/index/index","width":300}`
	caller := map[string]string{"X-WX-OPENID": "oAlice", "X-WX-UNIONID": "uAlice", "Content-Type": "application/json"}
	invoke := func(t *testing.T, name string) []byte {
		result, err := e.As("oAlice").WithUnionID("uAlice").Invoke(t.Context(), name, json.RawMessage(event))
		require.NoError(t, err)
		return result.JSON
	}
	request := func(t *testing.T, name string) []byte {
		resp, body := requestAs(t, e, http.MethodPost, "/fn/"+name+"/any/path", event, caller)
		require.Equal(t, http.StatusOK, resp.StatusCode, "%s", body)
		return body
	}
	for name, call := range map[string]func(*testing.T, string) []byte{
		"inprocess": invoke, "go1": invoke, "custom": invoke, "http": request, "cloudrun": request,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got homes.Result
			require.NoError(t, json.Unmarshal(call(t, name), &got))
			code := got.Code
			got.Code = nil
			assert.Equal(t, homes.Result{OpenID: "oAlice", UnionID: "uAlice", AppID: DefaultAppID, Env: DefaultEnv, Source: SourceClient}, got)
			require.NotNil(t, code)
			assert.Equal(t, []any{"image/jpeg", "openapi.wxacode.createQRCode:ok", 0}, []any{code.ContentType, code.ErrMsg, code.ErrCode})
			options, err := e.ScanPicture(code.Buffer)
			require.NoError(t, err)
			assert.Equal(t, &LaunchOptions{Path: "page/index/index", Query: map[string]string{"from": "oAlice"}, Scene: 1011, AppID: DefaultAppID}, options)
			calls := e.Calls("wxacode.createQRCode").By(name)
			require.Len(t, calls, 1)
			assert.Equal(t, "oAlice", calls[0].OpenID)
		})
	}
}
