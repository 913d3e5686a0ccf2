package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"plimsoll/internal/inventory"
	"plimsoll/internal/sbom"
	"plimsoll/internal/verdict"
)

// imageRef and osRef name the image and its operating system within a document.
const (
	imageRef = "image"
	osRef    = "operating-system"
)

// writeCycloneDX writes one verdict as a CycloneDX 1.6 document: what is
// installed, what asks for what, and the vulnerabilities with their fixes.
func writeCycloneDX(w io.Writer, r *verdict.Report, opt Options) error {
	return writeCycloneDXVersion(w, r, opt, cdx.SpecVersion1_6)
}

// writeCycloneDX17 writes the same as CycloneDX 1.7 (ECMA-424, second edition).
func writeCycloneDX17(w io.Writer, r *verdict.Report, opt Options) error {
	return writeCycloneDXVersion(w, r, opt, cdx.SpecVersion1_7)
}

func writeCycloneDXVersion(w io.Writer, r *verdict.Report, opt Options, version cdx.SpecVersion) error {
	v, err := only(r, "cyclonedx")
	if err != nil {
		return err
	}
	return quoted(w, func(w io.Writer) error {
		e := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
		if err := e.EncodeVersion(bom(r, v, opt), version); err != nil {
			return fmt.Errorf("write cyclonedx: %w", err)
		}
		return nil
	})
}

func bom(r *verdict.Report, v *verdict.Verdict, opt Options) *cdx.BOM {
	b := cdx.NewBOM()
	b.SerialNumber = "urn:uuid:" + documentID(r, v, "cyclonedx")
	image := imageComponent(v)
	b.Metadata = &cdx.Metadata{
		Tools:     &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: r.Tool.Name, Version: bounded(r.Tool.Version)}}},
		Component: &image,
	}
	if t := stamp(v, opt); !t.IsZero() {
		b.Metadata.Timestamp = t.Format(time.RFC3339)
	}
	components := make([]cdx.Component, 0, len(v.Packages)+1)
	if d := v.Image.Distribution; d != nil {
		components = append(components, osComponent(d))
	}
	for i := range v.Packages {
		components = append(components, component(&v.Packages[i]))
	}
	b.Components = &components
	b.Dependencies = dependencies(v)
	b.Compositions = &[]cdx.Composition{{Aggregate: aggregate(v), Assemblies: &[]cdx.BOMReference{imageRef}}}
	b.Vulnerabilities = vulnerabilities(v)
	return b
}

// aggregate says whether the list of components is whole.
func aggregate(v *verdict.Verdict) cdx.CompositionAggregate {
	if v.Coverage.Complete {
		// Software that no inspector knows may still be there.
		return cdx.CompositionAggregateUnknown
	}
	return cdx.CompositionAggregateIncomplete
}

func imageComponent(v *verdict.Verdict) cdx.Component {
	name, _ := repository(&v.Image)
	c := cdx.Component{
		BOMRef:     imageRef,
		Type:       cdx.ComponentTypeContainer,
		Name:       name,
		Version:    v.Image.Digest,
		PackageURL: imagePURL(&v.Image),
	}
	if c.Version == "" {
		c.Version = v.Image.ConfigDigest
	}
	c.Version = bounded(c.Version)
	c.Properties = cdxProperties(sbom.ImageProperties(&v.Image))
	return c
}

func osComponent(d *inventory.Distribution) cdx.Component {
	c := cdx.Component{BOMRef: osRef, Type: cdx.ComponentTypeOS, Name: d.ID, Version: bounded(d.VersionID), Description: d.PrettyName}
	if c.Name == "" {
		c.Name = "unknown"
	}
	if sbom.ValidCPE(d.CPE) {
		c.CPE = d.CPE
	}
	c.Properties = cdxProperties(sbom.DistributionProperties(d))
	return c
}

// component is one package. Its reference is the package's ID, which is
// unique in the image.
func component(pkg *inventory.Package) cdx.Component {
	c := cdx.Component{
		BOMRef:     pkg.ID,
		Type:       cdx.ComponentTypeLibrary,
		Name:       pkg.Name,
		Version:    bounded(pkg.Version),
		PackageURL: pkg.PURL,
		Licenses:   licenses(pkg.Licenses),
	}
	if !pkg.IsOS() {
		c.Group = pkg.Namespace
	}
	if pkg.Type == "generic" {
		c.Type = cdx.ComponentTypeApplication
	}
	c.Publisher = pkg.Vendor
	if len(pkg.CPEs) > 0 && sbom.ValidCPE(pkg.CPEs[0]) {
		c.CPE = pkg.CPEs[0]
	}
	if supplier := supplierOf(pkg); supplier != "" {
		c.Supplier = &cdx.OrganizationalEntity{Name: supplier}
	}
	c.Hashes = hashes(pkg.Digests)
	c.Properties = cdxProperties(sbom.PackageProperties(pkg))
	return c
}

