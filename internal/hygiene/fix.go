package hygiene

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"plimsoll/internal/dockerfile"
)

// maxRounds bounds how often a file is mended and looked at again.
const maxRounds = 10

// maxEdits bounds what is mended in one round.
const maxEdits = 2000

// Fix applies the edits that findings offer, looks again, and goes on until nothing
// is left to mend: one edit may make way for the next. It returns the new source and
// the findings that were mended. A finding that a comment lifts is left alone.
//
// What it returns parses and holds no instruction that the file did not hold before.
func Fix(f *dockerfile.File, rules []Rule, opt Options, wanted func(*Finding) bool) (source []byte, mended []Finding, err error) {
	source = f.Source
	for range maxRounds {
		var edits []Edit
		edits, taken := chooseEdits(Check(f, rules, opt), wanted, len(source))
		if len(taken) == 0 {
			break
		}
		next := applyEdits(source, edits)
		file, err := dockerfile.Parse(f.Name, next)
		if err != nil || len(file.Refused) > len(f.Refused) {
			return source, mended, fmt.Errorf("the fixes for %s can't be applied: %w", f.Name, cmp.Or(err, errRefused))
		}
		source, f = next, file
		mended = append(mended, taken...)
	}
	return source, mended, nil
}

var errRefused = fmt.Errorf("the builder would refuse the result")

// chooseEdits takes the edits of every finding that overlap with no other's.
func chooseEdits(findings []Finding, wanted func(*Finding) bool, size int) (edits []Edit, taken []Finding) {
	overlap := func(e Edit) bool {
		return slices.ContainsFunc(edits, func(o Edit) bool {
			return e != o && e.From <= o.To && o.From <= e.To
		})
	}
	for i := range findings {
		f := &findings[i]
		if len(edits) >= maxEdits {
			break
		}
		if len(f.Edits) == 0 || f.Suppressed != nil || !wanted(f) {
			continue
		}
		if slices.ContainsFunc(f.Edits, func(e Edit) bool { return e.From < 0 || e.To < e.From || e.To > size || overlap(e) }) {
			continue
		}
		for _, e := range f.Edits {
			if !slices.Contains(edits, e) {
				edits = append(edits, e)
			}
		}
		taken = append(taken, *f)
	}
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Compare(a.From, b.From) })
	return edits, taken
}

func applyEdits(source []byte, edits []Edit) []byte {
	var b bytes.Buffer
	at := 0
	for _, e := range edits {
		if e.From < at {
			continue
		}
		b.Write(source[at:e.From])
		b.WriteString(e.New)
		at = e.To
	}
	b.Write(source[at:])
	return b.Bytes()
}
