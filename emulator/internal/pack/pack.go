package pack

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
)

// The platform's limits, in bytes.
const (
	// MaxUpload is how large a function's zip may be to be uploaded as it is; a larger one goes by way of object storage.
	//
	// See https://docs.cloudbase.net/cli-v1/functions/deploy.
	MaxUpload = 50 << 20
	// MaxUnpacked is how large a function's files may be together.
	//
	// See https://cloud.tencent.com/document/product/583/11637.
	MaxUnpacked = 500 << 20
	// MaxConsole is how much the console of WeChat Cloud Run takes; its command line takes more.
	//
	// See https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/guide/service/version.html.
	MaxConsole = 2 << 20
)

// A Package is what one uploads: first a plan, which [Package.Build] completes.
type Package struct {
	Target   Target
	Function config.FunctionDir
	Port     int    // that a container listens on
	files    []file // by name
}

// New plans the package of a function, which must have Go source. The error is about its files.
func New(f config.FunctionDir, t Target) (*Package, error) {
	if !hasSource(f.Dir) {
		return nil, fmt.Errorf("%s has no Go source: there is nothing to build; deploy the folder as it is", f.Dir)
	}
	files, err := collect(f.Dir, f.Ignore)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f file) bool { return t.misleads(f.name) })
	p := &Package{Target: t, Function: f, Port: config.ContainerPort(f.Dir), files: files}
	for _, made := range append(t.made(f, p.Port), file{name: program, executable: true}) {
		own := p.find(made.name)
		switch {
		case slices.ContainsFunc(files, func(f file) bool { return strings.HasPrefix(f.name, made.name+"/") }):
			return nil, fmt.Errorf("%s is a folder, and the package needs a file of that name; rename it, or name it in ignore of cloudbaserc.json", filepath.Join(f.Dir, made.name))
		case own == nil:
			made.size = int64(len(made.text))
			p.files = append(p.files, made)
		case made.name == program:
			*own = made // it was built before
		default:
			own.executable = made.executable
		}
	}
	slices.SortFunc(p.files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	if size := p.Size(); t != CloudRun && size > MaxUnpacked {
		largest := slices.MaxFunc(p.files, func(a, b file) int { return cmp.Compare(a.size, b.size) })
		return nil, fmt.Errorf("the files of %s are %d MiB, %s alone %d MiB, and the cloud takes %d; name what the function does not read in ignore of cloudbaserc.json",
			f.Name, size>>20, largest.name, largest.size>>20, MaxUnpacked>>20)
	}
	return p, nil
}

// hasSource reports whether a folder has Go source, also where its kind is that of an executable beside it. Whether it is a
// program, the go command will say.
func hasSource(dir string) bool {
	entries, _ := os.ReadDir(dir) // collect will say what is wrong with it
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go")
	})
}

// Build builds the program. Where it does not compile, the error has what the compiler said, in several lines.
func (p *Package) Build(ctx context.Context) error {
	binary, err := build(ctx, p.Function.Dir)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Function.Name, err)
	}
	if err := p.Target.checkStart(p.Function.Name, binary); err != nil {
		return err
	}
	f := p.find(program)
	f.text, f.size = binary, int64(len(binary))
	return nil
}

// Size is that of all files together, in bytes.
func (p *Package) Size() (size int64) {
	for _, f := range p.files {
		size += f.size
	}
	return size
}

// ProgramSize is that of the program, in bytes; 0 before it is built.
func (p *Package) ProgramSize() int64 { return p.find(program).size }

// find returns the file of a name, nil where there is none.
func (p *Package) find(name string) *file {
	i := slices.IndexFunc(p.files, func(f file) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return &p.files[i]
}

// Deployment returns the entry of the function in the cloudbaserc.json of a project: what is set there already, else the
// platform's defaults. ok is false for a target that is not deployed by it.
func (p *Package) Deployment(project *config.Project) (d config.Deployment, ok bool) {
	f, home := p.Function, homes[p.Target]
	dir, err := filepath.Rel(project.Root, f.Dir)
	if err != nil {
		dir = f.Dir
	}
	return config.Deployment{
		Name:       f.Name,
		Dir:        filepath.ToSlash(dir),
		Type:       home.kind,
		Runtime:    home.runtime,
		Handler:    program,
		Timeout:    cmp.Or(int(f.Timeout.Seconds()), 3),
		MemorySize: cmp.Or(f.MemoryMB, 256),
	}, home.runtime != ""
}

// homes are the runtimes and the types that cloudbaserc.json has for targets. The CloudBase CLI offers Go1, and passes any other
// runtime on to the platform.
var homes = map[Target]struct{ runtime, kind string }{
	Go1:    {"Go1", ""},
	HTTP:   {"Go1", config.TypeHTTP},
	Custom: {"CustomRuntime", ""},
}
