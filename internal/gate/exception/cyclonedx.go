package exception

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"plimsoll/internal/gate/strict"
)

// maxComponents bounds how many components of a document are looked through for
// what its statements refer to.
const maxComponents = 1000000

// cycloneDX is a document while it is read.
type cycloneDX struct {
	doc *Document
	bom *cdx.BOM
	// byRef are its components by their bom-ref.
	byRef map[string]*cdx.Component
	// about is what the document as a whole is about; nil where it doesn't say,
	// and unknown where nothing identifies it.
	about   *Component
	unknown bool
	issued  time.Time
}

func parseCycloneDX(file string, source []byte, isXML bool) (*Document, error) {
	format := cdx.BOMFileFormatJSON
	if isXML {
		format = cdx.BOMFileFormatXML
	}
	bom := &cdx.BOM{}
	if err := cdx.NewBOMDecoder(bytes.NewReader(source), format).Decode(bom); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", placeIn(file, source, err), ErrVEX, err)
	}
	if isXML && !strings.HasPrefix(bom.XMLNS, "http://cyclonedx.org/schema/bom/") {
		return nil, fmt.Errorf("%s: %w: its namespace is %q", file, ErrVEX, strict.Short(bom.XMLNS))
	}
	if bom.SpecVersion != 0 && bom.SpecVersion < cdx.SpecVersion1_4 {
		return nil, fmt.Errorf("%s: CycloneDX %s has no vulnerabilities; 1.4 and later do", file, bom.SpecVersion)
	}
	c := &cycloneDX{doc: &Document{File: file, Format: "CycloneDX " + bom.SpecVersion.String(), ID: bom.SerialNumber}, bom: bom, byRef: map[string]*cdx.Component{}}
	if err := c.head(); err != nil {
		return nil, err
	}
	if bom.Vulnerabilities == nil {
		return c.doc, nil
	}
	if len(*bom.Vulnerabilities) > maxStatements {
		return nil, fmt.Errorf("%s: more than %d vulnerabilities", file, maxStatements)
	}
	for i := range *bom.Vulnerabilities {
		v := &(*bom.Vulnerabilities)[i]
		if v.Analysis == nil || v.Analysis.State == "" {
			continue // an SBOM with vulnerabilities and without a word on them
		}
		place := fmt.Sprintf("%s#/vulnerabilities/%d", file, i)
		s, err := c.statement(v, place)
		if err != nil {
			c.doc.note(place, "%v", err)
			continue
		}
		c.doc.Statements = append(c.doc.Statements, *s)
	}
	return c.doc, nil
}

// head reads what holds for the whole document.
func (c *cycloneDX) head() error {
	m := c.bom.Metadata
	if m != nil {
		var err error
		if c.issued, err = moment(m.Timestamp); err != nil {
			return fmt.Errorf("%s: metadata.timestamp: %w", c.doc.File, err)
		}
		c.doc.Author = authorOf(m)
		if m.Component != nil {
			about := imageOrPackage(m.Component)
			c.about, c.unknown = &about, !about.known()
			c.collect([]cdx.Component{*m.Component})
		}
	}
	if c.bom.Components != nil {
		c.collect(*c.bom.Components)
	}
	if c.unknown {
		c.doc.note(c.doc.File+"#/metadata/component", "%q has neither a package URL nor a digest, and is no container: statements about it match nothing", strict.Short(m.Component.Name))
	}
	return nil
}

func authorOf(m *cdx.Metadata) string {
	var names []string
	if m.Authors != nil {
		for _, a := range *m.Authors {
			names = append(names, cmp.Or(a.Name, a.Email))
		}
	}
	for _, o := range []*cdx.OrganizationalEntity{m.Supplier, m.Manufacturer, m.Manufacture} {
		if len(names) == 0 && o != nil && o.Name != "" {
			names = append(names, o.Name)
		}
	}
	return strings.Join(names, ", ")
}

// collect notes components by reference, without recursion of its own: a hostile
// document nests as deep as its decoder allows.
func (c *cycloneDX) collect(list []cdx.Component) {
	queue := [][]cdx.Component{list}
	for len(queue) > 0 && len(c.byRef) < maxComponents {
		level := queue[0]
		queue = queue[1:]
		for i := range level {
			if ref := level[i].BOMRef; ref != "" && c.byRef[ref] == nil {
				c.byRef[ref] = &level[i]
			}
			if level[i].Components != nil {
				queue = append(queue, *level[i].Components)
			}
		}
	}
}

// imageOrPackage identifies a component.
func imageOrPackage(x *cdx.Component) Component {
	out := Component{text: cmp.Or(x.PackageURL, strings.TrimSuffix(x.Name+"@"+x.Version, "@"))}
	if u, err := parsePURL(x.PackageURL); err == nil {
		out.urls = append(out.urls, u)
	}
	if x.CPE != "" && strings.HasPrefix(x.CPE, "cpe:2.3:") {
		out.cpes = append(out.cpes, x.CPE)
	}
	if x.Hashes != nil {
		for _, h := range *x.Hashes {
			if h.Algorithm == cdx.HashAlgoSHA256 && len(h.Value) == 64 {
				out.digests = append(out.digests, "sha256:"+strings.ToLower(h.Value))
			}
		}
	}
	if x.Type == cdx.ComponentTypeContainer && len(out.urls) == 0 {
		// Scanners write an image's digest into the version, or its name alone.
		if isDigest(x.Version) {
			out.digests = append(out.digests, x.Version)
		} else if p, err := parseImagePattern(nameOf(x)); err == nil && !wild(x.Name) {
			out.images = append(out.images, p)
		}
	}
	return out
}

