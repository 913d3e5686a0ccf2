package ci

import (
	"fmt"
	"io"
	"strings"
)

// WriteRules writes the section of docs/ci.md that describes every rule, with its first
// bad and its first good sample.
func WriteRules(w io.Writer) error {
	var b strings.Builder
	for _, r := range Rules() {
		fmt.Fprintf(&b, "### %s\n\n%s: **%s**.\n\n%s\n\n%s\n\n", r.ID, strings.ToUpper(r.Severity.String()), r.Title, r.Why, r.Remedy)
		fmt.Fprintf(&b, "```yaml\n# raises it\n%s```\n\n```yaml\n# does not\n%s```\n\nSource: ", r.Bad[0], r.Good[0])
		for i, s := range strings.Split(r.Source, "; ") {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "<%s>", s)
		}
		b.WriteString("\n\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
