package sbom

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// Property is a name and a value, as CycloneDX has them.
type Property struct{ Name, Value string }

// Namespace is the prefix of the names of Plimsoll's properties.
const Namespace = "plimsoll:"

// properties collects those that have a value.
type properties []Property

func (p *properties) add(name, value string) {
	if value != "" {
		*p = append(*p, Property{Namespace + name, value})
	}
}

func (p *properties) list(name string, values []string) { p.add(name, strings.Join(values, "\n")) }

// PackageProperties are what the forms have no field for and a round trip must
// not lose: how the package was found, where, and in which layer. What its
// package URL says the same way is left out.
func PackageProperties(pkg *inventory.Package) []Property {
	told := &inventory.Package{}
	if p, ok := fromPURL(pkg.PURL); ok {
		told = p
	}
	var p properties
	differs := func(name, value, told string) {
		if value != told {
			p = append(p, Property{Namespace + name, value})
		}
	}
	p.add("package:type", pkg.Type)
	differs("package:id", pkg.ID, pkg.PURL)
	differs("package:namespace", pkg.Namespace, told.Namespace)
	differs("package:name", pkg.Name, told.Name)
	differs("package:version", pkg.Version, told.Version)
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
	if len(pkg.CPEs) > 1 || len(pkg.CPEs) == 1 && !ValidCPE(pkg.CPEs[0]) {
		p.list("package:cpe", pkg.CPEs)
	}
	p.list("package:dependsOn", pkg.DependsOn)
	if pkg.Origin.Index >= 0 {
		p.add("layer:index", strconv.Itoa(pkg.Origin.Index))
	}
	p.add("layer:diffID", pkg.Origin.DiffID)
	p.add("layer:createdBy", pkg.Origin.CreatedBy)
	return p
}

// SyftProperties are PackageProperties with what of a package Syft's form has
// no field for either.
func SyftProperties(pkg *inventory.Package) []Property {
	p := properties(PackageProperties(pkg))
	p.add("package:vendor", pkg.Vendor)
	p.list("package:digest", pkg.Digests)
	return p
}

// own reports whether a component carries PackageProperties.
func own(props []Property) bool { return value(props, Namespace+"package:type") != "" }

// applyOwn puts PackageProperties over what a component's own fields said. What
// they leave out is not there, whatever the package URL says.
func applyOwn(pkg *inventory.Package, props []Property) {
	pkg.ID, pkg.Arch, pkg.Module, pkg.Source, pkg.Path = pkg.PURL, "", "", nil, ""
	source := &inventory.Source{}
	fields := map[string]*string{
		"package:id": &pkg.ID, "package:type": &pkg.Type, "package:namespace": &pkg.Namespace,
		"package:name": &pkg.Name, "package:version": &pkg.Version, "package:arch": &pkg.Arch,
		"package:source": &source.Name, "package:sourceVersion": &source.Version, "package:module": &pkg.Module,
		"package:path": &pkg.Path, "package:inArchive": &pkg.InArchive, "package:inspector": &pkg.Inspector,
		"package:ownedBy": &pkg.OwnedBy, "package:vendor": &pkg.Vendor, "layer:diffID": &pkg.Origin.DiffID, "layer:createdBy": &pkg.Origin.CreatedBy,
	}
	for _, property := range props {
		name, ok := strings.CutPrefix(property.Name, Namespace)
		if !ok {
			continue
		}
		if field := fields[name]; field != nil {
			*field = property.Value
			continue
		}
		switch name {
		case "package:liveness":
			pkg.Liveness = inventory.Liveness(property.Value)
		case "package:cpe":
			pkg.CPEs = strings.Split(property.Value, "\n")
		case "package:dependsOn":
			pkg.DependsOn = strings.Split(property.Value, "\n")
		case "package:digest":
			pkg.Digests = strings.Split(property.Value, "\n")
		case "layer:index":
			pkg.Origin.Index = index(property.Value)
		}
	}
	if *source != (inventory.Source{}) {
		pkg.Source = source
	}
}

