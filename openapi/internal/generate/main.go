// Generate writes the typed half of package openapi from the catalogue: one
// file for each namespace, one for what holds them together, one for where HTTPS
// calls go, one for the names of error codes, and the table of package methods.
// It runs in the folder of package openapi:
//
//	go generate ./openapi
package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// suffix ends the names of generated files, and of no others.
const suffix = ".gen.go"

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// generated returns the generated files that are there, with names as generate gives them.
func generated(dir string) (names []string, err error) {
	for _, folder := range []string{"", path.Dir(methodsFile)} {
		files, err := filepath.Glob(filepath.Join(dir, folder, "*"+suffix))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			names = append(names, path.Join(folder, filepath.Base(file)))
		}
	}
	return names, nil
}

// run writes the files into dir, and removes those of namespaces that are gone.
func run(dir string) error {
	files, err := generate(catalog.All(), catalog.Codes())
	if err != nil {
		return err
	}
	old, err := generated(dir)
	if err != nil {
		return err
	}
	for _, name := range old {
		if _, wanted := files[name]; !wanted {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if have, err := os.ReadFile(file); err == nil && bytes.Equal(have, text) {
			continue // so that nothing is built anew for no reason
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
