package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

const (
	// htmlRows bounds the findings that are listed one by one, htmlPackageRows those
	// of one package, and htmlPackages the packages: some 4 MB, which a browser opens
	// at once. What is pressing comes first and so is left out last.
	htmlRows, htmlPackageRows, htmlPackages = 5000, 200, 2000
	// htmlOpen is how many packages with pressing findings stand open at first.
	htmlOpen = 12
)

// htmlFindings are the findings by package.
type htmlFindings struct {
	Summary string
	Whole   []htmlWhole
	Groups  []htmlGroup
	// Listed is how many findings have a row, HiddenRows and HiddenGroups what has none.
	Listed, HiddenRows, HiddenGroups int
	// Filters is what there is to choose from.
	Severities []string
	Databases  []htmlOption
	Layers     []htmlOption
}

// htmlWhole is a finding about the image as a whole.
type htmlWhole struct{ Severity, Text string }

// htmlOption is a choice of a filter.
type htmlOption struct{ Value, Text string }

type htmlGroup struct {
	Name, Installed, Fixed, Liveness, Packages string
	Origins                                    []htmlOrigin
	// Layers are the origins' indices between spaces, for the filter.
	Layers string
	Open   bool
	Counts []htmlSeverity
	Rows   []htmlRow
	// Hidden counts findings without a row.
	Hidden int
}

type htmlOrigin struct {
	Layer, History string
}

type htmlRow struct {
	Severity         string
	ID, Title, Also  string
	Fix              string
	Fixable          bool
	CVSS, EPSS       string
	Likely           bool
	KEV              string
	HeldBy           string
	Sides            string
	Disposition, For string
}

func htmlFindingsOf(v *verdict.Verdict, opt Options) htmlFindings {
	groups, whole := groupFindings(v)
	h := htmlFindings{}
	if len(groups)+len(whole) == 0 {
		return h
	}
	h.Summary = findingsSummary(v, len(groups))
	for _, f := range whole[:min(len(whole), htmlReasons)] {
		text := f.Title
		if text == "" {
			text = f.Vulnerability
		}
		if text == "" {
			text = string(f.Kind)
		}
		h.Whole = append(h.Whole, htmlWhole{f.Severity.String(), legible(text, htmlText)})
	}
	h.filters(v, groups)
	rows, packages, each := htmlRows, htmlPackages, htmlPackageRows
	if opt.All {
		rows, packages, each = len(v.Findings), len(groups), len(v.Findings)
	}
	for i, g := range groups {
		if i >= packages {
			h.HiddenGroups++
			h.HiddenRows += len(g.rows)
			continue
		}
		group := newHTMLGroup(g, v.Reconciliation.Sides, min(each, rows-h.Listed))
		group.Open = pressing(g.rows[0].finding) && i < htmlOpen || len(groups) <= 3
		h.Listed += len(group.Rows)
		h.HiddenRows += group.Hidden
		h.Groups = append(h.Groups, group)
	}
	return h
}

// filters are the choices that the findings leave.
func (h *htmlFindings) filters(v *verdict.Verdict, groups []*group) {
	layers := map[int]string{}
	var severities [advisory.Critical + 1]bool
	for _, g := range groups {
		for _, o := range g.origins {
			layers[o.layer.Index] = o.layer.CreatedBy
		}
		for i := range g.rows {
			if s := g.rows[i].finding.Severity; s >= 0 && int(s) < len(severities) {
				severities[s] = true
			}
		}
	}
	for s := advisory.Critical; s >= advisory.Unknown; s-- {
		if severities[s] {
			h.Severities = append(h.Severities, s.String())
		}
	}
	sides := v.Reconciliation.Sides
	if len(sides) > 1 && len(sides) < 10 {
		all := ""
		for i := range sides {
			all += strconv.Itoa(i)
		}
		h.Databases = append(h.Databases, htmlOption{all, "held by " + map[bool]string{true: "both", false: "all"}[len(sides) == 2]})
		for i := range sides {
			h.Databases = append(h.Databases, htmlOption{strconv.Itoa(i), "only " + legible(sides[i].Database.Name, htmlName)})
		}
	}
	var indices []int
	for i := range layers {
		if i >= 0 {
			indices = append(indices, i)
		}
	}
	slices.Sort(indices)
	for _, i := range indices[:min(len(indices), htmlReasons)] {
		text := fmt.Sprintf("layer %d", i)
		if by := history(cut(layers[i], htmlText)); by != "" {
			text += ": " + truncate(by, 40)
		}
		h.Layers = append(h.Layers, htmlOption{strconv.Itoa(i), text})
	}
}

