package report

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"plimsoll/internal/advisory"
	proven "plimsoll/internal/rebuild/proof"
	"plimsoll/internal/verdict"
)

// FileProof writes proofs about Dockerfiles for a person to read.
func FileProof(w io.Writer, r *proven.FileReport, opt Options) error {
	p := newPage(opt)
	for i := range r.Proofs {
		if i > 0 {
			p.blank()
			p.blank()
		}
		p.fileProof(&r.Proofs[i], opt)
	}
	return p.flush(w)
}

func (p *page) fileProof(f *proven.FileProof, opt Options) {
	p.conclusion(&f.Conclusion)
	for _, side := range []struct {
		label string
		*proven.File
	}{{"before  ", &f.Before}, {"after   ", &f.After}} {
		p.hanging(span{side.label, p.styles.faint}, p.styles.plain, strings.Join(proofFileParts(side.File), "  "))
	}
	p.hanging(span{"judged  ", p.styles.faint}, p.styles.plain, "by the rules of plimsoll lint alone: nothing was built")
	for _, reason := range f.Conclusion.Reasons {
		p.hanging(span{"        ", p.styles.plain}, p.styles.yellow, reason)
	}
	p.blank()
	p.proofFigures(proofFileRows(f))
	for _, row := range proofFileWords(f) {
		p.hanging(span{pad(row[0], 13), p.styles.faint}, p.styles.plain, row[1])
	}
	p.proofHygiene("", &f.Hygiene, opt)
	p.notProven(f.NotProven)
}

// conclusion writes the first line.
func (p *page) conclusion(c *proven.Conclusion) {
	style := map[proven.Decision]lipgloss.Style{
		proven.Better: p.styles.green, proven.Worse: p.styles.red, proven.NotBetter: p.styles.red, proven.Incomplete: p.styles.yellow,
	}[c.Decision].Bold(true)
	decision, figures, _ := strings.Cut(c.Text, ": ")
	p.hanging(span{decision + ": ", style}, p.styles.bold, figures)
	p.blank()
}

func (p *page) notProven(sentences []string) {
	p.section("NOT PROVEN", "")
	for _, s := range sentences {
		p.hanging(span{strings.Repeat(" ", gutter) + "· ", p.styles.faint}, p.styles.plain, s)
	}
}

// proofFileParts is "Dockerfile", "14 lines" and the digest of the bytes.
func proofFileParts(f *proven.File) []string {
	name := f.Name
	if name == "-" {
		name = "standard input"
	}
	return []string{name, count(f.Lines, "line"), short(f.Digest)}
}

// proofFileRows are the figures in the order of their weight.
func proofFileRows(f *proven.FileProof) []figure {
	var rows []figure
	add := func(label string, before, after, weighs int) {
		r := figure{label: label, before: number(before), after: number(after), better: weighs * max(-1, min(1, before-after))}
		if before != after {
			r.change = signed(int64(after-before), func(n int64) string { return number(int(n)) })
		}
		rows = append(rows, r)
	}
	for _, c := range f.List() {
		add(c.Name, c.Before, c.After, 1)
	}
	b, a := &f.Hygiene.Before, &f.Hygiene.After
	if before, after := b.Count(advisory.Negligible, advisory.Unknown), a.Count(advisory.Negligible, advisory.Unknown); before+after > 0 {
		add("of style", before, after, 0)
	}
	add("stages", len(f.Before.Stages), len(f.After.Stages), 0)
	return rows
}

// proofFileWords says what became of base, user and stages.
func proofFileWords(f *proven.FileProof) [][2]string {
	change := func(before, after string) string {
		if before == after {
			return before + ", as before"
		}
		return before + " → " + after
	}
	base := func(f *proven.File) string {
		name, _, _ := strings.Cut(f.Base, "@")
		switch {
		case f.Base == "":
			return "none"
		case f.BaseDigest != "":
			return name + "@" + short(f.BaseDigest)
		case f.Base == "scratch":
			return f.Base
		}
		return f.Base + " (no digest)"
	}
	user := func(f *proven.File) string {
		if f.User == "" {
			return "the base's"
		}
		return f.User
	}
	stages := func(f *proven.File) string {
		var names []string
		for i := range f.Stages {
			s := &f.Stages[i]
			name := s.Name
			if name == "" {
				name = fmt.Sprintf("line %d", s.Line)
			}
			if s.Final {
				name += " (final)"
			}
			if names = append(names, name); len(names) == proofShown && len(f.Stages) > proofShown {
				names = append(names, fmt.Sprintf("%d more", len(f.Stages)-proofShown))
				break
			}
		}
		return strings.Join(names, ", ")
	}
	rows := [][2]string{{"base", change(base(&f.Before), base(&f.After))}, {"user", change(user(&f.Before), user(&f.After))}}
	if len(f.Before.Stages) > 1 || len(f.After.Stages) > 1 {
		rows = append(rows, [2]string{"stages", change(stages(&f.Before), stages(&f.After))})
	}
	return rows
}

