package cloudfn

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

func TestAFunctionTellsWhereItRuns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		variables []string
		opts      []Option
		want      Runtime // "" is nowhere
	}{
		"Go1":                               {[]string{wxcloud.VarGo1Port}, nil, RuntimeGo1},
		"Go1, before all others":            {[]string{wxcloud.VarGo1Port, wxcloud.VarCloudRun, wxcloud.VarPort, wxcloud.VarRuntimeAPI}, nil, RuntimeGo1},
		"Cloud Run":                         {[]string{wxcloud.VarCloudRun}, nil, RuntimeCloudRun},
		"Cloud Run, with a port":            {[]string{wxcloud.VarCloudRun, wxcloud.VarPort}, nil, RuntimeCloudRun},
		"an HTTP cloud function":            {[]string{wxcloud.VarPort}, nil, RuntimeHTTP},
		"the same, beside a runtime API":    {[]string{wxcloud.VarPort, wxcloud.VarRuntimeAPI}, nil, RuntimeHTTP},
		"a custom runtime":                  {[]string{wxcloud.VarRuntimeAPI}, nil, RuntimeCustom},
		"nowhere":                           {[]string{wxcloud.VarRuntimeAPIPort}, nil, ""},
		"as an option says, and nowhere":    {nil, []Option{WithRuntime(RuntimeHTTP)}, RuntimeHTTP},
		"as an option says, and in another": {[]string{wxcloud.VarGo1Port, wxcloud.VarPort}, []Option{WithRuntime(RuntimeCustom)}, RuntimeCustom},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environ := map[string]string{}
			for _, variable := range c.variables {
				environ[variable] = "set"
			}
			home, err := (&app{process: fakeProcess(nil, environ), options: optionsOf(c.opts)}).home()
			require.NoError(t, err)
			if c.want == "" {
				assert.Nil(t, home)
				return
			}
			assert.Equal(t, c.want, home.runtime)
		})
	}
}

func TestAProgramThatServesHTTPIsNotRunWhereEventsCome(t *testing.T) {
	t.Parallel()
	deploy := " brings events: deploy it as an HTTP cloud function or to Cloud Run\n"
	for name, c := range map[string]struct {
		environ map[string]string
		opts    []Option
		h       http.Handler
		code    int
		say     string
	}{
		"Go1":              {map[string]string{wxcloud.VarGo1Port: "9000"}, nil, http.NotFoundHandler(), 1, "cloudfn: this program serves HTTP, by cloudfn.StartHTTP, and runtime Go1" + deploy},
		"a custom runtime": {map[string]string{wxcloud.VarRuntimeAPI: "127.0.0.1"}, nil, http.NotFoundHandler(), 1, "cloudfn: this program serves HTTP, by cloudfn.StartHTTP, and runtime custom" + deploy},
		"by hand":          {nil, nil, http.NotFoundHandler(), 2, byHand},
		"no handler":       {map[string]string{wxcloud.VarPort: "9000"}, nil, nil, 1, errNoWeb.Error() + "\n"},
		"no such runtime":  {map[string]string{wxcloud.VarPort: "9000"}, []Option{WithRuntime("Node")}, http.NotFoundHandler(), 1, "cloudfn: WithRuntime(\"Node\"): there is no such runtime: use one of the constants cloudfn.Runtime…\n"},
		"a bad port":       {map[string]string{wxcloud.VarPort: "http"}, nil, http.NotFoundHandler(), 1, "cloudfn: PORT is \"http\": it must be a port number, 1 to 65535\n"},
		"a port in use":    {map[string]string{wxcloud.VarPort: "9000"}, nil, http.NotFoundHandler(), 1, "cloudfn: this test listens on nothing: set PORT to a port that is free, and open to this user\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr buffer
			assert.Equal(t, c.code, runHTTP(t.Context(), fakeProcess(&stderr, c.environ), c.h, c.opts...))
			assert.Equal(t, c.say, stderr.String())
		})
	}
}

func TestAFunctionListensOnThePortOfItsHome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environ map[string]string
		opts    []Option
		asks    string
	}{
		"an HTTP cloud function":                {map[string]string{wxcloud.VarPort: "8080"}, nil, ":8080"},
		"an HTTP cloud function without a port": {nil, []Option{WithRuntime(RuntimeHTTP)}, ":9000"},
		"Cloud Run":                             {map[string]string{wxcloud.VarCloudRun: "env-1", wxcloud.VarPort: "8080"}, nil, ":8080"},
		"Cloud Run without a port":              {map[string]string{wxcloud.VarCloudRun: "env-1"}, nil, ":80"},
		"under the emulator":                    {map[string]string{wxcloud.VarPort: "8080", wxcloud.VarEmulatorURL: "http://127.0.0.1:7911"}, nil, "127.0.0.1:8080"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startWeb(t, c.environ, nil, http.NotFoundHandler(), c.opts...)
			assert.Equal(t, c.asks, f.asked)
			resp, err := http.Get("http://" + f.address)
			require.NoError(t, err)
			resp.Body.Close()
			assert.Equal(t, 404, resp.StatusCode)
		})
	}
}
