package compare

import (
	"plimsoll/internal/inventory"
)

// maxTable bounds the table of the longest common subsequence; histories that
// would need a larger one are told as wholly other beyond what they begin and
// end with in common.
const maxTable = 4_000_000

// lines are the history lines that only one image has.
func lines(before, after []inventory.LayerRef) []Line {
	same := func(i, j int) bool { return before[i].CreatedBy == after[j].CreatedBy }
	from := 0
	for from < len(before) && from < len(after) && same(from, from) {
		from++
	}
	b, a := len(before), len(after)
	for b > from && a > from && same(b-1, a-1) {
		b, a = b-1, a-1
	}
	out := []Line{}
	removed := func(i int) { out = append(out, Line{Removed, i, before[i].CreatedBy, before[i].Index}) }
	added := func(j int) { out = append(out, Line{Added, j, after[j].CreatedBy, after[j].Index}) }
	rows, columns := b-from, a-from
	if rows*columns > maxTable {
		for i := from; i < b; i++ {
			removed(i)
		}
		for j := from; j < a; j++ {
			added(j)
		}
		return out
	}
	// common[i][j] is how many lines the rests from i and j have in common.
	common := make([]int32, (rows+1)*(columns+1))
	at := func(i, j int) *int32 { return &common[i*(columns+1)+j] }
	for i := rows - 1; i >= 0; i-- {
		for j := columns - 1; j >= 0; j-- {
			if same(from+i, from+j) {
				*at(i, j) = *at(i+1, j+1) + 1
			} else {
				*at(i, j) = max(*at(i+1, j), *at(i, j+1))
			}
		}
	}
	i, j := 0, 0
	for i < rows || j < columns {
		switch {
		case i < rows && j < columns && same(from+i, from+j):
			i, j = i+1, j+1
		case i < rows && (j == columns || *at(i+1, j) >= *at(i, j+1)):
			removed(from + i)
			i++
		default:
			added(from + j)
			j++
		}
	}
	return out
}
