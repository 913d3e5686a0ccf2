package runtimes

import (
	"regexp"
	"strings"
	"sync"

	"plimsoll/internal/inventory"
)

// classifier is one row of the table: one product as one kind of file shows it.
type classifier struct {
	// id names the row, lower case with hyphens.
	id string
	// globs say which files are looked at: path.Match syntax over as many
	// trailing segments of the path as the glob has ("redis-server",
	// "wp-includes/version.php").
	globs []string
	// group: of the rows that look at one file and share a group, only the
	// first in the table's order that finds a version counts (AWS-LC before
	// OpenSSL). Empty: the row stands for itself.
	group string
	// find are the places of the version, best first: a later one counts
	// only where no earlier one is found anywhere in the file.
	find []pattern
	// needs is a literal that must occur somewhere in the file as well, where
	// the pattern alone would be too common.
	needs string
	// purlType is "generic" where empty.
	purlType  string
	namespace string
	name      string
	// cpes are "vendor:product" in CPE 2.3 escaping, as NVD's dictionary and
	// grype DB have them, most used first.
	cpes []string
	// cpeVersion rewrites the version for the CPE; nil keeps it.
	cpeVersion func(version string) (v, update string)
	// source says where the pattern's place in the file is documented.
	source string
	// verified lists authentic files the row was held against.
	verified string
	// tests are the row's good and bad examples.
	tests []sample
}

// sample is the bytes of a file and the version that must be read from them;
// empty where nothing may be found.
type sample struct {
	path    string
	content string
	want    string
}

// pattern finds a version near a literal.
type pattern struct {
	// anchor is searched literally; seriesMark in it stands for the major.minor that the
	// file's name carries, and the pattern is idle where the name has none.
	anchor string
	// before and after are how many bytes around the anchor the expression sees.
	before, after int
	// re is applied to that window; the first group that matched is the version.
	re func() *regexp.Regexp
}

// seriesMark stands for the file name's major.minor in an anchor.
const seriesMark = "{series}"

// Windows are bounded, so that what is carried between blocks is.
const (
	defaultBefore = 32
	defaultAfter  = 64
	maxWindow     = 2048
)

// near makes a pattern with the default window. The expression is compiled when
// an anchor is first met.
func near(anchor, expr string) pattern {
	return within(anchor, defaultBefore, defaultAfter, expr)
}

// within makes a pattern with its own window.
func within(anchor string, before, after int, expr string) pattern {
	return pattern{
		anchor: anchor, before: before, after: after,
		re: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) }),
	}
}

// packageAt is the package that the row stands for.
func (c *classifier) packageAt(path, version string) inventory.Package {
	p := inventory.Package{
		Type: c.purlType, Namespace: c.namespace, Name: c.name,
		Version: version, Path: path, Inspector: Name,
	}
	if p.Type == "" {
		p.Type = "generic"
	}
	v, update := version, ""
	if c.cpeVersion != nil {
		v, update = c.cpeVersion(version)
	}
	for _, vendorProduct := range c.cpes {
		p.CPEs = append(p.CPEs, cpe23(vendorProduct, v, update))
	}
	if p.Type == "golang" && !strings.HasPrefix(version, "v") {
		p.Version = "v" + version
	}
	return p
}

// cpe23 writes a CPE 2.3 formatted string (NISTIR 7695, section 6.2).
func cpe23(vendorProduct, version, update string) string {
	return "cpe:2.3:a:" + vendorProduct + ":" + cpeEscape(version) + ":" + cpeEscape(update) + ":*:*:*:*:*:*"
}

// cpeEscape quotes what CPE 2.3 wants quoted; empty is any.
func cpeEscape(s string) string {
	if s == "" {
		return "*"
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
			b.WriteByte(c)
		case 'A' <= c && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}
