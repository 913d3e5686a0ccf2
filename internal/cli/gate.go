package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"plimsoll/internal/advisory"
	"plimsoll/internal/gate"
	"plimsoll/internal/gate/policy"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/report"
	"plimsoll/internal/verdict"
)

type gateOptions struct {
	imageOptions
	exceptionOptions
	policy        string
	opinion       string
	dockerfile    string
	context       string
	target        string
	baseline      string
	writeBaseline string
	format        string
	all           bool

	rules *policy.Policy
}

const gateStatusHelp = `Exit status:
  0    the gate passed
  1    the gate failed: the policy is broken
  2    usage: a flag, an argument, the policy or the baseline is wrong
  3    undecided: the scan is incomplete, a rule could not be asked, or an image
       could not be read
  4    a vulnerability database is missing, or stale where --require-fresh is given
  130  interrupted`

func newGateCommand(a *app) *cobra.Command {
	o := &gateOptions{}
	cmd := &cobra.Command{
		Use:   "gate REF",
		Short: "Fail where an image breaks a policy, and say what would clear it",
		Long: `Hold an image against a policy: each broken rule is a reason in one line, with
the actions that would clear it. Without --policy it is the policy standard: fixable
HIGH and CRITICAL vulnerabilities, secrets, planted code, altered executables, a
root user, a debugger that can be reached and, with --dockerfile, a base image that
is not pinned. A vulnerability without a fix never fails a build: it is tracked.

--baseline takes what was known before (the file that --write-baseline made, the
JSON of plimsoll scan or gate, or an earlier image): what it holds fails no build
until a fix for it appears or its severity rises. The gate then fails on what is new.

docs/gate.md explains the result, docs/policy.md how policies are written.

` + referenceHelp + "\n\n" + gateStatusHelp,
		Example: `  plimsoll gate app:1
  plimsoll gate app:1 --dockerfile Dockerfile --policy strict
  plimsoll gate app:1 --write-baseline known.json
  plimsoll gate app:2 --baseline known.json -o json`,
		Args: exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("policy") && o.policy == "" {
				// A variable that was not set must not choose the policy.
				return usage(fmt.Errorf("--policy is empty: a file, or one of %s", strings.Join(policy.ReadyNames(), ", ")))
			}
			return a.runGate(cmd.Context(), o, args[0])
		},
	}
	o.imageOptions.addTo(cmd.Flags())
	o.exceptionOptions.addTo(cmd.Flags())
	o.addVerifyTo(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&o.policy, "policy", policy.Default, "policy file, or a ready policy: "+strings.Join(policy.ReadyNames(), ", "))
	f.StringVar(&o.opinion, "opinion", "", "whose opinion of a vulnerability counts, instead of the policy's own: either, both, trivy-db or grype-db")
	f.StringVar(&o.dockerfile, "dockerfile", "", "the image's Dockerfile, held against the policy as well; - is standard input")
	f.StringVar(&o.context, "context", "", "folder of the build context (default the Dockerfile's own; none with -)")
	f.StringVar(&o.target, "target", "", "the stage that is built, as docker build --target (default the last)")
	f.StringVar(&o.baseline, "baseline", "", "what was known before: a file, or an earlier image")
	f.StringVar(&o.writeBaseline, "write-baseline", "", "write what breaks the policy now into this file")
	f.StringVarP(&o.format, "format", "o", "table", "table or json")
	f.BoolVar(&o.all, "all", false, "list everything that each rule met, and every action")
	return cmd
}

func (o *gateOptions) checkGate(ref string) error {
	if !slices.Contains([]string{"table", "json"}, o.format) {
		return usage(fmt.Errorf("-o takes table or json here, not %q", o.format))
	}
	if _, ok := policy.ParseOpinion(o.opinion); o.opinion != "" && !ok {
		return usage(fmt.Errorf("--opinion takes either, both, trivy-db or grype-db, not %q", o.opinion))
	}
	taken := 0
	for _, name := range []string{ref, o.dockerfile, o.baseline} {
		if name == "-" {
			taken++
		}
	}
	switch {
	case taken > 1:
		return usage(errors.New("standard input holds one thing: name files for the others"))
	case o.dockerfile == "" && (o.context != "" || o.target != ""):
		return usage(errors.New("--context and --target go with --dockerfile"))
	}
	if err := o.imageOptions.check(); err != nil {
		return err
	}
	var err error
	if o.rules, err = policy.Load(o.policy); err != nil {
		return usage(fmt.Errorf("--policy: %w", err))
	}
	return nil
}

