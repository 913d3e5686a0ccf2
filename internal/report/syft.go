package report

import (
	"io"
	"strconv"
	"strings"

	"plimsoll/internal/inventory"
	"plimsoll/internal/sbom"
	"plimsoll/internal/verdict"
)

// syftSchema is the version of Syft's schema that is written (anchore/syft
// v1.0.1, schema/json/schema-16.0.4.json). Readers take documents of the same
// major version.
const syftSchema = "16.0.4"

type syftDocument struct {
	Artifacts     []syftArtifact     `json:"artifacts"`
	Relationships []syftRelationship `json:"artifactRelationships"`
	Source        syftSource         `json:"source"`
	Distro        syftDistro         `json:"distro"`
	Descriptor    syftDescriptor     `json:"descriptor"`
	Schema        struct {
		Version string `json:"version"`
		URL     string `json:"url"`
	} `json:"schema"`
}

type syftArtifact struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Version      string         `json:"version"`
	Type         string         `json:"type"`
	FoundBy      string         `json:"foundBy"`
	Locations    []syftLocation `json:"locations"`
	Licenses     []syftLicense  `json:"licenses"`
	Language     string         `json:"language"`
	CPEs         []syftCPE      `json:"cpes"`
	PURL         string         `json:"purl"`
	MetadataType string         `json:"metadataType,omitempty"`
	Metadata     any            `json:"metadata,omitempty"`
}

