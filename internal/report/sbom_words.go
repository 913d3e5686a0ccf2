package report

import (
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/compare"
	"plimsoll/internal/sbom"
	"plimsoll/internal/verdict"
)

// SBOMDifference is how one list of packages differs from another.
type SBOMDifference struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	// Before and After say what was compared: a file or a reference, and what it is.
	Before SBOMSide `json:"before"`
	After  SBOMSide `json:"after"`
	compare.Inventories
}

// SBOMSide is one of two that are compared.
type SBOMSide struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Packages int    `json:"packages"`
}

// SBOMDifferenceJSON writes the difference for another program.
func SBOMDifferenceJSON(w io.Writer, d *SBOMDifference) error { return encodeJSON(w, d) }

// sbomShown is how many lines of a list the default view has.
const sbomShown = 200

// WriteSBOMDifference writes the difference for a person. opt.All shortens nothing.
func WriteSBOMDifference(w io.Writer, d *SBOMDifference, opt Options) error {
	p := newPage(opt)
	counts := map[compare.Change]int{}
	for i := range d.Packages {
		counts[d.Packages[i].Change]++
	}
	if d.Same() {
		p.line(span{"the same packages and licences", p.styles.green.Bold(true)})
	} else {
		p.paragraph(0, p.styles.bold, fmt.Sprintf("%s added, %s removed, %s at another version; %s with other licences",
			number(counts[compare.Added]), number(counts[compare.Removed]),
			number(len(d.Packages)-counts[compare.Added]-counts[compare.Removed]), number(len(d.Licenses))))
	}
	for _, side := range []struct {
		label string
		of    *SBOMSide
	}{{"before  ", &d.Before}, {"after   ", &d.After}} {
		p.hanging(span{side.label, p.styles.faint}, p.styles.plain, side.of.Name+", "+side.of.Kind+", "+count(side.of.Packages, "package"))
	}
	if len(d.Packages) > 0 {
		p.section("PACKAGES", number(len(d.Packages)))
		for i := range d.Packages {
			if !opt.All && i == sbomShown {
				p.line(p.indent(gutter), span{fmt.Sprintf("… %s more; --all shows them", number(len(d.Packages)-i)), p.styles.faint})
				break
			}
			p.sbomPackage(&d.Packages[i])
		}
	}
	if len(d.Licenses) > 0 {
		p.section("LICENCES", number(len(d.Licenses)))
		for i := range d.Licenses {
			if !opt.All && i == sbomShown {
				p.line(p.indent(gutter), span{fmt.Sprintf("… %s more; --all shows them", number(len(d.Licenses)-i)), p.styles.faint})
				break
			}
			l := &d.Licenses[i]
			p.hanging(span{strings.Repeat(" ", gutter) + Clean(l.Type+" "+l.Name) + "  ", p.styles.plain}, p.styles.faint,
				licenseWords(l.Before)+" → "+licenseWords(l.After))
		}
	}
	return p.flush(w)
}

func (p *page) sbomPackage(c *compare.Package) {
	versions := c.After
	switch {
	case c.After == "":
		versions = c.Before
	case c.Before != "":
		versions = c.Before + " → " + c.After
	}
	style := p.styles.plain
	switch c.Change {
	case compare.Added:
		style = p.styles.green
	case compare.Removed:
		style = p.styles.red
	}
	p.hanging(span{strings.Repeat(" ", gutter) + pad(string(c.Change), 10) + "  ", style}, p.styles.plain, c.Type+" "+c.Name+" "+versions)
}

func licenseWords(list []string) string {
	if len(list) == 0 {
		return "none named"
	}
	return strings.Join(list, ", ")
}

// SBOMCheck is a document held against the minimum elements.
type SBOMCheck struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	Name          string       `json:"name"`
	*sbom.Check
	// FailUnder is what was asked for; Failed is set where the document has less.
	FailUnder int  `json:"failUnder,omitempty"`
	Failed    bool `json:"failed"`
}

// SBOMCheckJSON writes the check for another program.
func SBOMCheckJSON(w io.Writer, c *SBOMCheck) error { return encodeJSON(w, c) }

// missingShown is how many components without an element the default view names.
const missingShown = 3

// WriteSBOMCheck writes the check for a person. opt.All names more of what is missing.
func WriteSBOMCheck(w io.Writer, c *SBOMCheck, opt Options) error {
	p := newPage(opt)
	style, words := p.styles.green.Bold(true), "has the NTIA's minimum elements"
	if c.Percent < 100 {
		style, words = p.styles.yellow.Bold(true), fmt.Sprintf("lacks some of the NTIA's minimum elements: the weakest is there for %d%%", c.Percent)
	}
	if c.Failed {
		style, words = p.styles.red.Bold(true), words+fmt.Sprintf(", and %d%% were asked for", c.FailUnder)
	}
	p.paragraph(0, style, c.Name+" "+words)
	p.list(p.styles.faint, c.Form+" "+c.Version, c.Subject, count(c.Components, "component"))
	p.blank()
	for i := range c.Elements {
		e := &c.Elements[i]
		if !e.Required && (i == 0 || c.Elements[i-1].Required) {
			p.section("RECOMMENDED", "")
		}
		p.element(e, opt)
	}
	return p.flush(w)
}

func (p *page) element(e *sbom.Element, opt Options) {
	style := p.styles.green
	switch n := e.Percent(); {
	case n == 0:
		style = p.styles.red
	case n < 100:
		style = p.styles.yellow
	}
	text := fmt.Sprintf("%s of %s", number(e.Have), number(e.Of))
	switch {
	case e.Found != "":
		text = e.Found
	case e.Of == 1 && e.Have == 0 && len(e.Missing) == 0:
		text = "missing"
	}
	p.line(p.indent(gutter), span{padLeft(fmt.Sprintf("%d%%", e.Percent()), 4) + "  ", style}, span{pad(e.Name, 26), p.styles.bold}, span{text, p.styles.plain})
	if e.Have == e.Of {
		return
	}
	p.hanging(span{strings.Repeat(" ", gutter+6), p.styles.faint}, p.styles.faint, "missing: "+e.Asks)
	shown := len(e.Missing)
	if !opt.All {
		shown = min(shown, missingShown)
	}
	if shown == 0 {
		return
	}
	names := strings.Join(e.Missing[:shown], ", ")
	if more := e.Of - e.Have - shown; more > 0 {
		names += fmt.Sprintf(" and %s more", number(more))
	}
	p.hanging(span{strings.Repeat(" ", gutter+6), p.styles.faint}, p.styles.faint, names)
}
