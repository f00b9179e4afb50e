package config

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unset is a loader in an environment without variables.
var unset = Loader{LookupEnv: func(string) (string, bool) { return "", false }}

// projectCases are files of a project and what becomes of them. A function is written name folder kind entry, its
// folder relative to the files; other folders of its name follow after !.
var projectCases = []struct {
	name      string
	files     map[string]string
	dir       string // the folder to load
	root      string // that of the project files
	appID     string
	envID     string
	functions []string
	pages     []string
	findings  []string
}{
	{
		name: "a WeChat project names its function root and its pages",
		files: map[string]string{
			"project.config.json":           `{"appid": "wx1", "cloudfunctionRoot": "cloud/", "miniprogramRoot": "mini/"}`,
			"cloud/hello/index.js":          "",
			"cloud/code/main.go":            "package main",
			"cloud/node_modules/x/index.js": "",
			"cloud/.git/index.js":           "",
			"cloud/README.md":               "",
			"mini/app.json":                 `{"pages": ["pages/index/index"]}`,
		},
		appID:     "wx1",
		functions: []string{"code cloud/code go .", "hello cloud/hello node index.js"},
		pages:     []string{"pages/index/index"},
	},
	{
		name: "the roots of a WeChat project are optional",
		files: map[string]string{
			"project.config.json":           `{"appid": "wx1"}`,
			"cloudfunctions/hello/index.js": "",
			"app.json":                      `{"pages": ["a"]}`,
		},
		appID:     "wx1",
		functions: []string{"hello cloudfunctions/hello node index.js"},
		pages:     []string{"a"},
	},
	{
		name: "a developer's own appid comes first",
		files: map[string]string{
			"project.config.json":         `{"appid": "wx1"}`,
			"project.private.config.json": `{"appid": "wx2"}`,
			"functions/a/index.js":        "",
		},
		appID:     "wx2",
		functions: []string{"a functions/a node index.js"},
	},
	{
		name: "and so do the roots",
		files: map[string]string{
			"project.config.json":         `{"appid": "wx1", "cloudfunctionRoot": "old/", "miniprogramRoot": "src/"}`,
			"project.private.config.json": `{"appid": "", "cloudfunctionRoot": "new/", "miniprogramRoot": "dist/"}`,
			"new/a/index.js":              "",
			"src/app.json":                `{"pages": ["a"]}`,
			"dist/app.json":               `{"pages": ["b"]}`,
		},
		appID:     "wx1",
		functions: []string{"a new/a node index.js"},
		pages:     []string{"b"},
	},
	{
		name: "a CloudBase project names functions, and folders for them",
		files: map[string]string{
			"cloudbaserc.json":      `{"envId": "env-1", "functionRoot": ".\\fn\\", "functions": [{"name": "mapped", "dir": "other\\place"}, {"name": "named", "handler": "dist/app.main"}]}`,
			"other/place/bootstrap": "#!/bin/sh",
			"fn/named/dist/app.js":  "",
			"fn/unnamed/index.js":   "",
		},
		envID:     "env-1",
		functions: []string{"mapped other/place bootstrap bootstrap", "named fn/named node dist/app.js", "unnamed fn/unnamed node index.js"},
	},
	{
		name: "a handler names a file that there is",
		files: map[string]string{
			"cloudbaserc.json": `{"functionRoot": "fn", "functions": [{"name": "a", "handler": "app.main"}, {"name": "b", "handler": "./lib/app.main"}, {"name": "c", "handler": "main"}]}`,
			"fn/a/index.js":    "",
			"fn/b/lib/app.js":  "",
			"fn/c/index.js":    "",
		},
		functions: []string{"a fn/a node index.js", "b fn/b node lib/app.js", "c fn/c node index.js"},
		findings: []string{
			"fn/a:1:1: error: the cloud starts app.js, which the handler app.main in cloudbaserc.json names, and which is missing (entry-name); add the file, or correct the handler",
		},
	},
	{
		name: "main of package.json starts web servers, and no function that takes events",
		files: map[string]string{
			"cloudbaserc.json":                   `{"functionRoot": "fn", "functions": [{"name": "typed", "type": "HTTP"}]}`,
			"fn/both/package.json":               `{"main": "lib"}`,
			"fn/both/lib.js":                     "",
			"fn/both/index.js":                   "",
			"fn/container/package.json":          `{"main": "lib"}`,
			"fn/container/lib/index.js":          "",
			"fn/container/container.config.json": "{}",
			"fn/module/package.json":             "{\n  \"main\": \"app.mjs\"\n}",
			"fn/module/app.mjs":                  "",
			"fn/nothing/package.json":            `{"main": "lib"}`,
			"fn/odd/package.json":                `{"Main": "lib.js"}`,
			"fn/odd/lib.js":                      "",
			"fn/other/package.json":              "\ufeff" + `{"main": "./lib"}`,
			"fn/other/lib.js":                    "",
			"fn/typed/package.json":              `{"main": "lib"}`,
			"fn/typed/lib.js":                    "",
		},
		functions: []string{
			"both fn/both node index.js",
			"container fn/container cloudrun lib/index.js",
			"module fn/module  ",
			"nothing fn/nothing  ",
			"odd fn/odd  ",
			"other fn/other  ",
			"typed fn/typed http lib.js",
		},
		findings: []string{
			`fn/module/package.json:2:11: error: the cloud starts index.js, which is missing, and not app.mjs, which main of package.json names (entry-name); add an index.js with: exports.main = async (...args) => (await import("./app.mjs")).main(...args)`,
			"fn/nothing:1:1: warning: the folder is no function (no-entry); add index.js, a Go main package, or an executable bootstrap or scf_bootstrap; or move it elsewhere",
			`fn/odd/package.json:1:1: error: the cloud starts index.js, which is missing, and not lib.js, which main of package.json names (entry-name); rename it to index.js, or add an index.js with: module.exports = require("./lib.js")`,
			`fn/other/package.json:1:10: error: the cloud starts index.js, which is missing, and not lib.js, which main of package.json names (entry-name); rename it to index.js, or add an index.js with: module.exports = require("./lib.js")`,
		},
	},
	{
		name: "a function in TypeScript is one of Node, and its JavaScript comes first",
		files: map[string]string{
			"cloudbaserc.json":      `{"functionRoot": "fn", "functions": [{"name": "handled", "handler": "src/app.handle"}, {"name": "web", "type": "HTTP"}]}`,
			"fn/a/index.ts":         "",
			"fn/compiled/index.ts":  "",
			"fn/compiled/index.js":  "",
			"fn/go/index.ts":        "",
			"fn/go/main.go":         "package main",
			"fn/handled/src/app.ts": "",
			"fn/handled/index.ts":   "",
			"fn/types/index.d.ts":   "",
			"fn/web/index.ts":       "",
		},
		functions: []string{
			"a fn/a node index.ts", "compiled fn/compiled node index.js", "go fn/go go .", "handled fn/handled node src/app.ts", "types fn/types  ", "web fn/web  ",
		},
		findings: []string{
			"fn/a/index.ts:1:1: warning: the cloud starts index.js, and there is only index.ts, which wxfn compiles for itself (typescript-entry); compile it before the upload, such as by: npx esbuild index.ts --bundle --platform=node --packages=external --outfile=index.js",
			"fn/handled/src/app.ts:1:1: warning: the cloud starts src/app.js, and there is only src/app.ts, which wxfn compiles for itself (typescript-entry); compile it before the upload, such as by: npx esbuild src/app.ts --bundle --platform=node --packages=external --outfile=src/app.js",
			"fn/types:1:1: warning: the folder is no function (no-entry); add index.js, a Go main package, or an executable bootstrap or scf_bootstrap; or move it elsewhere",
			"fn/web:1:1: error: the function has the type HTTP, and nothing in its folder serves HTTP (no-server); compile index.ts, or add a Go main package, index.js, or an executable scf_bootstrap that starts a web server; or remove the type in cloudbaserc.json",
		},
	},
	{
		name: "a folder that cloudbaserc.json gives a name has no other",
		files: map[string]string{
			"cloudbaserc.json":        `{"functions": [{"name": "hello", "dir": "functions/hello-v2"}]}`,
			"functions/hello-v2/a.go": "package main",
		},
		functions: []string{"hello functions/hello-v2 go ."},
	},
	{
		name: "an environment that is a template is unknown",
		files: map[string]string{
			"cloudbaserc.json":     `{"envId": "{{env.ENV_ID}}"}`,
			"functions/a/index.js": "",
		},
		functions: []string{"a functions/a node index.js"},
	},
	{
		name: "the functions of both roots are served where they differ",
		files: map[string]string{
			"project.config.json": `{"cloudfunctionRoot": "one"}`,
			"cloudbaserc.json":    `{"functionRoot": "./two/"}`,
			"one/a/index.js":      "",
			"two/b/index.js":      "",
		},
		functions: []string{"a one/a node index.js", "b two/b node index.js"},
	},
	{
		name: "roots that agree are one",
		files: map[string]string{
			"project.config.json": `{"cloudfunctionRoot": "one/"}`,
			"cloudbaserc.json":    `{"functionRoot": "./one"}`,
			"one/a/index.js":      "",
		},
		functions: []string{"a one/a node index.js"},
	},
	{
		name: "a function root knows the project above it",
		files: map[string]string{
			"project.config.json": `{"appid": "wx1", "cloudfunctionRoot": "cloud/fn/"}`,
			"cloudbaserc.json":    `{"functions": [{"name": "away", "dir": "away"}]}`,
			"away/index.js":       "",
			"cloud/fn/a/index.js": "",
			"app.json":            `{"pages": ["a"]}`,
		},
		dir:       "cloud/fn",
		root:      ".",
		appID:     "wx1",
		functions: []string{"a cloud/fn/a node index.js"},
		pages:     []string{"a"},
	},
	{
		name: "a function knows the project above it, and only itself",
		files: map[string]string{
			"project.config.json": `{"appid": "wx1", "cloudfunctionRoot": "cloud"}`,
			"cloudbaserc.json":    `{"functionRoot": "cloud", "functions": [{"name": "web", "type": "http", "timeout": 900}]}`,
			"cloud/web/main.go":   "package main",
			"cloud/b/index.js":    "",
		},
		dir:       "cloud/web",
		root:      ".",
		appID:     "wx1",
		functions: []string{"web cloud/web http ."},
		findings: []string{
			"../../cloudbaserc.json:1:84: warning: functions[0].timeout is 900 seconds, above the documented limit of 60 (long-timeout); write 60 or less, or make sure that your environment accepts it",
		},
	},
	{
		name: "the folder of a page belongs to the project, and so does one in a function",
		files: map[string]string{
			"project.config.json":       `{"appid": "wx1", "miniprogramRoot": "mini/"}`,
			"cloudfunctions/a/index.js": "",
			"cloudfunctions/b/index.js": "",
			"mini/pages/a/index.js":     "exports.main = 1",
			"mini/app.json":             `{"pages": ["pages/a/index"]}`,
		},
		dir:       "mini/pages",
		root:      ".",
		appID:     "wx1",
		functions: []string{"a cloudfunctions/a node index.js", "b cloudfunctions/b node index.js"},
		pages:     []string{"pages/a/index"},
	},
	{
		name: "a folder in a function stands for the function",
		files: map[string]string{
			"project.config.json":             `{"appid": "wx1"}`,
			"cloudfunctions/a/index.js":       "",
			"cloudfunctions/a/lib/x/index.js": "exports.main = 1",
			"cloudfunctions/b/index.js":       "",
		},
		dir:       "cloudfunctions/a/lib",
		root:      ".",
		appID:     "wx1",
		functions: []string{"a cloudfunctions/a node index.js"},
	},
	{
		name: "another repository below a project is no part of it",
		files: map[string]string{
			"project.config.json":       `{"appid": "wx1"}`,
			"cloudfunctions/a/index.js": "",
			"other/.git/HEAD":           "",
			"other/docs/README.md":      "",
		},
		dir:  "other/docs",
		root: "other/docs",
		findings: []string{
			".:1:1: warning: there is no cloud function here (no-functions); set cloudfunctionRoot in project.config.json, or give the folder that holds the functions",
		},
	},
	{
		name: "a folder with functions in a usual place needs no project file, and other folders in it are no functions",
		files: map[string]string{
			"package.json":               `{"main": "index.js"}`,
			"index.js":                   "require('./server')",
			"config.json":                `{"port": 80}`,
			"config/index.js":            "",
			"cloudFunctions/a/index.js":  "",
			"cloud-functions/b/index.js": "",
			"functions/README.md":        "",
		},
		functions: []string{"a cloudFunctions/a node index.js", "b cloud-functions/b node index.js"},
	},
	{
		name: "and is found from a folder in it, where it is the top of something",
		files: map[string]string{
			"package.json":              "{}",
			"cloudfunctions/a/index.js": "",
			"src/pages/a/index.js":      "",
		},
		dir:       "src/pages",
		root:      ".",
		functions: []string{"a cloudfunctions/a node index.js"},
	},
	{
		name: "or where it has a Mini Program",
		files: map[string]string{
			"miniprogram/pages/a/a.js":  "",
			"cloudfunctions/a/index.js": "",
		},
		dir:       "miniprogram/pages/a",
		root:      ".",
		functions: []string{"a cloudfunctions/a node index.js"},
	},
	{
		name: "and from a folder among its functions in every case",
		files: map[string]string{
			"cloudfunctions/a/index.js":     "",
			"cloudfunctions/a/lib/util.txt": "",
			"cloudfunctions/b/index.js":     "",
		},
		dir:       "cloudfunctions/a/lib",
		root:      ".",
		functions: []string{"a cloudfunctions/a node index.js"},
	},
	{
		name: "but other folders beside it are no part of it",
		files: map[string]string{
			"cloudfunctions/a/index.js": "",
			"notes/a.txt":               "",
		},
		dir:  "notes",
		root: "notes",
		findings: []string{
			".:1:1: warning: there is no cloud function here (no-functions); set cloudfunctionRoot in project.config.json, or give the folder that holds the functions",
		},
	},
	{
		name: "such a folder may be one level below",
		files: map[string]string{
			"src/cloudfunctions/a/index.js": "",
			"cloud/functions/b/index.js":    "",
			"lib/functions/c/index.js":      "",
			"dist/cloudfunctions/a/main.js": "",
		},
		functions: []string{"a src/cloudfunctions/a node index.js", "b cloud/functions/b node index.js"},
	},
	{
		name: "a function may have a folder with such a name",
		files: map[string]string{
			"hello/index.js":             "exports.main = require('./functions')",
			"hello/functions/x/index.js": "",
		},
		dir:       "hello",
		root:      "hello",
		functions: []string{"hello hello node index.js"},
	},
	{
		name: "a project below stands for the folder",
		files: map[string]string{
			"tools/index.js":                          "",
			"app/project.config.json":                 `{"appid": "wx1"}`,
			"app/cloudfunctions/a/index.js":           "",
			"app/dist/project.config.json":            "{}",
			"app/dist/cloudfunctions/a/index.js":      "",
			"dist/mp-weixin/project.config.json":      "{}",
			"node_modules/x/project.config.json":      "{}",
			"node_modules/x/cloudfunctions/y/main.go": "package main",
			"demo/project.config.json":                `{"appid": "wx2"}`,
		},
		root:      "app",
		appID:     "wx1",
		functions: []string{"a app/cloudfunctions/a node index.js"},
	},
	{
		name: "a project without functions is one all the same",
		files: map[string]string{
			"project.config.json":           `{"appid": "wx1", "cloudfunctionRoot": "fn"}`,
			"fn/.gitkeep":                   "",
			"demo/project.config.json":      `{"appid": "wx2"}`,
			"demo/cloudfunctions/a/main.go": "package main",
		},
		appID: "wx1",
		findings: []string{
			".:1:1: warning: there is no cloud function here (no-functions); set cloudfunctionRoot in project.config.json, or give the folder that holds the functions",
		},
	},
	{
		name: "a project without a place for functions stands back behind one below",
		files: map[string]string{
			"project.config.json":             `{"appid": "wx1"}`,
			"app/wx/project.config.json":      `{"appid": "wx2"}`,
			"app/wx/cloudfunctions/a/main.go": "package main",
		},
		root:      "app/wx",
		appID:     "wx2",
		functions: []string{"a app/wx/cloudfunctions/a go ."},
	},
	{
		name: "a cloudbaserc.json in a function's folder is the function's",
		files: map[string]string{
			"a/index.js":           "",
			"a/cloudbaserc.json":   `{"envId": "e-1", "cloudrun": {"name": "a"}}`,
			"a/functions/x/lib.js": "",
		},
		dir:       "a",
		root:      "a",
		envID:     "e-1",
		functions: []string{"a a node index.js"},
	},
	{
		name: "and the function is a part of the project above",
		files: map[string]string{
			"project.config.json":               `{"appid": "wx1"}`,
			"cloudfunctions/a/index.js":         "",
			"cloudfunctions/a/cloudbaserc.json": `{"functions": [{"name": "renamed", "dir": ".", "handler": "dist/x.main"}]}`,
			"cloudfunctions/a/dist/x.js":        "",
			"cloudfunctions/b/index.js":         "",
		},
		dir:       "cloudfunctions/a",
		root:      ".",
		appID:     "wx1",
		functions: []string{"renamed cloudfunctions/a node dist/x.js"},
	},
	{
		name: "plugins of CloudBase Framework have functions, too",
		files: map[string]string{
			"cloudbaserc.json": `{"envId": "{{env.ENV_ID}}", "framework": {"plugins": {
  "client": {"use": "@cloudbase/framework-plugin-website", "inputs": {"outputPath": "dist", "envVariables": {"A": "{{env.A}}"}}},
  "server": {"use": "@cloudbase/framework-plugin-function", "inputs": {"functionRootPath": "./cloud", "functions": [
    {"name": "a", "config": {"handler": "app.main"}}, {"name": "b", "functionDistPath": "out/b/main"}, {"name": "c"}]}}}}}`,
			"cloud/a/app.js":       "",
			"cloud/out/b/main.go":  "package main",
			"cloud/out/b/other.js": "",
			"cloud/d/index.js":     "",
		},
		functions: []string{"a cloud/a node app.js", "b cloud/out/b go .", "d cloud/d node index.js", "out cloud/out  "},
		findings: []string{
			"cloud/out:1:1: warning: the folder is no function (no-entry); add index.js, a Go main package, or an executable bootstrap or scf_bootstrap; or move it elsewhere",
			`cloudbaserc.json:4:113: error: function "c" has no folder "cloud/c" (missing-function); create it, or correct name or dir`,
		},
	},
	{
		name: "a project above that is about other functions does not count",
		files: map[string]string{
			"project.config.json": `{"appid": "wx1", "cloudfunctionRoot": 7}`,
			"else/a/index.js":     "exports.main = e => e",
		},
		dir:       "else",
		root:      "else",
		functions: []string{"a else/a node index.js"},
	},
	{
		name: "an empty function root still knows its project",
		files: map[string]string{
			"project.config.json": `{"appid": "wx1", "cloudfunctionRoot": "cloud"}`,
			"cloud/.gitkeep":      "",
		},
		dir:   "cloud",
		root:  ".",
		appID: "wx1",
		findings: []string{
			".:1:1: warning: there is no cloud function here (no-functions); set cloudfunctionRoot in project.config.json, or give the folder that holds the functions",
		},
	},
	{
		name: "a folder of function folders needs no project file",
		files: map[string]string{
			"package.json":    `{"workspaces": ["a"]}`,
			"a/index.js":      "",
			"b/lib.go":        "package lib",
			"b/main_test.go":  "package main",
			"b/tool.go":       "//go:build ignore\n\npackage main",
			"c/scf_bootstrap": "#!/bin/sh",
			"c/main.go":       "package main",
		},
		functions: []string{"a a node index.js", "b b  ", "c c http ."},
		findings: []string{
			"b:1:1: warning: the folder is no function (no-entry); add index.js, a Go main package, or an executable bootstrap or scf_bootstrap; or move it elsewhere",
		},
	},
	{
		name: "one function needs no project file",
		files: map[string]string{
			"hello/main.go":      "package main",
			"hello/lib/index.js": "",
		},
		dir:       "hello",
		root:      "hello",
		functions: []string{"hello hello go ."},
	},
	{
		name:      "one function in TypeScript needs no project file",
		files:     map[string]string{"hello/index.ts": "", "hello/lib/util.ts": ""},
		dir:       "hello",
		root:      "hello",
		functions: []string{"hello hello node index.ts"},
		findings: []string{
			"index.ts:1:1: warning: the cloud starts index.js, and there is only index.ts, which wxfn compiles for itself (typescript-entry); compile it before the upload, such as by: npx esbuild index.ts --bundle --platform=node --packages=external --outfile=index.js",
		},
	},
	{
		name: "a folder with the files of a function is one, although it lacks its code",
		files: map[string]string{
			"hello/package.json": `{"main": "dist/index.js"}`,
			"hello/src/index.ts": "",
		},
		dir:       "hello",
		root:      "hello",
		functions: []string{"hello hello  "},
		findings: []string{
			".:1:1: warning: the folder is no function (no-entry); add index.js, a Go main package, or an executable bootstrap or scf_bootstrap; or move it elsewhere",
		},
	},

	{
		name: "web servers are HTTP functions and Cloud Run services, whatever starts them",
		files: map[string]string{
			"cloudbaserc.json": `{"functionRoot": "fn", "functions": [
  {"name": "typed", "type": "HTTP"}, {"name": "typed-js", "type": "http"}, {"name": "typed-main", "type": "HTTP"}]}`,
			"fn/script/scf_bootstrap":           "#!/bin/bash\nnode app.js\n",
			"fn/script/index.js":                "",
			"fn/typed/main.go":                  "package main",
			"fn/typed-js/index.js":              "",
			"fn/typed-main/main":                "#!",
			"fn/run/main.go":                    "package main",
			"fn/run/container.config.json":      "{}",
			"fn/run-js/index.js":                "",
			"fn/run-js/container.config.json":   "{}",
			"fn/run-main/main":                  "#!",
			"fn/run-main/container.config.json": "{}",
			"fn/built/main":                     "#!",
			"fn/built-js/main":                  "#!",
			"fn/built-js/index.js":              "",
		},
		functions: []string{
			"built fn/built go main",
			"built-js fn/built-js node index.js",
			"run fn/run cloudrun .",
			"run-js fn/run-js cloudrun index.js",
			"run-main fn/run-main cloudrun main",
			"script fn/script http scf_bootstrap",
			"typed fn/typed http .",
			"typed-js fn/typed-js http index.js",
			"typed-main fn/typed-main http main",
		},
	},

	// Faults.
	{
		name: "what cannot serve HTTP in the cloud is reported",
		files: map[string]string{
			"cloudbaserc.json":                `{"functionRoot": "fn", "functions": [{"name": "custom", "type": "HTTP"}, {"name": "both", "type": "HTTP"}, {"name": "empty", "type": "HTTP"}]}`,
			"fn/custom/bootstrap":             "#!/bin/sh",
			"fn/empty/config.json":            "{}",
			"fn/both/main.go":                 "package main",
			"fn/port/main.go":                 "package main",
			"fn/port/container.config.json":   `{"containerPort": 70000}`,
			"fn/both/container.config.json":   "{}",
			"fn/python/container.config.json": "{}",
			"fn/windows/scf_bootstrap":        "#!/bin/bash\r\nexport PORT=9000\r\n",
		},
		functions: []string{"both fn/both cloudrun .", "custom fn/custom  ", "empty fn/empty  ", "port fn/port cloudrun .", "python fn/python  ", "windows fn/windows http scf_bootstrap"},
		findings: []string{
			"fn/both/container.config.json:1:1: warning: the folder is a Cloud Run service by this file, and an HTTP function, too; it is served as the former (two-homes); remove this file, or scf_bootstrap and the type HTTP in cloudbaserc.json",
			"fn/custom:1:1: error: the function has the type HTTP, and nothing in its folder serves HTTP (no-server); add a Go main package, index.js, or an executable scf_bootstrap that starts a web server; or remove the type in cloudbaserc.json",
			"fn/empty:1:1: error: the function has the type HTTP, and nothing in its folder serves HTTP (no-server); add a Go main package, index.js, or an executable scf_bootstrap that starts a web server; or remove the type in cloudbaserc.json",
			"fn/port/container.config.json:1:19: error: containerPort cannot be 70000, and is not used (port-range); write a whole number, such as 80",
			"fn/python:1:1: warning: nothing in the folder of the Cloud Run service can be started without a container (no-entry); add a Go main package, an executable main, index.js, or an executable scf_bootstrap that starts the web server on $PORT",
			"fn/windows/scf_bootstrap:1:1: error: the lines of the script end with CR LF, and the cloud finds no interpreter of that name (line-ends); save it with LF, and have git keep it so: scf_bootstrap text eol=lf in .gitattributes",
		},
	},
	{
		name: "a name that stands for two folders is refused, and the others are served",
		files: map[string]string{
			"project.config.json": `{"cloudfunctionRoot": "one"}`,
			"cloudbaserc.json": `{"functionRoot": "two", "functions": [
  {"name": "twice", "dir": "x"},
  {"name": "twice", "dir": "y"},
  {"name": "mapped", "dir": "x"}
]}`,
			"x/index.js":          "",
			"y/index.js":          "",
			"one/mapped/index.js": "",
			"one/both/index.js":   "",
			"two/both/index.js":   "",
			"two/Both/index.js":   "",
		},
		functions: []string{
			"Both two/Both node index.js",
			"both one/both node index.js ! two/both",
			"mapped x node index.js ! one/mapped",
			"twice x node index.js ! y",
		},
		findings: []string{
			`cloudbaserc.json:3:28: error: there are two functions "twice", in "x" and in "y", and neither can be called (duplicate-function); rename or remove one of them`,
			`cloudbaserc.json:4:29: error: there are two functions "mapped", in "x" and in "one/mapped", and neither can be called (duplicate-function); rename or remove one of them`,
			`two/both:1:1: error: there are two functions "both", in "one/both" and in "two/both", and neither can be called (duplicate-function); rename or remove one of them`,
		},
	},
	{
		name: "a function without a folder is reported where it is named",
		files: map[string]string{
			"cloudbaserc.json": `{"functions": [
  {"name": "gone"},
  {"name": "lost", "dir": "some/where"},
  {"name": "../up"},
  {"dir": "functions"},
  "hello"
]}`,
		},
		findings: []string{
			`cloudbaserc.json:2:12: error: function "gone" has no folder "functions/gone" (missing-function); create it, or correct name or dir`,
			`cloudbaserc.json:3:27: error: function "lost" has no folder "some/where" (missing-function); create it, or correct name or dir`,
			`cloudbaserc.json:4:12: error: functions[2].name cannot be "../up" (function-name); write a name without slashes and leading dots, and the path into dir`,
			`cloudbaserc.json:5:3: error: functions[3] has no name (missing-key); add "name": "hello"`,
			"cloudbaserc.json:6:3: error: functions[4] is a string, not an object (wrong-type); write { … }",
		},
	},
	{
		name: "a function root that is missing is reported where it is named",
		files: map[string]string{
			"project.config.json": `{"cloudfunctionRoot": "cloud/"}`,
			"cloudbaserc.json":    `{"functionRoot": "{{env.ROOT}}"}`,
			"functions/a/a.go":    "package main",
		},
		findings: []string{
			`cloudbaserc.json:1:18: warning: functionRoot needs the variable ROOT, which neither .env nor the environment sets (unset-variable); add ROOT=… to .env.local, which git should ignore`,
			`project.config.json:1:23: error: there is no folder "cloud" for the functions (missing-root); create it, or correct cloudfunctionRoot`,
		},
	},
	{
		name: "what a build makes is built first",
		files: map[string]string{
			"project.config.json": `{"cloudfunctionRoot": "dist/cloud/",
  "miniprogramRoot": "dist/"}`,
			"package.json":         `{"scripts": {"build": "…", "build:alipay": "…", "build:weapp": "taro build --type weapp"}}`,
			"src/cloud/a/index.js": "",
		},
		findings: []string{
			`project.config.json:1:23: error: there is no folder "dist/cloud" for the functions: a build makes it (missing-root); build the project first (npm run build:weapp), or correct cloudfunctionRoot`,
		},
	},
	{
		name: "what a missing root would have is not reported besides",
		files: map[string]string{
			"cloudbaserc.json":   `{"functionRoot": "cloud/made", "functions": [{"name": "a"}, {"name": "b", "dir": "b"}]}`,
			"cloud/package.json": `{"scripts": {"build": "tsc"}}`,
		},
		findings: []string{
			`cloudbaserc.json:1:18: error: there is no folder "cloud/made" for the functions (missing-root); create or build it (npm run --prefix cloud build), or correct functionRoot`,
			`cloudbaserc.json:1:82: error: function "b" has no folder "b" (missing-function); create it, or correct name or dir`,
		},
	},
	{
		name: "without the build, its pages are unknown",
		files: map[string]string{
			"project.config.json":       `{"miniprogramRoot": "dist/"}`,
			"cloudfunctions/a/index.js": "",
		},
		functions: []string{"a cloudfunctions/a node index.js"},
		findings: []string{
			`project.config.json:1:21: warning: there is no folder "dist" for the Mini Program, whose pages are unknown: a build makes it (missing-pages); build the project first, or correct miniprogramRoot`,
		},
	},
	{
		name: "lines of .env that cannot be read are reported without what is in them",
		files: map[string]string{
			"cloudbaserc.json": `{"functionRoot": "{{env.ROOT}}", "functions": [
  {"name": "{{env.SECRET}}"},
  {"name": "b", "dir": "{{env.SECRET}}"},
  {"name": "a", "type": "{{env.ROOT}}", "envVariables": {"A": "{{env.A}}", "B": "{{A}}", "C": "{{#env}}x{{/env}}", "Z": "{{env.Z}}"}}
]}`,
			".env":            "ROOT=fn\n\n# a comment\nSECRET = s3/cret \nexport A=s3cret\ns3cret\nQ=\"s3cret\n",
			".env.production": "A=s3cret\ns3cret\n",
			".env.example":    "A=\n",
			"fn/a/index.js":   "",
		},
		functions: []string{"a fn/a node index.js"},
		findings: []string{
			".env:5:1: error: the CloudBase CLI does not read a line that starts with export (env-file); remove export",
			".env:6:1: error: the line is not NAME=value, and sets nothing (env-file); correct it, or start it with # for a comment",
			".env:7:1: error: the value of Q starts with a quote and does not end with one (env-file); write it in one line, between two quotes of the same kind",
			`cloudbaserc.json:2:12: error: functions[0].name cannot be "{{env.SECRET}}" (function-name); write a name without slashes and leading dots, and the path into dir`,
			`cloudbaserc.json:3:24: error: function "b" has no folder "{{env.SECRET}}" (missing-function); create it, or correct name or dir`,
			`cloudbaserc.json:4:25: warning: there is no function type "{{env.ROOT}}" (function-type); write "Event" or "HTTP"`,
			`cloudbaserc.json:4:63: warning: functions[2].envVariables needs the variables A, Z, which neither .env nor the environment sets (unset-variable); start with --mode production, whose .env.production sets A, or add A=… and the others to .env.local, which git should ignore`,
			`cloudbaserc.json:4:81: warning: functions[2].envVariables.B has the template "{{A}}", which stands for nothing here (unexpanded-template); write {{env.NAME}}, with a line NAME=… in .env, or {{tcb.envId}}`,
			`cloudbaserc.json:4:95: warning: functions[2].envVariables.C has the template "{{#env}}", which stands for nothing here (unexpanded-template); write {{env.NAME}}, with a line NAME=… in .env, or {{tcb.envId}}`,
			`cloudbaserc.json:4:95: warning: functions[2].envVariables.C has the template "{{/env}}", which stands for nothing here (unexpanded-template); write {{env.NAME}}, with a line NAME=… in .env, or {{tcb.envId}}`,
		},
	},
	{
		name: "a project file that is no JSON leaves the default roots",
		files: map[string]string{
			"project.config.json":  `{"appid": "wx1",`,
			"cloudbaserc.json":     `[]`,
			"functions/a/index.js": "",
		},
		functions: []string{"a functions/a node index.js"},
		findings: []string{
			"cloudbaserc.json:1:1: error: the file is an array, not an object (wrong-type); write { … }",
			"project.config.json:1:17: error: the file is not JSON: parsing value: unexpected end of the file (invalid-json); correct it here; until then nothing of the file is used",
		},
	},
	{
		name: "settings out of range are reported and left out",
		files: map[string]string{
			"cloudbaserc.json": `{"functions": [{
  "name": "a",
  "timeout": 0,
  "memorySize": 1.5, "instanceConcurrencyConfig": {"maxConcurrency": 0},
  "type": "Cron",
  "envVariables": {"N": 1, "B": true, "A=B": "x", "NUL": "\u0000", "T": "{{env.T}}", "O": null}
}]}`,
			"functions/a/index.js": "",
		},
		functions: []string{"a functions/a node index.js"},
		findings: []string{
			"cloudbaserc.json:3:14: error: functions[0].timeout cannot be 0, and is not used (timeout-range); write whole seconds from 1 to 60",
			"cloudbaserc.json:4:17: error: functions[0].memorySize cannot be 1.5, and is not used (memory-size); write whole megabytes, such as 256",
			"cloudbaserc.json:4:70: error: functions[0].instanceConcurrencyConfig.maxConcurrency cannot be 0, and is not used (concurrency-range); write a whole number, such as 10",
			`cloudbaserc.json:5:11: warning: there is no function type "Cron" (function-type); write "Event" or "HTTP"`,
			`cloudbaserc.json:6:25: warning: functions[0].envVariables.N is a number, and its text is used (variable-type); put it into double quotes`,
			`cloudbaserc.json:6:33: warning: functions[0].envVariables.B is a boolean, and its text is used (variable-type); put it into double quotes`,
			`cloudbaserc.json:6:46: error: no process can have the variable "A=B" (variable-name); leave out = in the name, and NUL characters`,
			`cloudbaserc.json:6:58: error: no process can have the variable "NUL" (variable-name); leave out = in the name, and NUL characters`,
			`cloudbaserc.json:6:73: warning: functions[0].envVariables needs the variable T, which neither .env nor the environment sets (unset-variable); add T=… to .env.local, which git should ignore`,
			"cloudbaserc.json:6:91: error: functions[0].envVariables.O is null, not a string (wrong-type); put it into double quotes",
		},
	},
}

