package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// writeCycloneDXVEX writes what is known of each vulnerability's effect on one image
// as a CycloneDX 1.6 document of its own (https://cyclonedx.org/capabilities/vex/).
// It points by BOM-Link at the packages of the SBOM that -o cyclonedx writes of the
// same image with the same databases.
//
// Nothing is claimed that nobody examined: a scanner knows that a vulnerable version is
// there, not that it can be exploited, so a finding is in triage. Not affected is
// what every database that holds a record says so of.
func writeCycloneDXVEX(w io.Writer, r *verdict.Report, opt Options) error {
	v, err := only(r, "cyclonedx-vex")
	if err != nil {
		return err
	}
	return quoted(w, func(w io.Writer) error {
		e := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
		if err := e.EncodeVersion(vex(r, v, opt), cdx.SpecVersion1_6); err != nil {
			return fmt.Errorf("write cyclonedx-vex: %w", err)
		}
		return nil
	})
}

func vex(r *verdict.Report, v *verdict.Verdict, opt Options) *cdx.BOM {
	whole := bom(r, v, opt)
	b := cdx.NewBOM()
	b.SerialNumber = "urn:uuid:" + documentID(r, v, "cyclonedx-vex")
	b.Metadata = whole.Metadata
	l := &vexList{serial: whole.SerialNumber, at: map[string]int{}, said: map[string]bool{}}
	b.ExternalReferences = &[]cdx.ExternalReference{{Type: cdx.ERTypeBOM, URL: l.link("")}}
	packages := packagesByID(v.Packages)
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Kind == triage.Vulnerability && f.Vulnerability != "" && f.PackageID != "" {
			l.add(newVulnerability(f), analysisOf(f, packages[f.PackageID]), f.PackageID, f.Version, ratings(f))
		}
	}
	for i := range v.Reconciliation.Records {
		l.addCleared(&v.Reconciliation.Records[i], packages)
	}
	if len(l.list) > 0 {
		b.Vulnerabilities = &l.list
	}
	return b
}

// analysisOf is what the verdict says about a vulnerability in one package.
func analysisOf(f *triage.Finding, pkg *inventory.Package) cdx.VulnerabilityAnalysis {
	a := cdx.VulnerabilityAnalysis{State: cdx.IASInTriage}
	switch f.Fix.State {
	case advisory.Fixed:
		a.Response = &[]cdx.ImpactAnalysisResponse{cdx.IARUpdate}
		a.Detail = recommendation(f, pkg)
	case advisory.WontFix:
		a.Response = &[]cdx.ImpactAnalysisResponse{cdx.IARWillNotFix}
		a.Detail = "the publisher will not fix it"
	case advisory.EndOfLife:
		a.Response = &[]cdx.ImpactAnalysisResponse{cdx.IARCanNotFix}
		a.Detail = "the release gets no more fixes"
	default:
		a.Detail = "no fix is known"
	}
	if f.Disposition == triage.Accepted {
		a.Detail = "accepted by an exception or a VEX statement; " + a.Detail
	}
	return a
}

// vexList gathers packages under each vulnerability and what is said of it.
type vexList struct {
	serial string
	list   []cdx.Vulnerability
	at     map[string]int
	said   map[string]bool
}

// link is a BOM-Link to a package of the SBOM, or to the SBOM as a whole.
func (l *vexList) link(ref string) string {
	var elem any
	if ref != "" {
		elem = cdx.Component{BOMRef: ref}
	}
	link, err := cdx.NewBOMLink(l.serial, 1, elem)
	if err != nil {
		return ref // a serial number of our own is one
	}
	return link.String()
}

func (l *vexList) add(v cdx.Vulnerability, a cdx.VulnerabilityAnalysis, pkg, version string, rated []cdx.VulnerabilityRating) {
	responses := ""
	if a.Response != nil {
		responses = fmt.Sprint(*a.Response)
	}
	key := strings.Join([]string{v.ID, string(a.State), responses, a.Detail}, "\x00")
	n, seen := l.at[key]
	if !seen {
		n = len(l.list)
		l.at[key] = n
		v.BOMRef = fmt.Sprintf("vulnerability:%s:%d", v.ID, n)
		v.Analysis, v.Ratings, v.Affects = &a, &rated, &[]cdx.Affects{}
		if len(rated) == 0 {
			v.Ratings = nil
		}
		l.list = append(l.list, v)
	}
	said := key + "\x00" + pkg
	if l.said[said] {
		return
	}
	l.said[said] = true
	status := cdx.VulnerabilityStatusAffected
	if a.State == cdx.IASNotAffected {
		status = cdx.VulnerabilityStatusNotAffected
	}
	affects := cdx.Affects{Ref: l.link(pkg)}
	if version != "" {
		affects.Range = &[]cdx.AffectedVersions{{Version: bounded(version), Status: status}}
	}
	*l.list[n].Affects = append(*l.list[n].Affects, affects)
}

// addCleared states that a package is not affected where every database that holds
// a record says so.
func (l *vexList) addCleared(r *reconcile.Record, packages map[string]*inventory.Package) {
	p := packages[r.PackageID]
	if p == nil || r.ID == "" || len(r.Held) == 0 || slices.ContainsFunc(r.Held, func(h reconcile.Held) bool { return h.Match.State != advisory.NotAffected }) {
		return
	}
	var by []string
	for i := range r.Held {
		h := &r.Held[i]
		name := h.Database
		if h.Match.Provider != "" {
			name = h.Match.Provider + " (" + h.Database + ")"
		}
		by = append(by, name)
	}
	v := cdx.Vulnerability{ID: r.ID, Source: publisher(r.ID)}
	l.add(v, cdx.VulnerabilityAnalysis{State: cdx.IASNotAffected, Detail: "not affected, by " + strings.Join(by, " and ")}, p.ID, p.Version, nil)
}
