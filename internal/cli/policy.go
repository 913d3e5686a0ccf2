package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"plimsoll/internal/gate"
	"plimsoll/internal/gate/policy"
	"plimsoll/internal/report"

	"plimsoll/internal/gate/strict"
)

func newPolicyCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Check, test and explain the policies that a gate holds images against",
		Long: `Check, test and explain the policies that a gate holds images against. A policy
is one YAML file of rules in CEL; docs/policy.md describes it, and
docs/policy.schema.json is its schema for editors.`,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicyListCommand(a), newPolicyCheckCommand(a), newPolicyTestCommand(a), newPolicyExplainCommand(a), newPolicyShowCommand(a))
	return cmd
}

func newPolicyListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the ready policies",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			page, err := a.page(a.env.Stdout, true)
			if err != nil {
				return err
			}
			var all []*policy.Policy
			for _, name := range policy.ReadyNames() {
				p, err := policy.Ready(name)
				if err != nil {
					return err
				}
				all = append(all, p)
			}
			return report.PolicyList(a.env.Stdout, all, page)
		},
	}
}

func newPolicyShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Print the file of a ready policy, to start one's own from",
		Example: `  plimsoll policy show strict > policy.yaml`,
		Args:    exactly(1, "the name of a ready policy"),
		RunE: func(_ *cobra.Command, args []string) error {
			source, err := policy.Source(args[0])
			if err != nil {
				return usage(fmt.Errorf("%w: one of %s", err, strings.Join(policy.ReadyNames(), ", ")))
			}
			_, err = a.env.Stdout.Write(source)
			return err
		},
	}
}

func newPolicyExplainCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain NAME|FILE",
		Short: "Say in words what a policy asks, beside its expressions",
		Args:  exactly(1, "a ready policy or a file"),
		RunE: func(_ *cobra.Command, args []string) error {
			page, err := a.page(a.env.Stdout, true)
			if err != nil {
				return err
			}
			p, err := policy.Load(args[0])
			if err != nil {
				return usage(err)
			}
			return report.PolicyExplanation(a.env.Stdout, p, page)
		},
	}
}

func newPolicyCheckCommand(a *app) *cobra.Command {
	var warningsFail bool
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Check policy files: every error and oddity with its line and column",
		Long: `Check policy files. Unknown keys, values of another kind, expressions that don't
compile and words that a field never has are errors; a condition that never
mentions what it is asked about, or a rule that docs/lint-rules.md doesn't know,
is a warning.

Exit status:
  0    every file is a policy
  1    a file has an error, or with --strict a warning
  2    usage: an argument is wrong, or a file can't be read`,
		Args: atLeast(1, "at least one file"),
		RunE: func(_ *cobra.Command, args []string) error { return a.runPolicyCheck(args, warningsFail) },
	}
	cmd.Flags().BoolVar(&warningsFail, "strict", false, "exit 1 for warnings, too")
	return cmd
}

func (a *app) runPolicyCheck(files []string, warningsFail bool) error {
	result := statusPass
	for _, file := range files {
		source, err := policy.ReadFile(file)
		if err != nil {
			return usage(err)
		}
		p, err := policy.Parse(file, source)
		var invalid *strict.Error
		switch {
		case errors.As(err, &invalid):
			result = statusFailed
			for _, problem := range invalid.Problems {
				a.print("%s", problem)
			}
			continue
		case err != nil:
			return err
		}
		for _, w := range p.Warnings {
			a.print("%s:%d:%d: warning: %s", w.File, w.Line, w.Column, w.Text)
			if warningsFail {
				result = statusFailed
			}
		}
		a.print("%s: policy %s, %d rules", file, p.Name, len(p.Rules))
	}
	return exit(result)
}

// print writes a line of a command's result.
func (a *app) print(format string, args ...any) {
	fmt.Fprintln(a.env.Stdout, report.Clean(fmt.Sprintf(format, args...)))
}

func newPolicyTestCommand(a *app) *cobra.Command {
	var name string
	var all bool
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Hold a policy against verdicts whose outcome is known",
		Long: `Hold a policy against verdicts whose outcome is known. Each file lists tests: a
verdict, written out or as the path of what plimsoll scan -o json wrote, whether the
policy passes or fails it, and which rules fail. docs/policy.md describes the file.

Exit status:
  0    every test passed
  1    a test failed
  2    usage: an argument, a file of tests or the policy is wrong
  130  interrupted`,
		Example: `  plimsoll policy test policy_test.yaml
  plimsoll policy test --policy strict tests/*.yaml`,
		Args: atLeast(1, "at least one file of tests"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runPolicyTest(cmd.Context(), args, name, all)
		},
	}
	cmd.Flags().StringVar(&name, "policy", "", "policy file, or a ready policy, instead of the one that the tests name")
	cmd.Flags().BoolVar(&all, "all", false, "list the tests that passed, too")
	return cmd
}

func (a *app) runPolicyTest(ctx context.Context, files []string, name string, all bool) error {
	page, err := a.page(a.env.Stdout, all)
	if err != nil {
		return err
	}
	result := statusPass
	for _, file := range files {
		source, err := policy.ReadFile(file)
		if err != nil {
			return usage(err)
		}
		tests, err := policy.ReadTests(file, source)
		if err != nil {
			return usage(err)
		}
		outcomes, untested, err := a.policyTests(ctx, tests, name)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(outcomes, func(o gate.TestOutcome) bool { return len(o.Wrong) > 0 }) {
			result = statusFailed
		}
		if err := report.PolicyTests(a.env.Stdout, file, outcomes, untested, page); err != nil {
			return err
		}
	}
	return exit(result)
}

// policyTests runs a file's tests, and names the policy's own rules that none of
// them breaks.
func (a *app) policyTests(ctx context.Context, tests *policy.Tests, name string) ([]gate.TestOutcome, []string, error) {
	if name == "" {
		name = tests.Policy
	}
	if name == "" {
		return nil, nil, usage(fmt.Errorf("%s names no policy: add policy: to it, or give --policy", tests.File))
	}
	p, err := policy.Load(name)
	if err != nil {
		return nil, nil, usage(err)
	}
	now := tests.Now
	if now.IsZero() {
		now = a.now()
	}
	var outcomes []gate.TestOutcome
	broken := map[string]bool{}
	for i := range tests.Tests {
		o, err := gate.RunTest(ctx, p, &tests.Tests[i], now)
		if err != nil {
			return nil, nil, err
		}
		for _, rule := range append(slices.Clone(o.Broken), o.Warned...) {
			broken[rule] = true
		}
		outcomes = append(outcomes, *o)
	}
	var untested []string
	for i := range p.Rules {
		// Those of the policy that is extended have tests of their own.
		if r := &p.Rules[i]; r.Policy == "" && !broken[r.Name] {
			untested = append(untested, r.Name)
		}
	}
	return outcomes, untested, nil
}
