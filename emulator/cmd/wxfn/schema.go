package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/config"
)

// schemas are the files that editors can check.
var schemas = []struct {
	name, file string
	text       func() []byte
}{
	{"config", "config.json of a function", config.Schema},
	{"stubs", "wxfn.stubs.json", config.StubsSchema},
}

func schemaCommand(p process) *cobra.Command {
	var names []string
	long := "Print a JSON Schema (draft-07), with which an editor completes and checks a file:\n\n"
	for _, s := range schemas {
		names = append(names, s.name)
		long += fmt.Sprintf("  %-8s %s\n", s.name, s.file)
	}
	return &cobra.Command{
		Use:       "schema [" + strings.Join(names, "|") + "]",
		Short:     "Print a JSON Schema for config.json or wxfn.stubs.json",
		Long:      strings.TrimSuffix(long, "\n"),
		Example:   "  wxfn schema > config.schema.json",
		ValidArgs: names,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		RunE: func(_ *cobra.Command, args []string) error {
			wanted := schemas[0]
			for _, s := range schemas {
				if len(args) == 1 && s.name == args[0] {
					wanted = s
				}
			}
			_, err := p.stdout.Write(wanted.text())
			return err
		},
	}
}
