package sbom

import (
	"strings"

	"github.com/package-url/packageurl-go"

	"plimsoll/internal/inventory"
)

// distributionIDs are the os-release IDs of distributions that scanners call
// otherwise: Trivy's families (pkg/fanal/types/const.go of its repository) and
// the purl namespaces that are none (purl-spec, types rpm and apk).
var distributionIDs = map[string]string{
	"redhat": "rhel", "oracle": "ol", "oraclelinux": "ol", "amazon": "amzn", "alma": "almalinux",
	"suse linux enterprise server": "sles", "suse linux enterprise micro": "sle-micro",
	"suse": "sles", "opensuse.leap": "opensuse-leap", "opensuse leap": "opensuse-leap", "opensuse": "opensuse-leap",
	"opensuse.tumbleweed": "opensuse-tumbleweed", "opensuse tumbleweed": "opensuse-tumbleweed",
	"cbl-mariner": "mariner", "rockylinux": "rocky", "archlinux": "arch",
}

// distributionID returns the os-release ID that a name stands for.
func distributionID(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if id := distributionIDs[name]; id != "" {
		return id
	}
	return name
}

// fromPURL reads a package URL; false for what is none, or names no package.
func fromPURL(text string) (*inventory.Package, bool) {
	if text == "" {
		return nil, false
	}
	u, err := packageurl.FromString(text)
	if err != nil || u.Name == "" || u.Type == "" {
		return nil, false
	}
	q := u.Qualifiers.Map()
	p := &inventory.Package{
		Type: u.Type, Namespace: u.Namespace, Name: u.Name, Version: u.Version, PURL: text,
		Liveness: inventory.Visible, Origin: inventory.LayerRef{Index: -1},
	}
	switch {
	case p.IsOS():
		p.Arch = q["arch"]
		p.Version = withEpoch(p.Version, q["epoch"])
		p.Source = upstream(p, q["upstream"])
		p.Module = first(q["rpmmod"], q["modularitylabel"])
	case p.Type == "golang":
		// Syft puts what follows a module's third element into the subpath.
		if u.Subpath != "" {
			path := u.Namespace + "/" + u.Name + "/" + u.Subpath
			at := strings.LastIndexByte(path, '/')
			p.Namespace, p.Name = path[:at], path[at+1:]
		}
		if p.FullName() == "stdlib" {
			p.Version = strings.TrimPrefix(strings.TrimPrefix(p.Version, "go"), "v")
		}
	}
	return p, true
}

// withEpoch puts a qualifier's epoch before a version that does not have it.
func withEpoch(version, epoch string) string {
	if epoch == "" || epoch == "0" || version == "" || strings.HasPrefix(version, epoch+":") {
		return version
	}
	return epoch + ":" + version
}

// upstream reads the qualifier that Syft and Plimsoll name the source package
// with: "name", "name@version", of an RPM the source RPM's file name.
func upstream(p *inventory.Package, text string) *inventory.Source {
	if text == "" {
		return nil
	}
	if p.Type == "rpm" {
		if s := sourceRPM(text); s != nil {
			if epoch, _, ok := strings.Cut(p.Version, ":"); ok && s.Version == p.Version[len(epoch)+1:] {
				s.Version = p.Version // the file's name has no epoch; its own binary's is the source's
			}
			return s
		}
	}
	name, version, _ := strings.Cut(text, "@")
	if version == "" {
		version = p.Version
	}
	return &inventory.Source{Name: name, Version: version}
}

// sourceRPM reads "openssl-1.1.1k-7.el8_6.src.rpm"; nil for what is none.
func sourceRPM(file string) *inventory.Source {
	for _, suffix := range []string{".src.rpm", ".nosrc.rpm"} {
		nvr, ok := strings.CutSuffix(file, suffix)
		if !ok {
			continue
		}
		release := strings.LastIndexByte(nvr, '-')
		if release <= 0 {
			return nil
		}
		version := strings.LastIndexByte(nvr[:release], '-')
		if version <= 0 {
			return nil
		}
		return &inventory.Source{Name: nvr[:version], Version: nvr[version+1:]}
	}
	return nil
}

// distributionOf reads the distro qualifier of an OS package: "debian-12",
// "opensuse-leap-15.5"; Trivy writes the version alone for Alpine.
func distributionOf(text string) *inventory.Distribution {
	u, err := packageurl.FromString(text)
	if err != nil {
		return nil
	}
	distro := u.Qualifiers.Map()["distro"]
	if distro == "" {
		return nil
	}
	d := &inventory.Distribution{}
	if strings.IndexByte("0123456789", distro[0]) >= 0 {
		d.ID, d.VersionID = distributionID(u.Namespace), distro
		return d
	}
	name, version := distro, ""
	if at := strings.LastIndexByte(distro, '-'); at > 0 {
		if rest := distro[at+1:]; strings.ContainsAny(rest, "0123456789") || rest == "sid" {
			name, version = distro[:at], rest
		}
	}
	d.ID, d.VersionID = distributionID(name), version
	if version == "sid" {
		d.VersionID, d.VersionCodename = "", "sid"
	}
	return d
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
