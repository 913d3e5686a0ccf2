package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"plimsoll/internal/gate"
	"plimsoll/internal/gate/exception"
	"plimsoll/internal/report"
	"plimsoll/internal/verdict"
)

// exceptionOptions are the flags of commands that ask who accepts what.
type exceptionOptions struct {
	exceptions, vex []string
}

func (o *exceptionOptions) addTo(f *pflag.FlagSet) {
	f.StringArrayVar(&o.exceptions, "exceptions", nil, "file of exceptions (docs/exceptions.md); may be repeated")
	f.StringArrayVar(&o.vex, "vex", nil, "OpenVEX or CycloneDX VEX document; may be repeated")
}

// exceptionSet reads what the flags name; nil without any.
func (a *app) exceptionSet(o *exceptionOptions) (*exception.Set, error) {
	if len(o.exceptions)+len(o.vex) == 0 {
		return nil, nil
	}
	var list []exception.Exception
	seen := map[string]bool{}
	once := func(flag, name string) error {
		switch {
		case name == "":
			// A variable that was not set must not look like a file that accepts nothing.
			return usage(fmt.Errorf("%s is empty: the name of a file", flag))
		case seen[name]:
			return usage(fmt.Errorf("%s %s is given twice", flag, name))
		}
		seen[name] = true
		return nil
	}
	for _, name := range o.exceptions {
		if err := once("--exceptions", name); err != nil {
			return nil, err
		}
		more, err := exception.Load(name)
		if err != nil {
			return nil, usage(fmt.Errorf("--exceptions: %w", err))
		}
		list = append(list, more...)
	}
	var documents []*exception.Document
	for _, name := range o.vex {
		if err := once("--vex", name); err != nil {
			return nil, err
		}
		d, err := exception.LoadVEX(name)
		if err != nil {
			return nil, usage(fmt.Errorf("--vex: %w", err))
		}
		for _, note := range d.Notes {
			a.say("warning: %s", note)
		}
		documents = append(documents, d)
	}
	return exception.NewSet(a.now(), list, documents), nil
}

// exceptionsOf binds a set to a verdict for the gate; nil without a set.
func exceptionsOf(set *exception.Set, v *verdict.Verdict) gate.Exceptions {
	if set == nil {
		return nil
	}
	return set.For(v)
}

// accept marks in every verdict what the set accepts.
func accept(set *exception.Set, r *verdict.Report) {
	if set == nil {
		return
	}
	for i := range r.Verdicts {
		set.For(&r.Verdicts[i]).Apply(&r.Verdicts[i])
	}
}

func newExceptionsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exceptions",
		Short: "Check exceptions against an image, and import those of other tools",
		Long: `Check exceptions against an image, and import those of other tools. An exceptions
file says who accepts what of which images, why, and until when;
docs/exceptions.md describes it.`,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newExceptionsCheckCommand(a), newExceptionsImportCommand(a))
	return cmd
}

type exceptionsCheckOptions struct {
	imageOptions
	vex    []string
	format string
	strict bool
	all    bool
}

