package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"

	"plimsoll/internal/gate/strict"
)

// Expectation is what a test asks of a gate.
type Expectation string

const (
	ExpectPass      Expectation = "pass"
	ExpectFail      Expectation = "fail"
	ExpectUndecided Expectation = "undecided"
)

// Tests are a file of fixture verdicts with what a policy has to say of them.
type Tests struct {
	File string
	// Policy is the ready policy or the file that is tested; empty where the
	// caller has to say.
	Policy string
	// Now is the day that ages are told at; zero for today.
	Now   time.Time
	Tests []Test
}

// Test is one of them.
type Test struct {
	Name       string
	Line       int
	Verdict    *verdict.Verdict
	Dockerfile string
	Opinion    Opinion // empty for the policy's own
	Expect     Expectation
	// Rules are exactly those that fail, Warnings those that warn, where it is
	// said; nil where it is not.
	Rules, Warnings []string
}

// maxVerdictFile bounds a verdict that a test names, in bytes.
const maxVerdictFile = 256 << 20

// ReadTests reads a file of tests. Paths in it are relative to its folder. The
// error is an *strict.Error for what is wrong with the file.
func ReadTests(file string, source []byte) (*Tests, error) {
	d, top := parseDocument(file, source)
	if top == nil {
		return nil, d.Err()
	}
	t := &Tests{File: file}
	values := d.Keys(top, "policy", "now", "tests")
	if t.Policy = d.line(values["policy"], "policy"); t.Policy != "" && !IsReady(t.Policy) && !filepath.IsAbs(t.Policy) {
		t.Policy = filepath.Join(filepath.Dir(file), t.Policy)
	}
	if n := values["now"]; n != nil {
		var err error
		if t.Now, err = time.Parse(time.DateOnly, n.Value); err != nil {
			d.At(n, "now is a day as YYYY-MM-DD")
		}
	}
	for _, n := range d.list(values["tests"], "tests") {
		t.Tests = append(t.Tests, d.test(n))
	}
	if len(t.Tests) == 0 {
		d.At(top, "there is no test")
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return t, nil
}

func (d *document) test(n *yaml.Node) Test {
	t := Test{Line: n.Line}
	if n.Kind != yaml.MappingNode {
		d.At(n, "a test is a mapping, and this is %s", strict.KindOf(n))
		return t
	}
	values := d.Keys(n, "name", "verdict", "dockerfile", "opinion", "expect", "rules", "warnings")
	for _, key := range []string{"name", "verdict", "expect"} {
		if values[key] == nil {
			d.At(n, "%s is missing", key)
		}
	}
	t.Name = d.line(values["name"], "name")
	t.Expect = word(d, values["expect"], "expect", []Expectation{ExpectPass, ExpectFail, ExpectUndecided})
	if values["opinion"] != nil {
		t.Opinion = word(d, values["opinion"], "opinion", Opinions())
	}
	t.Dockerfile, _ = d.text(values["dockerfile"], "dockerfile")
	if values["rules"] != nil {
		t.Rules = append([]string{}, d.lines(values["rules"], "rules")...)
		slices.Sort(t.Rules)
	}
	if values["warnings"] != nil {
		t.Warnings = append([]string{}, d.lines(values["warnings"], "warnings")...)
		slices.Sort(t.Warnings)
	}
	if t.Expect == ExpectPass && len(t.Rules) > 0 {
		d.At(values["rules"], "nothing passes that breaks rules")
	}
	if v := values["verdict"]; v != nil {
		t.Verdict = d.verdict(v)
	}
	return t
}

// verdict reads a verdict written out, or the file that a path names.
func (d *document) verdict(n *yaml.Node) *verdict.Verdict {
	if n.Kind == yaml.ScalarNode {
		name := d.line(n, "verdict")
		if name == "" {
			return nil
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(d.File), name)
		}
		v, err := readVerdict(name)
		if err != nil {
			d.At(n, "%v", err)
		}
		return v
	}
	var raw bytes.Buffer
	d.json(&raw, n)
	// What a person leaves out is as a scan that went well has it.
	v := &verdict.Verdict{Coverage: verdict.Coverage{Complete: true}}
	decoder := json.NewDecoder(&raw)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		at, text := n, err.Error()
		if m := unknownField.FindStringSubmatch(text); m != nil {
			text = fmt.Sprintf("a verdict has no %q (see docs/verdict.schema.json)", m[1])
			at = keyNamed(n, m[1])
		}
		d.At(at, "verdict: %s", text)
		return nil
	}
	if v.Coverage.Databases == nil {
		v.Coverage.Databases = []advisory.Info{{Name: string(TrivyDB)}, {Name: string(GrypeDB)}}
	}
	return v
}

var unknownField = regexp.MustCompile(`unknown field "(.*)"`)

// keyNamed finds the first key of a name, the node itself without one.
func keyNamed(n *yaml.Node, name string) *yaml.Node {
	found := n
	var look func(*yaml.Node) bool
	look = func(c *yaml.Node) bool {
		for i, child := range c.Content {
			if c.Kind == yaml.MappingNode && i%2 == 0 && child.Value == name {
				found = child
				return true
			}
			if look(child) {
				return true
			}
		}
		return false
	}
	look(n)
	return found
}

// json writes a node as JSON. A date stays the text that it is.
func (d *document) json(b *bytes.Buffer, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		seen := map[string]bool{}
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode || seen[k.Value] {
				d.At(k, "%s is said twice, or is no word", strict.Short(k.Value))
			}
			seen[k.Value] = true
			if i > 0 {
				b.WriteByte(',')
			}
			quote(b, k.Value)
			b.WriteByte(':')
			d.json(b, n.Content[i+1])
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			d.json(b, c)
		}
		b.WriteByte(']')
	default:
		switch n.Tag {
		case "!!null":
			b.WriteString("null")
		case "!!bool":
			v, _ := strconv.ParseBool(n.Value)
			b.WriteString(strconv.FormatBool(v))
		case "!!int", "!!float":
			if json.Valid([]byte(n.Value)) {
				b.WriteString(n.Value)
			} else {
				quote(b, n.Value)
			}
		default:
			quote(b, n.Value)
		}
	}
}

func quote(b *bytes.Buffer, s string) {
	raw, err := json.Marshal(s)
	if err != nil {
		raw = []byte(`""`) // no string fails
	}
	b.Write(raw)
}

// readVerdict reads the JSON of a scan of one image.
func readVerdict(name string) (*verdict.Verdict, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r verdict.Report
	if err := json.NewDecoder(io.LimitReader(f, maxVerdictFile)).Decode(&r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(r.Verdicts) != 1 {
		return nil, fmt.Errorf("%s holds %d verdicts: the JSON of a scan of one image for one platform is asked for", name, len(r.Verdicts))
	}
	return &r.Verdicts[0], nil
}

// IsInvalid reports whether an error is about what a policy file, or a file of
// tests, says.
func IsInvalid(err error) bool {
	var e *strict.Error
	return errors.As(err, &e)
}
