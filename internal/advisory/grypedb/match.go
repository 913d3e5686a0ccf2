package grypedb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
)

// matcher is the state of one Match call.
type matcher struct {
	db      *DB
	gaps    advisory.GapList
	matches []advisory.Match

	distribution string // grype's name for it; "" where unknown
	subject      string // the release as it is said in a Gap
	refused      string // why OS packages cannot be judged; "" where they can
	oses         []int64
	// channelOSes are the rows of the extended support that the image has,
	// exactOSes those of the distribution itself where it borrows another's.
	channelOSes, exactOSes []int64
	eus                    osSpec

	handles map[string][]handle
	vulns   map[int64]*vuln
	cves    map[string]*cveRecord
	ranges  map[rangeKey]*version.Range
}

type rangeKey struct{ scheme, constraint string }

// Match implements advisory.Database.
func (db *DB) Match(ctx context.Context, inv *inventory.Inventory) (*advisory.Opinion, error) {
	m := &matcher{
		db: db, handles: map[string][]handle{}, vulns: map[int64]*vuln{},
		cves: map[string]*cveRecord{}, ranges: map[rangeKey]*version.Range{},
	}
	m.chooseRelease(inv.Distribution)
	for i := range inv.Packages {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &inv.Packages[i]
		if len(m.matches) >= advisory.MaxMatches {
			m.gaps.Add(p.Type, advisory.TooManyMatches)
			continue
		}
		if err := m.matchPackage(p); err != nil {
			return nil, fmt.Errorf("match %s with grype DB: %w", p.ID, err)
		}
	}
	slices.SortFunc(m.matches, func(a, b advisory.Match) int {
		return cmp.Or(cmp.Compare(a.PackageID, b.PackageID), cmp.Compare(a.ID, b.ID))
	})
	return &advisory.Opinion{Database: db.info, Matches: m.matches, Gaps: m.gaps.Gaps()}, nil
}

func (m *matcher) chooseRelease(d *inventory.Distribution) {
	if d == nil || d.ID == "" {
		m.subject, m.refused = "operating system packages", advisory.NoDistribution
		return
	}
	m.subject = strings.TrimSpace(d.ID + " " + d.VersionID)
	spec, ok := specOf(d)
	if !ok {
		m.refused = advisory.DistributionNotCovered
		return
	}
	m.distribution = spec.name
	m.oses = m.db.meta.resolve(spec, false)
	if spec.name == "almalinux" {
		// AlmaLinux is judged by Red Hat's disclosures and its own corrections.
		red := spec
		red.name = "redhat"
		m.oses, m.exactOSes = m.db.meta.resolve(red, false), m.db.meta.resolve(spec, true)
	}
	if channel := channelOf(spec.name, d.Extended); channel != "" {
		extended := spec
		extended.channel = channel
		m.channelOSes, m.eus = m.db.meta.resolve(extended, false), extended
	}
	if len(m.oses) == 0 {
		m.refused = advisory.DistributionNotCovered
		if m.db.meta.covers(spec) {
			m.refused = advisory.ReleaseNotCovered
		}
	}
}

// channelOf returns the extended-support channel that an image subscribes to.
func channelOf(distribution, extended string) string {
	switch {
	case distribution == "ubuntu" && extended == "esm", distribution == "redhat" && extended == "eus":
		return extended
	}
	return ""
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

// search is one identity under which a package is looked up.
type search struct {
	name, version string
	arch, module  string
	rpm           bool
	by            advisory.MatchedBy
	scheme        version.Scheme
	parsed        version.Version
}

func (m *matcher) newSearch(p *inventory.Package, name, v string, scheme version.Scheme, by advisory.MatchedBy) *search {
	s := &search{name: name, version: v, arch: p.Arch, module: p.Module, rpm: p.Type == "rpm", by: by, scheme: scheme}
	var err error
	if s.parsed, err = version.Parse(scheme, v); err != nil {
		s.parsed = version.Unreadable(v) // a range's own scheme may still read it
	}
	return s
}

// usable reports whether the package has a version; others are a gap.
func (m *matcher) usable(subject, v string, scheme version.Scheme) bool {
	if v == "" || strings.EqualFold(v, "unknown") {
		m.gaps.Add(subject, advisory.VersionNotComparable)
		return false
	}
	if _, err := version.Parse(scheme, v); err != nil {
		m.gaps.Add(subject, advisory.VersionNotComparable)
	}
	return true
}

// lookup returns the handles of a package name in the given releases; 0 stands
// for none, which is how language packages are stored.
func (m *matcher) lookup(ecosystem, name string, oses ...int64) ([]handle, error) {
	var all []handle
	for _, os := range oses {
		key := packageKey(ecosystem, name, os)
		found, ok := m.handles[string(key)]
		if !ok {
			value, err := m.db.lookup.get(key)
			if err != nil {
				return nil, err
			}
			if value != nil {
				if found, err = decodeHandles(value); err != nil {
					return nil, m.db.lookup.damaged(err)
				}
			}
			m.handles[string(key)] = found
		}
		all = append(all, found...)
	}
	return all, nil
}

func (m *matcher) vuln(row int64) (*vuln, error) {
	if v, ok := m.vulns[row]; ok {
		return v, nil
	}
	value, err := m.db.lookup.get(vulnKey(row))
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, m.db.lookup.damaged(fmt.Errorf("no vulnerability in row %d", row))
	}
	v, err := decodeVuln(value)
	if err != nil {
		return nil, m.db.lookup.damaged(err)
	}
	m.vulns[row] = v
	return v, nil
}

