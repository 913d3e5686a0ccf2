package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxSize bounds a policy file and a file of its tests, in bytes.
const MaxSize = 1 << 20

// document is a YAML file that is read strictly: what is not asked for, said
// twice or of another kind is a problem with its place.
type document struct {
	file     string
	source   []byte
	problems []Problem
}

// parseDocument reads the one mapping that a file holds. Aliases are refused: a
// few lines of them can stand for any number of nodes.
func parseDocument(file string, source []byte) (*document, *yaml.Node) {
	d := &document{file: file, source: source}
	if len(source) > MaxSize {
		d.problems = append(d.problems, Problem{File: file, Text: fmt.Sprintf("larger than %d MiB", MaxSize>>20)})
		return d, nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	var root, second yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		d.problems = append(d.problems, Problem{File: file, Text: "the file is empty"})
		return d, nil
	case err != nil:
		d.problems = append(d.problems, yamlProblem(file, err))
		return d, nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		d.at(&second, "a file holds one document, and this is a second one")
	case !errors.Is(err, io.EOF):
		d.problems = append(d.problems, yamlProblem(file, err))
	}
	d.refuseAliases(&root)
	if len(d.problems) > 0 || len(root.Content) == 0 {
		return d, nil
	}
	if top := root.Content[0]; top.Kind == yaml.MappingNode {
		return d, top
	}
	d.at(root.Content[0], "a mapping of keys is asked for, and this is %s", kindOf(root.Content[0]))
	return d, nil
}

// refuseAliases looks at every node once.
func (d *document) refuseAliases(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		d.at(n, "aliases (*%s) are not read: write it out", n.Value)
		return
	case n.Anchor != "":
		d.at(n, "anchors (&%s) are not read", n.Anchor)
	}
	for _, c := range n.Content {
		d.refuseAliases(c)
	}
}

// yamlLine is how the parser says where.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func yamlProblem(file string, err error) Problem {
	p := Problem{File: file, Text: "no YAML: " + err.Error()}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		p.Text = "no YAML: " + strings.TrimPrefix(err.Error(), m[0])
		if p.Line, _ = strconv.Atoi(m[1]); p.Line > 0 {
			p.Column = 1
		}
	}
	return p
}

// at notes a problem at a node.
func (d *document) at(n *yaml.Node, format string, args ...any) {
	d.place(n.Line, n.Column, format, args...)
}

func (d *document) place(line, column int, format string, args ...any) {
	d.problems = append(d.problems, Problem{File: d.file, Line: max(1, line), Column: max(1, column), Text: fmt.Sprintf(format, args...)})
}

// err is all problems as one error, in the order of the file; nil without one.
func (d *document) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	sortProblems(d.problems)
	return &Error{d.problems}
}

func sortProblems(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

// keys gives the values of a mapping by key. A key that is unknown or there
// twice is a problem.
func (d *document) keys(n *yaml.Node, known ...string) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			d.at(key, "a key is a word")
		case !slices.Contains(known, key.Value):
			d.at(key, "unknown key %q: one of %s", short(key.Value), strings.Join(known, ", "))
		case values[key.Value] != nil:
			d.at(key, "%s is said twice", key.Value)
		default:
			values[key.Value] = value
		}
	}
	return values
}

// text reads a string; false where there is none.
func (d *document) text(n *yaml.Node, what string) (string, bool) {
	if n == nil {
		return "", false
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		d.at(n, "%s is a text, and this is %s", what, kindOf(n))
		return "", false
	}
	return n.Value, true
}

// line reads a text of one line that is not empty.
func (d *document) line(n *yaml.Node, what string) string {
	s, ok := d.text(n, what)
	s = strings.TrimSpace(s)
	switch {
	case !ok:
	case s == "":
		d.at(n, "%s is empty", what)
	case strings.ContainsAny(s, "\n\r"):
		d.at(n, "%s is one line", what)
	}
	return s
}

// list reads a list's nodes.
func (d *document) list(n *yaml.Node, what string) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		d.at(n, "%s is a list, and this is %s", what, kindOf(n))
		return nil
	}
	return n.Content
}

// lines reads a list of texts.
func (d *document) lines(n *yaml.Node, what string) []string {
	var out []string
	for _, item := range d.list(n, what) {
		if s := d.line(item, "an entry of "+what); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// word reads one of a few words; without one it is the first.
func word[T ~string](d *document, n *yaml.Node, what string, known []T) T {
	s, ok := d.text(n, what)
	if !ok {
		return known[0]
	}
	if !slices.Contains(known, T(s)) {
		d.at(n, "%s is %q: one of %s", what, short(s), strings.Join(inOrder(known), ", "))
		return known[0]
	}
	return T(s)
}

func inOrder[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "a date (put it into quotes)"
	}
	return "a text"
}

// short keeps a foreign word from filling a message.
func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// ReadFile reads a file of at most MaxSize bytes.
func ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return source, nil
}
