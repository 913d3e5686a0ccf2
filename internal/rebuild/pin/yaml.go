package pin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func isYAML(name string) bool {
	ext := strings.ToLower(filepath.Ext(name))
	return ext == ".yml" || ext == ".yaml"
}

// findYAML tells what the documents are by their keys: compose files have services
// (https://github.com/compose-spec/compose-spec), workflows jobs with steps or a
// container
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax),
// Kubernetes' objects apiVersion and kind.
func findYAML(name string, source []byte) (Kind, []Reference, error) {
	y := &inYAML{source: source, lines: lineStarts(source)}
	dec := yaml.NewDecoder(bytes.NewReader(source))
	for n := 0; ; n++ {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if bytes.Contains(source, []byte("{{")) {
				return "", nil, fmt.Errorf("%s is a template and no YAML yet: render it first (%w)", name, err)
			}
			return "", nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(doc.Content) == 1 {
			y.document(doc.Content[0])
		}
	}
	if y.kind == "" {
		return "", nil, fmt.Errorf("%s: %w", name, ErrKind)
	}
	slices.SortStableFunc(y.refs, func(a, b Reference) int { return a.from - b.from })
	return y.kind, y.refs, nil
}

type inYAML struct {
	source []byte
	lines  []int
	kind   Kind
	refs   []Reference
}

func lineStarts(source []byte) []int {
	starts := []int{0}
	for i, c := range source {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func (y *inYAML) document(root *yaml.Node) {
	switch {
	case value(root, "apiVersion") != nil && value(root, "kind") != nil:
		y.kind = Kubernetes
		y.object(root, "")
	case value(root, "jobs") != nil:
		y.kind = Workflow
		each(value(root, "jobs"), func(name string, job *yaml.Node) { y.job("jobs."+name, job) })
	case value(root, "runs") != nil:
		y.kind = Workflow
		y.action(value(root, "runs"))
	case value(root, "services") != nil:
		y.kind = Compose
		each(value(root, "services"), func(name string, service *yaml.Node) {
			image := value(service, "image")
			if image == nil {
				return
			}
			skip := ""
			if value(service, "build") != nil {
				skip = "it names what this service builds"
			}
			y.add(image, "services."+name+".image", skip)
		})
	}
}

// job is one of a workflow's.
func (y *inYAML) job(at string, job *yaml.Node) {
	container := func(at string, n *yaml.Node) {
		if image := value(n, "image"); image != nil {
			y.add(image, at+".image", "")
		} else if n != nil && n.Kind == yaml.ScalarNode {
			y.add(n, at, "")
		}
	}
	container(at+".container", value(job, "container"))
	each(value(job, "services"), func(name string, s *yaml.Node) { container(at+".services."+name, s) })
	if steps := value(job, "steps"); steps != nil && steps.Kind == yaml.SequenceNode {
		for i, step := range steps.Content {
			y.docker(value(step, "uses"), at+".steps["+strconv.Itoa(i)+"].uses")
		}
	}
}

// action is the runs of an action.yml.
func (y *inYAML) action(runs *yaml.Node) {
	y.docker(value(runs, "image"), "runs.image")
}

// docker adds "docker://image:tag".
func (y *inYAML) docker(n *yaml.Node, at string) {
	if n != nil && strings.HasPrefix(n.Value, "docker://") {
		y.add(n, at, "")
	}
}

// object looks for containers anywhere in an object: a pod template may be nested in
// any resource.
func (y *inYAML) object(n *yaml.Node, at string) {
	const deepest = 40
	if n == nil || strings.Count(at, ".") > deepest {
		return
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, item := range n.Content {
			y.object(item, at+"["+strconv.Itoa(i)+"]")
		}
	case yaml.MappingNode:
		each(n, func(key string, v *yaml.Node) {
			path := strings.TrimPrefix(at+"."+key, ".")
			switch key {
			case "containers", "initContainers", "ephemeralContainers":
				if v.Kind == yaml.SequenceNode {
					for i, c := range v.Content {
						y.add(value(c, "image"), path+"["+strconv.Itoa(i)+"].image", "")
					}
				}
			default:
				y.object(v, path)
			}
		})
	}
}

// add takes in a scalar that is a reference.
func (y *inYAML) add(n *yaml.Node, where, skip string) {
	if n == nil || n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" {
		return
	}
	r := Reference{Image: strings.TrimPrefix(n.Value, "docker://"), Where: where, Line: n.Line, Column: n.Column, Skipped: skip}
	if r.Skipped == "" && strings.Contains(r.Image, "$") {
		r.Skipped = "a variable in it is given elsewhere"
	}
	if r.Skipped == "" && strings.ContainsAny(r.Image, "{} \n") {
		r.Skipped = "it is no plain reference"
	}
	from := y.offset(n.Line, n.Column)
	line := y.source[from:]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	at := bytes.Index(line, []byte(r.Image))
	if at < 0 {
		if r.Skipped == "" {
			r.Skipped = "it is written in a form that can't be edited"
		}
		at = 0
	}
	r.from = from + at
	r.to = r.from + len(r.Image)
	if r.Skipped != "" {
		r.to = r.from
	}
	y.refs = append(y.refs, r)
}

// offset is where a character stands.
func (y *inYAML) offset(line, column int) int {
	at := y.lines[min(max(line-1, 0), len(y.lines)-1)]
	for i := range string(y.source[at:]) {
		if column--; column <= 0 {
			return at + i
		}
	}
	return at
}

// value is what a mapping has under a key; nil for none. Aliases are not followed:
// what they lead to stands elsewhere and is found there.
func value(n *yaml.Node, key string) *yaml.Node {
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

func each(n *yaml.Node, do func(key string, v *yaml.Node)) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		do(n.Content[i].Value, n.Content[i+1])
	}
}
