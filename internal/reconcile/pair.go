package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

// Published tells when an identifier was published, in the words of a database
// that holds it; the zero time where that is not known. It decides between an
// older database and one that does not hold the advisory at all, and is asked
// for nothing else.
type Published func(database, id string) time.Time

// Reconcile puts the opinions about one inventory side by side. The order of
// the opinions is the order of the databases everywhere in the result.
// published may be nil.
func Reconcile(inv *inventory.Inventory, opinions []*advisory.Opinion, published Published) *Reconciliation {
	r := &Reconciliation{ByCause: map[Cause]int{}, Records: []Record{}}
	byPackage := map[string][]side{}
	for i, o := range opinions {
		for _, m := range o.Matches {
			byPackage[m.PackageID] = append(byPackage[m.PackageID], side{i, m})
		}
	}
	owned := 0
	for i := range inv.Packages {
		p := &inv.Packages[i]
		if p.OwnedBy != "" {
			owned++
		}
		for _, g := range group(byPackage[p.ID]) {
			r.Records = append(r.Records, record(p, g, opinions, published))
		}
	}
	slices.SortFunc(r.Records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.PackageID, b.PackageID), cmp.Compare(a.ID, b.ID))
	})
	r.count(opinions)
	if owned > 0 {
		r.ByCause[DistributionJudges] = owned
	}
	return r
}

// side is one match with the index of the opinion that holds it.
type side struct {
	opinion int
	match   advisory.Match
}

// gathered is one vulnerability of one package while it is put together.
type gathered struct {
	cve   string
	ids   map[string]bool
	sides []side
}

// group pairs the matches of one package. Matches belong together when they
// name the same CVE; those that name none, when they share another identifier
// of the same vulnerability. A match that names several CVEs (an advisory that
// bundles fixes) counts for each.
func group(sides []side) []*gathered {
	var groups []*gathered
	byCVE := map[string]*gathered{}
	var without []side
	for _, s := range sides {
		cves := cvesOf(&s.match)
		if len(cves) == 0 {
			without = append(without, s)
		}
		for _, cve := range cves {
			g := byCVE[cve]
			if g == nil {
				g = &gathered{cve: cve, ids: map[string]bool{}}
				byCVE[cve] = g
				groups = append(groups, g)
			}
			g.add(s, len(cves) == 1)
		}
	}
	for _, s := range without {
		var home *gathered
		for _, g := range groups {
			if slices.ContainsFunc(identifiers(&s.match), func(id string) bool { return g.ids[id] }) {
				home = g
				break
			}
		}
		if home == nil {
			home = &gathered{ids: map[string]bool{}}
			groups = append(groups, home)
		}
		home.add(s, true)
	}
	return groups
}

// add keeps the stronger of two matches of one database.
func (g *gathered) add(s side, namesOne bool) {
	if namesOne {
		for _, id := range identifiers(&s.match) {
			g.ids[id] = true
		}
	}
	for i := range g.sides {
		if g.sides[i].opinion == s.opinion {
			if stronger(&s.match, &g.sides[i].match) {
				g.sides[i] = s
			}
			return
		}
	}
	g.sides = append(g.sides, s)
}

func stronger(a, b *advisory.Match) bool {
	if (a.By == advisory.ByCPE) != (b.By == advisory.ByCPE) {
		return b.By == advisory.ByCPE
	}
	if (a.State == advisory.Fixed) != (b.State == advisory.Fixed) {
		return a.State == advisory.Fixed
	}
	return a.Severity > b.Severity
}

// cvesOf are the CVE identifiers of a match; its own first and then alone,
// since its other aliases are then about the same thing.
func cvesOf(m *advisory.Match) []string {
	if isCVE(m.ID) {
		return []string{m.ID}
	}
	var cves []string
	for _, a := range m.Aliases {
		if isCVE(a) {
			cves = append(cves, a)
		}
	}
	return cves
}

func isCVE(id string) bool { return strings.HasPrefix(id, "CVE-") }

// vulnerabilityPrefixes are the identifier families that name one
// vulnerability each. The others (DSA, DLA, USN, RHSA, ELSA, ALAS, SUSE-SU, …)
// name an update that may fix many, and never join two matches.
var vulnerabilityPrefixes = []string{"CVE-", "GHSA-", "GO-", "PYSEC-", "RUSTSEC-", "OSV-", "MAL-", "GMS-", "NSWG-", "TEMP-", "CGA-"}

func identifiers(m *advisory.Match) []string {
	ids := []string{m.ID}
	for _, a := range m.Aliases {
		for _, prefix := range vulnerabilityPrefixes {
			if strings.HasPrefix(a, prefix) {
				ids = append(ids, a)
			}
		}
	}
	return ids
}

