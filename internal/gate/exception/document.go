package exception

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/gate/strict"
)

// MaxFile bounds an exceptions file, in bytes.
const MaxFile = 4 << 20

// document is an exceptions file on its way.
type document struct{ *strict.Document }

func parseDocument(file string, source []byte) (*document, *yaml.Node) {
	d, root := strict.Parse(file, source, MaxFile)
	return &document{d}, root
}

// keys gives the values of a mapping by key, and says so where it is none.
func (d *document) keys(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		d.At(n, "%s is a mapping, and this is %s", what, strict.KindOf(n))
		return map[string]*yaml.Node{}
	}
	return d.Keys(n, known...)
}

// line reads a text that is not empty, with white space folded; parent is where
// it is missing.
func (d *document) line(n, parent *yaml.Node, what string) string {
	if n == nil {
		d.At(parent, "%s is missing", what)
		return ""
	}
	// A number (a finding's ID may be all digits) or a word that YAML takes for
	// something else is what stands there.
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Tag == "!!bool" {
		d.At(n, "%s is a text, and this is %s", what, strict.KindOf(n))
		return ""
	}
	s := strings.Join(strings.Fields(n.Value), " ")
	if s == "" {
		d.At(n, "%s is empty", what)
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
		d.At(n, "%s is an empty list", what)
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
		d.At(n, "%s is a day such as 2027-03-31, not %q", what, strict.Short(s))
	}
	return t
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
