package hygiene

import (
	"cmp"
	"fmt"
	"strings"

	"plimsoll/internal/triage"
)

func upper(s string) string { return strings.ToUpper(s) }

// identify gives findings identifiers that don't depend on lines: the rule, the
// stage, the message, and the number among equals.
func identify(findings []Finding) {
	seen := map[string]int{}
	for i := range findings {
		f := &findings[i]
		key := strings.Join([]string{f.Rule, f.Stage, f.Instruction, cmp.Or(f.key, f.Message)}, "\x00")
		seen[key]++
		f.ID = triage.Fingerprint("hygiene", key, fmt.Sprint(seen[key]))
	}
}
