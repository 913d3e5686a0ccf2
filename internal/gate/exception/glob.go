package exception

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// maxPattern bounds a pattern, in bytes: matching costs its parts times the path's.
const maxPattern = 4096

// glob matches slash-separated paths as a whole: * and ? within one part, [a-z]
// as in package path, ** for any number of parts.
type glob []string

func parseGlob(pattern string) (glob, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("a pattern of %d bytes", len(pattern))
	}
	parts := strings.Split(strings.Trim(pattern, "/"), "/")
	for _, part := range parts {
		if strings.Contains(part, "**") && part != "**" {
			return nil, errors.New("** stands between slashes, alone")
		}
		if _, err := path.Match(part, ""); err != nil {
			return nil, fmt.Errorf("%q: a [ or \\ without its end", part)
		}
	}
	return parts, nil
}

// match needs time in proportion to parts of the pattern times parts of the name.
func (g glob) match(name string) bool {
	parts := strings.Split(strings.Trim(name, "/"), "/")
	// reached[i] says that the pattern up to here matches the first i parts.
	reached := make([]bool, len(parts)+1)
	reached[0] = true
	for _, p := range g {
		next := make([]bool, len(parts)+1)
		if p == "**" {
			open := false
			for i := range reached {
				open = open || reached[i]
				next[i] = open
			}
		} else {
			for i := range parts {
				if reached[i] {
					next[i+1], _ = path.Match(p, parts[i])
				}
			}
		}
		reached = next
	}
	return reached[len(parts)]
}

func wild(s string) bool { return strings.ContainsAny(s, `*?[\`) }
