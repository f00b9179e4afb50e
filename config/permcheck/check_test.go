package permcheck_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/tools/txtar"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck"
)

// tree writes the files of a txtar archive below a new folder. One that starts with #! is executable.
func tree(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		mode := os.FileMode(0o644)
		if strings.HasPrefix(string(f.Data), "#!") {
			mode = 0o755
		}
		write(t, filepath.Join(dir, filepath.FromSlash(f.Name)), string(f.Data), mode)
	}
	return dir
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), mode))
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(text)
}

// check checks folders below base; base itself if there are none.
func check(t *testing.T, base string, dirs ...string) *permcheck.Report {
	t.Helper()
	if len(dirs) == 0 {
		dirs = []string{"."}
	}
	for i := range dirs {
		dirs[i] = filepath.Join(base, filepath.FromSlash(dirs[i]))
	}
	r, err := permcheck.Check(t.Context(), base, dirs...)
	require.NoError(t, err)
	return r
}

func lines(r *permcheck.Report) []string {
	var lines []string
	for _, f := range r.Findings {
		lines = append(lines, f.Finding.String())
	}
	return lines
}

// module adds a go.mod with which functions build offline, beside this module.
func module(t *testing.T, dir string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	f, err := modfile.Parse("go.mod", []byte(read(t, root, "go.mod")), nil)
	require.NoError(t, err)
	own := f.Module.Mod.Path
	require.NoError(t, errors.Join(f.AddModuleStmt("functions"), f.AddRequire(own, "v0.0.0"), f.AddReplace(own, "", root, "")))
	text, err := f.Format()
	require.NoError(t, err)
	write(t, filepath.Join(dir, "go.mod"), string(text), 0o644)
	write(t, filepath.Join(dir, "go.sum"), read(t, root, "go.sum"), 0o644)
}

// sdk is the start of a function in JavaScript.
const sdk = "const cloud = require('wx-server-sdk')\n"

const (
	hintGo = "; name what it can be in a comment on the line above: //wxfn:permissions wxacode.get, security.msgSecCheck"
	hintJS = "; write the name as a constant, or name what it can be in a comment on the line above: // wxfn:permissions wxacode.get, security.msgSecCheck"
)

func TestCodeIsComparedWithConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files string
		want  []string
	}{
		{"what is used and permitted is fine", `
-- a/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.get(e)
-- a/config.json --
{"permissions": {"openapi": ["wxacode.get"]}}
`, nil},
		{"a function that calls nothing needs no config.json", `
-- a/index.js --
exports.main = e => e.a + e.b
`, nil},
		{"a function that calls nothing may have an empty config.json", `
-- a/index.js --
` + sdk + `exports.main = e => cloud.getWXContext()
-- a/config.json --
{"permissions": {"openapi": []}, "triggers": []}
`, nil},
		{"what is not permitted", `
-- a/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.get(e)
-- a/config.json --
{"permissions": {"openapi": []}}
`, []string{`a/index.js:2:43: error: a calls wxacode.get, which its config.json does not permit (missing-permission); add "wxacode.get" to permissions.openapi in a/config.json`}},
		{"a config.json without permissions", `
-- a/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.get(e)
-- a/config.json --
{}
`, []string{`a/index.js:2:43: error: a calls wxacode.get, which its config.json does not permit (missing-permission); add "wxacode.get" to permissions.openapi in a/config.json`}},
		{"no config.json", `
-- a/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.get(e)
`, []string{`a/index.js:2:43: error: a calls wxacode.get and has no config.json to permit it (missing-permission); create a/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`}},
		{"several uses are one finding, at the nearest", `
-- a/index.js --
` + sdk + `const get = e => cloud.openapi.wxacode.get(e)
const later = e => get(e)
exports.main = e => e ? later(e) : cloud.openapi.wxacode.get(e)
-- b/index.js --
` + sdk + `exports.main = e => [cloud.openapi.wxacode.get(e), cloud.openapi.wxacode.get(1), cloud.openapi.wxacode.get(2)]
`, []string{
			`a/index.js:4:58: error: a calls wxacode.get (and one more such call) and has no config.json to permit it (missing-permission); create a/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`,
			`b/index.js:2:44: error: b calls wxacode.get (and 2 more such calls) and has no config.json to permit it (missing-permission); create b/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`}},
		{"a name that is no API's, and what may be meant", `
-- a/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.getUnlimit(e)
-- b/index.js --
` + sdk + `exports.main = e => cloud.openapi.nothing.of.the.kind(e)
`, []string{
			`a/index.js:2:43: error: a calls "wxacode.getUnlimit", and there is no such API (unknown-call); did you mean "wxacode.getUnlimited"?`,
			`b/index.js:2:50: error: b calls "nothing.of.the.kind", and there is no such API (unknown-call); write a name from the API reference, such as "wxacode.createQRCode"`}},
		{"an entry is not unused that a wrong name may have meant", `
-- a/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.getUnlimit(e)
-- a/config.json --
{"permissions": {"openapi": ["img.aiCrop", "wxacode.getUnlimited"]}}
`, []string{
			`a/config.json:1:30: warning: a permits img.aiCrop, which its code never calls (unused-permission); remove the entry`,
			`a/index.js:2:43: error: a calls "wxacode.getUnlimit", and there is no such API (unknown-call); did you mean "wxacode.getUnlimited"?`}},
		{"entries: unused, twice, unknown, retired", `
-- a/index.js --
` + sdk + `exports.main = e => [cloud.openapi.wxacode.get(e), cloud.openapi.templateMessage.send(e)]
-- a/config.json --
{"permissions": {"openapi": [
  "wxacode.get",
  "templateMessage.send",
  "img.aiCrop",
  "wxacode.get",
  "wxacode.gets"
]}}
`, []string{
			`a/config.json:3:3: warning: WeChat no longer offers templateMessage.send (retired-api); use subscribeMessage.send and the templates of subscription messages`,
			`a/config.json:4:3: warning: a permits img.aiCrop, which its code never calls (unused-permission); remove the entry`,
			`a/config.json:5:3: warning: permission "wxacode.get" stands here again (duplicate-permission); remove one of the entries`,
			`a/config.json:6:3: error: there is no API "wxacode.gets" to permit (unknown-permission); did you mean "wxacode.get"?`}},
		{"an entry that is retired and unused is one finding", `
-- a/index.js --
` + sdk + `exports.main = e => 1
-- a/config.json --
{"permissions": {"openapi": ["templateMessage.send"]}}
`, []string{
			`a/config.json:1:30: warning: a permits templateMessage.send, which WeChat no longer offers and its code never calls (retired-api); remove the entry`}},
		{"a config.json that cannot be understood is the only finding: no JSON, a wrong type, a misspelt key", `
-- a/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.get(e)
-- a/config.json --
{"permissions": {"openapi": ["img.aiCrop"}
-- b/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.get(e)
-- b/config.json --
{"permissions": {"openapi": "wxacode.get"}}
-- c/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.get(e)
-- c/config.json --
{"permission": {"openapi": ["wxacode.get"]}}
-- d/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.get(e)
-- d/config.json --
[]
`, []string{
			"a/config.json:1:42: error: the file is not JSON: invalid character '}' after array value (expecting ',' or ']') (invalid-json); correct it here; until then nothing of the file is used",
			`b/config.json:1:29: error: permissions.openapi is a string, not an array (wrong-type); write [ … ]`,
			`c/config.json:1:2: error: permission is not read by the cloud (misspelt-key); did you mean permissions?`,
			`d/config.json:1:1: error: the file is an array, not an object (wrong-type); write { … }`}},
		{"a name made up at run time is a doubt, and then nothing is unused", `
-- a/index.js --
` + sdk + `exports.main = e => cloud.openapi[e.a][e.b](e)
-- a/config.json --
{"permissions": {"openapi": ["img.aiCrop"]}}
`, []string{`a/index.js:2:35: warning: a: cannot tell which API cloud.openapi[e.a][e.b] is (unresolved-api)` + hintJS}},
		{"a directive says what the name can be", `
-- a/index.js --
` + sdk + `exports.main = e =>
  // wxfn:permissions wxacode.get, wxacode.getUnlimited
  cloud.openapi[e.a][e.b](e)
-- a/config.json --
{"permissions": {"openapi": ["img.aiCrop", "wxacode.get"]}}
`, []string{
			`a/config.json:1:30: warning: a permits img.aiCrop, which its code never calls (unused-permission); remove the entry`,
			`a/index.js:4:17: error: a calls wxacode.getUnlimited, which its config.json does not permit (missing-permission); add "wxacode.getUnlimited" to permissions.openapi in a/config.json`}},
		{"TypeScript that has not been compiled", `
-- a/index.ts --
import cloud from 'wx-server-sdk'
export const main = async (e: {path: string}): Promise<unknown> => cloud.openapi.wxacode.get(e as any)
-- b/lib/handler.mts --
import cloud from 'wx-server-sdk'
export const main = async () => cloud.openapi.wxacode.get({})
-- cloudbaserc.json --
{"functionRoot": ".", "functions": [{"name": "b", "handler": "lib/handler.main"}]}
`, []string{
			`a/index.ts:1:1: warning: the cloud starts index.js, and there is only index.ts, which wxfn compiles for itself (typescript-entry); compile it before the upload, such as by: npx esbuild index.ts --bundle --platform=node --packages=external --outfile=index.js`,
			`a/index.ts:2:90: error: a calls wxacode.get and has no config.json to permit it (missing-permission); create a/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`,
			`b/lib/handler.mts:1:1: warning: the cloud starts lib/handler.js, and there is only lib/handler.mts, which wxfn compiles for itself (typescript-entry); compile it before the upload, such as by: npx esbuild lib/handler.mts --bundle --platform=node --packages=external --outfile=lib/handler.js`,
			`b/lib/handler.mts:2:55: error: b calls wxacode.get and has no config.json to permit it (missing-permission); create b/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`}},
		{"HTTP functions: JavaScript by the script that starts it, and by its type", `
-- fn/a/scf_bootstrap --
#!/bin/bash
export PORT=9000
/var/lang/node18/bin/node ./app.js --port 9000
-- fn/a/app.js --
` + sdk + `require('http').createServer((q, r) => cloud.openapi.wxacode.get({}))
-- fn/b/index.js --
` + sdk + `require('http').createServer((q, r) => cloud.openapi.wxacode.get({}))
-- fn/c/scf_bootstrap --
#!/bin/sh
exec npm run start
-- fn/c/package.json --
{"scripts": {"start": "NODE_ENV=production node server.js"}}
-- fn/c/server.js --
` + sdk + `require('http').createServer((q, r) => cloud.openapi.wxacode.get({}))
-- fn/run/index.js --
` + sdk + `require('http').createServer((q, r) => cloud.openapi.wxacode.get({}))
-- fn/run/container.config.json --
{"containerPort": 80}
-- cloudbaserc.json --
{"functionRoot": "fn", "functions": [{"name": "b", "type": "HTTP"}]}
`, []string{
			`fn/a/app.js:2:62: error: a calls wxacode.get and has no config.json to permit it (missing-permission); create fn/a/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`,
			`fn/b/index.js:2:62: error: b calls wxacode.get and has no config.json to permit it (missing-permission); create fn/b/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`,
			`fn/c/server.js:2:62: error: c calls wxacode.get and has no config.json to permit it (missing-permission); create fn/c/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`,
			`fn/run/index.js:2:62: error: run calls wxacode.get and has no config.json to permit it (missing-permission); create fn/run/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`}},
		{"HTTP functions in TypeScript that has not been compiled: by the type, and by the script that starts it", `
-- fn/a/index.ts --
import cloud from 'wx-server-sdk'
require('http').createServer(() => cloud.openapi.wxacode.get({}))
-- fn/b/scf_bootstrap --
#!/bin/sh
exec node ./src/app.js
-- fn/b/src/app.ts --
import cloud from 'wx-server-sdk'
require('http').createServer(() => cloud.openapi.wxacode.get({}))
-- cloudbaserc.json --
{"functionRoot": "fn", "functions": [{"name": "a", "type": "HTTP"}]}
`, []string{
			`fn/a/index.ts:2:58: error: a calls wxacode.get and has no config.json to permit it (missing-permission); create fn/a/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`,
			`fn/b/src/app.ts:2:58: error: b calls wxacode.get and has no config.json to permit it (missing-permission); create fn/b/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`}},
		{"of an executable, the config.json is checked, and nothing is unused", `
-- a/bootstrap --
#!/bin/sh
-- a/config.json --
{"permissions": {"openapi": ["wxacode.get", "wxacode.nothingLikeIt"]}}
-- c/main --
#!/bin/false
-- c/config.json --
{"permissions": {"openapi": ["wxacode.get"]}}
-- b/scf_bootstrap --
#!/usr/bin/env python3
-- b/config.json --
{"permissions": {"openapi": ["wxacode.get"]}}
`, []string{`a/config.json:1:45: error: there is no API "wxacode.nothingLikeIt" to permit (unknown-permission); write a name from the API reference, such as "wxacode.createQRCode"`}},
		{"two functions of one name", `
-- one/a/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.get(e)
-- two/index.js --
exports.main = e => 1
-- cloudbaserc.json --
{"functionRoot": "one", "functions": [{"name": "a", "dir": "two"}, {"name": "a", "dir": "one/a"}]}
`, []string{
			`cloudbaserc.json:1:89: error: there are two functions "a", in "two" and in "one/a", and neither can be called (duplicate-function); rename or remove one of them`}},
		{"a folder that is no function is told, and the others are checked", `
-- a/README.md --
-- b/index.js --
exports.main = e => 1
`, []string{`a:1:1: warning: the folder is no function (no-entry); add index.js, a Go main package, or an executable bootstrap or scf_bootstrap; or move it elsewhere`}},
		{"a project whose function root is missing", `
-- project.config.json --
{"cloudfunctionRoot": "nowhere/"}
`, []string{
			`project.config.json:1:23: error: there is no folder "nowhere" for the functions (missing-root); create it, or correct cloudfunctionRoot`}},
		{"Windows line ends, Chinese, blanks", `
-- 云 函数/发送 通知/index.js --
` + strings.ReplaceAll(sdk+"\nexports.main = e => {\n\t/* 通知 */ return cloud.openapi.wxacode.get(e)\n}\n", "\n", "\r\n") + `
-- project.config.json --
{"cloudfunctionRoot": "云 函数"}
`, []string{`云 函数/发送 通知/index.js:4:40: error: 发送 通知 calls wxacode.get and has no config.json to permit it (missing-permission); create 云 函数/发送 通知/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := check(t, tree(t, c.files))
			assert.Equal(t, c.want, lines(r))
			assert.Empty(t, r.Failures)
		})
	}
}

// goFunctions are functions in Go: a, b and c share the package qr.
const goFunctions = `
-- qr/qr.go --
package qr

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func Get(ctx context.Context) error {
	_, err := openapi.Wxacode.Get(ctx, nil)
	return err
}

func Named(ctx context.Context, api string) error { return openapi.Call(ctx, api, nil, nil) }
-- fn/a/main.go --
package main

import (
	"context"

	"functions/qr"
)

func main() { _ = qr.Get(context.Background()) }
-- fn/b/main.go --
package main

import (
	"context"

	"functions/qr"
)

func main() { _ = qr.Get(context.Background()) }
-- fn/b/config.json --
{"permissions": {"openapi": ["img.aiCrop", "wxacode.get"]}}
-- fn/c/main.go --
package main

import (
	"context"
	"os"

	"functions/qr"
)

func main() { _ = qr.Named(context.Background(), os.Args[1]) }
-- fn/c/config.json --
{"permissions": {"openapi": ["img.aiCrop"]}}
-- fn/d/main.go --
package main

import (
	"context"
	"os"

	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	//wxfn:permissions img.aiCrop, img.scanQRCode
	_ = openapi.Call(context.Background(), os.Args[1], nil, nil)
	_ = openapi.Call(context.Background(), "img.scanQrCode", nil, nil)
}
-- fn/d/config.json --
{"permissions": {"openapi": ["img.aiCrop"]}}
-- fn/web/main.go --
package main

import (
	"net/http"

	"functions/qr"
)

func main() {
	http.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { _ = qr.Get(r.Context()) })
}
-- fn/web/scf_bootstrap --
#!/bin/sh
exec ./main
`

func TestAGoCloudRunServiceIsCheckedAsAFunctionIs(t *testing.T) {
	t.Parallel()
	dir := tree(t, goFunctions+`-- fn/run/main.go --
package main

import (
	"net/http"

	"functions/qr"
)

func main() {
	http.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { _ = qr.Get(r.Context()) })
}
-- fn/run/container.config.json --
{"containerPort": 80}
`)
	module(t, dir)
	assert.Contains(t, lines(check(t, dir, "fn/run")),
		`qr/qr.go:10:28: error: run calls wxacode.get and has no config.json to permit it (missing-permission); create fn/run/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`)
}

func TestGoFunctionsShareCode(t *testing.T) {
	t.Parallel()
	dir := tree(t, goFunctions)
	module(t, dir)
	r := check(t, dir, "fn")
	assert.Equal(t, []string{
		`fn/b/config.json:1:30: warning: b permits img.aiCrop, which its code never calls (unused-permission); remove the entry`,
		`fn/c/main.go:10:22: error: c makes up the name of an API at run time, so that it cannot be checked (computed-api)` + hintGo,
		`fn/d/main.go:12:14: error: d calls img.scanQRCode, which its config.json does not permit (missing-permission); add "img.scanQRCode" to permissions.openapi in fn/d/config.json`,
		`fn/d/main.go:13:14: error: d calls "img.scanQrCode", and there is no such API (unknown-call); did you mean "img.scanQRCode"?`,
		`qr/qr.go:10:28: error: a calls wxacode.get and has no config.json to permit it (missing-permission); create fn/a/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`,
		`qr/qr.go:10:28: error: web calls wxacode.get and has no config.json to permit it (missing-permission); create fn/web/config.json with {"permissions": {"openapi": ["wxacode.get"]}}`,
	}, lines(r))
	require.Empty(t, r.Failures)

	i := slices.IndexFunc(r.Findings, func(f permcheck.Finding) bool { return f.Function == "a" })
	var way []string
	for _, s := range r.Findings[i].Path {
		way = append(way, fmt.Sprintf("%s %s:%d:%d", s.Name, s.File, s.Line, s.Column))
	}
	assert.Equal(t, []string{"main fn/a/main.go:9:6", "qr.Get fn/a/main.go:9:22", "openapi.Wxacode.Get qr/qr.go:10:28"}, way)
}

func TestACallWithAnAccessTokenOfItsOwnNeedsNoPermission(t *testing.T) {
	t.Parallel()
	dir := tree(t, `
-- fn/a/main.go --
package main

import (
	"net/http"
	"os"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

func main() {
	client := openapi.NewClient(openapi.WithAppCredential(os.Getenv("ID"), os.Getenv("SECRET")))
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = client.Wxacode.Get(r.Context(), nil)
		_, _ = client.OCR.Idcard(r.Context(), nil)
		_, _ = client.Img.AiCrop(r.Context(), nil)
		_ = client.Call(r.Context(), r.URL.Path, nil, nil)
		_ = client.Call(r.Context(), "ocr.idCard", nil, nil)
		_ = openapi.Call(r.Context(), "/wxa/getwxacode", nil, nil)
		_ = openapi.Call(r.Context(), "/wxa/newer", nil, nil)
	})
	cloudfn.StartHTTP(mux)
}
-- fn/a/config.json --
{"permissions": {"openapi": ["img.aiCrop", "search.submitPages"]}}
-- cloudbaserc.json --
{"functionRoot": "fn", "functions": [{"name": "a", "type": "HTTP"}]}
`)
	module(t, dir)
	r := check(t, dir)
	assert.Equal(t, []string{
		`fn/a/config.json:1:30: warning: a permits img.aiCrop, which its code calls only with an access token of its own (unused-permission); remove the entry`,
		`fn/a/config.json:1:44: warning: a permits search.submitPages, which its code never calls (unused-permission); remove the entry`,
		`fn/a/main.go:19:14: error: a calls "ocr.idCard", and there is no such API (unknown-call); did you mean "ocr.idcard"?`,
		`fn/a/main.go:20:15: error: a calls wxacode.get, which its config.json does not permit (missing-permission); add "wxacode.get" to permissions.openapi in fn/a/config.json`,
	}, lines(r))
	require.Len(t, r.Functions, 1)
	assert.Equal(t, []string{"img.aiCrop", "ocr.idCard", "ocr.idcard", "wxacode.get"}, r.Functions[0].Used)
}

func TestFunctionThatCannotBeAnalysedLeavesTheOthers(t *testing.T) {
	t.Parallel()
	dir := tree(t, `
