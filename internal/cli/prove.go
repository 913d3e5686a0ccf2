package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/rebuild/proof"
	"plimsoll/internal/report"
	"plimsoll/internal/scan"
	"plimsoll/internal/verdict"
)

type proveOptions struct {
	imageOptions
	format        string
	all           bool
	requireBetter bool
	context       string

	// built are the bases that two Dockerfiles name, of images that were just built
	// from them; empty for images that were not.
	built [2]string
}

const proveStatusHelp = `Exit status:
  0    PROVEN BETTER or NO WORSE
  1    WORSE or NOT BETTER; with --require-better, NO WORSE as well
  2    usage: a flag or an argument is wrong
  3    INCOMPLETE: something could not be examined or judged, or an image or a
       Dockerfile could not be read
  4    a database is stale where --require-fresh is given
  130  interrupted`

func newProveCommand(a *app) *cobra.Command {
	o := &proveOptions{}
	cmd := &cobra.Command{
		Use:   "prove BEFORE AFTER",
		Short: "Prove that a rebuilt image, or a Dockerfile, is better than the one before it",
		Long: `Prove that a rebuilt image is better than the one before it, or say that it is
not. Both are judged by the same databases in the same run, so that a database
which was refreshed in between can't pass for a gain. Every finding is cleared,
kept or added, with its cause; one that is merely no longer seen (the package's
record is gone and its files still ship) counts as still there. Beside the
findings stand packages, size, executables, setuid files, shells and package
managers, the base, and whether the application's layers are the same.

Without a vulnerability database only what needs none is compared, and nothing
is proven.

Two Dockerfiles are held against the rules of plimsoll lint, in one build context,
and nothing is built; comments that lift rules lift nothing here. plimsoll rebuild
builds the images and proves those.

-o intoto writes an in-toto statement about AFTER, -o predicate its predicate
alone, which cosign attest wraps itself (type ` + proof.PredicateType + `).

` + referenceHelp + "\n\n" + proveStatusHelp,
		Example: `  plimsoll prove app:1 app:2
  plimsoll prove -o markdown app-old.tar app-new.tar
  plimsoll prove -o predicate app:1 app:2 > proof.json
  plimsoll prove Dockerfile Dockerfile.hardened`,
		Args: exactly(2, "two images, or two Dockerfiles"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runProve(cmd.Context(), o, args) },
	}
	o.addTo(cmd.Flags())
	cmd.Flags().StringVar(&o.context, "context", "", "folder of the build context that both Dockerfiles are held against (default that of BEFORE)")
	return cmd
}

func (o *proveOptions) addTo(f *pflag.FlagSet) {
	o.imageOptions.addTo(f)
	f.StringVarP(&o.format, "format", "o", "table", strings.Join(proveFormats(), ", "))
	f.BoolVar(&o.all, "all", false, "shorten no list in the table and in Markdown")
	f.BoolVar(&o.requireBetter, "require-better", false, "exit 1 for what is no worse and no better, too")
}

func (o *proveOptions) check() error {
	if !slices.Contains(proveFormats(), o.format) {
		return usage(fmt.Errorf("-o takes one of %s here, not %q", strings.Join(proveFormats(), ", "), o.format))
	}
	return o.imageOptions.check()
}

// proveFormats are what -o takes.
func proveFormats() []string {
	return []string{"table", "markdown", "json", "intoto", "predicate"}
}

func (a *app) runProve(ctx context.Context, o *proveOptions, refs []string) error {
	if err := o.check(); err != nil {
		return err
	}
	if refs[0] == "-" && refs[1] == "-" {
		return usage(fmt.Errorf("standard input holds one image: name a file for the other"))
	}
	files, err := a.dockerfiles(refs)
	if err != nil {
		return err
	}
	if files != nil {
		return a.proveFiles(o, files)
	}
	if o.context != "" {
		return usage(errors.New("--context is for two Dockerfiles: images have none"))
	}
	return a.proveImages(ctx, o, refs)
}

// proveImages proves two images and writes the report.
func (a *app) proveImages(ctx context.Context, o *proveOptions, refs []string) error {
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	dbs, closeDatabases, err := a.anyDatabases(ctx)
	if err != nil {
		return err
	}
	defer closeDatabases()
	if err := o.fresh(a, dbs); err != nil {
		return err
	}
	r, err := a.proofs(ctx, o, dbs, refs)
	if err != nil {
		return err
	}
	result := o.conclude(r)
	if len(dbs) == 0 {
		a.say("there is no vulnerability database: vulnerabilities were not compared; run plimsoll db update")
	}
	if err := a.writeProof(o.format, r, page); err != nil {
		return err
	}
	return exit(result)
}

// conclude decides the exit status. What is worse weighs more than what could not
// be examined; neither is ever green.
func (o *proveOptions) conclude(r *proof.Report) status {
	result := statusPass
	for i := range r.Proofs {
		if s := o.status(r.Proofs[i].Conclusion.Decision); s == statusFailed || result == statusPass {
			result = s
		}
	}
	r.Status = int(result)
	return result
}

func (o *proveOptions) status(d proof.Decision) status {
	switch {
	case d.Failed(), d == proof.NoWorse && o.requireBetter:
		return statusFailed
	case d == proof.Incomplete:
		return statusIncomplete
	}
	return statusPass
}

func (a *app) writeProof(format string, r *proof.Report, page report.Options) error {
	var err error
	switch format {
	case "markdown":
		err = report.ProofMarkdown(a.env.Stdout, r, page)
	case "json":
		err = report.ProofJSON(a.env.Stdout, r)
	case "intoto":
		err = report.ProofStatement(a.env.Stdout, r)
	case "predicate":
		err = report.ProofPredicate(a.env.Stdout, r)
	default:
		err = report.Proof(a.env.Stdout, r, page)
	}
	if errors.Is(err, report.ErrOneProof) || errors.Is(err, report.ErrNoDigest) {
		return usage(err)
	}
	return err
}

// proofs holds the images of each platform that both references offer against
// one another.
func (a *app) proofs(ctx context.Context, o *proveOptions, dbs []advisory.Database, refs []string) (*proof.Report, error) {
	scanner, closeScanner, err := a.scanner(ctx, dbs, &o.lookOptions)
	if err != nil {
		return nil, err
	}
	defer closeScanner()
	scanner.MaxAge = o.maxAge
	show := a.newProgress()
	defer show.close()
	scanner.Progress = show.event
	opt := o.open(a)
	opt.Attestations = true
	examined, err := scanner.Evidence(ctx, opt, refs...)
	if err != nil {
		return nil, err
	}
	pairs := pairsOf(examined[0], examined[1])
	if len(pairs) == 0 {
		return nil, usage(fmt.Errorf("the two have no platform in common: name one with --platform"))
	}
	if n := len(examined[0]) + len(examined[1]) - 2*len(pairs); n > 0 {
		a.note("%d images are for platforms that only one of the two has, and were not compared", n)
	}
	r := &proof.Report{SchemaVersion: proof.SchemaVersion, Tool: tool()}
	for _, pair := range pairs {
		var verdicts [2]*verdict.Verdict
		var bases [2]*base.Base
		for i, e := range pair {
			if verdicts[i], err = scanner.Judge(ctx, e); err != nil {
				return nil, about(refs[i], err)
			}
			if bases[i] = a.baseOf(ctx, o, e, o.built[i]); ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
		r.Proofs = append(r.Proofs, *scan.Prove(pair[0], pair[1], verdicts[0], verdicts[1], bases[0], bases[1], version.Order))
	}
	return r, nil
}
