package evidence

import (
	"fmt"
	"iter"
	"strings"

	"github.com/package-url/packageurl-go"

	"plimsoll/internal/inventory"
)

// ownedBy yields the layer's file lists.
func (l *Layer) ownedBy() iter.Seq[*Owned] {
	return func(yield func(*Owned) bool) {
		for i := range l.Owned {
			if !yield(&l.Owned[i]) {
				return
			}
		}
	}
}

// identify gives each package its purl and its ID, and names owners by their IDs.
func identify(entries []entry, d *inventory.Distribution) []inventory.Package {
	uses := map[string]int{}
	for i := range entries {
		p := &entries[i].Package
		if p.IsOS() {
			p.Namespace = purlVendor(d)
		}
		p.PURL = PURL(p, d)
		uses[p.PURL]++
	}
	owners := map[osPackage]string{}
	taken := map[string]bool{}
	next := map[string]int{} // the number to try behind an ID, so that repetition stays linear
	for i := range entries {
		p := &entries[i].Package
		p.ID = p.PURL
		if uses[p.PURL] > 1 {
			p.ID += "@/" + p.Path
			if p.InArchive != "" {
				p.ID += "!" + p.InArchive
			}
		}
		// What still collides differs in a way that no field shows.
		for base := p.ID; taken[p.ID]; next[base]++ {
			p.ID = fmt.Sprintf("%s#%d", base, next[base]+2)
		}
		taken[p.ID] = true
		if p.IsOS() {
			owners[osPackageOf(p)] = p.ID
		}
	}
	packages := make([]inventory.Package, len(entries))
	for i := range entries {
		packages[i] = entries[i].Package
		packages[i].OwnedBy = owners[entries[i].owner]
	}
	return packages
}

// purlVendor is the purl namespace of a distribution's packages: its os-release
// ID, but for those that the purl type definitions (rpm, apk, deb) name otherwise.
func purlVendor(d *inventory.Distribution) string {
	if d == nil {
		return ""
	}
	switch d.ID {
	case "rhel":
		return "redhat"
	case "sles", "sled", "sle-micro":
		return "suse"
	case "opensuse-leap", "opensuse-tumbleweed":
		return "opensuse"
	}
	return d.ID
}

// PURL writes the package URL (ECMA-427; types as in the purl-spec's type
// definitions), the distribution and the source package in its qualifiers.
func PURL(p *inventory.Package, d *inventory.Distribution) string {
	version := p.Version
	q := map[string]string{}
	if p.IsOS() {
		if p.Arch != "" {
			q["arch"] = p.Arch
		}
		if d != nil && d.ID != "" {
			q["distro"] = strings.TrimSuffix(d.ID+"-"+d.VersionID, "-")
		}
		if p.Source != nil && p.Source.Name != p.Name {
			q["upstream"] = p.Source.Name
			if p.Source.Version != "" && p.Source.Version != p.Version {
				q["upstream"] += "@" + p.Source.Version
			}
		}
		if p.Type == "rpm" {
			if epoch, rest, ok := strings.Cut(version, ":"); ok {
				q["epoch"], version = epoch, rest
			}
			if p.Module != "" {
				q["rpmmod"] = p.Module
			}
		}
	}
	u := packageurl.NewPackageURL(p.Type, p.Namespace, p.Name, version, packageurl.QualifiersFromMap(q), "")
	if err := u.Normalize(); err != nil {
		// A type with rules of its own (swift, cpan, …) that the record does not
		// meet; the URL is still unique and readable.
		return u.ToString()
	}
	return u.ToString()
}