func TestLoadProject(t *testing.T) {
	t.Parallel()
	for _, c := range projectCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			top := tree(t, c.files)
			p, findings, err := unset.Load(filepath.Join(top, filepath.FromSlash(c.dir)))
			require.NoError(t, err)
			assert.Equal(t, filepath.Join(top, filepath.FromSlash(c.dir)), p.Dir)
			assert.Equal(t, filepath.Join(top, filepath.FromSlash(c.root)), p.Root)
			assert.Equal(t, c.appID, p.AppID)
			assert.Equal(t, c.envID, p.EnvID)
			var functions []string
			for _, f := range p.Functions {
				line := fmt.Sprintf("%s %s %s %s", f.Name, below(t, top, f.Dir), f.Kind, f.Entry)
				for _, dir := range f.Duplicate {
					line += " ! " + below(t, top, dir)
				}
				functions = append(functions, line)
			}
			assert.Equal(t, c.functions, functions)
			if c.pages == nil {
				assert.Nil(t, p.Pages)
			} else {
				assert.Equal(t, c.pages, p.Pages.All)
			}
			assert.Equal(t, c.findings, lines(findings))
		})
	}
}

func TestFunctionHasTheSettingsOfCloudbaserc(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"cloudbaserc.json": `{"functions": [{
			"name": "web", "type": "HTTP", "runtime": "Go1", "handler": "main", "timeout": 20, "memorySize": 256,
			"instanceConcurrencyConfig": {"dynamicEnabled": "FALSE", "maxConcurrency": 20},
			"envVariables": {"MODE": "test", "N": 1.50},
			"triggers": [{"name": "nightly", "type": "timer", "config": "0 0 2 * * * *"}]
		}]}`,
		"functions/web/main.go":   "package main",
		"functions/plain/main.go": "package main",
	})
	p, _, err := LoadProject(dir)
	require.NoError(t, err)
	nightly, err := ParseCron("0 0 2 * * * *")
	require.NoError(t, err)
	assert.Equal(t, []FunctionDir{
		{Name: "plain", Dir: filepath.Join(dir, "functions", "plain"), Kind: KindGo, Entry: ".", Type: TypeEvent},
		{
			Name: "web", Dir: filepath.Join(dir, "functions", "web"), Kind: KindHTTP, Entry: ".", Type: TypeHTTP, Port: 9000,
			Runtime: "Go1", Handler: "main", Timeout: 20 * time.Second, MemoryMB: 256, Concurrency: 20,
			Env:      map[string]string{"MODE": "test", "N": "1.50"},
			Triggers: []Trigger{{Name: "nightly", Cron: nightly, Line: 5, Column: 17}},
		},
	}, p.Functions)
}

