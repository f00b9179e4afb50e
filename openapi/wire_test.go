package openapi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/openapi"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
	"github.com/wxcloud-go/wxfn/testdata/conformance"
	"github.com/wxcloud-go/wxfn/testdata/methods"
)

const (
	conformanceDir = "../testdata/conformance"
	recordingFile  = "../testdata/official-sdk-pairs.json"
)

var record = flag.Bool("record", false, "write to "+recordingFile+" what the official SDK sends")

// wirePair is a parameter as it goes out: its key and value and, where the value is bytes (as base64), the file's name.
// The content type is left out, because the official SDK does not send it.
type wirePair []string

func wirePairs(t *testing.T, q *tcb.Request) []wirePair {
	t.Helper()
	require.NotNil(t, q)
	var data tcb.CommAPIData
	require.NoError(t, data.Unmarshal(q.RequestData))
	pairs := []wirePair{}
	for _, p := range data.OpenAPIData.Pairs {
		pair := wirePair{p.Key, string(p.Value)}
		if p.Filename != "" {
			pair = wirePair{p.Key, base64.StdEncoding.EncodeToString(p.Value), p.Filename}
		}
		pairs = append(pairs, pair)
	}
	return pairs
}

// recording is what the official SDK sends for the parameters of package methods, by the way of names and by API.
type recording map[string]map[string][]wirePair

// ways are the two ways of names.
var ways = []struct {
	name    string
	options []openapi.Option
	params  func(*catalog.API) []byte // as the official SDK takes them
}{
	{"converted", nil, methods.Params},
	{"documented", []openapi.Option{openapi.WithoutConvertCase()}, methods.DocumentedParams}, // convertCase: false
}

func TestTypedMethodsSendWhatTheOfficialSDKSends(t *testing.T) {
	t.Parallel()
	want := recorded(t)
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, want[way.name], len(catalog.All()))
			client := openapi.NewClient(way.options...)
			for _, a := range catalog.All() {
				e := exampleAnswer(a)
				_, err := methods.Call(invocation(e), client, a.Name, methods.Params(a))
				require.NoError(t, err, a.Name)
				assert.Equal(t, a.Name, e.got.APIName)
				official, ours := want[way.name][a.Name], wirePairs(t, e.got)
				if way.name == "converted" {
					// The official SDK puts the names that it has changed after those that it has not.
					official, ours = inNoOrder(t, official), inNoOrder(t, ours)
				}
				assert.Equal(t, official, ours, a.Name)
			}
		})
	}
}

// TestTheParametersAreAll keeps the comparison above from being one of nothing.
func TestTheParametersAreAll(t *testing.T) {
	t.Parallel()
	for _, a := range catalog.All() {
		var check func(path string, fields []catalog.Field, value gjson.Result)
		check = func(path string, fields []catalog.Field, value gjson.Result) {
			var want, names []string
			for _, f := range fields {
				want = append(want, f.Name)
			}
			i := 0
			value.ForEach(func(name, inner gjson.Result) bool {
				names = append(names, name.String())
				if i < len(fields) {
					assert.NotContains(t, []string{"0", `""`, "false", "null", "[]", "{}"}, inner.Raw, path+name.String())
					if len(fields[i].Fields) > 0 {
						list := []gjson.Result{inner}
						if fields[i].Type == catalog.Objects {
							list = inner.Array()
						}
						for _, object := range list {
							check(path+name.String()+".", fields[i].Fields, object)
						}
					}
				}
				i++
				return true
			})
			assert.Equal(t, want, names, path)
		}
		check(a.Name+" ", a.Params(), gjson.ParseBytes(methods.DocumentedParams(a)))
	}
}

// inNoOrder sorts pairs, and the names in their JSON. Numbers stay as they are written.
func inNoOrder(t *testing.T, pairs []wirePair) []wirePair {
	t.Helper()
	pairs = slices.Clone(pairs)
	for i, pair := range pairs {
		if len(pair) > 2 {
			continue
		}
		dec := json.NewDecoder(strings.NewReader(pair[1]))
		dec.UseNumber()
		var value any
		require.NoError(t, dec.Decode(&value))
		text, err := json.Marshal(value)
		require.NoError(t, err)
		pairs[i] = wirePair{pair[0], string(text)}
	}
	slices.SortFunc(pairs, slices.Compare)
	return pairs
}

// exampleAnswer is an endpoint that gives an API's answer of package methods.
func exampleAnswer(a *catalog.API) *endpoint {
	if a.Binary {
		return answer("image/png", "\x89PNG")
	}
	return answer(jsonType, string(methods.Answer(a)))
}

