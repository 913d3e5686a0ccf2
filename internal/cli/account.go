package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"plimsoll/internal/account"
	"plimsoll/internal/report"
	"plimsoll/internal/scan"
	"plimsoll/internal/verdict"
)

type accountOptions struct {
	imageOptions
	format string
	tree   bool
	all    bool
	diff   string
}

func newAccountCommand(a *app) *cobra.Command {
	o := &accountOptions{}
	cmd := &cobra.Command{
		Use:   "account REF",
		Short: "Account for every executable of an image",
		Long: `Account for every executable of an image: each program, library and script, of
the final image and of the layers below it, is owned and intact (its package
manager's own digest matches), owned without a digest to compare, owned but
altered, part of a recognised runtime, generated, added by a build step, or
unaccounted for. What nobody vouches for comes first, the largest risk before
the others. No vulnerability database is needed.

` + referenceHelp + "\n\n" + exitStatusHelp + `

It exits 1 where the final image holds an altered executable, other than a
script that its package means to be edited.`,
		Example: `  plimsoll account python:3.8-slim
  plimsoll account --tree app.tar
  plimsoll account app:2 --diff app:1`,
		Args: exactly(1, "an image"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runAccount(cmd.Context(), o, args[0]) },
	}
	o.imageOptions.addTo(cmd.Flags())
	cmd.Flags().StringVarP(&o.format, "format", "o", "table", "table or json")
	cmd.Flags().BoolVar(&o.tree, "tree", false, "list the executables under the layers that wrote them")
	cmd.Flags().BoolVar(&o.all, "all", false, "list those that are in order too")
	cmd.Flags().StringVar(&o.diff, "diff", "", "show what changed since this image instead")
	return cmd
}

func (a *app) runAccount(ctx context.Context, o *accountOptions, ref string) error {
	if err := tableOrJSON(o.format); err != nil {
		return err
	}
	if err := o.imageOptions.check(); err != nil {
		return err
	}
	if o.diff == "-" && ref == "-" {
		return usage(fmt.Errorf("standard input holds one image: name a file for the other"))
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	refs := []string{ref}
	if o.diff != "" {
		refs = []string{o.diff, ref}
	}
	examined, err := a.examine(ctx, &o.imageOptions, refs)
	if err != nil {
		return err
	}
	if o.diff != "" {
		return a.accountDifference(o, examined, page)
	}
	list := make([]report.Accounted, len(examined[0]))
	result := statusPass
	for i, e := range examined[0] {
		list[i] = accounted(e)
		switch {
		case e.Account.Tampered() > 0:
			result = statusFailed
		case len(list[i].Skipped) > 0 && result == statusPass:
			result = statusIncomplete
		}
	}
	if o.format == "json" {
		err = report.AccountsJSON(a.env.Stdout, list, tool(), int(result))
	} else {
		err = report.Accounts(a.env.Stdout, list, o.tree, page)
	}
	if err != nil {
		return err
	}
	return exit(result)
}

func (a *app) accountDifference(o *accountOptions, examined [][]*scan.Examined, page report.Options) error {
	if len(examined[0]) != 1 || len(examined[1]) != 1 {
		return usage(fmt.Errorf("--diff compares one platform: name it with --platform"))
	}
	before, after := accounted(examined[0][0]), accounted(examined[1][0])
	changes := account.Diff(examined[0][0].Account, examined[1][0].Account)
	if o.format == "json" {
		return report.AccountDifferenceJSON(a.env.Stdout, &before, &after, changes, tool())
	}
	return report.AccountDifference(a.env.Stdout, &before, &after, changes, page)
}

func accounted(e *scan.Examined) report.Accounted {
	return report.Accounted{Image: e.Description, Account: *e.Account, Skipped: e.Incomplete()}
}

func tool() verdict.Tool { return verdict.Tool{Name: "plimsoll", Version: Version()} }