func newExceptionsCheckCommand(a *app) *cobra.Command {
	o := &exceptionsCheckOptions{}
	cmd := &cobra.Command{
		Use:   "check FILE [REF]",
		Short: "Say what each exception accepts in an image, and which have ended or meet nothing",
		Long: `Read an exceptions file strictly, and with REF say what each exception accepts in
that image, which have ended, and which meet nothing there. What only a Dockerfile
shows is for plimsoll gate --dockerfile to ask about.

` + referenceHelp + `

Exit status:
  0    every exception is in force
  1    one has ended; with --strict, one meets nothing
  2    usage: an argument or the file is wrong
  3    the scan is incomplete, or the image could not be read
  4    a vulnerability database is missing, or stale where --require-fresh is given
  130  interrupted`,
		Example: `  plimsoll exceptions check plimsoll-exceptions.yaml
  plimsoll exceptions check plimsoll-exceptions.yaml app:1 --strict`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return usage(fmt.Errorf("%s takes a file, and an image; see %s --help", cmd.CommandPath(), cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runExceptionsCheck(cmd.Context(), o, args)
		},
	}
	o.imageOptions.addTo(cmd.Flags())
	f := cmd.Flags()
	f.StringArrayVar(&o.vex, "vex", nil, "OpenVEX or CycloneDX VEX document beside it; may be repeated")
	f.StringVarP(&o.format, "format", "o", "table", "table or json")
	f.BoolVar(&o.strict, "strict", false, "exit 1 for an exception that meets nothing, too")
	f.BoolVar(&o.all, "all", false, "list everything that each exception accepts")
	return cmd
}

func (a *app) runExceptionsCheck(ctx context.Context, o *exceptionsCheckOptions, args []string) error {
	if !slices.Contains([]string{"table", "json"}, o.format) {
		return usage(fmt.Errorf("-o takes table or json here, not %q", o.format))
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	set, err := a.exceptionSet(&exceptionOptions{exceptions: args[:1], vex: o.vex})
	if err != nil {
		return err
	}
	result := statusPass
	for i := range set.Exceptions() {
		if e := &set.Exceptions()[i]; set.Ended(e) {
			result = statusFailed
			a.say("%s: the exception of %s for %s ended on %s", e.Place(), e.Owner, e.About(), e.Until.Format(time.DateOnly))
		}
	}
	if len(args) == 1 {
		a.print("%s: %s", args[0], counted(len(set.Exceptions()), "exception"))
		return exit(result)
	}
	r, err := a.verdicts(ctx, &o.imageOptions, args[1:])
	if err != nil {
		return err
	}
	accept(set, r)
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		switch {
		case o.strict && len(v.Coverage.Exceptions.Unused) > 0:
			result = statusFailed
		case !v.Coverage.Complete && result == statusPass:
			result = statusIncomplete
		}
		if reason := firstIncomplete(v); reason != "" {
			a.say("%s: incomplete: %s", v.Image.Reference, reason)
		}
	}
	if o.format == "json" {
		err = report.ExceptionsJSON(a.env.Stdout, r)
	} else {
		err = report.Exceptions(a.env.Stdout, r, page)
	}
	if err != nil {
		return err
	}
	return exit(result)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

type vexOptions struct {
	imageOptions
	exceptions []string
	format     string
	output     string
	author     string
}

func newVEXCommand(a *app) *cobra.Command {
	o := &vexOptions{}
	cmd := &cobra.Command{
		Use:   "vex REF",
		Short: "Write a VEX document for an image from exceptions",
		Long: `Write what exceptions say of an image's vulnerabilities as a VEX document, for
other scanners and whoever is given the image.

An exception with a vex: part is written with its status and justification. One
without is a risk that its owner accepts: it is written as affected, with the
acceptance as the action (OpenVEX), or as exploitable that will not be fixed
(CycloneDX), so that nobody takes it for a vulnerability that does not matter.
Exceptions that have ended, or speak of something else than a vulnerability of the
image, can't be written and are named on standard error.

The time is SOURCE_DATE_EPOCH where it is set, else now.

` + referenceHelp + `

Exit status:
  0    the document is written
  1    no exception speaks of a vulnerability of the image: nothing is written
  2    usage: a flag, an argument or the file is wrong
  3    the scan is incomplete, or the image could not be read
  4    a vulnerability database is missing, or stale where --require-fresh is given
  130  interrupted`,
		Example: `  plimsoll vex ghcr.io/acme/app:1 -o openvex --output app.openvex.json
  plimsoll vex ghcr.io/acme/app:1 -o cyclonedx --author security@acme.example`,
		Args: exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runVEX(cmd.Context(), o, args[0]) },
	}
	o.imageOptions.addTo(cmd.Flags())
	f := cmd.Flags()
	f.StringArrayVar(&o.exceptions, "exceptions", []string{exception.DefaultFile}, "file of exceptions; may be repeated")
	f.StringVarP(&o.format, "format", "o", "openvex", "openvex or cyclonedx")
	f.StringVar(&o.output, "output", "", "file for the document, instead of standard output")
	f.StringVar(&o.author, "author", "", "who makes the document: a person, an organisation or an address (default the exceptions' owner)")
	return cmd
}

func (a *app) runVEX(ctx context.Context, o *vexOptions, ref string) error {
	if !slices.Contains([]string{"openvex", "cyclonedx"}, o.format) {
		return usage(fmt.Errorf("-o takes openvex or cyclonedx here, not %q", o.format))
	}
	set, err := a.exceptionSet(&exceptionOptions{exceptions: o.exceptions})
	if err != nil {
		return err
	}
	r, err := a.verdicts(ctx, &o.imageOptions, []string{ref})
	if err != nil {
		return err
	}
	images, result := a.assess(set, r)
	if len(images) == 0 {
		return &statusError{statusFailed, fmt.Errorf("no exception in force speaks of a vulnerability of %s: there is nothing to write", ref)}
	}
	if o.format == "cyclonedx" && len(images) > 1 {
		return usage(errors.New("a CycloneDX document is about one image: choose one with --platform"))
	}
	opt := report.VEXOptions{Author: o.author, Time: a.now(), Tool: tool()}
	if opt.Author == "" {
		owners := ownersOf(images)
		if len(owners) > 1 {
			return usage(fmt.Errorf("the exceptions have several owners (%s): say who makes the document with --author", strings.Join(owners, ", ")))
		}
		opt.Author = owners[0]
	}
	write := func(w io.Writer) error {
		if o.format == "cyclonedx" {
			return report.CycloneDXExceptions(w, images[0], opt)
		}
		return report.OpenVEX(w, images, opt)
	}
	if o.output != "" {
		err = writeFile(o.output, write)
	} else {
		err = write(a.env.Stdout)
	}
	if err != nil {
		return err
	}
	return exit(result)
}

// assess pairs exceptions with each image's vulnerabilities, and says what can't
// be written.
func (a *app) assess(set *exception.Set, r *verdict.Report) ([]report.Assessment, status) {
	var images []report.Assessment
	result := statusPass
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		assessed, left := set.For(v).Assess(v)
		for _, e := range left {
			if set.Ended(e) {
				a.say("%s: not written: the exception of %s for %s ended on %s", e.Place(), e.Owner, e.About(), e.Until.Format(time.DateOnly))
			} else {
				a.say("%s: not written: %s is no vulnerability of %s (%s)", e.Place(), e.About(), v.Image.Reference, v.Image.Platform)
			}
		}
		if len(assessed) > 0 {
			images = append(images, report.Assessment{Verdict: v, Assessed: assessed})
		}
		if reason := firstIncomplete(v); reason != "" {
			a.say("%s: incomplete: %s", v.Image.Reference, reason)
		}
		if !v.Coverage.Complete {
			result = statusIncomplete
		}
	}
	return images, result
}

func ownersOf(images []report.Assessment) []string {
	var owners []string
	for i := range images {
		for j := range images[i].Assessed {
			if owner := images[i].Assessed[j].Exception.Owner; !slices.Contains(owners, owner) {
				owners = append(owners, owner)
			}
		}
	}
	slices.Sort(owners)
	return owners
}
