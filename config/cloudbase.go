package config

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// openCloudBase parses the cloudbaserc.json in a folder.
func (r *report) openCloudBase(dir string) value {
	root := r.open(filepath.Join(dir, cloudBaseFile))
	if root.exists() {
		root.doc.environment = &environment{report: r, dir: dir}
		if root.json.Value.Kind() == '{' {
			root.doc.environment.envID = root.member("envId")
		}
	}
	return root
}

// envID returns the environment of a cloudbaserc.json; "" where it is unknown, which is no fault.
func envID(cloudBase value) string {
	id := cloudBase.member("envId")
	if !isTemplate(id) {
		return id.text()
	}
	text, unknown := id.doc.environment.render(literal(id.json))
	if len(unknown) > 0 {
		return ""
	}
	return text
}

// A plan is a list of functions in a cloudbaserc.json: the file's own, or that of a plugin of CloudBase Framework.
//
// See https://docs.cloudbase.net/framework/plugins/framework-plugin-function.
type plan struct {
	root     value // the folder of their folders
	defaults value // settings of all of them
	entries  value
}

// plans returns the lists of functions in a cloudbaserc.json. A plugin that is about other things than functions has none.
func plans(cloudBase value) []plan {
	own := plan{
		root:     expanded(cloudBase.member("functionRoot")),
		defaults: expanded(cloudBase.member("functionDefaultConfig")),
		entries:  expanded(cloudBase.member("functions")),
	}
	all := []plan{own}
	for _, plugin := range expanded(cloudBase.member("framework").member("plugins")).members() {
		inputs := expanded(plugin.member("inputs"))
		p := plan{
			root:     expanded(inputs.member("functionRootPath")),
			defaults: expanded(inputs.member("functionDefaultConfig")),
			entries:  expanded(inputs.member("functions")),
		}
		if !p.root.exists() && !p.entries.exists() {
			continue
		}
		all = append(all, plan{either(p.root, own.root), either(p.defaults, own.defaults), p.entries})
	}
	return all
}

// either returns the first of two values, or the second where that is absent.
func either(a, b value) value {
	if a.exists() {
		return a
	}
	return b
}

// layers are objects that say something of one function; later ones override earlier ones.
type layers []value

// layers returns what the plan says of a function: the defaults, its entry, and config in that, which is an older form.
func (p plan) layers(entry value) layers { return layers{p.defaults, entry, entry.member("config")} }

// member returns the setting that counts.
func (s layers) member(key string) value {
	for _, object := range slices.Backward(s) {
		if m := object.member(key); m.exists() {
			return expanded(m)
		}
	}
	return value{}
}

// configured reads an entry of a plan. ok is false where no function can be made of it.
//
// See https://docs.cloudbase.net/cli-v1/functions/configs.
func (r *report) configured(p plan, entry value, project string, roots []string) (c candidate, ok bool) {
	name := expanded(entry.required("name", `"name": "hello"`))
	dir := expanded(entry.member("dir"))
	c = candidate{at: name}
	c.Name, ok = name.matching(functionName, codeFunctionName, "write a name without slashes and leading dots, and the path into dir")
	if !ok {
		return c, false
	}
	if root := resolve(project, p.root.text()); p.root.text() != "" && isFolder(root) {
		roots = append([]string{root}, roots...)
	}
	c.Dir = findFunction(c.Name, project, roots)
	if product := expanded(entry.member("functionDistPath")); product.text() != "" { // of a plugin: a folder, or a program in one
		c.at, c.Dir = product, resolve(filepath.Dir(c.Dir), product.text())
		if !isFolder(c.Dir) {
			c.Dir = filepath.Dir(c.Dir)
		}
	}
	if dir.text() != "" {
		c.at, c.Dir = dir, resolve(project, dir.text())
	}
	if !isFolder(c.Dir) && c.at.name == name.name && p.root.text() != "" && !isFolder(resolve(project, p.root.text())) {
		return c, false // the missing root is reported
	}
	if !isFolder(c.Dir) {
		shown := r.name(c.Dir)
		if c.at.written != "" {
			shown = c.at.written
		}
		c.at.report(codeMissingFunction, fmt.Sprintf("function %q has no folder %q", name.shown(), shown), "create it, or correct name or dir")
		return c, false
	}
	s := p.layers(entry)
	if c.Dir != project {
		_, own := r.ownSettings(c.Dir)
		s = append(s, own...)
	}
	c.set(s)
	return c, true
}

// ownSettings returns what a cloudbaserc.json in a function's own folder says of it, and the name that it gives the
// function, if any.
func (r *report) ownSettings(dir string) (name string, s layers) {
	if !isFile(dir, cloudBaseFile) {
		return "", nil
	}
	for _, p := range plans(r.openCloudBase(dir)) {
		for _, entry := range p.entries.elements() {
			named := expanded(entry.member("name")).text()
			if path := expanded(entry.member("dir")).text(); path != "" && resolve(dir, path) == dir {
				return named, p.layers(entry)
			}
			if named == filepath.Base(dir) {
				return named, p.layers(entry)
			}
		}
	}
	return "", nil
}

// found returns the function in a folder that no entry describes.
func (r *report) found(dir string) candidate {
	c := candidate{FunctionDir: FunctionDir{Name: filepath.Base(dir), Dir: dir}}
	name, own := r.ownSettings(dir)
	if functionName.MatchString(name) {
		c.Name = name
	}
	c.set(own)
	return c
}

// set fills in what the settings say.
func (f *FunctionDir) set(s layers) {
	f.Timeout = timeout(s.member("timeout"))
	f.MemoryMB = memory(either(s.member("memorySize"), s.member("memory"))) // the latter is an older name
	f.Runtime = s.member("runtime").text()
	f.Handler = s.member("handler").text()
	f.Type = functionType(s.member("type"))
	f.Concurrency = concurrency(s.member("instanceConcurrencyConfig"))
	f.Triggers = triggers(s.member("triggers"))
	f.Ignore = texts(s.member("ignore"))
	for _, object := range s {
		f.setVariables(expanded(object.member("envVariables")))
	}
	slices.Sort(f.Secret)
	f.Secret = slices.Compact(f.Secret)
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
		return filepath.Join(project, cloudBaseRoot, name)
	}
	return filepath.Join(roots[0], name)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func functionType(v value) string {
	switch t := v.text(); {
	case strings.EqualFold(t, TypeHTTP):
		return TypeHTTP
	case t != "" && !strings.EqualFold(t, TypeEvent):
		v.report(codeFunctionType, fmt.Sprintf("there is no function type %q", v.shown()), `write "Event" or "HTTP"`)
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

// setVariables adds environment variables. Their values may be secret, so no finding shows one.
func (f *FunctionDir) setVariables(object value) {
	if !object.is('{') {
		return
	}
	if f.Env == nil {
		f.Env = map[string]string{}
	}
	var at value // of the first variable that is unset
	var unset []string
	for _, m := range object.members() {
		m, unknown := filled(m)
		if names := m.reportUnknown(unknown); len(names) > 0 {
			at = either(at, m)
			unset = append(unset, names...)
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
		f.Env[m.key] = literal(m.json)
		if m.written != "" {
			f.Secret = append(f.Secret, m.key)
		}
	}
	slices.Sort(unset)
	at.reportUnset(object.name, slices.Compact(unset))
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
