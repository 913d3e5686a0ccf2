package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/compare"
	"plimsoll/internal/triage"
)

const (
	// differencesShown is how many lines of one group the default view shows.
	differencesShown = 10
)

// Difference writes how images differ. files is set where all files are asked for.
func Difference(w io.Writer, r *compare.Report, files bool, opt Options) error {
	p := newPage(opt)
	for i := range r.Differences {
		if i > 0 {
			p.blank()
			p.blank()
		}
		p.difference(&r.Differences[i], files, opt)
	}
	return p.flush(w)
}

// DifferenceJSON writes the same for programs.
func DifferenceJSON(w io.Writer, r *compare.Report) error {
	out := *r
	out.Differences = orEmpty(slices.Clone(r.Differences))
	for i := range out.Differences {
		d := &out.Differences[i]
		d.Before.Image, d.After.Image = completeImage(d.Before.Image), completeImage(d.After.Image)
		d.Layers.Before, d.Layers.After = orEmpty(d.Layers.Before), orEmpty(d.Layers.After)
		d.Configuration, d.History, d.Packages = orEmpty(d.Configuration), orEmpty(d.History), orEmpty(d.Packages)
		d.Files.Listed, d.Executables = orEmpty(d.Files.Listed), orEmpty(d.Executables)
		d.Findings.Added = orEmpty(completeFindings(d.Findings.Added))
		d.Findings.Removed = orEmpty(completeFindings(d.Findings.Removed))
	}
	return encodeJSON(w, &out)
}

func (p *page) difference(d *compare.Difference, files bool, opt Options) {
	p.differenceTitle(d)
	p.differentConfiguration(d.Configuration, opt)
	p.differentHistory(d, opt)
	p.differentPackages(d.Packages, opt)
	p.differentFiles(&d.Files, files)
	p.differentExecutables(d.Executables, opt)
	p.differentFindings(&d.Findings, opt)
	for i := range d.Skipped {
		s := &d.Skipped[i]
		p.hanging(span{"incomplete: ", p.styles.red}, p.styles.plain,
			fmt.Sprintf("%s, layer %d: %s", s.Side, s.Layer, strings.TrimPrefix(s.Path+": "+s.Reason, ": ")))
	}
}

// differenceTitle names the two, and puts their sizes side by side.
func (p *page) differenceTitle(d *compare.Difference) {
	for _, side := range []struct {
		label string
		*compare.Summary
	}{{"before  ", &d.Before}, {"after   ", &d.After}} {
		system := ""
		if r := side.Image.Distribution; r != nil {
			system = "  " + r.PrettyName
		}
		p.hanging(span{side.label, p.styles.faint}, p.styles.bold, side.Image.Reference+"  "+side.Image.Platform+system)
		for _, note := range side.Image.Notes {
			p.hanging(span{"        note: ", p.styles.faint}, p.styles.faint, note)
		}
	}
	if d.Same {
		p.blank()
		p.line(span{"nothing differs", p.styles.green}, span{fmt.Sprintf(": %s, byte for byte", count(d.Layers.Shared, "layer")), p.styles.plain})
	}
	p.blank()
	before, after := &d.Before, &d.After
	rows := [][4]string{{"", "before", "after", ""}}
	row := func(label string, was, is int64, word func(int64) string) {
		change := ""
		if was != is {
			change = signed(is-was, word)
		}
		rows = append(rows, [4]string{label, word(was), word(is), change})
	}
	num := func(n int64) string { return number(int(n)) }
	row("size", before.Size, after.Size, size)
	if before.Stored >= 0 && after.Stored >= 0 && (before.Stored != before.Size || after.Stored != after.Size) {
		row("as stored", before.Stored, after.Stored, size)
	}
	row("layers", int64(len(before.Image.Layers)), int64(len(after.Image.Layers)), num)
	row("packages", int64(before.Packages), int64(after.Packages), num)
	if d.Files.Compared {
		row("files", int64(before.Files.Files), int64(after.Files.Files), num)
		row("their content", before.Files.Bytes, after.Files.Bytes, size)
	}
	row("executables", int64(before.Executables), int64(after.Executables), num)
	var widths [4]int
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], width(cell))
		}
	}
	for i, r := range rows {
		style := p.styles.plain
		if i == 0 {
			style = p.styles.faint
		}
		p.line(p.indent(gutter), span{pad(r[0], widths[0]+2), p.styles.faint}, span{padLeft(r[1], widths[1]) + "  " + padLeft(r[2], widths[2]) + "  ", style},
			span{padLeft(r[3], widths[3]), p.styles.number})
	}
	p.blank()
	shared := fmt.Sprintf("%s (%s)", count(d.Layers.Shared, "layer"), size(d.Layers.Bytes))
	p.paragraph(gutter, p.styles.plain, fmt.Sprintf("both share %s; %d only before, %d only after", shared, len(d.Layers.Before), len(d.Layers.After)))
	if !d.Same && d.Complete && onlyLayers(d) {
		p.paragraph(gutter, p.styles.yellow, "only the layers' bytes differ: times, owners, extended attributes or the order of entries, which are not compared")
	}
}

