package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/store"
	"plimsoll/internal/image"
	"plimsoll/internal/scan"
	"plimsoll/internal/verdict"
)

// imageOptions are the flags of every command that reads an image.
type imageOptions struct {
	lookOptions
	platform     string
	insecure     bool
	mirrors      []string
	caFile       string
	maxAge       time.Duration
	requireFresh bool
}

func (o *imageOptions) addTo(f *pflag.FlagSet) {
	o.lookOptions.addTo(f)
	o.addConnectionTo(f)
	f.DurationVar(&o.maxAge, "max-db-age", 5*24*time.Hour, "age from which a database counts as stale")
	f.BoolVar(&o.requireFresh, "require-fresh", false, "exit 4 instead of warning where a database is stale")
}

// addConnectionTo registers the flags that say how a registry is reached.
func (o *imageOptions) addConnectionTo(f *pflag.FlagSet) {
	f.StringVar(&o.platform, "platform", "", "platform as os/arch[/variant], or all (default: this host's)")
	f.BoolVar(&o.insecure, "insecure", false, "allow plain HTTP to a registry that is not on loopback")
	f.StringArrayVar(&o.mirrors, "mirror", nil, "REGISTRY=MIRROR to try before the registry; may be repeated")
	f.StringVar(&o.caFile, "ca-file", "", "PEM file of certificate authorities to trust beside the system's")
}

// check reports what can't be meant, whichever source an image then has.
func (o *imageOptions) check() error {
	for _, m := range o.mirrors {
		if from, to, ok := strings.Cut(m, "="); !ok || from == "" || to == "" {
			return usage(fmt.Errorf("--mirror takes REGISTRY=MIRROR, not %q", m))
		}
	}
	if err := o.checkVerify(); err != nil {
		return err
	}
	return readable("--ca-file", o.caFile)
}

// readable reports a file that a flag names and nobody can read.
func readable(flag, file string) error {
	if file == "" {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", flag, err))
	}
	return f.Close()
}

func (o *imageOptions) open(a *app) image.Options {
	return image.Options{
		Platform: o.platform, Insecure: o.insecure, Mirrors: o.mirrors, CAFile: o.caFile,
		Stdin: a.env.Stdin, Getenv: a.env.Getenv, UserAgent: "plimsoll/" + Version(),
	}
}

// fresh fails where --require-fresh finds a database too old.
func (o *imageOptions) fresh(a *app, dbs []advisory.Database) error {
	if !o.requireFresh {
		return nil
	}
	for _, db := range dbs {
		if info := db.Info(); store.Stale(info, o.maxAge, a.now()) {
			return &statusError{statusNoDatabase, fmt.Errorf("%s was built on %s, longer ago than %s: run plimsoll db update",
				info.Name, info.Built.UTC().Format(time.DateOnly), inDays(o.maxAge))}
		}
	}
	return nil
}

