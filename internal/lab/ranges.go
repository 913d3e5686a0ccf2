package lab

import (
	"fmt"
	"strings"
)

// versionRange is one range of a grype DB record, written in the tables as
//
//	type: constraint => state fixed-version @date kind advisories
//
// Everything but the arrow may be left out: "dpkg: < 2.5.0-1+deb12u1 => fixed
// 2.5.0-1+deb12u1 @2024-09-08 advisory DSA-5770-1", "dpkg: => wont-fix",
// "< 18.18.2 => fixed 18.18.2", "= 3.7 =>".
type versionRange struct {
	Type, Constraint string
	State, Version   string
	Date, Kind       string
	Advisories       []string
}

func (r versionRange) String() string {
	var p []string
	if r.Type != "" {
		p = append(p, r.Type+":")
	}
	if r.Constraint != "" {
		p = append(p, r.Constraint)
	}
	p = append(p, "=>")
	for _, s := range []string{r.State, r.Version} {
		if s != "" {
			p = append(p, s)
		}
	}
	if r.Date != "" {
		p = append(p, "@"+r.Date, r.Kind)
	}
	return strings.Join(append(p, r.Advisories...), " ")
}

func parseRange(s string) (versionRange, error) {
	var r versionRange
	bad := func() (versionRange, error) { return r, fmt.Errorf("range %q", s) }
	before, after, ok := strings.Cut(s, "=>")
	if !ok {
		return bad()
	}
	before = strings.TrimSpace(before)
	if kind, rest, ok := strings.Cut(before, ":"); ok && isWord(kind) {
		r.Type, before = kind, strings.TrimSpace(rest)
	}
	r.Constraint = before

	words := strings.Fields(after)
	take := func() string {
		if len(words) == 0 {
			return ""
		}
		w := words[0]
		words = words[1:]
		return w
	}
	r.State = take()
	if len(words) > 0 && words[0][0] != '@' {
		r.Version = take()
	}
	if len(words) > 0 && words[0][0] == '@' {
		r.Date = take()[1:]
		if r.Kind = take(); r.Kind == "" {
			return bad()
		}
	}
	if len(words) > 0 {
		r.Advisories = words
	}
	return r, nil
}

// isWord tells a version format ("dpkg", "python") from an epoch ("< 1:2.3").
func isWord(s string) bool {
	for _, c := range s {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return s != ""
}
