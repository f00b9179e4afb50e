package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// functionCases are contents of a config.json and what becomes of them. Permissions and triggers are written
// line:column text.
var functionCases = []struct {
	name        string
	text        string
	permissions []string
	triggers    []string
	findings    []string
}{
	{
		name:        "a plain file has no finding",
		text:        "{\n  \"permissions\": {\"openapi\": [\"wxacode.createQRCode\",\n    \"wxacode.get\"]},\n  \"triggers\": [{\"name\": \"nightly\", \"type\": \"timer\", \"config\": \"0 0 2 1 * * *\"}]\n}\n",
		permissions: []string{"2:31 wxacode.createQRCode", "3:5 wxacode.get"},
		triggers:    []string{"4:16 nightly 0 0 2 1 * * *"},
	},
	{
		name: "settings of other tools are let pass",
		text: `{"version": 1, "openapis-of-mine": [], "permissions": {"other": {}, "openapi": []}, "triggers": []}`,
	},
	{
		name:        "an older name that still works is fine",
		text:        `{"permissions": {"openapi": ["security.imgSecCheck"]}}`,
		permissions: []string{"1:30 security.imgSecCheck"},
	},
	{
		name:        "columns count characters",
		text:        `{"说明": "二维码", "permissions": {"openapi": ["wxacode.get"]}}`,
		permissions: []string{"1:43 wxacode.get"},
	},

	// What is JSON here and not elsewhere.
	{
		name:        "comments and trailing commas are read with one warning each",
		text:        "// 权限, all\n{\"permissions\": {\"openapi\": [/* ,a */ \"wxacode.get\",],},} // end",
		permissions: []string{"2:39 wxacode.get"},
		findings: []string{
			"config.json:1:1: warning: the file has a comment, which other tools may refuse (json-comment); remove all comments",
			"config.json:2:52: warning: a comma stands before a closing bracket, which other tools may refuse (trailing-comma); remove it",
		},
	},
	{
		name: "a trailing comma after an object does not hide a comment",
		text: `{"a": {},} // end`,
		findings: []string{
			"config.json:1:9: warning: a comma stands before a closing bracket, which other tools may refuse (trailing-comma); remove it",
			"config.json:1:12: warning: the file has a comment, which other tools may refuse (json-comment); remove all comments",
		},
	},
	{
		name:        "a byte order mark is read with a warning and has no column",
		text:        "\ufeff" + `{"permissions": {"openapi": ["wxacode.get"]}}`,
		permissions: []string{"1:30 wxacode.get"},
		findings: []string{
			"config.json:1:1: warning: the file starts with a byte order mark, which other tools refuse (byte-order-mark); save it as UTF-8 without BOM",
		},
	},
	{
		name:        "of two members with one name the last counts",
		text:        `{"permissions": {"openapi": [1]}, "permissions": {"openapi": ["wxacode.get"]}}`,
		permissions: []string{"1:63 wxacode.get"},
		findings: []string{
			`config.json:1:35: warning: "permissions" stands here again, and only the last one counts (duplicate-key); remove one of them`,
		},
	},

	// What is no JSON.
	{
		name: "an empty file is no JSON",
		text: "",
		findings: []string{
			"config.json:1:1: error: the file is not JSON: parsing value: unexpected end of the file (invalid-json); correct it here; until then nothing of the file is used",
		},
	},
	{
		name: "a file cut off is reported at its end",
		text: "{\n  \"permissions\": {",
		findings: []string{
			"config.json:2:19: error: the file is not JSON: parsing value: unexpected end of the file (invalid-json); correct it here; until then nothing of the file is used",
		},
	},
	{
		name: "a missing comma is reported where it is due",
		text: "{\n  \"描述\": 1 \"permissions\": {}\n}",
		findings: []string{
			`config.json:2:11: error: the file is not JSON: invalid character '"' after object value (expecting ',' or '}') (invalid-json); correct it here; until then nothing of the file is used`,
		},
	},
	{
		name: "a string over two lines is one line in the finding",
		text: "{\"permissions\": \"a\nb\"}",
		findings: []string{
			`config.json:1:17: error: the file is not JSON: invalid literal (invalid-json); correct it here; until then nothing of the file is used`,
		},
	},
	{
		name: "bytes that are no UTF-8 are no JSON",
		text: "{\"permissions\": \xff}",
		findings: []string{
			`config.json:1:17: error: the file is not JSON: invalid character '\xff' at start of value (invalid-json); correct it here; until then nothing of the file is used`,
		},
	},
	{
		name: "brackets without end are refused",
		text: strings.Repeat("[", maxBrackets+1),
		findings: []string{
			"config.json:1:1: error: the file has more than 65536 brackets in one another (invalid-json); make it smaller; until then nothing of it is used",
		},
	},
	{
		name: "as many nested arrays as there may be are no trouble",
		text: strings.Repeat("[", maxBrackets) + strings.Repeat("]", maxBrackets),
		findings: []string{
			"config.json:1:1: error: the file is an array, not an object (wrong-type); write { … }",
		},
	},
	{
		name: "a huge file is refused",
		text: strings.Repeat(" ", maxFileSize+1),
		findings: []string{
			"config.json:1:1: error: it cannot be read: it is larger than 1048576 bytes (unreadable-file); correct its permissions, or remove it",
		},
	},

	// What has the wrong type.
	{
		name: "null is no object",
		text: "null",
		findings: []string{
			"config.json:1:1: error: the file is null, not an object (wrong-type); write { … }",
		},
	},
	{
		name:     "the rest is read beside a value of the wrong type",
		text:     `{"permissions": ["wxacode.get"], "triggers": [{"name": "t", "type": "timer", "config": "* * * * * * *"}]}`,
		triggers: []string{"1:47 t * * * * * * *"},
		findings: []string{
			"config.json:1:17: error: permissions is an array, not an object (wrong-type); write { … }",
		},
	},
	{
		name: "openapi is an array",
		text: `{"permissions": {"openapi": "wxacode.get"}, "triggers": null}`,
		findings: []string{
			"config.json:1:29: error: permissions.openapi is a string, not an array (wrong-type); write [ … ]",
			"config.json:1:57: error: triggers is null, not an array (wrong-type); write [ … ]",
		},
	},
	{
		name:        "openapi holds strings",
		text:        `{"permissions": {"openapi": [7, "wxacode.get", true]}}`,
		permissions: []string{"1:33 wxacode.get"},
		findings: []string{
			"config.json:1:30: error: permissions.openapi[0] is a number, not a string (wrong-type); put it into double quotes",
			"config.json:1:48: error: permissions.openapi[2] is a boolean, not a string (wrong-type); put it into double quotes",
		},
	},

	// Permissions.
	{
		name:        "an unknown name comes with the right one",
		text:        `{"permissions": {"openapi": ["wxacode.getunlimited", "openapi.wxacode.get", "wxacode.createQRcod"]}}`,
		permissions: []string{"1:30 wxacode.getunlimited", "1:54 openapi.wxacode.get", "1:77 wxacode.createQRcod"},
		findings: []string{
			`config.json:1:30: error: there is no API "wxacode.getunlimited" to permit (unknown-permission); did you mean "wxacode.getUnlimited"?`,
			`config.json:1:54: error: there is no API "openapi.wxacode.get" to permit (unknown-permission); did you mean "wxacode.get"?`,
			`config.json:1:77: error: there is no API "wxacode.createQRcod" to permit (unknown-permission); did you mean "wxacode.createQRCode"?`,
		},
	},
	{
		name:        "a name near several comes with them",
		text:        `{"permissions": {"openapi": ["analysis.getDaily"]}}`,
		permissions: []string{"1:30 analysis.getDaily"},
		findings: []string{
			`config.json:1:30: error: there is no API "analysis.getDaily" to permit (unknown-permission); did you mean "analysis.getDailyRetain" or "analysis.getDailySummary" or "analysis.getDailyVisitTrend"?`,
		},
	},
	{
		name:        "a name like no other comes with the reference",
		text:        `{"permissions": {"openapi": [""]}}`,
		permissions: []string{"1:30 "},
		findings: []string{
			`config.json:1:30: error: there is no API "" to permit (unknown-permission); write a name from the API reference, such as "wxacode.createQRCode"`,
		},
	},
	{
		name:        "a name that stands twice is permitted once",
		text:        `{"permissions": {"openapi": ["wxacode.get", "wxacode.get"]}}`,
		permissions: []string{"1:30 wxacode.get"},
		findings: []string{
			`config.json:1:45: warning: permission "wxacode.get" stands here again (duplicate-permission); remove one of the entries`,
		},
	},
	{
		name: "misspelt and misplaced settings are named",
		text: `{"permission": {}, "openApi": [], "trigger": [], "permissions": {"openAPI": []}}`,
		findings: []string{
			"config.json:1:2: error: permission is not read by the cloud (misspelt-key); did you mean permissions?",
			"config.json:1:20: error: openApi is not read by the cloud (misspelt-key); did you mean permissions.openapi?",
			"config.json:1:35: error: trigger is not read by the cloud (misspelt-key); did you mean triggers?",
			"config.json:1:66: error: permissions.openAPI is not read by the cloud (misspelt-key); did you mean permissions.openapi?",
		},
	},

	// Triggers.
	{
		name:     "a second trigger is left out",
		text:     `{"triggers": [{"name": "a", "type": "timer", "config": "0 0 2 1 * * *"}, {"name": "b", "type": "timer", "config": "0 0 3 1 * * *"}]}`,
		triggers: []string{"1:15 a 0 0 2 1 * * *"},
		findings: []string{
			"config.json:1:74: error: triggers has 2 entries, and a function can have one trigger (too-many-triggers); keep the first only",
		},
	},
	{
		name: "every fault of a trigger is reported at its value",
		text: `{"triggers": [{"name": "1st", "type": "cron", "config": "0 0 2 1 * *"}]}`,
		findings: []string{
			`config.json:1:24: error: triggers[0].name cannot be "1st" (trigger-name); write 1 to 60 of a-z A-Z 0-9 - _, the first a letter`,
			`config.json:1:39: error: triggers[0].type cannot be "cron" (trigger-type); write "timer"`,
			`config.json:1:57: error: cron expression "0 0 2 1 * *" has 6 fields, not seven (trigger-cron); write second minute hour day month weekday year, such as 0 0 2 1 * * *`,
		},
	},
	{
		name: "a trigger needs name, type and config",
		text: `{"triggers": [{}]}`,
		findings: []string{
			`config.json:1:15: error: triggers[0] has no config (missing-key); add "config": "0 0 2 1 * * *"`,
			`config.json:1:15: error: triggers[0] has no name (missing-key); add "name": "myTrigger"`,
			`config.json:1:15: error: triggers[0] has no type (missing-key); add "type": "timer"`,
		},
	},
	{
		name: "a trigger is an object",
		text: `{"triggers": ["0 0 2 1 * * *"]}`,
		findings: []string{
			"config.json:1:15: error: triggers[0] is a string, not an object (wrong-type); write { … }",
		},
	},
}

