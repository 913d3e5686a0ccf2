// Package gitleaks owns the reading of rule files in gitleaks' format: TOML of
// version 8.30 becomes rules of package secret, which its engine runs beside or
// in place of the built-in ones.
//
// Whatever a file asks for that can't be done here is a Problem for the caller
// to print: no rule is left out in silence. The package compiles and judges; it
// opens no file of its own and searches nothing.
//
// A rule file is untrusted: its size, its rules and the size of their
// expressions are bounded.
package gitleaks

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"plimsoll/internal/secret"
)

const (
	// maxBytes bounds a file and those that it extends together; gitleaks' own
	// configuration has 200 KB.
	maxBytes = 2 << 20
	// maxRules and maxConditions bound the rules, and the expressions and words of
	// all allow-lists.
	maxRules      = 5000
	maxConditions = 50000
	// maxDepth is how many files extend one another behind the first
	// (gitleaks config/config.go, maxExtendDepth).
	maxDepth = 2
	// maxProblems bounds the list of problems.
	maxProblems = 1000
)

// Problem is something in a rule file that has no effect, or another than its
// author may expect.
type Problem struct {
	// File, Line and Column say where; Line is 0 where that is a whole file.
	File         string
	Line, Column int
	// Rule is the rule's identifier, empty where it is about the file.
	Rule string
	// Reason is a sentence without its period.
	Reason string
	// Dropped says that the rule does not run.
	Dropped bool
}

// String is the problem on one line: "rules.toml:12:1: rule x does not run: …".
func (p Problem) String() string {
	text := p.Reason
	switch {
	case p.Rule != "" && p.Dropped:
		text = fmt.Sprintf("rule %s does not run: %s", p.Rule, p.Reason)
	case p.Rule != "":
		text = fmt.Sprintf("rule %s: %s", p.Rule, p.Reason)
	}
	return spot{p.File, p.Line, p.Column}.String() + text
}

// Load reads a rule file. The rules returned are all that shall run: those of
// the file before those that it extends, which are the built-in ones where it
// says useDefault. open reads the files that it extends and must bound what it
// reads; their paths are absolute or lead on from the file that names them.
//
// The error has the file, line and column of what makes the file invalid:
// syntax, values of a wrong type, and what gitleaks refuses as well.
func Load(name string, src []byte, builtin []secret.Rule, open func(path string) ([]byte, error)) ([]secret.Rule, []Problem, error) {
	l := &loader{builtin: builtin, open: open}
	c, err := l.load(name, src, 0)
	if err != nil {
		return nil, nil, err
	}
	rules, err := l.translate(c)
	if err != nil {
		return nil, nil, err
	}
	return rules, l.problems, nil
}

type loader struct {
	builtin  []secret.Rule
	open     func(string) ([]byte, error)
	problems []Problem
	// bytes, rules, conditions and size count towards the bounds.
	bytes, rules, conditions, size int
	// commits says that commits were remarked on; defaults that the built-in
	// rules stand for gitleaks' own.
	commits, defaults bool
}

// config is a file with what it extends.
type config struct {
	rules   []*rule
	byID    map[string]*rule
	lists   []*allowlist
	targets []target
}

// target is an allow-list for some rules.
type target struct {
	rules []string
	list  *allowlist
	at    spot
}

func newConfig() *config { return &config{byID: map[string]*rule{}} }

func (c *config) add(r *rule) {
	c.rules = append(c.rules, r)
	c.byID[r.id] = r
}

func (l *loader) problem(at spot, rule string, dropped bool, format string, args ...any) {
	switch n := len(l.problems); {
	case n < maxProblems:
		l.problems = append(l.problems, Problem{File: at.file, Line: at.line, Column: at.column, Rule: rule, Dropped: dropped, Reason: fmt.Sprintf(format, args...)})
	case n == maxProblems:
		l.problems = append(l.problems, Problem{File: at.file, Reason: "there are more problems than are listed"})
	}
}

// load reads one file and what it extends; depth counts the files before it.
func (l *loader) load(name string, src []byte, depth int) (*config, error) {
	if l.bytes += len(src); l.bytes > maxBytes {
		return nil, fmt.Errorf("%s: rule files of more than %d bytes are not read", name, maxBytes)
	}
	doc, places, err := parse(name, src)
	if err != nil {
		return nil, err
	}
	for i, k := range places.unknown {
		if i == maxUnknown {
			l.problem(spot{file: name}, "", false, "%d more unknown keys have no effect", len(places.unknown)-i)
			break
		}
		l.problem(places.spot(k.offset), "", false, "the key %q is unknown and has no effect", k.path)
	}
	if err := l.checkVersion(doc.MinVersion, places); err != nil {
		return nil, err
	}
	c, err := l.own(doc, places)
	if err != nil {
		return nil, err
	}
	if err := l.extend(c, doc, places, depth); err != nil {
		return nil, err
	}
	return c, nil
}

