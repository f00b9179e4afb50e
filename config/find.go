package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A Loader loads projects. The zero Loader is that of [LoadProject].
type Loader struct {
	Mode      string                                    // adds .env.MODE to the files that fill the templates of cloudbaserc.json
	LookupEnv func(name string) (value string, ok bool) // the variables that override them; os.LookupEnv if nil
}

// LoadProject reads the project of a folder. The folder may be
//   - a project, with project.config.json, cloudbaserc.json or both, or with a folder of functions that has a usual
//     name, such as cloudfunctions,
//   - a part of one: the project is found above it. Of a folder that has to do with functions (their root, one of them,
//     a folder in one) only these functions are listed, of another one, such as a page's, all functions of the project,
//   - a folder around one project. Around several, the error is a [SeveralProjectsError],
//   - one function, or a folder of function folders, that belongs to no project.
//
// The error is about the folder; faults of the files are findings, with file names relative to the folder. What the
// config.json files of the functions say is for [Project.LoadFunction].
func LoadProject(dir string) (*Project, []Finding, error) { return Loader{}.Load(dir) }

// A SeveralProjectsError says that a folder has several projects below it, and is none itself.
type SeveralProjectsError struct {
	Dir      string   // the folder, absolute
	Projects []string // the folders of the projects, absolute, sorted
}

func (e *SeveralProjectsError) Error() string {
	var names []string
	for _, dir := range e.Projects {
		names = append(names, nameFrom(e.Dir, "", dir))
	}
	return fmt.Sprintf("config: %s holds %d projects; name one of them: %s", e.Dir, len(names), strings.Join(names, ", "))
}

// Load is [LoadProject] with the loader's mode and variables.
func (l Loader) Load(dir string) (*Project, []Finding, error) {
	dir, err := folder(dir)
	if err != nil {
		return nil, nil, err
	}
	p, r := l.around(dir, hasProjectFile)
	if p == nil || p.Root == dir && len(p.Functions) == 0 && !isFolder(p.FunctionRoot) && r.firstError() == nil {
		root, err := l.below(dir)
		if err != nil {
			return nil, nil, err
		}
		if root != "" {
			r = l.report(dir)
			p = r.project(root, false)
		}
	}
	if p == nil {
		p, r = l.around(dir, func(root string) bool { return isUsualProject(root, dir) })
	}
	if p == nil {
		r = l.report(dir)
		p = &Project{Dir: dir, Root: dir, FunctionRoot: dir, Functions: r.functions(r.loose(dir))}
		p.EnvID = envID(r.openCloudBase(dir))
		r.addStubs(p)
	}
	return p, r.sorted(), nil
}

func (l Loader) report(dir string) *report {
	return &report{base: dir, mode: l.Mode, lookup: l.LookupEnv}
}

// around returns the project that a folder is, or is a part of; nil where there is none.
func (l Loader) around(dir string, isProject func(root string) bool) (*Project, *report) {
	crossed := false
	for root := dir; ; root = filepath.Dir(root) {
		if isProject(root) {
			r := l.report(dir)
			if p := r.project(root, crossed); p != nil {
				return p, r
			}
		}
		if root == filepath.Dir(root) {
			return nil, nil
		}
		crossed = crossed || exists(root, ".git")
	}
}

// below returns the one project that a folder without project files stands for: the folder itself, where it holds
// functions in a place with a usual name, or a project below it; "" where there is none.
func (l Loader) below(dir string) (root string, err error) {
	var usual, projects, empty []string
	if !hasProjectFile(dir) && !isFunction(dir) {
		usual = slices.DeleteFunc(usualRoots(dir), func(root string) bool { return !slices.ContainsFunc(subfolders(root), starts) })
	}
	for _, root := range nestedProjects(dir) {
		switch p, _ := l.around(root, func(dir string) bool { return dir == root }); {
		case p == nil:
		case len(p.Functions) == 0:
			empty = append(empty, root)
		default:
			projects = append(projects, root)
			usual = slices.DeleteFunc(usual, func(usual string) bool {
				return slices.ContainsFunc(p.Functions, func(f FunctionDir) bool { return within(usual, f.Dir) })
			})
		}
	}
	switch {
	case len(usual)+len(projects) == 0 && len(empty) == 1 && !hasProjectFile(dir):
		return empty[0], nil
	case len(projects) == 0 && len(usual) > 0:
		return dir, nil
	case len(projects) == 1 && len(usual) == 0:
		return projects[0], nil
	case len(projects) == 0:
		return "", nil
	}
	all := append(projects, usual...)
	slices.Sort(all)
	return "", &SeveralProjectsError{Dir: dir, Projects: all}
}

