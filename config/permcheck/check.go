package permcheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
	"github.com/wxcloud-go/wxfn/config/permcheck/golang"
	"github.com/wxcloud-go/wxfn/config/permcheck/javascript"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// Check checks the functions in dirs: projects, parts of them, or folders of functions, as [config.LoadProject] takes
// them; of a folder around several projects, all of them.
// base is the folder that names of files are relative to. The error is about a folder that cannot be checked at all; a
// function that cannot be analysed is one of the report's failures.
func Check(ctx context.Context, base string, dirs ...string) (*Report, error) {
	base, err := filepath.Abs(base)
	if err != nil {
		return nil, err
	}
	c := &checker{report: &Report{Base: base}, seen: map[string]bool{}}
	for _, dir := range dirs {
		err := c.load(dir)
		if several, ok := errors.AsType[*config.SeveralProjectsError](err); ok {
			err = nil
			for _, project := range several.Projects {
				err = errors.Join(err, c.load(project))
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if len(c.functions) == 0 && len(c.report.Failures) == 0 && !c.report.Failed(false) {
		return nil, fmt.Errorf("%w in %s; give the folder that holds them, or set cloudfunctionRoot in project.config.json", ErrNoFunctions, strings.Join(dirs, ", "))
	}
	analyses := c.analyse(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, f := range c.functions {
		c.compare(f, analyses[f.Dir])
	}
	c.report.sort()
	return c.report, nil
}

// ErrNoFunctions means that there is nothing to check.
var ErrNoFunctions = errors.New("there is no cloud function")

// checker makes a report.
type checker struct {
	report    *Report
	functions []function
	seen      map[string]bool // folders of functions, so that overlapping dirs count once
}

// function is one to be checked, with what its config.json says.
type function struct {
	config.FunctionDir
	config *config.Function
	file   string // its config.json, as findings name it
}

// load reads a project and the config.json of its functions.
func (c *checker) load(dir string) error {
	project, findings, err := config.LoadProject(dir)
	if err != nil {
		return err
	}
	if base := c.report.Base; project.Root != base && inside(project.Root, base) {
		c.report.around = project.Root
	}
	compiled := map[string]bool{} // folders that become functions once a compiler has been there
	for i, f := range project.Functions {
		if stem, ok := typeScript(f); ok {
			project.Functions[i].Kind, project.Functions[i].Entry = config.KindNode, stem+".js"
			compiled[c.name(f.Dir)] = true
		}
	}
	for _, f := range findings {
		if f.Code != "missing-pages" { // which no permission depends on
			c.add(project.Dir, Finding{Finding: f})
		}
	}
	c.report.Findings = slices.DeleteFunc(c.report.Findings, func(f Finding) bool {
		return f.Function == "" && (f.Code == "no-entry" || f.Code == "no-server") && compiled[f.File]
	})
	for _, dir := range project.Functions {
		if c.seen[dir.Dir] || dir.Kind == config.KindNone {
			continue
		}
		c.seen[dir.Dir] = true
		own, findings, err := project.LoadFunction(dir)
		if err != nil {
			c.fail(dir, err)
			continue
		}
		for _, f := range findings {
			c.add(project.Dir, Finding{Finding: f, Function: dir.Name, dir: c.name(dir.Dir)})
		}
		c.functions = append(c.functions, function{dir, own, c.name(filepath.Join(dir.Dir, "config.json"))})
	}
	return nil
}

// analysers are the kinds of functions whose code can be followed. Others are checked as far as their config.json goes.
var analysers = map[config.Kind]func(context.Context, []config.FunctionDir) map[string]apiuse.Analysis{
	config.KindGo:   golang.Analyse,
	config.KindNode: javascript.Analyse,
}

// analyse returns what the code of each function can call, by folder.
func (c *checker) analyse(ctx context.Context) map[string]apiuse.Analysis {
	byKind := map[config.Kind][]config.FunctionDir{}
	for _, f := range c.functions {
		dir := f.FunctionDir
		var kind config.Kind
		kind, dir.Entry = f.source()
		byKind[kind] = append(byKind[kind], dir)
	}
	all := map[string]apiuse.Analysis{}
	for kind, analyse := range analysers {
		if len(byKind[kind]) == 0 {
			continue
		}
		for dir, a := range analyse(ctx, byKind[kind]) {
			all[dir] = a
		}
	}
	return all
}

// source returns the kind of a function's code and the file that starts it. An executable may be made of a Go main package
// in the same folder, or be a script that starts Node.
func (f function) source() (kind config.Kind, entry string) {
	switch {
	case f.Kind == config.KindNode:
		return f.Kind, f.Entry
	case f.BuildsGo() || hasGo(f.Dir):
		return config.KindGo, "."
	case config.IsJavaScript(f.Entry):
		return config.KindNode, f.Entry
	}
	if file := startedByNode(f.Dir, f.Entry); file != "" {
		return config.KindNode, file
	}
	return config.KindNone, f.Entry // a program whose source is elsewhere
}

// javaScriptFile is a file in a command such as "/var/lang/node18/bin/node app.js".
var javaScriptFile = regexp.MustCompile(`[\w./-]+\.[cm]?js\b`)

// npmStart is the command that does what the package.json says.
var npmStart = regexp.MustCompile(`\b(npm|yarn|pnpm)( run)? start\b`)

// startedByNode returns the JavaScript file that a script in a folder starts, which may be still to be made of TypeScript;
// empty where it cannot be told.
func startedByNode(dir, script string) string {
	path := filepath.Join(dir, filepath.FromSlash(script))
	if info, err := os.Stat(path); err != nil || info.Size() > 1<<16 {
		return "" // a program
	}
	text, _ := os.ReadFile(path)
	if !bytes.HasPrefix(text, []byte("#!")) {
		return ""
	}
	if npmStart.Match(text) {
		var manifest struct{ Scripts struct{ Start string } }
		more, _ := os.ReadFile(filepath.Join(dir, "package.json"))
		_ = json.Unmarshal(more, &manifest) // what is wrong there, npm will say
		text = append(text, manifest.Scripts.Start...)
	}
	for _, name := range javaScriptFile.FindAllString(string(text), -1) {
		name = filepath.FromSlash(name)
		there := isFile(filepath.Join(dir, name)) || isTypeScript(dir, strings.TrimSuffix(name, filepath.Ext(name)))
		if filepath.IsLocal(name) && there {
			return filepath.ToSlash(filepath.Clean(name))
		}
	}
	return ""
}

// hasGo reports whether a folder holds the source of a Go program.
func hasGo(dir string) bool {
	entries, _ := os.ReadDir(dir) // the folder has been read before
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			return false
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.PackageClauseOnly)
		return err == nil && file.Name.Name == "main"
	})
}

// typeScript returns the file, without its extension, that starts a function of which only the TypeScript is there: the
// JavaScript is made of it before the upload.
func typeScript(f config.FunctionDir) (stem string, ok bool) {
	if f.Kind != config.KindNone {
		return "", false
	}
	stems := []string{"index"}
	if i := strings.LastIndexByte(f.Handler, '.'); i > 0 && filepath.IsLocal(filepath.FromSlash(f.Handler[:i])) {
		stems = []string{f.Handler[:i], "index"}
	}
	for _, stem := range stems {
		if isTypeScript(f.Dir, stem) {
			return stem, true
		}
	}
	return "", false
}

// isTypeScript reports whether a file, without its extension, is there in TypeScript.
func isTypeScript(dir, stem string) bool {
	return slices.ContainsFunc([]string{".ts", ".mts", ".cts", ".tsx"}, func(extension string) bool {
		return isFile(filepath.Join(dir, filepath.FromSlash(stem+extension)))
	})
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// compare adds what is wrong between a function's code and its config.json.
func (c *checker) compare(f function, a apiuse.Analysis) {
	kind, _ := f.source()
	_, analysed := analysers[kind]
	if a.Err != nil {
		c.fail(f.FunctionDir, a.Err)
		analysed = false
	}
	used := map[string][]apiuse.Use{}
	certain := analysed && len(a.Doubts) == 0 // whether used is all that there is
	for _, u := range a.Uses {
		names := u.Declared
		if u.API != "" {
			names = []string{u.API}
		}
		if len(names) == 0 && !u.OwnToken {
			certain = false
			c.at(f, codeComputedAPI, "", u.Path, f.Name+" makes up the name of an API at run time, so that it cannot be checked",
				"name what it can be in a comment on the line above: //wxfn:permissions wxacode.get, security.msgSecCheck")
		}
		for _, name := range names {
			if !strings.HasPrefix(name, "/") { // a path that no entry can permit
				used[name] = append(used[name], u)
			}
		}
	}
	for _, d := range a.Doubts {
		c.at(f, codeUnresolvedAPI, "", []Step{{Position: d.Position}}, f.Name+": "+d.Message, "write the name as a constant, or name what it can be in a comment on the line above: // wxfn:permissions wxacode.get, security.msgSecCheck")
	}
	for _, fault := range a.Faults {
		c.at(f, fault.Code, "", []Step{{Position: fault.Position}}, f.Name+": "+fault.Message, fault.Advice)
	}
	for name, uses := range used {
		c.compareUse(f, name, uses)
	}
	c.compareEntries(f, used, certain)
	if a.Err == nil {
		c.report.Functions = append(c.report.Functions, Function{Name: f.Name, Dir: c.name(f.Dir), Kind: f.Kind, Used: sortedKeys(used), Declared: declared(f.config)})
	}
}

// compareUse looks for an API that the code can call in the config.json.
func (c *checker) compareUse(f function, name string, uses []apiuse.Use) {
	if charged := withoutOwnToken(uses); len(charged) > 0 {
		uses = charged
	}
	shortest := slices.MinFunc(uses, func(a, b apiuse.Use) int { return len(a.Path) - len(b.Path) })
	more := ""
	if n := len(uses) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more such calls)", n)
		if n == 1 {
			more = " (and one more such call)"
		}
	}
	instead, retired := catalog.Retired(name)
	switch {
	case retired && !f.config.Allows(name): // else its entry is told of
		c.at(f, codeRetiredAPI, name, shortest.Path, fmt.Sprintf("%s calls %s%s, which WeChat no longer offers", f.Name, name, more), instead)
	case !catalog.Known(name):
		c.at(f, codeUnknownCall, name, shortest.Path, fmt.Sprintf("%s calls %q, and there is no such API%s", f.Name, name, more), near(name))
	case uses[0].OwnToken, f.config.Allows(name):
	case f.config.Broken: // which is a finding; what else is missing nobody can tell before it is mended
	case !f.config.Exists:
		c.at(f, codeMissingPermission, name, shortest.Path, fmt.Sprintf("%s calls %s%s and has no config.json to permit it", f.Name, name, more),
			fmt.Sprintf(`create %s with {"permissions": {"openapi": [%q]}}`, f.file, name))
	default:
		c.at(f, codeMissingPermission, name, shortest.Path, fmt.Sprintf("%s calls %s%s, which its config.json does not permit", f.Name, name, more),
			fmt.Sprintf("add %q to permissions.openapi in %s", name, f.file))
	}
}

