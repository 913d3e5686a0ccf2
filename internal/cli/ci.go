package cli

import (
	"github.com/spf13/cobra"
)

func newCICommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ci",
		Short: "Write, audit and rehearse the gate that a pipeline runs",
		Long: `Write the gate that a pipeline runs (init), look for what makes workflows unsafe
and gates toothless (check), and run a workflow's own commands on a bad and a fixed
image to see that it flips, and why (prove). docs/ci.md describes all three.`,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCIInitCommand(a), newCICheckCommand(a), newCIProveCommand(a))
	return cmd
}
