package hygiene

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/advisory"
)

// FileView is what a rule works with that looks at an image's files: what the one walk
// over them found, and a way to report. A rule reports once for what the base brought
// and once for what was added, however many files that is.
type FileView struct {
	l *Lint
	*walked
}

// weights are how much what was added counts, and what the base brought: whoever
// builds on a base can only choose another.
type weights struct{ added, base advisory.Severity }

// each hands out the files of a trait: those of the base, and those that were added.
func (v *FileView) each(wanted func(*imageFile) bool, do func(files []imageFile, base bool)) {
	for _, base := range []bool{false, true} {
		var files []imageFile
		for i := range v.files {
			if f := &v.files[i]; f.base == base && wanted(f) {
				files = append(files, *f)
			}
		}
		if len(files) > 0 {
			do(files, base)
		}
	}
}

// report reports what the image's files show.
func (v *FileView) report(base bool, severity advisory.Severity, format string, args ...any) {
	r := v.l.rule
	f := Finding{
		Rule: r.ID, Title: r.Title, Severity: severity, Category: r.Category, Remedy: r.Remedy,
		Message: fmt.Sprintf(format, args...), Where: "files", Base: base, Final: true, at: math.MaxInt,
	}
	// Another file more is the same finding still.
	f.key = fmt.Sprint(f.Where, " ", base)
	if w, ok := fileWords[r.ID]; ok {
		f.Title, f.Remedy = w.title, w.remedy
	}
	v.l.findings = append(v.l.findings, f)
}

// tools reports programs of some kinds, the largest first, each by one of its names.
func (v *FileView) tools(severity weights, kinds ...ToolKind) {
	v.each(func(f *imageFile) bool { return f.traits&tool != 0 && slices.Contains(kinds, f.kind) }, func(files []imageFile, base bool) {
		slices.SortStableFunc(files, func(a, b imageFile) int { return cmp.Compare(b.size, a.size) })
		seen := map[string]bool{}
		files = slices.DeleteFunc(files, func(f imageFile) bool {
			again := seen[f.program]
			seen[f.program] = true
			return again
		})
		weight := severity.added
		if base {
			weight = severity.base
		}
		v.report(base, weight, "%s%s", v.paths(files), v.by(files))
	})
}

// paths lists files with the names of the packages that own them.
func (v *FileView) paths(files []imageFile) string {
	texts := make([]string, 0, len(files))
	for i := range files {
		text := shownPath(files[i].path)
		if len(texts) < 3 {
			if name, _, _ := strings.Cut(v.owner(&files[i]), " "); name != "" {
				text += " (" + short(name) + ")"
			}
		}
		texts = append(texts, text)
	}
	return listed(texts)
}

// owner names the package that an executable belongs to.
func (v *FileView) owner(f *imageFile) string {
	if v.contents.Owner == nil || f.folder {
		return ""
	}
	return v.contents.Owner(f.path, f.layer)
}

// by says which layer brought files that were added, where that is one layer.
func (v *FileView) by(files []imageFile) string {
	for i := range files {
		if files[i].base || files[i].layer != files[0].layer {
			return ""
		}
	}
	return fmt.Sprintf(", added by layer %d", files[0].layer)
}

// atLeast stands before files of a trait of which not all were kept.
func (v *FileView) atLeast(t trait) string {
	if v.cut&t != 0 {
		return fmt.Sprintf("at least %d: ", maxMarked)
	}
	return ""
}

// worthwhile is how much has to lie in a cache that is worth a line.
const worthwhile = 1_000_000

// areas reports the folders of a rule's areas. Below worthwhile they are negligible
// where enough is set.
func (v *FileView) areas(severity weights, enough int64) {
	for _, base := range []bool{false, true} {
		var heaps []*heap
		var total int64
		for _, h := range v.heaps {
			if h.area.rule == v.l.rule.ID && h.base == base {
				heaps = append(heaps, h)
				total += h.bytes
			}
		}
		if len(heaps) == 0 {
			continue
		}
		weight := severity.added
		if base {
			weight = severity.base
		}
		if total < enough {
			weight = min(weight, advisory.Negligible)
		}
		v.report(base, weight, "%s", heapsText(heaps, base))
	}
}

// heapsText lists heaps, the largest first.
func heapsText(heaps []*heap, base bool) string {
	slices.SortStableFunc(heaps, func(a, b *heap) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.root, b.root))
	})
	texts := make([]string, 0, len(heaps))
	for _, h := range heaps {
		text := fmt.Sprintf("%s holds %s of %s", shownPath(h.root), counted(h.files, "file", "files"), sized(h.bytes))
		switch {
		case h.hidden:
			text += fmt.Sprintf(" in layer %d, which a later layer only hides", h.layer)
		case !base:
			text += fmt.Sprintf(", added by layer %d", h.layer)
		}
		texts = append(texts, text)
	}
	if len(texts) == 1 {
		return texts[0]
	}
	if n := len(texts); n > 3 {
		texts = append(texts[:2], fmt.Sprintf("%d more folders", n-2))
	}
	return strings.Join(texts, "; ")
}

// shownPath writes a path for a message: quoted where it holds what nobody would see.
func shownPath(path string) string {
	if short(path) != path {
		if quoted := strconv.Quote(path); len(quoted) <= 100 {
			return quoted
		}
	}
	return cmp.Or(short(path), strconv.Quote(path[:min(len(path), 100)]))
}

// counted writes a number with its noun.
func counted(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}

// sized writes a length in bytes: "143 MB".
func sized(n int64) string {
	value, unit := float64(n), "B"
	for _, next := range []string{"kB", "MB", "GB", "TB"} {
		if value < 999.5 {
			break
		}
		value, unit = value/1000, next
	}
	if value < 9.95 && unit != "B" {
		return fmt.Sprintf("%.1f %s", value, unit)
	}
	return fmt.Sprintf("%.0f %s", value, unit)
}
