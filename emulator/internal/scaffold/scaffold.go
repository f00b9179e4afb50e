// Package scaffold starts functions: the files that a new one begins with, and a project for it where there is none.
package scaffold

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"text/template"

	modpath "golang.org/x/mod/module"

	"github.com/wxcloud-go/wxfn/config"
)

//go:embed files
var files embed.FS

var templates = template.Must(template.ParseFS(files, "files/*.txt"))

// A Function is one to be started.
type Function struct {
	Name string
	// HTTPBootstrap is the scf_bootstrap of an HTTP function; nil for an event function.
	HTTPBootstrap []byte
}

// A file is one that is made.
type file struct {
	path     string
	template string
	text     []byte      // where there is no template
	mode     fs.FileMode // 0644 if 0
}

// files are those that a function begins with.
func (f Function) files(dir string) []file {
	kind := "event"
	if f.HTTPBootstrap != nil {
		kind = "http"
	}
	files := []file{
		{path: filepath.Join(dir, "main.go"), template: kind + ".go"},
		{path: filepath.Join(dir, "main_test.go"), template: kind + "_test.go"},
		{path: filepath.Join(dir, "config.json"), template: "config.json"},
	}
	if f.HTTPBootstrap != nil {
		files = append(files, file{path: filepath.Join(dir, "scf_bootstrap"), text: f.HTTPBootstrap, mode: 0o755})
	}
	return files
}

// nameForm is what the platform takes as a function's name; it can stand in a Go import path, too.
//
// See FunctionName at https://cloud.tencent.com/document/product/583/18586.
var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]$`)

// noFunctions are names of folders that tools skip.
var noFunctions = []string{"testdata", "vendor", "node_modules"}

// CheckName returns an error for what cannot be a function's name.
func CheckName(name string) error {
	if !nameForm.MatchString(name) || slices.Contains(noFunctions, name) {
		return fmt.Errorf("a function cannot be called %q; write 2 to 60 of a-z A-Z 0-9 - _, a letter first, a letter or digit last, and not %s, %s or %s",
			name, noFunctions[0], noFunctions[1], noFunctions[2])
	}
	return nil
}

// Create writes the files of a new function into a project, or into a folder of functions. A folder without either becomes a
// project. It returns the files that it has made, and overwrites none.
func (f Function) Create(project *config.Project) (made []string, err error) {
	if err := CheckName(f.Name); err != nil {
		return nil, err
	}
	root, fresh := project.FunctionRoot, !project.HasFiles()
	for _, other := range project.Functions {
		switch {
		case other.Name == f.Name:
			return nil, fmt.Errorf("there is a function %q already, in %s; choose another name", f.Name, other.Dir)
		case fresh && other.Kind != config.KindNone && other.Dir == project.Dir:
			return nil, fmt.Errorf("%s is a function itself; give the folder of a project in --dir", project.Dir)
		case other.Kind != config.KindNone:
			fresh = false
		}
	}
	var files []file
	if fresh {
		root = filepath.Join(project.Dir, newRoot)
		files = append(files, file{path: filepath.Join(project.Dir, projectFile), template: projectFile})
	}
	dir := filepath.Join(root, f.Name)
	if _, err := os.Lstat(dir); err == nil {
		return nil, fmt.Errorf("%s is there already; choose another name", dir)
	}
	if module, ok := ModuleOf(project, dir); ok && !importable(module, dir) {
		return nil, fmt.Errorf("%s cannot be in the Go module of %s, as no import path can name it; make a module in %s first: go mod init functions", dir, module, root)
	}
	for _, file := range append(files, f.files(dir)...) {
		if err := f.write(file); err != nil {
			return made, err
		}
		made = append(made, file.path)
	}
	return made, nil
}

// What a new project has.
const (
	projectFile = "project.config.json"
	newRoot     = "cloudfunctions"
)

// write makes a file that is not there, with the folders that it is in.
func (f Function) write(file file) error {
	text := file.text
	if file.template != "" {
		var b bytes.Buffer
		if err := templates.ExecuteTemplate(&b, file.template+".txt", f); err != nil {
			return err
		}
		text = b.Bytes()
	}
	if err := os.MkdirAll(filepath.Dir(file.path), 0o755); err != nil {
		return err
	}
	to, err := os.OpenFile(file.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, cmp.Or(file.mode, 0o644))
	if err != nil {
		return err
	}
	_, err = to.Write(text)
	return errors.Join(err, to.Close())
}

// ModuleOf returns the folder of the Go module that a function of a project is in. Where there is none yet, ok is false, and
// the folder is where to make it: the project's, or that of its functions if no import path leads there.
func ModuleOf(project *config.Project, dir string) (folder string, ok bool) {
	for folder = dir; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, true
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	if importable(project.Root, dir) {
		return project.Root, false
	}
	return filepath.Dir(dir), false
}

// importable reports whether a folder can be in the module of another one.
func importable(module, dir string) bool {
	rel, err := filepath.Rel(module, dir)
	return err == nil && modpath.CheckImportPath("module/"+filepath.ToSlash(rel)) == nil
}
