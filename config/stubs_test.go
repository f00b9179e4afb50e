package config

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stubCases are contents of a wxfn.stubs.json and what becomes of them. A stub is written line:column and its JSON, the
// file answer.jpg beside the stub file without its folder.
var stubCases = []struct {
	name     string
	text     string
	stubs    []string
	findings []string
}{
	{
		name: "a plain file has no finding",
		text: `{"stubs": [
			{"name": "codes are used up", "api": "wxacode.getUnlimited", "function": "createqrcode", "openid": "oAlice",
			 "params": {"page": "pages/index/index", "line_color.r": 1, "scene": {"$like": "*bad*"}, "width": {"$exists": false}},
			 "after": 2, "times": 1, "errcode": 45029, "errmsg": "qrcode count out of limit", "delay": "200ms"},
			{"api": "riskControl.getUserRiskRank", "result": {"risk_rank": 4}},
			{"api": "wxacode.*", "file": "answer.jpg", "contentType": "image/jpeg"},
			{"api": "soter.verifySignature", "systemError": -604102},
			{"api": "security.msgSecCheck", "fault": "timeout", "times": 1},
			{"api": "security.msgSecCheck", "delay": {"min": "50ms", "max": "300ms", "seed": 18446744073709551615}}
		]}`,
		stubs: []string{
			`2:4 {"name":"codes are used up","api":"wxacode.getUnlimited","function":"createqrcode","openid":"oAlice","params":{"line_color.r":1,"page":"pages/index/index","scene":{"$like":"*bad*"},"width":{"$exists":false}},"after":2,"times":1,"errcode":45029,"errmsg":"qrcode count out of limit","delay":"200ms"}`,
			`5:4 {"api":"riskControl.getUserRiskRank","result":{"risk_rank":4}}`,
			`6:4 {"api":"wxacode.*","file":"answer.jpg","contentType":"image/jpeg"}`,
			`7:4 {"api":"soter.verifySignature","systemError":-604102}`,
			`8:4 {"api":"security.msgSecCheck","times":1,"fault":"timeout"}`,
			`9:4 {"api":"security.msgSecCheck","delay":{"min":"50ms","max":"300ms","seed":18446744073709551615}}`,
		},
	},
	{
		name:  "comments and trailing commas are welcome",
		text:  "// stubs\n{\"$schema\": \"\", \"stubs\": [{\"api\": \"*\", \"result\": {\"b\": 1, /* last */ \"a\": 12345678901234567890,}},],}",
		stubs: []string{`2:27 {"api":"*","result":{"b":1,"a":12345678901234567890}}`},
	},
	{
		name: "an empty object has nothing",
		text: `{}`,
	},
	{
		name: "a member that is not known is ignored",
		text: `{"stub": [], "more": 1, "stubs": [{"api": "*", "errCode": 1, "systemeror": 2, "x": 3, "delay": {"from": "1s"}}]}`,
		stubs: []string{
			`1:35 {"api":"*"}`,
		},
		findings: []string{
			`wxfn.stubs.json:1:2: warning: stub is not known, and is ignored (unknown-key); did you mean "stubs"?`,
			`wxfn.stubs.json:1:14: warning: more is not known, and is ignored (unknown-key); remove it`,
			`wxfn.stubs.json:1:48: warning: stubs[0].errCode is not known, and is ignored (unknown-key); did you mean "errcode"?`,
			`wxfn.stubs.json:1:62: warning: stubs[0].systemeror is not known, and is ignored (unknown-key); did you mean "systemError"?`,
			`wxfn.stubs.json:1:79: warning: stubs[0].x is not known, and is ignored (unknown-key); remove it`,
			`wxfn.stubs.json:1:97: warning: stubs[0].delay.from is not known, and is ignored (unknown-key); remove it`,
		},
	},
	{
		name: "a stub needs an API",
		text: `{"stubs": [{"result": {}}, {"api": ""}, {"api": 1}, 7, {"api": "*"}]}`,
		stubs: []string{
			`1:56 {"api":"*"}`,
		},
		findings: []string{
			`wxfn.stubs.json:1:12: error: stubs[0] has no api (missing-key); add "api": "wxacode.createQRCode"`,
			`wxfn.stubs.json:1:36: error: stubs[1].api is empty (missing-key); write "wxacode.createQRCode", or "*" for every API`,
			`wxfn.stubs.json:1:49: error: stubs[2].api is a number, not a string (wrong-type); put it into double quotes`,
			`wxfn.stubs.json:1:53: error: stubs[3] is a number, not an object (wrong-type); write { … }`,
		},
	},
	{
		name: "an API that is not known may exist",
		text: `{"stubs": [{"api": "wxacode.createQrCode"}, {"api": "wxcode.*"}, {"api": "templateMessage.send"}, {"api": "*.get"}]}`,
		stubs: []string{
			`1:12 {"api":"wxacode.createQrCode"}`,
			`1:45 {"api":"wxcode.*"}`,
			`1:66 {"api":"templateMessage.send"}`,
			`1:99 {"api":"*.get"}`,
		},
		findings: []string{
			`wxfn.stubs.json:1:20: warning: there is no API "wxacode.createQrCode" (unknown-api); did you mean "wxacode.createQRCode"?`,
			`wxfn.stubs.json:1:53: warning: there is no API that matches "wxcode.*" (unknown-api); write a name from the API reference, such as "wxacode.createQRCode"`,
		},
	},
	{
		name: "everything has a type",
		text: `{"riskyTexts": [1], "phoneNumbers": [], "stubs": [
			{"api": "*", "name": 1}, {"api": "*", "function": null}, {"api": "*", "openid": true}, {"api": "*", "params": []},
			{"api": "*", "after": "1"}, {"api": "*", "times": false}, {"api": "*", "result": [1]}, {"api": "*", "file": 1},
			{"api": "*", "errcode": "45029"}, {"api": "*", "errcode": 1, "errmsg": 2}, {"api": "*", "systemError": "-1"},
			{"api": "*", "fault": 1}, {"api": "*", "delay": 200}, {"api": "*", "delay": {"min": 1, "seed": "1"}}
		]}`,
		findings: []string{
			"wxfn.stubs.json:1:17: error: riskyTexts[0] is a number, not a string (wrong-type); put it into double quotes",
			"wxfn.stubs.json:1:37: error: phoneNumbers is an array, not an object (wrong-type); write { … }",
			"wxfn.stubs.json:2:25: error: stubs[0].name is a number, not a string (wrong-type); put it into double quotes",
			"wxfn.stubs.json:2:54: error: stubs[1].function is null, not a string (wrong-type); put it into double quotes",
			"wxfn.stubs.json:2:84: error: stubs[2].openid is a boolean, not a string (wrong-type); put it into double quotes",
			"wxfn.stubs.json:2:114: error: stubs[3].params is an array, not an object (wrong-type); write { … }",
			"wxfn.stubs.json:3:26: error: stubs[4].after is a string, not a number (wrong-type); write digits without quotes",
			"wxfn.stubs.json:3:54: error: stubs[5].times is a boolean, not a number (wrong-type); write digits without quotes",
			"wxfn.stubs.json:3:85: error: stubs[6].result is an array, not an object (wrong-type); write { … }",
			"wxfn.stubs.json:3:112: error: stubs[7].file is a number, not a string (wrong-type); put it into double quotes",
			"wxfn.stubs.json:4:28: error: stubs[8].errcode is a string, not a number (wrong-type); write digits without quotes",
			"wxfn.stubs.json:4:75: error: stubs[9].errmsg is a number, not a string (wrong-type); put it into double quotes",
			"wxfn.stubs.json:4:107: error: stubs[10].systemError is a string, not a number (wrong-type); write digits without quotes",
			"wxfn.stubs.json:5:26: error: stubs[11].fault is a number, not a string (wrong-type); put it into double quotes",
			"wxfn.stubs.json:5:52: error: stubs[12].delay is a number, not a string (wrong-type); put it into double quotes",
			"wxfn.stubs.json:5:88: error: stubs[13].delay.min is a number, not a string (wrong-type); put it into double quotes",
			"wxfn.stubs.json:5:99: error: stubs[13].delay.seed is a string, not a number (wrong-type); write digits without quotes",
		},
	},
	{
		name: "a stub has one answer",
		text: `{"stubs": [{"api": "*", "errcode": 1, "result": {}}, {"api": "*", "systemError": -601002, "fault": "cut"}]}`,
		findings: []string{
			"wxfn.stubs.json:1:25: error: stubs[0] has result and errcode, and can have one answer (stub-answers); remove one of them",
			"wxfn.stubs.json:1:91: error: stubs[1] has systemError and fault, and can have one answer (stub-answers); remove one of them",
		},
	},
	{
		name: "parts of an answer need the answer",
		text: `{"stubs": [{"api": "*", "contentType": "image/png", "result": {}}, {"api": "*", "errmsg": "x"}]}`,
		findings: []string{
			"wxfn.stubs.json:1:25: error: stubs[0] has contentType and no file (stub-answer-part); add file, or remove it",
			"wxfn.stubs.json:1:81: error: stubs[1] has errmsg and no errcode (stub-answer-part); add errcode, or remove it",
		},
	},
	{
		name:  "counts are whole numbers",
		text:  `{"stubs": [{"api": "*", "after": -1}, {"api": "*", "times": 1.5}, {"api": "*", "times": 1e99}, {"api": "*", "after": 1e1, "times": 2.0}]}`,
		stubs: []string{`1:96 {"api":"*","after":10,"times":2}`},
		findings: []string{
			"wxfn.stubs.json:1:34: error: stubs[0].after cannot be -1 (stub-count); write a whole number, 0 or more",
			"wxfn.stubs.json:1:61: error: stubs[1].times cannot be 1.5 (stub-count); write a whole number, 0 or more",
			"wxfn.stubs.json:1:89: error: stubs[2].times cannot be 1e99 (stub-count); write a whole number, 0 or more",
		},
	},
	{
		name:  "codes are those of errors",
		text:  `{"stubs": [{"api": "*", "errcode": 0}, {"api": "*", "errcode": 1.5}, {"api": "*", "systemError": 0}, {"api": "*", "systemError": -604101.5}, {"api": "*", "errcode": -1}]}`,
		stubs: []string{`1:142 {"api":"*","errcode":-1}`},
		findings: []string{
			"wxfn.stubs.json:1:36: error: stubs[0].errcode cannot be 0, which is no error (stub-errcode); write the code of an error, such as 45029; for a success, write result",
			"wxfn.stubs.json:1:64: error: stubs[1].errcode cannot be 1.5 (stub-errcode); write the code of an error, such as 45029",
			"wxfn.stubs.json:1:98: error: stubs[2].systemError cannot be 0, which is no system error of the platform (stub-system-error); write one of -604100 -604101 -604102 -604103 -604104 -601001 -601002",
			"wxfn.stubs.json:1:130: error: stubs[3].systemError cannot be -604101.5, which is no system error of the platform (stub-system-error); write one of -604100 -604101 -604102 -604103 -604104 -601001 -601002",
		},
	},
	{
		name:  "faults have names",
		text:  `{"stubs": [{"api": "*", "fault": "Timeout"}, {"api": "*", "fault": ""}, {"api": "*", "fault": "malformed"}]}`,
		stubs: []string{`1:73 {"api":"*","fault":"malformed"}`},
		findings: []string{
			`wxfn.stubs.json:1:34: error: stubs[0].fault cannot be "Timeout" (stub-fault); write "timeout", "cut" or "malformed"`,
			`wxfn.stubs.json:1:68: error: stubs[1].fault cannot be "" (stub-fault); write "timeout", "cut" or "malformed"`,
		},
	},
	{
		name: "delays are durations",
		text: `{"stubs": [
			{"api": "*", "delay": "5"}, {"api": "*", "delay": "-1s"}, {"api": "*", "delay": "10m1ms"},
			{"api": "*", "delay": {"min": "2s", "max": "1s"}}, {"api": "*", "delay": {"seed": -1}}, {"api": "*", "delay": {"max": "x"}},
			{"api": "*", "delay": "10m", "times": 1}, {"api": "*", "delay": {"max": "1s"}, "times": 1}, {"api": "*", "delay": {"min": "1s"}}
		]}`,
		stubs: []string{
			`4:4 {"api":"*","times":1,"delay":"10m0s"}`,
			`4:46 {"api":"*","times":1,"delay":{"min":"0s","max":"1s"}}`,
			`4:96 {"api":"*","delay":"1s"}`,
		},
		findings: []string{
			`wxfn.stubs.json:2:26: error: stubs[0].delay cannot be "5", which is no duration (stub-delay); write a duration of at most 10 minutes, such as "200ms" or "1.5s"`,
			`wxfn.stubs.json:2:54: error: stubs[1].delay cannot be "-1s", which is negative (stub-delay); write a duration of at most 10 minutes, such as "200ms" or "1.5s"`,
			`wxfn.stubs.json:2:84: error: stubs[2].delay cannot be "10m1ms", which is longer than 10 minutes (stub-delay); write a duration of at most 10 minutes, such as "200ms" or "1.5s"`,
			`wxfn.stubs.json:3:26: error: stubs[3].delay.min is above max (stub-delay); exchange them`,
			`wxfn.stubs.json:3:86: error: stubs[4].delay.seed cannot be -1 (stub-delay); write a whole number from 0 to 18446744073709551615`,
			`wxfn.stubs.json:3:122: error: stubs[5].delay.max cannot be "x", which is no duration (stub-delay); write a duration of at most 10 minutes, such as "200ms" or "1.5s"`,
		},
	},
	{
		name: "conditions have paths and operators",
		text: `{"stubs": [{"api": "*", "params": {"": 1, "a..b": 1, "a": {"$like": 1, "$exists": "yes", "$lik": "", "x": 1}, "b": {"c": {"$d": 1}}}}]}`,
		findings: []string{
			`wxfn.stubs.json:1:36: error: stubs[0].params."" is no path to a parameter: it is empty (stub-path); write a gjson path, such as "line_color.r"`,
			`wxfn.stubs.json:1:43: error: stubs[0].params."a..b" is no path to a parameter: a name is missing beside a . (stub-path); write a gjson path, such as "line_color.r"`,
			`wxfn.stubs.json:1:69: error: stubs[0].params.a.$like is a number, not a string (wrong-type); put it into double quotes`,
			`wxfn.stubs.json:1:83: error: stubs[0].params.a.$exists is a string, not a boolean (wrong-type); write true or false`,
			`wxfn.stubs.json:1:90: error: stubs[0].params.a.$lik is no condition (stub-operator); did you mean "$like"?`,
			`wxfn.stubs.json:1:102: error: stubs[0].params.a.x is no condition (stub-operator); write "$like": "*text*" or "$exists": true, or a value`,
		},
	},
	{
		name: "conditions are on the API's parameters",
		text: `{"stubs": [{"api": "wxacode.get", "params": {"lineColor.r": 1, "line_color": {}, "pth": "a", "colour": 1, "wid*": 1, "@this": {}}},
			{"api": "wxacode.*", "params": {"any": 1}}, {"api": "templateMessage.send", "params": {"any": 1}}]}`,
		stubs: []string{
			`1:12 {"api":"wxacode.get","params":{"@this":{},"colour":1,"lineColor.r":1,"line_color":{},"pth":"a","wid*":1}}`,
			`2:4 {"api":"wxacode.*","params":{"any":1}}`,
			`2:48 {"api":"templateMessage.send","params":{"any":1}}`,
		},
		findings: []string{
			`wxfn.stubs.json:1:82: warning: wxacode.get has no parameter "pth" (unknown-parameter); did you mean "path"?`,
			`wxfn.stubs.json:1:94: warning: wxacode.get has no parameter "colour" (unknown-parameter); write one of path, width, auto_color, line_color, is_hyaline, env_version`,
		},
	},
	{
		name:  "files can be read",
		text:  `{"stubs": [{"api": "*", "file": "none.jpg"}, {"api": "*", "file": ""}, {"api": "*", "file": "."}, {"api": "*", "file": "./answer.jpg"}]}`,
		stubs: []string{`1:99 {"api":"*","file":"answer.jpg"}`},
		findings: []string{
			`wxfn.stubs.json:1:33: error: stubs[0].file is "none.jpg", which cannot be read: no such file or directory (stub-file); name a file that can be read, of at most 10 MiB`,
			`wxfn.stubs.json:1:67: error: stubs[1].file is empty (stub-file); name a file that can be read, of at most 10 MiB`,
			`wxfn.stubs.json:1:93: error: stubs[2].file is ".", which cannot be read: it is not an ordinary file (stub-file); name a file that can be read, of at most 10 MiB`,
		},
	},
	{
		name: "phone numbers are digits",
		text: `{"phoneNumbers": {"a": "138 0013 8000", "b": "+", "c": 13800138000, "d": "+8613800138000"}}`,
		findings: []string{
			`wxfn.stubs.json:1:24: error: phoneNumbers.a cannot be "138 0013 8000" (phone-number); write digits, such as "13800138000", or "+852-51234567"`,
			`wxfn.stubs.json:1:46: error: phoneNumbers.b cannot be "+" (phone-number); write digits, such as "13800138000", or "+852-51234567"`,
			`wxfn.stubs.json:1:56: error: phoneNumbers.c is a number, not a string (wrong-type); put it into double quotes`,
		},
	},
	{
		name: "consents are counted",
		text: `{"subscriptions": {"oAlice": {"T": 2, "U": -1, "V": 0}, "oBob": {"T": -2, "U": 1.5, "V": "1"}, "oCarol": 3}}`,
		findings: []string{
			`wxfn.stubs.json:1:71: error: subscriptions.oBob.T cannot be -2 (stub-count); write how many messages, or -1 for a long-term subscription`,
			`wxfn.stubs.json:1:80: error: subscriptions.oBob.U cannot be 1.5 (stub-count); write how many messages, or -1 for a long-term subscription`,
			`wxfn.stubs.json:1:90: error: subscriptions.oBob.V is a string, not a number (wrong-type); write digits without quotes`,
			`wxfn.stubs.json:1:106: error: subscriptions.oCarol is a number, not an object (wrong-type); write { … }`,
		},
	},
	{
		name: "a stub after one that takes all its calls is reported, counted from the file's stubs",
		text: "{\"stubs\": [\n{\"api\": 1},\n{\"api\": \"wxacode.get\", \"params\": {\"width\": 430.0}},\n{\"api\": \"wxacode.get\", \"params\": {\"width\": 43e1, \"path\": \"a\"}, \"openid\": \"o\"}]}",
		stubs: []string{
			`3:1 {"api":"wxacode.get","params":{"width":430.0}}`,
			`4:1 {"api":"wxacode.get","openid":"o","params":{"path":"a","width":43e1}}`,
		},
		findings: []string{
			"wxfn.stubs.json:2:9: error: stubs[0].api is a number, not a string (wrong-type); put it into double quotes",
			"wxfn.stubs.json:4:1: warning: stubs[2] never answers: stubs[1] (line 3) takes every call that it could (stub-never-answers); move it up, or narrow the other with params, function, openid or times",
		},
	},
}