// withoutOwnToken returns those uses that need a permission.
func withoutOwnToken(uses []apiuse.Use) []apiuse.Use {
	return slices.DeleteFunc(slices.Clone(uses), func(u apiuse.Use) bool { return u.OwnToken })
}

// near returns the advice for a name that is no API's.
func near(name string) string {
	var names []string
	for _, n := range catalog.Nearest(name, 3) {
		names = append(names, strconv.Quote(n))
	}
	if len(names) == 0 {
		return `write a name from the API reference, such as "wxacode.createQRCode"`
	}
	return "did you mean " + strings.Join(names, " or ") + "?"
}

// compareEntries looks at the entries of a config.json. certain is whether used is all that the code can call.
func (c *checker) compareEntries(f function, used map[string][]apiuse.Use, certain bool) {
	entries := f.config.Permissions
	meant := map[string]bool{} // what wrong names may have meant
	for name := range used {
		if !catalog.Known(name) {
			for _, n := range catalog.Nearest(name, 3) {
				meant[n] = true
			}
		}
	}
	entry := func(p config.Permission, code, message, advice string) Finding {
		return Finding{Function: f.Name, dir: c.name(f.Dir), API: p.Name, Finding: config.Finding{
			File: f.file, Line: p.Line, Column: p.Column, Code: code, Severity: severity(code), Message: message, Advice: advice}}
	}
	for _, p := range entries {
		unused := certain && !meant[p.Name] && catalog.Known(p.Name) && len(withoutOwnToken(used[p.Name])) == 0
		instead, retired := catalog.Retired(p.Name)
		how := "never calls"
		if len(used[p.Name]) > 0 {
			how = "calls only with an access token of its own"
		}
		var found Finding
		switch {
		case retired && unused:
			found = entry(p, codeRetiredAPI, fmt.Sprintf("%s permits %s, which WeChat no longer offers and its code %s", f.Name, p.Name, how), "remove the entry")
		case retired:
			found = entry(p, codeRetiredAPI, fmt.Sprintf("WeChat no longer offers %s", p.Name), instead)
		case unused:
			found = entry(p, codeUnusedPermission, fmt.Sprintf("%s permits %s, which its code %s", f.Name, p.Name, how), "remove the entry")
		default:
			continue
		}
		found.unused = unused
		c.report.Findings = append(c.report.Findings, found)
	}
	for i := 1; i < len(entries); i++ {
		if entries[i].Name < entries[i-1].Name {
			c.report.unsorted = append(c.report.unsorted, entry(entries[i], codeUnsortedPermissions,
				fmt.Sprintf("permissions.openapi is not sorted: %s comes after %s", entries[i].Name, entries[i-1].Name), "sort the entries; wxfn check --sort --fix does it"))
			break
		}
	}
}

func declared(f *config.Function) []string {
	names := []string{}
	for _, p := range f.Permissions {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}

// at adds a finding about a call.
func (c *checker) at(f function, code, api string, path []Step, message, advice string) {
	place := path[len(path)-1].Position
	path = slices.Clone(path)
	for i := range path {
		path[i].File = c.name(path[i].File)
	}
	if len(path) == 1 {
		path = nil // it says no more than the place
	}
	c.report.Findings = append(c.report.Findings, Finding{Function: f.Name, dir: c.name(f.Dir), API: api, Path: path, Finding: config.Finding{
		File: c.name(place.File), Line: place.Line, Column: place.Column, Code: code, Severity: severity(code), Message: message, Advice: advice}})
}

// add adds a finding of package config, whose files are relative to dir.
func (c *checker) add(dir string, f Finding) {
	file := filepath.FromSlash(f.File)
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	f.File = c.name(file)
	c.report.Findings = append(c.report.Findings, f)
}

func (c *checker) fail(f config.FunctionDir, err error) {
	c.report.Failures = append(c.report.Failures, Failure{Function: f.Name, Dir: c.name(f.Dir), Err: err})
}

// name returns a file as findings name it.
func (c *checker) name(file string) string { return c.report.name(file) }
