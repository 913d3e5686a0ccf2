package bump

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/distro"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Vulnerability is a finding as far as bases are compared by it.
type Vulnerability struct {
	ID          string             `json:"id"`
	Package     string             `json:"package"`
	Version     string             `json:"version"`
	Severity    advisory.Severity  `json:"severity"`
	Disposition triage.Disposition `json:"disposition"`
	// KnownExploited is set for what CISA's catalogue lists.
	KnownExploited bool `json:"knownExploited,omitempty"`

	key string
}

// Side is an image that was examined and judged.
type Side struct {
	Reference string
	// Digests are those of its index and its manifest, as far as it has them.
	Digests []string
	// Pulled is set where it came from a registry under its name.
	Pulled  bool
	Created time.Time
	DiffIDs []string
	Verdict *verdict.Verdict
}

// vulnerabilities of a verdict whose package the filter keeps.
func vulnerabilities(v *verdict.Verdict, keep func(*triage.Finding, *inventory.Package) bool) []Vulnerability {
	packages := map[string]*inventory.Package{}
	for i := range v.Packages {
		packages[v.Packages[i].ID] = &v.Packages[i]
	}
	var all []Vulnerability
	for i := range v.Findings {
		f := &v.Findings[i]
		p := packages[f.PackageID]
		if f.Kind != triage.Vulnerability || p == nil || !keep(f, p) {
			continue
		}
		all = append(all, Vulnerability{
			ID: f.Vulnerability, Package: f.Package, Version: f.Version, Severity: f.Severity, Disposition: f.Disposition,
			KnownExploited: f.KEV != nil, key: keyOf(f, p),
		})
	}
	return all
}

// keyOf is what makes two findings the same across versions of a base: the
// vulnerability and the software. An operating system's package goes by its
// source, since distributions split one in their own ways and rename the parts.
func keyOf(f *triage.Finding, p *inventory.Package) string {
	if p.IsOS() {
		return "os\x00" + p.SourceName() + "\x00" + f.Vulnerability
	}
	return p.Type + "\x00" + p.FullName() + "\x00" + f.Vulnerability
}

// softwareOf names a package regardless of its version and place.
func softwareOf(p *inventory.Package) string {
	return p.Type + "\x00" + p.FullName()
}

// weighed are the findings of two sides against one another.
type weighed struct{ cleared, added, remaining []Vulnerability }

// weigh pairs findings of the same key, as many as both have; what is left over on
// one side is cleared or added. Remaining are the candidate's.
func weigh(before, after []Vulnerability) weighed {
	was := map[string]int{}
	for i := range before {
		was[before[i].key]++
	}
	is := map[string]int{}
	var w weighed
	for i := range after {
		v := &after[i]
		if is[v.key]++; is[v.key] <= was[v.key] {
			w.remaining = append(w.remaining, *v)
		} else {
			w.added = append(w.added, *v)
		}
	}
	met := map[string]int{}
	for i := range before {
		v := &before[i]
		if met[v.key]++; met[v.key] > is[v.key] {
			w.cleared = append(w.cleared, *v)
		}
	}
	for _, list := range [][]Vulnerability{w.cleared, w.added, w.remaining} {
		slices.SortStableFunc(list, func(a, b Vulnerability) int {
			return cmp.Or(trueFirst(a.Disposition == triage.Rebuild, b.Disposition == triage.Rebuild), trueFirst(a.KnownExploited, b.KnownExploited),
				cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Package, b.Package), cmp.Compare(a.ID, b.ID))
		})
	}
	return w
}

func count(list []Vulnerability) Counts {
	var c Counts
	for i := range list {
		switch list[i].Disposition {
		case triage.Rebuild:
			c.Urgent++
			c.Fixable++
		case triage.Defer:
			c.Fixable++
		case triage.Track:
			c.Unfixed++
		}
	}
	return c
}

// subject is the image as far as every candidate is held against it.
type subject struct {
	before   []Vulnerability
	replaced map[string]bool
	standing Standing
	runtimes []*inventory.Package
}