func TestStubsOfAProject(t *testing.T) {
	t.Parallel()
	for _, c := range stubCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, map[string]string{stubsFile: c.text, "answer.jpg": "", "a/index.js": ""})
			p, findings, err := LoadProject(dir)
			require.NoError(t, err)
			var stubs []string
			for _, s := range p.Stubs.Stubs {
				if s.File != "" {
					assert.Equal(t, filepath.Join(dir, "answer.jpg"), s.File)
					s.File = "answer.jpg"
				}
				text, err := json.Marshal(s)
				require.NoError(t, err)
				stubs = append(stubs, fmt.Sprintf("%d:%d %s", s.Line, s.Column, text))
			}
			assert.Equal(t, c.stubs, stubs)
			assert.Equal(t, c.findings, lines(findings))
		})
	}
}

func TestStubFileIsBesideTheProjectFile(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"project.config.json":          "{}",
		"wxfn.stubs.json":              `{"riskyTexts": ["casino"], "phoneNumbers": {"oAlice": "13800138000"}, "more": 1}`,
		"cloudfunctions/a/index.js":    "",
		"cloudfunctions/wxfn.stubs.js": "",
	})
	p, findings, err := LoadProject(filepath.Join(dir, "cloudfunctions", "a"))
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "wxfn.stubs.json"), p.StubsFile)
	assert.Equal(t, &Stubs{RiskyTexts: []string{"casino"}, PhoneNumbers: map[string]string{"oAlice": "13800138000"}}, p.Stubs)
	require.Len(t, findings, 1)
	assert.Equal(t, "../../wxfn.stubs.json", findings[0].File, "as seen from the folder")
}