func (a *app) runGate(ctx context.Context, o *gateOptions, ref string) error {
	if err := o.checkGate(ref); err != nil {
		return err
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	for _, w := range o.rules.Warnings {
		a.say("warning: %s", w)
	}
	lint, err := a.gateLint(ctx, o)
	if err != nil {
		return err
	}
	set, err := a.exceptionSet(&o.exceptionOptions)
	if err != nil {
		return err
	}
	known, err := a.gateBaseline(ctx, o)
	if err != nil {
		return err
	}
	verdicts, unread := a.verdicts(ctx, &o.imageOptions, []string{ref})
	if unread != nil {
		return unread
	}
	r := &gate.Report{SchemaVersion: gate.SchemaVersion, Tool: tool()}
	for i := range verdicts.Verdicts {
		result, err := gate.Hold(ctx, gate.Input{
			Verdict: &verdicts.Verdicts[i], Lint: lint, Policy: o.rules, Opinion: policy.Opinion(o.opinion),
			Exceptions: exceptionsOf(set, &verdicts.Verdicts[i]), Baseline: known, Now: a.now(),
		})
		if err != nil {
			return err
		}
		r.Results = append(r.Results, *result)
	}
	result := concludeGate(r)
	if o.format == "json" {
		err = report.GateJSON(a.env.Stdout, r)
	} else {
		err = report.Gate(a.env.Stdout, r, page)
	}
	if err != nil {
		return err
	}
	a.tellGate(o, r, verdicts)
	if err := a.keepBaseline(o, r); err != nil {
		return err
	}
	return exit(result)
}

// concludeGate decides the exit status. A broken policy weighs more than what
// could not be decided; neither is ever green.
func concludeGate(r *gate.Report) status {
	result := statusPass
	if len(r.Results) == 0 {
		result = statusIncomplete
	}
	for i := range r.Results {
		switch r.Results[i].Decision {
		case gate.Failed:
			result = statusFailed
		case gate.Passed:
		default:
			if result == statusPass {
				result = statusIncomplete
			}
		}
	}
	r.Status = int(result)
	return result
}

// tellGate says on standard error what only the table would have shown, and what
// the scan warns of.
func (a *app) tellGate(o *gateOptions, r *gate.Report, verdicts *verdict.Report) {
	for i := range verdicts.Verdicts {
		v := &verdicts.Verdicts[i]
		for _, s := range v.Coverage.Warnings {
			a.note("%s: warning: %s", v.Image.Reference, s)
		}
	}
	if o.format == "table" {
		return
	}
	for i := range r.Results {
		res := &r.Results[i]
		for j := range res.Reasons {
			a.say("%s: gate failed: %s: %s (%s)", res.Image.Reference, res.Reasons[j].Rule, res.Reasons[j].Text, findings(res.Reasons[j].Count))
		}
		for _, problem := range res.Problems {
			a.say("%s: %s", res.Image.Reference, problem)
		}
	}
}

// gateLint looks at the Dockerfile; nil without one.
func (a *app) gateLint(ctx context.Context, o *gateOptions) (*verdict.LintSubject, error) {
	if o.dockerfile == "" {
		return nil, nil
	}
	if o.dockerfile != "-" {
		if _, err := os.Stat(o.dockerfile); err != nil {
			return nil, usage(fmt.Errorf("--dockerfile: %w", err))
		}
	}
	// What is negligible is for the policy to judge, too.
	r := &verdict.Lint{}
	err := a.lintOne(ctx, &lintOptions{context: o.context, target: o.target}, r, hygiene.Rules(), o.dockerfile, advisory.Negligible)
	if err != nil {
		return nil, err
	}
	if len(r.Subjects) != 1 || r.Subjects[0].Kind != "dockerfile" {
		return nil, usage(fmt.Errorf("--dockerfile: %s is no Dockerfile", o.dockerfile))
	}
	return &r.Subjects[0], nil
}

// gateBaseline reads the baseline, or scans the image that stands for one; nil
// without one.
func (a *app) gateBaseline(ctx context.Context, o *gateOptions) (*gate.Baseline, error) {
	if o.baseline == "" {
		return nil, nil
	}
	source, err := baselineSource(o.baseline)
	if err != nil {
		return nil, usage(fmt.Errorf("--baseline: %w", err))
	}
	if source != nil {
		b, err := gate.ReadBaseline(o.baseline, source)
		if err != nil {
			return nil, usage(fmt.Errorf("--baseline: %w", err))
		}
		return b, nil
	}
	a.note("reading %s as the baseline", o.baseline)
	r, err := a.verdicts(ctx, &o.imageOptions, []string{o.baseline})
	if err != nil {
		return nil, err
	}
	return gate.BaselineOf(o.baseline, r.Verdicts), nil
}

// baselineSource reads a baseline where the name is that of a JSON file; nil for
// an image.
func baselineSource(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(name, ".json") {
		return nil, fmt.Errorf("there is no file %s; --write-baseline makes one", name)
	}
	if name == "-" || err != nil || info.IsDir() {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := bufio.NewReader(f)
	head, _ := b.Peek(64) // a shorter file is told by what it has
	if trimmed := bytes.TrimLeft(head, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		if strings.HasSuffix(name, ".json") {
			return nil, fmt.Errorf("%s is no JSON", name)
		}
		return nil, nil // an archive
	}
	source, err := io.ReadAll(io.LimitReader(b, gate.MaxBaseline+1))
	if err == nil && len(source) > gate.MaxBaseline {
		err = fmt.Errorf("%s: larger than %d MiB", name, gate.MaxBaseline>>20)
	}
	return source, err
}

// keepBaseline writes the baseline where one was asked for.
func (a *app) keepBaseline(o *gateOptions, r *gate.Report) error {
	if o.writeBaseline == "" {
		return nil
	}
	err := writeFile(o.writeBaseline, func(w io.Writer) error { return gate.WriteBaseline(w, r, a.now()) })
	if err != nil {
		return err
	}
	a.note("wrote %s: --baseline %s hides what is in it", o.writeBaseline, o.writeBaseline)
	return nil
}
