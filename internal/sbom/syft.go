package sbom

import (
	"encoding/json"
	"fmt"
	"strings"

	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// The types below are Syft's own form (anchore/syft, syft/format/syftjson/model),
// schema 3 to 16, as far as it is read.
type syftDocument struct {
	Artifacts     json.RawMessage `json:"artifacts"`
	Relationships json.RawMessage `json:"artifactRelationships"`
	Source        struct {
		Name     string          `json:"name"`
		Version  string          `json:"version"`
		Type     string          `json:"type"`
		Metadata json.RawMessage `json:"metadata"`
		Target   json.RawMessage `json:"target"` // before schema 9
	} `json:"source"`
	Distro struct {
		ID              string      `json:"id"`
		Name            string      `json:"name"`
		PrettyName      string      `json:"prettyName"`
		VersionID       string      `json:"versionID"`
		VersionCodename string      `json:"versionCodename"`
		IDLike          syftStrings `json:"idLike"`
		CPEName         string      `json:"cpeName"`
	} `json:"distro"`
	Descriptor struct {
		Name      string `json:"name"`
		Version   string `json:"version"`
		Timestamp string `json:"timestamp"`
		// Configuration is the tool's own.
		Configuration json.RawMessage `json:"configuration"`
	} `json:"descriptor"`
	Schema struct {
		Version string `json:"version"`
	} `json:"schema"`
}

// SyftConfiguration is what Plimsoll puts in the place of the tool's
// configuration, which the form leaves to each tool: what of the image has no
// field. Image and OS are each an Annotation.
type SyftConfiguration struct {
	Image      string `json:"image"`
	OS         string `json:"os,omitempty"`
	Created    string `json:"created,omitempty"`
	Incomplete bool   `json:"incomplete,omitempty"`
}

// SyftAnnotation is the key in a location's annotations that carries a
// package's Annotation.
const SyftAnnotation = "plimsoll:package"

type syftArtifact struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Version   string         `json:"version"`
	Type      string         `json:"type"`
	FoundBy   string         `json:"foundBy"`
	Locations []syftLocation `json:"locations"`
	Licenses  syftLicenses   `json:"licenses"`
	CPEs      syftCPEs       `json:"cpes"`
	PURL      string         `json:"purl"`
	Metadata  syftMetadata   `json:"metadata"`
}

type syftLocation struct {
	Path        string            `json:"path"`
	LayerID     string            `json:"layerID"`
	Annotations map[string]string `json:"annotations"`
}

type syftRelationship struct {
	Parent string `json:"parent"`
	Child  string `json:"child"`
	Type   string `json:"type"`
}

// syftMetadata are the fields of its package types that matter; a package type
// whose metadata has another shape has none of them.
type syftMetadata struct {
	Source          string       `json:"source"`
	SourceVersion   string       `json:"sourceVersion"`
	OriginPackage   string       `json:"originPackage"`
	SourceRPM       string       `json:"sourceRpm"`
	Architecture    string       `json:"architecture"`
	ModularityLabel string       `json:"modularityLabel"`
	Maintainer      string       `json:"maintainer"`
	Vendor          string       `json:"vendor"`
	Author          string       `json:"author"`
	VirtualPath     string       `json:"virtualPath"`
	Digest          []syftDigest `json:"digest"`
}

type syftDigest struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

func (m *syftMetadata) UnmarshalJSON(b []byte) error {
	var fields map[string]json.RawMessage
	if json.Unmarshal(b, &fields) != nil {
		return nil // a list, in some package types
	}
	for name, into := range map[string]any{
		"source": &m.Source, "sourceVersion": &m.SourceVersion, "originPackage": &m.OriginPackage, "sourceRpm": &m.SourceRPM,
		"architecture": &m.Architecture, "modularityLabel": &m.ModularityLabel, "maintainer": &m.Maintainer, "vendor": &m.Vendor,
		"author": &m.Author, "virtualPath": &m.VirtualPath, "digest": &m.Digest,
	} {
		if raw, ok := fields[name]; ok {
			_ = json.Unmarshal(raw, into) // another type's field of the same name
		}
	}
	return nil
}

// syftStrings is a list that was one text in early schemas.
type syftStrings []string

func (s *syftStrings) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*s = []string{one}
		return nil
	}
	var list []string
	err := json.Unmarshal(b, &list)
	*s = list
	return err
}

type syftLicenses []string