func TestProjectWithoutStubsHasNone(t *testing.T) {
	t.Parallel()
	for text, finding := range map[string]string{
		"":   "", // no file
		"{":  "wxfn.stubs.json:1:2: error: the file is not JSON: parsing value: unexpected end of the file (invalid-json); correct it here; until then nothing of the file is used",
		"[]": "wxfn.stubs.json:1:1: error: the file is an array, not an object (wrong-type); write { … }",
	} {
		files := map[string]string{"a/index.js": ""}
		if text != "" {
			files[stubsFile] = text
		}
		dir := tree(t, files)
		p, findings, err := LoadProject(dir)
		require.NoError(t, err)
		assert.Nil(t, p.Stubs)
		assert.Equal(t, filepath.Join(dir, stubsFile), p.StubsFile, "whether it exists or not")
		assert.Equal(t, finding, strings.Join(lines(findings), "\n"))
	}
}

func TestParseStubs(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"answer.jpg": ""})
	for _, c := range []struct {
		name, text, dir string
		apis            []string
		findings        []string
	}{
		{name: "an object as in a file", text: `{"stubs": [{"api": "wxacode.get"}, {"api": "wxacode.*"}]}`, apis: []string{"wxacode.get", "wxacode.*"}},
		{name: "a stub", text: `{"api": "wxacode.get", "times": 1}`, apis: []string{"wxacode.get"}},
		{
			name: "a stub with faults", text: `{"api": "wxacode.get", "times": "1", "result": {}, "errcode": 1}`,
			findings: []string{
				"the body:1:33: error: times is a string, not a number (wrong-type); write digits without quotes",
				"the body:1:52: error: the stub has result and errcode, and can have one answer (stub-answers); remove one of them",
			},
		},
		{
			name: "an array of stubs", text: `[{"api": "wxacode.get"}, {"times": 1}]`, apis: []string{"wxacode.get"},
			findings: []string{`the body:1:26: error: stubs[1] has no api (missing-key); add "api": "wxacode.createQRCode"`},
		},
		{
			name: "no stub", text: `7`,
			findings: []string{"the body:1:1: error: the file is a number, not an object (wrong-type); write { … }"},
		},
		{
			name: "no JSON", text: ``,
			findings: []string{"the body:1:1: error: the file is not JSON: parsing value: unexpected end of the file (invalid-json); correct it here; until then nothing of the file is used"},
		},
		{name: "a file in a folder", text: `{"api": "wxacode.get", "file": "answer.jpg"}`, dir: dir, apis: []string{"wxacode.get"}},
		{
			name: "a file without a folder", text: `{"api": "wxacode.get", "file": "answer.jpg"}`,
			findings: []string{`the body:1:32: error: file is "answer.jpg", and there is no folder that it is relative to (stub-file); write an absolute path`},
		},
		{name: "an absolute file", text: fmt.Sprintf(`{"api": "wxacode.get", "file": %q}`, filepath.Join(dir, "answer.jpg")), apis: []string{"wxacode.get"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, findings := ParseStubs("the body", []byte(c.text), c.dir)
			var apis []string
			for _, stub := range s.Stubs {
				apis = append(apis, stub.API)
			}
			assert.Equal(t, c.apis, apis)
			assert.Equal(t, c.findings, lines(findings))
		})
	}
}

func TestStubWithAHugeFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"most": strings.Repeat("x", maxStubFile), "more": strings.Repeat("x", maxStubFile+1)})
	s, findings := ParseStubs("body", []byte(`[{"api": "wxacode.get", "file": "more"}, {"api": "wxacode.get", "file": "most"}]`), dir)
	require.Len(t, s.Stubs, 1)
	assert.Equal(t, []string{
		`body:1:33: error: stubs[0].file is "more", which cannot be read: it is larger than 10 MiB (stub-file); name a file that can be read, of at most 10 MiB`,
	}, lines(findings))
}

func TestCheckOfAStubMadeInGo(t *testing.T) {
	t.Parallel()
	const api = "wxacode.get"
	for _, c := range []struct {
		stub Stub
		want string
	}{
		{Stub{API: api}, ""},
		{Stub{API: "new.api", Result: struct{ A int }{1}, Params: map[string]any{"a.b": []int{1}, "c": map[string]bool{"$exists": true}}, Delay: Delay{Min: 1, Max: 2}}, ""},
		{Stub{}, `config: the stub has no api; add "api": "wxacode.createQRCode"`},
		{Stub{Name: "no codes"}, `config: stub "no codes": the stub has no api; add "api": "wxacode.createQRCode"`},
		{Stub{API: api, Times: -1}, `config: stub "wxacode.get": times cannot be -1; write a whole number, 0 or more`},
		{Stub{API: api, Result: []int{}}, `config: stub "wxacode.get": result is an array, not an object; write { … }`},
		{Stub{API: api, Result: map[string]int{}, ErrCode: 1}, `config: stub "wxacode.get": the stub has result and errcode, and can have one answer; remove one of them`},
		{Stub{API: api, ErrMsg: "x"}, `config: stub "wxacode.get": the stub has errmsg and no errcode; add errcode, or remove it`},
		{Stub{API: api, SystemError: 1}, `config: stub "wxacode.get": systemError cannot be 1, which is no system error of the platform; write one of -604100 -604101 -604102 -604103 -604104 -601001 -601002`},
		{Stub{API: api, Fault: "x"}, `config: stub "wxacode.get": fault cannot be "x"; write "timeout", "cut" or "malformed"`},
		{Stub{API: api, File: "stubs.go"}, ""},
		{Stub{API: api, File: "none"}, `config: stub "wxacode.get": file is "none", which cannot be read: no such file or directory; name a file that can be read, of at most 10 MiB`},
		{Stub{API: api, Delay: Delay{Min: -time.Second}}, `config: stub "wxacode.get": delay cannot be "-1s", which is negative; write a duration of at most 10 minutes, such as "200ms" or "1.5s"`},
		{Stub{API: api, Delay: Delay{Min: 2, Max: 1}}, `config: stub "wxacode.get": delay.min is above max; exchange them`},
		{Stub{API: api, Params: map[string]any{"a": map[string]any{"$like": 1}}}, `config: stub "wxacode.get": params.a.$like is a number, not a string; put it into double quotes`},
		{Stub{API: api, Result: math.Inf(1)}, `config: stub "wxacode.get" cannot be written as JSON: json: unsupported value: +Inf; use values that can`},
	} {
		err := c.stub.Check()
		if c.want == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, c.want)
		}
	}
}

