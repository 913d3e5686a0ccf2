package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/verdict"
)

const (
	// skippedShown is how many notes about files the default view lists.
	skippedShown = 8
	// incompleteShown is the same where they make the verdict incomplete: the
	// reader needs them, a hostile image may hold a million.
	incompleteShown = 50
)

// coverage says what was examined, with which databases, what was skipped, and
// what the verdict does not rule out.
func (p *page) coverage(v *verdict.Verdict, opt Options) {
	c := &v.Coverage
	if c.Complete {
		p.section("COVERAGE", "complete")
	} else {
		p.blank()
		p.hanging(span{"COVERAGE  ", p.styles.title}, p.styles.yellow, "INCOMPLETE: something could not be examined, so this verdict is no clean bill")
	}
	entry := func(label, text string) {
		p.hanging(span{strings.Repeat(" ", gutter) + pad(Clean(label), 10) + "  ", p.styles.faint}, p.styles.plain, text)
	}
	entry("examined", examined(c))
	for i := range c.Databases {
		db := &c.Databases[i]
		text := "schema " + db.Schema + ", built " + date(db.Built)
		if db.Digest != "" {
			text += ", " + short(db.Digest)
		}
		entry(db.Name, text)
	}
	if len(c.Databases) == 0 {
		entry("databases", "none: no vulnerability was looked up")
	}
	p.gaps(c, entry)
	exceptionCoverage(c, opt, entry)
	p.skipped(c, opt)
	if len(c.NotRuledOut) > 0 {
		p.blank()
		p.line(p.indent(gutter), span{"not ruled out by this verdict", p.styles.bold})
		for _, sentence := range c.NotRuledOut {
			p.hanging(span{strings.Repeat(" ", gutter) + "· ", p.styles.faint}, p.styles.plain, sentence)
		}
	}
}

// examined is "6 layers, 12,345 files, 143 MB; 105 packages: 98 deb, 5 pypi, 2 generic".
func examined(c *verdict.Coverage) string {
	if len(c.NotExamined) > 0 {
		return listed(c)
	}
	text := fmt.Sprintf("%s, %s, %s", count(c.Layers, "layer"), count(c.Files, "file"), size(c.Bytes))
	return text + "; " + packagesByType(c)
}

// listed is "an SBOM alone: 105 packages: 98 deb, 7 pypi; not examined: files, …".
func listed(c *verdict.Coverage) string {
	return "an SBOM alone: " + packagesByType(c) + "; not examined: " + strings.Join(c.NotExamined, ", ")
}

func packagesByType(c *verdict.Coverage) string {
	if len(c.PackagesByType) == 0 {
		return "no packages"
	}
	types := slices.SortedFunc(maps.Keys(c.PackagesByType), func(a, b string) int {
		return cmp.Or(cmp.Compare(c.PackagesByType[b], c.PackagesByType[a]), cmp.Compare(a, b))
	})
	for i, t := range types {
		types[i] = number(c.PackagesByType[t]) + " " + t
	}
	return count(sum(c.PackagesByType), "package") + ": " + strings.Join(types, ", ")
}

// gaps lists what each database cannot judge.
func (p *page) gaps(c *verdict.Coverage, entry func(label, text string)) {
	label := "gaps"
	for _, name := range slices.Sorted(maps.Keys(c.Gaps)) {
		for _, g := range c.Gaps[name] {
			entry(label, fmt.Sprintf("%s can't judge %s (%s): %s", name, g.Subject, count(g.Packages, "package"), g.Reason))
			label = ""
		}
	}
}

// skipped lists what was not examined, first what makes the verdict incomplete.
func (p *page) skipped(c *verdict.Coverage, opt Options) {
	if len(c.Skipped) == 0 {
		return
	}
	list := slices.Clone(c.Skipped)
	slices.SortStableFunc(list, func(a, b verdict.Skipped) int { return ordinal(b.Incomplete) - ordinal(a.Incomplete) })
	label, shown := "skipped", 0
	for i := range list {
		s := &list[i]
		limit := skippedShown
		if s.Incomplete {
			limit = incompleteShown
		}
		if !opt.All && shown >= limit {
			continue
		}
		shown++
		style := p.styles.plain
		if s.Incomplete {
			style = p.styles.yellow
		}
		where := "SBOM"
		if s.Layer >= 0 {
			where = fmt.Sprintf("layer %d", s.Layer)
		}
		if s.Path != "" {
			where += " " + s.Path
		}
		p.hanging(span{strings.Repeat(" ", gutter) + pad(label, 10) + "  ", p.styles.faint}, style, where+": "+s.Reason)
		label = ""
	}
	if hidden := len(list) - shown; hidden > 0 {
		p.line(p.indent(gutter+12), span{"… " + number(hidden) + " more; --all shows them", p.styles.faint})
	}
}

// date is the day, which is all that a database's age needs.
func date(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format(time.DateOnly)
}
