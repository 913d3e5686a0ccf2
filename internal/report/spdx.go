package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"

	"plimsoll/internal/inventory"
	"plimsoll/internal/sbom"
	"plimsoll/internal/verdict"
)

// noAssertion is SPDX's word for what nobody looked into.
const noAssertion = "NOASSERTION"

// writeSPDX writes one verdict's packages as an SPDX 2.3 document. SPDX 2.3
// has no place for vulnerabilities, so those stay out.
func writeSPDX(w io.Writer, r *verdict.Report, opt Options) error {
	v, err := only(r, "spdx")
	if err != nil {
		return err
	}
	return quoted(w, func(w io.Writer) error {
		if err := spdxjson.Write(spdxDocument(r, v, opt), w, spdxjson.Indent("  "), spdxjson.EscapeHTML(false)); err != nil {
			return fmt.Errorf("write spdx: %w", err)
		}
		return nil
	})
}

const (
	spdxImage = spdx.ElementID("Image")
	spdxOS    = spdx.ElementID("OperatingSystem")
)

func spdxDocument(r *verdict.Report, v *verdict.Verdict, opt Options) *spdx.Document {
	at := stamp(v, opt)
	if at.IsZero() {
		// SPDX requires a time; the epoch says that none is known.
		at = time.Unix(0, 0).UTC()
	}
	created := at.Format("2006-01-02T15:04:05Z")
	tool := r.Tool.Name
	if r.Tool.Version != "" {
		tool += "-" + r.Tool.Version
	}
	l := &spdxLicenses{known: map[string]bool{}}
	doc := &spdx.Document{
		SPDXVersion:       spdx.Version,
		DataLicense:       spdx.DataLicense,
		SPDXIdentifier:    "DOCUMENT",
		DocumentName:      v.Image.Reference,
		DocumentNamespace: "urn:uuid:" + documentID(r, v, "spdx"),
		CreationInfo: &spdx.CreationInfo{
			Creators: []spdx.Creator{{CreatorType: "Tool", Creator: tool}},
			Created:  created,
		},
	}
	if !v.Coverage.Complete {
		doc.DocumentComment = "incomplete: part of the image could not be examined"
	}
	doc.Packages = append(doc.Packages, spdxImagePackage(v, created, tool))
	doc.Relationships = append(doc.Relationships, relation("DOCUMENT", spdxImage, spdx.RelationshipDescribes))
	if d := v.Image.Distribution; d != nil {
		doc.Packages = append(doc.Packages, spdxOSPackage(d, created, tool))
		doc.Relationships = append(doc.Relationships, relation(spdxImage, spdxOS, spdx.RelationshipContains))
	}
	for i := range v.Packages {
		p := spdxPackage(&v.Packages[i], l, created, tool)
		doc.Packages = append(doc.Packages, p)
		doc.Relationships = append(doc.Relationships, relation(spdxImage, p.PackageSPDXIdentifier, spdx.RelationshipContains))
	}
	g := newGraph(v.Packages)
	for i := range v.Packages {
		for _, to := range g.dependencies(i) {
			doc.Relationships = append(doc.Relationships, relation(elementID(&v.Packages[i]), elementID(&v.Packages[to]), spdx.RelationshipDependsOn))
		}
	}
	doc.OtherLicenses = l.extracted
	return doc
}

func relation(a, b spdx.ElementID, kind string) *spdx.Relationship {
	return &spdx.Relationship{
		RefA:         spdx.DocElementID{ElementRefID: a},
		RefB:         spdx.DocElementID{ElementRefID: b},
		Relationship: kind,
	}
}

// newSPDXPackage is a package of which nothing is claimed yet.
func newSPDXPackage(id spdx.ElementID, name, version string) *spdx.Package {
	if name == "" {
		name = noAssertion
	}
	return &spdx.Package{
		PackageName:             name,
		PackageSPDXIdentifier:   id,
		PackageVersion:          version,
		PackageSupplier:         &spdx.Supplier{Supplier: noAssertion},
		PackageDownloadLocation: noAssertion,
		PackageLicenseConcluded: noAssertion,
		PackageLicenseDeclared:  noAssertion,
		PackageCopyrightText:    noAssertion,
	}
}

func spdxImagePackage(v *verdict.Verdict, created, tool string) *spdx.Package {
	name, tag := repository(&v.Image)
	p := newSPDXPackage(spdxImage, name, tag)
	p.PrimaryPackagePurpose = "CONTAINER"
	digest := v.Image.Digest
	if digest == "" {
		digest = v.Image.ConfigDigest
	}
	if p.PackageVersion == "" {
		p.PackageVersion = digest
	}
	if hex, ok := strings.CutPrefix(digest, "sha256:"); ok {
		p.PackageChecksums = []spdx.Checksum{{Algorithm: spdx.SHA256, Value: hex}}
	}
	p.PackageComment = "platform " + v.Image.Platform
	p.PackageExternalReferences = purlReference(imagePURL(&v.Image))
	p.Annotations = carried(sbom.ImageProperties(&v.Image), created, tool)
	return p
}

// carried is what SPDX has no field for; package sbom reads it back.
func carried(props []sbom.Property, created, tool string) []spdx.Annotation {
	return []spdx.Annotation{{
		Annotator: spdx.Annotator{AnnotatorType: "Tool", Annotator: tool}, AnnotationDate: created,
		AnnotationType: "OTHER", AnnotationComment: sbom.Annotation(props),
	}}
}

