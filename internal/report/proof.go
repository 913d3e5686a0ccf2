package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"

	"plimsoll/internal/advisory"
	"plimsoll/internal/compare"
	proven "plimsoll/internal/rebuild/proof"
	"plimsoll/internal/triage"
)

// proofShown is how many causes of one outcome, and files of one list, the default
// view shows.
const proofShown = 10

// Proof writes proofs for a person to read: the conclusion, the figures side by
// side, and what was cleared, kept and added, by cause.
func Proof(w io.Writer, r *proven.Report, opt Options) error {
	p := newPage(opt)
	for i := range r.Proofs {
		if i > 0 {
			p.blank()
			p.blank()
		}
		p.proof(&r.Proofs[i], opt)
	}
	return p.flush(w)
}

func (p *page) proof(f *proven.Proof, opt Options) {
	style := map[proven.Decision]lipgloss.Style{
		proven.Better: p.styles.green, proven.Worse: p.styles.red, proven.NotBetter: p.styles.red, proven.Incomplete: p.styles.yellow,
	}[f.Conclusion.Decision].Bold(true)
	decision, figures, _ := strings.Cut(f.Conclusion.Text, ": ")
	p.hanging(span{decision + ": ", style}, p.styles.bold, figures)
	p.blank()
	for _, side := range []struct {
		label string
		*compare.Summary
	}{{"before  ", &f.Before}, {"after   ", &f.After}} {
		p.hanging(span{side.label, p.styles.faint}, p.styles.plain, strings.Join(proofImage(side.Summary), "  "))
		for _, note := range side.Image.Notes {
			p.hanging(span{"        note: ", p.styles.faint}, p.styles.faint, note)
		}
	}
	p.hanging(span{"judged  ", p.styles.faint}, p.styles.plain, judgedBy(f.Databases))
	for _, reason := range f.Conclusion.Reasons {
		p.hanging(span{"        ", p.styles.plain}, p.styles.yellow, reason)
	}
	p.blank()
	p.proofFigures(proofRows(f))
	p.hanging(span{"base         ", p.styles.faint}, p.styles.plain, baseWords(&f.Base))
	p.hanging(span{"application  ", p.styles.faint}, p.styles.plain, applicationWords(&f.Application))
	for _, o := range outcomes(&f.Findings) {
		p.outcome(&o, opt)
	}
	p.proofSurface(&f.Surface, opt)
	for i := range f.Skipped {
		s := &f.Skipped[i]
		p.hanging(span{"incomplete: ", p.styles.red}, p.styles.plain,
			fmt.Sprintf("%s, layer %d: %s", s.Side, s.Layer, strings.TrimPrefix(s.Path+": "+s.Reason, ": ")))
	}
	p.section("NOT PROVEN", "")
	for _, s := range f.NotProven {
		p.hanging(span{strings.Repeat(" ", gutter) + "· ", p.styles.faint}, p.styles.plain, s)
	}
}

// proofImage is "app:2", "linux/amd64", "Debian GNU/Linux 12 (bookworm)" and the
// manifest's digest.
func proofImage(s *compare.Summary) []string {
	parts := []string{s.Image.Reference, s.Image.Platform}
	if d := s.Image.Distribution; d != nil {
		parts = append(parts, d.PrettyName)
	}
	if digest := cmp.Or(s.Image.Digest, s.Image.ConfigDigest); digest != "" {
		parts = append(parts, short(digest))
	}
	return parts
}

func judgedBy(databases []advisory.Info) string {
	if len(databases) == 0 {
		return "by no database: vulnerabilities were not compared"
	}
	parts := make([]string, len(databases))
	for i, d := range databases {
		parts[i] = fmt.Sprintf("%s of %s (%s)", d.Name, date(d.Built), short(d.Digest))
	}
	return "both by " + strings.Join(parts, " and ")
}

// figure is one row of the figures: before, after, and by how much it changed.
type figure struct {
	label, before, after, change string
	// better is -1 where the change is for the worse, 1 for the better.
	better int
}

