package gate

import (
	"fmt"
	"strings"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/gate/policy"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
)

// thingKey is one thing of a verdict.
type thingKey struct {
	subject policy.Subject
	index   int
}

// things are all that a rule may be asked about, by index. What a match says is
// made only for those that a rule meets: an image may hold a million packages.
type things struct {
	subject policy.Subject
	n       int
	// skip are those that no rule is asked about; known those that a baseline
	// holds. Both are nil where there are none.
	skip, known []bool
	view        func(i int) any
	match       func(i int) Match
	thing       func(i int) Thing
	// clearing is the thing's own action; without a title where it has none.
	clearing func(i int) Clearing
}

func (t *things) out(i int) bool  { return t.skip != nil && t.skip[i] }
func (t *things) kept(i int) bool { return t.known != nil && t.known[i] }

// thingsOf are what a rule is asked about.
func (h *holder) thingsOf(r *policy.Rule) *things {
	switch r.For {
	case policy.Findings:
		return h.findings
	case policy.Hygiene:
		return h.hygiene
	case policy.Dockerfile:
		return h.lint
	case policy.Actions:
		return h.actionThings()
	case policy.Executables:
		if h.executables == nil {
			h.executables = h.executableThings()
		}
		return h.executables
	case policy.Packages:
		if h.packages == nil {
			h.packages = h.packageThings()
		}
		return h.packages
	}
	return h.imageThing(r)
}

func none(int) Clearing { return Clearing{} }

func (h *holder) findingThings() *things {
	list := h.Verdict.Findings
	byID := make(map[string]*inventory.Package, len(h.Verdict.Packages))
	for i := range h.Verdict.Packages {
		byID[h.Verdict.Packages[i].ID] = &h.Verdict.Packages[i]
	}
	t := &things{
		subject: policy.Findings, n: len(list), skip: make([]bool, len(list)),
		view:  func(i int) any { return &h.facts.Findings[i] },
		match: func(i int) Match { return findingMatch(&list[i], &h.facts.Findings[i]) },
		thing: func(i int) Thing { return Thing{Finding: &list[i], Package: byID[list[i].PackageID]} },
		clearing: func(i int) Clearing {
			a := h.actions[list[i].ClearedBy]
			if a == nil {
				return Clearing{}
			}
			return Clearing{ID: a.ID, Title: strings.TrimSuffix(a.Title, fmt.Sprintf(": clears %d", len(a.Clears)))}
		},
	}
	for i := range list {
		t.skip[i] = !h.facts.Asked[i]
		if list[i].Disposition == triage.Accepted && !t.skip[i] {
			// Whoever made the verdict knew an exception for it.
			t.skip[i] = true
			h.acceptedBefore(t.match(i))
		}
	}
	return t
}

// acceptedBefore takes in what the verdict itself calls accepted.
func (h *holder) acceptedBefore(m Match) {
	const id = "verdict"
	if h.accepted[id] == nil {
		h.accepted[id] = &Accepted{Acceptance: Acceptance{ID: id, By: "the verdict", Reason: "accepted when the verdict was made"}}
	}
	h.accepted[id].Matches = append(h.accepted[id].Matches, m)
}

func findingMatch(f *triage.Finding, v *policy.FindingView) Match {
	m := Match{ID: f.ID, Severity: advisory.Severity(v.Severity), Where: f.Path}
	switch f.Kind {
	case triage.Vulnerability:
		m.Text = strings.TrimSpace(fmt.Sprintf("%s in %s %s", f.Vulnerability, f.Package, f.Version))
		m.Vulnerability, m.Package, m.Fixable = f.Vulnerability, f.Package, v.Fixable
	case triage.EndOfLife:
		m.Text = f.Title
	default:
		m.Text = fmt.Sprintf("%s: %s", f.Path, f.Title)
		if e := f.Evidence; e != nil && e.Line > 0 {
			m.Text = fmt.Sprintf("%s:%d: %s", f.Path, e.Line, f.Title)
		}
		if f.Liveness == inventory.Deleted || f.Liveness == inventory.Shadowed {
			m.Text += fmt.Sprintf(" (%s, in layer %d)", f.Liveness, f.Origin.Index)
		}
		m.Package = f.Package
	}
	return m
}

func (h *holder) hygieneThings() *things {
	list := h.Verdict.Hygiene
	return &things{
		subject: policy.Hygiene, n: len(list), skip: make([]bool, len(list)),
		view: func(i int) any { return &h.facts.Hygiene[i] },
		match: func(i int) Match {
			f := &list[i]
			return Match{ID: f.ID, Text: said(f.Where, f.Message, f.Title), Severity: f.Severity, Where: f.Where}
		},
		thing:    func(i int) Thing { return Thing{Hygiene: &list[i]} },
		clearing: func(i int) Clearing { return Clearing{Title: strings.TrimSuffix(list[i].Remedy, ".")} },
	}
}

