// Package pack makes of a function's folder what one uploads to the cloud: the program, built for linux/amd64, with what
// starts it there and the other files of the folder. The same input gives the same bytes, at any place and time.
package pack

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"github.com/wxcloud-go/wxfn/config"
)

// Target is a home that a function is packaged for.
type Target string

const (
	Go1      Target = "go1"      // an event function of the runtime Go1
	HTTP     Target = "http"     // an HTTP function
	CloudRun Target = "cloudrun" // a service of WeChat Cloud Run
	Custom   Target = "custom"   // an event function of the custom runtime
)

// Targets returns all targets.
func Targets() []Target { return []Target{Go1, HTTP, CloudRun, Custom} }

// TargetOf returns the home that a function's folder says it is for.
func TargetOf(f config.FunctionDir) Target {
	switch f.Kind {
	case config.KindHTTP:
		return HTTP
	case config.KindCloudRun:
		return CloudRun
	case config.KindBootstrap:
		return Custom
	}
	return Go1
}

// program is the file that the source becomes.
const program = "main"

// made returns the files that a home needs beside the program; one that the function's folder has comes before it.
func (t Target) made(f config.FunctionDir, port int) []file {
	switch t {
	case HTTP:
		return []file{{name: "scf_bootstrap", executable: true, text: []byte(HTTPBootstrap)}}
	case Custom:
		return []file{{name: "bootstrap", executable: true, text: []byte(customBootstrap)}}
	case CloudRun:
		return []file{
			{name: ".dockerignore", text: []byte(dockerignore)},
			{name: "Dockerfile", text: dockerfile(port)},
			{name: "container.config.json", text: container(f, port)},
		}
	}
	return nil
}

// marks are the files that make a folder one of a home, whatever else is in it; of several, the first counts.
var marks = []struct {
	home Target
	file string
}{{CloudRun, "container.config.json"}, {HTTP, "scf_bootstrap"}, {Custom, "bootstrap"}}

// misleads reports whether a package for the home would be one for another home by a file.
func (t Target) misleads(name string) bool {
	for _, m := range marks {
		if m.home == t {
			break
		}
		if m.file == name {
			return true
		}
	}
	return false
}

// The scripts that start the program. The platform asks for this first line, LF, and the mode 0755; the program's path is
// absolute by its folder, wherever the platform starts the script.
//
// See https://docs.cloudbase.net/cloud-function/develop/scf-bootstrap and
// https://cloud.tencent.com/document/product/583/47274 for the custom runtime.
const (
	HTTPBootstrap = `#!/bin/bash
export PORT="${PORT:-9000}"
cd "$(dirname "$0")" && exec ./main
`
	customBootstrap = `#!/bin/bash
cd "$(dirname "$0")" && exec ./main
`
)

// dockerignore keeps out of the image what is there for who makes it. container.config.json has environment variables, which
// may be secret.
const dockerignore = "container.config.json\nDockerfile\n.dockerignore\n"

//go:embed Dockerfile
var dockerfileText string

func dockerfile(port int) []byte {
	var b bytes.Buffer
	_ = template.Must(template.New("Dockerfile").Parse(dockerfileText)).Execute(&b, port)
	return b.Bytes()
}

// sizes are the smallest containers that there are, by memory.
//
// See https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/guide/service/pipeline.html.
var sizes = []struct{ cpu, memory float64 }{{0.25, 0.5}, {0.5, 1}, {1, 2}, {2, 4}, {4, 8}, {8, 16}, {16, 32}}

// container returns the text of container.config.json, with the platform's defaults for what cloudbaserc.json cannot say.
//
// See https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/basic/config.html.
func container(f config.FunctionDir, port int) []byte {
	size := sizes[len(sizes)-1]
	for _, s := range slices.Backward(sizes) {
		if s.memory*1024 >= float64(f.MemoryMB) {
			size = s
		}
	}
	env := maps.Clone(f.Env)
	if env == nil {
		env = map[string]string{}
	}
	for _, name := range f.Secret {
		delete(env, name)
	}
	text, err := encode(struct {
		ContainerPort       int               `json:"containerPort"`
		DockerfilePath      string            `json:"dockerfilePath"`
		BuildDir            string            `json:"buildDir"`
		MinNum              int               `json:"minNum"`
		MaxNum              int               `json:"maxNum"`
		CPU                 float64           `json:"cpu"`
		Memory              float64           `json:"mem"`
		PolicyType          string            `json:"policyType"`
		PolicyThreshold     int               `json:"policyThreshold"`
		EnvParams           map[string]string `json:"envParams"`
		CustomLogs          string            `json:"customLogs"`
		InitialDelaySeconds int               `json:"initialDelaySeconds"`
	}{port, "Dockerfile", "", 0, 50, size.cpu, size.memory, "cpu", 60, env, "stdout", 2})
	if err != nil {
		panic(err) // there is nothing in it that JSON does not have
	}
	return text
}

// Unset returns the names of the environment variables of cloudbaserc.json that a container made of the package lacks: the
// folder has a container.config.json of its own, and envParams there does not have them.
func (p *Package) Unset() []string {
	own := p.find("container.config.json")
	if p.Target != CloudRun || own == nil || own.from == "" {
		return nil
	}
	set := config.ContainerEnv(p.Function.Dir)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.Function.Env)), func(name string) bool { return slices.Contains(set, name) })
}

// Secret returns the names of the environment variables that are left out of a container.config.json that is made, because
// their values come from .env files and stay there.
func (p *Package) Secret() []string {
	if own := p.find("container.config.json"); p.Target != CloudRun || own == nil || own.from != "" {
		return nil
	}
	return p.Function.Secret
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// starts are the ways in which a program makes itself a function, as the names of functions that it then has in it.
var starts = []struct {
	name    string
	call    string // as people write it
	targets []Target
}{
	{"github.com/wxcloud-go/wxfn/cloudfn.StartHandler", "cloudfn.Start", Targets()},
	{"github.com/wxcloud-go/wxfn/cloudfn.StartHTTP", "cloudfn.StartHTTP", []Target{HTTP, CloudRun}},
	{"github.com/tencentyun/scf-go-lib/cloudfunction.Start", "cloudfunction.Start of scf-go-lib", []Target{Go1}},
}

// checkStart returns an error for a program that would not serve in the target. One that has neither our way to start nor
// Tencent's is its author's.
func (t Target) checkStart(name string, binary []byte) error {
	var calls, others []string
	for _, s := range starts {
		// The line table has the names of functions, of inlined ones too, each between two zeros.
		if !bytes.Contains(binary, []byte("\x00"+s.name+"\x00")) {
			continue
		}
		if slices.Contains(s.targets, t) {
			return nil
		}
		calls = append(calls, s.call)
		for _, o := range s.targets {
			others = append(others, string(o))
		}
	}
	if len(calls) == 0 {
		return nil
	}
	return fmt.Errorf("%s calls %s, which does not serve as %s; package it with --target %s, or call cloudfn.Start",
		name, strings.Join(calls, " and "), t, strings.Join(others, "|"))
}