func TestStubTellsWhatItMisses(t *testing.T) {
	t.Parallel()
	const params = `{"path": "pages/a*c", "width": 430, "big": 9007199254740993, "color": {"r": 1, "g": [0, 2e0]}, "none": null, "on": true}`
	like := func(pattern string) map[string]any { return map[string]any{"$like": pattern} }
	exists := func(b bool) map[string]any { return map[string]any{"$exists": b} }
	for _, c := range []struct {
		name string
		stub Stub
		want []string
	}{
		{"an API alone", Stub{}, nil},
		{"function and user", Stub{Function: "f", OpenID: "oAlice"}, nil},
		{"patterns for them", Stub{Function: "*", OpenID: "o*ce"}, nil},
		{"another function, and another user", Stub{Function: "g*", OpenID: "o"}, []string{`function is "f", not "g*"`, `openid is "oAlice", not "o"`}},
		{"equal values", Stub{Params: map[string]any{"path": "pages/a*c", "width": 430.0, "none": nil, "on": true}}, nil},
		{"equal values below", Stub{Params: map[string]any{"color": map[string]any{"g": []int{0, 2}, "r": 1}, "color.g.1": 2, "color.g.#": 2}}, nil},
		{"equal numbers", Stub{Params: map[string]any{"big": json.Number("9007199254740993.0"), "width": json.RawMessage("4.3e2")}}, nil},
		{"nearly equal numbers", Stub{Params: map[string]any{"big": 9007199254740992}}, []string{"big is 9007199254740993, not 9007199254740992"}},
		{"other values", Stub{Params: map[string]any{"width": "430", "path": "pages/*", "color": map[string]any{"r": 1}}}, []string{
			`color is {"r": 1, "g": [0, 2e0]}, not {"r":1}`, `path is "pages/a*c", not "pages/*"`, `width is 430, not "430"`,
		}},
		{"a value that is missing", Stub{Params: map[string]any{"scene": nil}}, []string{"scene is missing, not null"}},
		{"patterns", Stub{Params: map[string]any{"path": like(`pag??/a\**`)}}, nil},
		{"other patterns", Stub{Params: map[string]any{"path": like("a*"), "width": like("4*"), "scene": like("*")}}, []string{
			`path is "pages/a*c", not like "a*"`, `scene is missing, not like "*"`, `width is 430, not like "4*"`,
		}},
		{"what exists", Stub{Params: map[string]any{"none": exists(true), "scene": exists(false)}}, nil},
		{"what does not", Stub{Params: map[string]any{"none": exists(false), "scene": exists(true)}}, []string{"none is null", "scene is missing"}},
		{"several operators", Stub{Params: map[string]any{"path": map[string]any{"$exists": true, "$like": "x"}}}, []string{`path is "pages/a*c", not like "x"`}},
		{"what is no JSON", Stub{Params: map[string]any{"path": math.NaN()}}, []string{"path is compared with what is no JSON: json: unsupported value: NaN"}},
		{"a long value", Stub{Params: map[string]any{"width": strings.Repeat("长", 100)}}, []string{`width is 430, not "` + strings.Repeat("长", 59) + "…"}},
	} {
		c.stub.API = "wxacode.*"
		misses, ofAPI := c.stub.Misses("wxacode.get", "f", "oAlice", []byte(params))
		assert.True(t, ofAPI)
		assert.Equal(t, c.want, misses, c.name)
	}
	misses, ofAPI := (&Stub{API: "wxacode.get", Function: "g"}).Misses("wxacode.getUnlimited", "f", "oAlice", nil)
	assert.Empty(t, misses)
	assert.False(t, ofAPI)
	misses, _ = (&Stub{API: "*", Params: map[string]any{"a": exists(false), "b": 1}}).Misses("wxacode.get", "f", "", nil)
	assert.Equal(t, []string{"b is missing, not 1"}, misses)
}

