package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// namespace is the prefix of our properties in CycloneDX documents.
const namespace = "plimsoll:"

// imageRef and osRef name the image and its operating system within a document.
const (
	imageRef = "image"
	osRef    = "operating-system"
)

// writeCycloneDX writes one verdict as a CycloneDX 1.6 document: what is
// installed, what asks for what, and the vulnerabilities with their fixes.
func writeCycloneDX(w io.Writer, r *verdict.Report, opt Options) error {
	v, err := only(r, "cyclonedx")
	if err != nil {
		return err
	}
	return quoted(w, func(w io.Writer) error {
		e := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
		if err := e.EncodeVersion(bom(r, v, opt), cdx.SpecVersion1_6); err != nil {
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
	var p properties
	p.add("image:reference", v.Image.Reference)
	p.add("image:platform", v.Image.Platform)
	p.add("image:configDigest", v.Image.ConfigDigest)
	p.add("image:indexDigest", v.Image.IndexDigest)
	p.add("image:base", v.Image.Base.Name)
	for i := range v.Image.Layers {
		p.add("layer:"+strconv.Itoa(v.Image.Layers[i].Index)+":diffID", v.Image.Layers[i].DiffID)
		p.add("layer:"+strconv.Itoa(v.Image.Layers[i].Index)+":createdBy", v.Image.Layers[i].CreatedBy)
	}
	c.Properties = p.list()
	return c
}

func osComponent(d *inventory.Distribution) cdx.Component {
	c := cdx.Component{BOMRef: osRef, Type: cdx.ComponentTypeOS, Name: d.ID, Version: bounded(d.VersionID), Description: d.PrettyName}
	if c.Name == "" {
		c.Name = "unknown"
	}
	if validCPE(d.CPE) {
		c.CPE = d.CPE
	}
	var p properties
	p.add("os:codename", d.VersionCodename)
	c.Properties = p.list()
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
	if pkg.Vendor != "" {
		c.Publisher = pkg.Vendor
	}
	var p properties
	for i, cpe := range pkg.CPEs {
		if i == 0 && validCPE(cpe) {
			c.CPE = cpe
			continue
		}
		p.add("package:cpe", cpe)
	}
	p.add("package:type", pkg.Type)
	p.add("package:arch", pkg.Arch)
	if pkg.Source != nil {
		p.add("package:source", pkg.Source.Name)
		p.add("package:sourceVersion", pkg.Source.Version)
	}
	p.add("package:module", pkg.Module)
	p.add("package:path", pkg.Path)
	p.add("package:inArchive", pkg.InArchive)
	p.add("package:inspector", pkg.Inspector)
	p.add("package:liveness", string(pkg.Liveness))
	p.add("package:ownedBy", pkg.OwnedBy)
	if pkg.Origin.Index >= 0 {
		p.add("layer:index", strconv.Itoa(pkg.Origin.Index))
		p.add("layer:diffID", pkg.Origin.DiffID)
		p.add("layer:createdBy", pkg.Origin.CreatedBy)
	}
	c.Properties = p.list()
	return c
}

// properties collects those that have a value.
type properties []cdx.Property

func (p *properties) add(name, value string) {
	if value != "" {
		*p = append(*p, cdx.Property{Name: namespace + name, Value: value})
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

// validCPE reports whether text has the form of a CPE; images and databases
// may call anything so.
func validCPE(text string) bool {
	if !strings.HasPrefix(text, "cpe:2.3:") && !strings.HasPrefix(text, "cpe:/") {
		return false
	}
	return plain(text) && !strings.Contains(text, " ")
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
