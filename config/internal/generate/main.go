// Command generate writes the JSON Schemas of package config into its folder.
package main

import (
	"fmt"
	"os"

	"github.com/wxcloud-go/wxfn/config"
)

func main() {
	for name, text := range map[string][]byte{
		"config.schema.json": config.Schema(),
		"stubs.schema.json":  config.StubsSchema(),
	} {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "generate:", err)
			os.Exit(1)
		}
	}
}
