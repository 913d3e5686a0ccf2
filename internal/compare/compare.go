package compare

import (
	"cmp"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/account"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// SchemaVersion is the version of the JSON shape. It rises when a field changes
// its meaning or goes away; new fields don't raise it.
const SchemaVersion = 1

// Report is the differences of one run, one for each platform that both have.
type Report struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	Differences   []Difference `json:"differences"`
	// Status is the run's exit status.
	Status int `json:"status"`
}

// Difference is how one image differs from another.
type Difference struct {
	Before Summary `json:"before"`
	After  Summary `json:"after"`
	// Same is set where nothing differs, the layers' bytes included.
	Same   bool   `json:"same"`
	Layers Layers `json:"layers"`
	// Configuration are settings, in the order of the image specification.
	Configuration []Setting `json:"configuration"`
	// History are lines that only one of the two has, in order.
	History  []Line    `json:"history"`
	Packages []Package `json:"packages"`
	Files    Files     `json:"files"`
	// Executables are those of the final images, what nobody vouches for first.
	Executables []account.Change `json:"executables"`
	Findings    Findings         `json:"findings"`
	// Complete is false where something of either could not be examined.
	Complete bool      `json:"complete"`
	Skipped  []Skipped `json:"skipped,omitempty"`
}

// Summary is one of the two images.
type Summary struct {
	Image verdict.Image `json:"image"`
	// Size is the length of all uncompressed layers in bytes, Stored of all
	// blobs as they lie in the source, -1 where one is not known.
	Size     int64 `json:"size"`
	Stored   int64 `json:"stored"`
	Packages int   `json:"packages"`
	// Files is the content of the final image.
	Files       Tally `json:"files"`
	Executables int   `json:"executables"`
}

// Tally counts files with the bytes of their content.
type Tally struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Layers says which layers the two share.
type Layers struct {
	// Shared are in both, Bytes their uncompressed lengths.
	Shared int   `json:"shared"`
	Bytes  int64 `json:"bytes"`
	// Before and After are those that only one has.
	Before []Layer `json:"before"`
	After  []Layer `json:"after"`
}

// Layer is one that only one image has.
type Layer struct {
	inventory.LayerRef
	Size int64 `json:"size"`
}

// Line is a history line that only one image has.
type Line struct {
	// Change is added for a line of the second image, removed for the first's.
	Change Change `json:"change"`
	Index  int    `json:"index"`
	// CreatedBy is the line, secrets masked.
	CreatedBy string `json:"createdBy"`
	// Layer is the layer it made, -1 for none.
	Layer int `json:"layer"`
}

// Findings are those that only one image has, and how many both have.
type Findings struct {
	// Vulnerabilities is false where no database was asked: then none were compared.
	Vulnerabilities bool             `json:"vulnerabilities"`
	Added           []triage.Finding `json:"added"`
	Removed         []triage.Finding `json:"removed"`
	Kept            int              `json:"kept"`
}

// Skipped is something that could not be examined.
type Skipped struct {
	// Side is "before" or "after".
	Side string `json:"side"`
	verdict.Skipped
}

// Side is one of two images to compare.
type Side struct {
	Image  verdict.Image
	Config *v1.ConfigFile
	// Mask takes the secrets out of a text of the configuration by its path.
	Mask func(path, text string) string
	// History has the lines with secrets masked and the layer of each.
	History  []inventory.LayerRef
	Layers   []*evidence.Layer
	Stored   []int64
	Packages []inventory.Package
	Account  *account.Account
	Findings []triage.Finding
	Skipped  []verdict.Skipped
}

// Options say how much is listed.
type Options struct {
	// Files lists every file that differs, up to MaxFiles; otherwise the largest
	// of each kind.
	Files bool
	// Vulnerabilities is set where the findings hold those of a database.
	Vulnerabilities bool
	// Order compares versions.
	Order triage.Order
}

// Of compares two images.
func Of(before, after *Side, opt Options) *Difference {
	d := &Difference{Before: before.summary(), After: after.summary(), Complete: true}
	for _, side := range []struct {
		name string
		*Side
	}{{"before", before}, {"after", after}} {
		for _, s := range side.Skipped {
			d.Skipped = append(d.Skipped, Skipped{side.name, s})
		}
	}
	d.Layers = layersOf(before, after)
	d.Configuration = settings(before, after)
	d.History = lines(before.History, after.History)
	d.Packages = packages(before.Packages, after.Packages, opt.Order)
	d.files(before, after, opt)
	d.Executables = account.Diff(before.Account, after.Account)
	d.Findings = findings(before.Findings, after.Findings)
	d.Findings.Vulnerabilities = opt.Vulnerabilities
	d.Complete = len(d.Skipped) == 0
	d.Same = d.Complete && len(d.Layers.Before)+len(d.Layers.After)+len(d.Configuration)+len(d.History)+len(d.Packages)+len(d.Executables)+
		len(d.Findings.Added)+len(d.Findings.Removed)+d.Files.differ() == 0 && inOrder(before.Layers, after.Layers)
	return d
}