type syftLocation struct {
	Path        string            `json:"path"`
	LayerID     string            `json:"layerID,omitempty"`
	AccessPath  string            `json:"accessPath"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type syftLicense struct {
	Value          string   `json:"value"`
	SPDXExpression string   `json:"spdxExpression"`
	Type           string   `json:"type"`
	URLs           []string `json:"urls"`
	Locations      []string `json:"locations"`
}

type syftCPE struct {
	CPE string `json:"cpe"`
}

type syftRelationship struct {
	Parent string `json:"parent"`
	Child  string `json:"child"`
	Type   string `json:"type"`
}

type syftSource struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	Type     string    `json:"type"`
	Metadata syftImage `json:"metadata"`
}

type syftImage struct {
	UserInput      string      `json:"userInput"`
	ImageID        string      `json:"imageID"`
	ManifestDigest string      `json:"manifestDigest"`
	MediaType      string      `json:"mediaType"`
	Tags           []string    `json:"tags"`
	ImageSize      int64       `json:"imageSize"`
	Layers         []syftLayer `json:"layers"`
	Manifest       string      `json:"manifest"`
	Config         string      `json:"config"`
	RepoDigests    []string    `json:"repoDigests"`
	Architecture   string      `json:"architecture"`
	Variant        string      `json:"architectureVariant,omitempty"`
	OS             string      `json:"os"`
}

type syftLayer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

type syftDistro struct {
	PrettyName      string   `json:"prettyName,omitempty"`
	Name            string   `json:"name,omitempty"`
	ID              string   `json:"id,omitempty"`
	IDLike          []string `json:"idLike,omitempty"`
	Version         string   `json:"version,omitempty"`
	VersionID       string   `json:"versionID,omitempty"`
	VersionCodename string   `json:"versionCodename,omitempty"`
	CPEName         string   `json:"cpeName,omitempty"`
}

type syftDescriptor struct {
	Name          string                 `json:"name"`
	Version       string                 `json:"version"`
	Configuration sbom.SyftConfiguration `json:"configuration"`
}

// writeSyft writes one verdict's packages in Syft's own form. What the form has
// no field for is in the annotations of each package's location.
func writeSyft(w io.Writer, r *verdict.Report, opt Options) error {
	v, err := only(r, "syft")
	if err != nil {
		return err
	}
	doc := syftDocument{
		Artifacts: make([]syftArtifact, 0, len(v.Packages)), Relationships: []syftRelationship{},
		Source: syftSourceOf(&v.Image), Descriptor: syftDescriptor{Name: r.Tool.Name, Version: r.Tool.Version},
	}
	doc.Schema.Version = syftSchema
	doc.Schema.URL = "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-" + syftSchema + ".json"
	c := &doc.Descriptor.Configuration
	c.Image, c.Incomplete = sbom.Annotation(sbom.ImageProperties(&v.Image)), !v.Coverage.Complete
	if t := stamp(v, opt); !t.IsZero() {
		c.Created = t.Format("2006-01-02T15:04:05Z")
	}
	if d := v.Image.Distribution; d != nil {
		c.OS = sbom.Annotation(sbom.DistributionProperties(d))
		doc.Distro = syftDistro{
			PrettyName: d.PrettyName, Name: d.Name, ID: d.ID, IDLike: d.IDLike, Version: d.VersionID, VersionID: d.VersionID,
			VersionCodename: d.VersionCodename, CPEName: d.CPE,
		}
	}
	ids := make(map[string]string, len(v.Packages))
	for i := range v.Packages {
		ids[v.Packages[i].ID] = shortSum(v.Packages[i].ID)
		doc.Artifacts = append(doc.Artifacts, syftArtifactOf(&v.Packages[i]))
	}
	g := newGraph(v.Packages)
	for i := range v.Packages {
		p := &v.Packages[i]
		for _, to := range g.dependencies(i) {
			doc.Relationships = append(doc.Relationships, syftRelationship{shortSum(v.Packages[to].ID), shortSum(p.ID), "dependency-of"})
		}
		if owner := ids[p.OwnedBy]; owner != "" {
			doc.Relationships = append(doc.Relationships, syftRelationship{owner, shortSum(p.ID), "ownership-by-file-overlap"})
		}
	}
	return encodeJSON(w, doc)
}

func syftSourceOf(image *verdict.Image) syftSource {
	name, _ := repository(image)
	s := syftSource{ID: shortSum(image.Reference + image.Digest + image.ConfigDigest), Name: name, Version: image.Digest, Type: "image"}
	m := syftImage{
		UserInput: image.Reference, ImageID: image.ConfigDigest, ManifestDigest: image.Digest,
		MediaType: "application/vnd.oci.image.manifest.v1+json", Tags: []string{}, Layers: []syftLayer{}, RepoDigests: []string{},
	}
	if image.Name != "" {
		m.Tags = append(m.Tags, image.Name)
		if image.Digest != "" {
			m.RepoDigests = append(m.RepoDigests, name+"@"+image.Digest)
		}
	}
	m.OS, m.Architecture, _ = strings.Cut(image.Platform, "/")
	m.Architecture, m.Variant, _ = strings.Cut(m.Architecture, "/")
	for i := range image.Layers {
		l := &image.Layers[i]
		m.ImageSize += l.Size
		m.Layers = append(m.Layers, syftLayer{MediaType: "application/vnd.oci.image.layer.v1.tar", Digest: l.DiffID, Size: l.Size})
	}
	s.Metadata = m
	return s
}

// syftTypes are Syft's package types and languages by purl type (syft/pkg/type.go
// and language.go).
var syftTypes = map[string][2]string{
	"alpm": {"alpm"}, "apk": {"apk"}, "deb": {"deb"}, "rpm": {"rpm"}, "generic": {"binary"},
	"pypi": {"python", "python"}, "npm": {"npm", "javascript"}, "golang": {"go-module", "go"},
	"maven": {"java-archive", "java"}, "gem": {"gem", "ruby"}, "composer": {"php-composer", "php"},
	"nuget": {"dotnet", "dotnet"}, "cargo": {"rust-crate", "rust"}, "cran": {"R-package", "R"},
	"hackage": {"hackage", "haskell"}, "hex": {"hex", "erlang"}, "pub": {"dart-pub", "dart"},
	"swift": {"swift", "swift"}, "cocoapods": {"pod", "swift"}, "conan": {"conan", "c++"},
}

func syftArtifactOf(p *inventory.Package) syftArtifact {
	kind, ok := syftTypes[p.Type]
	if !ok {
		kind[0] = "UnknownPackage"
	}
	a := syftArtifact{
		ID: shortSum(p.ID), Name: p.FullName(), Version: p.Version, Type: kind[0], FoundBy: p.Inspector, Language: kind[1], PURL: p.PURL,
		Licenses: []syftLicense{}, CPEs: []syftCPE{},
		Locations: []syftLocation{{
			Path: "/" + p.Path, LayerID: p.Origin.DiffID, AccessPath: "/" + p.Path,
			Annotations: map[string]string{"evidence": "primary", sbom.SyftAnnotation: sbom.Annotation(sbom.SyftProperties(p))},
		}},
	}
	for _, text := range p.Licenses {
		expression, _ := licenseExpression(text)
		a.Licenses = append(a.Licenses, syftLicense{Value: text, SPDXExpression: expression, Type: "declared", URLs: []string{}, Locations: []string{}})
	}
	for _, cpe := range p.CPEs {
		if sbom.ValidCPE(cpe) {
			a.CPEs = append(a.CPEs, syftCPE{cpe})
		}
	}
	a.MetadataType, a.Metadata = syftMetadata(p)
	return a
}

// syftMetadata is what readers of the form match by and find nowhere else: the
// source package, the epoch, the group of a Java archive.
func syftMetadata(p *inventory.Package) (string, any) {
	source := inventory.Source{}
	if p.Source != nil {
		source = *p.Source
	}
	switch p.Type {
	case "deb":
		return "dpkg-db-entry", map[string]any{
			"package": p.Name, "source": source.Name, "version": p.Version, "sourceVersion": source.Version,
			"architecture": p.Arch, "maintainer": p.Vendor, "installedSize": 0, "files": []any{},
		}
	case "apk":
		return "apk-db-entry", map[string]any{
			"package": p.Name, "originPackage": source.Name, "maintainer": p.Vendor, "version": p.Version, "architecture": p.Arch,
			"url": "", "description": "", "size": 0, "installedSize": 0, "pullDependencies": []any{}, "provides": []any{},
			"pullChecksum": "", "gitCommitOfApkPort": "", "files": []any{},
		}
	case "rpm":
		return "rpm-db-entry", rpmMetadata(p, source)
	case "maven":
		m := map[string]any{"virtualPath": "/" + p.Path, "pomProperties": map[string]any{
			"path": "", "name": "", "groupId": p.Namespace, "artifactId": p.Name, "version": p.Version,
		}}
		if p.InArchive != "" {
			m["virtualPath"] = "/" + p.Path + ":" + strings.ReplaceAll(p.InArchive, "!", ":")
		}
		var sums []map[string]any
		for _, d := range p.Digests {
			if name, sum, ok := strings.Cut(d, ":"); ok {
				sums = append(sums, map[string]any{"algorithm": name, "value": sum})
			}
		}
		if sums != nil {
			m["digest"] = sums
		}
		return "java-archive", m
	}
	return "", nil
}

func rpmMetadata(p *inventory.Package, source inventory.Source) map[string]any {
	version, release := p.Version, ""
	m := map[string]any{"name": p.Name, "architecture": p.Arch, "vendor": p.Vendor, "size": 0, "files": []any{}, "epoch": nil, "sourceRpm": ""}
	if epoch, rest, ok := strings.Cut(version, ":"); ok {
		version = rest
		if n, err := strconv.Atoi(epoch); err == nil {
			m["epoch"] = n
		}
	}
	if at := strings.LastIndexByte(version, '-'); at > 0 {
		version, release = version[:at], version[at+1:]
	}
	m["version"], m["release"] = version, release
	if source.Name != "" {
		_, rest, ok := strings.Cut(source.Version, ":")
		if !ok {
			rest = source.Version
		}
		m["sourceRpm"] = source.Name + "-" + rest + ".src.rpm"
	}
	if p.Module != "" {
		m["modularityLabel"] = p.Module
	}
	return m
}
