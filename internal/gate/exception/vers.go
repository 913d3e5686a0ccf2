package exception

import (
	"net/url"
	"strings"
)

// inVers reports whether a version is in a range of the vers specification
// (package-url/vers-spec): "vers:deb/>=1.0|<1.2|!=1.1". Its constraints are in
// the order of their versions; what can't be read holds no version.
func inVers(typ, vers, installed string) bool {
	scheme, constraints, ok := strings.Cut(strings.TrimPrefix(vers, "vers:"), "/")
	if !ok || !strings.HasPrefix(vers, "vers:") || !strings.EqualFold(scheme, typ) || len(vers) > maxPattern {
		return false
	}
	var ranges []string
	open := "" // a lower bound that waits for its upper one
	for _, c := range strings.Split(constraints, "|") {
		c = strings.TrimSpace(c)
		if c == "*" {
			return constraints == "*"
		}
		operator := c[:len(c)-len(strings.TrimLeft(c, "<>=!"))]
		v, err := url.PathUnescape(strings.TrimSpace(c[len(operator):]))
		if err != nil || v == "" || strings.ContainsAny(v, ",|<>=! ") {
			return false
		}
		switch operator {
		case "!=":
			if sameVersion(typ, v, installed) || inRange(typ, "="+v, installed) {
				return false
			}
		case "", "=":
			ranges = append(ranges, "="+v)
		case ">", ">=":
			if open == "" { // of two lower bounds in a row the first is the wider
				open = operator + v
			}
		case "<", "<=":
			ranges = append(ranges, strings.TrimPrefix(open+","+operator+v, ","))
			open = ""
		default:
			return false
		}
	}
	if open != "" {
		ranges = append(ranges, open)
	}
	for _, r := range ranges {
		if inRange(typ, r, installed) || r[0] == '=' && sameVersion(typ, r[1:], installed) {
			return true
		}
	}
	return false
}
