package sbom

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/package-url/packageurl-go"
)

const (
	noAssertion = "NOASSERTION"
	none        = "NONE"
)

type spdxDocument struct {
	SPDXVersion  string `json:"spdxVersion"`
	Name         string `json:"name"`
	Comment      string `json:"comment"`
	CreationInfo struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	} `json:"creationInfo"`
	Packages          json.RawMessage `json:"packages"`
	Relationships     json.RawMessage `json:"relationships"`
	DocumentDescribes []string        `json:"documentDescribes"`
	Extracted         []struct {
		LicenseID     string `json:"licenseId"`
		ExtractedText string `json:"extractedText"`
		Name          string `json:"name"`
	} `json:"hasExtractedLicensingInfos"`
}

type spdxPackage struct {
	SPDXID           string `json:"SPDXID"`
	Name             string `json:"name"`
	VersionInfo      string `json:"versionInfo"`
	Supplier         string `json:"supplier"`
	SourceInfo       string `json:"sourceInfo"`
	LicenseConcluded string `json:"licenseConcluded"`
	LicenseDeclared  string `json:"licenseDeclared"`
	Purpose          string `json:"primaryPackagePurpose"`
	Checksums        []struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	} `json:"checksums"`
	ExternalRefs []struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	} `json:"externalRefs"`
	Annotations []struct {
		Comment string `json:"comment"`
	} `json:"annotations"`
	// AttributionTexts are where Trivy wrote its properties before annotations.
	AttributionTexts []string `json:"attributionTexts"`
}

type spdxRelationship struct {
	From    string `json:"spdxElementId"`
	To      string `json:"relatedSpdxElement"`
	Type    string `json:"relationshipType"`
	Comment string `json:"comment"`
}

// readSPDX reads SPDX 2.2 and 2.3.
func readSPDX(content []byte) (*Document, error) {
	var doc spdxDocument
	if err := json.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("SPDX document: %w", err)
	}
	a := newAssembly(SPDX, strings.TrimPrefix(doc.SPDXVersion, "SPDX-"))
	d := a.doc
	d.Created = parseTime(doc.CreationInfo.Created)
	d.Image.Reference = doc.Name
	if strings.HasPrefix(doc.Comment, "incomplete:") {
		d.Incomplete = "the SBOM says of itself that it is " + doc.Comment
	}
	for _, creator := range doc.CreationInfo.Creators {
		switch role, name, _ := strings.Cut(creator, ": "); role {
		case "Tool":
			d.Tools = append(d.Tools, name)
		case "Person", "Organization":
			d.Authors = append(d.Authors, name)
		}
	}
	described := map[string]bool{}
	for _, id := range doc.DocumentDescribes {
		described[id] = true
	}
	err := each(doc.Relationships, func(r *spdxRelationship) error { return a.spdxRelation(r, described) })
	if err != nil {
		return nil, fmt.Errorf("SPDX document: relationships: %w", err)
	}
	texts := map[string]string{}
	for _, l := range doc.Extracted {
		texts[l.LicenseID] = first(l.Name, l.ExtractedText)
	}
	err = each(doc.Packages, func(p *spdxPackage) error {
		if len(p.Annotations) > maxProperties || len(p.AttributionTexts) > maxProperties {
			return fmt.Errorf("%w: a package with %d annotations", ErrLimit, len(p.Annotations))
		}
		r := p.raw(texts)
		if r.kind == subject || r.kind == software && described[p.SPDXID] && (r.purl == "" || strings.HasPrefix(r.purl, "pkg:oci/") || strings.HasPrefix(r.purl, "pkg:docker/")) {
			r.kind = subject
			p.image(d, r)
		}
		return a.add(r)
	})
	if err != nil {
		return nil, fmt.Errorf("SPDX document: packages: %w", err)
	}
	return a.document(), nil
}

func (a *assembly) spdxRelation(r *spdxRelationship, described map[string]bool) error {
	switch r.Type {
	case "DESCRIBES":
		described[r.To] = true
	case "DESCRIBED_BY":
		described[r.From] = true
	case "CONTAINS":
		return a.relate(a.contains, r.From, r.To)
	case "CONTAINED_BY":
		return a.relate(a.contains, r.To, r.From)
	case "DEPENDS_ON", "HAS_PREREQUISITE":
		return a.relate(a.dependsOn, r.From, r.To)
	case "DEPENDENCY_OF", "RUNTIME_DEPENDENCY_OF", "PREREQUISITE_FOR":
		return a.relate(a.dependsOn, r.To, r.From)
	case "OTHER":
		// Syft's way to say that the one's file list has the other's files.
		if strings.HasPrefix(r.Comment, "ownership-by-file-overlap") {
			a.owners[r.To] = r.From
		}
	}
	return nil
}

