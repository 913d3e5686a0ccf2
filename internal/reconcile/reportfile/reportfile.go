// Package reportfile reads the reports that vulnerability scanners write (JSON
// of Trivy, Grype and Plimsoll, SARIF, CycloneDX with vulnerabilities) into an
// inventory and an opinion, so that reconciliation can put them side by side
// like databases.
//
// It reads files only and judges nothing. Files are hostile: size, counts and
// text lengths are bounded, and what a report leaves out stays empty.
package reportfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

// MaxSize is the longest report that is read, in bytes.
const MaxSize = 512 << 20

// ErrUnknown is wrapped by the error for a file that is none of the known reports.
var ErrUnknown = errors.New("not a report of a known scanner")

// ErrNoVulnerabilities is wrapped by the error for a document of a known form
// that can hold vulnerabilities and has no place for them filled, such as an SBOM.
var ErrNoVulnerabilities = errors.New("holds no vulnerability results")

// Reading is what one report says.
type Reading struct {
	// Inventory lists the packages that the report names: only those with
	// findings where the form holds no others.
	Inventory inventory.Inventory
	Opinion   advisory.Opinion
}

// Read reads one report; its form is told from its content.
func Read(r io.Reader, name string) (*Reading, error) {
	content, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read report %s: %w", name, err)
	}
	if len(content) > MaxSize {
		return nil, fmt.Errorf("read report %s: longer than %d bytes", name, MaxSize)
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	parse, err := detect(content)
	if err == nil {
		var reading *Reading
		if reading, err = parse(content); err == nil {
			return reading, nil
		}
	}
	return nil, fmt.Errorf("read report %s: %w", name, err)
}

// detect tells the form from top-level keys that only it has.
func detect(content []byte) (func([]byte) (*Reading, error), error) {
	var top struct {
		SchemaVersion json.RawMessage // Trivy, Plimsoll (case-insensitive)
		Results       json.RawMessage
		ArtifactName  json.RawMessage
		Matches       json.RawMessage
		Descriptor    json.RawMessage
		Runs          json.RawMessage
		BOMFormat     string `json:"bomFormat"`
		Verdicts      json.RawMessage
	}
	if err := json.Unmarshal(content, &top); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	switch {
	case top.Verdicts != nil:
		return plimsoll, nil
	case top.BOMFormat == "CycloneDX":
		return cyclonedx, nil
	case top.Runs != nil:
		return sarif, nil
	case top.Matches != nil && top.Descriptor != nil:
		return grype, nil
	case top.SchemaVersion != nil && (top.Results != nil || top.ArtifactName != nil):
		return trivy, nil
	}
	return nil, ErrUnknown
}

// builder gathers packages and matches, each package once.
type builder struct {
	packages map[string]inventory.Package
	matches  map[[2]string]advisory.Match
}

func newBuilder() *builder {
	return &builder{packages: map[string]inventory.Package{}, matches: map[[2]string]advisory.Match{}}
}

// identified is what a report says about the identity of a package. A purl
// decides where there is one.
type identified struct {
	purl               string
	typ, name, version string
	path, source       string
}

// add records a package and returns the ID by which scanners' reports about the
// same package meet: type, full name and version, since they agree on neither
// qualifiers nor paths.
func (b *builder) add(i identified) (string, bool) {
	p := inventory.Package{Type: i.typ, Name: i.name, Version: i.version, Path: i.path, Liveness: inventory.Visible, Origin: inventory.LayerRef{Index: -1}}
	if u, err := packageurl.FromString(i.purl); err == nil {
		p.Type, p.Namespace, p.Name, p.Version = u.Type, u.Namespace, u.Name, u.Version
		if epoch := u.Qualifiers.Map()["epoch"]; epoch != "" && epoch != "0" {
			p.Version = epoch + ":" + p.Version
		}
	}
	if p.Name == "" || p.Type == "" {
		return "", false
	}
	if i.source != "" && i.source != p.Name {
		p.Source = &inventory.Source{Name: i.source}
	}
	p.PURL = packageurl.NewPackageURL(p.Type, p.Namespace, p.Name, p.Version, nil, "").ToString()
	p.ID = p.Type + ":" + strings.ToLower(p.FullName()) + "@" + strings.TrimPrefix(p.Version, "v")
	if _, known := b.packages[p.ID]; !known {
		b.packages[p.ID] = p
	}
	return p.ID, true
}

