package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"plimsoll/internal/advisory"
	"plimsoll/internal/ci"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/report"
	"plimsoll/internal/verdict"
)

type ciCheckOptions struct {
	format, failOn string
	all            bool

	level advisory.Severity
}

const ciCheckStatusHelp = `Exit status:
  0    nothing found at the level of --fail-on
  1    something was found at that level
  2    usage: a flag or an argument is wrong
  3    a file is no workflow that could be parsed
  130  interrupted`

func newCICheckCommand(a *app) *cobra.Command {
	o := &ciCheckOptions{}
	cmd := &cobra.Command{
		Use:   "check [FILE]...",
		Short: "Show what makes workflows unsafe, and gates toothless",
		Long: `Show what makes workflows of GitHub Actions unsafe, and the gates in them toothless:
actions that can change under their names, permissions too wide, strangers' text in
scripts, strangers' code with the repository's rights, gates that can't fail or that
fail on what nobody can fix. Without an argument every workflow in .github/workflows
is looked at; an action.yml and - for standard input can be named.

docs/ci.md describes every rule. No command of a workflow is run.

` + ciCheckStatusHelp,
		Example: `  plimsoll ci check
  plimsoll ci check -o github .github/workflows/ci-image-scan.yml
  plimsoll ci check -o sarif action.yml > ci.sarif`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runCICheck(o, args) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "o", "table", "table, json, sarif or github")
	f.StringVar(&o.failOn, "fail-on", "high", "exit 1 from this severity on: critical, high, medium, low, or never")
	f.BoolVar(&o.all, "all", false, "shorten no list in the table")
	return cmd
}

func (a *app) runCICheck(o *ciCheckOptions, args []string) error {
	if !slices.Contains([]string{"table", "json", "sarif", "github"}, o.format) {
		return usage(fmt.Errorf("-o takes table, json, sarif or github, not %q", o.format))
	}
	if o.failOn == "never" {
		o.level = advisory.Critical + 1
	} else if o.level = advisory.ParseSeverity(o.failOn); o.level == advisory.Unknown {
		return usage(fmt.Errorf("--fail-on takes critical, high, medium, low or never, not %q", o.failOn))
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		if args, err = workflows("."); err != nil {
			return err
		}
	}
	r := &verdict.Lint{SchemaVersion: verdict.SchemaVersion, Tool: tool()}
	rules := ci.Rules()
	result := statusPass
	for _, name := range args {
		source, err := a.readWorkflow(name)
		if err != nil {
			return err
		}
		s := verdict.LintSubject{Name: name, Kind: "workflow"}
		var found []hygiene.Finding
		w, err := ci.Read(name, source)
		if err == nil {
			found = ci.Check(w, rules)
		} else {
			s.Error, result = err.Error(), statusIncomplete
		}
		r.Add(s, found, advisory.Low, nil)
		for i := range rules {
			named := slices.ContainsFunc(found, func(f hygiene.Finding) bool { return f.Rule == rules[i].ID })
			if named && !slices.ContainsFunc(r.Rules, func(s hygiene.RuleSummary) bool { return s.ID == rules[i].ID }) {
				r.Rules = append(r.Rules, rules[i].Summary())
			}
		}
		if added := &r.Subjects[len(r.Subjects)-1]; added.Worst() >= o.level && result == statusPass {
			result = statusFailed
		}
	}
	r.Status = int(result)
	switch o.format {
	case "json":
		err = report.LintJSON(a.env.Stdout, r)
	case "sarif":
		err = report.LintSARIF(a.env.Stdout, r)
	case "github":
		err = report.LintGitHub(a.env.Stdout, r)
	default:
		err = report.Lint(a.env.Stdout, r, page)
	}
	if err != nil {
		return err
	}
	return exit(result)
}

// workflows lists those of a repository, as GitHub finds them.
func workflows(dir string) ([]string, error) {
	var all []string
	for _, pattern := range []string{"*.yml", "*.yaml"} {
		found, err := filepath.Glob(filepath.Join(dir, ".github", "workflows", pattern))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, usage(errors.New("there is no workflow in .github/workflows: name one, or write one with plimsoll ci init"))
	}
	slices.Sort(all)
	return all, nil
}

// readWorkflow reads at most a byte more than a workflow may have.
func (a *app) readWorkflow(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(a.env.Stdin, ci.MaxSize+1))
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usage(fmt.Errorf("there is no file %s", name))
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, usage(fmt.Errorf("%s is no file", name))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, ci.MaxSize+1))
}
