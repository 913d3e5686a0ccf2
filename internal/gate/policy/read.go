package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"go.yaml.in/yaml/v3"

	"plimsoll/internal/advisory"

	"plimsoll/internal/gate/strict"
)

// FormatVersion is the version of the policy file that this program reads.
const FormatVersion = "1"

// maxRules bounds a policy, the rules that it extends included.
const maxRules = 200

// ruleName is what a rule and a policy may be called.
var ruleName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// ExpiredException is the name of the reason that an exception past its last day
// gives; no rule may have it.
const ExpiredException = "expired-exception"

// ruleSeverities are those that a rule can have, the gravest first.
func ruleSeverities() []string {
	return []string{advisory.Critical.String(), advisory.High.String(), advisory.Medium.String(), advisory.Low.String()}
}

func policyKeys() []string {
	return []string{"version", "name", "description", "extends", "without", "opinion", "rules"}
}

func ruleKeys() []string {
	return []string{"name", "description", "severity", "for", "when", "message", "remedy", "detail", "effect"}
}

// Load reads the policy that a user names: a ready one, or a file.
func Load(name string) (*Policy, error) {
	if IsReady(name) {
		return Ready(name)
	}
	source, err := ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w; ready policies are %s", err, strings.Join(ReadyNames(), ", "))
	}
	return Parse(name, source)
}

// Parse reads a policy file. The error is an *strict.Error that lists every problem.
func Parse(file string, source []byte) (*Policy, error) {
	envs, err := newEnvironments()
	if err != nil {
		return nil, err
	}
	return parse(file, source, envs)
}

func parse(file string, source []byte, envs *environments) (*Policy, error) {
	d, top := parseDocument(file, source)
	if top == nil {
		return nil, d.Err()
	}
	p := &Policy{From: file}
	values := d.Keys(top, policyKeys()...)
	d.version(values["version"], top)
	p.Name = d.name(values["name"], top, "the policy's name")
	p.Description, _ = d.text(values["description"], "description")
	p.Description = strings.TrimSpace(p.Description)
	p.Opinion = word(d, values["opinion"], "opinion", Opinions())
	if err := d.extend(p, values["extends"], values["without"]); err != nil {
		return nil, err
	}
	own := d.list(values["rules"], "rules")
	if len(own)+len(p.Rules) > maxRules {
		d.At(values["rules"], "more than %d rules", maxRules)
		return nil, d.Err()
	}
	for _, n := range own {
		r, err := d.rule(n, p, envs)
		if err != nil {
			return nil, err
		}
		p.Rules = append(p.Rules, r)
	}
	if len(p.Rules) == 0 {
		d.At(top, "a policy without a rule passes everything")
	} else if !slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Effect == Fail }) {
		p.Warnings = append(p.Warnings, strict.Problem{File: file, Line: 1, Column: 1, Text: "every rule only warns: this policy can't fail a build"})
	}
	strict.SortProblems(p.Warnings)
	if err := d.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

func (d *document) version(n, top *yaml.Node) {
	switch {
	case n == nil:
		d.At(top, "version is missing: version: %s", FormatVersion)
	case n.Kind != yaml.ScalarNode || n.Value != FormatVersion:
		d.At(n, "version is %q, and this program reads %s", strict.Short(n.Value), FormatVersion)
	}
}

func (d *document) name(n, parent *yaml.Node, what string) string {
	if n == nil {
		d.At(parent, "%s is missing", what)
		return ""
	}
	s := d.line(n, what)
	if s != "" && (!ruleName.MatchString(s) || len(s) > 80) {
		d.At(n, "%s is lower-case words with hyphens between them, at most 80 characters, not %q", what, strict.Short(s))
		return ""
	}
	return s
}