func newHTMLGroup(g *group, sides []reconcile.Tally, room int) htmlGroup {
	h := htmlGroup{Name: legible(g.name, htmlName), Installed: legible(g.installed, htmlName), Fixed: legible(g.fixed, htmlName)}
	if g.liveness != "" && g.liveness != inventory.Visible {
		h.Liveness = legible(livenessWords(g.liveness), htmlName)
	}
	if names := strings.Join(g.packages[:min(len(g.packages), 40)], ", "); names != g.name {
		h.Packages = legible(names, htmlLine)
	}
	h.Layers = " "
	for i, o := range g.origins {
		h.Layers += strconv.Itoa(o.layer.Index) + " "
		if i < 12 {
			h.Origins = append(h.Origins, htmlOrigin{htmlLayer(o.layer), legible(history(cut(o.layer.CreatedBy, htmlText)), htmlName)})
		}
	}
	counts := map[advisory.Severity]*htmlSeverity{}
	for i := range g.rows {
		f := g.rows[i].finding
		c := counts[f.Severity]
		if c == nil {
			c = &htmlSeverity{Word: f.Severity.String()}
			counts[f.Severity] = c
		}
		if f.Fix.State == advisory.Fixed {
			c.Fixable++
		} else {
			c.Unfixed++
		}
	}
	for s := advisory.Critical; s >= advisory.Unknown; s-- {
		if counts[s] != nil {
			h.Counts = append(h.Counts, *counts[s])
		}
	}
	shown := min(len(g.rows), max(0, room))
	for i := range g.rows[:shown] {
		h.Rows = append(h.Rows, newHTMLRow(&g.rows[i], sides))
	}
	h.Hidden = len(g.rows) - shown
	return h
}

func newHTMLRow(r *row, sides []reconcile.Tally) htmlRow {
	f := r.finding
	id := f.Vulnerability
	if id == "" {
		id = string(f.Kind)
	}
	h := htmlRow{
		Severity: f.Severity.String(), ID: legible(id, htmlName), Title: legible(f.Title, htmlLine), Fix: fixWords(f.Fix.State),
		Fixable: f.Fix.State == advisory.Fixed, CVSS: cvssScore(f.CVSS), EPSS: percent(f.EPSS), Likely: f.EPSS != nil && f.EPSS.Probability >= 0.1,
		HeldBy: legible(holders(r.heldBy, sides), htmlName), Disposition: legible(string(f.Disposition), htmlName), For: legible(f.SeverityFrom, htmlName),
	}
	if len(f.Aliases) > 0 {
		h.Also = legible(strings.Join(f.Aliases[:min(len(f.Aliases), 6)], ", "), htmlName)
	}
	if h.Fixable && len(f.Fix.Versions) > 0 {
		h.Fix = "fixed in " + legible(strings.Join(f.Fix.Versions[:min(len(f.Fix.Versions), 4)], ", "), htmlName)
	}
	if f.KEV != nil {
		h.KEV = "exploited"
		if f.KEV.Ransomware {
			h.KEV = "exploited by ransomware"
		}
	}
	for i := range sides {
		if slices.Contains(r.heldBy, sides[i].Database.Name) {
			h.Sides += strconv.Itoa(i)
		}
	}
	if f.Disposition == triage.Accepted {
		h.Fix += ", accepted"
	}
	return h
}
