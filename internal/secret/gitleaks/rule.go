package gitleaks

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"plimsoll/internal/advisory"
	"plimsoll/internal/secret"
)

// rule is a rule while files are laid over one another. What is empty is not
// said, and left to the rule that it extends.
type rule struct {
	id, description string
	regex, pathExpr string
	group           int
	entropy         float64
	keywords, tags  []string
	skip            bool
	lists           []*allowlist
	required        []required
	// builtin is the built-in rule of this identifier that it extends.
	builtin *secret.Rule
	places  *places
	path    string
}

// required is a rule that must find something near, within so many lines and
// columns; -1 for any.
type required struct {
	id             string
	lines, columns int
}

// at is where a key of the rule stands; "" for the rule.
func (r *rule) at(key string) spot {
	if r.places == nil {
		return spot{}
	}
	if key != "" {
		return r.places.at(r.path + "." + key)
	}
	return r.places.at(r.path)
}

const (
	longestID   = 200
	maxRequired = 16
	// maxKeywords bounds the keywords of one rule.
	maxKeywords = 1000
)

// rule reads a rule of one file.
func (l *loader) rule(t *ruleTable, places *places, path string) (*rule, error) {
	r := &rule{
		id: strings.TrimSpace(t.ID), description: t.Description, regex: t.Regex, pathExpr: t.Path,
		group: t.SecretGroup, entropy: t.Entropy, tags: t.Tags, skip: t.SkipReport, places: places, path: path,
	}
	switch {
	case r.id == "":
		return nil, r.at("id").errorf("the rule has no id")
	case len(r.id) > longestID || strings.ContainsFunc(r.id, func(c rune) bool { return !unicode.IsPrint(c) }):
		return nil, r.at("id").errorf("an id is at most %d bytes that can be printed", longestID)
	case r.group < 0:
		return nil, r.at("secretgroup").errorf("rule %s: secretGroup is negative", r.id)
	case math.IsNaN(r.entropy) || math.IsInf(r.entropy, 0):
		return nil, r.at("entropy").errorf("rule %s: entropy is not a number to compare with", r.id)
	case len(t.Keywords) > maxKeywords:
		return nil, r.at("keywords").errorf("rule %s: more than %d keywords", r.id, maxKeywords)
	case len(t.Required) > maxRequired:
		return nil, r.at("required").errorf("rule %s: more than %d required rules", r.id, maxRequired)
	}
	for _, k := range t.Keywords {
		if k = strings.ToLower(k); k != "" {
			r.keywords = append(r.keywords, k[:min(len(k), longestWord)])
		}
	}
	for i, q := range t.Required {
		if q.ID == "" {
			return nil, r.at(fmt.Sprintf("required.%d", i)).errorf("rule %s: a required rule has no id", r.id)
		}
		r.required = append(r.required, required{q.ID, within(q.WithinLines), within(q.WithinColumns)})
	}
	lists, key := t.Allowlists, "allowlists.%d"
	if t.AllowList != nil {
		if len(lists) > 0 {
			return nil, r.at("allowlist").errorf("rule %s: [rules.allowlist] and [[rules.allowlists]] can't stand in one rule; write [[rules.allowlists]] alone", r.id)
		}
		lists, key = []ruleAllowlist{*t.AllowList}, "allowlist"
	}
	for i := range lists {
		at := key
		if t.AllowList == nil {
			at = fmt.Sprintf(key, i)
		}
		list, err := l.allowlist(&lists[i], places, path+"."+at, r.id)
		if err != nil {
			return nil, err
		}
		if list != nil {
			r.lists = append(r.lists, list)
		}
	}
	return r, nil
}

func within(n *int) int {
	if n == nil {
		return -1
	}
	return max(0, *n)
}

// inherit takes from a rule of the same identifier in an extended file what this
// one leaves open (gitleaks config/config.go, extend).
func (r *rule) inherit(base *rule) {
	if r.description == "" {
		r.description = base.description
	}
	if r.entropy == 0 {
		r.entropy = base.entropy
	}
	if r.group == 0 {
		r.group = base.group
	}
	if r.regex == "" {
		r.regex = base.regex
	}
	if r.pathExpr == "" {
		r.pathExpr = base.pathExpr
	}
	r.tags = slices.Concat(base.tags, r.tags)
	r.keywords = slices.Concat(base.keywords, r.keywords)
	r.lists = slices.Concat(base.lists, r.lists)
	if len(r.required) == 0 {
		r.required = base.required
	}
	r.skip = r.skip || base.skip
	r.builtin = base.builtin
}