// ValidCPE reports whether text has the form of a CPE; images and databases
// may call anything so.
func ValidCPE(text string) bool {
	if !strings.HasPrefix(text, "cpe:2.3:") && !strings.HasPrefix(text, "cpe:/") {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// index reads a layer's number; -1 for what is none.
func index(text string) int {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < maxLayers {
		return n
	}
	return -1
}

// DistributionProperties are what os-release says beside the fields of a
// component, and what else decides which advisories apply.
func DistributionProperties(d *inventory.Distribution) []Property {
	var p properties
	p.add("os:id", d.ID)
	p.add("os:versionID", d.VersionID)
	p.add("os:codename", d.VersionCodename)
	p.add("os:name", d.Name)
	p.add("os:prettyName", d.PrettyName)
	p.list("os:idLike", d.IDLike)
	p.add("os:cpe", d.CPE)
	p.list("os:contentSets", d.ContentSets)
	p.add("os:build", d.Build)
	p.add("os:extended", d.Extended)
	return p
}

// ownDistribution reads DistributionProperties back.
func ownDistribution(props []Property) (*inventory.Distribution, bool) {
	d, ok := &inventory.Distribution{}, false
	for _, property := range props {
		name, own := strings.CutPrefix(property.Name, Namespace+"os:")
		if !own {
			continue
		}
		ok = true
		value := property.Value
		switch name {
		case "id":
			d.ID = value
		case "versionID":
			d.VersionID = value
		case "codename":
			d.VersionCodename = value
		case "name":
			d.Name = value
		case "prettyName":
			d.PrettyName = value
		case "idLike":
			d.IDLike = strings.Split(value, "\n")
		case "cpe":
			d.CPE = value
		case "contentSets":
			d.ContentSets = strings.Split(value, "\n")
		case "build":
			d.Build = value
		case "extended":
			d.Extended = value
		}
	}
	return d, ok
}

// ImageProperties identify the image and its layers.
func ImageProperties(image *verdict.Image) []Property {
	var p properties
	p.add("image:reference", image.Reference)
	p.add("image:name", image.Name)
	p.add("image:platform", image.Platform)
	p.add("image:digest", image.Digest)
	p.add("image:configDigest", image.ConfigDigest)
	p.add("image:indexDigest", image.IndexDigest)
	if t := image.Created.UTC(); !t.IsZero() && t.Year() > 0 && t.Year() < 10000 {
		p.add("image:created", t.Format(time.RFC3339Nano))
	}
	p.add("image:base", image.Base.Name)
	if image.Base.Layers > 0 {
		p.add("image:baseLayers", strconv.Itoa(image.Base.Layers))
	}
	p.add("image:baseReason", image.Base.Reason)
	for i := range image.Layers {
		l := &image.Layers[i]
		at := "layer:" + strconv.Itoa(l.Index) + ":"
		p.add(at+"diffID", l.DiffID)
		p.add(at+"digest", l.Digest)
		p.add(at+"size", strconv.FormatInt(l.Size, 10))
		p.add(at+"files", strconv.Itoa(l.Files))
		p.add(at+"createdBy", l.CreatedBy)
	}
	return p
}

// ownImage reads ImageProperties back into image; false where there are none.
func ownImage(image *verdict.Image, props []Property) bool {
	found := false
	for _, property := range props {
		name, own := strings.CutPrefix(property.Name, Namespace)
		if !own {
			continue
		}
		value := property.Value
		switch name {
		case "image:reference":
			image.Reference, found = value, true
		case "image:name":
			image.Name = value
		case "image:platform":
			image.Platform = value
		case "image:digest":
			image.Digest = value
		case "image:configDigest":
			image.ConfigDigest = value
		case "image:indexDigest":
			image.IndexDigest = value
		case "image:created":
			image.Created = parseTime(value)
		case "image:base":
			image.Base.Name = value
		case "image:baseLayers":
			image.Base.Layers = max(index(value), 0)
		case "image:baseReason":
			image.Base.Reason = value
		default:
			ownLayer(image, name, value)
		}
	}
	return found
}

// ownLayer reads "layer:N:FIELD". Layers that nobody counts up to are left out.
func ownLayer(image *verdict.Image, name, value string) {
	parts := strings.Split(name, ":")
	if len(parts) != 3 || parts[0] != "layer" {
		return
	}
	at := index(parts[1])
	if at < 0 || at > len(image.Layers) {
		return
	}
	if at == len(image.Layers) {
		image.Layers = append(image.Layers, verdict.Layer{LayerRef: inventory.LayerRef{Index: at}})
	}
	l := &image.Layers[at]
	switch parts[2] {
	case "diffID":
		l.DiffID = value
	case "digest":
		l.Digest = value
	case "size":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 {
			l.Size = n
		}
	case "files":
		if n, err := strconv.Atoi(value); err == nil && n > 0 {
			l.Files = n
		}
	case "createdBy":
		l.CreatedBy = value
	}
}

func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// annotationPrefix begins the comment of an SPDX annotation, and the key in a
// Syft location's annotations, that carries properties.
const annotationPrefix = "plimsoll:properties "

// Annotation writes properties as one text, for forms without properties.
func Annotation(props []Property) string {
	lines := make([]string, len(props))
	for i, p := range props {
		lines[i] = p.Name + "=" + p.Value
	}
	raw, err := json.Marshal(lines)
	if err != nil {
		return "" // strings can always be written
	}
	return annotationPrefix + string(raw)
}

// annotated reads an Annotation; nil for any other text.
func annotated(text string) []Property {
	raw, ok := strings.CutPrefix(text, annotationPrefix)
	if !ok {
		return nil
	}
	var lines []string
	if json.Unmarshal([]byte(raw), &lines) != nil || len(lines) > maxProperties+6*maxLayers {
		return nil
	}
	props := make([]Property, 0, len(lines))
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, "="); ok {
			props = append(props, Property{name, value})
		}
	}
	return props
}

// value returns the first property of this name.
func value(props []Property, name string) string {
	if i := slices.IndexFunc(props, func(p Property) bool { return p.Name == name }); i >= 0 {
		return props[i].Value
	}
	return ""
}
