package ci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// What a rehearsal may use.
const (
	stepTime   = 15 * time.Minute
	maxOutput  = 1 << 20
	maxContext = 1 << 30
	maxFiles   = 200_000
)

// Outcome is how a step ended, in GitHub's words.
type Outcome string

const (
	Success Outcome = "success"
	Failure Outcome = "failure"
	Skipped Outcome = "skipped"
)

// StepResult is one step of a rehearsal.
type StepResult struct {
	Title   string
	Outcome Outcome
	// Status is the exit status of a step that ran.
	Status int
	Ran    bool
	// Gate is set for a step that runs a scanner that can fail.
	Gate bool
	// Note says why a step was not run, or what stood in for it.
	Note string
	// Output is what it printed, both streams, its middle left out where it is long.
	Output string
}

// Case is one run: what the gate is given.
type Case struct {
	Name string
	// Env is put over the variables that the workflow itself defines.
	Env map[string]string
	// Context is copied where the workflow checks its code out; Files are then written
	// over it, by path.
	Context string
	Files   map[string]string
}

// CaseResult is what came of one.
type CaseResult struct {
	Case  *Case
	Steps []StepResult
	// Passed is the job's own result.
	Passed bool
}

// Rehearsal runs the steps of one job.
type Rehearsal struct {
	Workflow *Workflow
	Job      *Job
	// Env is the environment that the runner would give, Path what comes before its
	// programs.
	Env  map[string]string
	Path string
	// Scratch is an empty folder.
	Scratch string
	// gates are the steps with a scanner in them that can fail.
	gates map[*Step]bool
}

// GateJob finds the job that runs a gate; id "" for the first.
func (w *Workflow) GateJob(id string) (*Job, error) {
	a := &audit{Workflow: w}
	for _, j := range w.Jobs {
		if id != "" && j.ID != id {
			continue
		}
		calls := a.calls(j)
		switch {
		case slices.ContainsFunc(calls, func(c call) bool { return c.fails && c.command != nil }):
			return j, nil
		case id == "":
		case slices.ContainsFunc(calls, func(c call) bool { return c.fails }):
			return nil, fmt.Errorf("job %s runs its gate as an action (uses:), which can't be rehearsed", j.ID)
		default:
			return nil, fmt.Errorf("job %s runs no scanner that can fail", j.ID)
		}
	}
	if id != "" {
		return nil, fmt.Errorf("there is no job %q", id)
	}
	return nil, errors.New("no job runs a scanner as a command that can fail")
}

// Defines tells whether the workflow or the job has a variable in its env.
func (w *Workflow) Defines(j *Job, name string) bool {
	has := func(p Pair) bool { return p.Key == name }
	return slices.ContainsFunc(w.Env, has) || slices.ContainsFunc(j.Env, has)
}

// Variable is what the workflow or the job sets a variable to.
func (w *Workflow) Variable(j *Job, name string) string {
	return (&audit{Workflow: w}).variable(j, &Step{}, nil, name)
}

// Run executes the steps in order, as a runner does. An error is of the rehearsal; a
// step that fails is a result.
func (r *Rehearsal) Run(ctx context.Context, c *Case) (*CaseResult, error) {
	if r.gates == nil {
		r.gates = map[*Step]bool{}
		for _, call := range (&audit{Workflow: r.Workflow}).calls(r.Job) {
			if call.fails {
				r.gates[call.step] = true
			}
		}
	}
	dir, err := os.MkdirTemp(r.Scratch, "case-")
	if err != nil {
		return nil, err
	}
	run := &running{Rehearsal: r, c: c, work: filepath.Join(dir, "work"), temp: filepath.Join(dir, "temp"), facts: facts{values: map[string]string{
		"github.event_name": "pull_request", "github.repository": "rehearsal/rehearsal", "github.ref": "refs/pull/1/merge", "github.sha": strings.Repeat("0", 40),
		// As if from a fork: no step may need more.
		"github.event.pull_request.head.repo.full_name": "fork/rehearsal", "github.event.pull_request.number": "1", "github.workspace": filepath.Join(dir, "work"),
		"runner.temp": filepath.Join(dir, "temp"), "runner.os": "Linux", "github.actor": "rehearsal", "github.run_id": "1", "github.workflow": r.Workflow.Name,
	}}, env: map[string]string{}}
	for _, d := range []string{run.work, run.temp} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, err
		}
	}
	for k, v := range r.Env {
		run.env[k] = v
	}
	for k, v := range map[string]string{
		"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_WORKSPACE": run.work, "RUNNER_TEMP": run.temp, "RUNNER_OS": "Linux",
		"GITHUB_REPOSITORY": "rehearsal/rehearsal", "GITHUB_REF": "refs/pull/1/merge", "GITHUB_JOB": r.Job.ID,
	} {
		run.env[k] = v
	}
	if run.path = run.env["PATH"]; r.Path != "" {
		run.path = r.Path + string(os.PathListSeparator) + run.path
	}
	for _, env := range [][]Pair{r.Workflow.Env, r.Job.Env} {
		if err := run.set(run.env, env, true); err != nil {
			return nil, err
		}
	}
	result := &CaseResult{Case: c, Passed: true}
	for i, s := range r.Job.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		step, err := run.step(ctx, i, s)
		if err != nil {
			return nil, fmt.Errorf("step %q: %w", s.Title(), err)
		}
		result.Steps = append(result.Steps, *step)
	}
	result.Passed = !run.facts.failed || isTrue(r.Job.ContinueOnError.Value)
	return result, nil
}

