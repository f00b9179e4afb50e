package config

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Project is what the files of a project say together.
//
// See https://developers.weixin.qq.com/miniprogram/dev/devtools/projectconfig.html for project.config.json and
// https://docs.cloudbase.net/cli-v1/functions/configs for cloudbaserc.json.
type Project struct {
	Dir          string        // the folder that was loaded, absolute
	Root         string        // the folder of project.config.json or cloudbaserc.json, absolute: Dir or above; Dir where there is neither
	AppID        string        // appid of project.private.config.json, else of project.config.json; "" where unknown
	EnvID        string        // envId of cloudbaserc.json; "" where unknown, or a template such as {{env.ENV_ID}}
	Functions    []FunctionDir // sorted by name; where a name stands for two folders, once
	Pages        *Pages        // of the Mini Program; nil where its app.json was not found or cannot be read
	FunctionRoot string        // the folder that a new function belongs into, absolute, whether it exists or not: the first function root that is named, else the first that exists
	StubsFile    string        // the wxfn.stubs.json in Root, absolute, whether it exists or not
	Stubs        *Stubs        // of StubsFile; nil where it was not found or is no JSON object
}

// The types of functions: how they are called.
const (
	TypeEvent = "Event" // with an event, by callFunction or a timer
	TypeHTTP  = "HTTP"  // with HTTP requests
)

// A FunctionDir is a function's folder and its settings in cloudbaserc.json.
type FunctionDir struct {
	Name        string            // what it is called by: the folder's name, or the one that cloudbaserc.json gives it
	Dir         string            // absolute
	Kind        Kind              // what starts it
	Entry       string            // the executable or JavaScript file that starts it, relative to Dir with forward slashes; "." for a Go main package; "" for KindNone
	Missing     string            // for KindNone: what is missing in the folder, and what to do
	Duplicate   []string          // other folders with this Name, absolute; where there are any, the name must be refused
	Timeout     time.Duration     // 1 s to 900 s; 0 where not set
	MemoryMB    int               // 0 where not set
	Concurrency int               // requests that one instance serves at once; 0 where not set: one
	Port        int               // where a web server listens in the cloud: 9000 for KindHTTP, the containerPort of container.config.json for KindCloudRun; 0 for other kinds
	Env         map[string]string // environment variables, beside those of the platform
	Runtime     string            // as written, such as Go1 or Nodejs18.15
	Handler     string            // as written, such as main or index.main
	Type        string            // TypeEvent, or TypeHTTP for an HTTP function or a Cloud Run service
	Triggers    []Trigger         // those of cloudbaserc.json, as in [Function]
	Ignore      []string          // patterns of files that are not deployed, as written: relative to Dir, with * and **
}

// IsJavaScript reports whether the file that starts a function is one for Node.
func IsJavaScript(entry string) bool {
	return slices.Contains([]string{".js", ".cjs", ".mjs"}, path.Ext(entry))
}

// BuildsGo reports whether the function is a Go main package, which is built before it is started.
func (f FunctionDir) BuildsGo() bool { return f.Entry == "." }

// The files that make a folder a project.
const (
	weChatFile    = "project.config.json"
	privateFile   = "project.private.config.json" // one developer's own settings, over those of weChatFile
	cloudBaseFile = "cloudbaserc.json"
)

// defaultRoots hold the functions of a project that names no function root: the CloudBase CLI's default, and the name
// that WeChat DevTools gives.
var defaultRoots = []string{"functions", "cloudfunctions"}

// LoadProject reads the project of a folder. The folder may be
//   - a project, with project.config.json, cloudbaserc.json or both,
//   - a part of one, such as its function root or one function: then the files are found above it, and only the
//     functions in the folder are listed,
//   - one function, or a folder of function folders, without any such file.
//
// The error is about the folder; faults of the files are findings, with file names relative to the folder. What the
// config.json files of the functions say is for [Project.LoadFunction].
func LoadProject(dir string) (*Project, []Finding, error) {
	dir, err := folder(dir)
	if err != nil {
		return nil, nil, err
	}
	for root := dir; ; root = filepath.Dir(root) {
		r := &report{base: dir}
		if p := r.project(root); p != nil {
			return p, r.sorted(), nil
		}
		if root == filepath.Dir(root) {
			p := &Project{Dir: dir, Root: dir, FunctionRoot: dir, Functions: r.functions(r.loose(dir))}
			r.addStubs(p)
			return p, r.sorted(), nil
		}
	}
}

// HasFiles reports whether there is a project.config.json or a cloudbaserc.json in Root.
func (p *Project) HasFiles() bool { return isFile(p.Root, weChatFile) || isFile(p.Root, cloudBaseFile) }

// LoadFunction is [LoadFunction] with file names relative to the project's Dir.
func (p *Project) LoadFunction(f FunctionDir) (*Function, []Finding, error) {
	dir, err := folder(f.Dir)
	if err != nil {
		return nil, nil, err
	}
	r := &report{base: p.Dir}
	return r.function(dir), r.sorted(), nil
}

