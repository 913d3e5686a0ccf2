package version_test

import (
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory/version"
)

// TestHostileVersionsAreQuick: the longest accepted text takes no scheme more
// than a moment.
func TestHostileVersionsAreQuick(t *testing.T) {
	n := version.MaxLength
	for _, unit := range []string{"1", "a", "1.", "a1", "1-", "-", ".", "~", "1a-", "0", "0.", "_p", "..1", "a.", "final-", "1_alpha", "\xff", "é", "+", "-r1"} {
		text := strings.Repeat(unit, n)[:n]
		for _, raw := range []string{text, "1" + text[1:], text[:n-1] + "1"} {
			for _, s := range allSchemes {
				start := time.Now()
				if v, err := version.Parse(s, raw); err == nil {
					_, _ = v.Compare(v)
					_, _ = v.CompareTo(raw[:n-2])
				}
				if d := time.Since(start); d > time.Second {
					t.Errorf("%s %q…: %s", s, raw[:8], d)
				}
			}
		}
	}
}