// record turns a group into a record and names the causes.
func record(p *inventory.Package, g *gathered, opinions []*advisory.Opinion, published Published) Record {
	slices.SortFunc(g.sides, func(a, b side) int { return cmp.Compare(a.opinion, b.opinion) })
	r := Record{PackageID: p.ID, ID: g.cve}
	if r.ID == "" {
		r.ID = g.sides[0].match.ID
	}
	aliases := map[string]bool{}
	for _, s := range g.sides {
		r.Held = append(r.Held, Held{Database: opinions[s.opinion].Database.Name, Match: s.match})
		for _, a := range append([]string{s.match.ID}, s.match.Aliases...) {
			if a != r.ID && (!isCVE(a) || g.cve == "") {
				aliases[a] = true
			}
		}
	}
	for a := range aliases {
		r.Aliases = append(r.Aliases, a)
	}
	slices.Sort(r.Aliases)
	r.Differences = differences(p, &r, opinions, published)
	r.Agreed = len(r.Held) == len(opinions) && !slices.ContainsFunc(r.Differences, func(d Difference) bool { return d.Cause != OtherID })
	return r
}

func differences(p *inventory.Package, r *Record, opinions []*advisory.Opinion, published Published) []Difference {
	var out []Difference
	for _, o := range opinions {
		if !slices.ContainsFunc(r.Held, func(h Held) bool { return h.Database == o.Database.Name }) {
			out = append(out, absence(p, r, o, published))
		}
	}
	if len(r.Held) < 2 {
		return out
	}
	add := func(c Cause, of func(*advisory.Match) string) {
		var words []string
		same := true
		for _, h := range r.Held {
			w := of(&h.Match)
			same = same && w == of(&r.Held[0].Match)
			words = append(words, h.Database+": "+w)
		}
		if !same {
			out = append(out, Difference{c, strings.Join(words, ", ")})
		}
	}
	add(FixState, func(m *advisory.Match) string { return string(m.State) })
	if !slices.ContainsFunc(r.Held, func(h Held) bool { return h.Match.State != advisory.Fixed }) {
		add(FixedVersions, func(m *advisory.Match) string { return strings.Join(m.FixedIn, " or ") })
	}
	severityCause := len(out)
	add(SeverityDiffers, func(m *advisory.Match) string { return m.Severity.String() })
	if len(out) > severityCause {
		out[severityCause].Detail = severities(r.Held)
	}
	add(OtherID, func(m *advisory.Match) string { return m.ID })
	return out
}

func severities(held []Held) string {
	var words []string
	for _, h := range held {
		w := h.Database + ": " + h.Match.Severity.String()
		if h.Match.SeverityFrom != "" {
			w += " (" + h.Match.SeverityFrom + ")"
		}
		words = append(words, w)
	}
	return strings.Join(words, ", ")
}

// absence explains why one database does not hold a record that another holds.
func absence(p *inventory.Package, r *Record, o *advisory.Opinion, published Published) Difference {
	name, held := o.Database.Name, r.Held[0]
	if g := gapFor(p, o.Gaps); g != nil {
		return Difference{NotCovered, fmt.Sprintf("%s does not cover %s: %s", name, g.Subject, g.Reason)}
	}
	if held.Match.By == advisory.ByCPE {
		return Difference{CPEOnly, fmt.Sprintf("%s matched it through a CPE; %s has no record for this package", held.Database, name)}
	}
	if published != nil && !o.Database.Built.IsZero() {
		if at := published(held.Database, held.Match.ID); at.After(o.Database.Built) {
			return Difference{OlderDatabase, fmt.Sprintf("published %s, after %s was built (%s)", at.UTC().Format(time.DateOnly), name, o.Database.Built.UTC().Format(time.DateOnly))}
		}
	}
	return Difference{OneKnows, fmt.Sprintf("%s holds it, %s does not", held.Database, name)}
}

// gapFor finds the gap that covers the package: one about its type, or one
// about its distribution. A version that could not be compared is the gap of the
// packages that have one, which the gap does not name.
func gapFor(p *inventory.Package, gaps []advisory.Gap) *advisory.Gap {
	for i := range gaps {
		g := &gaps[i]
		if (g.Subject == p.Type && g.Reason != advisory.VersionNotComparable) || (g.Distribution && p.IsOS()) {
			return g
		}
	}
	return nil
}

// count fills the tallies.
func (r *Reconciliation) count(opinions []*advisory.Opinion) {
	index := map[string]int{}
	for i, o := range opinions {
		r.Sides = append(r.Sides, Tally{Database: o.Database, Fixable: map[string]int{}, Unfixed: map[string]int{}})
		index[o.Database.Name] = i
	}
	for i := range r.Records {
		rec := &r.Records[i]
		if rec.Agreed {
			r.Agreed++
		} else {
			r.Differing++
		}
		for _, d := range rec.Differences {
			r.ByCause[d.Cause]++
		}
		for _, h := range rec.Held {
			t := &r.Sides[index[h.Database]]
			t.Records++
			if len(rec.Held) == 1 {
				t.Only++
			}
			if h.Match.State == advisory.Fixed {
				t.Fixable[h.Match.Severity.String()]++
			} else {
				t.Unfixed[h.Match.Severity.String()]++
			}
		}
	}
}
