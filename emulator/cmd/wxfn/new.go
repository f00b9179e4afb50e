package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/pack"
	"github.com/wxcloud-go/wxfn/emulator/internal/scaffold"
)

// creation is what the command line says of a new function.
type creation struct {
	process
	name, dir string
	http      bool
}

func newCommand(p process) *cobra.Command {
	c := creation{process: p}
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Create a Go function: its code, a test and its config.json",
		Long: `Start the Go function NAME in a project, or in a folder of functions: main.go, a test of it, and config.json. A folder
without any function becomes a project. Nothing is overwritten.

The files are listed on stdout; what to do next stands on stderr.`,
		Example: `  wxfn new hello
  wxfn new shop --http`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("new needs the name of one function")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			c.name = args[0]
			return c.run()
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.dir, "dir", ".", "`DIR` of the project, or in it; or a functions folder")
	f.BoolVar(&c.http, "http", false, "start an HTTP function, which serves requests instead of events")
	return cmd
}

func (c *creation) run() error {
	if err := scaffold.CheckName(c.name); err != nil {
		return usage(err)
	}
	dir, err := projectOf(c.dir, true, "--dir")
	if err != nil {
		return err
	}
	project, findings, err := config.LoadProject(dir)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if f.Code == "invalid-json" || f.Code == "unreadable-file" { // it would have said where functions are
			f.File = filepath.ToSlash(fromHere(filepath.Join(project.Dir, f.File)))
			return notGood(errors.New(f.String()))
		}
	}
	f := scaffold.Function{Name: c.name}
	if c.http {
		f.HTTPBootstrap = []byte(pack.HTTPBootstrap)
	}
	made, err := f.Create(project)
	for _, file := range made {
		fmt.Fprintln(c.stdout, fromHere(file))
	}
	switch pathErr, failed := errors.AsType[*fs.PathError](err); {
	case failed:
		return fmt.Errorf("%s cannot be made: %w; correct the permissions of the folder, or give another one in --dir", fromHere(pathErr.Path), pathErr.Err)
	case err != nil:
		return usage(err)
	}
	return c.next(project, filepath.Dir(made[len(made)-1]))
}

// next says what to do with a function's folder.
func (c *creation) next(project *config.Project, dir string) error {
	var steps []string
	if here := fromHere(project.Root); here != "." {
		steps = append(steps, "cd "+quoted(here))
	}
	module, exists := scaffold.ModuleOf(project, dir)
	from, chdir := project.Root, ""
	if rel, err := filepath.Rel(module, from); err != nil || !filepath.IsLocal(rel) { // the go command has to be told
		if rel, err = filepath.Rel(from, module); err != nil {
			return err
		}
		from, chdir = module, " -C "+quoted(rel)
	}
	folder, err := filepath.Rel(from, dir)
	if err != nil {
		return err
	}
	if filepath.IsLocal(folder) {
		folder = "./" + folder
	}
	if !exists {
		steps = append(steps, "go mod init"+chdir+" functions")
	}
	steps = append(steps, "go mod tidy"+chdir, "go test"+chdir+" "+quoted(filepath.ToSlash(folder)))
	if c.http {
		steps = append(steps, "wxfn dev    # then GET /fn/"+c.name+"/hello/you of the URL that it prints")
	} else {
		steps = append(steps, "wxfn invoke "+c.name)
	}
	fmt.Fprintf(c.stderr, "next:\n  %s\n", strings.Join(steps, "\n  "))
	return nil
}

// fromHere returns a path as seen from the working folder, where it is in there; else as it is.
func fromHere(path string) string {
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return path
}