// proofRows are the figures in the order of their weight.
func proofRows(f *proven.Proof) []figure {
	var rows []figure
	add := func(label string, before, after int64, word func(int64) string, weighs bool) {
		r := figure{label: label, before: word(before), after: word(after)}
		if before != after {
			r.change = signed(after-before, word)
		}
		if weighs {
			r.better = max(-1, min(1, int(before-after)))
		}
		rows = append(rows, r)
	}
	num := func(n int64) string { return number(int(n)) }
	for _, c := range f.Counts.List() {
		if c.Before+c.After > 0 || c.Grave && c.Database && f.Findings.Vulnerabilities {
			add(c.Name, int64(c.Before), int64(c.After), num, true)
		}
	}
	before, after := &f.Before, &f.After
	add("packages", int64(before.Packages), int64(after.Packages), num, false)
	add("size", before.Size, after.Size, size, false)
	if before.Stored >= 0 && after.Stored >= 0 && (before.Stored != before.Size || after.Stored != after.Size) {
		add("as stored", before.Stored, after.Stored, size, false)
	}
	add("layers", int64(len(before.Image.Layers)), int64(len(after.Image.Layers)), num, false)
	s := &f.Surface
	add("executables", int64(s.Executables.Before), int64(s.Executables.After), num, false)
	add("nobody vouches for", int64(s.Executables.OpenBefore), int64(s.Executables.OpenAfter), num, false)
	add("setuid, setgid files", int64(s.Privileged.Before), int64(s.Privileged.After), num, true)
	for _, kind := range toolKinds() {
		n := toolCounts(&s.Tools, kind.kind)
		if n[0]+n[1] > 0 || kind.kind != proven.LanguagePackages {
			add(kind.label, int64(n[0]), int64(n[1]), num, true)
		}
	}
	return rows
}

type toolLabel struct {
	kind  proven.ToolKind
	label string
}

func toolKinds() []toolLabel {
	return []toolLabel{{proven.Shell, "shells"}, {proven.SystemPackages, "package managers"}, {proven.LanguagePackages, "of languages"}}
}

// toolCounts counts the tools of a kind before and after.
func toolCounts(t *proven.Tools, kind proven.ToolKind) (n [2]int) {
	count := func(list []proven.Tool) (n int) {
		for i := range list {
			if list[i].Kind == kind {
				n++
			}
		}
		return n
	}
	kept := count(t.Kept)
	return [2]int{kept + count(t.Removed), kept + count(t.Added)}
}

func (p *page) proofFigures(rows []figure) {
	rows = append([]figure{{before: "before", after: "after"}}, rows...)
	var widths [4]int
	for _, r := range rows {
		for i, cell := range []string{r.label, r.before, r.after, r.change} {
			widths[i] = max(widths[i], width(cell))
		}
	}
	for i, r := range rows {
		style, change := p.styles.plain, p.styles.faint
		if i == 0 {
			style = p.styles.faint
		}
		switch r.better {
		case 1:
			change = p.styles.green
		case -1:
			change = p.styles.red
		}
		p.line(p.indent(gutter), span{pad(r.label, widths[0]+2), p.styles.faint}, span{padLeft(r.before, widths[1]) + "  " + padLeft(r.after, widths[2]) + "  ", style},
			span{padLeft(r.change, widths[3]), change})
	}
	p.blank()
}

func baseWords(b *proven.Base) string {
	state := "the same layers"
	if b.Changed {
		state = "other layers"
	}
	one := func(i *proven.BaseImage) string {
		if i.Layers == 0 {
			return "none known"
		}
		text := count(i.Layers, "layer") + ", chain " + short(i.ChainID)
		if i.Digest != "" {
			text = short(i.Digest) + ", " + count(i.Layers, "layer")
		}
		if i.Name != "" {
			text = i.Name + " " + text
		}
		return text
	}
	text := state + ": " + one(&b.Before)
	if b.Changed || one(&b.Before) != one(&b.After) {
		text += " → " + one(&b.After)
	}
	if b.Before.Reason == b.After.Reason {
		return text + " (told from " + b.After.Reason + ")"
	}
	return text + " (told before from " + b.Before.Reason + ", after from " + b.After.Reason + ")"
}