func said(where, message, title string) string {
	if message == "" {
		message = title
	}
	return strings.TrimPrefix(where+": "+message, ": ")
}

func (h *holder) lintThings() *things {
	if h.Lint == nil {
		return &things{subject: policy.Dockerfile}
	}
	list, file := h.Lint.Findings, h.Lint.Name
	t := &things{
		subject: policy.Dockerfile, n: len(list), skip: make([]bool, len(list)),
		view: func(i int) any { return &h.facts.Dockerfile[i] },
		match: func(i int) Match {
			f := &list[i]
			where := fmt.Sprintf("%s:%d", file, f.Range.Start.Line)
			return Match{ID: f.ID, Text: said(where, f.Message, f.Title), Severity: f.Severity, Where: where}
		},
		thing:    func(i int) Thing { return Thing{Lint: &list[i], Dockerfile: file} },
		clearing: func(i int) Clearing { return Clearing{Title: strings.TrimSuffix(list[i].Remedy, ".")} },
	}
	for i := range list {
		if list[i].Suppressed != nil {
			t.skip[i] = true
			h.result.Lifted++
		}
	}
	return t
}

func (h *holder) executableThings() *things {
	list := h.Verdict.Account.Entries
	return &things{
		subject: policy.Executables, n: len(list),
		view: func(i int) any { return h.facts.Executable(i) },
		match: func(i int) Match {
			e := &list[i]
			text := fmt.Sprintf("/%s (%s)", e.Path, e.Status)
			if e.Owner != "" {
				text = fmt.Sprintf("/%s of %s (%s)", e.Path, e.Owner, e.Status)
			}
			return Match{ID: executableID(e), Text: text, Where: e.Path, Package: e.Owner}
		},
		thing:    func(i int) Thing { return Thing{Executable: &list[i]} },
		clearing: none,
	}
}

// executableID does not depend on the content, which every build of a program changes.
func executableID(e *account.Entry) string {
	return triage.Fingerprint("executable", e.Path, string(e.Status), string(e.Liveness))
}

func (h *holder) packageThings() *things {
	list := h.Verdict.Packages
	return &things{
		subject: policy.Packages, n: len(list),
		view: func(i int) any { return h.facts.Package(i) },
		match: func(i int) Match {
			p := &list[i]
			return Match{ID: packageID(p), Text: strings.TrimSpace(p.FullName() + " " + p.Version), Where: p.Path, Package: p.FullName()}
		},
		thing:    func(i int) Thing { return Thing{Package: &list[i]} },
		clearing: none,
	}
}

// packageID does not depend on the version.
func packageID(p *inventory.Package) string {
	return triage.Fingerprint("package", p.Type, p.Namespace, p.Name, p.Path, p.InArchive)
}

// actionThings leaves out actions whose findings are all accepted or known.
func (h *holder) actionThings() *things {
	list := h.Verdict.Actions
	open := map[string]bool{}
	for i := range h.Verdict.Findings {
		if !h.findings.out(i) && !h.findings.kept(i) {
			open[h.Verdict.Findings[i].ID] = true
		}
	}
	t := &things{
		subject: policy.Actions, n: len(list), skip: make([]bool, len(list)),
		view:     func(i int) any { return &h.facts.Actions[i] },
		match:    func(i int) Match { return Match{ID: list[i].ID, Text: list[i].Title, Package: list[i].Package} },
		thing:    func(i int) Thing { return Thing{} },
		clearing: func(i int) Clearing { return Clearing{ID: list[i].ID, Title: list[i].Title} },
	}
	for i := range list {
		t.skip[i] = true
		for _, id := range list[i].Clears {
			if open[id] {
				t.skip[i] = false
				break
			}
		}
	}
	return t
}

// imageThing is the image as a whole, without what is accepted or known.
func (h *holder) imageThing(r *policy.Rule) *things {
	lists := h.facts.Lists(r, left(h.facts.Findings, h.findings), left(h.facts.Hygiene, h.hygiene))
	return &things{
		subject: policy.Image, n: 1,
		view:     func(int) any { return lists },
		match:    func(int) Match { return Match{ID: imageRuleID(r.Name), Text: h.Verdict.Image.Reference} },
		thing:    func(int) Thing { return Thing{} },
		clearing: none,
	}
}

func imageRuleID(rule string) string { return triage.Fingerprint("image", rule) }

func left[V any](views []V, t *things) []V {
	out := []V{}
	for i := range views {
		if !t.out(i) && !t.kept(i) {
			out = append(out, views[i])
		}
	}
	return out
}
