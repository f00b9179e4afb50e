package host

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
)

// PackageDirs returns the folders that the Go main packages in dirs are built from, those of the standard library and of
// the module cache left out: the packages' own, those of the module and of other modules in a go.work or behind a
// replace, and the folders of go.mod and go.work themselves.
func PackageDirs(ctx context.Context, dirs []string) ([]string, error) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, dir := range dirs {
		// A module without a go.sum line, say, must not hide the others.
		out, err := runTool(ctx, dir, nil, goCommand, "list", "-e", "-deps",
			"-f", "{{with .Module}}{{if or .Main (and .Replace (not .Replace.Version))}}{{$.Dir}}\n{{.GoMod}}{{end}}{{end}}", ".")
		if err != nil {
			return nil, failed("go list failed:\n%s", out)
		}
		for line := range strings.Lines(out) {
			line = strings.TrimSpace(line)
			if filepath.Base(line) == "go.mod" {
				line = filepath.Dir(line)
			}
			if filepath.IsAbs(line) {
				seen[line] = true
			}
		}
		if work, err := runTool(ctx, dir, nil, goCommand, "env", "GOWORK"); err == nil && filepath.IsAbs(work) {
			seen[filepath.Dir(work)] = true
		}
	}
	list := make([]string, 0, len(seen))
	for dir := range seen {
		list = append(list, dir)
	}
	return list, nil
}
