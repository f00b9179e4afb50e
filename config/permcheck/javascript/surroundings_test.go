package javascript

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/config"
)

// What a function loads is what the cloud has: its own folder, which NODE_PATH names. Everything else is a fault, at the
// place of the load.
func TestSurroundings(t *testing.T) {
	t.Parallel()
	const outside, entry = " outside-folder", " module-entry"
	send := func(name string) string {
		return "const cloud = require('wx-server-sdk')\nexports." + name + " = () => cloud.openapi.wxacode.get({})"
	}
	for name, c := range map[string]struct {
		files map[string]string // of the folder f, if the name does not say otherwise
		kind  config.Kind
		entry string
		want  []string // places of faults and uses
	}{
		"a bare file name":               {files: map[string]string{"index.js": "exports.main = () => require('send.js').send()", "send.js": send("send")}, want: []string{"send.js:2 wxacode.get"}},
		"a bare name":                    {files: map[string]string{"index.js": "exports.main = () => require('send').send()", "send.js": send("send")}, want: []string{"send.js:2 wxacode.get"}},
		"a bare folder":                  {files: map[string]string{"index.js": "exports.main = () => require('lib/send').send()", "lib/send/index.js": send("send")}, want: []string{"lib/send/index.js:2 wxacode.get"}},
		"a bare name in a folder":        {files: map[string]string{"index.js": "exports.main = () => require('./lib/a').send()", "lib/a.js": "module.exports = require('send')", "send.js": send("send")}, want: []string{"send.js:2 wxacode.get"}},
		"an installed package first":     {files: map[string]string{"index.js": "exports.main = () => require('send').send()", "send.js": send("send"), "node_modules/send/index.js": ""}},
		"Node's own module first":        {files: map[string]string{"index.js": "exports.main = () => require('util').send()", "util.js": send("send")}},
		"a file above":                   {files: map[string]string{"index.js": "const x = 1, util = require('../shared/util')\nexports.main = () => util()", "../shared/util.js": "module.exports = () => 1"}, want: []string{"index.js:1" + outside}},
		"a file above, by __dirname":     {files: map[string]string{"index.js": "exports.main = () => require(require('path').join(__dirname, '../shared/util'))", "../shared/util.js": ""}, want: []string{"index.js:1" + outside}},
		"what a file above calls":        {files: map[string]string{"index.js": "\nexports.main = require('../shared/util').send", "../shared/util.js": send("send") + "\nrequire('./other')", "../shared/other.js": ""}, want: []string{"index.js:2" + outside, "../shared/util.js:2 wxacode.get"}},
		"a file above, by import":        {files: map[string]string{"index.js": "exports.main = async () => import('./entry.mjs')", "entry.mjs": "import util from '../shared/util.mjs'\nexport default util", "../shared/util.mjs": "export default 1"}, want: []string{"entry.mjs:1" + outside}},
		"JSON above":                     {files: map[string]string{"index.js": "exports.main = () => require('../shared.json')", "../shared.json": "{}"}, want: []string{"index.js:1" + outside}},
		"a link":                         {files: map[string]string{"index.js": "exports.main = () => require('./link/util')", "../shared/util.js": ""}},
		"a package above":                {files: map[string]string{"index.js": "exports.main = () => require('@team/hoisted/lib')", "../node_modules/@team/hoisted/package.json": "{}"}, want: []string{"index.js:1" + outside}},
		"the SDK above":                  {files: map[string]string{"index.js": send("main"), "../node_modules/wx-server-sdk/package.json": "{}"}, want: []string{"index.js:1" + outside, "index.js:2 wxacode.get"}},
		"a package above that is needed": {files: map[string]string{"index.js": "exports.main = () => require('hoisted/lib')", "../node_modules/hoisted/package.json": "{}", "package.json": `{"dependencies": {"hoisted": "1"}}`}},
		"a package that is not there":    {files: map[string]string{"index.js": "exports.main = () => require('nowhere')"}},
		"a layer":                        {files: map[string]string{"index.js": "exports.main = () => require('/opt/util')"}, want: []string{"index.js:1 doubt"}},
		"an ES module":                   {files: map[string]string{"index.js": "// A comment.\nconst a = 1\nexport const main = () => a"}, want: []string{"index.js:3" + entry}},
		"an ES module that imports":      {files: map[string]string{"index.js": "  import fs from 'fs'\nexport { fs as main }", "package.json": `{"type": "module"}`}, want: []string{"index.js:1" + entry}},
		"an await outside functions":     {files: map[string]string{"index.js": "const later = async () => await 1\nconst a =\n  await later()\nexports.main = async () => { await require('./b').send(); return a }", "b.js": send("send")}, want: []string{"index.js:3" + entry, "b.js:2 wxacode.get"}},
		"a type":                         {files: map[string]string{"index.js": "exports.main = () => import('./entry.mjs')", "entry.mjs": "export default 1", "package.json": `{"type": "module"}`}, want: []string{"index.js:1" + entry}},
		"a type above":                   {files: map[string]string{"index.js": "exports.main = () => 1", "../package.json": `{"type": "module"}`}},
		"a web server":                   {files: map[string]string{"index.js": "import fs from 'fs'", "package.json": `{"type": "module"}`}, kind: config.KindHTTP},
		"TypeScript":                     {files: map[string]string{"index.ts": "import { util } from '../shared/util'\nexport const main = () => util", "../shared/util.ts": "export const util = 1"}, entry: "index.ts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			dir := filepath.Join(root, "f")
			for name, text := range c.files {
				file := filepath.Join(dir, filepath.FromSlash(name))
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
				require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
			}
			if name == "a link" {
				require.NoError(t, os.Symlink(filepath.Join(root, "shared"), filepath.Join(dir, "link")))
			}
			f := config.FunctionDir{Name: "f", Dir: dir, Kind: config.KindNode, Entry: "index.js"}
			if c.kind != "" {
				f.Kind = c.kind
			}
			if c.entry != "" {
				f.Entry = c.entry
			}
			a := Analyse(t.Context(), []config.FunctionDir{f})[dir]
			require.NoError(t, a.Err)
			place := func(file string, line int) string {
				rel, _ := filepath.Rel(dir, file)
				return fmt.Sprintf("%s:%d", filepath.ToSlash(rel), line)
			}
			var got []string
			for _, f := range a.Faults {
				got = append(got, place(f.File, f.Line)+" "+f.Code)
			}
			for _, u := range a.Uses {
				got = append(got, place(u.Where().File, u.Where().Line)+" "+u.API)
			}
			for _, d := range a.Doubts {
				got = append(got, place(d.File, d.Line)+" doubt")
			}
			assert.Equal(t, c.want, got)
		})
	}
}
