package proof

import (
	"cmp"
	"io/fs"
	"slices"

	"plimsoll/internal/account"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
)

// Surface is what whoever gets into a container finds there.
type Surface struct {
	Executables Executables `json:"executables"`
	// Privileged are files that run with their owner's or group's rights.
	Privileged Privileged `json:"privileged"`
	// Tools are shells and package managers.
	Tools Tools `json:"tools"`
}

// Executables counts programs, libraries and scripts of the final images.
type Executables struct {
	Before  int `json:"before"`
	After   int `json:"after"`
	Added   int `json:"added"`
	Removed int `json:"removed"`
	// Changed have other bytes, another mode or other capabilities.
	Changed int `json:"changed"`
	// OpenBefore and OpenAfter count those that nobody vouches for.
	OpenBefore int `json:"openBefore"`
	OpenAfter  int `json:"openAfter"`
}

// Privileged are the setuid and setgid files of the final images.
type Privileged struct {
	Before  int              `json:"before"`
	After   int              `json:"after"`
	Removed []PrivilegedFile `json:"removed"`
	Added   []PrivilegedFile `json:"added"`
	Kept    []PrivilegedFile `json:"kept"`
	// LeftOut counts those that are not listed.
	LeftOut int `json:"leftOut,omitempty"`
}

// PrivilegedFile is a setuid or setgid file; its mode is in the form of ls.
type PrivilegedFile struct {
	Path string `json:"path"`
	Mode string `json:"mode"`
}

// Tools are the shells and package managers of the final images.
type Tools struct {
	Before  int    `json:"before"`
	After   int    `json:"after"`
	Removed []Tool `json:"removed"`
	Added   []Tool `json:"added"`
	Kept    []Tool `json:"kept"`
}

// maxPrivileged bounds the list of setuid and setgid files.
const maxPrivileged = 1_000

func surfaceOf(before, after *side, d *compare.Difference) Surface {
	var s Surface
	x := &s.Executables
	x.Before, x.After = d.Before.Executables, d.After.Executables
	x.OpenBefore, x.OpenAfter = open(&before.Verdict.Account), open(&after.Verdict.Account)
	for i := range d.Executables {
		switch c := &d.Executables[i]; {
		case c.Before == nil:
			x.Added++
		case c.After == nil:
			x.Removed++
		case c.Content:
			x.Changed++
		}
	}
	s.Privileged = privilegedOf(before.privileged(), after.privileged())
	s.Tools = toolsOf(before.tools(), after.tools())
	return s
}

// open counts the executables of a final image that nobody vouches for.
func open(a *account.Account) int {
	n := 0
	for _, status := range account.Statuses() {
		if status.Open() {
			n += a.ByStatus[status]
		}
	}
	return n
}

// privileged are the setuid and setgid files of the final image.
func (s *side) privileged() []PrivilegedFile {
	var out []PrivilegedFile
	if s.tree == nil {
		return out
	}
	for n, c := range s.tree.Files() {
		if c.Mode&(fs.ModeSetuid|fs.ModeSetgid) != 0 && (c.Type == evidence.Regular || c.Type == evidence.Hardlink) {
			out = append(out, PrivilegedFile{s.tree.Path(n), account.LSMode(c.Mode)})
		}
	}
	slices.SortFunc(out, func(a, b PrivilegedFile) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

func privilegedOf(before, after []PrivilegedFile) Privileged {
	p := Privileged{Before: len(before), After: len(after)}
	p.Removed, p.Added, p.Kept = split(before, after, func(f PrivilegedFile) string { return f.Path + " " + f.Mode })
	for _, list := range []*[]PrivilegedFile{&p.Removed, &p.Added, &p.Kept} {
		if n := len(*list) - maxPrivileged; n > 0 {
			p.LeftOut += n
			*list = (*list)[:maxPrivileged]
		}
	}
	return p
}

func toolsOf(before, after []Tool) Tools {
	t := Tools{Before: len(before), After: len(after)}
	t.Removed, t.Added, t.Kept = split(before, after, func(t Tool) string { return t.Path })
	return t
}

// split parts two lists into what only the first has, only the second, and both.
func split[T any](before, after []T, key func(T) string) (removed, added, kept []T) {
	removed, added, kept = []T{}, []T{}, []T{}
	had := map[string]bool{}
	for _, x := range before {
		had[key(x)] = true
	}
	has := map[string]bool{}
	for _, x := range after {
		has[key(x)] = true
		if had[key(x)] {
			kept = append(kept, x)
		} else {
			added = append(added, x)
		}
	}
	for _, x := range before {
		if !has[key(x)] {
			removed = append(removed, x)
		}
	}
	return removed, added, kept
}
