package bump

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// DefaultMax is how many candidates are scanned where nobody says otherwise.
const DefaultMax = 10

// Left is what was not considered, and why.
type Left struct {
	// What is a reference, or a number of tags in words: "312 tags".
	What   string `json:"what"`
	Reason string `json:"reason"`
	// Failed is set where it would have been considered and could not be read.
	Failed bool `json:"failed,omitempty"`
}

// choice is a tag to scan.
type choice struct {
	tag      string
	distance Distance
}

// choose picks, out of a repository's tags, the few steps from a tag that are
// worth a scan, in the order of their use: the tag itself, the newest patch, the
// next and the newest minor version, the next major, the same in a smaller
// variant, on a newer release of the distribution and on Alpine, and the majors
// that are left, the nearest first.
func choose(repository, current string, tags []string, most int) ([]choice, []Left) {
	from, ok := ParseTag(repository, current)
	if !ok {
		return []choice{{current, distanceOf(nil)}}, []Left{{What: counted(len(tags), "tag"), Reason: fmt.Sprintf("%q does not say a version that others could be compared with", current)}}
	}
	steps, left := within(repository, from, tags)
	picked := pick(from, steps)
	var cut []string
	if len(picked) > most {
		for _, n := range picked[most:] {
			cut = append(cut, n.tag.Text)
		}
		picked = picked[:most]
	}
	choices := make([]choice, len(picked))
	for i, n := range picked {
		choices[i] = choice{n.tag.Text, n.distance}
	}
	if len(cut) > 0 {
		left = append([]Left{{What: strings.Join(cut[:min(len(cut), 12)], ", ") + more(len(cut)-12), Reason: fmt.Sprintf("beyond %d candidates; --max-candidates scans more", most)}}, left...)
	}
	if rest := len(steps) - len(picked) - len(cut); rest > 0 {
		left = append(left, Left{What: counted(rest, "tag"), Reason: "between the steps chosen, or other names for them"})
	}
	return choices, left
}

func more(n int) string {
	if n > 0 {
		return fmt.Sprintf(" and %d more", n)
	}
	return ""
}

// within keeps the tags that are a step away and counts the others by reason.
func within(repository string, from Tag, tags []string) (steps []near, left []Left) {
	reasons := []string{older, preRelease, otherVariant, looser, noVersion}
	counts := make([]int, len(reasons))
	steps = append(steps, near{tag: from, distance: distanceOf(nil)})
	for _, text := range tags {
		to, ok := ParseTag(repository, text)
		why := noVersion
		var n near
		if ok {
			n, why = step(from, to)
		}
		switch {
		case text == from.Text:
		case why == "":
			steps = append(steps, n)
		default:
			counts[slices.Index(reasons, why)]++
		}
	}
	for i, n := range counts {
		if n > 0 {
			left = append(left, Left{What: counted(n, "tag"), Reason: reasons[i]})
		}
	}
	return steps, left
}

// pick fills the places in the order of their use.
func pick(from Tag, steps []near) []near {
	var picked []near
	take := func(good func(near) bool, order func(a, b near) int) bool {
		best := -1
		for i, n := range steps {
			if good(n) && (best < 0 || cmp.Or(order(n, steps[best]), likeness(from, n, steps[best])) < 0) {
				best = i
			}
		}
		if best < 0 || slices.ContainsFunc(picked, func(n near) bool { return n.tag.Text == steps[best].tag.Text }) {
			return false
		}
		picked = append(picked, steps[best])
		return true
	}
	plain := func(n near) bool { return !n.smaller && !n.otherFamily }
	sameMinor := func(n near) bool { return n.major == 0 && n.minor == 0 }
	newest := func(a, b near) int { return slices.Compare(b.tag.Numbers, a.tag.Numbers) }
	nextMajor := func(a, b near) int { return cmp.Compare(a.major, b.major) }
	newestRelease := func(a, b near) int { return compareReleases(b.tag.Release, a.tag.Release) }
	none := func(near, near) int { return 0 }

	take(func(n near) bool { return n.distance.Class == Rebuilt }, none)
	take(func(n near) bool { return plain(n) && sameMinor(n) && n.release == 0 && n.distance.Class == Patch }, newest)
	take(func(n near) bool { return plain(n) && n.major == 0 && n.minor > 0 }, func(a, b near) int { return cmp.Compare(b.minor, a.minor) })
	take(func(n near) bool { return plain(n) && n.major == 0 && n.minor > 0 }, func(a, b near) int { return cmp.Compare(a.minor, b.minor) })
	take(func(n near) bool { return plain(n) && n.major > 0 }, nextMajor)
	take(func(n near) bool { return n.smaller && n.tag.Small != "distroless" && sameMinor(n) && n.release == 0 }, none)
	take(func(n near) bool { return plain(n) && sameMinor(n) && n.release > 0 }, newestRelease)
	take(func(n near) bool { return plain(n) && sameMinor(n) && n.release > 0 }, func(a, b near) int { return -newestRelease(a, b) })
	take(func(n near) bool { return n.otherFamily && sameMinor(n) }, none)
	take(func(n near) bool { return n.smaller && n.tag.Small == "distroless" && sameMinor(n) }, none)
	take(func(n near) bool { return plain(n) && n.major > 0 }, func(a, b near) int { return cmp.Compare(b.major, a.major) })
	for after := 0; len(picked) < 200; {
		at := after
		for _, n := range steps {
			if plain(n) && n.major > after && (at == after || n.major < at) {
				at = n.major
			}
		}
		if at == after {
			break
		}
		after = at
		take(func(n near) bool { return plain(n) && n.major == at }, none)
	}
	return picked
}

// likeness prefers, of tags that are the same step, the one that is written most
// like the base's, and of those the newest.
func likeness(from Tag, a, b near) int {
	named := func(n near) bool { return (n.tag.Release != "") == (from.Release != "") }
	return cmp.Or(
		cmp.Compare(a.release, b.release),
		compareReleases(a.tag.Release, b.tag.Release)*sign(a.release > 0),
		trueFirst(named(a), named(b)),
		trueFirst(len(a.tag.Numbers) == len(from.Numbers), len(b.tag.Numbers) == len(from.Numbers)),
		trueFirst(a.tag.Coded == from.Coded, b.tag.Coded == from.Coded),
		slices.Compare(b.tag.Numbers, a.tag.Numbers),
		compareReleases(b.tag.Release, a.tag.Release),
		slices.Compare(b.tag.Build, a.tag.Build),
		cmp.Compare(b.tag.Date, a.tag.Date),
		cmp.Compare(len(a.tag.Text), len(b.tag.Text)),
		cmp.Compare(a.tag.Text, b.tag.Text),
	)
}

// sign is 1 where the nearest of several newer releases is wanted, else 0.
func sign(b bool) int {
	if b {
		return 1
	}
	return 0
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
