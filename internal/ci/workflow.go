package ci

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/dockerfile"
)

// MaxSize is the largest workflow that is read, in bytes; GitHub takes 512 KiB.
const MaxSize = 1 << 20

// maxSteps bounds the steps of one file: an alias may repeat a list of them.
const maxSteps = 5000

// maxText bounds what the steps' values hold together, in bytes: an alias may repeat a
// long one as well.
const maxText = 4 << 20

// ErrKind is returned for YAML that is neither a workflow nor an action.
var ErrKind = errors.New("neither a workflow (jobs) nor an action (runs) of GitHub Actions")

// Workflow is a workflow or a composite action, as far as the rules ask
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax).
type Workflow struct {
	Name   string
	Source []byte
	// Action is set for an action.yml; its steps are those of one job without a name.
	Action bool
	// Events are the names under on.
	Events      []string
	Permissions *Scalar
	// Grants are the permissions of the whole workflow by scope; nil where
	// Permissions is one word or absent.
	Grants   []Grant
	Env      []Pair
	Defaults Shell
	Jobs     []*Job
	// Root is where what the file lacks is reported.
	Root dockerfile.Range

	lines [][]byte
}

// Scalar is one value with its place.
type Scalar struct {
	Value string
	Range dockerfile.Range

	node *yaml.Node
}

// Pair is one entry of a mapping of scalars.
type Pair struct {
	Key   string
	Value Scalar
}

// Grant is one permission: "contents: write".
type Grant struct {
	Scope  string
	Access Scalar
}

// Shell is what defaults.run sets.
type Shell struct{ Shell, Directory string }

// Job is one job.
type Job struct {
	ID          string
	At          dockerfile.Range
	If          Scalar
	RunsOn      []Scalar
	Permissions *Scalar
	Grants      []Grant
	// Uses names a reusable workflow.
	Uses            Scalar
	Secrets         Scalar
	Env             []Pair
	ContinueOnError Scalar
	// Images are those of container and services.
	Images   []Scalar
	Defaults Shell
	Steps    []*Step
	// Texts are all scalars of the job outside its steps.
	Texts []Scalar
}

// Step is one step.
type Step struct {
	ID, Name        string
	At              dockerfile.Range
	If              Scalar
	Uses            Scalar
	With            []Pair
	Run             Scalar
	Shell           string
	Directory       string
	Env             []Pair
	ContinueOnError Scalar

	script   *script
	scriptOK bool
}

// Title is what a person calls the step.
func (s *Step) Title() string {
	switch {
	case s.Name != "":
		return s.Name
	case s.ID != "":
		return s.ID
	case s.Uses.Value != "":
		return s.Uses.Value
	}
	first, _, _ := strings.Cut(strings.TrimSpace(s.Run.Value), "\n")
	return first
}

// Input is what with gives under a name; action inputs know no case.
func (s *Step) Input(name string) (Scalar, bool) {
	for _, p := range s.With {
		if strings.EqualFold(p.Key, name) {
			return p.Value, true
		}
	}
	return Scalar{}, false
}

// Read parses a workflow or a composite action. Errors name the line; one of another
// kind of YAML wraps ErrKind.
func Read(name string, source []byte) (*Workflow, error) {
	if len(source) > MaxSize {
		return nil, fmt.Errorf("%s: larger than %d KiB", name, MaxSize>>10)
	}
	dec := yaml.NewDecoder(bytes.NewReader(source))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: the file is empty", name)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	w := &Workflow{Name: name, Source: source, lines: bytes.Split(source, []byte("\n"))}
	r := &reader{w: w}
	root := follow(&doc)
	if root != nil && root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		root = follow(root.Content[0])
	}
	switch {
	case value(root, "jobs") != nil:
		r.workflow(root)
	case value(root, "runs") != nil:
		w.Action = true
		w.Root = r.place(root)
		r.job("", value(root, "runs"), value(root, "runs"))
	default:
		return nil, fmt.Errorf("%s: %w", name, ErrKind)
	}
	if r.steps > maxSteps {
		return nil, fmt.Errorf("%s: more than %d steps", name, maxSteps)
	}
	if r.text > maxText {
		return nil, fmt.Errorf("%s: its values hold more than %d MiB, aliases followed", name, maxText>>20)
	}
	return w, nil
}

type reader struct {
	w           *Workflow
	steps, text int
}

func (r *reader) workflow(root *yaml.Node) {
	w := r.w
	on := follow(value(root, "on"))
	w.Root = r.place(root)
	if on != nil {
		switch on.Kind {
		case yaml.ScalarNode:
			w.Events = []string{on.Value}
		case yaml.SequenceNode:
			for _, n := range on.Content {
				if n = follow(n); n != nil {
					w.Events = append(w.Events, n.Value)
				}
			}
		case yaml.MappingNode:
			each(on, func(key, _ *yaml.Node) { w.Events = append(w.Events, key.Value) })
		}
	}
	w.Permissions, w.Grants = r.permissions(value(root, "permissions"))
	w.Env = r.pairs(value(root, "env"))
	w.Defaults = shellOf(root)
	each(value(root, "jobs"), func(key, job *yaml.Node) { r.job(key.Value, key, job) })
}

