package trivydb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
)

// matcher is the state of one Match call.
type matcher struct {
	db      *DB
	tx      *bolt.Tx
	gaps    advisory.GapList
	matches []advisory.Match
	roots   map[string]*bolt.Bucket
	vulns   map[string]*vulnerability

	stream stream
	// refused is why OS packages cannot be judged; "" where they can.
	refused string
	// products are the Red Hat product indices of the image's repositories.
	products map[int]bool
}

// Match implements advisory.Database.
func (db *DB) Match(ctx context.Context, inv *inventory.Inventory) (*advisory.Opinion, error) {
	m := &matcher{db: db, roots: map[string]*bolt.Bucket{}, vulns: map[string]*vulnerability{}}
	err := db.view(func(tx *bolt.Tx) error {
		m.tx = tx
		if err := m.chooseStream(inv.Distribution); err != nil {
			return err
		}
		for i := range inv.Packages {
			if err := ctx.Err(); err != nil {
				return err
			}
			if len(m.matches) >= advisory.MaxMatches {
				m.gaps.Add(inv.Packages[i].Type, advisory.TooManyMatches)
				continue
			}
			if err := m.matchPackage(&inv.Packages[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("match with trivy-db: %w", err)
	}
	return &advisory.Opinion{Database: db.info, Matches: m.sorted(), Gaps: m.gaps.Gaps()}, nil
}

func (m *matcher) chooseStream(d *inventory.Distribution) error {
	if d == nil || d.ID == "" {
		m.stream.subject, m.refused = "operating system packages", advisory.NoDistribution
		return nil
	}
	var ok bool
	if m.stream, ok = streamOf(d); !ok {
		m.refused = advisory.DistributionNotCovered
		return nil
	}
	if d.Extended == "esm" && m.db.buckets[m.stream.bucket+"-ESM"] {
		m.stream.bucket += "-ESM"
	}
	if !m.db.buckets[m.stream.bucket] {
		m.refused = advisory.DistributionNotCovered
		for name := range m.db.buckets {
			if strings.HasPrefix(name, m.stream.family) {
				m.refused = advisory.ReleaseNotCovered
				break
			}
		}
		return nil
	}
	if m.stream.redHat {
		return m.chooseProducts(d)
	}
	return nil
}

func (m *matcher) matchPackage(p *inventory.Package) error {
	switch {
	case p.OwnedBy != "":
		return nil // judged by the advisories of the distribution
	case advisory.IsKernelHeaders(p):
		m.gaps.Add(p.Name, advisory.KernelHeadersReason)
		return nil
	case p.IsOS():
		return m.matchOS(p)
	}
	return m.matchLanguage(p)
}

func (m *matcher) matchOS(p *inventory.Package) error {
	s := &m.stream
	if m.refused != "" {
		m.gaps.Add(s.subject, m.refused)
		return nil
	}
	if p.Type != s.purlType {
		m.gaps.Add(p.Type+" on "+s.subject, advisory.TypeNotCovered)
		return nil
	}
	id := identity{name: p.Name, version: p.Version, by: advisory.ByBinary, arch: p.Arch}
	if s.bySource {
		id.name, id.by = p.SourceName(), advisory.BySource
	}
	if s.sourceVersion {
		id.version = p.SourceVersion()
	}
	if s.modular {
		id.name = moduleName(id.name, p.Module)
	}
	var err error
	if id.parsed, err = version.Parse(s.scheme, id.version); err != nil {
		m.gaps.Add(s.subject, advisory.VersionNotComparable)
		return nil
	}
	found := findings{}
	err = m.eachRecord(s.bucket, id.name, func(r record) error {
		m.judgeOS(found, id, &r)
		return nil
	})
	if err != nil {
		return err
	}
	return m.add(p, id, found)
}

// identity is what a package was looked up by.
type identity struct {
	name, version, arch string
	parsed              version.Version
	by                  advisory.MatchedBy
}

// finding is one advisory that holds; findings are by vulnerability ID.
type finding struct {
	record   record
	fixedIn  []string
	state    advisory.FixState
	severity advisory.Severity // the advisory's own; Unknown where it has none
	affected string
}

type findings map[string]*finding

func (m *matcher) judgeOS(found findings, id identity, r *record) {
	switch {
	case m.stream.redHat:
		m.judgeRedHat(found, id, r)
	case len(r.Entries) > 0 && m.stream.entriesByArch:
		for i := range r.Entries {
			e := &r.Entries[i]
			if id.arch == "" || slices.Contains(e.Arches, id.arch) {
				m.judgeVersion(found, id, r, e.FixedVersion, e.VendorIDs, e.Status, e.Severity)
			}
		}
	default:
		m.judgeVersion(found, id, r, r.FixedVersion, r.VendorIDs, r.Status, r.Severity)
	}
}

// judgeVersion adds the record where the installed version is before the
// fixed one, or where nothing is fixed. Of several entries of one advisory
// that hold, the newest fix is kept.
func (m *matcher) judgeVersion(found findings, id identity, r *record, fixed string, vendorIDs []string, status, severity int) {
	if !before(id.parsed, fixed) || !notBefore(id.parsed, r.AffectedVersion) {
		return
	}
	if m.stream.flavoured && oracleFlavour(fixed) != oracleFlavour(id.version) {
		return
	}
	state := stateOf(status, fixed)
	if state == advisory.NotAffected {
		return
	}
	add(found, r.id, &finding{
		record: *r, fixedIn: fixedList(fixed), state: state,
		severity: severityOf(severity), affected: affectedBelow(fixed),
	}, vendorIDs, id.parsed.Scheme())
}

// add merges a finding with an earlier one of the same vulnerability: a fixed
// version beats none, a newer one an older one.
func add(found findings, id string, f *finding, vendorIDs []string, scheme version.Scheme) {
	old := found[id]
	if old == nil {
		f.record.id, f.record.VendorIDs = id, vendorIDs
		found[id] = f
		return
	}
	old.record.VendorIDs = append(old.record.VendorIDs, vendorIDs...)
	if len(f.fixedIn) == 0 || len(old.fixedIn) > 0 && !older(scheme, old.fixedIn[0], f.fixedIn[0]) {
		return
	}
	old.fixedIn, old.state, old.affected = f.fixedIn, f.state, f.affected
	if f.severity != advisory.Unknown {
		old.severity = f.severity
	}
}

func older(s version.Scheme, a, b string) bool {
	v, err := version.Parse(s, a)
	if err != nil {
		return true
	}
	c, err := v.CompareTo(b)
	return err == nil && c < 0
}

// before reports whether v is older than fixed; every version is where fixed
// is empty. A fixed version that its scheme cannot read decides nothing.
func before(v version.Version, fixed string) bool {
	if fixed == "" {
		return true
	}
	c, err := v.CompareTo(fixed)
	return err == nil && c < 0
}

func notBefore(v version.Version, from string) bool {
	if from == "" {
		return true
	}
	c, err := v.CompareTo(from)
	return err == nil && c >= 0
}

func fixedList(fixed string) []string {
	if fixed == "" {
		return nil
	}
	return []string{fixed}
}

func affectedBelow(fixed string) string {
	if fixed == "" {
		return ""
	}
	return "< " + fixed
}

// root returns a top-level bucket, or nil.
func (m *matcher) root(name string) *bolt.Bucket {
	b, ok := m.roots[name]
	if !ok {
		b = m.tx.Bucket([]byte(name))
		m.roots[name] = b
	}
	return b
}

// eachRecord calls f with the advisories of one package in one bucket.
func (m *matcher) eachRecord(bucket, pkg string, f func(r record) error) error {
	root := m.root(bucket)
	if root == nil || pkg == "" {
		return nil
	}
	b := root.Bucket([]byte(pkg))
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if len(v) == 0 {
			continue
		}
		r, err := decodeRecord(bucket, string(k), v)
		if err != nil {
			return err
		}
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

// add turns what holds against one package into matches.
func (m *matcher) add(p *inventory.Package, id identity, found findings) error {
	for vulnID, f := range found {
		v, err := m.vulnerability(vulnID)
		if err != nil {
			return err
		}
		source := m.db.sources[f.record.bucket]
		severity, from := f.severity, ownSource(m.stream, source)
		if severity == advisory.Unknown {
			severity, from = v.severity(vulnID, source)
		}
		m.matches = append(m.matches, advisory.Match{
			PackageID: p.ID, ID: vulnID,
			Aliases:  sortedUnique(f.record.VendorIDs, vulnID),
			Severity: severity, SeverityFrom: from,
			State: f.state, FixedIn: f.fixedIn, Affected: f.affected,
			By: id.by, MatchedName: id.name, MatchedVersion: id.version,
			Provider: source, CVSS: v.cvss,
		})
	}
	return nil
}

// ownSource is who gave an advisory's own severity: its data source, except
// that Red Hat's sources are one vendor.
func ownSource(s stream, source string) string {
	if s.redHat || strings.HasPrefix(source, "redhat") {
		return "redhat"
	}
	return source
}

func (m *matcher) sorted() []advisory.Match {
	slices.SortFunc(m.matches, func(a, b advisory.Match) int {
		return cmp.Or(cmp.Compare(a.PackageID, b.PackageID), cmp.Compare(a.ID, b.ID))
	})
	return m.matches
}
