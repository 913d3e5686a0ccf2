// Package inventory owns the nouns of what is installed in an image: Package,
// Distribution, LayerRef and Liveness, and the Inventory that holds them.
//
// It never reads a file, a layer or a database: inspectors fill it, the merge
// in package evidence completes it, and every later step only reads it.
package inventory

// Liveness says where a file or a package stands in the final image.
type Liveness string

const (
	// Visible: present in the final file system.
	Visible Liveness = "visible"
	// Shadowed: overwritten by a later layer; the bytes still ship in every pull.
	Shadowed Liveness = "shadowed"
	// Deleted: whited out by a later layer; the bytes still ship in every pull.
	Deleted Liveness = "deleted"
	// Ghost: the package's record was removed or its database deleted by a
	// later layer, while files that it installed are still visible.
	Ghost Liveness = "ghost"
	// InConfig: in no file, but in the image's configuration or history.
	InConfig Liveness = "config"
)

// Package is one piece of installed software.
//
// The fields up to Inspector are filled by an inspector from the bytes of one
// layer alone. The fields after it depend on the other layers and are filled
// when the layers are merged.
type Package struct {
	// Type is the purl type: deb, apk, rpm, alpm, pypi, npm, golang, maven,
	// gem, composer, nuget, cargo, conda, cran, generic.
	Type string `json:"type"`
	// Namespace is the purl namespace: Maven group, npm scope, Go module
	// path up to the last slash, composer vendor. For OS packages it is the
	// distribution's ID and set when merged.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Version is the package manager's own full version: deb "1:2.3-4+deb12u1",
	// apk "1.2.3-r4", rpm "[epoch:]version-release", golang with its leading v
	// (except stdlib: "1.22.3").
	Version string `json:"version"`
	Arch    string `json:"arch,omitempty"`
	// Source is the source package that an OS package was built from. For
	// rpm, Name is the source RPM's name and Version its [epoch:]version-release.
	Source *Source `json:"source,omitempty"`
	// Module is the RPM modularity label (name:stream:version:context).
	Module   string   `json:"module,omitempty"`
	Vendor   string   `json:"vendor,omitempty"`
	Licenses []string `json:"licenses,omitempty"`
	// CPEs are CPE 2.3 strings; set for runtimes outside any package manager.
	CPEs []string `json:"cpes,omitempty"`
	// DependsOn are names of packages of the same Type that this one asks for,
	// alternatives already reduced to their first.
	DependsOn []string `json:"dependsOn,omitempty"`
	// Requires are the IDs of the packages that this one depends on, where a
	// document says which they are (an SBOM); empty for what was read from an
	// image, where the names in DependsOn lead to them.
	Requires []string `json:"requires,omitempty"`
	// Digests are of the package itself: "sha256:…". Of what lies in an image, the
	// file that is the package.
	Digests []string `json:"digests,omitempty"`
	// Path is the file that proves the package, relative to the image's root
	// without a leading slash. For something inside an archive, the archive's
	// path; InArchive then says where in it ("WEB-INF/lib/a.jar!META-INF/…").
	Path      string `json:"path"`
	InArchive string `json:"inArchive,omitempty"`
	// Inspector is the name of the inspector that found it.
	Inspector string `json:"inspector"`

	// ID is unique within one inventory and stable across scans of the same
	// image: the purl, followed by "@/path" where two share a purl.
	ID string `json:"id"`
	// PURL is the canonical package URL, distribution qualifier included.
	PURL     string   `json:"purl"`
	Liveness Liveness `json:"liveness"`
	// Origin is the layer where the package first appeared at this version.
	Origin LayerRef `json:"origin"`
	// OwnedBy is the ID of the OS package that installed this package's
	// files; the distribution's advisories then judge it.
	OwnedBy string `json:"ownedBy,omitempty"`
}

// Source is a source package.
type Source struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// SourceName returns the source package's name, or the package's own name
// where it is its own source.
func (p *Package) SourceName() string {
	if p.Source != nil && p.Source.Name != "" {
		return p.Source.Name
	}
	return p.Name
}

// SourceVersion returns the source package's version, or the package's own
// version where the record names none.
func (p *Package) SourceVersion() string {
	if p.Source != nil && p.Source.Version != "" {
		return p.Source.Version
	}
	return p.Version
}

// FullName returns the name as the package's own ecosystem writes it:
// "@scope/name" for npm, "group:artifact" for Maven, "vendor/name" for
// composer, the module path for Go, the bare name for all others.
func (p *Package) FullName() string {
	switch {
	case p.Namespace == "" || p.IsOS():
		return p.Name
	case p.Type == "maven":
		return p.Namespace + ":" + p.Name
	default:
		return p.Namespace + "/" + p.Name
	}
}

// IsOS reports whether a distribution's package manager installed the package.
func (p *Package) IsOS() bool {
	switch p.Type {
	case "deb", "apk", "rpm", "alpm":
		return true
	}
	return false
}

// LayerRef points at a layer and the history line that made it.
type LayerRef struct {
	// Index counts from 0 at the base layer; -1 where no layer is known (an SBOM).
	Index  int    `json:"index"`
	DiffID string `json:"diffID"`
	// CreatedBy is the history line, with control characters removed.
	CreatedBy string `json:"createdBy,omitempty"`
}

// Distribution is what os-release says, with what else decides which
// advisories apply.
type Distribution struct {
	// ID, VersionID, VersionCodename, Name and PrettyName are os-release's
	// fields of these names: "debian", "12", "bookworm", …
	ID              string `json:"id"`
	VersionID       string `json:"versionID,omitempty"`
	VersionCodename string `json:"versionCodename,omitempty"`
	Name            string `json:"name,omitempty"`
	PrettyName      string `json:"prettyName,omitempty"`
	// IDLike are os-release's ID_LIKE words, nearest relative first.
	IDLike []string `json:"idLike,omitempty"`
	CPE    string   `json:"cpe,omitempty"`
	// ContentSets are Red Hat repository identifiers found in
	// root/buildinfo/content_manifests or usr/share/buildinfo; the images of
	// UBI and RHEL carry them, and they choose which advisories apply.
	ContentSets []string `json:"contentSets,omitempty"`
	// Build is the name-version-release-architecture of the Red Hat image that
	// the file system was built as ("ubi8-container-8.2-347-x86_64"); of images
	// from before content manifests it chooses which advisories apply.
	Build string `json:"build,omitempty"`
	// Extended is set where an extended-support subscription is enabled in
	// the image: "esm" for Ubuntu Pro.
	Extended string `json:"extended,omitempty"`
}

// Inventory is what is installed in one image, layers merged.
type Inventory struct {
	// Distribution is nil where no layer holds an os-release file.
	Distribution *Distribution `json:"distribution,omitempty"`
	// Packages are sorted by Type, Name, Version, Path.
	Packages []Package `json:"packages"`
}

// ByID returns the package with this ID, or nil.
func (inv *Inventory) ByID(id string) *Package {
	for i := range inv.Packages {
		if inv.Packages[i].ID == id {
			return &inv.Packages[i]
		}
	}
	return nil
}
