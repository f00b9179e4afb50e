// Command wxfn runs WeChat cloud functions (微信云函数) on this machine.
//
// Usage:
//
//	wxfn dev [DIR]       serve the functions of a project
//	wxfn invoke NAME     call a function
//	wxfn exec -- CMD     run a command beside an emulator of its own
//	wxfn logs            tell what a running emulator has seen
//	wxfn scan FILE       tell what a code opens
//	wxfn preview PATH    make a code of the developer version
//	wxfn check [DIR...]  compare what functions can call with what their config.json permits
//	wxfn schema          print a JSON Schema for config.json
//	wxfn new NAME        start a Go function
//	wxfn package NAME    make what one uploads of a Go function
//
// It is also a tool for go vet: go vet -vettool=$(which wxfn) ./...
//
// The exit code is 0 for a good end, 1 where the thing asked about is not good (a function that fails), 2 for wrong
// usage, and 3 where wxfn itself failed.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/wxcloud-go/wxfn/config/permcheck/vet"
)

// The exit codes.
const (
	exitNotGood = 1
	exitUsage   = 2
	exitFailed  = 3
)

// exitError is an error with the exit code that it means; an error that is none means exitFailed. Without err, whoever has
// failed has said why.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprint(e.err) }
func (e *exitError) Unwrap() error { return e.err }

func notGood(err error) error { return &exitError{exitNotGood, err} }
func usage(err error) error   { return &exitError{exitUsage, err} }

// process is what the commands need of the process that they run in.
type process struct {
	getenv         func(key string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	pid            int
	// untilSignal returns a context that ends when the process is asked to end; stop gives up waiting for that.
	untilSignal func() (ctx context.Context, stop func())
}

func main() {
	if vet.Wanted(os.Args[1:]) {
		vet.Main()
	}
	os.Exit(run(process{os.Getenv, os.Stdin, os.Stdout, os.Stderr, os.Getpid(), untilSignal}, os.Args[1:]))
}

// run is the program, from its arguments to its exit code.
func run(p process, args []string) (code int) {
	p.stderr = newPrintable(p.stderr, p.getenv)
	if isTerminal(p.stdout) { // else a program reads it
		p.stdout = newPrintable(p.stdout, p.getenv)
	}
	started := false
	root := &cobra.Command{
		Use:                "wxfn",
		Short:              "Run WeChat cloud functions (微信云函数) on this machine",
		Version:            version(),
		SilenceUsage:       true,
		SilenceErrors:      true,
		DisableSuggestions: true, // they take several lines
		PersistentPreRun:   func(*cobra.Command, []string) { started = true },
	}
	root.SetVersionTemplate("wxfn {{.Version}}\n")
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetHelpCommand(helpCommand())
	root.AddCommand(devCommand(p), invokeCommand(p), execCommand(p), logsCommand(p), scanCommand(p), previewCommand(p), checkCommand(p), schemaCommand(p), newCommand(p), packageCommand(p))
	cmd, err := root.ExecuteC()
	if err == nil {
		return 0
	}
	if !started { // cobra refused a command, an argument or a flag
		err = usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	}
	exit, ok := errors.AsType[*exitError](err)
	if !ok {
		exit = &exitError{exitFailed, err}
	}
	if exit.err != nil {
		fmt.Fprintln(p.stderr, "wxfn:", err)
	}
	return exit.code
}

// helpCommand is cobra's, but for an unknown command, which is wrong usage.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show help for a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, _, err := cmd.Root().Find(args)
			if err != nil {
				return usage(fmt.Errorf("%w; see wxfn --help", err))
			}
			about.InitDefaultHelpFlag() // which Execute would do
			about.InitDefaultVersionFlag()
			return about.Help()
		},
	}
}

// version tells which wxfn this is, and what it was built with.
func version() string {
	built := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		built = cmp.Or(info.Main.Version, built)
	}
	return fmt.Sprintf("%s %s %s/%s", built, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