// own is what a file says itself.
func (l *loader) own(doc *document, places *places) (*config, error) {
	c := newConfig()
	if l.rules += len(doc.Rules); l.rules > maxRules {
		return nil, places.at("rules").errorf("more than %d rules", maxRules)
	}
	for i := range doc.Rules {
		r, err := l.rule(&doc.Rules[i], places, fmt.Sprintf("rules.%d", i))
		if err != nil {
			return nil, err
		}
		if earlier := c.byID[r.id]; earlier != nil {
			l.problem(r.at(""), r.id, false, "it stands here again; the last one counts, as in gitleaks")
			*earlier = *r
			continue
		}
		c.add(r)
	}
	for _, r := range c.rules {
		for i, q := range r.required {
			if c.byID[q.id] == nil {
				return nil, r.at(fmt.Sprintf("required.%d", i)).errorf("rule %s requires the rule %q, which this file does not have", r.id, plainly(q.id))
			}
		}
	}
	lists := doc.Allowlists
	path := "allowlists.%d"
	if doc.AllowList != nil {
		if len(lists) > 0 {
			return nil, places.at("allowlist").errorf("[allowlist] and [[allowlists]] can't stand in one file; write [[allowlists]] alone")
		}
		lists, path = []globalAllowlist{*doc.AllowList}, "allowlist"
	}
	for i := range lists {
		at := path
		if strings.Contains(path, "%") {
			at = fmt.Sprintf(path, i)
		}
		l.conditions += len(lists[i].TargetRules)
		list, err := l.allowlist(&lists[i].ruleAllowlist, places, at, "")
		switch {
		case err != nil:
			return nil, err
		case list == nil:
		case len(lists[i].TargetRules) > 0:
			c.targets = append(c.targets, target{lists[i].TargetRules, list, places.at(at + ".targetrules")})
		default:
			c.lists = append(c.lists, list)
		}
	}
	return c, nil
}

// extend adds what a file extends to it.
func (l *loader) extend(c *config, doc *document, places *places, depth int) error {
	e := &doc.Extend
	if e.URL != "" {
		l.problem(places.at("extend.url"), "", false, "extend.url is not followed; save that file and name it as extend.path")
	}
	switch {
	case e.Path == "" && !e.UseDefault:
		if len(e.DisabledRules) > 0 {
			l.problem(places.at("extend.disabledrules"), "", false, "extend.disabledRules has no effect without useDefault or path")
		}
		return nil
	case depth == maxDepth:
		l.problem(places.at("extend"), "", false, "it is not extended: only %d files are followed behind the first, as in gitleaks", maxDepth)
		return nil
	case e.Path != "" && e.UseDefault:
		return places.at("extend").errorf("extend.path and extend.useDefault exclude each other")
	}
	base, err := l.base(e, places, depth)
	if err != nil {
		return err
	}
	if l.conditions += len(e.DisabledRules); l.conditions > maxConditions {
		return places.at("extend.disabledrules").errorf("more than %d disabled rules and conditions", maxConditions)
	}
	disabled := map[string]bool{}
	for _, id := range e.DisabledRules {
		disabled[id] = true
		if base.byID[id] == nil {
			l.problem(places.at("extend.disabledrules"), "", false, "the disabled rule %q is not one of those extended", plainly(id))
		}
	}
	for _, r := range base.rules {
		switch own := c.byID[r.id]; {
		case disabled[r.id]:
		case own == nil:
			c.add(r)
		default:
			own.inherit(r)
		}
	}
	c.lists = append(c.lists, base.lists...)
	c.targets = append(c.targets, base.targets...)
	return nil
}

func (l *loader) base(e *extend, places *places, depth int) (*config, error) {
	if e.UseDefault {
		l.defaults = true
		c := newConfig()
		for i := range l.builtin {
			b := &l.builtin[i]
			c.add(&rule{id: b.ID, builtin: b})
		}
		return c, nil
	}
	if len(e.Path) > 4096 || strings.ContainsRune(e.Path, 0) {
		return nil, places.at("extend.path").errorf("this is no path of a file")
	}
	path := e.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(places.name), path)
	}
	if l.open == nil {
		return nil, places.at("extend.path").errorf("other files can't be extended here")
	}
	src, err := l.open(path)
	if err != nil {
		return nil, places.at("extend.path").errorf("read the file that it extends: %w", err)
	}
	return l.load(path, src, depth+1)
}

// supported is the version of gitleaks whose format this is.
var supported = [3]int{8, 30, 1}

// checkVersion remarks on a file that asks for a newer gitleaks.
func (l *loader) checkVersion(s string, places *places) error {
	if s == "" {
		return nil
	}
	v, err := parseVersion(s)
	if err != nil {
		return places.at("minversion").errorf("minVersion %q: %w", plainly(s), err)
	}
	for i := range v {
		if v[i] != supported[i] {
			if v[i] > supported[i] {
				l.problem(places.at("minversion"), "", false, "it asks for gitleaks %s, while the format of %d.%d.%d is what is read here", plainly(s), supported[0], supported[1], supported[2])
			}
			return nil
		}
	}
	return nil
}

func parseVersion(s string) ([3]int, error) {
	var v [3]int
	bare, _, _ := strings.Cut(strings.TrimPrefix(s, "v"), "+")
	bare, _, _ = strings.Cut(bare, "-")
	parts := strings.Split(bare, ".")
	if len(parts) > len(v) {
		return v, errors.New("a version has three numbers")
	}
	for i, p := range parts {
		if p == "" || len(p) > 8 {
			return v, errors.New("it is no version such as 8.25.0")
		}
		for _, c := range p {
			if c < '0' || c > '9' {
				return v, errors.New("it is no version such as 8.25.0")
			}
			v[i] = v[i]*10 + int(c-'0')
		}
	}
	return v, nil
}
