package exception

import (
	"fmt"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"plimsoll/internal/inventory"
)

// purl is a package URL of a statement or a scope. It may say less than the
// package it stands for: without a version it means every version, without a
// qualifier every value of it.
//
// Comparison follows the specification (ECMA-427): each component is decoded and
// normalised by its type before it is compared, so that percent-encoding, case
// and the order of qualifiers don't matter.
type purl struct {
	packageurl.PackageURL
	qualifiers map[string]string
}

func parsePURL(s string) (purl, error) {
	if len(s) > maxPattern {
		return purl{}, fmt.Errorf("a package URL of %d bytes", len(s))
	}
	u, err := packageurl.FromString(s)
	if err != nil {
		return purl{}, err
	}
	p := purl{PackageURL: u, qualifiers: u.Qualifiers.Map()}
	if u.Type == "rpm" {
		// The epoch is a qualifier (purl type rpm); some write it into the version.
		if epoch, rest, ok := strings.Cut(u.Version, ":"); ok {
			p.qualifiers["epoch"], p.Version = epoch, rest
		}
	}
	if p.qualifiers["epoch"] == "0" {
		delete(p.qualifiers, "epoch")
	}
	return p, nil
}

// ofImage reports whether the URL names an image.
func (u *purl) ofImage() bool { return u.Type == packageurl.TypeOCI || u.Type == packageurl.TypeDocker }

// coversImage reports whether the URL stands for an image. A digest decides
// alone, since it names the content wherever it is kept; repository_url says
// where else it may be found (purl type oci).
func (u *purl) coversImage(image *imageIdentity) bool {
	if arch := u.qualifiers["arch"]; arch != "" && image.arch != "" && !sameArch(arch, image.arch) {
		return false
	}
	if os := u.qualifiers["os"]; os != "" && image.os != "" && os != image.os {
		return false
	}
	version, tag := u.Version, u.qualifiers["tag"]
	if u.Type == packageurl.TypeDocker && !isDigest(version) {
		version, tag = "", version // purl type docker: a tag or an image's ID
	}
	if version != "" {
		return slices.ContainsFunc(image.digests, func(d string) bool { return sameDigest(version, d) })
	}
	return slices.ContainsFunc(image.names, func(n imageName) bool {
		return (tag == "" || tag == n.tag) && u.coversRepository(n.repository)
	})
}

func isDigest(s string) bool {
	return strings.HasPrefix(s, "sha256:") || strings.HasPrefix(s, "sha512:")
}

// sameDigest takes the short form that the purl specification's examples have.
func sameDigest(written, digest string) bool {
	const short = len("sha256:") + 12
	written = strings.ToLower(written)
	return written == digest || len(written) >= short && isDigest(written) && strings.HasPrefix(digest, written)
}

// coversRepository compares names. The URL's repository_url may end in the
// image's own name or stand before it.
func (u *purl) coversRepository(repository string) bool {
	name := strings.ToLower(u.Name)
	if u.Type == packageurl.TypeDocker {
		host := u.qualifiers["repository_url"]
		if host == "" {
			host = hub // the type's default
		}
		full := strings.Trim(u.Namespace+"/"+u.Name, "/")
		return normalRepository(strings.TrimSuffix(host, "/")+"/"+full) == repository
	}
	url := strings.TrimSuffix(u.qualifiers["repository_url"], "/")
	if url == "" {
		return repository[strings.LastIndexByte(repository, '/')+1:] == name
	}
	if repository[strings.LastIndexByte(repository, '/')+1:] != name {
		return false
	}
	url, _, _ = strings.Cut(url, "@")
	bare := strings.ToLower(url)
	for _, scheme := range []string{"https://", "http://"} {
		bare = strings.TrimPrefix(bare, scheme)
	}
	if bare == "docker.io" || slices.Contains(hubAliases(), bare) {
		return repository == hub+"/library/"+name
	}
	return normalRepository(bare) == repository || normalRepository(bare+"/"+name) == repository
}

func sameArch(written, platform string) bool {
	arch, _, _ := strings.Cut(platform, "/")
	written = strings.ToLower(written)
	return written == platform || archAlias(written) == archAlias(arch)
}

// archAlias is the name that Go and OCI have for an architecture; the others are
// of uname, Debian and RPM.
func archAlias(s string) string {
	switch s {
	case "x86_64", "x86-64", "x64":
		return "amd64"
	case "aarch64", "arm64v8":
		return "arm64"
	case "i386", "i486", "i586", "i686", "x86":
		return "386"
	case "armhf", "armv7", "armv7l", "armv7hl", "armel", "armv6", "armv6l":
		return "arm"
	case "ppc64el":
		return "ppc64le"
	case "noarch":
		return "all"
	}
	return s
}

