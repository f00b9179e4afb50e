package host

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// CompileTypeScript returns the JavaScript of a function in TypeScript: entry, a file of dir, with all the files that it
// imports but packages. Its source map names these files. Types are not checked. tsconfig.json counts as far as it
// changes what the code does or where an import leads.
func CompileTypeScript(dir, entry string) ([]byte, error) {
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:  dir,
		EntryPoints:    []string{"./" + entry},
		Outfile:        filepath.Join(dir, strings.TrimSuffix(entry, path.Ext(entry))+".js"), // which is not written
		Bundle:         true,
		Packages:       api.PackagesExternal,
		Platform:       api.PlatformNode,
		Format:         api.FormatCommonJS,
		Target:         api.ES2022,
		Sourcemap:      api.SourceMapInline,
		SourcesContent: api.SourcesContentExclude,
		LogLevel:       api.LogLevelSilent,
	})
	if len(result.Errors) == 0 {
		return result.OutputFiles[0].Contents, nil
	}
	var lines []string
	for _, m := range result.Errors {
		if at := m.Location; at != nil {
			lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", filepath.Join(dir, at.File), at.Line, at.Column+1, m.Text))
		} else {
			lines = append(lines, m.Text)
		}
	}
	return nil, failed("%s does not compile:\n%s", entry, strings.Join(lines, "\n"))
}
