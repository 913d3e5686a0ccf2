package grypedb

import (
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
)

// osSchemes are the version orders of operating system packages, whose purl
// types are also the database's ecosystems.
var osSchemes = map[string]version.Scheme{
	"deb": version.Deb, "apk": version.Apk, "rpm": version.RPMLoose, "alpm": version.Alpm,
}

func (m *matcher) matchOS(p *inventory.Package) error {
	if m.refused != "" {
		m.gaps.Add(m.subject, m.refused)
		return nil
	}
	if !m.usable(m.subject, p.Version, osSchemes[p.Type]) {
		return nil
	}
	var all []finding
	for _, s := range m.osSearches(p) {
		found, err := m.searchOS(p, s)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	if p.Type == "apk" {
		found, err := m.searchApkProducts(p)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	return m.add(p, all)
}

// osSearches are the binary package and, where it is another, the source
// package. An RPM's own version has epoch 0 where it names none; its source's
// version says nothing of the epoch then.
func (m *matcher) osSearches(p *inventory.Package) []*search {
	scheme := osSchemes[p.Type]
	v := p.Version
	if p.Type == "rpm" && !strings.Contains(v, ":") {
		v = "0:" + v
	}
	searches := []*search{m.newSearch(p, p.Name, v, scheme, advisory.ByBinary)}
	if p.Type == "alpm" || p.Source == nil || p.Source.Name == "" {
		return searches
	}
	if p.SourceName() == p.Name && p.SourceVersion() == p.Version {
		searches[0].by = advisory.BySource
		return searches
	}
	source := m.newSearch(p, p.SourceName(), p.SourceVersion(), scheme, advisory.BySource)
	if p.Type == "rpm" {
		source.arch = archSource
	}
	return append(searches, source)
}

func (m *matcher) searchOS(p *inventory.Package, s *search) ([]finding, error) {
	switch {
	case m.distribution == "almalinux":
		return m.searchAlma(p, s)
	case len(m.channelOSes) > 0:
		return m.searchChannel(p, s)
	}
	handles, err := m.lookup(p.Type, s.name, m.oses...)
	if err != nil {
		return nil, err
	}
	holding, suppressing, err := m.judge(handles, s, false)
	if p.Type == "rpm" {
		// Unaffected records of RPM distributions are for one module or
		// stream each; they do not deny another record.
		return holding, err
	}
	return without(holding, suppressing), err
}

// searchAlma holds Red Hat's disclosures against the package, then drops what
// AlmaLinux says is fixed and takes its fixed versions.
func (m *matcher) searchAlma(p *inventory.Package, s *search) ([]finding, error) {
	if strings.HasSuffix(p.Name, "-debuginfo") || strings.HasSuffix(p.Name, "-debugsource") {
		return nil, nil // AlmaLinux publishes no advisories for them
	}
	handles, err := m.lookup(p.Type, s.name, m.oses...)
	if err != nil {
		return nil, err
	}
	holding, _, err := m.judge(handles, s, false)
	if err != nil || len(holding) == 0 {
		return nil, err
	}
	corrections, err := m.almaCorrections(p)
	if err != nil {
		return nil, err
	}
	binary := m.osSearches(p)[0]
	var fixed []finding
	for i := range corrections {
		if c := &corrections[i]; len(m.holdingSpans(c.handle, binary.parsed)) > 0 {
			fixed = append(fixed, *c)
		}
	}
	holding = without(holding, fixed)
	for i := range holding {
		if fix := lowestCorrection(&holding[i], corrections); fix != "" {
			h := &holding[i]
			h.override, h.state, h.fixes = true, advisory.Fixed, []string{fix}
		}
	}
	return holding, nil
}

// almaCorrections are AlmaLinux's unaffected records of the package and of
// its source, whatever the version.
func (m *matcher) almaCorrections(p *inventory.Package) ([]finding, error) {
	var out []finding
	binary := m.osSearches(p)[0]
	for _, name := range slices.Compact([]string{p.Name, p.SourceName()}) {
		handles, err := m.lookup(p.Type, name, m.exactOSes...)
		if err != nil {
			return nil, err
		}
		for i := range handles {
			h := &handles[i]
			if !h.unaffected || !m.qualifies(h, binary) {
				continue
			}
			v, err := m.vuln(h.vuln)
			if err != nil {
				return nil, err
			}
			out = append(out, finding{handle: h, vuln: v, search: binary})
		}
	}
	return out, nil
}

// lowestCorrection is the oldest version that AlmaLinux says has the fix. Its
// records write it as ">= version".
func lowestCorrection(f *finding, corrections []finding) string {
	best := ""
	for i := range corrections {
		c := &corrections[i]
		if !slices.ContainsFunc(c.ids(), func(id string) bool { return slices.Contains(f.ids(), id) }) {
			continue
		}
		for j := range c.handle.spans {
			fix, ok := strings.CutPrefix(c.handle.spans[j].constraint, ">=")
			if !ok {
				fix, ok = strings.CutPrefix(c.handle.spans[j].constraint, "= ")
			}
			if fix = strings.TrimSpace(fix); ok && (best == "" || olderRPM(fix, best)) {
				best = fix
			}
		}
	}
	return best
}

func olderRPM(a, b string) bool {
	v, err := version.Parse(version.RPMLoose, a)
	if err != nil {
		return false
	}
	c, err := v.CompareTo(b)
	return err == nil && c < 0
}

// searchChannel holds the plain release's disclosures against the package and
// takes fixes from the plain release and from the extended support that the
// image subscribes to (Ubuntu Pro's ESM, Red Hat's EUS).
func (m *matcher) searchChannel(p *inventory.Package, s *search) ([]finding, error) {
	base, err := m.lookup(p.Type, s.name, m.oses...)
	if err != nil {
		return nil, err
	}
	disclosures, _, err := m.judge(base, s, false)
	if err != nil || len(disclosures) == 0 {
		return nil, err
	}
	extended, err := m.lookup(p.Type, s.name, m.channelOSes...)
	if err != nil {
		return nil, err
	}
	resolutions, err := m.resolutions(slices.Concat(base, extended), s)
	if err != nil {
		return nil, err
	}
	var fixed []finding
	for i := range resolutions {
		if m.fixedBy(&resolutions[i], s.parsed) {
			fixed = append(fixed, resolutions[i])
		}
	}
	remaining := without(disclosures, fixed)
	for i := range remaining {
		m.overlay(&remaining[i], resolutions, s.parsed)
	}
	return remaining, nil
}

func (m *matcher) resolutions(handles []handle, s *search) ([]finding, error) {
	var out []finding
	for i := range handles {
		h := &handles[i]
		if h.unaffected || !m.qualifies(h, s) {
			continue
		}
		v, err := m.vuln(h.vuln)
		if err != nil {
			return nil, err
		}
		out = append(out, finding{handle: h, vuln: v, search: s, spans: h.spans})
	}
	return out, nil
}

// fixedBy reports whether v has one of the record's fixes.
func (m *matcher) fixedBy(f *finding, v version.Version) bool {
	state, fixes, _ := fixOf(f.handle.spans)
	return state == advisory.Fixed && slices.ContainsFunc(fixes, func(fix string) bool {
		c, err := v.CompareTo(fix)
		return err == nil && c >= 0
	})
}

// overlay gives a disclosure the fixes, newer than v and reachable, of all
// records of its vulnerability.
func (m *matcher) overlay(f *finding, resolutions []finding, v version.Version) {
	state, _, _ := fixOf(f.spans)
	var fixes []string
	unreachable := false
	for i := range resolutions {
		r := &resolutions[i]
		if r.vuln.name != f.vuln.name {
			continue
		}
		rState, rFixes, _ := fixOf(r.handle.spans)
		if rState == advisory.WontFix && len(fixes) == 0 {
			state = advisory.WontFix
		}
		for _, fix := range rFixes {
			if c, err := v.CompareTo(fix); err != nil || c >= 0 {
				continue
			}
			if m.distribution == "redhat" && !reachable(fix, m.eus) {
				unreachable = true
				continue
			}
			if !slices.Contains(fixes, fix) {
				fixes = append(fixes, fix)
			}
		}
	}
	f.override, f.fixes, f.state = true, fixes, state
	switch {
	case len(fixes) > 0:
		f.state = advisory.Fixed
	case unreachable || state == advisory.Fixed:
		f.state = advisory.NotFixed
	}
}

// reachable reports whether a host that stays on one minor release of Red Hat
// Enterprise Linux gets a fix: builds name theirs as ".el9_2".
func reachable(fix string, host osSpec) bool {
	release := fix[strings.LastIndexByte(fix, '-')+1:]
	i := strings.Index(release, ".el")
	if i < 0 {
		return true
	}
	majorText, rest := leadingDigits(release[i+3:])
	minor := 0
	if after, ok := strings.CutPrefix(rest, "_"); ok {
		text, _ := leadingDigits(after)
		minor, _ = strconv.Atoi(text) // no digits: 0
	}
	hostMinor, _ := strconv.Atoi(host.minor) // none: 0
	return majorText == "" || majorText == host.major && minor <= hostMinor
}

func leadingDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && i < 9 && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}
