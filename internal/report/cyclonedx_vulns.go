package report

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// vulnerabilities lists each vulnerability once, with every package that it
// affects, in the order of the findings. Findings of other kinds have no place
// in an SBOM.
func vulnerabilities(v *verdict.Verdict) *[]cdx.Vulnerability {
	b := &vulnerabilityList{at: map[string]int{}, said: map[string]bool{}}
	packages := packagesByID(v.Packages)
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Kind == triage.Vulnerability && f.Vulnerability != "" && f.PackageID != "" {
			b.add(f, packages[f.PackageID])
		}
	}
	if len(b.list) == 0 {
		return nil
	}
	return &b.list
}

// vulnerabilityList gathers findings under their vulnerabilities.
type vulnerabilityList struct {
	list []cdx.Vulnerability
	at   map[string]int
	// said holds what has been written, each part under its vulnerability, so
	// that nothing is written twice and no list is searched.
	said map[string]bool
}

// once reports whether something is said of a vulnerability for the first time.
func (b *vulnerabilityList) once(parts ...string) bool {
	key := strings.Join(parts, "\x00")
	if b.said[key] {
		return false
	}
	b.said[key] = true
	return true
}

// add says one package's view of a vulnerability: where it is, how bad, and
// what fixes it there.
func (b *vulnerabilityList) add(f *triage.Finding, pkg *inventory.Package) {
	n, seen := b.at[f.Vulnerability]
	if !seen {
		n = len(b.list)
		b.at[f.Vulnerability] = n
		b.list = append(b.list, newVulnerability(f))
	}
	v := &b.list[n]
	if b.once(v.ID, "affects", f.PackageID) {
		affects := cdx.Affects{Ref: f.PackageID}
		if f.Version != "" {
			affects.Range = &[]cdx.AffectedVersions{{Version: bounded(f.Version), Status: cdx.VulnerabilityStatusAffected}}
		}
		*v.Affects = append(*v.Affects, affects)
	}
	for _, r := range ratings(f) {
		source := ""
		if r.Source != nil {
			source = r.Source.Name
		}
		if b.once(v.ID, "rating", string(r.Severity), string(r.Method), r.Vector, source) {
			*v.Ratings = append(*v.Ratings, r)
		}
	}
	if advice := recommendation(f, pkg); advice != "" && b.once(v.ID, "advice", advice) {
		if v.Recommendation != "" {
			v.Recommendation += "; "
		}
		v.Recommendation += advice
	}
	var p properties
	p.add("heldBy", strings.Join(f.HeldBy, ","))
	p.add("disposition", string(f.Disposition))
	p.add("fixState", string(f.Fix.State))
	for _, property := range p {
		if !b.once(v.ID, "property", property.Name, property.Value) {
			continue
		}
		if v.Properties == nil {
			v.Properties = &[]cdx.Property{}
		}
		*v.Properties = append(*v.Properties, property)
	}
}

func newVulnerability(f *triage.Finding) cdx.Vulnerability {
	v := cdx.Vulnerability{
		BOMRef:  "vulnerability:" + f.Vulnerability,
		ID:      f.Vulnerability,
		Source:  publisher(f.Vulnerability),
		Ratings: &[]cdx.VulnerabilityRating{},
		Affects: &[]cdx.Affects{},
	}
	v.Description = f.Title
	if len(f.Aliases) > 0 {
		references := make([]cdx.VulnerabilityReference, 0, len(f.Aliases))
		for _, alias := range f.Aliases {
			references = append(references, cdx.VulnerabilityReference{ID: alias, Source: publisher(alias)})
		}
		v.References = &references
	}
	var p properties
	if f.EPSS != nil {
		p.add("epss:probability", strconv.FormatFloat(f.EPSS.Probability, 'f', -1, 64))
		p.add("epss:percentile", strconv.FormatFloat(f.EPSS.Percentile, 'f', -1, 64))
		p.add("epss:date", f.EPSS.Date)
	}
	if f.KEV != nil {
		p.add("kev", "true")
		p.add("kev:dateAdded", f.KEV.DateAdded)
		p.add("kev:dueDate", f.KEV.DueDate)
	}
	v.Properties = p.list()
	return v
}