// match keeps one match for each package and identifier.
func (b *builder) match(m advisory.Match) {
	slices.Sort(m.Aliases)
	m.Aliases = slices.Compact(m.Aliases)
	b.matches[[2]string{m.PackageID, m.ID}] = m
}

func (b *builder) reading(info advisory.Info) *Reading {
	r := &Reading{Opinion: advisory.Opinion{Database: info, Matches: []advisory.Match{}}}
	for _, p := range b.packages {
		r.Inventory.Packages = append(r.Inventory.Packages, p)
	}
	slices.SortFunc(r.Inventory.Packages, func(x, y inventory.Package) int { return strings.Compare(x.ID, y.ID) })
	for _, m := range b.matches {
		r.Opinion.Matches = append(r.Opinion.Matches, m)
	}
	slices.SortFunc(r.Opinion.Matches, func(x, y advisory.Match) int {
		return strings.Compare(x.PackageID+"\x00"+x.ID, y.PackageID+"\x00"+y.ID)
	})
	return r
}

// Join puts the readings of several reports over one inventory. Two reports
// of the same scanner are told apart by a number behind its name. A package
// whose type its report does not say is taken for the one of the same name and
// version that another report knows, where there is exactly one.
func Join(readings []*Reading) (*inventory.Inventory, []*advisory.Opinion) {
	packages := map[string]inventory.Package{}
	uses := map[string]int{}
	var opinions []*advisory.Opinion
	typed := typedPackages(readings)
	for _, r := range readings {
		r = r.withTypes(typed)
		for _, p := range r.Inventory.Packages {
			if _, known := packages[p.ID]; !known {
				packages[p.ID] = p
			}
		}
		o := r.Opinion
		if uses[o.Database.Name]++; uses[o.Database.Name] > 1 {
			o.Database.Name = fmt.Sprintf("%s (%d)", o.Database.Name, uses[o.Database.Name])
		}
		opinions = append(opinions, &o)
	}
	inv := &inventory.Inventory{Packages: []inventory.Package{}}
	for _, p := range packages {
		inv.Packages = append(inv.Packages, p)
	}
	slices.SortFunc(inv.Packages, func(x, y inventory.Package) int { return strings.Compare(x.ID, y.ID) })
	return inv, opinions
}

// untyped is the type of a package whose report says only name and version.
const untyped = "generic"

// typedPackages finds packages by what follows the type in their IDs; where
// several types share it, none is known.
func typedPackages(readings []*Reading) map[string]inventory.Package {
	typed := map[string]inventory.Package{}
	for _, r := range readings {
		for _, p := range r.Inventory.Packages {
			if p.Type == untyped {
				continue
			}
			key := strings.TrimPrefix(p.ID, p.Type+":")
			if known, ok := typed[key]; ok && known.Type != p.Type {
				p = inventory.Package{}
			}
			typed[key] = p
		}
	}
	return typed
}

// withTypes returns the reading with its untyped packages replaced by the
// typed ones that they are.
func (r *Reading) withTypes(typed map[string]inventory.Package) *Reading {
	b := newBuilder()
	renamed := map[string]string{}
	for _, p := range r.Inventory.Packages {
		if p.Type == untyped {
			if t := typed[strings.TrimPrefix(p.ID, untyped+":")]; t.ID != "" {
				renamed[p.ID] = t.ID
				p = t
			}
		}
		b.packages[p.ID] = p
	}
	if len(renamed) == 0 {
		return r
	}
	for _, m := range r.Opinion.Matches {
		if id := renamed[m.PackageID]; id != "" {
			m.PackageID = id
		}
		b.match(m)
	}
	out := b.reading(r.Opinion.Database)
	out.Opinion.Gaps = r.Opinion.Gaps
	return out
}

// fixState chooses between fixed and the state that a report names otherwise.
func fixState(fixed []string, state advisory.FixState) advisory.FixState {
	if len(fixed) > 0 {
		return advisory.Fixed
	}
	return state
}

// splitVersions reads a list of versions as Trivy writes it.
func splitVersions(s string) []string {
	var out []string
	for _, v := range strings.Split(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
