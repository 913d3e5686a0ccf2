// Package strict owns how the YAML files of the gate are read: one mapping, no aliases,
// no key that is unknown or said twice, and every problem with its place.
//
// It knows nothing of policies and exceptions: package policy and package exception say
// which keys there are and what stands under them.
package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is a YAML file that is read strictly: what is not asked for, said
// twice or of another kind is a problem with its place.
type Document struct {
	// Problems are what is wrong so far.
	Problems []Problem

	// File is what the file is called in messages.
	File string
}

// Parse reads the one mapping that a file of at most limit bytes holds; nil with
// problems. Aliases are refused: a few lines of them can stand for any number of nodes.
func Parse(file string, source []byte, limit int) (*Document, *yaml.Node) {
	d := &Document{File: file}
	if len(source) > limit {
		d.Place(1, 1, "larger than %d MiB", limit>>20)
		return d, nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	var root, second yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		d.Place(1, 1, "the file is empty")
		return d, nil
	case err != nil:
		d.Problems = append(d.Problems, yamlProblem(file, err))
		return d, nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		d.At(&second, "a file holds one document, and this is a second one")
	case !errors.Is(err, io.EOF):
		d.Problems = append(d.Problems, yamlProblem(file, err))
	}
	d.refuseAliases(&root)
	if len(d.Problems) > 0 || len(root.Content) == 0 {
		return d, nil
	}
	if top := root.Content[0]; top.Kind == yaml.MappingNode {
		return d, top
	}
	d.At(root.Content[0], "a mapping of keys is asked for, and this is %s", KindOf(root.Content[0]))
	return d, nil
}

// refuseAliases looks at every node once.
func (d *Document) refuseAliases(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		d.At(n, "aliases (*%s) are not read: write it out", Short(n.Value))
		return
	case n.Anchor != "":
		d.At(n, "anchors (&%s) are not read", Short(n.Anchor))
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

// At notes a problem at a node.
func (d *Document) At(n *yaml.Node, format string, args ...any) {
	d.Place(n.Line, n.Column, format, args...)
}

// Place notes a problem at a line and column, which count from 1.
func (d *Document) Place(line, column int, format string, args ...any) {
	d.Problems = append(d.Problems, Problem{File: d.File, Line: max(1, line), Column: max(1, column), Text: fmt.Sprintf(format, args...)})
}

// Err is all problems as one error, in the order of the file; nil without one.
func (d *Document) Err() error {
	if len(d.Problems) == 0 {
		return nil
	}
	SortProblems(d.Problems)
	return &Error{d.Problems}
}

// SortProblems puts problems in the order of the file.
func SortProblems(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

// Keys gives the values of a mapping by key. A key that is unknown or there
// twice is a problem.
func (d *Document) Keys(n *yaml.Node, known ...string) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			d.At(key, "a key is a word")
		case !slices.Contains(known, key.Value):
			d.At(key, "unknown key %q: one of %s", Short(key.Value), strings.Join(known, ", "))
		case values[key.Value] != nil:
			d.At(key, "%s is said twice", key.Value)
		default:
			values[key.Value] = value
		}
	}
	return values
}

// KindOf says what a node is, for messages.
func KindOf(n *yaml.Node) string {
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

// Short keeps a foreign word from filling a message.
func Short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