func (r *reader) job(id string, at, n *yaml.Node) {
	if r.steps > maxSteps {
		return
	}
	r.steps++ // a job counts as one: aliases may repeat it
	j := &Job{ID: id, At: r.place(at)}
	j.If, j.Uses = r.scalar(value(n, "if")), r.scalar(value(n, "uses"))
	j.ContinueOnError = r.scalar(value(n, "continue-on-error"))
	j.Permissions, j.Grants = r.permissions(value(n, "permissions"))
	j.Secrets = r.scalar(value(n, "secrets"))
	j.Env = r.pairs(value(n, "env"))
	j.Defaults = shellOf(n)
	switch on := follow(value(n, "runs-on")); {
	case on == nil:
	case on.Kind == yaml.ScalarNode:
		j.RunsOn = []Scalar{r.scalar(on)}
	default:
		list := on
		if labels := value(on, "labels"); labels != nil {
			list = follow(labels)
		}
		if list.Kind == yaml.ScalarNode {
			j.RunsOn = append(j.RunsOn, r.scalar(list))
		} else {
			for _, label := range list.Content {
				j.RunsOn = append(j.RunsOn, r.scalar(label))
			}
		}
	}
	image := func(n *yaml.Node) {
		s := r.scalar(n)
		if v := value(n, "image"); v != nil {
			s = r.scalar(v)
		}
		if s.Value != "" {
			j.Images = append(j.Images, s)
		}
	}
	image(value(n, "container"))
	each(value(n, "services"), func(_, service *yaml.Node) { image(service) })
	if r.w.Action {
		image(value(n, "image"))
	}
	if steps := follow(value(n, "steps")); steps != nil && steps.Kind == yaml.SequenceNode {
		for _, s := range steps.Content {
			if r.steps++; r.steps > maxSteps {
				break
			}
			j.Steps = append(j.Steps, r.step(follow(s)))
		}
	}
	r.w.Jobs = append(r.w.Jobs, j)
}

func (r *reader) step(n *yaml.Node) *Step {
	s := &Step{At: r.place(n)}
	text := func(key string) string { return r.scalar(value(n, key)).Value }
	s.ID, s.Name, s.Shell, s.Directory = text("id"), text("name"), text("shell"), text("working-directory")
	s.If, s.Uses, s.Run = r.scalar(value(n, "if")), r.scalar(value(n, "uses")), r.scalar(value(n, "run"))
	s.ContinueOnError = r.scalar(value(n, "continue-on-error"))
	s.With, s.Env = r.pairs(value(n, "with")), r.pairs(value(n, "env"))
	return s
}

func (r *reader) permissions(n *yaml.Node) (*Scalar, []Grant) {
	n = follow(n)
	if n == nil {
		return nil, nil
	}
	if n.Kind == yaml.MappingNode {
		var grants []Grant
		each(n, func(key, v *yaml.Node) { grants = append(grants, Grant{key.Value, r.scalar(v)}) })
		s := Scalar{Range: r.place(n)}
		return &s, grants
	}
	s := r.scalar(n)
	return &s, nil
}

func (r *reader) pairs(n *yaml.Node) []Pair {
	var pairs []Pair
	each(n, func(key, v *yaml.Node) {
		if s := r.scalar(v); s.node != nil {
			pairs = append(pairs, Pair{key.Value, s})
		}
	})
	return pairs
}

func (r *reader) scalar(n *yaml.Node) Scalar {
	n = follow(n)
	if n == nil || n.Kind != yaml.ScalarNode {
		return Scalar{}
	}
	if r.text += len(n.Value); r.text > maxText {
		return Scalar{}
	}
	return Scalar{n.Value, r.place(n), n}
}

// place is a node's first line: of a block scalar the line that holds its indicator.
func (r *reader) place(n *yaml.Node) dockerfile.Range {
	if n == nil || n.Line == 0 {
		return lineRange(1, 1, 1)
	}
	to := n.Column
	if n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && !strings.Contains(n.Value, "\n") {
		to += len([]rune(n.Value))
		if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			to += 2
		}
	}
	return lineRange(n.Line, n.Column, to)
}

func lineRange(line, from, to int) dockerfile.Range {
	return dockerfile.Range{Start: dockerfile.Position{Line: line, Column: from}, End: dockerfile.Position{Line: line, Column: max(to, from+1)}}
}

func shellOf(n *yaml.Node) Shell {
	run := value(value(n, "defaults"), "run")
	var s Shell
	if v := follow(value(run, "shell")); v != nil {
		s.Shell = v.Value
	}
	if v := follow(value(run, "working-directory")); v != nil {
		s.Directory = v.Value
	}
	return s
}

// follow leads an alias to what it stands for. YAML's parser refuses an alias within
// its own anchor.
func follow(n *yaml.Node) *yaml.Node {
	for range 10 {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return nil
}

func value(n *yaml.Node, key string) *yaml.Node {
	n = follow(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func each(n *yaml.Node, do func(key, v *yaml.Node)) {
	n = follow(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		do(n.Content[i], n.Content[i+1])
	}
}