// inDays writes an age as people say it: "5 days".
func inDays(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d > 0 && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

type scanOptions struct {
	imageOptions
	exceptionOptions
	outputs outputs
	failOn  []string
	all     bool
}

const referenceHelp = `REF is a registry reference (name:tag, name@digest), an engine's image
(docker:NAME, podman:NAME; a plain name is looked for in the local engine
first, then in the registry), an archive made by docker save, an OCI layout as
a folder or an archive, a folder that skopeo or podman wrote (dir:PATH), or - for
an archive on standard input. plimsoll scan, explain and sbom also take an SBOM
in its place: CycloneDX, SPDX or Syft's own form, as JSON.`

func newScanCommand(a *app) *cobra.Command {
	o := &scanOptions{}
	cmd := &cobra.Command{
		Use:   "scan REF...",
		Short: "Read images and give a verdict on each",
		Long: `Read images and give a verdict on each: the decision in one line, the actions
that clear the most, the findings by package, where the two opinions differ
and why, and what was and was not examined.

` + referenceHelp + "\n\n" + exitStatusHelp,
		Example: `  plimsoll scan python:3.8-slim
  plimsoll scan --fail-on fixable-high -o table -o json --output verdict.json app.tar
  docker save app | plimsoll scan -`,
		Args: atLeast(1, "at least one image"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("fail-on") && len(o.failOn) == 0 {
				// A variable that was not set must not switch the gate off.
				return usage(fmt.Errorf("--fail-on is empty: one of %s", levelNames()))
			}
			return a.runScan(cmd.Context(), o, args)
		},
	}
	o.imageOptions.addTo(cmd.Flags())
	o.outputs.addTo(cmd.Flags())
	o.addVerifyTo(cmd.Flags())
	o.exceptionOptions.addTo(cmd.Flags())
	cmd.Flags().StringSliceVar(&o.failOn, "fail-on", nil, "exit 1 on findings of this level: "+levelNames())
	cmd.Flags().BoolVar(&o.all, "all", false, "list every finding and difference in the table")
	return cmd
}

func (a *app) runScan(ctx context.Context, o *scanOptions, refs []string) error {
	asked, err := parseLevels(o.failOn)
	if err != nil {
		return err
	}
	if err := o.outputs.check(len(refs)); err != nil {
		return err
	}
	set, err := a.exceptionSet(&o.exceptionOptions)
	if err != nil {
		return err
	}
	r, unread := a.verdicts(ctx, &o.imageOptions, refs)
	if r == nil || len(r.Verdicts) == 0 || ctx.Err() != nil {
		return unread
	}
	accept(set, r)
	result := conclude(r, asked)
	if unread != nil && result == statusPass {
		// One image could not be read: that is never green.
		result = statusIncomplete
		r.Status = int(result)
	}
	if err := o.outputs.write(a, r, o.all); err != nil {
		return err
	}
	if !o.outputs.tableShown() {
		a.tell(r)
	}
	a.complain(unread)
	return exit(result)
}

// verdicts scans references with every database at hand. Where some of several
// images could not be read, the report holds the others and the error says which.
func (a *app) verdicts(ctx context.Context, o *imageOptions, refs []string) (*verdict.Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	scanner, closeScanner, err := a.judging(ctx, o)
	if err != nil {
		return nil, err
	}
	defer closeScanner()
	return a.scanAll(ctx, scanner, o.open(a), refs)
}

// judging opens the databases at hand and a scanner that asks them; what it returns
// closes both.
func (a *app) judging(ctx context.Context, o *imageOptions) (*scan.Scanner, func(), error) {
	s, err := a.store()
	if err != nil {
		return nil, nil, err
	}
	dbs, closeDatabases, err := a.databasesOrOffer(ctx, s, o)
	if err != nil {
		return nil, nil, err
	}
	if err := o.fresh(a, dbs); err != nil {
		closeDatabases()
		return nil, nil, err
	}
	scanner, closeScanner, err := a.scanner(ctx, dbs, &o.lookOptions)
	if err != nil {
		closeDatabases()
		return nil, nil, err
	}
	scanner.MaxAge = o.maxAge
	return scanner, func() {
		closeScanner()
		closeDatabases()
	}, nil
}

func (a *app) scanAll(ctx context.Context, scanner *scan.Scanner, opt image.Options, refs []string) (*verdict.Report, error) {
	r := &verdict.Report{SchemaVersion: verdict.SchemaVersion, Tool: verdict.Tool{Name: "plimsoll", Version: Version()}, Verdicts: []verdict.Verdict{}}
	var unread []error
	for _, ref := range refs {
		show := a.newProgress()
		scanner.Progress = show.event
		verdicts, err := a.reference(ctx, scanner, ref, opt)
		show.close()
		if err != nil {
			unread = append(unread, about(ref, err))
			if ctx.Err() != nil {
				break
			}
		}
		r.Verdicts = append(r.Verdicts, verdicts...)
	}
	if len(unread) == 1 {
		return r, unread[0]
	}
	return r, errors.Join(unread...)
}

// about says which reference an error is about, where it does not yet.
func about(ref string, err error) error {
	if ref == "-" {
		ref = "standard input"
	}
	if ref == "" || strings.Contains(err.Error(), ref) {
		return err
	}
	return fmt.Errorf("%s: %w", ref, err)
}

// conclude holds every verdict against the levels and decides the exit status.
// A broken gate weighs more than an incomplete scan; neither is ever green.
func conclude(r *verdict.Report, asked []level) status {
	result := statusPass
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		v.Gate = hold(v, asked)
		switch {
		case v.Gate != nil && v.Gate.Failed:
			result = statusFailed
		case !v.Coverage.Complete && result == statusPass:
			result = statusIncomplete
		}
	}
	r.Status = int(result)
	return result
}
