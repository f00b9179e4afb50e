package golang

import (
	"context"
	"fmt"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/callgraph"
	"golang.org/x/tools/go/callgraph/vta"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"

	"github.com/wxcloud-go/wxfn/config"
)

const benchFunctions = 20

// benchModule writes a module of functions that are web servers and call APIs by a package that they share, and
// compiles it.
func benchModule(b *testing.B) (module string, functions []config.FunctionDir) {
	b.Helper()
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	require.NoError(b, err)
	module = b.TempDir()
	write := func(name, text string) {
		name = filepath.Join(module, filepath.FromSlash(name))
		require.NoError(b, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(b, os.WriteFile(name, []byte(text), 0o644))
	}
	write("go.mod", "module example.com/bench\n\ngo 1.26.0\n")
	write("go.work", fmt.Sprintf("go 1.26.0\n\nuse (\n\t.\n\t%q\n)\n", root))
	write("codes/codes.go", `package codes

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func Make(ctx context.Context, path string) (*openapi.Image, error) {
	return openapi.Wxacode.Get(ctx, &openapi.WxacodeGetRequest{Path: path})
}
`)
	for i := range benchFunctions {
		name := fmt.Sprintf("f%02d", i)
		write(name+"/main.go", strings.ReplaceAll(`package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/wxcloud-go/wxfn/openapi"

	"example.com/bench/codes"
)

type server struct{ name string }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var event struct{ Path, Text string }
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := openapi.Call(r.Context(), "security.msgSecCheck", map[string]any{"content": event.Text}, nil); err != nil {
		slog.Error("check", "err", err)
	}
	image, err := codes.Make(r.Context(), event.Path)
	if err != nil {
		fmt.Fprintln(w, err)
		return
	}
	json.NewEncoder(w).Encode(image)
}

func main() {
	http.Handle("/NAME", &server{"NAME"})
	if err := http.ListenAndServe(os.Getenv("ADDR"), nil); err != nil {
		panic(err)
	}
}
`, "NAME", name))
		functions = append(functions, config.FunctionDir{Name: name, Dir: filepath.Join(module, name), Kind: config.KindGo, Entry: "."})
	}
	build := exec.Command("go", "list", "-export", "-deps", "./...")
	build.Dir = module
	build.Env = environ()
	output, err := build.CombinedOutput()
	require.NoError(b, err, "%s", output)
	return module, functions
}

// BenchmarkGoFunctions analyses twenty functions, of which all is compiled. After that it finds the same calls once in a
// call graph of golang.org/x/tools: VTA-s is what that takes in seconds, VTA-times how often the analysis would have run.
func BenchmarkGoFunctions(b *testing.B) {
	module, functions := benchModule(b)
	for b.Loop() {
		for dir, a := range Analyse(b.Context(), functions) {
			if a.Err != nil || len(a.Uses) != 2 {
				b.Fatal(dir, a)
			}
		}
	}
	own := b.Elapsed() / time.Duration(b.N)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	start := time.Now()
	require.Equal(b, 2*benchFunctions, callsByVTA(b.Context(), b, module))
	other := time.Since(start)
	b.ReportMetric(float64(m.HeapSys-m.HeapReleased)/(1<<20), "heap-MB")
	b.ReportMetric(other.Seconds(), "VTA-s")
	b.ReportMetric(other.Seconds()/own.Seconds(), "VTA-times")
}

// callsByVTA counts the pairs of a function and an API that its main reaches.
func callsByVTA(ctx context.Context, b *testing.B, module string) int {
	loaded, err := packages.Load(&packages.Config{
		Context: ctx, Dir: module, Env: environ(), Mode: packages.LoadAllSyntax,
	}, "./...")
	require.NoError(b, err)
	program, mains := ssautil.AllPackages(loaded, ssa.InstantiateGenerics)
	program.Build()
	graph := vta.CallGraph(ssautil.AllFunctions(program), nil)
	found := 0
	for _, main := range mains {
		if main == nil || main.Func("main") == nil {
			continue
		}
		apis := map[string]bool{}
		seen := map[*callgraph.Node]bool{}
		var visit func(n *callgraph.Node)
		visit = func(n *callgraph.Node) {
			if n == nil || seen[n] {
				return
			}
			seen[n] = true
			if f, ok := n.Func.Object().(*types.Func); ok && f.Pkg() != nil && f.Pkg().Path() == openapiPath {
				receiver := receiverName(f)
				if isNamespace(receiver) && f.Exported() || receiver == "" && f.Name() == "Call" {
					apis[f.FullName()] = true
				}
				return
			}
			for _, e := range n.Out {
				visit(e.Callee)
			}
		}
		visit(graph.Nodes[main.Func("main")])
		visit(graph.Nodes[main.Func("init")])
		found += len(apis)
	}
	return found
}