func recorded(t *testing.T) recording {
	t.Helper()
	text, err := os.ReadFile(recordingFile)
	require.NoError(t, err)
	var r recording
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}

func TestTheRecordingIsOfTheOfficialSDK(t *testing.T) {
	t.Parallel()
	conformance.NeedsPackages(t, conformanceDir)
	sent := recording{}
	for _, way := range ways {
		pairs, results := officialCalls(t, way.name, way.params)
		sent[way.name] = pairs
		if way.name == "converted" {
			assertOfficialResults(t, results)
		}
	}
	if *record {
		require.NoError(t, os.WriteFile(recordingFile, sent.text(t), 0o644))
	}
	want := recorded(t)
	for _, way := range ways {
		assert.Equal(t, want[way.name], sent[way.name], "go test ./openapi -run %s -record writes it anew", t.Name())
	}
}

// text has a line for each API.
func (r recording) text(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	separator := "{"
	for _, way := range slices.Sorted(maps.Keys(r)) {
		fmt.Fprintf(&b, "%s\n%q: {", separator, way)
		separator = ""
		for _, api := range slices.Sorted(maps.Keys(r[way])) {
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			fmt.Fprintf(&b, "%s\n%q: ", separator, api)
			require.NoError(t, enc.Encode(r[way][api]))
			b.Truncate(b.Len() - 1)
			separator = ","
		}
		b.WriteString("\n}")
	}
	b.WriteString("\n}\n")
	return b.Bytes()
}

// officialCalls has the official SDK call all APIs, and returns what it sent and what its calls returned.
func officialCalls(t *testing.T, way string, params func(*catalog.API) []byte) (sent map[string][]wirePair, results map[string]string) {
	t.Helper()
	type call struct {
		API    string `json:"api"`
		Params string `json:"params"`
	}
	var calls []call
	for _, a := range catalog.All() {
		calls = append(calls, call{a.Name, string(params(a))})
	}
	input, err := json.Marshal(calls)
	require.NoError(t, err)

	requests := make(chan *tcb.Request, len(calls))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := tcb.ParseRequest(r, 1<<20)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		requests <- q
		a, _ := catalog.Lookup(q.APIName)
		w.Header().Set("Content-Type", tcb.ProtobufType)
		_, _ = w.Write(exampleAnswer(a).body)
	}))
	defer server.Close()

	node := exec.CommandContext(t.Context(), "node", "calls.js", way)
	node.Dir = conformanceDir
	node.Stdin = bytes.NewReader(input)
	node.Env = append(os.Environ(), "TCB_CONTEXT_CNFG="+fmt.Sprintf(`{"URL":"%s/admin"}`, server.URL), "TENCENTCLOUD_RUNENV=SCF",
		"TENCENTCLOUD_SECRETID=id", "TENCENTCLOUD_SECRETKEY=key", "TENCENTCLOUD_SESSIONTOKEN=session", "TENCENTCLOUD_REGION=ap-shanghai",
		"TCB_ENV=env-1", "SCF_NAMESPACE=env-1", "WX_API_TOKEN=token", "NODE_NO_WARNINGS=1")
	var stderr strings.Builder
	node.Stderr = &stderr
	out, err := node.Output()
	require.NoError(t, err, stderr.String())
	close(requests)

	sent, results = map[string][]wirePair{}, map[string]string{}
	for q := range requests {
		sent[q.APIName] = wirePairs(t, q)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, lines, len(calls), "%.1000s", out)
	for i, line := range lines {
		results[calls[i].API] = line
	}
	return sent, results
}

// assertOfficialResults compares the results of typed methods, as JSON, with those of the official SDK.
func assertOfficialResults(t *testing.T, want map[string]string) {
	t.Helper()
	for _, a := range catalog.All() {
		result, err := methods.Call(invocation(exampleAnswer(a)), openapi.NewClient(), a.Name, methods.Params(a))
		require.NoError(t, err, a.Name)
		text, err := json.Marshal(result)
		require.NoError(t, err, a.Name)
		assert.JSONEq(t, want[a.Name], string(text), a.Name)
		assert.True(t, strings.HasSuffix(string(text), `"errMsg":"openapi.`+a.Name+`:ok","errCode":0}`), "%s: %s", a.Name, text)
		assert.True(t, strings.HasSuffix(want[a.Name], `"errMsg":"openapi.`+a.Name+`:ok","errCode":0}`), want[a.Name])
	}
}
