package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

const (
	// referencesShown is how many links the view shows without All.
	referencesShown = 12
	// labelWidth is the column of the labels at the left.
	labelWidth = 14
)

// Explanation writes everything known about one vulnerability in one image:
// what it is, where it is, both databases' records side by side, what to do,
// how likely its exploitation is, its CVSS vectors in words, and references.
func Explanation(w io.Writer, e *verdict.Explanation, opt Options) error {
	p := newPage(opt)
	p.explainTitle(e)
	if len(e.Occurrences) == 0 {
		p.explainAbsence(e)
	}
	p.explainWhat(e)
	if len(e.Occurrences) > 0 {
		p.section("IN THIS IMAGE", e.Image.Reference+" · "+e.Image.Platform+" · "+count(len(e.Occurrences), "package"))
	}
	for _, g := range groupOccurrences(e) {
		p.occurrences(g, e)
	}
	p.likelihood(e)
	p.vectors(e)
	p.references(e, opt)
	return p.flush(w)
}

// explainTitle is the identifier with its title and aliases.
func (p *page) explainTitle(e *verdict.Explanation) {
	worst := advisory.Unknown
	for i := range e.Occurrences {
		worst = max(worst, worstHeld(&e.Occurrences[i].Record))
	}
	detail := bestDetail(e.Details)
	label := e.ID
	if len(e.Occurrences) > 0 {
		label += "  " + severityWord(worst)
	}
	if detail.Title == "" {
		p.line(span{label, p.severity(worst).Bold(true)})
	} else {
		p.hanging(span{label + "  ", p.severity(worst).Bold(true)}, p.styles.bold, detail.Title)
	}
	if len(e.Aliases) > 0 {
		p.paragraph(0, p.styles.faint, "also known as "+strings.Join(e.Aliases, ", "))
	}
}

// explainWhat says what the databases' prose says: dates, weakness, description.
func (p *page) explainWhat(e *verdict.Explanation) {
	detail := bestDetail(e.Details)
	if detail.Published.IsZero() && detail.Description == "" {
		return
	}
	p.blank()
	if !detail.Published.IsZero() {
		text := "published " + date(detail.Published)
		if !detail.Modified.IsZero() {
			text += ", last changed " + date(detail.Modified)
		}
		if len(detail.CWEs) > 0 {
			text += "; weakness " + strings.Join(detail.CWEs, ", ")
		}
		p.paragraph(0, p.styles.faint, text)
	}
	if detail.Description != "" {
		if !detail.Published.IsZero() {
			p.blank()
		}
		i := 0
		for part := range strings.SplitSeq(strings.TrimSpace(detail.Description), "\n\n") {
			if i > 0 {
				p.blank()
			}
			i++
			p.paragraph(0, p.styles.plain, strings.Join(strings.Fields(part), " "))
		}
	}
}

// explainAbsence says that nothing was found, and how much that is worth.
func (p *page) explainAbsence(e *verdict.Explanation) {
	p.section("NOT IN THIS IMAGE", e.Image.Reference+" · "+e.Image.Platform)
	text := "no database holds " + e.Asked + " against any package of this image"
	if len(e.Details) == 0 {
		text += ", and none describes it: check the identifier"
	}
	p.paragraph(gutter, p.styles.plain, text)
	if !e.Complete {
		p.paragraph(gutter, p.styles.yellow, "the scan is incomplete, so this is no proof of absence: see the coverage of plimsoll scan")
	}
	for i := range e.Databases {
		db := &e.Databases[i]
		p.paragraph(gutter, p.styles.faint, fmt.Sprintf("asked %s, schema %s, built %s", db.Name, db.Schema, date(db.Built)))
	}
}

// occurrenceGroup is a record with the packages that share it.
type occurrenceGroup struct {
	first    *verdict.Occurrence
	packages []*verdict.Occurrence
}

// groupOccurrences puts binary packages of one source together when the
// databases say the same about each.
func groupOccurrences(e *verdict.Explanation) []occurrenceGroup {
	var groups []occurrenceGroup
	at := map[string]int{}
	for i := range e.Occurrences {
		o := &e.Occurrences[i]
		c := compared{record: &o.Record, name: o.Package.ID, version: o.Package.Version}
		if o.Package.IsOS() {
			c.name, c.version = o.Package.SourceName(), o.Package.SourceVersion()
		}
		key := recordKey(&c) + "\x00" + string(o.Package.Liveness)
		if n, seen := at[key]; seen {
			groups[n].packages = append(groups[n].packages, o)
			continue
		}
		at[key] = len(groups)
		groups = append(groups, occurrenceGroup{first: o, packages: []*verdict.Occurrence{o}})
	}
	return groups
}

// entry writes a labelled text in the explanation's column.
func (p *page) entry(label, text string) {
	if text == "" {
		return
	}
	p.hanging(span{strings.Repeat(" ", 2*gutter) + pad(Clean(label), labelWidth), p.styles.faint}, p.styles.plain, text)
}

