package config

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// A Project is what the files of a project say together.
//
// See https://developers.weixin.qq.com/miniprogram/dev/devtools/projectconfig.html for project.config.json and
// https://docs.cloudbase.net/cli-v1/functions/configs for cloudbaserc.json.
type Project struct {
	Dir          string        // the folder that was loaded, absolute
	Root         string        // the folder of project.config.json or cloudbaserc.json, absolute: Dir, above it, or below where no other is; Dir where there is none
	Part         bool          // whether Functions are only those that have to do with Dir, which is below Root
	AppID        string        // appid; "" where unknown
	EnvID        string        // envId of cloudbaserc.json; "" where unknown
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
	Secret      []string          // names in Env whose values come from .env files or from this process's environment, sorted: nobody else may see them
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
	privateFile   = "project.private.config.json" // one developer's own settings, which override those of weChatFile
	cloudBaseFile = "cloudbaserc.json"
)

// HasFiles reports whether there is a project.config.json or a cloudbaserc.json in Root.
func (p *Project) HasFiles() bool { return hasProjectFile(p.Root) }

// Name returns a file of the project as findings name it.
func (p *Project) Name(file string) string { return nameFrom(p.Dir, p.Root, file) }

// LoadFunction is [LoadFunction] with file names relative to the project's Dir.
func (p *Project) LoadFunction(f FunctionDir) (*Function, []Finding, error) {
	dir, err := folder(f.Dir)
	if err != nil {
		return nil, nil, err
	}
	r := &report{base: p.Dir, root: p.Root}
	return r.function(dir), r.sorted(), nil
}

// project reads the files of a project, which may have none: in the folder that is loaded, or above it. It returns nil
// where the folder that is loaded is no part of the project. crossed is whether a repository ends between the two.
func (r *report) project(root string, crossed bool) *Project {
	if root != r.base {
		r.root = root
	}
	weChat := r.open(filepath.Join(root, weChatFile))
	private := r.open(filepath.Join(root, privateFile))
	cloudBase := r.openCloudBase(root)
	setting := func(key string) value {
		if v := private.member(key); v.text() != "" {
			return v
		}
		return weChat.member(key)
	}

	planned := plans(cloudBase)
	named := []value{setting("cloudfunctionRoot")}
	for _, p := range planned {
		named = append(named, p.root)
	}
	roots := r.roots(root, named...)
	found := r.candidates(root, roots, planned)
	miniProgram := setting("miniprogramRoot")
	pages := resolve(root, miniProgram.text())
	part := false
	switch all := found; {
	case within(r.base, root) && root != r.base: // it stands for the folder
	case root == r.base:
		other := func(c candidate) bool { return c.Dir != root && (c.at.exists() || starts(c.Dir)) }
		if !isFile(root, weChatFile) && starts(root) && !slices.ContainsFunc(found, other) {
			return nil // the file is the function's own
		}
	default:
		found = slices.DeleteFunc(slices.Clone(all), func(c candidate) bool { return !within(r.base, c.Dir) && !within(c.Dir, r.base) })
		part = true
		switch {
		case len(found) > 0, slices.ContainsFunc(roots, func(dir string) bool { return within(r.base, dir) }):
		case crossed, (miniProgram.text() == "" || !within(pages, r.base)) && r.hasOwnFunctions():
			return nil
		default:
			found, part = all, false
		}
	}
	p := &Project{
		Dir:          r.base,
		Root:         root,
		Part:         part,
		FunctionRoot: functionRoot(root, roots, named),
		AppID:        setting("appid").text(),
		Functions:    r.functions(found),
	}
	if isFolder(pages) {
		p.Pages = r.pages(filepath.Join(pages, "app.json"))
	} else if r.firstError() == nil { // else one step is enough
		r.reportMissing(codeMissingPages, root, miniProgram, "the Mini Program, whose pages are unknown")
	}
	p.EnvID = envID(cloudBase)
	r.addStubs(p)
	return p
}

// addStubs reads the stub file of a project.
func (r *report) addStubs(p *Project) {
	p.StubsFile = filepath.Join(p.Root, stubsFile)
	p.Stubs = r.stubs(r.openUpTo(p.StubsFile, maxStubsFile), p.Root)
}

// within reports whether path is dir or in it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// roots returns the function roots of a project: those that its files name, else those with a usual name.
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
			r.reportMissing(codeMissingRoot, project, v, "the functions")
			continue
		}
		roots = append(roots, root)
	}
	if !set {
		roots = usualRoots(project)
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
		return filepath.Join(project, weChatRoot)
	}
	return filepath.Join(project, cloudBaseRoot)
}

// candidates returns the functions that cloudbaserc.json describes, and the folders below the function roots that it
// says nothing about.
func (r *report) candidates(project string, roots []string, planned []plan) []candidate {
	var found []candidate
	claimed := make(map[string]bool)
	for _, p := range planned {
		for _, entry := range p.entries.elements() {
			if c, ok := r.configured(p, entry, project, roots); ok {
				found = append(found, c)
				claimed[c.Dir] = true
			}
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

// scan returns the folders in a function root.
func (r *report) scan(root string) []candidate {
	if _, err := os.ReadDir(root); err != nil {
		r.unreadable(root, err)
	}
	var found []candidate
	for _, dir := range subfolders(root) {
		found = append(found, r.found(dir))
	}
	return found
}

// functions makes one function of the candidates of each name, and reports what cannot be called.
func (r *report) functions(found []candidate) []FunctionDir {
	if len(found) == 0 && r.firstError() == nil { // else that is why
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