func (s *Side) summary() Summary {
	sum := Summary{Image: s.Image, Packages: len(s.Packages), Executables: s.Account.Executables}
	for i, l := range s.Layers {
		sum.Size += l.Size
		if s.Stored[i] < 0 || sum.Stored < 0 {
			sum.Stored = -1
		} else {
			sum.Stored += s.Stored[i]
		}
	}
	return sum
}

// inOrder reports whether the layers are the same in the same order.
func inOrder(before, after []*evidence.Layer) bool {
	return slices.EqualFunc(before, after, func(a, b *evidence.Layer) bool { return a.DiffID == b.DiffID })
}

func layersOf(before, after *Side) Layers {
	left := map[string]int{}
	for _, l := range before.Layers {
		left[l.DiffID]++
	}
	out := Layers{Before: []Layer{}, After: []Layer{}}
	of := func(s *Side, i int) Layer {
		l := Layer{Size: s.Layers[i].Size, LayerRef: inventory.LayerRef{Index: i, DiffID: s.Layers[i].DiffID}}
		if i < len(s.Image.Layers) {
			l.LayerRef = s.Image.Layers[i].LayerRef
		}
		return l
	}
	for i, l := range after.Layers {
		if left[l.DiffID] > 0 {
			left[l.DiffID]--
			out.Shared++
			out.Bytes += l.Size
			continue
		}
		out.After = append(out.After, of(after, i))
	}
	// Of a layer that comes several times the last ones are those left over.
	for i, l := range slices.Backward(before.Layers) {
		if left[l.DiffID] > 0 {
			left[l.DiffID]--
			out.Before = append(out.Before, of(before, i))
		}
	}
	slices.Reverse(out.Before)
	return out
}

// packages leaves out what both have at the same version in the same place.
func packages(before, after []inventory.Package, order triage.Order) []Package {
	type installed struct{ typ, namespace, name, version, arch, place string }
	of := func(p *inventory.Package) installed {
		i := installed{p.Type, p.Namespace, p.Name, p.Version, p.Arch, place(p)}
		if p.IsOS() {
			i.place = "" // its record may be in another database
		}
		return i
	}
	held := map[installed][]*inventory.Package{}
	for i := range before {
		held[of(&before[i])] = append(held[of(&before[i])], &before[i])
	}
	var added, removed []*inventory.Package
	unrecorded := []Package{}
	for i := range after {
		p := &after[i]
		was := held[of(p)]
		if len(was) == 0 {
			added = append(added, p)
			continue
		}
		held[of(p)] = was[1:]
		if p.Liveness == inventory.Ghost && was[0].Liveness != inventory.Ghost {
			gone := packageOf(evidence.PackageChange{Before: p}, order)
			gone.Change = Unrecorded
			unrecorded = append(unrecorded, gone)
		}
	}
	for i := range before {
		if left := held[of(&before[i])]; len(left) > 0 && left[0] == &before[i] {
			held[of(&before[i])] = left[1:]
			removed = append(removed, &before[i])
		}
	}
	all := append(Packages(evidence.PairPackages(removed, added), order), unrecorded...)
	slices.SortStableFunc(all, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// findings compares by what stays the same across rebuilds: of a vulnerability
// its identifier and the package, wherever it lies; of others the finding's own ID.
func findings(before, after []triage.Finding) Findings {
	key := func(f *triage.Finding) string {
		if f.Kind != triage.Vulnerability {
			return f.ID
		}
		typ, _, _ := strings.Cut(f.PackageID, "/")
		return typ + "\x00" + f.Package + "\x00" + f.Vulnerability
	}
	only := func(list, other []triage.Finding) ([]triage.Finding, int) {
		known, told := map[string]bool{}, map[string]bool{}
		for i := range other {
			known[key(&other[i])] = true
		}
		out, kept := []triage.Finding{}, 0
		for i := range list {
			switch k := key(&list[i]); {
			case told[k]:
			case known[k]:
				kept++
				told[k] = true
			default:
				told[k] = true
				out = append(out, list[i])
			}
		}
		return out, kept
	}
	var f Findings
	f.Removed, _ = only(before, after)
	f.Added, f.Kept = only(after, before)
	return f
}