func spdxOSPackage(d *inventory.Distribution, created, tool string) *spdx.Package {
	p := newSPDXPackage(spdxOS, d.ID, d.VersionID)
	p.PrimaryPackagePurpose = "OPERATING_SYSTEM"
	p.PackageSummary = d.PrettyName
	p.PackageExternalReferences = cpeReferences([]string{d.CPE})
	p.Annotations = carried(sbom.DistributionProperties(d), created, tool)
	return p
}

func spdxPackage(pkg *inventory.Package, l *spdxLicenses, created, tool string) *spdx.Package {
	p := newSPDXPackage(elementID(pkg), pkg.FullName(), pkg.Version)
	p.PrimaryPackagePurpose = "LIBRARY"
	if pkg.Type == "generic" {
		p.PrimaryPackagePurpose = "APPLICATION"
	}
	if vendor := supplierOf(pkg); vendor != "" {
		p.PackageSupplier = &spdx.Supplier{SupplierType: "Organization", Supplier: vendor}
	}
	p.PackageSourceInfo = sourceInfo(pkg)
	p.PackageLicenseDeclared = l.declared(pkg.Licenses)
	if pkg.Liveness != "" && pkg.Liveness != inventory.Visible {
		p.PackageComment = livenessWords(pkg.Liveness)
	}
	p.PackageExternalReferences = append(purlReference(pkg.PURL), cpeReferences(pkg.CPEs)...)
	p.PackageChecksums = checksums(pkg.Digests)
	p.Annotations = carried(sbom.PackageProperties(pkg), created, tool)
	return p
}

// checksumAlgorithms are SPDX's names of digest algorithms, by OCI's.
var checksumAlgorithms = map[string]spdx.ChecksumAlgorithm{
	"md5": spdx.MD5, "sha1": spdx.SHA1, "sha224": spdx.SHA224, "sha256": spdx.SHA256, "sha384": spdx.SHA384,
	"sha512": spdx.SHA512, "sha3-256": spdx.SHA3_256, "sha3-384": spdx.SHA3_384, "sha3-512": spdx.SHA3_512,
}

func checksums(digests []string) []spdx.Checksum {
	var list []spdx.Checksum
	for _, d := range digests {
		name, sum, _ := strings.Cut(d, ":")
		if algorithm := checksumAlgorithms[name]; algorithm != "" && (validSum(sum) || len(sum) == 56) {
			list = append(list, spdx.Checksum{Algorithm: algorithm, Value: sum})
		}
	}
	return list
}

// sourceInfo says where in the image the package was found.
func sourceInfo(pkg *inventory.Package) string {
	if pkg.Path == "" {
		return ""
	}
	text := "found in " + pkg.Path
	if pkg.InArchive != "" {
		text += "!" + pkg.InArchive
	}
	if pkg.Origin.Index >= 0 {
		text += fmt.Sprintf(", layer %d", pkg.Origin.Index)
		if pkg.Origin.DiffID != "" {
			text += " " + pkg.Origin.DiffID
		}
		if by := pkg.Origin.CreatedBy; by != "" {
			text += ": " + by
		}
	}
	if pkg.Source != nil {
		text += fmt.Sprintf("; built from source package %s %s", pkg.Source.Name, pkg.Source.Version)
	}
	return text
}

// elementID is a package's identifier within the document: letters, digits,
// dots and hyphens only, unique because the package's ID is.
func elementID(pkg *inventory.Package) spdx.ElementID {
	return spdx.ElementID("Package-" + idString(pkg.Type) + "-" + idString(pkg.Name) + "-" + shortSum(pkg.ID))
}

// idString keeps what SPDX allows in identifiers, bounded.
func idString(s string) string {
	out := make([]byte, 0, 40)
	for i := 0; i < len(s) && len(out) < 40; i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-':
			out = append(out, c)
		default:
			out = append(out, '-')
		}
	}
	return string(out)
}

func purlReference(purl string) []*spdx.PackageExternalReference {
	if purl == "" {
		return nil
	}
	return []*spdx.PackageExternalReference{{
		Category: spdx.CategoryPackageManager,
		RefType:  spdx.PackageManagerPURL,
		Locator:  purl,
	}}
}

func cpeReferences(cpes []string) []*spdx.PackageExternalReference {
	var list []*spdx.PackageExternalReference
	for _, cpe := range cpes {
		if !sbom.ValidCPE(cpe) {
			continue
		}
		kind := spdx.SecurityCPE23Type
		if strings.HasPrefix(cpe, "cpe:/") {
			kind = spdx.SecurityCPE22Type
		}
		list = append(list, &spdx.PackageExternalReference{Category: spdx.CategorySecurity, RefType: kind, Locator: cpe})
	}
	return list
}

// spdxLicenses gathers the licences that are not on SPDX's list, each once.
type spdxLicenses struct {
	known     map[string]bool
	extracted []*spdx.OtherLicense
}

// declared joins the licences of one package to an expression.
func (l *spdxLicenses) declared(texts []string) string {
	var parts []string
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		e, ok := licenseExpression(text)
		if !ok {
			e = l.reference(text)
		}
		parts = append(parts, e)
	}
	if len(parts) == 0 {
		return noAssertion
	}
	for i, e := range parts {
		if len(parts) > 1 && strings.Contains(e, " OR ") {
			parts[i] = "(" + e + ")"
		}
	}
	return strings.Join(parts, " AND ")
}

// reference names a licence that SPDX does not list.
func (l *spdxLicenses) reference(text string) string {
	id := "LicenseRef-" + idString(text) + "-" + shortSum(text)
	if !l.known[id] {
		l.known[id] = true
		l.extracted = append(l.extracted, &spdx.OtherLicense{
			LicenseIdentifier: id,
			ExtractedText:     text,
			LicenseName:       text,
			LicenseComment:    "as the package's own metadata names it",
		})
	}
	return id
}