const (
	// maxSize bounds the instructions of one expression, maxSizes those of all.
	maxSize  = 50_000
	maxSizes = 2_000_000
	// longestRegex bounds an expression in bytes.
	longestRegex = 64 << 10
)

// compile compiles an expression whose size is bounded.
func (l *loader) compile(text string) (*regexp.Regexp, *syntax.Regexp, error) {
	if len(text) > longestRegex {
		return nil, nil, fmt.Errorf("an expression is longer than %d bytes", longestRegex)
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, nil, fmt.Errorf("no RE2 expression: %s", plainly(strings.TrimPrefix(err.Error(), "error parsing regexp: ")))
	}
	n := sizeOf(tree)
	if l.size += n; n > maxSize || l.size > maxSizes {
		l.size -= n
		return nil, nil, errors.New("the expression is too large when its repetitions are written out")
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, nil, err
	}
	return re, tree, nil
}

// sizeOf is about how many instructions an expression compiles to.
func sizeOf(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	if re.Op == syntax.OpCharClass {
		n = 1 + len(re.Rune)/16
	}
	for _, sub := range re.Sub {
		n = min(n+sizeOf(sub), maxSize+1)
	}
	if re.Op == syntax.OpRepeat {
		n = min(n*max(1, re.Min, re.Max), maxSize+1)
	}
	return n
}

// translate makes rules of the engine.
func (l *loader) translate(c *config) ([]secret.Rule, error) {
	if err := l.aim(c); err != nil {
		return nil, err
	}
	shared := newPathLists(c.lists)
	t := &translation{loader: l, config: c, shared: shared, probes: map[string]*probe{}}
	var rules []secret.Rule
	for _, r := range c.rules {
		made, err := t.rule(r)
		if err != nil {
			return nil, err
		}
		if made != nil {
			rules = append(rules, *made)
		}
	}
	return rules, nil
}

// aim hands the allow-lists with targetRules to their rules.
func (l *loader) aim(c *config) error {
	for _, t := range c.targets {
		for _, id := range t.rules {
			switch r := c.byID[id]; {
			case r != nil:
				r.lists = append(r.lists, t.list)
			case l.defaults:
				l.problem(t.at, "", false, "the target rule %q does not exist here, where useDefault stands for the built-in rules", plainly(id))
			default:
				return t.at.errorf("the target rule %q does not exist", plainly(id))
			}
		}
	}
	return nil
}

type translation struct {
	*loader
	*config
	// shared are the allow-lists for all rules, as far as they are about paths.
	shared *pathLists
	// probes are the rules that others require.
	probes map[string]*probe
}

// rule makes one rule; nil where it does not run or is not to be reported.
func (t *translation) rule(r *rule) (*secret.Rule, error) {
	if r.skip {
		// It serves those that require it.
		_, err := t.probe(r)
		return nil, err
	}
	var made *secret.Rule
	var err error
	switch {
	case r.regex != "":
		made, err = t.expression(r)
	case r.builtin != nil:
		made = t.builtinWith(r)
	case r.pathExpr != "":
		made = t.file(r)
	case t.defaults:
		t.problem(r.at(""), r.id, true, "it has neither regex nor path, and there is no built-in rule of its name that it could extend")
	default:
		return nil, r.at("").errorf("rule %s has neither regex nor path", r.id)
	}
	if made == nil || err != nil {
		return nil, err
	}
	if !t.limit(r, made) {
		return nil, nil
	}
	if runs, err := t.allow(r, made); !runs || err != nil {
		return nil, err
	}
	t.grade(r, made)
	return made, nil
}

// expression makes a rule of a regex.
func (t *translation) expression(r *rule) (*secret.Rule, error) {
	re, tree, err := t.compile(r.regex)
	if err != nil {
		t.problem(r.at("regex"), r.id, true, "%v", err)
		return nil, nil
	}
	if r.group > re.NumSubexp() {
		return nil, r.at("secretgroup").errorf("rule %s: secretGroup is %d, and its regex has %d groups", r.id, r.group, re.NumSubexp())
	}
	made := &secret.Rule{
		ID: r.id, Title: title(r), Severity: advisory.High, Confidence: secret.Likely,
		Pattern: r.regex, Group: r.group, Entropy: above(r.entropy), Exact: true, Source: r.places.name,
	}
	if strings.Contains(strings.ToLower(r.id), "generic") {
		// gitleaks lets every other rule go before such a one (detect/utils.go, filter).
		made.Confidence = secret.Possible
	}
	if r.builtin != nil {
		made.Severity, made.Confidence, made.Paths = r.builtin.Severity, r.builtin.Confidence, r.builtin.Paths
		if r.description == "" {
			made.Title = r.builtin.Title
		}
	}
	if reason := place(r, derive(tree), made, func(note string) { t.problem(r.at("keywords"), r.id, false, "%s", note) }); reason != "" {
		t.problem(r.at("regex"), r.id, true, "%s", reason)
		return nil, nil
	}
	return made, nil
}