func TestTimeoutIsOneToNineHundredSeconds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		timeout string
		want    time.Duration
		code    string
	}{
		{"1", time.Second, ""},
		{"60", time.Minute, ""},
		{"5.0", 5 * time.Second, ""},
		{"61", 61 * time.Second, codeLongTimeout},
		{"900", 15 * time.Minute, codeLongTimeout},
		{"901", 0, codeTimeoutRange},
		{"0", 0, codeTimeoutRange},
		{"-1", 0, codeTimeoutRange},
		{"2.5", 0, codeTimeoutRange},
		{"1e999", 0, codeTimeoutRange},
		{`"5"`, 0, codeWrongType},
	} {
		dir := tree(t, map[string]string{
			"cloudbaserc.json":     `{"functions": [{"name": "a", "timeout": ` + c.timeout + `}]}`,
			"functions/a/index.js": "",
		})
		p, findings, err := LoadProject(dir)
		require.NoError(t, err)
		assert.Equal(t, c.want, p.Functions[0].Timeout, c.timeout)
		code := ""
		for _, f := range findings {
			code = f.Code
		}
		assert.Equal(t, c.code, code, c.timeout)
	}
}

func TestFolderOfAFunctionMayBeAnywhere(t *testing.T) {
	t.Parallel()
	away := tree(t, map[string]string{"index.js": ""})
	dir := tree(t, map[string]string{"cloudbaserc.json": fmt.Sprintf(`{"functions": [{"name": "a", "dir": %q}]}`, away)})
	p, findings, err := LoadProject(dir)
	require.NoError(t, err)
	assert.Empty(t, findings)
	require.Len(t, p.Functions, 1)
	assert.Equal(t, away, p.Functions[0].Dir)
	f, _, err := p.LoadFunction(p.Functions[0])
	require.NoError(t, err)
	assert.Equal(t, filepath.ToSlash(filepath.Join(away, "config.json")), f.File, "absolute, as it is not in the project")
}

