package exception

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
	"time"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/gate/policy"
)

// MaxFile bounds an exceptions file, in bytes.
const MaxFile = 4 << 20

// document is a YAML file that is read strictly: what is not asked for, said
// twice or of another kind is a problem with its place.
type document struct {
	file     string
	problems []policy.Problem
}

// yamlLine is how the parser says where.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// parseDocument reads the one mapping that a file holds; nil with problems.
// Aliases are refused: a few lines of them can stand for any number of nodes.
func parseDocument(file string, source []byte) (*document, *yaml.Node) {
	d := &document{file: file}
	if len(source) > MaxFile {
		d.place(1, 1, "larger than %d MiB", MaxFile>>20)
		return d, nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	var root, second yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		d.place(1, 1, "the file is empty")
		return d, nil
	case err != nil:
		d.broken(err)
		return d, nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		d.at(&second, "a file holds one document, and this is a second one")
	case !errors.Is(err, io.EOF):
		d.broken(err)
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

func (d *document) broken(err error) {
	line, m := 1, yamlLine.FindStringSubmatch(err.Error())
	text := err.Error()
	if m != nil {
		text = strings.TrimPrefix(text, m[0])
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	d.place(line, 1, "no YAML: %s", text)
}

func (d *document) refuseAliases(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		d.at(n, "aliases (*%s) are not read: write it out", short(n.Value))
		return
	case n.Anchor != "":
		d.at(n, "anchors (&%s) are not read", short(n.Anchor))
	}
	for _, c := range n.Content {
		d.refuseAliases(c)
	}
}

// at notes a problem at a node.
func (d *document) at(n *yaml.Node, format string, args ...any) {
	d.place(n.Line, n.Column, format, args...)
}

func (d *document) place(line, column int, format string, args ...any) {
	d.problems = append(d.problems, policy.Problem{File: d.file, Line: max(1, line), Column: max(1, column), Text: fmt.Sprintf(format, args...)})
}

// err is all problems as one error, in the order of the file; nil without one.
func (d *document) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b policy.Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return &policy.Error{Problems: d.problems}
}

// keys gives the values of a mapping by key. A key that is unknown or there
// twice is a problem.
func (d *document) keys(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	if n.Kind != yaml.MappingNode {
		d.at(n, "%s is a mapping, and this is %s", what, kindOf(n))
		return values
	}
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

// line reads a text that is not empty, with white space folded; parent is where
// it is missing.
func (d *document) line(n, parent *yaml.Node, what string) string {
	if n == nil {
		d.at(parent, "%s is missing", what)
		return ""
	}
	// A number (a finding's ID may be all digits) or a word that YAML takes for
	// something else is what stands there.
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Tag == "!!bool" {
		d.at(n, "%s is a text, and this is %s", what, kindOf(n))
		return ""
	}
	s := strings.Join(strings.Fields(n.Value), " ")
	if s == "" {
		d.at(n, "%s is empty", what)
	}
	return s
}

// lines reads one text, or a list of them.
func (d *document) lines(n *yaml.Node, what string) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	if len(n.Content) == 0 {
		d.at(n, "%s is an empty list", what)
	}
	return n.Content
}

// day reads a date, with or without quotes.
func (d *document) day(n, parent *yaml.Node, what string) time.Time {
	s := d.line(n, parent, what)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		d.at(n, "%s is a day such as 2027-03-31, not %q", what, short(s))
	}
	return t
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
		return "a date"
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

// readFile reads a file of at most limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	case int64(len(source)) > limit:
		return nil, fmt.Errorf("%s: larger than %d MiB", name, limit>>20)
	}
	return source, nil
}
