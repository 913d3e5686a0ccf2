package exception

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/gate"
	"plimsoll/internal/inventory"
)

// Document is a VEX document.
type Document struct {
	File string
	// Format is "OpenVEX 0.2.0" or "CycloneDX 1.6".
	Format string
	// ID is the document's own identifier.
	ID         string
	Author     string
	Statements []Statement
	// Notes say what of it can't be used, and why; each begins with its place.
	Notes []string
}

// Statement is what a supplier says of one vulnerability in some products.
type Statement struct {
	// Place is the file with a JSON Pointer (RFC 6901) behind it, which tells a
	// statement apart from all others: "vex.json#/statements/3".
	Place string
	// Vulnerabilities are its name and aliases.
	Vulnerabilities []string
	Products        []Product
	Status          Status
	Justification   string
	// Detail is the supplier's own words.
	Detail string
	Author string
	// Time is when it was known to be true.
	Time time.Time
}

// Product is what a statement speaks of: all of it, or where there are
// Subcomponents those that it holds.
type Product struct {
	Is            Component
	Subcomponents []Component
}

// Component is how a product is identified; any of them is enough.
type Component struct {
	// urls are package URLs, cpes CPE 2.3 names, digests "sha256:…".
	urls    []purl
	cpes    []string
	digests []string
	// images are names of images, of CycloneDX documents without a package URL.
	images []imagePattern
	// versions narrow a CycloneDX component; nil for what it is itself.
	versions []versionTerm
	// text is for people.
	text string
}

// versionTerm is an entry of CycloneDX's affects[].versions.
type versionTerm struct{ version, vers string }

func (c *Component) known() bool {
	return len(c.urls)+len(c.cpes)+len(c.digests)+len(c.images) > 0
}

func (c *Component) coversImage(image *imageIdentity) bool {
	if c.versions != nil && !slices.ContainsFunc(c.versions, func(t versionTerm) bool {
		return slices.Contains(image.digests, t.version) || slices.ContainsFunc(image.names, func(n imageName) bool { return t.version != "" && n.tag == t.version })
	}) {
		return false
	}
	for i := range c.urls {
		if c.urls[i].ofImage() && c.urls[i].coversImage(image) {
			return true
		}
	}
	for i := range c.images {
		if c.images[i].match(image) {
			return true
		}
	}
	return slices.ContainsFunc(c.digests, func(d string) bool { return slices.Contains(image.digests, d) })
}

func (c *Component) covers(p *inventory.Package, d *inventory.Distribution) bool {
	if p == nil || !c.holdsVersion(p) {
		return false
	}
	for i := range c.urls {
		if !c.urls[i].ofImage() && c.urls[i].covers(p, d) {
			return true
		}
	}
	return slices.ContainsFunc(c.cpes, func(cpe string) bool {
		return slices.ContainsFunc(p.CPEs, func(have string) bool { return coversCPE(cpe, have) })
	})
}

func (c *Component) holdsVersion(p *inventory.Package) bool {
	return c.versions == nil || slices.ContainsFunc(c.versions, func(t versionTerm) bool {
		if t.vers != "" {
			return inVers(p.Type, t.vers, p.Version)
		}
		return sameVersion(p.Type, t.version, p.Version)
	})
}

// coversCPE compares CPE 2.3 names (NIST IR 7696): * of the first is anything.
func coversCPE(general, special string) bool {
	a, b := splitCPE(strings.ToLower(general)), splitCPE(strings.ToLower(special))
	if len(a) != 13 || len(b) != 13 {
		return false
	}
	for i := range a {
		if a[i] != "*" && a[i] != b[i] {
			return false
		}
	}
	return true
}

// splitCPE splits at colons that no backslash quotes.
func splitCPE(s string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ':':
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// newest is the statement that decides about a vulnerability of a package, nil
// where it accepts nothing. The newest overrides what was said before (OpenVEX
// v0.2.0, "The VEX Statement"); of two of the same time the one that accepts
// nothing does, since neither says that it corrects the other.
func (b *Bound) newest(ids []string, t *gate.Thing) *Statement {
	var last *Statement
	seen := map[*Statement]bool{}
	for _, id := range ids {
		for _, st := range b.set.statements[id] {
			if seen[st] || !b.speaks(st, t.Package) {
				continue
			}
			seen[st] = true
			b.met[st.Place] = true
			switch {
			case last == nil:
				last = st
			case st.Time.Equal(last.Time):
				if !st.Status.Accepts() {
					last = st
				}
			case st.Time.After(last.Time):
				last = st
			}
		}
	}
	if last == nil || !last.Status.Accepts() {
		return nil
	}
	return last
}

// speaks reports whether a statement is about a package of the image, nil for the
// image as a whole.
func (b *Bound) speaks(st *Statement, p *inventory.Package) bool {
	return slices.ContainsFunc(st.Products, func(product Product) bool {
		inside := func() bool {
			return slices.ContainsFunc(product.Subcomponents, func(c Component) bool { return c.covers(p, b.distro) })
		}
		switch {
		case product.Is.coversImage(b.image):
			return len(product.Subcomponents) == 0 || inside()
		case p == nil:
			return false
		case len(product.Subcomponents) == 0:
			return product.Is.covers(p, b.distro)
		}
		return inside() && b.partOf(&product.Is, p)
	})
}

// partOf reports whether a package is part of a product that is a package itself:
// built into the same program, packed into the same archive, or installed by it.
// A copy that another product brought is not spoken of.
func (b *Bound) partOf(product *Component, p *inventory.Package) bool {
	if p.OwnedBy != "" && product.covers(b.byID[p.OwnedBy], b.distro) {
		return true
	}
	if p.IsOS() {
		return false
	}
	return slices.ContainsFunc(b.byPath[p.Path], func(q *inventory.Package) bool { return product.covers(q, b.distro) })
}

func (st *Statement) acceptance() gate.Acceptance {
	reason := string(st.Status)
	if st.Justification != "" {
		reason += " (" + st.Justification + ")"
	}
	if st.Detail != "" {
		reason += ": " + strings.Join(strings.Fields(st.Detail), " ")
	}
	return gate.Acceptance{ID: st.Place, By: cmp.Or(st.Author, "the document's author"), Reason: reason, About: st.about()}
}

func (st *Statement) about() string {
	if len(st.Vulnerabilities) == 0 || len(st.Products) == 0 {
		return st.Place
	}
	product := &st.Products[0]
	text := product.Is.text
	if len(product.Subcomponents) > 0 {
		text = product.Subcomponents[0].text + " of " + text
	}
	if n := len(st.Products) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return st.Vulnerabilities[0] + " in " + text
}
