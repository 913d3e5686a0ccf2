package report

import (
	"io"
	"time"

	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// The types below are the body of a dependency submission (GitHub's REST API,
// "Create a snapshot of dependencies for a repository").
type snapshot struct {
	Version   int                 `json:"version"`
	SHA       string              `json:"sha"`
	Ref       string              `json:"ref"`
	Job       snapshotJob         `json:"job"`
	Detector  snapshotDetector    `json:"detector"`
	Metadata  map[string]string   `json:"metadata,omitempty"`
	Manifests map[string]manifest `json:"manifests"`
	Scanned   string              `json:"scanned"`
}

type snapshotJob struct {
	ID         string `json:"id"`
	Correlator string `json:"correlator"`
	HTMLURL    string `json:"html_url,omitempty"`
}

type snapshotDetector struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	URL     string `json:"url"`
}

type manifest struct {
	Name     string                `json:"name"`
	Metadata map[string]string     `json:"metadata,omitempty"`
	Resolved map[string]dependency `json:"resolved"`
}

type dependency struct {
	PackageURL   string            `json:"package_url"`
	Metadata     map[string]string `json:"metadata,omitempty"`
	Relationship string            `json:"relationship"`
	Scope        string            `json:"scope"`
	Dependencies []string          `json:"dependencies,omitempty"`
}

// detectorURL names the program where GitHub asks for a URL of it.
const detectorURL = "urn:plimsoll"

// maxSnapshotMetadata is the number of metadata keys that GitHub allows.
const maxSnapshotMetadata = 8

// writeSnapshot writes a dependency snapshot: a manifest for each kind of
// package. A package that no other of the image asks for is a direct dependency.
func writeSnapshot(w io.Writer, r *verdict.Report, opt Options) error {
	v, err := only(r, "github")
	if err != nil {
		return err
	}
	scanned := opt.Snapshot.Scanned
	if scanned.IsZero() {
		scanned = stamp(v, opt)
	}
	s := snapshot{
		SHA: opt.Snapshot.SHA, Ref: opt.Snapshot.Ref,
		Job:       snapshotJob{ID: orElse(opt.Snapshot.JobID, "plimsoll"), Correlator: orElse(opt.Snapshot.Correlator, "plimsoll sbom "+v.Image.Reference), HTMLURL: opt.Snapshot.JobURL},
		Detector:  snapshotDetector{Name: r.Tool.Name, Version: r.Tool.Version, URL: detectorURL},
		Metadata:  map[string]string{},
		Manifests: map[string]manifest{},
		Scanned:   scanned.UTC().Format(time.RFC3339),
	}
	for name, value := range map[string]string{"plimsoll:image": v.Image.Reference, "plimsoll:digest": v.Image.Digest, "plimsoll:platform": v.Image.Platform} {
		if value != "" {
			s.Metadata[name] = value
		}
	}
	if d := v.Image.Distribution; d != nil {
		s.Metadata["plimsoll:distribution"] = d.ID + " " + d.VersionID
	}
	s.addPackages(v)
	return encodeJSON(w, s)
}

func (s *snapshot) addPackages(v *verdict.Verdict) {
	g := newGraph(v.Packages)
	on := make([][]int, len(v.Packages))
	asked := make([]bool, len(v.Packages))
	for i := range v.Packages {
		on[i] = g.dependencies(i)
		for _, to := range on[i] {
			asked[to] = true
		}
	}
	for i := range v.Packages {
		p := &v.Packages[i]
		if p.PURL == "" {
			continue // a snapshot names nothing otherwise
		}
		name := v.Image.Reference + " (" + p.Type + ")"
		m, ok := s.Manifests[name]
		if !ok {
			m = manifest{Name: name, Resolved: map[string]dependency{}}
			s.Manifests[name] = m
		}
		d, twice := m.Resolved[p.PURL]
		if !twice {
			d = dependency{PackageURL: p.PURL, Relationship: "indirect", Scope: "runtime", Metadata: dependencyMetadata(p)}
		}
		if !asked[i] {
			d.Relationship = "direct"
		}
		known := map[string]bool{p.PURL: true}
		for _, url := range d.Dependencies {
			known[url] = true
		}
		for _, to := range on[i] {
			if url := v.Packages[to].PURL; url != "" && !known[url] {
				known[url] = true
				d.Dependencies = append(d.Dependencies, url)
			}
		}
		m.Resolved[p.PURL] = d
	}
}

// dependencyMetadata says where a package is, in no more keys than GitHub takes.
func dependencyMetadata(p *inventory.Package) map[string]string {
	m := map[string]string{}
	for name, value := range map[string]string{"plimsoll:path": p.Path, "plimsoll:layer": p.Origin.DiffID, "plimsoll:liveness": string(p.Liveness)} {
		if value != "" && len(m) < maxSnapshotMetadata {
			m[name] = value
		}
	}
	return m
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