// supplierOf is who distributes the package, as its own record says.
func supplierOf(pkg *inventory.Package) string {
	vendor := strings.TrimSpace(pkg.Vendor)
	if vendor == noAssertion {
		return ""
	}
	return vendor
}

// hashAlgorithms are CycloneDX's names of digest algorithms, by OCI's.
var hashAlgorithms = map[string]cdx.HashAlgorithm{
	"md5": cdx.HashAlgoMD5, "sha1": cdx.HashAlgoSHA1, "sha256": cdx.HashAlgoSHA256, "sha384": cdx.HashAlgoSHA384,
	"sha512": cdx.HashAlgoSHA512, "sha3-256": cdx.HashAlgoSHA3_256, "sha3-512": cdx.HashAlgoSHA3_512,
}

func hashes(digests []string) *[]cdx.Hash {
	var list []cdx.Hash
	for _, d := range digests {
		name, sum, _ := strings.Cut(d, ":")
		if algorithm := hashAlgorithms[name]; algorithm != "" && validSum(sum) {
			list = append(list, cdx.Hash{Algorithm: algorithm, Value: sum})
		}
	}
	if len(list) == 0 {
		return nil
	}
	return &list
}

// validSum reports whether text is a digest's hexadecimal form, of a length that
// the form's schema allows (CycloneDX 1.6, hash-content).
func validSum(text string) bool {
	switch len(text) {
	case 32, 40, 64, 96, 128:
		return strings.Trim(text, "0123456789abcdef") == ""
	}
	return false
}

// cdxProperties returns properties as CycloneDX has them, nil for none.
func cdxProperties(props []sbom.Property) *[]cdx.Property {
	if len(props) == 0 {
		return nil
	}
	list := make([]cdx.Property, len(props))
	for i, p := range props {
		list[i] = cdx.Property{Name: p.Name, Value: p.Value}
	}
	return &list
}

// properties collects those that have a value.
type properties []cdx.Property

func (p *properties) add(name, value string) {
	if value != "" {
		*p = append(*p, cdx.Property{Name: sbom.Namespace + name, Value: value})
	}
}

func (p properties) list() *[]cdx.Property {
	if len(p) == 0 {
		return nil
	}
	list := []cdx.Property(p)
	return &list
}

// licenses follows CycloneDX: either a list of licences, each an SPDX
// identifier or a name, or one SPDX expression.
func licenses(texts []string) *cdx.Licenses {
	if len(texts) == 0 {
		return nil
	}
	if len(texts) == 1 {
		if e, ok := licenseExpression(texts[0]); ok && compound(e) {
			return &cdx.Licenses{{Expression: e}}
		}
	}
	var list cdx.Licenses
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		license := &cdx.License{Name: text}
		if id, ok := licenseID(text); ok {
			license = &cdx.License{ID: id}
		}
		list = append(list, cdx.LicenseChoice{License: license})
	}
	if len(list) == 0 {
		return nil
	}
	return &list
}

// dependencies is the graph: the image holds every package, and packages
// depend on one another as far as their names lead to packages of the image.
func dependencies(v *verdict.Verdict) *[]cdx.Dependency {
	all := make([]string, 0, len(v.Packages)+1)
	if v.Image.Distribution != nil {
		all = append(all, osRef)
	}
	g := newGraph(v.Packages)
	list := make([]cdx.Dependency, 1, len(v.Packages)+1)
	for i := range v.Packages {
		all = append(all, v.Packages[i].ID)
		var on []string
		for _, to := range g.dependencies(i) {
			on = append(on, v.Packages[to].ID)
		}
		if len(on) > 0 {
			list = append(list, cdx.Dependency{Ref: v.Packages[i].ID, Dependencies: &on})
		}
	}
	list[0] = cdx.Dependency{Ref: imageRef, Dependencies: &all}
	return &list
}

// maxVersion is the longest version that CycloneDX 1.6 allows.
const maxVersion = 1024

// bounded cuts a version to what CycloneDX allows, between characters.
func bounded(version string) string {
	if len(version) <= maxVersion {
		return version
	}
	return strings.ToValidUTF8(version[:maxVersion], "")
}