// ratings are the severity that decided, and the CVSS score.
func ratings(f *triage.Finding) []cdx.VulnerabilityRating {
	severity := cdx.VulnerabilityRating{Severity: cdxSeverity(f.Severity), Method: cdx.ScoringMethodOther}
	if f.SeverityFrom != "" {
		severity.Source = &cdx.Source{Name: f.SeverityFrom}
	}
	list := []cdx.VulnerabilityRating{severity}
	if c := f.CVSS; c != nil {
		score := c.Score
		rating := cdx.VulnerabilityRating{Score: &score, Vector: c.Vector, Method: scoringMethod(c)}
		if c.Source != "" {
			rating.Source = &cdx.Source{Name: c.Source}
		}
		list = append(list, rating)
	}
	return list
}

func cdxSeverity(s advisory.Severity) cdx.Severity {
	switch s {
	case advisory.Critical:
		return cdx.SeverityCritical
	case advisory.High:
		return cdx.SeverityHigh
	case advisory.Medium:
		return cdx.SeverityMedium
	case advisory.Low:
		return cdx.SeverityLow
	case advisory.Negligible:
		return cdx.SeverityInfo
	}
	return cdx.SeverityUnknown
}

func scoringMethod(c *advisory.CVSS) cdx.ScoringMethod {
	switch {
	case strings.HasPrefix(c.Version, "4"):
		return cdx.ScoringMethodCVSSv4
	case c.Version == "3.1":
		return cdx.ScoringMethodCVSSv31
	case strings.HasPrefix(c.Version, "3"):
		return cdx.ScoringMethodCVSSv3
	case strings.HasPrefix(c.Version, "2"):
		return cdx.ScoringMethodCVSSv2
	}
	return cdx.ScoringMethodOther
}

// recommendation is "upgrade openssl to 3.0.15-1~deb12u1", empty without a fix.
func recommendation(f *triage.Finding, pkg *inventory.Package) string {
	if len(f.Fix.Versions) == 0 {
		return ""
	}
	name := f.Package
	if pkg != nil && pkg.IsOS() {
		name = pkg.SourceName()
	}
	return fmt.Sprintf("upgrade %s to %s", name, strings.Join(f.Fix.Versions, " or "))
}

// publisher says who publishes an identifier, and where it can be read.
func publisher(id string) *cdx.Source {
	escaped := url.PathEscape(id)
	switch {
	case strings.HasPrefix(id, "CVE-"):
		return &cdx.Source{Name: "NVD", URL: "https://nvd.nist.gov/vuln/detail/" + escaped}
	case strings.HasPrefix(id, "GHSA-"):
		return &cdx.Source{Name: "GitHub", URL: "https://github.com/advisories/" + escaped}
	case strings.HasPrefix(id, "GO-"):
		return &cdx.Source{Name: "Go", URL: "https://pkg.go.dev/vuln/" + escaped}
	case strings.HasPrefix(id, "DSA-"), strings.HasPrefix(id, "DLA-"):
		return &cdx.Source{Name: "Debian", URL: "https://security-tracker.debian.org/tracker/" + escaped}
	case strings.HasPrefix(id, "USN-"):
		return &cdx.Source{Name: "Ubuntu", URL: "https://ubuntu.com/security/notices/" + escaped}
	case strings.HasPrefix(id, "RHSA-"), strings.HasPrefix(id, "RHBA-"), strings.HasPrefix(id, "RHEA-"):
		return &cdx.Source{Name: "Red Hat", URL: "https://access.redhat.com/errata/" + escaped}
	}
	return &cdx.Source{Name: "OSV", URL: "https://osv.dev/vulnerability/" + escaped}
}