func (m *matcher) cve(id string) (*cveRecord, error) {
	c, ok := m.cves[id]
	if !ok {
		var err error
		if c, err = m.db.cve(id); err != nil {
			return nil, err
		}
		m.cves[id] = c
	}
	return c, nil
}

// rangeOf parses a range once; nil stands for one that cannot be read.
func (m *matcher) rangeOf(s *span) *version.Range {
	key := rangeKey{s.scheme, s.constraint}
	r, ok := m.ranges[key]
	if !ok {
		r, _ = version.ParseGrype(schemeOf(s.scheme), s.constraint)
		m.ranges[key] = r
	}
	return r
}

// holdingSpans returns the spans that contain the version. A handle without
// spans holds against every version, said by a single empty span.
func (m *matcher) holdingSpans(h *handle, v version.Version) []span {
	if len(h.spans) == 0 {
		return []span{{}}
	}
	var holding []span
	for i := range h.spans {
		r := m.rangeOf(&h.spans[i])
		if r == nil {
			continue
		}
		if in, err := r.Contains(v); err == nil && in {
			holding = append(holding, h.spans[i])
		}
	}
	return holding
}

// qualifies reports whether the record speaks of this package: its platform,
// RPM module and architecture.
func (m *matcher) qualifies(h *handle, s *search) bool {
	for _, platform := range h.platformCPEs {
		if !platformAllows(platform, m.distribution) {
			return false
		}
	}
	if h.modularity != nil && s.rpm && !m.inModule(*h.modularity, s.module) {
		return false
	}
	if h.rootio && !strings.Contains(strings.ToLower(s.name+s.version), "root.io") {
		return false
	}
	return h.arch == "" || m.forArch(h, s)
}

// inModule: a record without a module is for packages outside modules. A
// package without a label says nothing on Oracle Linux.
func (m *matcher) inModule(record, label string) bool {
	switch {
	case label == "" && m.distribution == "oraclelinux":
		return true
	case record == "":
		return label == ""
	}
	return strings.HasPrefix(label, record)
}

// Architectures that records name besides the concrete ones.
const (
	archSource = "src"
	archBinary = "binary-no-arch-specified"
)

// forArch: an unknown or independent architecture is affected by every record
// and excused by none.
func (m *matcher) forArch(h *handle, s *search) bool {
	independent := s.arch == "noarch" || s.arch == "all" || h.arch == "noarch" || h.arch == "all"
	switch {
	case s.arch == "":
		return !h.unaffected
	case independent && !h.unaffected:
		return true
	case h.arch == archSource:
		return true
	case h.arch == archBinary:
		return s.arch != archSource
	}
	return m.canonicalArch(s.arch) == m.canonicalArch(h.arch)
}

func (m *matcher) canonicalArch(a string) string {
	if c, ok := m.db.meta.ArchAliases[a]; ok {
		return c
	}
	return a
}

// schemes maps the database's names of version formats; others are Unknown.
var schemes = map[string]version.Scheme{
	"semantic": version.Segmented, "semver": version.Segmented, "npm": version.Segmented,
	"nuget": version.Segmented, "composer": version.Segmented, "hex": version.Segmented,
	"pub": version.Segmented, "swift": version.Segmented, "conan": version.Segmented,
	"cocoapods": version.Segmented, "hackage": version.Segmented,
	"apk": version.Apk, "bitnami": version.Bitnami,
	"deb": version.Deb, "dpkg": version.Deb,
	"go": version.Go, "golang": version.Go, "go-module": version.Go,
	"maven": version.Maven, "java-archive": version.Maven, "jenkins-plugin": version.Maven,
	"rpm":    version.RPMLoose,
	"python": version.Python, "pypi": version.Python, "pep440": version.Python,
	"gem": version.Gem, "kb": version.KB, "msrc-kb": version.KB,
	"jvm": version.JVM, "jre": version.JVM, "jdk": version.JVM, "openjdk": version.JVM, "jep223": version.JVM,
	"pacman": version.Alpm, "alpm": version.Alpm,
}

func schemeOf(format string) version.Scheme { return schemes[lower(format)] }
