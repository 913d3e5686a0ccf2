package grypedb

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

// finding is one handle that holds against one package.
type finding struct {
	handle *handle
	vuln   *vuln
	spans  []span // those that contain the version
	search *search
	// fixes and state replace the spans' own where extended support knows
	// better.
	override bool
	fixes    []string
	state    advisory.FixState
}

// ids are the identifiers of a finding that suppress, or are suppressed by,
// another record: its own and its CVE and GHSA aliases.
func (f *finding) ids() []string {
	ids := []string{f.vuln.name}
	for _, list := range [][]string{f.vuln.aliases, f.handle.cves} {
		for _, id := range list {
			if hasPrefixFold(id, "cve-") || hasPrefixFold(id, "ghsa-") {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// without removes the findings that share an identifier with a suppressing one.
func without(findings, suppressing []finding) []finding {
	if len(suppressing) == 0 {
		return findings
	}
	out := map[string]bool{}
	for i := range suppressing {
		for _, id := range suppressing[i].ids() {
			out[id] = true
		}
	}
	return slices.DeleteFunc(findings, func(f finding) bool {
		return slices.ContainsFunc(f.ids(), func(id string) bool { return out[id] })
	})
}

// judge splits a package's handles into those that hold and those that say it
// is unaffected.
func (m *matcher) judge(handles []handle, s *search, onlyActive bool) (holding, suppressing []finding, err error) {
	for i := range handles {
		h := &handles[i]
		if !m.qualifies(h, s) {
			continue
		}
		spans := m.holdingSpans(h, s.parsed)
		if len(spans) == 0 {
			continue
		}
		v, err := m.vuln(h.vuln)
		if err != nil {
			return nil, nil, err
		}
		if onlyActive && (v.status == "withdrawn" || v.status == "rejected") {
			continue
		}
		f := finding{handle: h, vuln: v, spans: spans, search: s}
		if h.unaffected {
			suppressing = append(suppressing, f)
		} else {
			holding = append(holding, f)
		}
	}
	return holding, suppressing, nil
}

// exclusions are the matches that grype's own client drops as known to be
// wrong, whatever the database says (grype/match/explicit_ignores.go).
var exclusions = []struct {
	purlType     string
	names, vulns []string
}{
	{
		"maven",
		[]string{"log4j-api", "log4j-slf4j-impl", "log4j-to-slf4j", "log4j-1.2-api", "log4j-detector", "log4j-over-slf4j", "slf4j-log4j12"},
		[]string{"CVE-2021-44228", "CVE-2021-45046", "GHSA-jfh8-c2jp-5v3q", "GHSA-7rjr-3q55-vv33", "CVE-2020-9493", "CVE-2022-23307", "CVE-2023-26464"},
	},
	{"golang", []string{"google.golang.org/protobuf"}, []string{"CVE-2015-5237", "CVE-2021-22570"}},
	{"gem", []string{"matrix"}, []string{"CVE-2017-14196", "CVE-2017-14197", "CVE-2017-14198", "CVE-2019-19373", "CVE-2019-19374"}},
	{"gem", []string{"delegate"}, []string{
		"CVE-1999-1338", "CVE-2001-1202", "CVE-2002-1781", "CVE-2004-0789", "CVE-2004-2003",
		"CVE-2005-0036", "CVE-2005-0861", "CVE-2006-2072", "CVE-2015-7556",
	}},
	{"gem", []string{"observer"}, []string{"CVE-2008-4318"}},
	{"gem", []string{"logger"}, []string{"CVE-2017-14727"}},
	// Debian's zlib ships no minizip, where the flaw is.
	{"deb", []string{"zlib1g", "zlib"}, []string{"CVE-2023-45853"}},
}

func excluded(p *inventory.Package, id string) bool {
	for i := range exclusions {
		e := &exclusions[i]
		if e.purlType == p.Type && slices.Contains(e.vulns, id) &&
			(slices.Contains(e.names, p.Name) || slices.Contains(e.names, p.FullName())) {
			return true
		}
	}
	return false
}

// add turns findings into matches, one for each identifier: several records
// of one vulnerability become one match with all of their fixes.
func (m *matcher) add(p *inventory.Package, findings []finding) error {
	byID := map[string]*advisory.Match{}
	for i := range findings {
		f := &findings[i]
		if excluded(p, f.vuln.name) {
			continue
		}
		match, err := m.toMatch(p, f)
		if err != nil {
			return err
		}
		if old := byID[match.ID]; old != nil {
			mergeMatch(old, &match)
		} else {
			byID[match.ID] = &match
		}
	}
	for _, match := range byID {
		m.matches = append(m.matches, *match)
	}
	return nil
}

func (m *matcher) toMatch(p *inventory.Package, f *finding) (advisory.Match, error) {
	severity, from := f.vuln.severity()
	match := advisory.Match{
		PackageID: p.ID, ID: f.vuln.name, Severity: severity, SeverityFrom: from,
		By: f.search.by, MatchedName: f.search.name, MatchedVersion: f.search.version,
		Provider: f.vuln.provider, CVSS: f.vuln.cvss(),
	}
	var constraints []string
	aliases := slices.Concat(f.vuln.aliases, f.handle.cves)
	for i := range f.spans {
		s := &f.spans[i]
		if s.constraint != "" {
			constraints = append(constraints, s.constraint)
		}
		aliases = append(aliases, s.advisories...)
	}
	match.Affected = strings.Join(constraints, " || ")
	match.Aliases = sortedUnique(aliases, match.ID)
	if f.override {
		match.State, match.FixedIn = f.state, f.fixes
	} else {
		match.State, match.FixedIn, match.FixedOn = fixFor(f)
	}
	return match, m.addKnowledge(&match)
}

// addKnowledge adds EPSS and KEV, which the database keys by CVE.
func (m *matcher) addKnowledge(match *advisory.Match) error {
	for _, id := range append([]string{match.ID}, match.Aliases...) {
		if !hasPrefixFold(id, "cve-") {
			continue
		}
		c, err := m.cve(id)
		if err != nil {
			return err
		}
		if len(c.epss) == 2 && (match.EPSS == nil || c.epss[0] > match.EPSS.Probability) {
			match.EPSS = &advisory.EPSS{Probability: c.epss[0], Percentile: c.epss[1], Date: m.db.meta.EPSSDate}
		}
		if c.kev && match.KEV == nil {
			match.KEV = &advisory.KEV{DateAdded: c.added, DueDate: c.due, Ransomware: c.ransomware}
		}
	}
	return nil
}

// fixFor takes the state and the versions from all of a record's ranges, as
// grype does: a package that is in the range of 1.20 is also mended by the
// release of 1.21 that has the fix. The date is that of the ranges that hold.
func fixFor(f *finding) (state advisory.FixState, versions []string, on string) {
	state, versions, on = fixOf(f.handle.spans)
	if _, _, held := fixOf(f.spans); held != "" {
		on = held
	}
	return state, versions, on
}

// fixOf reads the fix of some spans: fixed beats the other states.
func fixOf(spans []span) (state advisory.FixState, versions []string, on string) {
	state = advisory.FixUnknown
	for i := range spans {
		s := &spans[i]
		if !s.hasFix {
			continue
		}
		switch s.fixState {
		case "fixed":
			state = advisory.Fixed
			if s.fixVersion != "" && !slices.Contains(versions, s.fixVersion) {
				versions = append(versions, s.fixVersion)
			}
			if date := day(s.fixDate); on == "" || date != "" && date < on {
				on = date
			}
		case "wont-fix":
			if state != advisory.Fixed {
				state = advisory.WontFix
			}
		case "not-fixed":
			if state != advisory.Fixed {
				state = advisory.NotFixed
			}
		}
	}
	return state, versions, on
}

// mergeMatch adds what another record of the same vulnerability says.
func mergeMatch(to, from *advisory.Match) {
	to.Aliases = sortedUnique(append(to.Aliases, from.Aliases...), to.ID)
	for _, v := range from.FixedIn {
		if !slices.Contains(to.FixedIn, v) {
			to.FixedIn = append(to.FixedIn, v)
		}
	}
	if to.State != advisory.Fixed && from.State == advisory.Fixed {
		to.State, to.FixedOn = from.State, from.FixedOn
	}
	if from.Affected != "" && to.Affected != from.Affected {
		if to.Affected != "" {
			to.Affected += " || "
		}
		to.Affected += from.Affected
	}
}

func sortedUnique(list []string, id string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if s != "" && s != id {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) == 0 {
		return nil
	}
	return out
}
