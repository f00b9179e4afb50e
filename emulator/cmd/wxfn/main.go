// Command wxfn runs WeChat cloud functions (微信云函数) on this machine.
//
// Usage:
//
//	wxfn dev [DIR]       serve the functions of a project
//	wxfn invoke NAME     call a function
//
// The exit code is 0 for a good end, 1 where the thing asked about is not good (a function that fails), 2 for wrong
// usage, and 3 where wxfn itself failed.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitNotGood = 1
	exitUsage   = 2
	exitFailed  = 3
)

// exitError is an error with the exit code that it means.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func notGood(err error) error { return &exitError{exitNotGood, err} }
func usage(err error) error   { return &exitError{exitUsage, err} }

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program but for the process around it.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "wxfn",
		Short:         "Run WeChat cloud functions (微信云函数) on this machine",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(devCommand(), invokeCommand())
	started := false
	for _, c := range root.Commands() {
		do := c.RunE
		c.RunE = func(c *cobra.Command, args []string) error {
			started = true
			return do(c, args)
		}
	}
	err := root.Execute()
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "wxfn:", err)
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	if !started {
		return exitUsage // cobra refused a command, an argument or a flag
	}
	return exitFailed
}