func TestLoadFunction(t *testing.T) {
	t.Parallel()
	for _, c := range functionCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, findings, err := LoadFunction(tree(t, map[string]string{"config.json": c.text}))
			require.NoError(t, err)
			assert.Equal(t, "config.json", f.File)
			assert.True(t, f.Exists)
			var permissions, triggers []string
			for _, p := range f.Permissions {
				permissions = append(permissions, fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Name))
			}
			for _, g := range f.Triggers {
				triggers = append(triggers, fmt.Sprintf("%d:%d %s %s", g.Line, g.Column, g.Name, g.Cron))
			}
			assert.Equal(t, c.permissions, permissions)
			assert.Equal(t, c.triggers, triggers)
			assert.Equal(t, c.findings, lines(findings))
		})
	}
}

func TestFunctionWithoutConfigMayCallNothing(t *testing.T) {
	t.Parallel()
	f, findings, err := LoadFunction(t.TempDir())
	require.NoError(t, err)
	assert.Empty(t, findings)
	assert.Equal(t, &Function{File: "config.json"}, f)
	assert.False(t, f.Allows("wxacode.get"))
}

func TestFunctionIsAllowedWhatItsConfigNamesToTheLetter(t *testing.T) {
	t.Parallel()
	f := &Function{Permissions: []Permission{{Name: "wxacode.get"}, {Name: "openapi.wxacode.getUnlimited"}}}
	for api, want := range map[string]bool{
		"wxacode.get":          true,
		"wxacode.Get":          false,
		"wxacode.getUnlimited": false,
		"":                     false,
	} {
		assert.Equal(t, want, f.Allows(api), api)
	}
}

