package sbom

import (
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/inventory"
)

// syftProperties applies what Syft writes beside a CycloneDX component: fields
// of its package metadata and of the locations (syft's
// syft/format/internal/cyclonedxutil/helpers, v1.0.1).
func syftProperties(p *inventory.Package, props []Property) {
	for _, property := range props {
		name, ok := strings.CutPrefix(property.Name, "syft:")
		if !ok {
			continue
		}
		v := property.Value
		switch name {
		case "cpe23":
			if len(p.CPEs) < maxProperties {
				p.CPEs = append(p.CPEs, v)
			}
		case "package:foundBy":
			p.Inspector = v
		case "location:0:path":
			p.Path = strings.TrimPrefix(v, "/")
		case "location:0:layerID":
			p.Origin.DiffID = v
		case "metadata:source":
			setSource(p, v, "")
		case "metadata:sourceVersion":
			if p.Source != nil {
				p.Source.Version = first(v, p.Source.Version)
			}
		case "metadata:originPackage":
			setSource(p, v, p.Version)
		case "metadata:sourceRpm":
			if p.Type == "rpm" {
				if s := upstream(p, v); s != nil {
					p.Source = s
				}
			}
		}
	}
}

// setSource names the source package; a version that is not said is the binary's.
func setSource(p *inventory.Package, name, version string) {
	if name == "" || !p.IsOS() {
		return
	}
	if p.Source == nil || p.Source.Name != name {
		p.Source = &inventory.Source{Name: name, Version: first(version, p.Version)}
	}
}

// trivyProperties applies what Trivy writes beside a component
// (pkg/sbom/core/bom.go of its repository, v0.74.0).
func trivyProperties(p *inventory.Package, props []Property) {
	const prefix = "aquasecurity:trivy:"
	get := func(name string) string { return value(props, prefix+name) }
	if !slices.ContainsFunc(props, func(x Property) bool { return strings.HasPrefix(x.Name, prefix) }) {
		return
	}
	if diffID := get("LayerDiffID"); diffID != "" {
		p.Origin.DiffID = diffID
	}
	if path := get("FilePath"); path != "" {
		p.Path = strings.TrimPrefix(path, "/")
	}
	p.Inspector = first(get("PkgType"), p.Inspector)
	if !p.IsOS() {
		return
	}
	p.Module = first(get("Modularitylabel"), p.Module)
	if name := get("SrcName"); name != "" {
		version := get("SrcVersion")
		if release := get("SrcRelease"); release != "" {
			version += "-" + release
		}
		version = withEpoch(version, get("SrcEpoch"))
		if epoch, rest, ok := strings.Cut(p.Version, ":"); ok && p.Type == "rpm" && rest == version {
			version = epoch + ":" + version // an RPM's source has the epoch of its binaries
		}
		p.Source = &inventory.Source{Name: name, Version: first(version, p.Version)}
	}
}

// trivyAnnotation reads the comment of an annotation as Trivy writes it into
// SPDX documents: "LayerDiffID: sha256:…".
func trivyAnnotation(comment string) (Property, bool) {
	name, v, ok := strings.Cut(comment, ": ")
	if !ok || strings.ContainsAny(name, " \n") || name == "" {
		return Property{}, false
	}
	return Property{"aquasecurity:trivy:" + name, v}, true
}

// sourceInfo reads what Trivy and Syft say in SPDX's free text: "built package
// from: glibc 2.36-9", "acquired package info from DPKG DB: /var/lib/dpkg/status".
func sourceInfo(text string) (source *inventory.Source, path string) {
	if rest, ok := strings.CutPrefix(text, "built package from: "); ok {
		if name, version, ok := strings.Cut(rest, " "); ok {
			return &inventory.Source{Name: name, Version: version}, ""
		}
		return nil, ""
	}
	if _, rest, ok := strings.Cut(text, ": /"); ok && strings.HasPrefix(text, "acquired package info from ") {
		path, _, _ = strings.Cut(rest, ", ")
		return nil, path
	}
	return nil, ""
}

// algorithms are the names of digest algorithms in CycloneDX ("SHA-256") and
// SPDX ("SHA256"), by the name that OCI digests have ("sha256").
var algorithms = map[string]string{
	"MD5": "md5", "SHA1": "sha1", "SHA224": "sha224", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512",
	"SHA3256": "sha3-256", "SHA3384": "sha3-384", "SHA3512": "sha3-512",
}

// digest is "sha256:…"; empty where the algorithm is not known or the value is
// no hexadecimal number.
func digest(algorithm, content string) string {
	name := algorithms[strings.ToUpper(strings.ReplaceAll(algorithm, "-", ""))]
	content = strings.ToLower(content)
	if name == "" || content == "" || len(content) > 128 || strings.Trim(content, "0123456789abcdef") != "" {
		return ""
	}
	return fmt.Sprintf("%s:%s", name, content)
}