func applicationWords(a *proven.Application) string {
	switch {
	case a.Before+a.After == 0:
		return "no layers on top of the base"
	case a.Identical:
		return count(a.After, "layer") + " on top of the base, the same by diff ID"
	}
	parts := []string{fmt.Sprintf("%d of %s the same by diff ID", a.Shared, count(a.After, "layer"))}
	for _, part := range []struct {
		n    int
		word string
	}{{a.Rebuilt, "made anew by the same history line"}, {len(a.Removed), "no longer there"}, {len(a.Added), "new"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	return strings.Join(parts, ", ")
}

// outcomeView is one outcome as it is shown.
type outcomeView struct {
	*proven.Outcome
	title, mark string
	// good is set where more of it is better.
	good, bad bool
}

func outcomes(f *proven.Findings) []outcomeView {
	return []outcomeView{
		{Outcome: &f.Added, title: "ADDED", mark: "+", bad: true},
		{Outcome: &f.Unproven, title: "GONE WITHOUT PROOF", mark: "?", bad: true},
		{Outcome: &f.Cleared, title: "CLEARED", mark: "-", good: true},
		{Outcome: &f.Kept, title: "KEPT", mark: "="},
	}
}

// summary is "312: 41 urgent, 298 in the base".
func (o *outcomeView) summary() string {
	text := number(o.Total)
	var parts []string
	if s := severityCounts(o.BySeverity); s != "" {
		parts = append(parts, s)
	}
	if o.Urgent > 0 {
		parts = append(parts, number(o.Urgent)+" to rebuild for")
	}
	if o.InBase > 0 {
		parts = append(parts, number(o.InBase)+" in the base")
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, "; ")
	}
	if o.title == "GONE WITHOUT PROOF" {
		text += "; counted as still there"
	}
	return text
}

// severityCounts is "2 critical, 5 high, 12 medium".
func severityCounts(by map[string]int) string {
	var parts []string
	for s := advisory.Critical; s >= advisory.Unknown; s-- {
		if n := by[s.String()]; n > 0 {
			parts = append(parts, number(n)+" "+s.String())
		}
	}
	return strings.Join(parts, ", ")
}

func (p *page) outcome(o *outcomeView, opt Options) {
	if o.Total == 0 {
		return
	}
	p.section(o.title, o.summary())
	style := p.styles.plain
	switch {
	case o.good:
		style = p.styles.green
	case o.bad:
		style = p.styles.red
	}
	groups, calm := o.Groups, calmed{}
	if !opt.All {
		groups, calm = calmGroups(o)
	}
	for i := range groups {
		if i >= proofShown && !opt.All {
			p.rest(len(groups)-i, "--all")
			break
		}
		g := &groups[i]
		p.hanging(span{strings.Repeat(" ", gutter) + o.mark + " ", style}, p.styles.plain, g.Cause+packagesAside(g)+": "+groupCounts(g))
		if opt.All || g.Package == nil {
			p.proofFindings(g, opt)
		}
	}
	if calm.groups > 0 {
		p.hanging(span{strings.Repeat(" ", gutter) + o.mark + " ", style}, p.styles.faint, calm.words())
	}
}

// calmed are groups that one line speaks for: of what is kept, those for which no
// fix exists.
type calmed struct {
	groups, findings int
	by               map[string]int
}

func (c *calmed) words() string {
	return fmt.Sprintf("no fix exists in %s: %s; --all lists them", count(c.groups, "package"), severityCounts(c.by))
}

func calmGroups(o *outcomeView) ([]proven.Group, calmed) {
	c := calmed{by: map[string]int{}}
	var rest []proven.Group
	for i := range o.Groups {
		g := &o.Groups[i]
		if g.Code != proven.NoFix {
			rest = append(rest, *g)
			continue
		}
		c.groups++
		c.findings += len(g.Findings)
		for s, n := range g.BySeverity {
			c.by[s] += n
		}
	}
	return rest, c
}

// packagesAside names the installed packages where they are not called as the
// package that the cause names.
func packagesAside(g *proven.Group) string {
	if g.Package == nil || len(g.Package.Packages) == 1 && g.Package.Packages[0] == g.Package.Name {
		return ""
	}
	names := g.Package.Packages
	if len(names) > 4 {
		return fmt.Sprintf(" (%s and %d more)", strings.Join(names[:3], ", "), len(names)-3)
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// groupCounts is "2 critical, 5 high" or, of a finding that is no vulnerability,
// what it is.
func groupCounts(g *proven.Group) string {
	if len(g.Findings) == 0 {
		return ""
	}
	if f := &g.Findings[0]; f.Kind == triage.Vulnerability {
		return severityCounts(g.BySeverity)
	}
	kinds := map[triage.Kind]string{triage.Malware: "planted code", triage.Secret: "secret", triage.Provenance: "altered", triage.EndOfLife: "support"}
	var parts []string
	for i := range g.Findings {
		f := &g.Findings[i]
		text := kinds[f.Kind]
		if text == "" {
			text = string(f.Kind)
		}
		text = f.Severity.String() + " " + text
		if f.Title != "" {
			text += ", " + f.Title
		}
		if f.Redacted != "" {
			text += " " + f.Redacted
		}
		if len(parts) == 3 {
			parts = append(parts, fmt.Sprintf("%d more", len(g.Findings)-3))
			break
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

func (p *page) proofFindings(g *proven.Group, opt Options) {
	for i := range g.Findings {
		f := &g.Findings[i]
		if f.Kind != triage.Vulnerability {
			return // the group's line says it
		}
		if i >= proofShown && !opt.All {
			p.rest(len(g.Findings)-i, "--all")
			return
		}
		text := f.Vulnerability + "  " + f.Package + " " + f.Version
		if len(f.FixedIn) > 0 {
			text += ", fixed in " + strings.Join(f.FixedIn, " or ")
		}
		if f.KnownExploited {
			text += ", known to be exploited"
		}
		p.hanging(span{strings.Repeat(" ", gutter+4) + pad(severityWord(f.Severity), 10), p.severity(f.Severity)}, p.styles.plain, text)
	}
}

// proofSurface lists the setuid files, shells and package managers that are left,
// and those that went and came.
func (p *page) proofSurface(s *proven.Surface, opt Options) {
	title := "LEFT IN THE IMAGE"
	list := func(label string, style lipgloss.Style, items []string) {
		if len(items) == 0 {
			return
		}
		if title != "" {
			p.section(title, "")
			title = ""
		}
		p.hanging(span{strings.Repeat(" ", gutter) + pad(label, 24), style}, p.styles.plain, shortList(items, opt))
	}
	for _, kind := range toolKinds() {
		for _, state := range []struct {
			label string
			style lipgloss.Style
			tools []proven.Tool
		}{{kind.label, p.styles.plain, s.Tools.Kept}, {kind.label + ", new", p.styles.red, s.Tools.Added}, {kind.label + ", gone", p.styles.green, s.Tools.Removed}} {
			list(state.label, state.style, toolPaths(state.tools, kind.kind))
		}
	}
	list("setuid, setgid", p.styles.plain, privilegedPaths(s.Privileged.Kept))
	list("setuid, new", p.styles.red, privilegedPaths(s.Privileged.Added))
	list("setuid, gone", p.styles.green, privilegedPaths(s.Privileged.Removed))
}

func shortList(items []string, opt Options) string {
	if n := len(items) - proofShown; n > 0 && !opt.All {
		return strings.Join(items[:proofShown], " · ") + fmt.Sprintf(" … and %s more; --all shows them", number(n))
	}
	return strings.Join(items, " · ")
}

func toolPaths(tools []proven.Tool, kind proven.ToolKind) []string {
	var out []string
	for i := range tools {
		if tools[i].Kind == kind {
			out = append(out, "/"+tools[i].Path)
		}
	}
	return out
}

func privilegedPaths(files []proven.PrivilegedFile) []string {
	var out []string
	for _, f := range files {
		out = append(out, "/"+f.Path+" "+f.Mode)
	}
	return out
}