// onlyLayers reports whether nothing but the layers' digests tells the two apart.
func onlyLayers(d *compare.Difference) bool {
	return len(d.Configuration)+len(d.History)+len(d.Packages)+len(d.Executables)+len(d.Findings.Added)+len(d.Findings.Removed) == 0 &&
		d.Files.Compared && d.Files.Added.Files+d.Files.Removed.Files+d.Files.Changed.Files == 0
}

func signed(n int64, word func(int64) string) string {
	if n < 0 {
		return "-" + word(-n)
	}
	return "+" + word(n)
}

// changed writes one line of a group behind a mark of what happened.
func (p *page) changed(change compare.Change, text string) {
	mark, style := "~", p.styles.yellow
	switch change {
	case compare.Added:
		mark, style = "+", p.styles.green
	case compare.Removed, compare.Unrecorded:
		mark, style = "-", p.styles.red
	}
	p.hanging(span{strings.Repeat(" ", gutter) + mark + " ", style}, p.styles.plain, text)
}

// rest says how many of a group are not shown, and by which flag they are.
func (p *page) rest(n int, flag string) {
	if n > 0 {
		p.line(p.indent(gutter+2), span{fmt.Sprintf("… and %s more; %s shows them", number(n), flag), p.styles.faint})
	}
}

func (p *page) differentConfiguration(settings []compare.Setting, opt Options) {
	if len(settings) == 0 {
		return
	}
	p.section("CONFIGURATION", count(len(settings), "setting")+" differ")
	for i := range settings {
		s := &settings[i]
		if i >= 2*differencesShown && !opt.All {
			p.rest(len(settings)-i, "--all")
			return
		}
		before, after := s.Before, s.After
		text := s.Name
		switch {
		case s.Change == compare.Added && after != "":
			text += ": " + after
		case s.Change == compare.Removed && before != "":
			text += ": " + before
		case s.Change == compare.Changed && before == after:
			text += ": " + before + ", another value (masked)"
		case s.Change == compare.Changed:
			text += ": " + before + " → " + after
		}
		p.changed(s.Change, text)
	}
}

func (p *page) differentHistory(d *compare.Difference, opt Options) {
	if len(d.History) == 0 {
		return
	}
	p.section("HISTORY", count(len(d.History), "line")+" differ")
	for i := range d.History {
		l := &d.History[i]
		if i >= 2*differencesShown && !opt.All {
			p.rest(len(d.History)-i, "--all")
			return
		}
		text := truncate(history(l.CreatedBy), maxText)
		if text == "" {
			text = "(empty line)"
		}
		if l.Layer >= 0 {
			text = fmt.Sprintf("layer %d  %s", l.Layer, text)
		}
		if lines := wrap(text, p.width-gutter-2); len(lines) > lineShown && !opt.All {
			text = strings.Join(lines[:lineShown-1], " ") + " " + truncate(lines[lineShown-1], p.width-gutter-4) + " …"
		}
		p.changed(l.Change, text)
	}
}

func (p *page) differentPackages(packages []compare.Package, opt Options) {
	if len(packages) == 0 {
		return
	}
	p.section("PACKAGES", changeCounts(packages))
	for _, change := range packageChanges {
		shown, n := 0, 0
		for i := range packages {
			c := &packages[i]
			if c.Change != change {
				continue
			}
			if n++; shown >= differencesShown && !opt.All {
				continue
			}
			shown++
			p.changed(change, c.Type+" "+packageWord(c)+packageAside(c))
		}
		if n > shown {
			p.line(p.indent(gutter+2), span{fmt.Sprintf("… and %s more %s; --all shows them", number(n-shown), change), p.styles.faint})
		}
	}
}