func (p *page) occurrences(g occurrenceGroup, e *verdict.Explanation) {
	p.blank()
	if id := g.first.Record.ID; id != e.ID {
		title := ""
		if g.first.Finding != nil {
			title = g.first.Finding.Title
		}
		p.hanging(span{strings.Repeat(" ", gutter) + id + "  ", p.severity(worstHeld(&g.first.Record)).Bold(true)}, p.styles.plain, title)
	}
	said := ""
	for _, o := range g.packages {
		spans := []span{p.indent(gutter), {o.Package.FullName(), p.styles.bold}, {" " + o.Package.Version, p.styles.plain}}
		if o.Package.IsOS() && o.Package.SourceName() != o.Package.Name {
			spans = append(spans, span{"  source " + o.Package.SourceName(), p.styles.faint})
		}
		if l := o.Package.Liveness; l != "" && l != inventory.Visible {
			spans = append(spans, span{"  " + livenessWords(l), p.styles.yellow})
		}
		p.line(spans...)
		p.entry("package", o.Package.PURL)
		p.entry("proof", proof(&o.Package))
		p.entry("owned by", o.Package.OwnedBy)
		// Packages of one source mostly came together; its long history line
		// is said once.
		if from := cameWith(o); from != said {
			p.entry("came with", from)
			said = from
		} else {
			p.entry("came with", "the same layer")
		}
	}
	if len(g.packages) > 1 {
		p.blank()
	}
	p.remedy(g)
	p.blank()
	p.sideBySide(g.first, e.Databases)
	for _, d := range g.first.Record.Differences {
		p.hanging(span{strings.Repeat(" ", 2*gutter) + "⇒ " + words(string(d.Cause)) + ": ", p.styles.yellow}, p.styles.plain, d.Detail)
	}
	switch {
	case g.first.Record.Agreed && len(g.first.Record.Differences) > 0:
		p.line(p.indent(2*gutter), span{"otherwise the databases agree", p.styles.green})
	case g.first.Record.Agreed:
		p.line(p.indent(2*gutter), span{"the databases agree", p.styles.green})
	}
}

func proof(pkg *inventory.Package) string {
	text := pkg.Path
	if pkg.InArchive != "" {
		text += "!" + pkg.InArchive
	}
	if text != "" && pkg.Inspector != "" {
		text += " (" + pkg.Inspector + ")"
	}
	return text
}

// cameWith is "layer 0, sha256:…, ADD file:… in /".
func cameWith(o *verdict.Occurrence) string {
	l := o.Package.Origin
	if l.Index < 0 {
		return "no layer known"
	}
	text := fmt.Sprintf("layer %d", l.Index)
	if l.DiffID != "" {
		text += ", " + short(l.DiffID)
	}
	if by := history(l.CreatedBy); by != "" {
		text += ", " + by
	}
	return text
}

// remedy says what is asked and what would clear it.
func (p *page) remedy(g occurrenceGroup) {
	f := g.first.Finding
	if f == nil {
		p.entry("asks for", "nothing: "+noFinding(g.first))
		return
	}
	p.entry("asks for", dispositionWords(f.Disposition))
	fix := fixWords(f.Fix.State)
	if len(f.Fix.Versions) > 0 {
		name := g.first.Package.FullName()
		if g.first.Package.IsOS() {
			name = g.first.Package.SourceName()
		}
		fix = name + " " + strings.Join(f.Fix.Versions, ", ")
	}
	if f.Fix.Since != "" {
		fix += ", available since " + f.Fix.Since
	}
	p.entry("fix", fix)
	label, seen := "action", map[string]bool{}
	for _, o := range g.packages {
		if o.Action == nil || seen[o.Action.ID] {
			continue
		}
		seen[o.Action.ID] = true
		p.entry(label, o.Action.Title)
		p.entry("", o.Action.Detail)
		label = "and"
	}
}

func noFinding(o *verdict.Occurrence) string {
	for _, d := range o.Record.Differences {
		if d.Detail != "" {
			return d.Detail
		}
	}
	return "no finding was made of this record"
}

func dispositionWords(d triage.Disposition) string {
	switch d {
	case triage.Rebuild:
		return "a rebuild now: a fix exists and it is high or critical"
	case triage.Defer:
		return "a rebuild in due course: a fix exists, it is below high"
	case triage.Track:
		return "watching: no fix exists"
	case triage.Accepted:
		return "nothing: it has been accepted"
	}
	return string(d)
}

// likelihood says EPSS and KEV in words, of each vulnerability once.
func (p *page) likelihood(e *verdict.Explanation) {
	list := likelihoods(e)
	if len(list) == 0 {
		return
	}
	p.section("LIKELIHOOD", "")
	for _, l := range list {
		if l.id != e.ID {
			p.line(p.indent(gutter), span{l.id, p.styles.plain})
		}
		if l.epss != nil {
			p.entry("EPSS", epssWords(l.epss))
		}
		if l.kev != nil {
			p.entry("KEV", kevWords(l.kev))
		}
	}
}

