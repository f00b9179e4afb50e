package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var deployed = Deployment{Name: "b", Dir: "fn/b", Runtime: "Go1", Handler: "main", Timeout: 3, MemorySize: 256}

func TestDeploymentIsAdded(t *testing.T) {
	t.Parallel()
	const entry = `{"name":"b","dir":"fn/b","runtime":"Go1","handler":"main","timeout":3,"memorySize":256}`
	lines := func(indent string) string {
		return strings.Join([]string{
			`{`, `  "name": "b",`, `  "dir": "fn/b",`, `  "runtime": "Go1",`, `  "handler": "main",`, `  "timeout": 3,`, `  "memorySize": 256`, `}`,
		}, "\n"+indent)
	}
	for _, c := range []struct{ name, text, want string }{
		{"to no file", "", "{\n  \"functions\": [\n    " + lines("    ") + "\n  ]\n}\n"},
		{"to a file without functions", "{\n  // env\n  \"envId\": \"e\" // mine\n}", "{\n  // env\n  \"envId\": \"e\", // mine\n  \"functions\": [\n    " + lines("    ") + "\n  ]\n}"},
		{"to an empty list", "{\n  \"functions\": [ /* none */ ]\n}\n", "{\n  \"functions\": [ /* none */\n    " + lines("    ") + "\n  ]\n}\n"},
		{"to a list in lines", "{\n  \"functions\": [\n    {\"name\": \"a\"} // first\n    // last\n  ]\n}\n", "{\n  \"functions\": [\n    {\"name\": \"a\"}, // first\n    " + lines("    ") + "\n    // last\n  ]\n}\n"},
		{"after a comma", "{\n  \"functions\": [\n    {\"name\": \"a\"},\n  ],\n}\n", "{\n  \"functions\": [\n    {\"name\": \"a\"},\n    " + lines("    ") + ",\n  ],\n}\n"},
		{"before a bracket in the line", "{\n  \"functions\": [\n    {\"name\": \"a\"}]}", "{\n  \"functions\": [\n    {\"name\": \"a\"},\n    " + lines("    ") + "\n  ]}"},
		{"to a list in one line", `{"functions": [{"name": "a"}]}`, `{"functions": [{"name": "a"}, ` + entry + `]}`},
		{"to a list in one line, after a comma", `{"functions": [{"name": "a"}, /* b? */]}`, `{"functions": [{"name": "a"}, ` + entry + `, /* b? */]}`},
		{"with the line ends of Windows", "{\r\n  \"functions\": [\r\n    {\"name\": \"a\"}\r\n  ]\r\n}\r\n", "{\r\n  \"functions\": [\r\n    {\"name\": \"a\"},\r\n    " + strings.ReplaceAll(lines("    "), "\n", "\r\n") + "\r\n  ]\r\n}\r\n"},
		{"after a byte order mark", "\ufeff{\"functions\": [{\"name\": \"a\"}]}", "\ufeff{\"functions\": [{\"name\": \"a\"}, " + entry + "]}"},
		{"with the indentation that there is", "{\n\t\"functions\": [\n\t\t{\"name\": \"a\"}\n\t]\n}\n", "{\n\t\"functions\": [\n\t\t{\"name\": \"a\"},\n\t\t" + strings.ReplaceAll(lines("\t\t"), "  ", "\t") + "\n\t]\n}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := AddDeployment([]byte(c.text), deployed)
			require.NoError(t, err)
			assert.Equal(t, c.want, string(got))
			again, err := AddDeployment(got, deployed)
			require.NoError(t, err)
			assert.Equal(t, c.want, string(again), "what is there is not added again")
		})
	}
}

// What an entry says beyond the home is its author's.
func TestDeploymentIsSetInItsEntry(t *testing.T) {
	t.Parallel()
	http := deployed
	http.Type = TypeHTTP
	for _, c := range []struct {
		name       string
		d          Deployment
		text, want string
	}{
		{
			"what differs", deployed,
			`{"functions": [{"name": "b", "runtime": "Nodejs18.15", "handler": /* old */ "index.main", "timeout": 20}]}`,
			`{"functions": [{"name": "b", "runtime": "Go1", "handler": /* old */ "main", "timeout": 20}]}`,
		},
		{
			"what is missing", http,
			"{\n  \"functions\": [\n    {\n      \"name\": \"b\" // that one\n    }\n  ]\n}\n",
			"{\n  \"functions\": [\n    {\n      \"name\": \"b\", // that one\n      \"runtime\": \"Go1\",\n      \"handler\": \"main\",\n      \"type\": \"HTTP\"\n    }\n  ]\n}\n",
		},
		{
			"the type, where it was another", deployed,
			`{"functions": [{"name": "a", "type": "HTTP"}, {"name": "b", "type": "HTTP", "runtime": "Go1", "handler": "main"}]}`,
			`{"functions": [{"name": "a", "type": "HTTP"}, {"name": "b", "type": "Event", "runtime": "Go1", "handler": "main"}]}`,
		},
		{
			"nothing", deployed,
			`{"functions": [{"name": "b", "runtime": "Go1", "handler": "main"}]} // as it is`,
			`{"functions": [{"name": "b", "runtime": "Go1", "handler": "main"}]} // as it is`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := AddDeployment([]byte(c.text), c.d)
			require.NoError(t, err)
			assert.Equal(t, c.want, string(got))
		})
	}
}

func TestDeploymentIsNotAddedToWhatIsBroken(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"functions": [}`:            `config: line 1: the file is not JSON: invalid character '}' at start of value; correct it here; until then nothing of the file is used`,
		`[]`:                          `config: line 1: the file is an array, not an object; write { … }`,
		"{\n\"functions\": {}}":       `config: line 2: functions is an object, not an array; write [ … ]`,
		`{"functions": [{}, "a"]}`:    `config: line 1: functions[1] is a string, not an object; write { … }`,
		`{"functions": [{"name":1}]}`: `config: line 1: functions[0].name is a number, not a string; put it into double quotes`,
	} {
		_, err := AddDeployment([]byte(text), deployed)
		assert.EqualError(t, err, want, text)
	}
}

func TestProjectGetsACloudBaseFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := &Project{Root: dir}
	changed, err := p.EditDeployment(deployed)
	require.NoError(t, err)
	assert.True(t, changed)
	text, err := os.ReadFile(filepath.Join(dir, "cloudbaserc.json"))
	require.NoError(t, err)
	assert.Contains(t, string(text), `"name": "b"`)

	changed, err = p.EditDeployment(deployed)
	require.NoError(t, err)
	assert.False(t, changed)
}

func TestContainerPortIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`{"containerPort": 8080} // ours`: 8080,
		`{"containerPort": "8080"}`:       80,
		`{"containerPort": 70000}`:        80,
		`{}`:                              80,
		`{`:                               80,
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "container.config.json"), []byte(text), 0o644))
		assert.Equal(t, want, ContainerPort(dir), text)
	}
	assert.Equal(t, 80, ContainerPort(t.TempDir()))
}
