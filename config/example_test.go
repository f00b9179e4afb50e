package config_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/wxcloud-go/wxfn/config"
)

// project writes files into a folder, and returns it.
func project(files map[string]string) (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			panic(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			panic(err)
		}
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}

// A project tells which functions there are, and what each may call. What is wrong in its files are findings.
func Example() {
	dir, remove := project(map[string]string{
		"project.config.json":               `{"appid": "wx0123456789abcdef", "cloudfunctionRoot": "cloudfunctions/"}`,
		"cloudfunctions/remind/index.js":    "exports.main = async () => 'hello'",
		"cloudfunctions/remind/config.json": "{\"permissions\": {\"openapi\": [\n  \"subscribeMessage.send\", \"wxacode.getUnlimted\"\n]}}",
	})
	defer remove()

	p, findings, err := config.LoadProject(dir)
	if err != nil {
		panic(err) // there is no such folder
	}
	for _, dir := range p.Functions {
		f, more, err := p.LoadFunction(dir)
		if err != nil {
			panic(err)
		}
		fmt.Println(dir.Name, dir.Kind, f.Allows("subscribeMessage.send"), f.Allows("wxacode.getUnlimited"))
		findings = append(findings, more...)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	// Output:
	// remind node true false
	// cloudfunctions/remind/config.json:2:28: error: there is no API "wxacode.getUnlimted" to permit (unknown-permission); did you mean "wxacode.getUnlimited"?
}

// A permission is added where a person would add it; everything else stays as it is.
func ExampleAddPermissions() {
	text, err := config.AddPermissions([]byte("{\n\t\"permissions\": {\n\t\t\"openapi\": [\n\t\t\t\"wxacode.get\"\n\t\t]\n\t}\n}\n"), "wxacode.getUnlimited")
	if err != nil {
		panic(err)
	}
	fmt.Print(string(text))
	// Output:
	// {
	// 	"permissions": {
	// 		"openapi": [
	// 			"wxacode.get",
	// 			"wxacode.getUnlimited"
	// 		]
	// 	}
	// }
}

// The stubs of a wxfn.stubs.json are read with their places, so that faults name them.
func ExampleParseStubs() {
	stubs, findings := config.ParseStubs("wxfn.stubs.json", []byte(`[
  {"api": "subscribeMessage.send", "openid": "oAlice", "errcode": 43101},
  {"api": "subscribeMessage.sned", "errcode": 43101}
]`), "")
	fmt.Println(len(stubs.Stubs))
	for _, f := range findings {
		fmt.Println(f)
	}
	// Output:
	// 2
	// wxfn.stubs.json:3:11: warning: there is no API "subscribeMessage.sned" (unknown-api); did you mean "subscribeMessage.send"?
}
