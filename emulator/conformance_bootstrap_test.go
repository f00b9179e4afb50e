package emulator_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
)

// needsBash skips a test of the function bash where it cannot run.
func needsBash(t *testing.T) {
	t.Helper()
	for _, program := range []string{"/bin/bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("the function bash needs more programs: ", err)
		}
	}
}

func assertFromBash(t *testing.T, answer gjson.Result, event string) {
	t.Helper()
	for name, value := range map[string]string{"handler": "index.echo", "memory": "128", "time": "60000"} {
		assert.Equal(t, value, answer.Get(name).String(), name)
	}
	assert.JSONEq(t, event, answer.Get("event").Raw)
}

func (c conformance) testBash(t *testing.T) {
	t.Parallel()
	needsBash(t)
	const odd = `{"text":"中文 🙂 <&> $HOME \u0000 \\ \" 'x' ` + "`id`" + `","list":[1.50,null,{}]}`
	large := `{"text":"` + strings.Repeat("中", 30<<10) + `"}`
	for _, event := range []string{odd, large} {
		answer, id := c.invoke(t, c.emu.As("").Via(emulator.SourceHTTP), "bash", event)
		assertFromBash(t, answer, event)
		assert.Equal(t, id, answer.Get("request").String())
		line := c.control(t, "journal/"+id).Get("output.0.text").String()
		assert.Equal(t, "event of "+id, line)
	}
	for function, result := range map[string]string{"functions": "ok.result", "gocallsnode": "ok"} {
		answer, id := c.invoke(t, c.alice(), function, `{"name":"bash","data":`+odd+`}`)
		assertFromBash(t, answer.Get(result), odd)
		assert.NotEqual(t, id, answer.Get(result+".request").String(), "an invocation of its own")

		answer, _ = c.invoke(t, c.alice(), function, `{"name":"bash","data":{"fail":"bad luck"}}`)
		assert.Equal(t, "-1", answer.Get("error.errCode").Raw, answer.Raw)
		assert.True(t, strings.HasPrefix(answer.Get("error.errMsg").String(),
			`callFunction:fail errCode: -504002 functions execute fail | errMsg: {"fail":"bad luck"}`), answer.Raw)
	}
	_, err := c.alice().Invoke(t.Context(), "bash", []byte(`{"fail":1}`))
	assert.ErrorIs(t, err, openapi.CodeFunctionExecute)
	answer, _ := c.invoke(t, c.alice(), "bash", `{"a":1}`)
	assert.Equal(t, "1", answer.Get("event.a").Raw, "it goes on after an error")
	assert.Equal(t, "oAlice", answer.Get("event.userInfo.openId").String())
}

// TestConformanceOfAGoBootstrap has a Go program run as the file bootstrap. It calls bash, and makes a code.
func TestConformanceOfAGoBootstrap(t *testing.T) {
	t.Parallel()
	needsBash(t)
	dir := t.TempDir()
	settings := `{"functions": [{"name": "gobootstrap", "timeout": 60}, {"name": "bash", "timeout": 60}]}`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cloudbaserc.json"), []byte(settings), 0o600))
	functions := filepath.Join(dir, "cloudfunctions")
	for name, source := range map[string]string{"gobootstrap": "gobootstrap", "bash": "cloudfunctions/bash"} {
		require.NoError(t, os.CopyFS(filepath.Join(functions, name), os.DirFS(filepath.Join(conformanceDir, source))))
	}
	// The source stays beside it: the program has precedence.
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(functions, "gobootstrap", "bootstrap"), conformanceDir+"/gobootstrap")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	emu := emulatortest.New(t, emulator.Config{Dir: dir})
	require.Empty(t, emu.Findings())
	for _, user := range []string{"oAlice", "oBob"} {
		result, err := emu.As(user).Invoke(t.Context(), "gobootstrap", map[string]any{"function": "bash", "data": map[string]string{"from": user}, "scene": user})
		require.NoError(t, err)
		answer := gjson.ParseBytes(result.JSON)
		assert.Equal(t, user, answer.Get("openid").String())
		assert.Equal(t, "wx_client", answer.Get("source").String())
		assert.Equal(t, result.RequestID, answer.Get("requestId").String())
		assert.JSONEq(t, `{"from":"`+user+`"}`, answer.Get("other.event").Raw, "what bash returns")

		var code openapi.Image
		require.NoError(t, json.Unmarshal([]byte(answer.Get("code").Raw), &code))
		assert.Equal(t, "image/jpeg", code.ContentType)
		options, err := emu.ScanPicture(code.Buffer)
		require.NoError(t, err)
		assert.Equal(t, &emulator.LaunchOptions{Query: map[string]string{"scene": user}, Scene: 1047, AppID: emu.AppID()}, options)
	}
	for name, tt := range map[string]struct {
		event map[string]any
		text  string
	}{
		"a code that cannot be": {map[string]any{"function": "bash", "scene": "a b"}, "40129"},
		"a function that fails": {map[string]any{"function": "bash", "data": map[string]int{"fail": 1}, "scene": "a"}, `{"fail":1}`},
		"no such function":      {map[string]any{"function": "nobody", "scene": "a"}, "-501000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := emu.As("oAlice").Invoke(t.Context(), "gobootstrap", tt.event)
			assert.ErrorIs(t, err, openapi.CodeFunctionExecute)
			assert.ErrorContains(t, err, tt.text)
		})
	}
}