// How far below a folder projects are looked for.
const maxDepth = 4

// madeFolder is the name of a folder that tools write: what looks like a project in there is a copy.
var madeFolder = regexp.MustCompile(`^(\..*|node_modules|miniprogram_npm|vendor|testdata|dist(-.*)?|build|output|out|unpackage|target)$`)

// nestedProjects returns the folders below a folder that have project files, sorted. There is none in another one.
func nestedProjects(dir string) (found []string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir() || path == dir: // what cannot be read is no project
			return nil
		case madeFolder.MatchString(d.Name()):
			return filepath.SkipDir
		case hasProjectFile(path) && !isFunction(path):
			found = append(found, path)
			return filepath.SkipDir
		}
		if rel, err := filepath.Rel(dir, path); err != nil || strings.Count(rel, string(filepath.Separator)) >= maxDepth-1 {
			return filepath.SkipDir
		}
		return nil
	})
	return found
}

func hasProjectFile(dir string) bool { return isFile(dir, weChatFile) || isFile(dir, cloudBaseFile) }

// isUsualProject reports whether a folder around another one holds functions in a place with a usual name, and is the top of
// something, or the other one is in that place.
func isUsualProject(root, dir string) bool {
	top := isFile(root, "package.json") || exists(root, ".git") || isFolder(filepath.Join(root, weChatPages))
	return !isFunction(root) && slices.ContainsFunc(usualRoots(root), func(functions string) bool {
		return (top || within(functions, dir) && filepath.Base(functions) != cloudBaseRoot) && slices.ContainsFunc(subfolders(functions), starts)
	})
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// The function roots of new projects: that of WeChat DevTools, and that of the CloudBase CLI.
const (
	weChatRoot    = "cloudfunctions"
	cloudBaseRoot = "functions"
)

// weChatPages is the folder of the Mini Program in new projects of WeChat DevTools.
const weChatPages = "miniprogram"

// usualRoot is the name of a folder that holds functions where nothing else is said.
var usualRoot = regexp.MustCompile(`^(?i:functions|cloud[-_]?functions?)$`)

// cloudFolder is the name of a folder in which functions means cloud functions.
var cloudFolder = regexp.MustCompile(`^(?i:cloud.*|server.*|tcb.*)$`)

// usualRoots returns the folders in a folder that hold functions by their name, such as cloudfunctions; where it has
// none, those one level below, such as src/cloudfunctions and cloud/functions.
func usualRoots(dir string) (found []string) {
	named := func(dir string) bool { return usualRoot.MatchString(filepath.Base(dir)) }
	inside := subfolders(dir)
	for _, dir := range inside {
		if named(dir) {
			found = append(found, dir)
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, dir := range inside {
		if name := filepath.Base(dir); madeFolder.MatchString(name) || strings.HasPrefix(name, "uniCloud") { // of another platform
			continue
		}
		for _, root := range subfolders(dir) {
			if named(root) && (filepath.Base(root) != cloudBaseRoot || cloudFolder.MatchString(filepath.Base(dir))) {
				found = append(found, root)
			}
		}
	}
	return found
}

// subfolders returns the folders in a folder, without hidden ones and node_modules; none where it cannot be read.
func subfolders(dir string) (found []string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !strings.HasPrefix(e.Name(), ".") && e.Name() != "node_modules" && isFolder(path) {
			found = append(found, path)
		}
	}
	return found
}

// starts reports whether something in a folder can be started, or built from TypeScript.
func starts(dir string) bool {
	kind, _ := findEntry(dir, "", false)
	return kind != KindNone
}

// functionConfig is in the config.json of a function.
var functionConfig = regexp.MustCompile(`"(permissions|triggers)"`)

// functionCode is in the code that starts a function, and seldom in another file.
var functionCode = regexp.MustCompile(`exports\.main\b|\bmain_handler\b|\bexport\s+(const|let|async\s+function|function)\s+main\b|wx-server-sdk|/cloudfn"|scf-go-lib`)

// isFunction reports whether a folder is a function by what is in it, wherever it is: not only can it be started, as
// many folders can, but it looks like one.
func isFunction(dir string) bool {
	if !starts(dir) {
		return false
	}
	if isFile(dir, containerFile) || isFile(dir, httpBootstrap) || isFile(dir, bootstrap) {
		return true
	}
	if text, _ := readFile(filepath.Join(dir, "config.json")); functionConfig.Match(text) { // others have a file of that name
		return true
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.[gjmt][os]*"))
	return slices.ContainsFunc(files, func(file string) bool {
		text, _ := readFile(file) // what cannot be read says nothing
		return functionCode.Match(text)
	})
}

// hasOwnFunctions reports whether a folder that is below a project holds functions that the project does not have.
func (r *report) hasOwnFunctions() bool {
	return isFunction(r.base) || slices.ContainsFunc(subfolders(r.base), isFunction) ||
		slices.ContainsFunc(usualRoots(r.base), func(root string) bool { return slices.ContainsFunc(subfolders(root), starts) })
}

// loose returns the functions of a folder that belongs to no project: itself, where it is one function, else the
// folders in it.
func (r *report) loose(dir string) []candidate {
	started := func(dir string) bool {
		kind, entry := findEntry(dir, "", false)
		return kind != KindNone && !IsTypeScript(entry) // src may hold a function's source
	}
	if started(dir) {
		return []candidate{r.found(dir)}
	}
	inside := subfolders(dir)
	marked := isFile(dir, "package.json") || isFile(dir, "config.json") || isFile(dir, cloudBaseFile) || typeScriptEntry(dir, "") != ""
	if marked && !slices.ContainsFunc(inside, started) {
		return []candidate{r.found(dir)}
	}
	return r.scan(dir)
}

// reportMissing reports that there is no folder where a setting says that something is. What a build makes is built.
func (r *report) reportMissing(code, project string, v value, what string) {
	path := resolve(project, v.text())
	message := fmt.Sprintf("there is no folder %q for %s", cmp.Or(v.written, r.name(path)), what)
	build := buildCommand(project, path)
	for name := range strings.SplitSeq(filepath.ToSlash(path[len(project):]), "/") {
		if name != "" && madeFolder.MatchString(name) {
			v.report(code, message+": a build makes it", "build the project first"+build+", or correct "+v.name)
			return
		}
	}
	if build != "" {
		v.report(code, message, "create or build it"+build+", or correct "+v.name)
		return
	}
	v.report(code, message, "create it, or correct "+v.name)
}

// buildScripts are the names of npm scripts that build a Mini Program, the best first.
var buildScripts = []*regexp.Regexp{
	regexp.MustCompile(`^build.*(weapp|mp-weixin|wx|wechat)`), regexp.MustCompile(`^build`), regexp.MustCompile(`^(dev|compile|gulp)`),
}

// buildCommand returns the command that makes a folder, in brackets, where a package.json around it has one.
func buildCommand(project, path string) string {
	for dir := filepath.Dir(path); within(project, dir); dir = filepath.Dir(dir) {
		var manifest struct{ Scripts map[string]any }
		text, err := readFile(filepath.Join(dir, "package.json"))
		if err != nil || json.Unmarshal(text, &manifest) != nil {
			continue
		}
		prefix := ""
		if rel, err := filepath.Rel(project, dir); err == nil && rel != "." {
			prefix = " --prefix " + filepath.ToSlash(rel)
		}
		for _, form := range buildScripts {
			for _, name := range slices.Sorted(maps.Keys(manifest.Scripts)) {
				if form.MatchString(name) {
					return " (npm run" + prefix + " " + name + ")"
				}
			}
		}
	}
	return ""
}