func TestConfigOfAFunctionIsNamedFromTheProject(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a/index.js": "", "a/config.json": `{"permissions": {"openapi": ["wxacode.gte"]}}`})
	p, _, err := LoadProject(dir)
	require.NoError(t, err)
	f, findings, err := p.LoadFunction(p.Functions[0])
	require.NoError(t, err)
	assert.Equal(t, "a/config.json", f.File)
	require.Len(t, findings, 1)
	assert.Equal(t, "a/config.json", findings[0].File)
}

func TestBootstrapThatIsNotExecutableStartsNothing(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no executable bit here")
	}
	p, findings, err := LoadProject(tree(t, map[string]string{"a/bootstrap": "", "b/scf_bootstrap": "", "b/index.js": ""}))
	require.NoError(t, err)
	assert.Equal(t, KindNone, p.Functions[0].Kind)
	assert.Equal(t, KindHTTP, p.Functions[1].Kind) // as in the cloud, where it fails
	assert.Equal(t, []string{
		"a:1:1: warning: the folder is no function (no-entry); add index.js, a Go main package, or an executable bootstrap or scf_bootstrap; or move it elsewhere",
		"a/bootstrap:1:1: warning: the file is not executable, and cannot start the function (not-executable); run chmod +x on it",
		"b/scf_bootstrap:1:1: warning: the file is not executable, and cannot start the function (not-executable); run chmod +x on it",
	}, lines(findings))
}

func TestFolderBehindALinkIsAFunction(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"real/index.js": "", "project/b/index.js": ""})
	if err := os.Symlink(filepath.Join(dir, "real"), filepath.Join(dir, "project", "a")); err != nil {
		t.Skip("links cannot be made here: ", err)
	}
	p, _, err := LoadProject(filepath.Join(dir, "project"))
	require.NoError(t, err)
	require.Len(t, p.Functions, 2)
	assert.Equal(t, KindNode, p.Functions[0].Kind)
}

// below returns the path of dir from top, with forward slashes.
func below(t *testing.T, top, dir string) string {
	t.Helper()
	rel, err := filepath.Rel(top, dir)
	require.NoError(t, err)
	return filepath.ToSlash(rel)
}
