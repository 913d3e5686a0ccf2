package report

import (
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/compare"
	proven "plimsoll/internal/rebuild/proof"
	"plimsoll/internal/triage"
)

// markdownFindings bounds the vulnerabilities of one group that Markdown lists
// with all of them asked for: a comment of GitHub's holds 65,536 characters.
const markdownFindings = 200

// ProofMarkdown writes proofs for a pull request.
func ProofMarkdown(w io.Writer, r *proven.Report, opt Options) error {
	m := &markdown{}
	for i := range r.Proofs {
		m.proof(&r.Proofs[i], opt)
	}
	_, err := w.Write(m.buf.Bytes())
	return err
}

func (m *markdown) proof(f *proven.Proof, opt Options) {
	m.conclusion(&f.Conclusion)
	for _, side := range []struct {
		label string
		*compare.Summary
	}{{"before", &f.Before}, {"after", &f.After}} {
		m.line("- **%s** %s", side.label, md(strings.Join(proofImage(side.Summary), ", ")))
	}
	m.line("- **judged** %s", md(judgedBy(f.Databases)))
	for _, reason := range f.Conclusion.Reasons {
		m.line("- **incomplete** %s", md(reason))
	}
	m.line("- **base** %s", md(baseWords(&f.Base)))
	m.line("- **application** %s", md(applicationWords(&f.Application)))
	m.line("")
	m.figures(proofRows(f))
	for _, o := range outcomes(&f.Findings) {
		m.outcome(&o, opt)
	}
	m.hygiene("HYGIENE ", &f.Hygiene, opt)
	m.surface(&f.Surface, opt)
	for i := range f.Skipped {
		s := &f.Skipped[i]
		m.line("- **incomplete** %s", md(fmt.Sprintf("%s, layer %d: %s", s.Side, s.Layer, strings.TrimPrefix(s.Path+": "+s.Reason, ": "))))
	}
	m.notProven(f.NotProven)
}

func (m *markdown) outcome(o *outcomeView, opt Options) {
	if o.Total == 0 {
		return
	}
	m.line("### %s %s", md(o.title[:1]+strings.ToLower(o.title[1:])), md(o.summary()))
	m.line("")
	groups, calm := o.Groups, calmed{}
	if !opt.All {
		groups, calm = calmGroups(o)
	}
	var rows [][]string
	left := 0
	for i := range groups {
		if i >= 2*proofShown && !opt.All {
			left = len(groups) - i
			break
		}
		g := &groups[i]
		rows = append(rows, []string{g.Cause + packagesAside(g), groupCounts(g)})
		if opt.All || g.Package == nil {
			rows[i][1] = strings.Join(append([]string{groupCounts(g)}, vulnerabilityNames(g, opt)...), ", ")
		}
	}
	if left > 0 {
		rows = append(rows, []string{fmt.Sprintf("… and %s more; --all lists them", number(left)), ""})
	}
	if calm.groups > 0 {
		rows = append(rows, []string{"no fix exists in " + count(calm.groups, "package"), severityCounts(calm.by)})
	}
	m.table([]string{"cause", "findings"}, []string{"---", "---"}, rows)
}

func vulnerabilityNames(g *proven.Group, opt Options) []string {
	var names []string
	for i := range g.Findings {
		if g.Findings[i].Kind != triage.Vulnerability {
			return nil
		}
		if most := proofShown; i >= most && !opt.All || i >= markdownFindings {
			return append(names, fmt.Sprintf("… and %d more", len(g.Findings)-i))
		}
		names = append(names, g.Findings[i].Vulnerability)
	}
	return names
}

func (m *markdown) surface(s *proven.Surface, opt Options) {
	var rows [][]string
	add := func(label string, kept, added, removed []string) {
		if len(kept)+len(added)+len(removed) > 0 {
			rows = append(rows, []string{label, shortList(kept, opt), shortList(added, opt), shortList(removed, opt)})
		}
	}
	for _, kind := range toolKinds() {
		add(kind.label, toolPaths(s.Tools.Kept, kind.kind), toolPaths(s.Tools.Added, kind.kind), toolPaths(s.Tools.Removed, kind.kind))
	}
	add("setuid, setgid", privilegedPaths(s.Privileged.Kept), privilegedPaths(s.Privileged.Added), privilegedPaths(s.Privileged.Removed))
	if len(rows) == 0 {
		return
	}
	m.line("### Left in the image")
	m.line("")
	m.table([]string{"", "kept", "new", "gone"}, []string{"---", "---", "---", "---"}, rows)
}
