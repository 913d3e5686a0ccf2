package content

import (
	"math/rand/v2"
	"testing"
)

// plainRun finds what nextRun does by a look at every byte.
func plainRun(b []byte, from int) (start int, ok bool) {
	for i := from; i < len(b); i++ {
		start = i
		for i < len(b) && inBase64[b[i]] {
			i++
		}
		if i-start >= minWrapped || (i == len(b) && i > start) {
			return start, true
		}
	}
	return len(b), false
}

func TestRunsOfBase64AreFoundWhereverTheyStand(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const inside, edges = "azAZ09+-/_", "\x00 *,.:@[^`{\x7f\x80\xff"
	for range 100_000 {
		b := make([]byte, r.IntN(200))
		seldom := 1 + r.IntN(50)
		for i := range b {
			b[i] = inside[r.IntN(len(inside))]
			if r.IntN(seldom) == 0 {
				b[i] = edges[r.IntN(len(edges))]
			}
		}
		from := r.IntN(len(b) + 1)
		want, wantOK := plainRun(b, from)
		if got, ok := nextRun(b, from); got != want || ok != wantOK {
			t.Fatalf("%q from %d: %d %v, want %d %v", b, from, got, ok, want, wantOK)
		}
	}
}