func (l *syftLicenses) UnmarshalJSON(b []byte) error {
	var texts []string
	if json.Unmarshal(b, &texts) == nil {
		*l = texts
		return nil
	}
	var list []struct {
		Value          string `json:"value"`
		SPDXExpression string `json:"spdxExpression"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	for _, x := range list {
		if text := first(x.Value, x.SPDXExpression); text != "" {
			*l = append(*l, text)
		}
	}
	return nil
}

type syftCPEs []string

func (c *syftCPEs) UnmarshalJSON(b []byte) error {
	var texts []string
	if json.Unmarshal(b, &texts) == nil {
		*c = texts
		return nil
	}
	var list []struct {
		CPE string `json:"cpe"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	for _, x := range list {
		*c = append(*c, x.CPE)
	}
	return nil
}

// readSyft reads Syft's own form.
func readSyft(content []byte) (*Document, error) {
	var doc syftDocument
	if err := json.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("document of Syft: %w", err)
	}
	a := newAssembly(Syft, doc.Schema.Version)
	d := a.doc
	var config SyftConfiguration
	if doc.Descriptor.Name == "plimsoll" {
		_ = json.Unmarshal(doc.Descriptor.Configuration, &config) // one of another shape holds none of it
	}
	d.Tools = []string{strings.TrimSpace(doc.Descriptor.Name + " " + doc.Descriptor.Version)}
	d.Created = parseTime(first(config.Created, doc.Descriptor.Timestamp))
	if config.Incomplete {
		d.Incomplete = "the SBOM says of itself that it is incomplete"
	}
	if !ownImage(&d.Image, annotated(config.Image)) {
		doc.image(&d.Image)
	}
	if own, ok := ownDistribution(annotated(config.OS)); ok {
		d.Image.Distribution = own
	} else if x := &doc.Distro; x.ID != "" {
		d.Image.Distribution = &inventory.Distribution{
			ID: distributionID(x.ID), Name: x.Name, PrettyName: x.PrettyName, VersionID: x.VersionID,
			VersionCodename: x.VersionCodename, IDLike: x.IDLike, CPE: x.CPEName,
		}
	}
	err := each(doc.Artifacts, func(x *syftArtifact) error {
		a.related[x.ID] = true // the form lists what its source contains
		return a.add(x.raw())
	})
	if err != nil {
		return nil, fmt.Errorf("document of Syft: artifacts: %w", err)
	}
	err = each(doc.Relationships, func(r *syftRelationship) error {
		switch r.Type {
		case "dependency-of":
			return a.relate(a.dependsOn, r.Child, r.Parent)
		case "contains":
			return a.relate(a.contains, r.Parent, r.Child)
		case "ownership-by-file-overlap":
			a.owners[r.Child] = r.Parent
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("document of Syft: relationships: %w", err)
	}
	return a.document(), nil
}

func (x *syftArtifact) raw() raw {
	r := raw{
		ref: x.ID, name: x.Name, version: x.Version, purl: x.PURL, cpes: x.CPEs, licenses: x.Licenses,
		supplier: first(x.Metadata.Vendor, x.Metadata.Maintainer, x.Metadata.Author),
	}
	for _, c := range x.Metadata.Digest {
		if text := digest(c.Algorithm, c.Value); text != "" {
			r.digests = append(r.digests, text)
		}
	}
	for _, l := range x.Locations {
		if own := annotated(l.Annotations[SyftAnnotation]); own != nil {
			r.props = own
			return r
		}
	}
	add := func(name, v string) {
		if v != "" {
			r.props = append(r.props, Property{"syft:" + name, v})
		}
	}
	add("package:foundBy", x.FoundBy)
	if len(x.Locations) > 0 {
		add("location:0:path", first(x.Metadata.VirtualPath, x.Locations[0].Path))
		add("location:0:layerID", x.Locations[0].LayerID)
	}
	add("metadata:source", x.Metadata.Source)
	add("metadata:sourceVersion", x.Metadata.SourceVersion)
	add("metadata:originPackage", x.Metadata.OriginPackage)
	add("metadata:sourceRpm", x.Metadata.SourceRPM)
	return r
}

func (doc *syftDocument) image(image *verdict.Image) {
	image.Reference = doc.Source.Name
	if doc.Source.Type != "image" {
		return
	}
	var m struct {
		UserInput      string   `json:"userInput"`
		ImageID        string   `json:"imageID"`
		ManifestDigest string   `json:"manifestDigest"`
		Tags           []string `json:"tags"`
		Layers         []struct {
			Digest string `json:"digest"`
			Size   int64  `json:"size"`
		} `json:"layers"`
		RepoDigests  []string `json:"repoDigests"`
		Architecture string   `json:"architecture"`
		Variant      string   `json:"architectureVariant"`
		OS           string   `json:"os"`
	}
	raw := doc.Source.Metadata
	if raw == nil {
		raw = doc.Source.Target
	}
	if json.Unmarshal(raw, &m) != nil {
		return
	}
	image.Reference = first(m.UserInput, image.Reference)
	image.ConfigDigest, image.Digest = m.ImageID, m.ManifestDigest
	if len(m.Tags) > 0 {
		image.Name = m.Tags[0]
	}
	if len(m.RepoDigests) > 0 {
		if _, d, ok := strings.Cut(m.RepoDigests[0], "@"); ok {
			image.Digest = d // the manifest digest of a saved image is made up
		}
	}
	if m.OS != "" && m.Architecture != "" {
		image.Platform = strings.TrimSuffix(m.OS+"/"+m.Architecture+"/"+m.Variant, "/")
	}
	for i, l := range m.Layers {
		if i >= maxLayers {
			return
		}
		image.Layers = append(image.Layers, verdict.Layer{LayerRef: inventory.LayerRef{Index: i, DiffID: l.Digest}, Size: max(l.Size, 0)})
	}
}