func (p *spdxPackage) raw(texts map[string]string) raw {
	r := raw{ref: p.SPDXID, name: p.Name, version: p.VersionInfo, supplier: stated(p.Supplier)}
	for _, role := range []string{"Organization: ", "Person: "} {
		r.supplier = strings.TrimPrefix(r.supplier, role)
	}
	switch strings.ReplaceAll(p.Purpose, "_", "-") {
	case "OPERATING-SYSTEM":
		r.kind = operatingSystem
	case "CONTAINER":
		r.kind = subject
	case "FILE":
		r.kind = file
	}
	for _, ref := range p.ExternalRefs {
		switch ref.Type {
		case "purl":
			r.purl = first(r.purl, ref.Locator)
		case "cpe23Type", "cpe22Type":
			if len(r.cpes) < maxProperties {
				r.cpes = append(r.cpes, ref.Locator)
			}
		case "swid", "swh", "gitoid":
			r.other = true
		}
	}
	for _, c := range p.Checksums {
		if text := digest(c.Algorithm, c.Value); text != "" {
			r.digests = append(r.digests, text)
		}
	}
	r.licenses = spdxLicenses(first(stated(p.LicenseDeclared), stated(p.LicenseConcluded)), texts)
	for _, n := range p.Annotations {
		if own := annotated(n.Comment); own != nil {
			r.props = append(r.props, own...)
		} else if property, ok := trivyAnnotation(n.Comment); ok {
			r.props = append(r.props, property)
		}
	}
	for _, text := range p.AttributionTexts {
		if property, ok := trivyAnnotation(text); ok {
			r.props = append(r.props, property)
		}
	}
	if value(r.props, "aquasecurity:trivy:Class") != "" && r.purl == "" && r.kind == software {
		r.kind = target
	}
	r.source, r.path = sourceInfo(p.SourceInfo)
	return r
}

// image reads the subject's package.
func (p *spdxPackage) image(d *Document, r raw) {
	image := &d.Image
	if ownImage(image, r.props) {
		return
	}
	image.Reference = first(p.Name, image.Reference)
	if strings.HasPrefix(p.VersionInfo, "sha256:") {
		image.Digest = p.VersionInfo
	}
	image.ConfigDigest = first(value(r.props, "aquasecurity:trivy:ImageID"), image.ConfigDigest)
	if tag := value(r.props, "aquasecurity:trivy:RepoTag"); tag != "" {
		image.Reference, image.Name = tag, tag
	}
	imageOfPURL(d, r.purl)
}

// imageOfPURL takes digest, name and architecture from a package URL of type oci.
func imageOfPURL(d *Document, text string) {
	u, err := packageurl.FromString(text)
	if err != nil || u.Type != packageurl.TypeOCI && u.Type != packageurl.TypeDocker {
		return
	}
	image, q := &d.Image, u.Qualifiers.Map()
	if strings.HasPrefix(u.Version, "sha256:") {
		image.Digest = u.Version
	}
	if q["repository_url"] != "" && image.Name == "" {
		image.Name = q["repository_url"]
		if q["tag"] != "" {
			image.Name += ":" + q["tag"]
		}
	}
	if q["arch"] != "" && image.Platform == "" {
		image.Platform = "linux/" + q["arch"]
	}
}

// stated is a value, empty where nobody looked or there is none.
func stated(text string) string {
	if text == noAssertion || text == none {
		return ""
	}
	return text
}

// spdxLicenses splits an expression at the ANDs outside of parentheses, and
// gives references to texts of the document's own the texts' names.
func spdxLicenses(expression string, texts map[string]string) []string {
	if expression == "" {
		return nil
	}
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(expression))
	var parts [][]string
	depth, start := 0, 0
	for i, w := range words {
		switch w {
		case "(":
			depth++
		case ")":
			depth--
		case "AND":
			if depth == 0 {
				parts = append(parts, words[start:i])
				start = i + 1
			}
		}
	}
	parts = append(parts, words[start:])
	var list []string
	for _, part := range parts {
		if len(parts) > 1 && enclosed(part) {
			part = part[1 : len(part)-1]
		}
		if len(part) == 1 && texts[part[0]] != "" {
			part = []string{texts[part[0]]}
		}
		if len(part) > 0 {
			list = append(list, strings.NewReplacer("( ", "(", " )", ")").Replace(strings.Join(part, " ")))
		}
	}
	return list
}

// enclosed reports whether the first word's parenthesis is closed by the last.
func enclosed(words []string) bool {
	if len(words) < 3 || words[0] != "(" {
		return false
	}
	depth := 0
	for i, w := range words {
		switch w {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 0 {
			return i == len(words)-1
		}
	}
	return false
}