func TestWildcard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true}, {"*", "a", true}, {"", "", true}, {"", "a", false},
		{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*b", "ab", true}, {"a*b", "ab", true}, {"a*b", "a", false},
		{"ab*ba", "aba", false}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "acb", false}, {"a.?", "a.b", false}, {"a**", "a", true},
		// A pattern has all names of another.
		{"*", "a*", true}, {"a*", "*", false}, {"a*", "a*b", true}, {"a*b", "a*", false}, {"*a*", "b*a*", true}, {"a*c", "a*b*c", true}, {"ab", "a*", false},
	} {
		assert.Equal(t, c.want, wildcard(c.pattern, c.name), "%q has %q", c.pattern, c.name)
	}
}

func TestStubThatNeverAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		earlier, later string
		want           bool
	}{
		{"the same API", `{"api": "wxacode.get"}`, `{"api": "wxacode.get"}`, true},
		{"another API", `{"api": "wxacode.get"}`, `{"api": "wxacode.getUnlimited"}`, false},
		{"a pattern", `{"api": "wxacode.*"}`, `{"api": "wxacode.get"}`, true},
		{"a pattern for less", `{"api": "wxacode.get"}`, `{"api": "wxacode.*"}`, false},
		{"a wider pattern", `{"api": "*"}`, `{"api": "wxacode.*"}`, true},
		{"one function of any", `{"api": "*"}`, `{"api": "*", "function": "f", "openid": "o"}`, true},
		{"any function by name", `{"api": "*", "function": "*"}`, `{"api": "*"}`, true},
		{"any function after one", `{"api": "*", "function": "f"}`, `{"api": "*"}`, false},
		{"any user after one", `{"api": "*", "openid": "o"}`, `{"api": "*"}`, false},
		{"calls that pass", `{"api": "*", "after": 1}`, `{"api": "*"}`, false},
		{"calls that are left", `{"api": "*", "times": 1}`, `{"api": "*"}`, false},
		{"more conditions", `{"api": "*", "params": {"a": {"b": 1}}}`, `{"api": "*", "params": {"a": {"b": 1.0}, "c": 1}}`, true},
		{"fewer conditions", `{"api": "*", "params": {"a": 1, "b": 1}}`, `{"api": "*", "params": {"a": 1}}`, false},
		{"other conditions", `{"api": "*", "params": {"a": 1}}`, `{"api": "*", "params": {"a": "1"}}`, false},
		{"the same operator", `{"api": "*", "params": {"a": {"$like": "x*"}}}`, `{"api": "*", "params": {"a": {"$like": "x*"}}}`, true},
		{"one with an error", `{"api": "*", "times": -1}`, `{"api": "*"}`, false},
	} {
		_, findings := ParseStubs("body", []byte("["+c.earlier+","+c.later+"]"), "")
		found := false
		for _, f := range findings {
			found = found || f.Code == codeStubNeverAnswers
		}
		assert.Equal(t, c.want, found, c.name)
	}
}