// running is one case under way.
type running struct {
	*Rehearsal

	c          *Case
	work, temp string
	path       string
	env        map[string]string
	facts      facts
}

// set adds variables to an environment; those of the case win over the workflow's.
func (r *running) set(env map[string]string, pairs []Pair, override bool) error {
	for _, p := range pairs {
		v, err := r.facts.fill(p.Value.Value)
		if err != nil {
			return err
		}
		if given, ok := r.c.Env[p.Key]; ok && override {
			v = given
		}
		if p.Value.node != nil && p.Value.node.Tag == "!!null" {
			v = ""
		}
		env[p.Key] = v
		r.facts.values["env."+p.Key] = v
	}
	return nil
}

func (r *running) step(ctx context.Context, i int, s *Step) (*StepResult, error) {
	result := &StepResult{Title: s.Title(), Outcome: Skipped, Gate: r.gates[s]}
	do, err := r.facts.condition(s.If.Value)
	if err != nil {
		return nil, err
	}
	defer func() { r.note(s, result) }()
	if !do {
		result.Note = "its if says no"
		if s.If.Value == "" {
			result.Note = "an earlier step failed"
		}
		return result, nil
	}
	if s.Run.Value == "" {
		result.Outcome = Success
		result.Note, err = r.action(s)
		return result, err
	}
	env := map[string]string{}
	for k, v := range r.env {
		env[k] = v
	}
	// What stands in a step's env is gone behind it.
	outside := map[string]string{}
	for k, v := range r.facts.values {
		outside[k] = v
	}
	if err := r.set(env, s.Env, true); err != nil {
		return nil, err
	}
	err = r.run(ctx, i, s, env, result)
	for k := range r.facts.values {
		if strings.HasPrefix(k, "env.") {
			delete(r.facts.values, k)
		}
	}
	for k, v := range outside {
		r.facts.values[k] = v
	}
	if err == nil {
		err = r.collect(i, s)
	}
	return result, err
}

// note keeps what later conditions ask.
func (r *running) note(s *Step, result *StepResult) {
	conclusion := result.Outcome
	if result.Outcome == Failure {
		if isTrue(s.ContinueOnError.Value) {
			conclusion = Success
		} else {
			r.facts.failed = true
		}
	}
	if s.ID != "" {
		id := strings.ToLower(s.ID)
		r.facts.values["steps."+id+".outcome"] = string(result.Outcome)
		r.facts.values["steps."+id+".conclusion"] = string(conclusion)
	}
}

// action stands in for the actions of a gate: a checkout is a copy, and nothing is
// uploaded or installed.
func (r *running) action(s *Step) (string, error) {
	name, _ := action(s.Uses.Value)
	if name != "actions/checkout" {
		return "an action, not run here", nil
	}
	if r.c.Context != "" {
		if err := copyTree(r.work, r.c.Context, r.Scratch); err != nil {
			return "", err
		}
	}
	for file, text := range r.c.Files {
		if !filepath.IsLocal(file) {
			return "", fmt.Errorf("%s leads out of the repository", file)
		}
		at := filepath.Join(r.work, file)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return "a copy of the files stands in for it", nil
}

// The files by which a step speaks to the ones behind it.
var channels = []string{"GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"}

func (r *running) channel(i int, name string) string {
	return filepath.Join(r.temp, fmt.Sprintf("%s-%d", strings.ToLower(name), i))
}

// run executes a script as a runner does: from a file, with the shell's own flags
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell).
func (r *running) run(ctx context.Context, i int, s *Step, env map[string]string, result *StepResult) error {
	text, err := r.facts.fill(s.Run.Value)
	if err != nil {
		return err
	}
	script := filepath.Join(r.temp, fmt.Sprintf("step-%d.sh", i))
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		return err
	}
	var command []string
	switch shell := firstOf(s.Shell, r.Job.Defaults.Shell, r.Workflow.Defaults.Shell); shell {
	case "":
		command = []string{"bash", "-e", script}
	case "bash":
		command = []string{"bash", "--noprofile", "--norc", "-eo", "pipefail", script}
	case "sh":
		command = []string{"sh", "-e", script}
	default:
		if !strings.HasPrefix(shell, "bash ") && !strings.HasPrefix(shell, "sh ") || !strings.Contains(shell, "{0}") {
			return fmt.Errorf("shell %q can't be run in a rehearsal", shell)
		}
		for _, w := range strings.Fields(shell) {
			command = append(command, strings.ReplaceAll(w, "{0}", script))
		}
	}
	folder := firstOf(s.Directory, r.Job.Defaults.Directory, r.Workflow.Defaults.Directory, ".")
	if !filepath.IsLocal(folder) {
		return fmt.Errorf("working-directory %s leads out of the repository", folder)
	}
	for _, name := range channels {
		file := r.channel(i, name)
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			return err
		}
		env[name] = file
	}
	env["PATH"] = r.path
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = filepath.Join(r.work, folder)
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	slices.Sort(cmd.Env)
	out := &bounded{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = 5 * time.Second
	ownGroup(cmd)
	err = cmd.Run()
	result.Ran, result.Output = true, out.String()
	var exit *exec.ExitError
	switch {
	case err == nil:
		result.Outcome = Success
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		result.Outcome, result.Status, result.Note = Failure, -1, fmt.Sprintf("took longer than %s", stepTime)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		result.Outcome, result.Status = Failure, exit.ExitCode()
	default:
		return err
	}
	return nil
}