func packageAside(c *compare.Package) string {
	switch c.Change {
	case compare.Downgraded:
		return " (downgraded)"
	case compare.Unrecorded:
		return " (its record is gone, its files are still there)"
	case compare.Upgraded, compare.Changed:
		if c.BeforePath != "" {
			return " in /" + c.Path
		}
	}
	return ""
}

func changeCounts(packages []compare.Package) string {
	counts := map[compare.Change]int{}
	for i := range packages {
		counts[packages[i].Change]++
	}
	var parts []string
	for _, change := range packageChanges {
		if n := counts[change]; n > 0 {
			parts = append(parts, number(n)+" "+string(change))
		}
	}
	return strings.Join(parts, ", ")
}

func (p *page) differentFiles(f *compare.Files, all bool) {
	if !f.Compared || f.Added.Files+f.Removed.Files+f.Changed.Files == 0 {
		return
	}
	p.section("FILES", fileCounts(f))
	for _, change := range []compare.Change{compare.Changed, compare.Removed, compare.Added} {
		var group []*compare.File
		for i := range f.Listed {
			if f.Listed[i].Change == change {
				group = append(group, &f.Listed[i])
			}
		}
		total := map[compare.Change]int{compare.Changed: f.Changed.Files, compare.Removed: f.Removed.Files, compare.Added: f.Added.Files}[change]
		if !all {
			group = group[:min(len(group), differencesShown)]
		}
		for _, file := range group {
			p.differentFile(file)
		}
		if left := total - len(group); left > 0 {
			flag := "; --files shows them"
			if all {
				flag = ""
			}
			p.line(p.indent(gutter+2), span{fmt.Sprintf("… and %s more %s%s", number(left), change, flag), p.styles.faint})
		}
	}
}

func fileCounts(f *compare.Files) string {
	var parts []string
	for _, part := range []struct {
		word string
		compare.Tally
	}{{"changed", f.Changed}, {"removed", f.Removed}, {"added", f.Added}} {
		if part.Files > 0 {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", number(part.Files), part.word, size(part.Bytes)))
		}
	}
	var of []string
	for _, part := range []struct {
		word string
		n    int
	}{{"content", f.Content}, {"mode", f.Mode}, {"type", f.Type}, {"link", f.Link}} {
		if part.n > 0 {
			of = append(of, number(part.n)+" in "+part.word)
		}
	}
	text := strings.Join(parts, ", ")
	if len(of) > 0 {
		text += "; changed " + strings.Join(of, ", ")
	}
	return text + "; owners and times are not compared"
}

func (p *page) differentFile(f *compare.File) {
	text := "/" + f.Path
	switch {
	case f.Before == nil && f.After != nil:
		text += "  " + fileState(f.After)
	case f.After == nil && f.Before != nil:
		text += "  " + fileState(f.Before)
	case f.Before != nil && f.After != nil:
		var parts []string
		for _, w := range f.What {
			switch {
			case w == "content" && f.Before.Size != f.After.Size:
				parts = append(parts, size(f.Before.Size)+" → "+size(f.After.Size))
			case w == "content":
				parts = append(parts, "other content of "+size(f.After.Size))
			case w == "mode":
				parts = append(parts, f.Before.Mode+" → "+f.After.Mode)
			case w == "type":
				parts = append(parts, f.Before.Type+" → "+f.After.Type)
			default:
				parts = append(parts, "leads elsewhere")
			}
		}
		text += "  " + strings.Join(parts, ", ")
	}
	p.changed(f.Change, text)
}

func fileState(s *compare.State) string {
	if s.Type != "file" {
		return s.Type
	}
	return size(s.Size)
}

func (p *page) differentExecutables(changes []account.Change, opt Options) {
	if len(changes) == 0 {
		return
	}
	counts := map[string]int{}
	for i := range changes {
		counts[executableChange(&changes[i])]++
	}
	var parts []string
	for _, word := range []string{"added", "removed", "changed", "other status"} {
		if counts[word] > 0 {
			parts = append(parts, number(counts[word])+" "+word)
		}
	}
	p.section("EXECUTABLES", strings.Join(parts, ", "))
	for i := range changes {
		if i >= differencesShown && !opt.All {
			p.rest(len(changes)-i, "--all")
			return
		}
		p.differentExecutable(&changes[i])
	}
}

func executableChange(c *account.Change) string {
	switch {
	case c.Before == nil:
		return "added"
	case c.After == nil:
		return "removed"
	case c.Content:
		return "changed"
	}
	return "other status"
}

