// Package cli owns the command line: the commands, their flags and help, the
// exit status, and what is printed outside a report. One file holds one
// command, each as a newXCommand, an xOptions and a run method.
//
// It never scans, matches or formats: it opens what the packages below need and
// calls them.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"plimsoll/internal/report"
)

// Env is the world a command runs in. Tests give their own.
type Env struct {
	// Args are the arguments without the program's name.
	Args   []string
	Getenv func(string) string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// Run executes one command line and returns the exit status.
func Run(ctx context.Context, env Env) int {
	a := &app{env: env}
	root := newRoot(a)
	root.SetArgs(env.Args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	if errors.Is(ctx.Err(), context.Canceled) && err != nil {
		err = context.Canceled
	}
	a.complain(err)
	return int(statusOf(err))
}

// complain prints an error the way every command does: the program's name,
// the message, and a hint on a line of its own where one is known.
func (a *app) complain(err error) {
	var quiet *statusError
	if err == nil || (errors.As(err, &quiet) && quiet.err == nil) {
		return
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.env.Stderr, "plimsoll: interrupted")
		return
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		fmt.Fprintf(a.env.Stderr, "plimsoll: %s\n", report.Clean(line))
	}
	if hint := hintFor(err); hint != "" {
		fmt.Fprintf(a.env.Stderr, "plimsoll: hint: %s\n", hint)
	}
}

// newRoot builds the command tree; the list below is all there is.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "plimsoll",
		Short: "It runs — what else is in it?",
		Long: `plimsoll judges a container image that works: which packages and
vulnerabilities it inherited, in the opinion of two independent databases,
and which few changes clear the most of them.

` + exitStatusHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w%s; see %s --help", err, nearFlag(cmd, err), cmd.CommandPath()))
	})
	root.Version = versionLine()
	root.SetVersionTemplate("{{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = false
	a.addGlobalFlags(root.PersistentFlags())
	root.AddCommand(
		newScanCommand(a),
		newLintCommand(a),
		newPinCommand(a),
		newHardenCommand(a),
		newReconcileCommand(a),
		newExplainCommand(a),
		newAccountCommand(a),
		newHistoryCommand(a),
		newDiffCommand(a),
		newBumpCommand(a),
		newProveCommand(a),
		newSBOMCommand(a),
		newGateCommand(a),
		newExceptionsCommand(a),
		newVEXCommand(a),
		newPolicyCommand(a),
		newCICommand(a),
		newRebuildCommand(a),
		newDBCommand(a),
		newDemoCommand(a),
		newVersionCommand(a),
	)
	return root
}

func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	msg := fmt.Sprintf("no command %q", args[0])
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		msg += fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	}
	return usage(fmt.Errorf("%s; see plimsoll --help", msg))
}

// exactly, atLeast are cobra's argument checks with our exit status.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(fmt.Errorf("%s takes %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath()))
		}
		return nil
	}
}

func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage(fmt.Errorf("%s takes %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath()))
		}
		return nil
	}
}

// FromProcess is the Env of the running program.
func FromProcess() Env {
	return Env{Args: os.Args[1:], Getenv: os.Getenv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
}
