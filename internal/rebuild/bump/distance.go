package bump

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/distro"
)

// Class is how far a step goes; a later one asks more of who takes it.
type Class int

const (
	// Rebuilt: the same tag, built again.
	Rebuilt Class = iota
	// Patch: a later patch or rebuild of the same minor version.
	Patch
	// Minor: a later minor version.
	Minor
	// Variant: the same distribution with less in it.
	Variant
	// OtherRelease: another release of the same distribution; a tag is chosen for a
	// later one only.
	OtherRelease
	// Major: a later major version.
	Major
	// OtherDistribution: another distribution, and so another C library, shell or
	// package manager.
	OtherDistribution
	// OtherImage: nothing tells how the two are related.
	OtherImage
)

var classWords = [...]string{
	"same tag rebuilt", "patch", "minor", "smaller variant", "other release", "major", "other distribution", "other image",
}

// String returns the class in words.
func (c Class) String() string { return classWords[c] }

// MarshalText writes the words.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the words.
func (c *Class) UnmarshalText(text []byte) error {
	at := slices.Index(classWords[:], string(text))
	if at < 0 {
		return fmt.Errorf("no distance is called %q", text)
	}
	*c = Class(at)
	return nil
}

// Distance is how far a candidate is from the base.
type Distance struct {
	// Class is the largest of Parts.
	Class Class `json:"class"`
	// Parts are all that changes, the largest first: a new minor version may come
	// on a newer release of the distribution.
	Parts []Class `json:"parts"`
	// Steps counts how many versions of the class are passed, 1 for the next.
	Steps int `json:"steps"`
}

// String returns the parts in words.
func (d Distance) String() string {
	words := make([]string, len(d.Parts))
	for i, c := range d.Parts {
		words[i] = c.String()
	}
	return strings.Join(words, " + ")
}

// distanceOf sorts the parts; none at all is a rebuild.
func distanceOf(steps map[Class]int) Distance {
	d := Distance{}
	for c := range steps {
		d.Parts = append(d.Parts, c)
	}
	slices.SortFunc(d.Parts, func(a, b Class) int { return cmp.Compare(b, a) })
	if len(d.Parts) == 0 {
		d.Parts = []Class{Rebuilt}
	}
	d.Class = d.Parts[0]
	d.Steps = steps[d.Class]
	return d
}

// with adds a part that showed only in the image.
func (d Distance) with(c Class, steps int) Distance {
	all := map[Class]int{}
	for _, p := range d.Parts {
		if p != Rebuilt {
			all[p] = 1
		}
	}
	if d.Class != Rebuilt {
		all[d.Class] = d.Steps
	}
	all[c] = max(steps, all[c])
	return distanceOf(all)
}

// Compare orders distances, the nearer first.
func (d Distance) Compare(other Distance) int {
	return cmp.Or(cmp.Compare(d.Class, other.Class), cmp.Compare(d.Steps, other.Steps), cmp.Compare(len(d.Parts), len(other.Parts)))
}

// Why a tag is no candidate.
const (
	older        = "older than the base"
	otherVariant = "of another variant"
	preRelease   = "a pre-release, or a branch that rolls"
	looser       = "less exact than the base's tag"
	noVersion    = "no version"
)

// near is a tag that is a step away.
type near struct {
	tag          Tag
	distance     Distance
	major, minor int // how many versions further
	release      int // of the distribution, 0 for the same
	smaller      bool
	otherFamily  bool
}

// step tells how to get from one tag to another; why says why that is no step.
func step(from, to Tag) (n near, why string) {
	n.tag = to
	switch {
	case to.Text == from.Text:
		n.distance = distanceOf(nil)
		return n, ""
	case to.Pre && !from.Pre:
		return n, preRelease
	case !slices.Equal(from.Words, to.Words):
		return n, otherVariant
	}
	steps := map[Class]int{}
	switch {
	case from.Small == to.Small, toAlpine(from, to):
	case from.Small == "" && to.Small != "", to.Small == "distroless":
		n.smaller = true
		steps[Variant] = 1
	default:
		return n, otherVariant
	}
	if why := n.distribution(from, to, steps); why != "" {
		return n, why
	}
	if why := n.version(from, to, steps); why != "" {
		return n, why
	}
	n.distance = distanceOf(steps)
	return n, ""
}

// toAlpine reports a step to Alpine, which is small without saying so.
func toAlpine(from, to Tag) bool {
	return to.Family == distro.Alpine && from.Family != distro.Alpine && !to.Point && to.Small == ""
}

// distribution compares what the tags say of it. Leaving Alpine, or for another
// family than Alpine, is not offered: it is a larger step than any that helps.
func (n *near) distribution(from, to Tag, steps map[Class]int) string {
	switch {
	case from.Family == to.Family && from.Release == to.Release:
	case from.Family == to.Family && from.Release != "" && to.Release != "":
		switch c := compareReleases(to.Release, from.Release); {
		case c < 0:
			return older
		case c > 0:
			n.release = c
			steps[OtherRelease] = 1
		}
	case from.Family == to.Family:
		// One of the two leaves the release open: another way to pin, no step.
		return otherVariant
	case toAlpine(from, to):
		n.otherFamily = true
		steps[OtherDistribution] = 1
	default:
		return otherVariant
	}
	return ""
}

// compareReleases orders releases of one family; the result is -1, 0 or 1.
func compareReleases(a, b string) int {
	return slices.Compare(releaseNumbers(a), releaseNumbers(b))
}

func releaseNumbers(s string) []int {
	var n []int
	for part := range strings.SplitSeq(s, ".") {
		v, err := strconv.Atoi(part)
		if err != nil {
			return n
		}
		n = append(n, v)
	}
	return n
}

// version compares numbers as far as both have them. A tag with fewer would move
// the base to what it points at on any day, and is no answer to a pinned one.
func (n *near) version(from, to Tag, steps map[Class]int) string {
	if len(to.Numbers) < len(from.Numbers) {
		return looser
	}
	if len(from.Numbers) == 0 && len(to.Numbers) > 0 && !to.Point {
		return otherVariant
	}
	common := len(from.Numbers)
	switch c := slices.Compare(to.Numbers[:common], from.Numbers); {
	case n.release > 0 && from.Point:
		// A point release counts within its release.
		return ""
	case c < 0:
		return older
	case c > 0:
		n.count(from, to, steps)
		return ""
	case len(to.Numbers) > common:
		steps[Patch] = 1
		return ""
	}
	if (from.Date == 0) != (to.Date == 0) || (len(from.Build) == 0) != (len(to.Build) == 0) {
		return looser
	}
	switch c := cmp.Or(slices.Compare(to.Build, from.Build), cmp.Compare(to.Date, from.Date)); {
	case c < 0 && len(steps) == 0:
		return older
	case c > 0 && n.release == 0:
		steps[Patch] = 1
	case len(steps) == 0:
		// The same in other words, as v1.2 is 1.2.
		return otherVariant
	}
	return ""
}

func (n *near) count(from, to Tag, steps map[Class]int) {
	i := 0
	for from.Numbers[i] == to.Numbers[i] {
		i++
	}
	passed := to.Numbers[i] - from.Numbers[i]
	switch {
	case from.Point || i > 1:
		steps[Patch] = 1
	case i == 0:
		n.major = passed
		steps[Major] = passed
	default:
		n.minor = passed
		steps[Minor] = passed
	}
}