func TestPathFault(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"path": "", "line_color.r": "", "list.0.name": "", "list.#": "", `a\.b`: "", "a|b": "", "@this": "", "wid*": "",
		`list.#(name=="a.b)").x`: "", `list.#(a.#(b=="c"))#`: "", "{a,b}": "", "[a.b,c]": "", `@pretty:{"a":1}`: "", "a(b": "", `list.#(a=="\"")`: "",
		"": "it is empty", ".a": "a name is missing beside a .", "a.": "a name is missing beside a .", "a.|b": "a name is missing beside a |",
		`a\`: `it ends in a \`, "list.#(a": "it lacks a )", "{a,b": "it lacks a }", "list.#(a=={)": "it lacks a }",
	} {
		assert.Equal(t, want, pathFault(path), path)
	}
}

func TestDelayIsTheSameJSONBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		delay Delay
		text  string
	}{
		{Delay{}, `"0s"`},
		{Delay{Min: 200 * time.Millisecond}, `"200ms"`},
		{Delay{Max: time.Second}, `{"min":"0s","max":"1s"}`},
		{Delay{Min: time.Millisecond, Max: time.Second, Seed: math.MaxUint64}, `{"min":"1ms","max":"1s","seed":18446744073709551615}`},
		{Delay{Min: time.Second, Seed: 7}, `{"min":"1s","seed":7}`},
	} {
		text, err := json.Marshal(c.delay)
		require.NoError(t, err)
		assert.Equal(t, c.text, string(text))
		var back Delay
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, c.delay, back)
	}
	d := Delay{Min: 1}
	require.NoError(t, json.Unmarshal([]byte("null"), &d))
	assert.Equal(t, Delay{Min: 1}, d)
	assert.EqualError(t, json.Unmarshal([]byte(`{"min": "1h"}`), &d),
		`config: delay.min cannot be "1h", which is longer than 10 minutes; write a duration of at most 10 minutes, such as "200ms" or "1.5s"`)
	assert.Equal(t, Delay{Min: 1}, d)
}

func TestLoadedStubsAreTheSameAfterJSON(t *testing.T) {
	t.Parallel()
	text := `{"stubs":[{"api":"*","params":{"a":1.50,"b":{"$exists":true}},"result":{"z":1,"a":12345678901234567890},"delay":"1s"}],"riskyTexts":["x"],"subscriptions":{}}`
	s, findings := ParseStubs("body", []byte(text), "")
	require.Empty(t, findings)
	again, err := json.Marshal(s)
	require.NoError(t, err)
	assert.Equal(t, text, string(again))
}

func FuzzParseStubs(f *testing.F) {
	for _, c := range stubCases {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, findings := ParseStubs("body", text, "")
		for _, x := range findings {
			assert.NotContains(t, x.String(), "\n")
			assert.NotEmpty(t, x.Advice)
		}
		for _, stub := range s.Stubs {
			assert.NoError(t, stub.Check(), "a stub that is kept has no error")
			stub.Misses(stub.API, stub.Function, stub.OpenID, text)
		}
	})
}
