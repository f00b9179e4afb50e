package config

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	longTimeout = 60  // seconds: the documented limit
	maxTimeout  = 900 // seconds: what some environments accept
)

// A candidate is a function at one of the places that define it.
type candidate struct {
	FunctionDir
	at value // the name or dir that says so in cloudbaserc.json; absent for a folder found below a function root
}

var functionName = regexp.MustCompile(`^[^./\\][^/\\]*$`)

// configured reads an entry of functions in cloudbaserc.json. ok is false where no function can be made of it.
//
// See https://docs.cloudbase.net/cli-v1/functions/configs.
func (r *report) configured(entry value, project string, roots []string) (c candidate, ok bool) {
	name := expanded(entry.required("name", `"name": "hello"`))
	dir := expanded(entry.member("dir"))
	c = candidate{at: name}
	c.Name, ok = name.matching(functionName, codeFunctionName, "write a name without slashes and leading dots, and the path into dir")
	if !ok {
		return c, false
	}
	c.Dir = findFunction(c.Name, project, roots)
	if dir.text() != "" {
		c.at, c.Dir = dir, resolve(project, dir.text())
	}
	if !isFolder(c.Dir) {
		c.at.report(codeMissingFunction, fmt.Sprintf("function %q has no folder %q", c.Name, r.name(c.Dir)), "create it, or correct name or dir")
		return c, false
	}
	c.Timeout = timeout(entry.member("timeout"))
	c.MemoryMB = memory(entry.member("memorySize"))
	c.Env = variables(entry.member("envVariables"))
	c.Runtime = expanded(entry.member("runtime")).text()
	c.Handler = expanded(entry.member("handler")).text()
	c.Type = functionType(expanded(entry.member("type")))
	c.Concurrency = concurrency(entry.member("instanceConcurrencyConfig"))
	c.Triggers = triggers(entry.member("triggers"))
	c.Ignore = texts(entry.member("ignore"))
	return c, true
}

// resolve returns a path that a setting names relative to the project, with slashes of either kind.
func resolve(project, path string) string {
	path = filepath.FromSlash(strings.ReplaceAll(path, `\`, "/"))
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(project, path)
}

// findFunction returns the folder of a function without dir: the first there is below a function root, else the one
// where the CloudBase CLI would look.
func findFunction(name, project string, roots []string) string {
	for _, root := range roots {
		if dir := filepath.Join(root, name); isFolder(dir) {
			return dir
		}
	}
	if len(roots) == 0 {
		return filepath.Join(project, defaultRoots[0], name)
	}
	return filepath.Join(roots[0], name)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// expanded returns a value that is no template. A template is reported, and left out: only the CloudBase CLI has the
// .env files to fill it in.
func expanded(v value) value {
	if isTemplate(v) {
		v.report(codeTemplate, v.name+" is a template, which only the CloudBase CLI fills in", "write the value itself")
		return value{}
	}
	return v
}

func isTemplate(v value) bool {
	return v.exists() && v.json.Value.Kind() == '"' && strings.Contains(literal(v.json), "{{")
}

func functionType(v value) string {
	switch t := v.text(); {
	case strings.EqualFold(t, TypeHTTP):
		return TypeHTTP
	case t != "" && !strings.EqualFold(t, TypeEvent):
		v.report(codeFunctionType, fmt.Sprintf("there is no function type %q", t), `write "Event" or "HTTP"`)
	}
	return TypeEvent
}

func timeout(v value) time.Duration {
	n := whole(v, maxTimeout, codeTimeoutRange, "write whole seconds from 1 to 60")
	if n > longTimeout {
		v.report(codeLongTimeout, fmt.Sprintf("%s is %d seconds, above the documented limit of 60", v.name, n), "write 60 or less, or make sure that your environment accepts it")
	}
	return time.Duration(n) * time.Second
}

func memory(v value) int {
	return whole(v, math.MaxInt32, codeMemorySize, "write whole megabytes, such as 256")
}

// concurrency reads how many requests one instance may serve at once. How many a dynamic setting makes of it, the cloud
// decides by load.
func concurrency(v value) int {
	return whole(v.member("maxConcurrency"), 100, codeConcurrency, "write a whole number, such as 10")
}

// whole returns a whole number from 1 to most, and 0 where there is none. Another number is reported.
func whole(v value, most float64, code, advice string) int {
	n, ok := v.number()
	if !ok {
		return 0
	}
	if n < 1 || n > most || n != math.Trunc(n) {
		v.report(code, fmt.Sprintf("%s cannot be %.24s, and is not used", v.name, literal(v.json)), advice)
		return 0
	}
	return int(n)
}

// variables reads environment variables. Their values may be secret, so no finding shows one.
func variables(v value) map[string]string {
	if !v.is('{') {
		return nil
	}
	env := make(map[string]string)
	for _, m := range v.members() {
		m = expanded(m)
		if !m.exists() {
			continue
		}
		switch kind := m.json.Value.Kind(); {
		case kind == '0' || kind == 't' || kind == 'f':
			m.report(codeVariableType, m.name+" is "+kinds[kind].name+", and its text is used", kinds['"'].example)
		case !m.is('"'):
			continue
		}
		if m.key == "" || strings.ContainsAny(m.key, "=\x00") || strings.Contains(literal(m.json), "\x00") {
			m.report(codeVariableName, fmt.Sprintf("no process can have the variable %q", m.key), "leave out = in the name, and NUL characters")
			continue
		}
		env[m.key] = literal(m.json)
	}
	return env
}

// texts returns the strings of an array, or a string alone.
func texts(v value) []string {
	if v.exists() && v.json.Value.Kind() == '"' {
		return []string{v.text()}
	}
	var all []string
	for _, e := range v.elements() {
		if s, ok := e.string(); ok {
			all = append(all, s)
		}
	}
	return all
}