// extend takes in the rules of a ready policy.
func (d *document) extend(p *Policy, extends, without *yaml.Node) error {
	p.Extends = d.line(extends, "extends")
	p.Without = d.lines(without, "without")
	switch {
	case p.Extends == "" && without != nil:
		d.At(without, "without leaves out rules of the policy that extends names")
		return nil
	case p.Extends == "":
		return nil
	case !IsReady(p.Extends):
		d.At(extends, "extends %q: one of the ready policies %s", strict.Short(p.Extends), strings.Join(ReadyNames(), ", "))
		return nil
	}
	ready, err := Ready(p.Extends)
	if err != nil {
		return err
	}
	for i, name := range p.Without {
		if !slices.ContainsFunc(ready.Rules, func(r Rule) bool { return r.Name == name }) {
			d.At(without.Content[min(i, len(without.Content)-1)], "policy %s has no rule %q to leave out", p.Extends, strict.Short(name))
		}
	}
	for _, r := range ready.Rules {
		if !slices.Contains(p.Without, r.Name) {
			if r.Policy == "" {
				r.Policy = p.Extends
			}
			p.Rules = append(p.Rules, r)
		}
	}
	return nil
}

func (d *document) rule(n *yaml.Node, p *Policy, envs *environments) (Rule, error) {
	var r Rule
	if n.Kind != yaml.MappingNode {
		d.At(n, "a rule is a mapping, and this is %s", strict.KindOf(n))
		return r, nil
	}
	values := d.Keys(n, ruleKeys()...)
	r.Name = d.name(values["name"], n, "the rule's name")
	if at := slices.IndexFunc(p.Rules, func(x Rule) bool { return x.Name == r.Name }); at >= 0 && r.Name != "" {
		where := "in this file"
		if from := p.Rules[at].Policy; from != "" {
			where = fmt.Sprintf("in the policy %s, which this one extends: leave that one out with without", from)
		}
		d.At(values["name"], "there is a rule %s already %s", r.Name, where)
	}
	if r.Name == ExpiredException {
		d.At(values["name"], "%s is the gate's own: it is broken by every exception past its last day", r.Name)
	}
	for _, key := range []string{"severity", "for", "when", "message"} {
		if values[key] == nil {
			d.At(n, "%s is missing", key)
		}
	}
	r.Description, _ = d.text(values["description"], "description")
	r.Description = strings.TrimSpace(r.Description)
	r.Severity = advisory.ParseSeverity(word(d, values["severity"], "severity", ruleSeverities()))
	r.For = word(d, values["for"], "for", Subjects())
	r.Effect = word(d, values["effect"], "effect", []Effect{Fail, Warn})
	r.Message = d.line(values["message"], "message")
	r.Remedy = d.line(values["remedy"], "remedy")
	var err error
	if r.When, r.when, err = d.expression(values["when"], "when", p, envs, r.For, cel.BoolType); err != nil {
		return r, err
	}
	r.Detail, r.detail, err = d.expression(values["detail"], "detail", p, envs, r.For, cel.StringType)
	return r, err
}

func (d *document) expression(n *yaml.Node, what string, p *Policy, envs *environments, s Subject, result *cel.Type) (string, *program, error) {
	if n != nil && n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && result == cel.BoolType {
		d.At(n, "when is %s for all of them: a rule asks something", n.Value)
		return "", nil, nil
	}
	text, ok := d.text(n, what)
	if !ok {
		return "", nil, nil
	}
	if strings.TrimSpace(text) == "" {
		d.At(n, "%s is empty", what)
		return "", nil, nil
	}
	compiled, faults, err := envs.compile(s, text, result)
	if err != nil {
		return "", nil, err
	}
	for _, f := range faults {
		line, column := placeOf(d.source, n, f.line, f.column)
		if f.warning {
			p.Warnings = append(p.Warnings, strict.Problem{File: d.File, Line: line, Column: column, Text: f.text})
		} else {
			d.Place(line, column, "%s: %s", what, f.text)
		}
	}
	return strings.TrimSpace(text), compiled, nil
}
