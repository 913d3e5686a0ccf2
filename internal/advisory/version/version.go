// Package version orders the version strings of package managers and decides
// whether one lies in an affected range, the way the two vulnerability
// databases write ranges.
//
// It knows no package, no distribution and no database file. Strings come from
// images and databases, so every parser here is bounded: a version longer than
// MaxLength, or one that its scheme cannot read, is ErrInvalid and never a
// panic. Callers treat such a version as not comparable, as the databases'
// own tools do: no match, and said in coverage.
//
// Most orders (dpkg, rpm, apk, PEP 440, semver-like) are written here and not
// taken from osv-scalibr/semantic: its parsers accept anything where we must
// know "not comparable", and its semver reads a fourth number as a pre-release,
// which neither database's tool does. They are also two to three times as fast
// (BenchmarkDeb beside BenchmarkDebSemantic). Maven, RubyGems and CRAN orders
// are semantic's. Tests hold our orders against semantic's.
package version

import (
	"errors"
	"fmt"
)

// MaxLength bounds a version string. The longest in the published databases
// is under 100 bytes.
const MaxLength = 256

// ErrInvalid is wrapped by every error about a string that its scheme cannot
// read as a version or as a range.
var ErrInvalid = errors.New("not comparable")

// Scheme names an order of versions.
type Scheme uint8

const (
	// Unknown is the order of last resort: semver-like where both sides look
	// like it, else part by part (grype's "fuzzy").
	Unknown Scheme = iota
	// Segmented is dotted numbers of any count with an optional pre-release:
	// semver and its many relatives (NuGet, Composer, Cargo, Hex, Pub).
	Segmented
	// Npm is strict semver; ranges may hold wildcards, and a range without a
	// pre-release never contains one.
	Npm
	Go
	Deb
	Apk
	// RPM treats a missing epoch as 0.
	RPM
	// RPMLoose compares epochs only where both sides write one.
	RPMLoose
	// Python is PEP 440; a local label counts only where the other side has one.
	Python
	Maven
	Gem
	// JVM folds the old "1.8.0_302-b08" into "8.0.302+8".
	JVM
	// Bitnami ignores revisions and pre-releases.
	Bitnami
	// Alpm is pacman's order: rpm's, with an optional pkgrel.
	Alpm
	CRAN
	// KB is equality of Windows knowledge-base numbers.
	KB
)

var schemeNames = [...]string{
	"unknown", "segmented", "npm", "go", "deb", "apk", "rpm", "rpm-loose",
	"python", "maven", "gem", "jvm", "bitnami", "alpm", "cran", "kb",
}

// String returns the scheme's name.
func (s Scheme) String() string {
	if int(s) < len(schemeNames) {
		return schemeNames[s]
	}
	return schemeNames[0]
}

// Version is one parsed version. The zero value is not valid.
type Version struct {
	scheme Scheme
	raw    string
	order  order
}

// order is what a scheme's parser returns; compare is only called with a
// value of the same scheme.
type order interface {
	compare(other order) int
}

// Parse reads raw under the scheme.
func Parse(s Scheme, raw string) (Version, error) {
	if len(raw) > MaxLength {
		return Version{}, fmt.Errorf("%s version of %d bytes: %w", s, len(raw), ErrInvalid)
	}
	o, ok := parseOrder(s, raw)
	if !ok {
		return Version{}, fmt.Errorf("%s version %q: %w", s, raw, ErrInvalid)
	}
	return Version{scheme: s, raw: raw, order: o}, nil
}

func parseOrder(s Scheme, raw string) (order, bool) {
	switch s {
	case Segmented:
		return asOrder(parseSegmented(trimLeadingV(semverSpelling(raw)), false))
	case Npm:
		return asOrder(parseNpm(raw))
	case Go:
		return asOrder(parseGo(raw))
	case Deb:
		return asOrder(parseDeb(raw))
	case Apk:
		return asOrder(parseApk(trimLeadingV(raw)))
	case RPM:
		return asOrder(parseRPM(raw, false))
	case RPMLoose:
		return asOrder(parseRPM(raw, true))
	case Alpm:
		return asOrder(parseAlpm(raw))
	case Python:
		return asOrder(parsePython(raw))
	case Maven, Gem, CRAN:
		return parseSemantic(s, raw)
	case JVM:
		return asOrder(parseJVM(raw))
	case Bitnami:
		return asOrder(parseBitnami(raw))
	case KB:
		return kbVersion(raw), raw != ""
	case Unknown:
		return parseFuzzy(raw), true
	}
	return nil, false
}

func asOrder[T order](v T, ok bool) (order, bool) { return v, ok }

// String returns the version as it was written.
func (v Version) String() string { return v.raw }

// Scheme returns the order the version was parsed under.
func (v Version) Scheme() Scheme { return v.scheme }

// Valid reports whether v came from Parse.
func (v Version) Valid() bool { return v.order != nil }

// Compare returns -1, 0 or +1. Versions of different schemes, or the zero
// Version, are ErrInvalid.
func (v Version) Compare(w Version) (int, error) {
	if v.order == nil || w.order == nil || v.scheme != w.scheme {
		return 0, fmt.Errorf("%q (%s) and %q (%s): %w", v.raw, v.scheme, w.raw, w.scheme, ErrInvalid)
	}
	return v.order.compare(w.order), nil
}

// CompareTo compares with a string read under the same scheme.
func (v Version) CompareTo(raw string) (int, error) {
	w, err := Parse(v.scheme, raw)
	if err != nil {
		return 0, err
	}
	return v.Compare(w)
}

type kbVersion string

func (v kbVersion) compare(o order) int {
	if w, _ := o.(kbVersion); v == w {
		return 0
	}
	return 1 // no order: only equality means anything
}