// collect takes in what a step wrote for the ones behind it.
func (r *running) collect(i int, s *Step) error {
	read := func(name string) ([]Pair, error) {
		f, err := os.Open(r.channel(i, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, maxOutput))
		return assignments(string(b)), err
	}
	pairs, err := read("GITHUB_ENV")
	if err != nil {
		return err
	}
	for _, p := range pairs {
		r.env[p.Key], r.facts.values["env."+p.Key] = p.Value.Value, p.Value.Value
	}
	if pairs, err = read("GITHUB_OUTPUT"); err != nil {
		return err
	}
	for _, p := range pairs {
		if s.ID != "" {
			r.facts.values["steps."+strings.ToLower(s.ID)+".outputs."+strings.ToLower(p.Key)] = p.Value.Value
		}
	}
	paths, err := os.ReadFile(r.channel(i, "GITHUB_PATH"))
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(paths), "\n") {
		if line != "" {
			r.path = line + string(os.PathListSeparator) + r.path
		}
	}
	return nil
}

var reHere = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_-]*)<<(.+)$`)

// assignments reads NAME=value lines and NAME<<END documents.
func assignments(text string) []Pair {
	var pairs []Pair
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		if m := reHere.FindStringSubmatch(lines[i]); m != nil {
			var value []string
			for i++; i < len(lines) && lines[i] != m[2]; i++ {
				value = append(value, lines[i])
			}
			pairs = append(pairs, Pair{m[1], Scalar{Value: strings.Join(value, "\n")}})
		} else if k, v, ok := strings.Cut(lines[i], "="); ok && k != "" {
			pairs = append(pairs, Pair{k, Scalar{Value: v, node: &yaml.Node{}}})
		}
	}
	return pairs
}

// bounded keeps the beginning and the end of what is written.
type bounded struct {
	head bytes.Buffer
	tail []byte
	cut  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	n := len(p)
	if room := maxOutput/2 - b.head.Len(); room > 0 {
		b.head.Write(p[:min(room, len(p))])
		p = p[min(room, len(p)):]
	}
	b.tail = append(b.tail, p...)
	if len(b.tail) > maxOutput {
		b.tail, b.cut = slices.Clone(b.tail[len(b.tail)-maxOutput/2:]), true
	}
	return n, nil
}

func (b *bounded) String() string {
	if b.cut {
		return b.head.String() + "\n…\n" + string(b.tail)
	}
	return b.head.String() + string(b.tail)
}

// copyTree copies a folder's files and links, without .git. A link that leads out
// stays a link: the rehearsal's own commands are as free as their author.
func copyTree(to, from, scratch string) error {
	files, size := 0, int64(0)
	scratch, err := filepath.Abs(scratch)
	if err != nil {
		return err
	}
	return filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if abs, err := filepath.Abs(p); d.Name() == ".git" && rel != "." || err == nil && abs == scratch {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		if files++; files > maxFiles {
			return fmt.Errorf("copy %s: more than %d files", from, maxFiles)
		}
		target := filepath.Join(to, rel)
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(p)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if size += info.Size(); size > maxContext {
			return fmt.Errorf("copy %s: more than %d MiB", from, maxContext>>20)
		}
		return copyFile(target, p, info.Mode().Perm())
	})
}

func copyFile(to, from string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