// project reads the project files of a folder: the one that is loaded, or one above it. It returns nil where there are
// none, or where they are about other functions.
func (r *report) project(root string) *Project {
	if !isFile(root, weChatFile) && !isFile(root, cloudBaseFile) {
		return nil
	}
	weChat := r.open(filepath.Join(root, weChatFile))
	private := r.open(filepath.Join(root, privateFile))
	cloudBase := r.open(filepath.Join(root, cloudBaseFile))

	named := []value{weChat.member("cloudfunctionRoot"), expanded(cloudBase.member("functionRoot"))}
	roots := r.roots(root, named...)
	found := r.candidates(root, roots, cloudBase.member("functions"))
	if root != r.base {
		inside := func(dir string) bool { return within(r.base, dir) }
		found = slices.DeleteFunc(found, func(c candidate) bool { return !inside(c.Dir) })
		if len(found) == 0 && !slices.ContainsFunc(roots, inside) {
			return nil
		}
	}
	p := &Project{
		Dir:          r.base,
		Root:         root,
		FunctionRoot: functionRoot(root, roots, named),
		AppID:        cmp.Or(private.member("appid").text(), weChat.member("appid").text()),
		Functions:    r.functions(found),
		Pages:        r.pages(filepath.Join(resolve(root, weChat.member("miniprogramRoot").text()), "app.json")),
	}
	if env := cloudBase.member("envId"); !isTemplate(env) {
		p.EnvID = env.text()
	}
	r.addStubs(p)
	return p
}

// addStubs reads the stub file of a project.
func (r *report) addStubs(p *Project) {
	p.StubsFile = filepath.Join(p.Root, stubsFile)
	p.Stubs = r.stubs(r.openOwn(p.StubsFile), p.Root)
}

// within reports whether path is dir or in it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// roots returns the function roots of a project: those that its files name, else the default ones that there are.
func (r *report) roots(project string, named ...value) []string {
	var roots []string
	set := false
	for _, v := range named {
		if v.text() == "" {
			continue
		}
		set = true
		root := resolve(project, v.text())
		if !isFolder(root) {
			v.report(codeMissingRoot, fmt.Sprintf("there is no folder %q for the functions", r.name(root)), "create it, or correct "+v.name)
			continue
		}
		roots = append(roots, root)
	}
	if !set {
		for _, name := range defaultRoots {
			if root := filepath.Join(project, name); isFolder(root) {
				roots = append(roots, root)
			}
		}
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// functionRoot returns where a new function belongs.
func functionRoot(project string, roots []string, named []value) string {
	for _, v := range named {
		if v.text() != "" {
			return resolve(project, v.text())
		}
	}
	if len(roots) > 0 {
		return roots[0]
	}
	if isFile(project, weChatFile) {
		return filepath.Join(project, defaultRoots[1])
	}
	return filepath.Join(project, defaultRoots[0])
}

// candidates returns the functions that cloudbaserc.json describes, and the folders below the function roots that it
// says nothing about.
func (r *report) candidates(project string, roots []string, entries value) []candidate {
	var found []candidate
	claimed := make(map[string]bool)
	for _, entry := range entries.elements() {
		if c, ok := r.configured(entry, project, roots); ok {
			found = append(found, c)
			claimed[c.Dir] = true
		}
	}
	for _, root := range roots {
		for _, c := range r.scan(root) {
			if !claimed[c.Dir] {
				found = append(found, c)
			}
		}
	}
	return found
}

// loose returns the functions of a folder that belongs to no project: itself, where it is one function, else the
// folders in it.
func (r *report) loose(dir string) []candidate {
	starts := func(c candidate) bool {
		kind, entry := findEntry(c.Dir, "", false)
		return kind != KindNone && !IsTypeScript(entry) // src may hold a function's source
	}
	self := candidate{FunctionDir: FunctionDir{Name: filepath.Base(dir), Dir: dir, Type: TypeEvent}}
	if starts(self) {
		return []candidate{self}
	}
	inside := r.scan(dir)
	marked := isFile(dir, "package.json") || isFile(dir, "config.json") || typeScriptEntry(dir, "") != ""
	if marked && !slices.ContainsFunc(inside, starts) {
		return []candidate{self}
	}
	return inside
}

// scan returns the folders in a function root.
func (r *report) scan(root string) []candidate {
	entries, err := os.ReadDir(root)
	if err != nil {
		r.unreadable(root, err)
	}
	var found []candidate
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		if strings.HasPrefix(e.Name(), ".") || e.Name() == "node_modules" || !isFolder(dir) {
			continue
		}
		found = append(found, candidate{FunctionDir: FunctionDir{Name: e.Name(), Dir: dir, Type: TypeEvent}})
	}
	return found
}

// functions makes one function of the candidates of each name, and reports what cannot be called.
func (r *report) functions(found []candidate) []FunctionDir {
	if len(found) == 0 {
		r.add(r.base, 1, 1, codeNoFunctions, "there is no cloud function here", "set cloudfunctionRoot in project.config.json, or give the folder that holds the functions")
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.Name, b.Name) })
	var functions []FunctionDir
	var first candidate
	for _, c := range found {
		if len(functions) > 0 && c.Name == first.Name {
			f := &functions[len(functions)-1]
			f.Duplicate = append(f.Duplicate, c.Dir)
			r.duplicate(first, c)
			continue
		}
		first = c
		r.findEntry(&c.FunctionDir)
		functions = append(functions, c.FunctionDir)
	}
	return functions
}

// duplicate reports two functions of one name, in cloudbaserc.json where it has a part in it.
func (r *report) duplicate(first, second candidate) {
	message := fmt.Sprintf("there are two functions %q, in %q and in %q, and neither can be called", first.Name, r.name(first.Dir), r.name(second.Dir))
	advice := "rename or remove one of them"
	switch {
	case second.at.exists():
		second.at.report(codeDuplicateFunction, message, advice)
	case first.at.exists():
		first.at.report(codeDuplicateFunction, message, advice)
	default:
		r.add(second.Dir, 1, 1, codeDuplicateFunction, message, advice)
	}
}