// likely is what is known of one vulnerability's exploitation.
type likely struct {
	id   string
	epss *advisory.EPSS
	kev  *advisory.KEV
}

// likelihoods takes the highest EPSS and the first KEV entry that any match of
// a vulnerability has.
func likelihoods(e *verdict.Explanation) []*likely {
	var list []*likely
	byID := map[string]*likely{}
	for i := range e.Occurrences {
		r := &e.Occurrences[i].Record
		for j := range r.Held {
			m := &r.Held[j].Match
			if m.EPSS == nil && m.KEV == nil {
				continue
			}
			l := byID[r.ID]
			if l == nil {
				l = &likely{id: r.ID}
				byID[r.ID] = l
				list = append(list, l)
			}
			if m.EPSS != nil && (l.epss == nil || m.EPSS.Probability > l.epss.Probability) {
				l.epss = m.EPSS
			}
			if l.kev == nil {
				l.kev = m.KEV
			}
		}
	}
	return list
}

func epssWords(epss *advisory.EPSS) string {
	// Rounded up, so that the top 0% is never claimed.
	top := max(math.Ceil((1-epss.Percentile)*1000)/10, 0.1)
	text := fmt.Sprintf("probability of exploitation within 30 days: %s, in the top %.1f%% of all CVEs", percent(epss), top)
	if epss.Date != "" {
		text += " (as of " + epss.Date + ")"
	}
	return text
}

func kevWords(kev *advisory.KEV) string {
	text := "exploited in the wild: in CISA's catalogue"
	if kev.DateAdded != "" {
		text += " since " + kev.DateAdded
	}
	if kev.DueDate != "" {
		text += ", to be fixed by " + kev.DueDate
	}
	if kev.Ransomware {
		text += "; used by ransomware"
	}
	return text
}

// scored is a vector of one vulnerability with everybody who gave it.
type scored struct {
	advisory.CVSS
	id      string
	sources []string
}

// scores lists each vulnerability's vectors once.
func scores(e *verdict.Explanation) []scored {
	var list []scored
	for i := range e.Occurrences {
		r := &e.Occurrences[i].Record
		for j := range r.Held {
			for _, c := range r.Held[j].Match.CVSS {
				at := slices.IndexFunc(list, func(s scored) bool { return s.Vector == c.Vector && s.id == r.ID })
				if at < 0 {
					list = append(list, scored{CVSS: c, id: r.ID, sources: []string{c.Source}})
				} else if !slices.Contains(list[at].sources, c.Source) {
					list[at].sources = append(list[at].sources, c.Source)
				}
			}
		}
	}
	return list
}

// vectors spells out each CVSS vector.
func (p *page) vectors(e *verdict.Explanation) {
	list := scores(e)
	for i := range list {
		c := &list[i]
		title := "CVSS " + c.Version
		if c.id != e.ID {
			title = c.id + "  " + title
		}
		by := strings.Join(c.sources, ", ")
		s, err := spellCVSS(c.Vector)
		if err != nil {
			p.section(title, fmt.Sprintf("%.1f by %s, vector %s can't be read: %v", c.Score, by, c.Vector, err))
			continue
		}
		score := fmt.Sprintf("%.1f by %s", s.score, by)
		if math.Abs(s.score-c.Score) > 0.05 {
			score += fmt.Sprintf(", who says %.1f", c.Score)
		}
		p.section(title, score+" · "+c.Vector)
		label := 0
		for _, m := range s.metrics {
			label = max(label, len(m.name))
		}
		for _, m := range s.metrics {
			p.hanging(span{strings.Repeat(" ", 2*gutter) + pad(m.name, label+2), p.styles.faint}, p.styles.plain, m.value)
		}
	}
}

// references lists each link once.
func (p *page) references(e *verdict.Explanation, opt Options) {
	var links []string
	for i := range e.Details {
		for _, link := range e.Details[i].Detail.References {
			if !slices.Contains(links, link) {
				links = append(links, link)
			}
		}
	}
	if len(links) == 0 {
		return
	}
	p.section("REFERENCES", "")
	shown := links
	if !opt.All {
		shown = links[:min(len(links), referencesShown)]
	}
	for _, link := range shown {
		p.paragraph(2*gutter, p.styles.plain, link)
	}
	if hidden := len(links) - len(shown); hidden > 0 {
		p.line(p.indent(2*gutter), span{"… " + number(hidden) + " more; --all shows them", p.styles.faint})
	}
}

// bestDetail puts the databases' prose together: the first that has each part.
func bestDetail(details []verdict.DatabaseDetail) advisory.Detail {
	var best advisory.Detail
	for i := range details {
		d := &details[i].Detail
		if best.Title == "" {
			best.Title = d.Title
		}
		if best.Description == "" {
			best.Description = d.Description
		}
		if len(best.CWEs) == 0 {
			best.CWEs = d.CWEs
		}
		best.Published = firstTime(best.Published, d.Published)
		best.Modified = firstTime(best.Modified, d.Modified)
	}
	return best
}

func firstTime(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}