func TestConfigThatIsNoFileIsReported(t *testing.T) {
	t.Parallel()
	f, findings, err := LoadFunction(tree(t, map[string]string{"config.json/inside": ""}))
	require.NoError(t, err)
	assert.True(t, f.Exists)
	assert.Equal(t, []string{
		"config.json:1:1: error: it cannot be read: it is not an ordinary file (unreadable-file); correct its permissions, or remove it",
	}, lines(findings))
}

func TestConfigWithoutReadPermissionIsReported(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"config.json": "{}"})
	path := filepath.Join(dir, "config.json")
	require.NoError(t, os.Chmod(path, 0))
	if f, err := os.Open(path); err == nil {
		f.Close()
		t.Skip("this user reads files of any mode")
	}
	f, findings, err := LoadFunction(dir)
	require.NoError(t, err)
	assert.True(t, f.Exists)
	assert.Equal(t, []string{
		"config.json:1:1: error: it cannot be read: permission denied (unreadable-file); correct its permissions, or remove it",
	}, lines(findings))
}

func TestFolderThatIsMissingIsAnError(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	_, _, err := LoadFunction(missing)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, _, err = LoadProject(missing)
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.NotContains(t, err.Error(), "\n")
}

func FuzzLoadFunction(f *testing.F) {
	for _, c := range functionCases {
		if len(c.text) < 1000 { // large inputs only slow it down
			f.Add([]byte(c.text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, findings, err := LoadFunction(tree(t, map[string]string{"config.json": string(text)}))
		require.NoError(t, err)
		for _, x := range findings {
			assert.GreaterOrEqual(t, x.Line, 1, x)
			assert.GreaterOrEqual(t, x.Column, 1, x)
			assert.NotContains(t, x.String(), "\n")
			assert.NotEmpty(t, x.Message)
			assert.NotEmpty(t, x.Advice)
		}
	})
}

// lines returns findings as their lines.
func lines(findings []Finding) []string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, f.String())
	}
	return lines
}

// tree writes files below a new folder. One that starts with #! is executable.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
	}
	return dir
}
