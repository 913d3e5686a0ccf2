package triage

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
)

// Findings turns reconciled records into findings. Packages that are neither
// visible nor ghosts raise none: nothing in the final image runs them.
func Findings(inv *inventory.Inventory, r *reconcile.Reconciliation) []Finding {
	packages := map[string]*inventory.Package{}
	for i := range inv.Packages {
		packages[inv.Packages[i].ID] = &inv.Packages[i]
	}
	findings := []Finding{}
	taken := map[string]bool{}
	for i := range r.Records {
		p := packages[r.Records[i].PackageID]
		if p == nil || (p.Liveness != inventory.Visible && p.Liveness != inventory.Ghost) {
			continue
		}
		f, ok := vulnerability(p, &r.Records[i])
		if !ok {
			continue
		}
		// The same name in the same place again: another architecture, or one
		// more version beside the first.
		for _, also := range []string{p.Arch, p.Version, p.ID} {
			if taken[f.ID] {
				f.ID = Fingerprint(f.ID, also)
			}
		}
		taken[f.ID] = true
		findings = append(findings, f)
	}
	return findings
}

// vulnerability decides one record. Each opinion is weighed on its own, so
// that one database's fix is never combined with another's severity, and the
// most demanding one decides. It reports false where every database that holds
// the record says that the package is not affected.
func vulnerability(p *inventory.Package, r *reconcile.Record) (Finding, bool) {
	var lead *reconcile.Held
	for i := range r.Held {
		h := &r.Held[i]
		if h.Match.State == advisory.NotAffected {
			continue
		}
		if lead == nil || weigh(&h.Match) > weigh(&lead.Match) {
			lead = h
		}
	}
	if lead == nil {
		return Finding{}, false
	}
	m := &lead.Match
	f := Finding{
		Kind:          Vulnerability,
		Vulnerability: r.ID,
		Aliases:       r.Aliases,
		Severity:      m.Severity,
		SeverityFrom:  lead.Database,
		Disposition:   Dispose(m.Severity, m.State),
		PackageID:     p.ID,
		Package:       p.FullName(),
		Version:       p.Version,
		Path:          p.Path,
		Liveness:      p.Liveness,
		Origin:        p.Origin,
		Fix:           Fix{State: m.State, Package: cmp.Or(m.MatchedName, p.SourceName()), Versions: m.FixedIn, Since: m.FixedOn, Installed: m.MatchedVersion},
		Agreed:        r.Agreed,
		Differences:   r.Differences,
	}
	if m.SeverityFrom != "" {
		f.SeverityFrom = m.SeverityFrom + " (" + lead.Database + ")"
	}
	for i := range r.Held {
		h := &r.Held[i]
		f.HeldBy = append(f.HeldBy, h.Database)
		if f.EPSS == nil {
			f.EPSS = h.Match.EPSS
		}
		if f.KEV == nil {
			f.KEV = h.Match.KEV
		}
	}
	f.CVSS = scoreOf(lead, r.Held)
	f.ID = Fingerprint(string(f.Kind), f.Vulnerability, p.Type, p.Namespace, p.Name, p.Path, p.InArchive)
	return f, true
}

// Dispose is the rule of fixability: a fix and a high severity ask for a
// rebuild now, a fix alone for one in its time, and without a fix there is
// nothing to do but to watch.
func Dispose(s advisory.Severity, state advisory.FixState) Disposition {
	switch {
	case state != advisory.Fixed:
		return Track
	case s >= advisory.High:
		return Rebuild
	}
	return Defer
}

// weigh orders opinions by what they demand.
func weigh(m *advisory.Match) int {
	w := int(m.Severity)
	switch Dispose(m.Severity, m.State) {
	case Rebuild:
		w += 200
	case Defer:
		w += 100
	}
	return w
}

// Fingerprint hashes what a finding is about into a short stable identifier.
func Fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// scoreOf chooses the score to show: the one by the source that gave the
// severity, so that the two agree, else the vendor's own before NVD's; the
// newer version of the standard first. The deciding database is asked first.
func scoreOf(lead *reconcile.Held, held []reconcile.Held) *advisory.CVSS {
	scores := lead.Match.CVSS
	for i := range held {
		if len(scores) > 0 {
			break
		}
		scores = held[i].Match.CVSS
	}
	if len(scores) == 0 {
		return nil
	}
	from := lead.Match.SeverityFrom
	best := slices.MinFunc(scores, func(a, b advisory.CVSS) int {
		return cmp.Or(
			boolFirst(a.Source == from, b.Source == from),
			boolFirst(rates(a, lead.Match.Severity), rates(b, lead.Match.Severity)),
			boolFirst(a.Source != "nvd", b.Source != "nvd"),
			cmp.Compare(b.Version, a.Version),
			cmp.Compare(a.Source, b.Source),
		)
	})
	return &best
}

// rates reports whether a score falls into a severity (CVSS v3.1 specification,
// section 5, and v4.0, section 6).
func rates(c advisory.CVSS, s advisory.Severity) bool {
	switch {
	case c.Score >= 9:
		return s == advisory.Critical
	case c.Score >= 7:
		return s == advisory.High
	case c.Score >= 4:
		return s == advisory.Medium
	case c.Score > 0:
		return s == advisory.Low || s == advisory.Negligible
	}
	return false
}

func boolFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

var dispositionOrder = []Disposition{Rebuild, Defer, Track, Accepted}

// Sort orders findings by what to look at first: disposition, then known
// exploitation, then the likelihood of it, then the score.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(dispositionOrder, a.Disposition), slices.Index(dispositionOrder, b.Disposition)),
			cmp.Compare(kindRank(a.Kind), kindRank(b.Kind)),
			boolFirst(a.KEV != nil, b.KEV != nil),
			cmp.Compare(probability(&b), probability(&a)),
			cmp.Compare(score(&b), score(&a)),
			cmp.Compare(b.Severity, a.Severity),
			cmp.Compare(a.Package, b.Package),
			cmp.Compare(a.Vulnerability, b.Vulnerability),
			cmp.Compare(a.PackageID, b.PackageID),
			compareEvidence(&a, &b),
		)
	})
}

// kindRank puts what says that somebody was there before what was inherited.
func kindRank(k Kind) int {
	if i := slices.Index([]Kind{Malware, Provenance, Secret}, k); i >= 0 {
		return i
	}
	return 3
}

// compareEvidence orders findings about content: the surer first, then by place.
func compareEvidence(a, b *Finding) int {
	if a.Evidence == nil || b.Evidence == nil {
		return boolFirst(a.Evidence != nil, b.Evidence != nil)
	}
	return cmp.Or(
		cmp.Compare(b.Evidence.Confidence, a.Evidence.Confidence),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Evidence.Inside, b.Evidence.Inside),
		cmp.Compare(a.Evidence.Offset, b.Evidence.Offset),
		cmp.Compare(a.ID, b.ID),
	)
}

func probability(f *Finding) float64 {
	if f.EPSS == nil {
		return 0
	}
	return f.EPSS.Probability
}

func score(f *Finding) float64 {
	if f.CVSS == nil {
		return 0
	}
	return f.CVSS.Score
}
