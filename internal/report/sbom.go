package report

import (
	"fmt"
	"strings"
	"time"
)

// Snapshot is what a dependency snapshot for GitHub says of the build that it
// belongs to; each is empty where the caller does not know it.
type Snapshot struct {
	// SHA and Ref are the commit's and its branch's or tag's, in full.
	SHA, Ref string
	// Correlator tells snapshots that replace one another; JobID and JobURL name
	// the run.
	Correlator, JobID, JobURL string
	// Scanned is when the image was examined; of snapshots with one correlator
	// the latest counts.
	Scanned time.Time
}

// SBOMs lists the forms of plimsoll sbom, in the order in which help texts show
// them. They write packages; only CycloneDX has a place for vulnerabilities,
// where the verdict holds any.
func SBOMs() []Report {
	return []Report{
		{Name: "cyclonedx", Description: "CycloneDX 1.6, JSON", Extension: ".cdx.json", Write: writeCycloneDX},
		{Name: "cyclonedx-1.7", Description: "CycloneDX 1.7, JSON", Extension: ".cdx.json", Write: writeCycloneDX17},
		{Name: "spdx", Description: "SPDX 2.3, JSON", Extension: ".spdx.json", Write: writeSPDX},
		{Name: "syft", Description: "Syft's own JSON, schema " + syftSchema, Extension: ".syft.json", Write: writeSyft},
		{Name: "github", Description: "a dependency snapshot to submit to GitHub", Extension: ".json", Write: writeSnapshot},
	}
}

// SBOMNames lists the names of all forms of SBOMs.
func SBOMNames() []string {
	var names []string
	for _, r := range SBOMs() {
		names = append(names, r.Name)
	}
	return names
}

// SBOMByName finds a form; the error wraps ErrUnknown and lists the known names.
func SBOMByName(name string) (Report, error) {
	for _, r := range SBOMs() {
		if r.Name == name {
			return r, nil
		}
	}
	return Report{}, fmt.Errorf("%w %q: one of %s", ErrUnknown, name, strings.Join(SBOMNames(), ", "))
}
