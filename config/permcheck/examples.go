package permcheck

import "github.com/wxcloud-go/wxfn/config/permcheck/apiuse"

// An example shows a file with a finding, and without it.
type example struct {
	file          string // what the text is: the name of a file, or commands
	before, after string
}

// What examples are taken from.
const (
	inConfig    = "config.json"
	inProject   = "project.config.json"
	inCloudBase = "cloudbaserc.json"
	inContainer = "container.config.json"
	inStubs     = "wxfn.stubs.json"
	inPackage   = "package.json"
	inShell     = "in a shell"
)

// examples has one for each of [Rules]. A test loads those of JSON files.
var examples = map[string]example{
	codeMissingPermission:   {inConfig + " of a function that calls wxacode.createQRCode", `{"permissions": {"openapi": []}}`, `{"permissions": {"openapi": ["wxacode.createQRCode"]}}`},
	codeUnknownCall:         {"main.go", `err := openapi.Call(ctx, "wxacode.createQrCode", params, &result)`, `err := openapi.Call(ctx, "wxacode.createQRCode", params, &result)`},
	codeComputedAPI:         {"main.go", `err := openapi.Call(ctx, "wxacode."+event.Kind, params, &result)`, "//wxfn:permissions wxacode.get, wxacode.getUnlimited\nerr := openapi.Call(ctx, \"wxacode.\"+event.Kind, params, &result)"},
	codeUnresolvedAPI:       {"index.js", `await cloud.openapi.wxacode[event.kind](params)`, "// wxfn:permissions wxacode.get, wxacode.getUnlimited\nawait cloud.openapi.wxacode[event.kind](params)"},
	codeUnusedPermission:    {inConfig + " of a function that calls wxacode.get only", `{"permissions": {"openapi": ["security.msgSecCheck", "wxacode.get"]}}`, `{"permissions": {"openapi": ["wxacode.get"]}}`},
	codeUnsortedPermissions: {inConfig, `{"permissions": {"openapi": ["wxacode.get", "security.msgSecCheck"]}}`, `{"permissions": {"openapi": ["security.msgSecCheck", "wxacode.get"]}}`},
	codeRetiredAPI:          {inConfig, `{"permissions": {"openapi": ["templateMessage.send"]}}`, `{"permissions": {"openapi": ["subscribeMessage.send"]}}`},
	apiuse.OutsideFolder:    {"cloudfunctions/hello/index.js", `const util = require("../../shared/util")`, `const util = require("./shared/util")`},
	apiuse.ModuleEntry:      {"cloudfunctions/hello/index.js", `export const main = async event => event`, `exports.main = async (...args) => (await import("./entry.mjs")).main(...args)`},

	"unreadable-file":      {inShell, "$ ls -l config.json\n---------- 1 me me 66 config.json", "$ chmod 644 config.json"},
	"invalid-json":         {inConfig, `{"permissions": {"openapi": ["wxacode.get"]}`, `{"permissions": {"openapi": ["wxacode.get"]}}`},
	"byte-order-mark":      {inShell, "$ head -c 4 config.json | xxd -p\nefbbbf7b", "$ sed -i '1s/^\\xef\\xbb\\xbf//' config.json"},
	"json-comment":         {inConfig, "{\n  // codes\n  \"permissions\": {\"openapi\": [\"wxacode.get\"]}\n}", "{\n  \"permissions\": {\"openapi\": [\"wxacode.get\"]}\n}"},
	"trailing-comma":       {inConfig, `{"permissions": {"openapi": ["wxacode.get",]}}`, `{"permissions": {"openapi": ["wxacode.get"]}}`},
	"duplicate-key":        {inConfig, "{\n  \"permissions\": {\"openapi\": [\"wxacode.get\"]},\n  \"permissions\": {\"openapi\": []}\n}", `{"permissions": {"openapi": ["wxacode.get"]}}`},
	"missing-key":          {inCloudBase, `{"functions": [{"timeout": 5}]}`, `{"functions": [{"name": "hello", "timeout": 5}]}`},
	"misspelt-key":         {inConfig, `{"permission": {"openapi": ["wxacode.get"]}}`, `{"permissions": {"openapi": ["wxacode.get"]}}`},
	"wrong-type":           {inConfig, `{"permissions": {"openapi": "wxacode.get"}}`, `{"permissions": {"openapi": ["wxacode.get"]}}`},
	"unknown-permission":   {inConfig, `{"permissions": {"openapi": ["openapi.wxacode.createQrCode"]}}`, `{"permissions": {"openapi": ["wxacode.createQRCode"]}}`},
	"duplicate-permission": {inConfig, `{"permissions": {"openapi": ["wxacode.get", "wxacode.get"]}}`, `{"permissions": {"openapi": ["wxacode.get"]}}`},
	"too-many-triggers": {inConfig,
		"{\"triggers\": [\n  {\"name\": \"one\", \"type\": \"timer\", \"config\": \"0 0 1 * * * *\"},\n  {\"name\": \"two\", \"type\": \"timer\", \"config\": \"0 0 2 * * * *\"}\n]}",
		"{\"triggers\": [\n  {\"name\": \"both\", \"type\": \"timer\", \"config\": \"0 0 1,2 * * * *\"}\n]}"},
	"trigger-name": {inConfig, `{"triggers": [{"name": "1st", "type": "timer", "config": "0 0 1 * * * *"}]}`, `{"triggers": [{"name": "first", "type": "timer", "config": "0 0 1 * * * *"}]}`},
	"trigger-type": {inConfig, `{"triggers": [{"name": "first", "type": "cron", "config": "0 0 1 * * * *"}]}`, `{"triggers": [{"name": "first", "type": "timer", "config": "0 0 1 * * * *"}]}`},
	"trigger-cron": {inConfig, `{"triggers": [{"name": "first", "type": "timer", "config": "0 1 * * *"}]}`, `{"triggers": [{"name": "first", "type": "timer", "config": "0 0 1 * * * *"}]}`},

	"missing-root":        {inProject, `{"cloudfunctionRoot": "functoins/"}`, `{"cloudfunctionRoot": "cloudfunctions/"}`},
	"no-functions":        {inProject + " of a project with the folder cloudfunctions", `{"cloudfunctionRoot": "functions/"}`, `{"cloudfunctionRoot": "cloudfunctions/"}`},
	"no-entry":            {inShell, "$ ls cloudfunctions/hello\nconfig.json", "$ ls cloudfunctions/hello\nconfig.json  main.go"},
	"entry-name":          {inShell, "$ ls cloudfunctions/hello\napp.js  package.json", "$ echo 'module.exports = require(\"./app.js\")' > cloudfunctions/hello/index.js"},
	"typescript-entry":    {inShell, "$ ls cloudfunctions/hello\nindex.ts  package.json", "$ npx esbuild index.ts --bundle --platform=node --packages=external --outfile=index.js"},
	"not-executable":      {inShell, "$ ls -l bootstrap\n-rw-r--r-- 1 me me 320 bootstrap", "$ chmod +x bootstrap"},
	"line-ends":           {inShell, "$ file scf_bootstrap\nscf_bootstrap: Bourne-Again shell script, ASCII text executable, with CRLF line terminators", "$ sed -i 's/\\r$//' scf_bootstrap"},
	"no-server":           {inShell, "$ ls cloudfunctions/web\nbootstrap  config.json", "$ ls cloudfunctions/web\nconfig.json  scf_bootstrap"},
	"two-homes":           {inShell, "$ ls cloudfunctions/web\ncontainer.config.json  main.go  scf_bootstrap", "$ rm cloudfunctions/web/container.config.json"},
	"duplicate-function":  {inCloudBase, "{\"functions\": [\n  {\"name\": \"hello\", \"dir\": \"cloudfunctions/hello\"},\n  {\"name\": \"hello\", \"dir\": \"cloudfunctions/send\"}\n]}", "{\"functions\": [\n  {\"name\": \"hello\", \"dir\": \"cloudfunctions/hello\"},\n  {\"name\": \"send\", \"dir\": \"cloudfunctions/send\"}\n]}"},
	"missing-function":    {inCloudBase, `{"functions": [{"name": "hello", "dir": "cloudfunctions/helo"}]}`, `{"functions": [{"name": "hello", "dir": "cloudfunctions/hello"}]}`},
	"function-name":       {inCloudBase, `{"functions": [{"name": "cloudfunctions/hello"}]}`, `{"functions": [{"name": "hello", "dir": "cloudfunctions/hello"}]}`},
	"function-type":       {inCloudBase, `{"functions": [{"name": "hello", "type": "Web"}]}`, `{"functions": [{"name": "hello", "type": "HTTP"}]}`},
	"timeout-range":       {inCloudBase, `{"functions": [{"name": "hello", "timeout": 5000}]}`, `{"functions": [{"name": "hello", "timeout": 5}]}`},
	"old-sdk":             {inPackage, `{"dependencies": {"wx-server-sdk": "^0.4.3"}}`, `{"dependencies": {"wx-server-sdk": "latest"}}`},
	"long-timeout":        {inCloudBase, `{"functions": [{"name": "hello", "timeout": 300}]}`, `{"functions": [{"name": "hello", "timeout": 60}]}`},
	"memory-size":         {inCloudBase, `{"functions": [{"name": "hello", "memorySize": 0.5}]}`, `{"functions": [{"name": "hello", "memorySize": 512}]}`},
	"port-range":          {inContainer, `{"containerPort": 0}`, `{"containerPort": 80}`},
	"concurrency-range":   {inCloudBase, `{"functions": [{"name": "hello", "instanceConcurrencyConfig": {"maxConcurrency": 1000}}]}`, `{"functions": [{"name": "hello", "instanceConcurrencyConfig": {"maxConcurrency": 20}}]}`},
	"variable-name":       {inCloudBase, `{"functions": [{"name": "hello", "envVariables": {"LEVEL=": "info"}}]}`, `{"functions": [{"name": "hello", "envVariables": {"LEVEL": "info"}}]}`},
	"variable-type":       {inCloudBase, `{"functions": [{"name": "hello", "envVariables": {"RETRIES": 3}}]}`, `{"functions": [{"name": "hello", "envVariables": {"RETRIES": "3"}}]}`},
	"unexpanded-template": {inCloudBase, `{"functions": [{"name": "hello", "envVariables": {"LEVEL": "{{LEVEL}}"}}]}`, `{"functions": [{"name": "hello", "envVariables": {"LEVEL": "{{util.uid}}"}}]}`},
	"unset-variable":      {inShell, "$ grep -c ^API_KEY= .env.local\n0", "$ printf 'API_KEY=%s\\n' \"$KEY\" >> .env.local"},
	"env-file":            {inShell, "$ cat .env\nexport LEVEL=info", "$ sed -i 's/^export //' .env"},
	"missing-pages":       {inProject, `{"miniprogramRoot": "dist/"}`, `{"miniprogramRoot": ""}`},

	"unknown-key":        {inStubs, `{"stubs": [{"api": "wxacode.get", "errCode": 45029}]}`, `{"stubs": [{"api": "wxacode.get", "errcode": 45029}]}`},
	"unknown-api":        {inStubs, `{"stubs": [{"api": "wxacode.createQrCode", "errcode": 45029}]}`, `{"stubs": [{"api": "wxacode.createQRCode", "errcode": 45029}]}`},
	"unknown-parameter":  {inStubs, `{"stubs": [{"api": "wxacode.get", "params": {"paht": "pages/index"}, "errcode": 45029}]}`, `{"stubs": [{"api": "wxacode.get", "params": {"path": "pages/index"}, "errcode": 45029}]}`},
	"stub-never-answers": {inStubs, "{\"stubs\": [\n  {\"api\": \"wxacode.*\", \"errcode\": -1},\n  {\"api\": \"wxacode.get\", \"errcode\": 45029}\n]}", "{\"stubs\": [\n  {\"api\": \"wxacode.get\", \"errcode\": 45029},\n  {\"api\": \"wxacode.*\", \"errcode\": -1}\n]}"},
	"stub-path":          {inStubs, `{"stubs": [{"api": "wxacode.get", "params": {"": "pages/index"}, "errcode": 45029}]}`, `{"stubs": [{"api": "wxacode.get", "params": {"path": "pages/index"}, "errcode": 45029}]}`},
	"stub-operator":      {inStubs, `{"stubs": [{"api": "wxacode.get", "params": {"path": {"$regex": "^pages"}}, "errcode": 45029}]}`, `{"stubs": [{"api": "wxacode.get", "params": {"path": {"$like": "pages*"}}, "errcode": 45029}]}`},
	"stub-count":         {inStubs, `{"stubs": [{"api": "wxacode.get", "times": -1, "errcode": 45029}]}`, `{"stubs": [{"api": "wxacode.get", "times": 1, "errcode": 45029}]}`},
	"stub-answers":       {inStubs, `{"stubs": [{"api": "wxacode.get", "errcode": 45029, "fault": "timeout"}]}`, "{\"stubs\": [\n  {\"api\": \"wxacode.get\", \"times\": 1, \"errcode\": 45029},\n  {\"api\": \"wxacode.get\", \"fault\": \"timeout\"}\n]}"},
	"stub-answer-part":   {inStubs, `{"stubs": [{"api": "wxacode.get", "errmsg": "out of limit"}]}`, `{"stubs": [{"api": "wxacode.get", "errcode": 45029, "errmsg": "out of limit"}]}`},
	"stub-file":          {inStubs, `{"stubs": [{"api": "wxacode.get", "file": "cloudfunctions/hello"}]}`, `{"stubs": [{"api": "wxacode.get", "file": "cloudfunctions/hello/code.jpg"}]}`},
	"stub-errcode":       {inStubs, `{"stubs": [{"api": "security.msgSecCheck", "errcode": 0}]}`, `{"stubs": [{"api": "security.msgSecCheck", "result": {"result": {"suggest": "pass"}}}]}`},
	"stub-system-error":  {inStubs, `{"stubs": [{"api": "wxacode.get", "systemError": 45029}]}`, `{"stubs": [{"api": "wxacode.get", "errcode": 45029}]}`},
	"stub-fault":         {inStubs, `{"stubs": [{"api": "wxacode.get", "fault": "slow"}]}`, `{"stubs": [{"api": "wxacode.get", "delay": "2s"}]}`},
	"stub-delay":         {inStubs, `{"stubs": [{"api": "wxacode.get", "delay": "2 s"}]}`, `{"stubs": [{"api": "wxacode.get", "delay": "2s"}]}`},
	"phone-number":       {inStubs, `{"phoneNumbers": {"oAlice": "138 0013 8000"}}`, `{"phoneNumbers": {"oAlice": "13800138000"}}`},
}