// split divides an image's findings between its base, whose layers are the first
// ones, and what was built on it. below is what those layers alone hold: packages
// of it that the image has no more, or has from a higher layer, are replaced by
// the application's own lines, and will be on another base too.
func split(v *verdict.Verdict, layers int, below *inventory.Inventory, now time.Time) (subject, Counts) {
	own := map[string]bool{}
	fromBase := func(p *inventory.Package) bool { return p.Origin.Index >= 0 && p.Origin.Index < layers }
	s := subject{replaced: map[string]bool{}}
	for i := range v.Packages {
		if p := &v.Packages[i]; fromBase(p) {
			own[softwareOf(p)] = true
			s.standing.Packages++
			if isRuntime(p) {
				s.runtimes = append(s.runtimes, p)
				s.standing.Runtimes = appendNew(s.standing.Runtimes, p.Name+" "+p.Version)
			}
		}
	}
	for i := range below.Packages {
		if p := &below.Packages[i]; present(p) && !own[softwareOf(p)] {
			s.replaced[softwareOf(p)] = true
		}
	}
	s.before = vulnerabilities(v, func(_ *triage.Finding, p *inventory.Package) bool { return fromBase(p) })
	above := vulnerabilities(v, func(_ *triage.Finding, p *inventory.Package) bool { return !fromBase(p) })
	for _, l := range v.Image.Layers[:min(layers, len(v.Image.Layers))] {
		s.standing.Size += l.Size
	}
	s.standing.Counts = count(s.before)
	s.standing.Distribution = below.Distribution
	s.standing.Support = supportOf(below.Distribution, now)
	return s, count(above)
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func present(p *inventory.Package) bool {
	return p.Liveness == inventory.Visible || p.Liveness == inventory.Ghost
}

// isRuntime knows the languages' runtimes among what classifiers find.
func isRuntime(p *inventory.Package) bool {
	if p.Type != "generic" || !present(p) {
		return false
	}
	return slices.Contains([]string{"python", "pypy", "node", "deno", "bun", "go", "ruby", "php", "php-cli", "php-fpm", "perl", "openjdk", "jre", "zulu", "graalvm", "erlang", "elixir", "rust", "julia"}, p.Name)
}

// supportOf says until when a release gets what everyone gets.
func supportOf(d *inventory.Distribution, now time.Time) Support {
	stage := distro.EndedBy(d, now)
	s := Support{Stage: string(stage), Covered: distro.Covered(d, now)}
	if dates, ok := distro.EndOfLife(d); ok {
		s.ends = dates.Standard
		if dates.LTS.After(s.ends) {
			s.ends = dates.LTS
		}
		if d.Extended != "" && dates.Extended.After(s.ends) {
			s.ends = dates.Extended
		}
		if !s.ends.IsZero() {
			s.Ends = s.ends.Format(time.DateOnly)
		}
	}
	return s
}

// standingOf is the candidate as a base of its own.
func standingOf(v *verdict.Verdict, now time.Time) (Standing, []*inventory.Package) {
	s := Standing{Packages: len(v.Packages), Distribution: v.Image.Distribution, Support: supportOf(v.Image.Distribution, now)}
	var runtimes []*inventory.Package
	for _, l := range v.Image.Layers {
		s.Size += l.Size
	}
	for i := range v.Packages {
		if p := &v.Packages[i]; isRuntime(p) {
			runtimes = append(runtimes, p)
			s.Runtimes = appendNew(s.Runtimes, p.Name+" "+p.Version)
		}
	}
	return s, runtimes
}

// weighCandidate holds a candidate's findings against the base's.
func weighCandidate(s *subject, side *Side, now time.Time) (Candidate, []*inventory.Package) {
	v := side.Verdict
	c := Candidate{Reference: side.Reference, Created: side.Created}
	if len(side.Digests) > 0 {
		c.Digest = side.Digests[0]
	}
	var runtimes []*inventory.Package
	c.Standing, runtimes = standingOf(v, now)
	after := vulnerabilities(v, func(_ *triage.Finding, p *inventory.Package) bool { return !s.replaced[softwareOf(p)] })
	w := weigh(s.before, after)
	c.Counts = count(after)
	c.Clears, c.Adds, c.Remains = count(w.cleared), count(w.added), count(w.remaining)
	c.Cleared, c.Added, c.Remaining = w.cleared, w.added, w.remaining
	c.Gain = c.Clears.Urgent - c.Adds.Urgent
	c.Blocked = blocked(v, &c)
	return c, runtimes
}

// blocked gives the reasons why a candidate's count says nothing, or nobody
// should build on it.
func blocked(v *verdict.Verdict, c *Candidate) []string {
	var why []string
	if v.Headline.Planted > 0 || v.Headline.Altered > 0 {
		why = append(why, fmt.Sprintf("it holds %d signs of planted code and %d altered executables: look at it with plimsoll scan", v.Headline.Planted, v.Headline.Altered))
	}
	if !v.Coverage.Complete {
		why = append(why, "part of it could not be examined")
	}
	if !c.Support.Covered {
		why = append(why, "its distribution's release gets no fixes since "+firstOf(c.Support.Ends, "its end of life")+", and no advisories either")
	}
	if len(v.Packages) == 0 {
		why = append(why, "no package was recognised in it, which says nothing about what it holds")
	}
	if n := len(v.Coverage.Databases); n > 0 && uncovered(v) == n && c.Distribution != nil {
		why = append(why, "no database covers its distribution")
	}
	return why
}

// uncovered counts the databases that can't judge the image's distribution.
func uncovered(v *verdict.Verdict) int {
	n := 0
	for _, gaps := range v.Coverage.Gaps {
		if slices.ContainsFunc(gaps, func(g advisory.Gap) bool { return g.Distribution }) {
			n++
		}
	}
	return n
}
