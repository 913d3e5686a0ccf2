package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/verdict"
)

// recordsShown is how many differing records the view shows without All.
const recordsShown = 40

// Reconciliation writes the opinions side by side: counts for each database,
// by severity and by cause, then each record that they differ over, with what
// every database says and the cause in words.
func Reconciliation(w io.Writer, r *verdict.Report, opt Options) error {
	p := newPage(opt)
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		if len(r.Verdicts) > 1 {
			p.divider(i, len(r.Verdicts), v)
		}
		p.reconciliation(v, opt)
	}
	if len(r.Verdicts) == 0 {
		p.line(span{"nothing to compare", p.styles.bold})
	}
	return p.flush(w)
}

func (p *page) reconciliation(v *verdict.Verdict, opt Options) {
	rec := &v.Reconciliation
	p.hanging(span{"", p.styles.plain}, p.styles.bold, strings.ToUpper(agreement(rec)[:1])+agreement(rec)[1:])
	p.list(p.styles.faint, imageParts(v)...)
	if len(rec.Sides) == 0 {
		return
	}
	p.section("OPINIONS", "")
	p.sides(rec)
	p.section("BY SEVERITY", "")
	p.bySeverity(rec)
	if rec.Differing == 0 && len(rec.ByCause) == 0 {
		return
	}
	p.section("BY CAUSE", "one record may count under several")
	p.causes(v, 0)
	p.records(v, opt)
}

// bySeverity counts each database's records by the severity it gives itself.
func (p *page) bySeverity(rec *reconcile.Reconciliation) {
	head := []string{""}
	for s := advisory.Critical; s >= advisory.Unknown; s-- {
		head = append(head, s.String())
	}
	rows := [][]string{head}
	for i := range rec.Sides {
		side := &rec.Sides[i]
		row := []string{side.Database.Name}
		for s := advisory.Critical; s >= advisory.Unknown; s-- {
			row = append(row, number(side.Fixable[s.String()]+side.Unfixed[s.String()]))
		}
		rows = append(rows, row)
	}
	p.grid(rows)
}

// compared is a differing record with the packages that share it: the binary
// packages of one source have the same record.
type compared struct {
	record   *reconcile.Record
	name     string
	version  string
	packages []string
}

func (p *page) records(v *verdict.Verdict, opt Options) {
	list := differingRecords(v)
	if len(list) == 0 {
		return
	}
	p.section("WHERE THEY DIFFER", "worst severity first")
	shown := list
	if !opt.All {
		shown = list[:min(len(list), recordsShown)]
	}
	label := 0
	for i := range v.Reconciliation.Sides {
		label = max(label, width(Clean(v.Reconciliation.Sides[i].Database.Name)))
	}
	for i := range shown {
		p.blank()
		p.record(&shown[i], v.Reconciliation.Sides, label)
	}
	if hidden := len(list) - len(shown); hidden > 0 {
		p.blank()
		p.line(p.indent(gutter), span{"… " + count(hidden, "more record") + "; --all shows them", p.styles.faint})
	}
}

// record writes what each database says about one vulnerability, a line each.
func (p *page) record(c *compared, sides []reconcile.Tally, label int) {
	title := []span{p.indent(gutter), {c.record.ID, p.severity(worstHeld(c.record)).Bold(true)}, {"  " + c.name, p.styles.bold}, {" " + c.version, p.styles.plain}}
	if names := strings.Join(c.packages, ", "); names != "" && names != c.name {
		title = append(title, span{"  " + names, p.styles.faint})
	}
	p.line(title...)
	for i := range sides {
		name := sides[i].Database.Name
		lead := span{strings.Repeat(" ", 2*gutter) + pad(Clean(name), label) + "  ", p.styles.faint}
		if m := heldBy(c.record, name); m != nil {
			p.hanging(lead, p.styles.plain, matchLine(m, c.record.ID, c.name))
		} else {
			p.hanging(lead, p.styles.faint, "does not hold it")
		}
	}
	for _, d := range c.record.Differences {
		lead := span{strings.Repeat(" ", 2*gutter) + "⇒ " + words(string(d.Cause)) + ": ", p.styles.yellow}
		p.hanging(lead, p.styles.plain, d.Detail)
	}
}

// matchLine is "high (debian), fixed in 3.0.15-1~deb12u1, by source package".
// It leaves out what stands above it: the identifier and the name.
func matchLine(m *advisory.Match, id, name string) string {
	text := severityWord(m.Severity)
	if m.SeverityFrom != "" {
		text += " (" + m.SeverityFrom + ")"
	}
	text += ", " + fixWords(m.State)
	if len(m.FixedIn) > 0 {
		text += " in " + strings.Join(m.FixedIn, ", ")
	}
	if m.By != "" {
		text += ", by " + string(m.By)
	}
	if m.MatchedName != "" && m.MatchedName != name {
		text += " " + m.MatchedName
	}
	if m.ID != id {
		text += ", as " + m.ID
	}
	return text
}

// differingRecords returns the records with a difference, binary packages of
// one source put together, the worst severity first.
func differingRecords(v *verdict.Verdict) []compared {
	packages := packagesByID(v.Packages)
	var list []compared
	at, named := map[string]int{}, map[string]bool{}
	for i := range v.Reconciliation.Records {
		r := &v.Reconciliation.Records[i]
		if len(r.Differences) == 0 {
			continue
		}
		c := compared{record: r, name: r.PackageID}
		own := ""
		if pkg := packages[r.PackageID]; pkg != nil {
			c.name, c.version = pkg.FullName(), pkg.Version
			if pkg.IsOS() {
				own, c.name, c.version = pkg.Name, pkg.SourceName(), pkg.SourceVersion()
			}
		}
		key := recordKey(&c)
		if n, seen := at[key]; seen {
			if own != "" && !named[key+"\x00"+own] {
				list[n].packages = append(list[n].packages, own)
				named[key+"\x00"+own] = true
			}
			continue
		}
		if own != "" {
			c.packages = []string{own}
			named[key+"\x00"+own] = true
		}
		at[key] = len(list)
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b compared) int {
		return cmp.Or(
			cmp.Compare(worstHeld(b.record), worstHeld(a.record)),
			cmp.Compare(a.name, b.name),
			cmp.Compare(a.record.ID, b.record.ID),
		)
	})
	return list
}

// recordKey is the same for records that say the same about one source package.
func recordKey(c *compared) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\x00%s\x00%s", c.name, c.version, c.record.ID)
	for i := range c.record.Held {
		h := &c.record.Held[i]
		fmt.Fprintf(&b, "\x00%s\x00%s", h.Database, matchLine(&h.Match, c.record.ID, ""))
	}
	for _, d := range c.record.Differences {
		fmt.Fprintf(&b, "\x00%s", d.Cause)
	}
	return b.String()
}

// heldBy returns a database's match within a record, or nil.
func heldBy(r *reconcile.Record, database string) *advisory.Match {
	for i := range r.Held {
		if r.Held[i].Database == database {
			return &r.Held[i].Match
		}
	}
	return nil
}

// worstHeld is the highest severity that any database gives a record.
func worstHeld(r *reconcile.Record) advisory.Severity {
	worst := advisory.Unknown
	for i := range r.Held {
		worst = max(worst, r.Held[i].Match.Severity)
	}
	return worst
}