// FileProofMarkdown writes proofs about Dockerfiles for a pull request.
func FileProofMarkdown(w io.Writer, r *proven.FileReport, opt Options) error {
	m := &markdown{}
	for i := range r.Proofs {
		m.fileProof(&r.Proofs[i], opt)
	}
	_, err := w.Write(m.buf.Bytes())
	return err
}

func (m *markdown) fileProof(f *proven.FileProof, opt Options) {
	m.conclusion(&f.Conclusion)
	m.line("- **before** %s", md(strings.Join(proofFileParts(&f.Before), ", ")))
	m.line("- **after** %s", md(strings.Join(proofFileParts(&f.After), ", ")))
	m.line("- **judged** by the rules of plimsoll lint alone: nothing was built")
	for _, reason := range f.Conclusion.Reasons {
		m.line("- **incomplete** %s", md(reason))
	}
	for _, row := range proofFileWords(f) {
		m.line("- **%s** %s", row[0], md(row[1]))
	}
	m.line("")
	m.figures(proofFileRows(f))
	m.hygiene("", &f.Hygiene, opt)
	m.notProven(f.NotProven)
}

func (m *markdown) conclusion(c *proven.Conclusion) {
	decision, figures, _ := strings.Cut(c.Text, ": ")
	m.line("## %s", md(decision))
	m.line("")
	m.line("%s", md(figures))
	m.line("")
}

func (m *markdown) figures(list []figure) {
	var rows [][]string
	for _, r := range list {
		rows = append(rows, []string{r.label, r.before, r.after, r.change})
	}
	m.table([]string{"", "before", "after", "change"}, []string{"---", "---:", "---:", "---:"}, rows)
}

func (m *markdown) notProven(sentences []string) {
	m.line("### Not proven")
	m.line("")
	for _, s := range sentences {
		m.line("- %s", md(s))
	}
	m.line("")
}

// FileProofJSON writes proofs about Dockerfiles for programs.
func FileProofJSON(w io.Writer, r *proven.FileReport) error {
	out := *r
	out.Proofs = orEmpty(slices.Clone(r.Proofs))
	for i := range out.Proofs {
		out.Proofs[i] = completeFileProof(out.Proofs[i])
	}
	return encodeJSON(w, &out)
}

// filePredicate is a proof with who made it.
type filePredicate struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	proven.FileProof
}

// FileProofPredicate writes the one proof of a report as the bare predicate of the
// type proven.PredicateType.
func FileProofPredicate(w io.Writer, r *proven.FileReport) error {
	p, err := filePredicateOf(r)
	if err != nil {
		return err
	}
	return encodeJSON(w, p)
}

// FileProofStatement writes the one proof of a report as an in-toto statement. Its
// subject is the second file; the first is in the predicate.
func FileProofStatement(w io.Writer, r *proven.FileReport) error {
	p, err := filePredicateOf(r)
	if err != nil {
		return err
	}
	algorithm, hex, _ := strings.Cut(p.After.Digest, ":")
	subject := descriptor{Digest: map[string]string{algorithm: hex}}
	if p.After.Name != "-" {
		// Where the file lay on this machine is nobody's business.
		subject.Name = filepath.Base(p.After.Name)
	}
	return encodeJSON(w, &statement{Type: statementType, Subject: []descriptor{subject}, PredicateType: proven.PredicateType, Predicate: p})
}

func filePredicateOf(r *proven.FileReport) (*filePredicate, error) {
	if len(r.Proofs) != 1 {
		return nil, fmt.Errorf("%w, and there are %d", ErrOneProof, len(r.Proofs))
	}
	return &filePredicate{SchemaVersion: r.SchemaVersion, Tool: r.Tool, FileProof: completeFileProof(r.Proofs[0])}, nil
}

func completeFileProof(p proven.FileProof) proven.FileProof {
	p.Before.Stages, p.After.Stages = orEmpty(p.Before.Stages), orEmpty(p.After.Stages)
	p.Hygiene, p.NotProven = completeHygiene(p.Hygiene), orEmpty(p.NotProven)
	return p
}
