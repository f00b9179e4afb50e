package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck"
	"github.com/wxcloud-go/wxfn/emulator/internal/pack"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// packaging is what the command line says of a package.
type packaging struct {
	process
	name, dir, target, out string
	write                  bool
}

func packageCommand(p process) *cobra.Command {
	k := packaging{process: p}
	var targets []string
	for _, t := range pack.Targets() {
		targets = append(targets, string(t))
	}
	cmd := &cobra.Command{
		Use:   "package NAME",
		Short: "Build the upload package of a Go function",
		Long: `Build the upload package of the Go function NAME: the program, built for linux/amd64, what starts it, and the other files of
its folder. Only its path is printed to stdout; what to do next stands on stderr.

  go1       an event function: main
  http      an HTTP function: main, scf_bootstrap
  custom    an event function in the custom runtime: main, bootstrap
  cloudrun  a service of WeChat Cloud Run: main, Dockerfile, container.config.json

A file that the folder has itself is taken in place of the one made. Left out are Go source, testdata, vendor, node_modules,
go.mod, go.sum, project files, names that start with a dot, what would start the function in another home, and what ignore of
cloudbaserc.json names. The same input gives the same bytes.

A function that "wxfn check" finds errors in is not packaged. Files that look like keys or passwords are, with a warning.`,
		Example: `  wxfn package hello
  wxfn package hello --target http --write
  wxfn package hello --target cloudrun --out dist/hello`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return errors.New("package needs the name of one function")
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return functionNames(k.dir, args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			k.name = args[0]
			return k.run()
		},
	}
	f := cmd.Flags()
	f.StringVar(&k.target, "target", "", "package it for `"+strings.Join(targets, "|")+"` (default: what its folder says, else go1)")
	f.StringVar(&k.dir, "dir", ".", "`DIR` of the project, or in it; or a functions folder")
	f.StringVar(&k.out, "out", "", "write it to `PATH`, a zip file where that ends in .zip, else a folder (default NAME-TARGET.zip; for cloudrun the folder NAME-cloudrun)")
	f.BoolVar(&k.write, "write", false, "write the function's entry into cloudbaserc.json")
	_ = cmd.RegisterFlagCompletionFunc("target", cobra.FixedCompletions(targets, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (k *packaging) run() error {
	if k.target != "" && !slices.Contains(pack.Targets(), pack.Target(k.target)) {
		return usage(fmt.Errorf("--target is %q; write go1, http, cloudrun or custom", k.target))
	}
	dir, err := projectOf(k.dir, true, "--dir")
	if err != nil {
		return err
	}
	project, _, err := config.LoadProject(dir)
	if err != nil {
		return err
	}
	f, err := k.find(project)
	if err != nil {
		return err
	}
	p, err := pack.New(f, cmp.Or(pack.Target(k.target), pack.TargetOf(f)))
	if err != nil {
		return notGood(err)
	}
	if k.write {
		if err := k.checkWrite(p, project); err != nil {
			return err
		}
	}
	var out string
	switch {
	case k.out == "-":
		return usage(errors.New("--out is -, and a package is not written to stdout; name a zip file or a folder"))
	case k.out != "":
		out = filepath.Clean(k.out)
	case p.Target == pack.CloudRun:
		out = fmt.Sprintf("%s-%s", f.Name, p.Target)
	default:
		out = fmt.Sprintf("%s-%s.zip", f.Name, p.Target)
	}
	if err := k.checkPlace(p, project, out); err != nil {
		return usage(err)
	}
	return k.make(p, project, out)
}

// find returns the function to be packaged.
func (k *packaging) find(project *config.Project) (config.FunctionDir, error) {
	var names []string
	for _, f := range project.Functions {
		if f.Name == k.name && len(f.Duplicate) > 0 {
			return f, notGood(fmt.Errorf("%d functions have the name %q: %s and %s; rename or remove one of them", len(f.Duplicate)+1, f.Name, f.Dir, strings.Join(f.Duplicate, ", ")))
		}
		if f.Name == k.name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	advice := "there are: " + cmp.Or(strings.Join(names, ", "), "none")
	if near := catalog.NearestOf(k.name, names); near != "" {
		advice = fmt.Sprintf("did you mean %q?", near)
	}
	return config.FunctionDir{}, usage(fmt.Errorf("there is no function %q in %s; %s", k.name, k.dir, advice))
}

// checkWrite returns an error where there is no cloudbaserc.json to write to.
func (k *packaging) checkWrite(p *pack.Package, project *config.Project) error {
	if _, ok := p.Deployment(project); !ok {
		return usage(fmt.Errorf("--write writes cloudbaserc.json, by which nothing is deployed for %s; leave it out", p.Target))
	}
	if !project.HasFiles() {
		return usage(fmt.Errorf("--write writes cloudbaserc.json, and there is no project at %s or above; give its folder in --dir, or make one with project.config.json", k.dir))
	}
	return nil
}

// checkPlace returns an error where a package must not be written to.
func (k *packaging) checkPlace(p *pack.Package, project *config.Project, out string) error {
	if err := p.CheckPlace(out); err != nil {
		return err
	}
	abs, err := filepath.Abs(out)
	if err == nil && !pack.IsZip(out) && filepath.Dir(abs) == project.FunctionRoot {
		return fmt.Errorf("%s is among the functions of %s, and would be one of them; write it elsewhere with --out", out, k.dir)
	}
	return err
}

// make builds, checks and writes a package, and says what to do with it.
func (k *packaging) make(p *pack.Package, project *config.Project, out string) error {
	ctx, stop := k.untilSignal()
	defer stop()
	if err := p.Build(ctx); err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		return notGood(err)
	}
	report, err := permcheck.Check(ctx, ".", p.Function.Dir)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case err != nil:
		return err
	case report.Failed(false) || len(report.Failures) > 0:
		if err := report.Write(k.stderr, "text"); err != nil {
			return err
		}
		code := exitNotGood
		if len(report.Failures) > 0 {
			code = exitFailed
		}
		return &exitError{code, fmt.Errorf("%s is not packaged: wxfn check finds errors in it; correct them first", p.Function.Name)}
	}
	for _, w := range p.Warnings() {
		fmt.Fprintln(k.stderr, "wxfn: warning: "+w)
	}
	size, err := p.Write(out)
	if err != nil {
		return err
	}
	fmt.Fprintf(k.stderr, "%s for %s: %s, the program %s\n", p.Function.Name, p.Target, megabytes(size), megabytes(p.ProgramSize()))
	if err := k.next(p, project, out, size); err != nil {
		return err
	}
	_, err = fmt.Fprintln(k.stdout, out)
	return err
}

func megabytes(size int64) string { return fmt.Sprintf("%.1f MB", float64(size)/1e6) }

// next says how the package comes to the cloud.
func (k *packaging) next(p *pack.Package, project *config.Project, out string, size int64) error {
	if p.Target == pack.CloudRun {
		return k.nextCloudRun(p, project, out)
	}
	d, _ := p.Deployment(project)
	if k.write {
		changed, err := project.EditDeployment(d)
		if err != nil {
			return fmt.Errorf("--write: %w", err)
		}
		if changed {
			fmt.Fprintln(k.stderr, "changed", fromHere(filepath.Join(project.Root, "cloudbaserc.json")))
		}
	} else {
		var entry bytes.Buffer
		e := json.NewEncoder(&entry)
		e.SetEscapeHTML(false)
		if err := e.Encode(d); err != nil {
			return err
		}
		fmt.Fprintf(k.stderr, "its entry in functions of cloudbaserc.json (--write writes it):\n  %s", &entry)
	}
	if runtime.GOOS == "windows" {
		fmt.Fprintln(k.stderr, "upload the zip in the console: the CloudBase CLI would pass on the modes of files, which Windows does not keep")
		return nil
	}
	folder, first := out, ""
	if pack.IsZip(out) {
		folder = strings.TrimSuffix(out, filepath.Ext(out))
		first = fmt.Sprintf("  unzip -o %s -d %s\n", quoted(out), quoted(folder))
		fmt.Fprint(k.stderr, "upload the zip in the console, or ")
	}
	deploy, err := k.deploy(project, p.Function.Name, folder)
	if err != nil {
		return err
	}
	if size > pack.MaxUpload {
		deploy += " --deployMode cos"
	}
	fmt.Fprintf(k.stderr, "deploy it with the CloudBase CLI:\n%s  %s\n", first, deploy)
	if size > pack.MaxUpload {
		fmt.Fprintf(k.stderr, "wxfn: warning: the package has more than the %d MiB that can be uploaded at once: it has to go by way of object storage\n", pack.MaxUpload>>20)
	}
	return nil
}

// deploy returns the command that deploys a folder. The CloudBase CLI reads the cloudbaserc.json of the folder that it runs in.
func (k *packaging) deploy(project *config.Project, name, folder string) (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	cd := ""
	if root, err := filepath.Rel(here, project.Root); project.HasFiles() && err == nil && root != "." {
		cd = "cd " + quoted(root) + " && "
		if folder, err = relative(project.Root, folder); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%stcb fn deploy %s --dir %s", cd, name, quoted(folder)), nil
}

// relative returns a path as seen from a folder.
func relative(from, path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.Rel(from, abs)
}

// nextCloudRun is next for a service, with the paths that it must be allowed to call.
func (k *packaging) nextCloudRun(p *pack.Package, project *config.Project, out string) error {
	env := ""
	if project.EnvID != "" {
		env = " --envId=" + quoted(project.EnvID)
	}
	fmt.Fprintf(k.stderr, "deploy it with the CLI of WeChat Cloud Run (its console takes no more than %d MiB):\n  wxcloud run:deploy %s%s --serviceName=%s --containerPort=%d\n",
		pack.MaxConsole>>20, quoted(out), env, p.Function.Name, p.Port)
	if names := p.Unset(); len(names) > 0 {
		fmt.Fprintf(k.stderr, "warning: the container has no %s: cloudbaserc.json sets it, and the folder's own container.config.json does not; add it to envParams there\n", strings.Join(names, ", "))
	}
	if names := p.Secret(); len(names) > 0 {
		fmt.Fprintf(k.stderr, "warning: the container has no %s: the value comes from .env and is in no package; set it in the console\n", strings.Join(names, ", "))
	}
	c, _, err := project.LoadFunction(p.Function)
	if err != nil {
		return err
	}
	if len(c.Permissions) == 0 {
		return nil
	}
	fmt.Fprintln(k.stderr, "allow what it calls in the console, under 云调用, 微信令牌权限配置:")
	for _, permission := range c.Permissions {
		path := "(its path is not known here)"
		if api, ok := catalog.Lookup(permission.Name); ok {
			path = api.Path
		}
		fmt.Fprintf(k.stderr, "  %s  %s\n", path, permission.Name)
	}
	return nil
}

// quoted returns a path as a shell takes it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\"'$&();<>|*?[]{}`\\!#~") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
