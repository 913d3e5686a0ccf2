package report

import (
	"cmp"
	"fmt"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/compare"
	proven "plimsoll/internal/rebuild/proof"
	"plimsoll/internal/triage"
)

// The words and figures of a proof, which the table and Markdown share.

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
	if b, a := f.Hygiene.Before.InBase, f.Hygiene.After.InBase; b+a > 0 {
		add("hygiene of the base", int64(b), int64(a), num, false)
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
	before, after := baseReason(&b.Before), baseReason(&b.After)
	if before == after {
		return text + " (" + after + ")"
	}
	return text + " (before: " + before + "; after: " + after + ")"
}

func baseReason(b *proven.BaseImage) string {
	if b.Source == "" {
		return "told from " + b.Reason
	}
	return b.Reason
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