// covers reports whether the URL stands for an installed package.
func (u *purl) covers(p *inventory.Package, d *inventory.Distribution) bool {
	if u.Type != p.Type || u.Subpath != "" {
		// With a subpath it speaks of a part of the package, which is no word on the rest.
		return false
	}
	have, err := parsePURL(p.PURL)
	if err != nil {
		return false
	}
	if distributor(u.Type, u.Namespace) != distributor(have.Type, have.Namespace) {
		return false
	}
	name, version := have.Name, have.Version
	arch := u.qualifiers["arch"]
	if arch == "source" || arch == "src" {
		source := inventory.Package{Type: p.Type, Namespace: p.Namespace, Name: p.SourceName(), Version: p.SourceVersion()}
		name, version = source.Name, source.Version
		if p.Type == "rpm" {
			_, version = cutEpoch(version)
		}
		arch = ""
	}
	if u.Name != name || u.Version != "" && !sameVersion(u.Type, u.Version, version) {
		return false
	}
	for key, value := range u.qualifiers {
		if !qualifierHolds(key, value, arch, &have, p, d) {
			return false
		}
	}
	return true
}

func cutEpoch(version string) (epoch, rest string) {
	if epoch, rest, ok := strings.Cut(version, ":"); ok {
		return epoch, rest
	}
	return "", version
}

// distributor is the namespace of a distribution's packages. Tools disagree on
// some of them; the type definitions (rpm, deb, apk) name the vendor.
func distributor(typ, namespace string) string {
	switch typ {
	case "deb", "rpm", "apk", "alpm":
	default:
		return namespace
	}
	switch namespace {
	case "rhel", "ubi":
		return "redhat"
	case "sles", "sled", "sle-micro":
		return "suse"
	case "opensuse-leap", "opensuse-tumbleweed":
		return "opensuse"
	case "amazon":
		return "amzn"
	case "oracle", "oraclelinux":
		return "ol"
	case "alma":
		return "almalinux"
	case "cbl-mariner":
		return "mariner"
	}
	return namespace
}

func sameVersion(typ, a, b string) bool {
	switch typ {
	case "golang":
		return strings.TrimPrefix(a, "v") == strings.TrimPrefix(b, "v")
	case "deb":
		// An epoch of 0 is not written (Debian Policy, 5.6.12).
		return strings.TrimPrefix(a, "0:") == strings.TrimPrefix(b, "0:")
	}
	return a == b
}

// qualifierHolds compares one qualifier of a statement. Those that say where a
// package came from, and not which it is, don't count.
func qualifierHolds(key, value, arch string, have *purl, p *inventory.Package, d *inventory.Distribution) bool {
	switch key {
	case "upstream", "vcs_url", "download_url", "checksum", "checksums", "file_name", "package-id", "modularitylabel", "rpmmod":
		return true
	case "arch":
		return arch == "" || p.Arch == "" || archAlias(arch) == archAlias(p.Arch)
	case "epoch":
		return value == have.qualifiers["epoch"]
	case "distro":
		return sameDistribution(value, d)
	case "repository_url":
		return defaultRegistry(p.Type, value)
	case "type":
		if p.Type == "maven" && value == "jar" {
			return true // the type's default
		}
	}
	return have.qualifiers[key] == value
}

// sameDistribution takes "debian-12", "debian-12.5" (of /etc/debian_version),
// "bookworm" and "12" for the same: of two versions one may say less.
func sameDistribution(written string, d *inventory.Distribution) bool {
	if d == nil {
		return false
	}
	written = strings.ToLower(written)
	for _, id := range []string{d.ID, distributor("rpm", d.ID)} {
		if rest, ok := strings.CutPrefix(written, strings.ToLower(id)+"-"); ok {
			written = rest
			break
		}
	}
	if d.VersionCodename != "" && written == strings.ToLower(d.VersionCodename) {
		return true
	}
	version := strings.ToLower(d.VersionID)
	return written == version || version != "" && (strings.HasPrefix(written, version+".") || strings.HasPrefix(version, written+".") && written != "")
}

// defaultRegistry reports whether a URL is the registry that packages of a type
// come from where nothing is said (purl-spec, type definitions, and the hosts
// that serve the same).
func defaultRegistry(typ, url string) bool {
	for _, scheme := range []string{"https://", "http://"} {
		url = strings.TrimPrefix(url, scheme)
	}
	host := strings.ToLower(strings.TrimSuffix(url, "/"))
	known := map[string][]string{
		"npm":      {"registry.npmjs.org", "registry.npmjs.com", "npmjs.com", "www.npmjs.com", "registry.yarnpkg.com"},
		"pypi":     {"pypi.org", "pypi.python.org", "pypi.org/simple", "files.pythonhosted.org"},
		"maven":    {"repo.maven.apache.org/maven2", "repo1.maven.org/maven2", "repo.maven.apache.org", "central.sonatype.com"},
		"gem":      {"rubygems.org"},
		"nuget":    {"www.nuget.org", "nuget.org", "api.nuget.org", "api.nuget.org/v3/index.json"},
		"cargo":    {"crates.io", "static.crates.io", "index.crates.io"},
		"composer": {"packagist.org", "repo.packagist.org"},
		"golang":   {"proxy.golang.org", "pkg.go.dev"},
	}
	return slices.Contains(known[typ], host)
}
