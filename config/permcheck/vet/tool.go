package vet

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"
)

// Wanted reports whether a program was started as a tool of go vet, by its arguments without its name: then it is to call
// [Main].
func Wanted(args []string) bool {
	if len(args) == 0 || slices.ContainsFunc(args[:len(args)-1], func(arg string) bool { return !strings.HasPrefix(arg, "-") }) {
		return false
	}
	last := args[len(args)-1]
	return strings.HasSuffix(last, ".cfg") || len(args) == 1 && (last == "-V=full" || last == "-flags")
}

// Main is a tool of go vet with [Analyzer] alone. It exits, and does not return.
func Main() {
	if last := len(os.Args) - 1; strings.HasSuffix(os.Args[last], ".cfg") {
		file, err := unit(os.Args[last])
		if err != nil {
			fmt.Fprintf(os.Stderr, "wxfn: %v\n", err)
			os.Exit(1)
		}
		if file == "" {
			os.Exit(0)
		}
		os.Args[last] = file
	}
	unitchecker.Main(Analyzer)
}

// unit reads the file in which go vet describes a package, and returns the one to be used in its place; "" where there is
// nothing to do.
//
// go vet keeps the good result of a package until its Go files change, and does not know of config.json. It has no result
// to keep of a tool that does not write the file of facts, and a main package has no use for one. Its external
// tests are the only package that imports a main package, and would look for that file; they have nothing to report.
func unit(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var cfg map[string]json.RawMessage
	var known struct {
		GoFiles  []string
		VetxOnly bool
	}
	if err := json.Unmarshal(text, &cfg); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	if err := json.Unmarshal(text, &known); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	if known.VetxOnly || len(known.GoFiles) == 0 {
		return file, nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), known.GoFiles[0], nil, parser.PackageClauseOnly)
	if err != nil {
		return file, nil // unitchecker reports it
	}
	switch parsed.Name.Name {
	case "main_test":
		return "", nil
	case "main":
		cfg["VetxOutput"] = json.RawMessage(`""`)
	default:
		return file, nil
	}
	if text, err = json.Marshal(cfg); err != nil {
		return "", err
	}
	fresh := filepath.Join(filepath.Dir(file), "wxfn.cfg")
	return fresh, os.WriteFile(fresh, text, 0o600)
}