-- fn/a/main.go --
package main

func main() { x := 1 }
-- fn/b/main.go --
package main

import "example.com/nowhere"

func main() { nowhere.Go() }
-- fn/c/index.js --
exports.main = e => (
-- fn/c/config.json --
{"permissions": {"openapi": ["wxacode.get"]}}
-- fn/d/main.go --
package main

func main() {}
-- fn/d/config.json --
{"permissions": {"openapi": ["wxacode.get"]}}
`)
	module(t, dir)
	r := check(t, dir, "fn")
	failures := map[string]string{}
	for _, f := range r.Failures {
		assert.Equal(t, "fn/"+f.Function, f.Dir)
		failures[f.Function] = f.Err.Error()
	}
	assert.Contains(t, failures["a"], "main.go:3:15: declared and not used: x")
	assert.Contains(t, failures["b"], "main.go:3:8: no required module provides package example.com/nowhere")
	assert.Contains(t, failures["c"], "index.js:2:1: ")
	assert.Len(t, failures, 3)
	assert.Equal(t, []string{`fn/d/config.json:1:30: warning: d permits wxacode.get, which its code never calls (unused-permission); remove the entry`}, lines(r))
	require.Len(t, r.Functions, 1)
	assert.Equal(t, permcheck.Function{Name: "d", Dir: "fn/d", Kind: config.KindGo, Used: []string{}, Declared: []string{"wxacode.get"}}, r.Functions[0])
}

func TestGoFunctionInNoModuleCannotBeAnalysed(t *testing.T) {
	t.Parallel()
	dir := tree(t, "-- a/main.go --\npackage main\n\nfunc main() {}\n")
	for parent := dir; parent != filepath.Dir(parent); parent = filepath.Dir(parent) {
		if _, err := os.Stat(filepath.Join(parent, "go.mod")); err == nil {
			t.Skip("the temporary folder is in a Go module")
		}
	}
	r := check(t, dir)
	require.Len(t, r.Failures, 1)
	assert.ErrorContains(t, r.Failures[0].Err, "is in no Go module; run: go mod init NAME && go mod tidy")
}

func TestOverlappingFoldersCountOnce(t *testing.T) {
	t.Parallel()
	dir := tree(t, goFunctions+`
-- fn/js/index.js --
`+sdk+`exports.main = e => cloud.openapi.wxacode.get(e)
-- project.config.json --
{"cloudfunctionRoot": "fn/", "appid": 42}
`)
	module(t, dir)
	want := lines(check(t, dir))
	assert.Len(t, want, 8)
	for _, dirs := range [][]string{{".", "fn"}, {"fn/js", ".", "fn/a", "fn"}, {"fn/a", "fn/b", "fn", "."}, {".", "."}} {
		assert.ElementsMatch(t, want, lines(check(t, dir, dirs...)), dirs)
	}
}

func TestFindingsAreInAFixedOrder(t *testing.T) {
	t.Parallel()
	dir := tree(t, goFunctions+`
-- fn/js/index.js --
`+sdk+`exports.main = e => [cloud.openapi.wxacode.get(e), cloud.openapi.wxacode[e.a](e), cloud.openapi.wxacode.nope(e), cloud.openapi.img.aiCrop(e)]
-- fn/broken/index.js --
exports.main = (
`)
	module(t, dir)
	report := func(dirs ...string) string {
		r := check(t, dir, dirs...)
		var b strings.Builder
		require.NoError(t, r.Write(&b, "json"))
		return b.String()
	}
	want := report("fn/a", "fn/b", "fn/broken", "fn/c", "fn/d", "fn/js", "fn/web")
	assert.Equal(t, want, report("fn/a", "fn/b", "fn/broken", "fn/c", "fn/d", "fn/js", "fn/web"), "again")
	assert.Equal(t, want, report("fn/web", "fn/js", "fn/c", "fn/b", "fn/d", "fn/a", "fn/broken"), "shuffled")
	assert.Equal(t, want, report("fn"), "together")
}

func TestFilesAreNamedFromTheBase(t *testing.T) {
	t.Parallel()
	dir := tree(t, `
-- project/fn/a/index.js --
`+sdk+`exports.main = e => cloud.openapi.wxacode.get(e)
-- elsewhere/README --
`)
	of := func(base, dir string) permcheck.Finding {
		r, err := permcheck.Check(t.Context(), base, dir)
		require.NoError(t, err)
		require.Len(t, r.Findings, 1)
		return r.Findings[0]
	}
	fn := filepath.Join(dir, "project", "fn")
	f := of(filepath.Join(fn, "a"), filepath.Join(fn, "a"))
	assert.Equal(t, "index.js", f.File)
	assert.Equal(t, `create config.json with {"permissions": {"openapi": ["wxacode.get"]}}`, f.Advice)
	assert.Equal(t, "a", f.Function)
	assert.Equal(t, "project/fn/a/index.js", of(dir, fn).File)
	assert.Equal(t, filepath.ToSlash(filepath.Join(fn, "a", "index.js")), of(filepath.Join(dir, "elsewhere"), fn).File, "outside of the base")
}

func TestWhatCannotBeCheckedIsAnError(t *testing.T) {
	t.Parallel()
	dir := tree(t, "-- empty/README --\n-- data/x/a.json --\n{}\n-- file --\n")
	for name, c := range map[string]struct {
		text string
		none bool
	}{
		"empty": {text: "there is no cloud function in %s; give the folder that holds them, or set cloudfunctionRoot in project.config.json", none: true},
		"data":  {text: "there is no cloud function in %s; give the folder that holds them, or set cloudfunctionRoot in project.config.json", none: true},
		"gone":  {text: "there is no folder %s; name a project or a folder of functions"},
		"file":  {text: "%s is no folder; name a project or a folder of functions"},
	} {
		path := filepath.Join(dir, name)
		_, err := permcheck.Check(t.Context(), dir, path)
		require.Error(t, err, name)
		assert.Equal(t, c.none, errors.Is(err, permcheck.ErrNoFunctions), name)
		if c.none {
			assert.EqualError(t, err, fmt.Sprintf(c.text, path))
		}
		assert.NotContains(t, err.Error(), "\n", name)
	}
}

func TestLinksInACircleEnd(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	dir := tree(t, `
-- a/index.js --
`+sdk+`require('./again/again/x')
exports.main = e => cloud.openapi.wxacode.get(e)
-- a/x.js --
require('./again/index')
`)
	require.NoError(t, os.Symlink(".", filepath.Join(dir, "a", "again")))
	require.NoError(t, os.Symlink("circle", filepath.Join(dir, "circle")))
	require.NoError(t, os.Symlink("..", filepath.Join(dir, "a", "up")))
	r := check(t, dir)
	assert.Len(t, r.Findings, 1)
	assert.Empty(t, r.Failures)
}

// fixed copies the config.json of each function below a folder, by function.
func fixed(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "config.json"))
	require.NoError(t, err)
	texts := map[string]string{}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			texts[filepath.Base(filepath.Dir(file))] = read(t, file)
		}
	}
	return texts
}

const unfixed = `
-- comments/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.get(e)
-- comments/config.json --
// what it may do
{
	"permissions": {
		"openapi": [
			"img.aiCrop", // once it cropped
			/* codes */ "wxacode.getUnlimited",
		],
	},
	"triggers": [] // none
}
-- doubtful/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode[e.a](e)
-- doubtful/config.json --
{"permissions": {"openapi": ["img.aiCrop"]}}
-- none/index.js --
` + sdk + `exports.main = e => [cloud.openapi.wxacode.get(e), cloud.openapi.img.aiCrop(e)]
-- quiet/index.js --
exports.main = e => 1
-- typo/index.js --
` + sdk + `exports.main = e => cloud.openapi.wxacode.gett(e)
-- typo/config.json --
{"permissions": {"openapi": ["wxacode.get"]}}
-- unused/index.js --
exports.main = e => 1
-- unused/config.json --
{"permissions": {"openapi": ["img.aiCrop"]}}
`

func TestFixAddsWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := tree(t, unfixed)
	crlf := "{\r\n    \"permissions\": {\r\n        \"openapi\": [\r\n            \"wxacode.getUnlimited\"\r\n        ]\r\n    }\r\n}\r\n"
	write(t, filepath.Join(dir, "crlf", "config.json"), crlf, 0o600)
	write(t, filepath.Join(dir, "crlf", "index.js"), sdk+"exports.main = e => [cloud.openapi.wxacode.get(e), cloud.openapi.wxacode.getUnlimited(e)]", 0o644)
	before := fixed(t, dir)

	changed, err := check(t, dir).Fix(permcheck.Fixes{})
	require.NoError(t, err)
	assert.Equal(t, []string{"comments/config.json", "crlf/config.json", "none/config.json"}, changed)
	after := fixed(t, dir)
	assert.Equal(t, `// what it may do
{
	"permissions": {
		"openapi": [
			"img.aiCrop", // once it cropped
			"wxacode.get",
			/* codes */ "wxacode.getUnlimited",
		],
	},
	"triggers": [] // none
}
`, after["comments"])
	assert.Equal(t, strings.Replace(crlf, "\"wxacode.getUnlimited\"", "\"wxacode.get\",\r\n            \"wxacode.getUnlimited\"", 1), after["crlf"])
	assert.JSONEq(t, `{"permissions": {"openapi": ["img.aiCrop", "wxacode.get"]}}`, after["none"])
	assert.True(t, strings.HasSuffix(after["none"], "}\n"))
	for _, same := range []string{"doubtful", "typo", "unused", "quiet"} {
		assert.Equal(t, before[same], after[same], same)
	}
	if runtime.GOOS != "windows" {
		info, err := os.Stat(filepath.Join(dir, "crlf", "config.json"))
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), "the file keeps its mode")
	}

	changed, err = check(t, dir).Fix(permcheck.Fixes{})
	require.NoError(t, err)
	assert.Empty(t, changed, "nothing is left to do")
	assert.Equal(t, after, fixed(t, dir))
	for _, f := range check(t, dir).Findings {
		assert.NotEqual(t, "missing-permission", f.Code)
	}
}

func TestPruneRemovesWhatIsUnused(t *testing.T) {
	t.Parallel()
	dir := tree(t, unfixed)
	before := fixed(t, dir)
	changed, err := check(t, dir).Fix(permcheck.Fixes{Prune: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"comments/config.json", "none/config.json", "unused/config.json"}, changed)
	after := fixed(t, dir)
	assert.Equal(t, `// what it may do
{
	"permissions": {
		"openapi": [
			"wxacode.get",
		],
	},
	"triggers": [] // none
}
`, after["comments"])
	assert.JSONEq(t, `{"permissions": {"openapi": []}}`, after["unused"])
	for _, same := range []string{"doubtful", "typo"} {
		assert.Equal(t, before[same], after[same], "it cannot be told what is unused in "+same)
	}
	changed, err = check(t, dir).Fix(permcheck.Fixes{Prune: true})
	require.NoError(t, err)
	assert.Empty(t, changed)
}

func TestFixLeavesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	dir := tree(t, "")
	for _, name := range []string{"a", "b", "c", "d"} {
		write(t, filepath.Join(dir, name, "index.js"), sdk+"exports.main = e => cloud.openapi.wxacode.get(e)", 0o644)
	}
	write(t, filepath.Join(dir, "a", "config.json"), `{"permissions": {"openapi": [`, 0o644)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "b", "config.json"), 0o755))
	write(t, filepath.Join(dir, "c", "config.json"), "{}", 0o644)

	changed, err := check(t, dir).Fix(permcheck.Fixes{})
	require.NoError(t, err, "the findings say what is wrong")
	assert.Equal(t, []string{"c/config.json", "d/config.json"}, changed)
	assert.Equal(t, `{"permissions": {"openapi": [`, read(t, dir, "a", "config.json"))
}

func TestFixGoesOnWhereAFileCannotBeChanged(t *testing.T) {
	t.Parallel()
	dir := tree(t, "")
	for _, name := range []string{"a", "b"} {
		write(t, filepath.Join(dir, name, "index.js"), sdk+"exports.main = e => cloud.openapi.wxacode.get(e)", 0o644)
		write(t, filepath.Join(dir, name, "config.json"), "{}", 0o644)
	}
	report := check(t, dir)
	write(t, filepath.Join(dir, "a", "config.json"), "{", 0o644) // after the check

	changed, err := report.Fix(permcheck.Fixes{})
	assert.Equal(t, []string{"b/config.json"}, changed)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\n")
	assert.Contains(t, err.Error(), "a/config.json could not be changed: config: line 1: the file is not JSON")
}

func TestFixSortsWhenAsked(t *testing.T) {
	t.Parallel()
	const text = `{"permissions": {"openapi": ["wxacode.get", "img.aiCrop"]}}`
	dir := tree(t, "-- a/index.js --\n"+sdk+"exports.main = e => [cloud.openapi.wxacode.get(e), cloud.openapi.img.aiCrop(e)]\n-- a/config.json --\n"+text)
	report := check(t, dir)
	assert.Empty(t, report.Findings, "order is a matter of taste")
	report.AddUnsorted()
	assert.Equal(t, []string{
		`a/config.json:1:45: warning: permissions.openapi is not sorted: img.aiCrop comes after wxacode.get (unsorted-permissions); sort the entries; wxfn check --sort --fix does it`,
	}, lines(report))

	changed, err := report.Fix(permcheck.Fixes{})
	require.NoError(t, err)
	assert.Empty(t, changed)
	changed, err = report.Fix(permcheck.Fixes{Sort: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"a/config.json"}, changed)
	assert.Equal(t, `{"permissions": {"openapi": ["img.aiCrop", "wxacode.get"]}}`, strings.TrimSpace(read(t, dir, "a", "config.json")))
}

func TestFixOfTheOneFunctionThatIsTheBase(t *testing.T) {
	t.Parallel()
	dir := tree(t, "-- a/index.js --\n"+sdk+"exports.main = e => cloud.openapi.wxacode.get(e)\n")
	changed, err := check(t, filepath.Join(dir, "a")).Fix(permcheck.Fixes{})
	require.NoError(t, err)
	assert.Equal(t, []string{"config.json"}, changed)
	assert.Empty(t, check(t, dir).Findings)
}

func TestEveryFindingIsOneLineThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	dir := tree(t, unfixed+strings.ReplaceAll(goFunctions, "-- fn/", "-- "))
	module(t, dir)
	r := check(t, dir)
	require.NotEmpty(t, r.Findings)
	for _, f := range r.Findings {
		assert.NotContains(t, f.Finding.String(), "\n")
		assert.NotEmpty(t, f.Advice, f.Finding.String())
		_, err := permcheck.Explain(f.Code)
		assert.NoError(t, err)
	}
}