func (p *page) differentExecutable(c *account.Change) {
	text := "/" + c.Path
	words := func(e *account.Entry) string {
		return strings.TrimSpace(string(e.Status) + " " + truncate(Clean(e.Owner), 60))
	}
	change := compare.Changed
	switch {
	case c.Before == nil && c.After == nil:
		return
	case c.Before == nil:
		change = compare.Added
		text += "  " + words(c.After)
		if len(c.After.Risks) > 0 {
			text += ": " + strings.Join(c.After.Risks, ", ")
		}
	case c.After == nil:
		change = compare.Removed
		text += "  " + words(c.Before)
	default:
		text += "  " + words(c.Before)
		if words(c.Before) != words(c.After) {
			text += " → " + words(c.After)
		}
		if c.Before.SHA256 != c.After.SHA256 && c.After.SHA256 != "" {
			text += "  sha256 " + hexStart(c.Before.SHA256) + " → " + hexStart(c.After.SHA256)
		}
		if c.Before.Mode != c.After.Mode {
			text += "  " + c.Before.Mode + " → " + c.After.Mode
		}
	}
	p.changed(change, text)
}

// hexStart is enough of a digest to tell two apart.
func hexStart(s string) string {
	if len(s) > 12 {
		return s[:12]
	}
	return s
}

func (p *page) differentFindings(f *compare.Findings, opt Options) {
	summary := fmt.Sprintf("%s added, %s removed, %s in both", number(len(f.Added)), number(len(f.Removed)), number(f.Kept))
	if !f.Vulnerabilities {
		summary += "; vulnerabilities were not compared, since there is no database"
	}
	p.section("FINDINGS", summary)
	for _, side := range []struct {
		change   compare.Change
		findings []triage.Finding
	}{{compare.Added, f.Added}, {compare.Removed, f.Removed}} {
		if len(side.findings) == 0 {
			continue
		}
		p.paragraph(gutter, p.styles.bold, string(side.change)+": "+findingCounts(side.findings))
		for i := range side.findings {
			if i >= differencesShown && !opt.All {
				p.rest(len(side.findings)-i, "--all")
				break
			}
			p.differentFinding(side.change, &side.findings[i])
		}
	}
}

// findingCounts is "12 vulnerabilities (2 critical, 5 high), 1 secret".
func findingCounts(findings []triage.Finding) string {
	type kind struct {
		triage.Kind
		one, many string
	}
	var parts []string
	for _, k := range []kind{
		{triage.Malware, "piece of planted code", "pieces of planted code"},
		{triage.Secret, "secret", "secrets"},
		{triage.Provenance, "altered executable", "altered executables"},
		{triage.EndOfLife, "release out of support", "releases out of support"},
		{triage.Vulnerability, "vulnerability", "vulnerabilities"},
	} {
		n := 0
		severities := map[advisory.Severity]int{}
		for i := range findings {
			if findings[i].Kind == k.Kind {
				n++
				severities[findings[i].Severity]++
			}
		}
		if n == 0 {
			continue
		}
		word := k.many
		if n == 1 {
			word = k.one
		}
		var of []string
		for _, s := range []advisory.Severity{advisory.Critical, advisory.High, advisory.Medium} {
			if severities[s] > 0 {
				of = append(of, number(severities[s])+" "+s.String())
			}
		}
		text := number(n) + " " + word
		if len(of) > 0 {
			text += " (" + strings.Join(of, ", ") + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func (p *page) differentFinding(change compare.Change, f *triage.Finding) {
	mark, style := "+ ", p.styles.red
	if change == compare.Removed {
		mark, style = "- ", p.styles.green
	}
	label := span{strings.Repeat(" ", gutter) + mark + pad(severityWord(f.Severity), 10), style}
	text := f.Title
	switch {
	case f.Kind == triage.Vulnerability:
		text = f.Vulnerability + "  " + f.Package + " " + f.Version
		if f.Title != "" {
			text += ": " + f.Title
		}
		text = truncate(Clean(text), p.width-gutter-12)
	case f.Evidence != nil:
		text += " in " + placeInImage(f)
		if f.Evidence.Redacted != "" {
			text += ": " + f.Evidence.Redacted
		}
	}
	p.hanging(label, lipgloss.NewStyle(), text)
}

// placeInImage is where a finding about content is.
func placeInImage(f *triage.Finding) string {
	if w := lineWords(f); w != "this line" {
		return w
	}
	return strings.Replace(f.Path, "history.", "history line ", 1)
}