// nameOf is a container's name with its tag.
func nameOf(x *cdx.Component) string {
	if n := parseImageName(x.Name); n.tag == "" && n.digest == "" && x.Version != "" && !strings.ContainsAny(x.Version, "/:@*?[") {
		return x.Name + ":" + x.Version
	}
	return x.Name
}

// statusOf maps CycloneDX's states (impactAnalysisState) to ours.
func statusOf(s cdx.ImpactAnalysisState) (Status, bool) {
	switch s {
	case cdx.IASResolved, cdx.IASResolvedWithPedigree:
		return Fixed, true
	case cdx.IASNotAffected:
		return NotAffected, true
	case cdx.IASFalsePositive:
		return FalsePositive, true
	case cdx.IASExploitable:
		return Affected, true
	case cdx.IASInTriage:
		return UnderInvestigation, true
	}
	return "", false
}

func (c *cycloneDX) statement(v *cdx.Vulnerability, place string) (*Statement, error) {
	status, ok := statusOf(v.Analysis.State)
	if !ok {
		return nil, fmt.Errorf("analysis.state is %q: one of resolved, resolved_with_pedigree, exploitable, in_triage, false_positive, not_affected", strict.Short(string(v.Analysis.State)))
	}
	s := &Statement{Place: place, Status: status, Justification: string(v.Analysis.Justification), Detail: v.Analysis.Detail, Author: c.doc.Author}
	ids := []string{v.ID}
	if v.References != nil {
		for _, r := range *v.References {
			ids = append(ids, r.ID)
		}
	}
	for _, id := range ids {
		if id != "" && !slices.Contains(s.Vulnerabilities, id) {
			s.Vulnerabilities = append(s.Vulnerabilities, id)
		}
	}
	if len(s.Vulnerabilities) == 0 {
		return nil, errors.New("it has no id")
	}
	for _, text := range []string{v.Analysis.LastUpdated, v.Analysis.FirstIssued, v.Updated, v.Published} {
		if s.Time.IsZero() && text != "" {
			t, err := moment(text)
			if err != nil {
				return nil, fmt.Errorf("%q is no time: %w", strict.Short(text), err)
			}
			s.Time = t
		}
	}
	if s.Time.IsZero() {
		// CycloneDX asks for no time; one without any is older than all others.
		s.Time = c.issued
	}
	if v.Affects != nil {
		for _, a := range *v.Affects {
			if err := c.affects(s, &a); err != nil {
				c.doc.note(place, "%v", err)
			}
		}
	}
	if len(s.Products) == 0 {
		return nil, errors.New("it affects nothing that can be matched")
	}
	return s, nil
}

// affects adds what one reference stands for: a component of this document, a
// package URL, or a component of another document (BOM-Link).
func (c *cycloneDX) affects(s *Statement, a *cdx.Affects) error {
	what, err := c.resolve(a.Ref)
	if err != nil {
		return err
	}
	if a.Range != nil {
		what.versions = []versionTerm{}
		for _, v := range *a.Range {
			// What is said to be affected, or unknown, is not accepted.
			if v.Status == "" || v.Status == cdx.VulnerabilityStatusNotAffected {
				what.versions = append(what.versions, versionTerm{v.Version, v.Range})
			}
		}
	}
	switch {
	case c.about == nil || c.isAbout(a.Ref):
		s.Products = append(s.Products, Product{Is: what})
	case c.unknown:
		return fmt.Errorf("%s is a part of what nothing identifies", strict.Short(a.Ref))
	default:
		s.Products = append(s.Products, Product{Is: *c.about, Subcomponents: []Component{what}})
	}
	return nil
}

func (c *cycloneDX) isAbout(ref string) bool {
	main := c.bom.Metadata.Component
	return ref == main.BOMRef && ref != "" || main.PackageURL != "" && ref == main.PackageURL
}

func (c *cycloneDX) resolve(ref string) (Component, error) {
	text := ref
	if strings.HasPrefix(strings.ToLower(ref), "urn:cdx:") {
		// BOM-Link: urn:cdx:serialNumber/version#bom-ref
		_, fragment, ok := strings.Cut(ref, "#")
		if !ok {
			return Component{}, fmt.Errorf("%s names a whole document, which is not at hand", strict.Short(ref))
		}
		var err error
		if text, err = url.PathUnescape(fragment); err != nil {
			return Component{}, fmt.Errorf("%s: %w", strict.Short(ref), err)
		}
	} else if x := c.byRef[ref]; x != nil {
		if out := imageOrPackage(x); out.known() {
			return out, nil
		}
		return Component{}, fmt.Errorf("component %q has neither a package URL nor a CPE: nothing can be matched with it", strict.Short(ref))
	}
	// Of two packages with one URL our own SBOM writes the place behind it.
	text, _, _ = strings.Cut(text, "@/")
	u, err := parsePURL(text)
	if err != nil {
		return Component{}, fmt.Errorf("%q is neither a component of the document nor a package URL", strict.Short(ref))
	}
	return Component{urls: []purl{u}, text: text}, nil
}
