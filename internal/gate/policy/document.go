package policy

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/gate/strict"
)

// MaxSize bounds a policy file and a file of its tests, in bytes.
const MaxSize = 1 << 20

// document is a policy file on its way; source is what expressions find their places in.
type document struct {
	*strict.Document
	source []byte
}

func parseDocument(file string, source []byte) (*document, *yaml.Node) {
	d, root := strict.Parse(file, source, MaxSize)
	return &document{d, source}, root
}

// text reads a string; false where there is none.
func (d *document) text(n *yaml.Node, what string) (string, bool) {
	if n == nil {
		return "", false
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		d.At(n, "%s is a text, and this is %s", what, strict.KindOf(n))
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
		d.At(n, "%s is empty", what)
	case strings.ContainsAny(s, "\n\r"):
		d.At(n, "%s is one line", what)
	}
	return s
}

// list reads a list's nodes.
func (d *document) list(n *yaml.Node, what string) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		d.At(n, "%s is a list, and this is %s", what, strict.KindOf(n))
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
		d.At(n, "%s is %q: one of %s", what, strict.Short(s), strings.Join(inOrder(known), ", "))
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
