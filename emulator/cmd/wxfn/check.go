package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/config/permcheck"
)

// check is what the command line says of a check.
type check struct {
	process
	dirs                                       []string
	format, baseline                           string
	strict, fix, prune, sort, renewingBaseline bool
}

func checkCommand(p process) *cobra.Command {
	c := check{process: p}
	cmd := &cobra.Command{
		Use:   "check [DIR...]",
		Short: "Find missing and unused permissions",
		Long: `Check the functions in each DIR (default: the current folder), Go and JavaScript: the APIs (云调用) that their code can call
against permissions.openapi of their config.json, which the cloud would refuse with -604101. The rest of config.json is
checked, too. Each finding says where, why, by which path from the function's start, and what to do.

The exit code is 0 where all is well, 1 for errors (with --strict for warnings, too), and 3 where a function could not be
analysed: one that does not compile, say. The others are checked all the same.`,
		Example: `  wxfn check
  wxfn check cloudfunctions --fix
  wxfn check --format sarif > wxfn.sarif
  wxfn check explain missing-permission`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c.dirs = args
			if len(args) == 0 {
				c.dirs = []string{"."}
			}
			return c.run()
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.format, "format", "text", "print as `"+strings.Join(permcheck.Formats(), "|")+"`")
	f.BoolVar(&c.strict, "strict", false, "let warnings fail the check")
	f.BoolVar(&c.fix, "fix", false, "add what is missing to each config.json; entries keep their order")
	f.BoolVar(&c.prune, "prune", false, "with --fix: remove what is unused")
	f.BoolVar(&c.sort, "sort", false, "report unsorted permissions; with --fix: sort them")
	f.StringVar(&c.baseline, "baseline", "", "leave out the findings that stand in `FILE`")
	f.BoolVar(&c.renewingBaseline, "write-baseline", false, "write all findings to the --baseline file and exit 0")
	cmd.AddCommand(explainCommand(p))
	return cmd
}

func explainCommand(p process) *cobra.Command {
	return &cobra.Command{
		Use:     "explain CODE",
		Short:   "Explain a finding, and what to do",
		Example: "  wxfn check explain missing-permission",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("explain needs the code of one finding, such as missing-permission")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) (codes []string, _ cobra.ShellCompDirective) {
			for _, r := range permcheck.Rules() {
				codes = append(codes, r.Code)
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := permcheck.Explain(args[0])
			if err != nil {
				return usage(err)
			}
			_, err = fmt.Fprint(p.stdout, text)
			return err
		},
	}
}

// check returns what is wrong with the command line, beyond what cobra sees.
func (c *check) check() error {
	switch {
	case !slices.Contains(permcheck.Formats(), c.format):
		return usage(fmt.Errorf("--format is %q; write %s", c.format, strings.Join(permcheck.Formats(), ", ")))
	case c.prune && !c.fix:
		return usage(errors.New("--prune removes what --fix leaves; give both"))
	case c.renewingBaseline && c.baseline == "":
		return usage(errors.New("--write-baseline writes the file of --baseline; give both"))
	}
	for _, dir := range c.dirs {
		if err := checkDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) run() error {
	if err := c.check(); err != nil {
		return err
	}
	ctx, stop := c.untilSignal()
	defer stop()
	report, err := c.report(ctx)
	unfixed := false
	if err == nil && c.fix {
		changed, fixErr := report.Fix(permcheck.Fixes{Prune: c.prune, Sort: c.sort})
		for _, file := range changed {
			fmt.Fprintln(c.stderr, "changed", file)
		}
		if unfixed = fixErr != nil; unfixed {
			fmt.Fprintln(c.stderr, "wxfn:", strings.ReplaceAll(fixErr.Error(), "\n", "\nwxfn: "))
		}
		if len(changed) > 0 {
			report, err = c.report(ctx)
		}
	}
	switch {
	case errors.Is(err, permcheck.ErrNoFunctions):
		return usage(err)
	case err != nil:
		return err
	}
	if c.baseline != "" {
		if err := c.compareWithBaseline(report); err != nil {
			return err
		}
	}
	if c.format == "text" {
		c.stdout = newPrintable(c.stdout, c.getenv)
	}
	if err := report.Write(c.stdout, c.format, permcheck.Strict(c.strict)); err != nil {
		return err
	}
	switch {
	case unfixed, len(report.Failures) > 0:
		return &exitError{code: exitFailed}
	case report.Failed(c.strict):
		return &exitError{code: exitNotGood}
	}
	return nil
}

// report checks the folders.
func (c *check) report(ctx context.Context) (*permcheck.Report, error) {
	report, err := permcheck.Check(ctx, ".", c.dirs...)
	if err == nil && c.sort {
		report.AddUnsorted()
	}
	return report, err
}

// compareWithBaseline takes the findings out of a report that its baseline has, or makes them its baseline.
func (c *check) compareWithBaseline(report *permcheck.Report) error {
	if c.renewingBaseline {
		file, err := os.Create(c.baseline)
		if err != nil {
			return usage(fmt.Errorf("--baseline: %w", err))
		}
		if err := errors.Join(report.WriteBaseline(file), file.Close()); err != nil {
			return fmt.Errorf("--baseline: %w", err)
		}
	}
	text, err := os.ReadFile(c.baseline)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usage(fmt.Errorf("--baseline: there is no %s; make it with --write-baseline", c.baseline))
	case err != nil:
		return usage(fmt.Errorf("--baseline: %w", err))
	}
	stale, err := report.Subtract(text)
	if err != nil {
		return usage(fmt.Errorf("--baseline %s: %w", c.baseline, err))
	}
	for _, entry := range stale {
		fmt.Fprintf(c.stderr, "wxfn: %s: no longer found, and can be removed: %s\n", c.baseline, entry)
	}
	return nil
}
