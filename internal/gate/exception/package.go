package exception

import (
	"errors"
	"fmt"
	"strings"

	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
)

// PackageScope is a package of a scope: a package URL, or a name with a range.
type PackageScope struct {
	// Text is the scope as it was written.
	Text string

	url *purl
	// name is the package's own, the one its ecosystem writes, or an OS package's
	// source package's; versions is in the form of version.ParseGrype.
	name, versions string
}

// ParsePackageScope reads "pkg:deb/debian/openssl@3.0.11", "openssl",
// "@scope/name@1.2.3" or "org.group:artifact@>=1,<2".
func ParsePackageScope(s string) (PackageScope, error) {
	scope := PackageScope{Text: s}
	switch {
	case s == "":
		return scope, errors.New("it is empty")
	case len(s) > maxPattern:
		return scope, fmt.Errorf("it has %d bytes", len(s))
	}
	if strings.HasPrefix(strings.ToLower(s), "pkg:") {
		u, err := parsePURL(s)
		if err != nil {
			return scope, fmt.Errorf("no package URL: %w", err)
		}
		if u.ofImage() {
			return scope, errors.New("the package URL of an image: name it as an image")
		}
		scope.url = &u
		return scope, nil
	}
	scope.name = s
	if at := strings.LastIndexByte(s, '@'); at > 0 {
		scope.name, scope.versions = s[:at], strings.TrimSpace(s[at+1:])
		if scope.versions == "" {
			return scope, errors.New("no version behind the @")
		}
		if _, err := version.ParseGrype(version.Unknown, scope.versions); err != nil {
			return scope, err
		}
	}
	if strings.ContainsAny(scope.name, " \t<>=,|*") {
		return scope, fmt.Errorf("%q is no name: a range stands behind an @, and a pattern is not read", scope.name)
	}
	return scope, nil
}

// match compares with a package, or where p is nil with its name alone.
func (s *PackageScope) match(p *inventory.Package, name string, d *inventory.Distribution) bool {
	switch {
	case p == nil:
		return s.url == nil && s.versions == "" && name != "" && name == s.name
	case s.url != nil:
		return s.url.covers(p, d)
	case s.name == p.Name, s.name == p.FullName():
		return s.holds(p.Type, p.Version)
	case p.IsOS() && s.name == p.SourceName():
		return s.holds(p.Type, p.SourceVersion())
	}
	return false
}

// holds reports whether a version is in the scope's range. What can't be compared
// is not: an exception then speaks of nothing, which the report shows.
func (s *PackageScope) holds(typ, installed string) bool {
	if s.versions == "" || sameVersion(typ, s.versions, installed) {
		return true
	}
	return inRange(typ, s.versions, installed)
}

func inRange(typ, versions, installed string) bool {
	scheme := version.SchemeOf(typ)
	if scheme == version.Unknown {
		return false
	}
	r, err := version.ParseGrype(scheme, versions)
	if err != nil {
		return false
	}
	v, err := version.Parse(scheme, installed)
	if err != nil {
		return false
	}
	ok, err := r.Contains(v)
	return err == nil && ok
}
