package trivydb

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
)

// ecosystem says where a purl type's advisories are and how its versions order.
type ecosystem struct {
	prefix string
	scheme version.Scheme
}

// ecosystems lists the purl types that trivy's client can match (trivy
// pkg/detector/library/driver.go).
var ecosystems = map[string]ecosystem{
	"npm":       {"npm", version.Npm},
	"pypi":      {"pip", version.Python},
	"golang":    {"go", version.Segmented},
	"maven":     {"maven", version.Maven},
	"gem":       {"rubygems", version.Gem},
	"cargo":     {"cargo", version.Segmented},
	"composer":  {"composer", version.Segmented},
	"nuget":     {"nuget", version.Segmented},
	"hex":       {"erlang", version.Segmented},
	"pub":       {"pub", version.Segmented},
	"swift":     {"swift", version.Segmented},
	"cocoapods": {"cocoapods", version.Gem},
	"conan":     {"conan", version.Segmented},
	"julia":     {"julia", version.Segmented},
	"bitnami":   {"bitnami", version.Bitnami},
}

func (m *matcher) matchLanguage(p *inventory.Package) error {
	eco, ok := ecosystems[p.Type]
	buckets := m.db.languages[eco.prefix]
	if !ok || len(buckets) == 0 {
		m.gaps.Add(p.Type, advisory.TypeNotCovered)
		return nil
	}
	id := identity{name: languageName(p), version: p.Version, by: advisory.ByEcosystem}
	var err error
	if id.parsed, err = version.Parse(eco.scheme, p.Version); err != nil {
		m.gaps.Add(p.Type, advisory.VersionNotComparable)
		return nil
	}
	// A later bucket's record replaces an earlier one's of the same ID, even
	// where only the earlier one would hold.
	records := map[string]record{}
	for _, bucket := range buckets {
		err := m.eachRecord(bucket, id.name, func(r record) error {
			records[r.id] = r
			return nil
		})
		if err != nil {
			return err
		}
	}
	found := findings{}
	for vulnID, r := range records {
		if holds(eco.scheme, id.parsed, &r) {
			fixed := fixedVersions(id.parsed, &r)
			found[vulnID] = &finding{
				record: r, fixedIn: fixed, state: stateOf(r.Status, strings.Join(fixed, "")),
				severity: severityOf(r.Severity), affected: strings.Join(r.Vulnerable, " || "),
			}
		}
	}
	return m.add(p, id, found)
}

// languageName spells the name as trivy-db's keys do.
func languageName(p *inventory.Package) string {
	name := p.FullName()
	switch p.Type {
	case "golang", "cocoapods", "julia":
		return name
	case "pypi":
		return strings.ReplaceAll(strings.ToLower(name), "_", "-")
	case "swift":
		return strings.TrimSuffix(strings.TrimPrefix(name, "https://"), ".git")
	}
	return strings.ToLower(name)
}

// holds decides as trivy does: an empty text among the vulnerable or patched
// versions means every version; else v must be vulnerable, and neither patched
// nor unaffected. A range that cannot be read holds against nothing.
func holds(s version.Scheme, v version.Version, r *record) bool {
	if slices.Contains(r.Vulnerable, "") || slices.Contains(r.Patched, "") {
		return true
	}
	if len(r.Vulnerable) > 0 && !within(s, v, r.Vulnerable) {
		return false
	}
	secure := slices.Concat(r.Patched, r.Unaffected)
	if len(secure) == 0 {
		return len(r.Vulnerable) > 0
	}
	in, err := withinOr(s, v, secure)
	return err == nil && !in
}

func within(s version.Scheme, v version.Version, ranges []string) bool {
	in, err := withinOr(s, v, ranges)
	return err == nil && in
}

func withinOr(s version.Scheme, v version.Version, ranges []string) (bool, error) {
	r, err := version.ParseTrivy(s, strings.Join(ranges, " || "))
	if err != nil {
		return false, err
	}
	return r.ContainsTrivy(v)
}

// fixedVersions lists the versions newer than v that fix the advisory: the
// patched ones, or else the ends of the vulnerable ranges. Where none is newer
// or comparable, all are listed.
func fixedVersions(v version.Version, r *record) []string {
	var all []string
	for _, p := range r.Patched {
		all = append(all, firstSecure(p))
	}
	if len(r.Patched) == 0 {
		for _, vulnerable := range r.Vulnerable {
			all = append(all, upperEnds(vulnerable)...)
		}
	}
	var newer []string
	for _, fixed := range all {
		if c, err := v.CompareTo(fixed); err == nil && c < 0 {
			newer = append(newer, fixed)
		}
	}
	if len(newer) == 0 {
		return sortedUnique(all, "")
	}
	slices.SortFunc(newer, func(a, b string) int {
		x, err := version.Parse(v.Scheme(), a)
		if err != nil {
			return 0
		}
		c, _ := x.CompareTo(b) // every one of them compared with v
		return c
	})
	return slices.Compact(newer)
}

// firstSecure takes the version out of a patched range: "~> 4.2.5, >= 4.2.5.1"
// starts with 4.2.5.1. A range with no start that it contains stays as text.
func firstSecure(text string) string {
	last := ""
	for term := range strings.SplitSeq(text, ",") {
		term = strings.TrimSpace(term)
		v := strings.TrimSpace(strings.TrimLeft(term, ">=~^"))
		switch op := term[:len(term)-len(strings.TrimLeft(term, "<>=~^!"))]; op {
		case "", "=", "==", ">=", "=>", "~>", "~", "^":
			last = v
		}
	}
	if last == "" {
		return strings.TrimSpace(text)
	}
	return last
}

func upperEnds(text string) []string {
	var ends []string
	for term := range strings.SplitSeq(text, ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(term), "<"); ok && !strings.HasPrefix(v, "=") {
			ends = append(ends, strings.TrimSpace(v))
		}
	}
	return ends
}