func title(r *rule) string {
	if s := strings.TrimSpace(r.description); s != "" {
		return plainly(s)
	}
	return r.id
}

// above is the least entropy that gitleaks accepts, whose own bound is what is
// refused; 0 for none.
func above(entropy float64) float64 {
	if entropy <= 0 {
		return 0
	}
	return math.Nextafter(entropy, math.Inf(1))
}

// builtinWith makes a built-in rule with what the file says of it.
func (t *translation) builtinWith(r *rule) *secret.Rule {
	made := *r.builtin
	if r.description != "" {
		made.Title = title(r)
	}
	if r.entropy > 0 {
		made.Entropy = above(r.entropy)
	}
	if r.group != 0 {
		t.problem(r.at("secretgroup"), r.id, false, "secretGroup has no effect on a built-in rule without a regex of its own")
	}
	if len(r.keywords) > 0 {
		t.problem(r.at("keywords"), r.id, false, "keywords have no effect on a built-in rule without a regex of its own")
	}
	return &made
}

// file makes a rule about files as such.
func (t *translation) file(r *rule) *secret.Rule {
	made := &secret.Rule{ID: r.id, Title: title(r), Severity: advisory.High, Confidence: secret.Likely, Source: r.places.name}
	if len(r.required) > 0 {
		t.problem(r.at("required"), r.id, true, "a rule about files as such can't require another")
		return nil
	}
	return made
}

// limit restricts a rule to paths; false where it does not run.
func (t *translation) limit(r *rule, made *secret.Rule) bool {
	only := made.Paths
	if r.pathExpr != "" {
		re, _, err := t.compile(r.pathExpr)
		if err != nil {
			t.problem(r.at("path"), r.id, true, "%v", err)
			return false
		}
		list := []*regexp.Regexp{re}
		only = func(path string) bool { return matchesPath(list, path) }
	}
	shared, own := t.shared, newPathLists(r.lists)
	if shared == nil && own == nil {
		made.Paths = only
		return true
	}
	made.Paths = func(path string) bool {
		return (only == nil || only(path)) && !shared.allow(path) && !own.allow(path)
	}
	return true
}

// allow gives a rule its allow-lists and the rules that it requires; false where
// one of these can't run.
func (t *translation) allow(r *rule, made *secret.Rule) (runs bool, err error) {
	lists := slices.Concat(t.lists, r.lists)
	near, runs, err := t.neighbours(r)
	if !runs || err != nil || len(lists) == 0 && len(near) == 0 {
		return runs, err
	}
	builtin := made.Allowed
	made.Allowed = func(m *secret.Match) bool {
		if builtin != nil && builtin(m) {
			return true
		}
		for _, a := range lists {
			if a.allows(matched{m}) {
				return true
			}
		}
		for _, n := range near {
			if !n.beside(m) {
				return true
			}
		}
		return false
	}
	return true, nil
}

// grade takes severity and confidence from tags such as "severity:critical".
func (t *translation) grade(r *rule, made *secret.Rule) {
	for _, tag := range r.tags {
		key, word, _ := strings.Cut(strings.ToLower(tag), ":")
		switch key {
		case "severity":
			s, ok := severityOf(word)
			if !ok {
				t.problem(r.at("tags"), r.id, false, "the tag %q names no severity", plainly(tag))
				continue
			}
			made.Severity = s
		case "confidence":
			c, err := secret.ParseConfidence(word)
			if err != nil {
				t.problem(r.at("tags"), r.id, false, "the tag %q names no confidence", plainly(tag))
				continue
			}
			made.Confidence = c
			if made.Check != nil {
				t.problem(r.at("tags"), r.id, false, "the tag %q has no effect where the rule judges the value itself", plainly(tag))
			}
		}
	}
}

func severityOf(word string) (advisory.Severity, bool) {
	for s := advisory.Negligible; s <= advisory.Critical; s++ {
		if s.String() == word {
			return s, true
		}
	}
	return advisory.Unknown, false
}
