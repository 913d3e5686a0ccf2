package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is what is printed about all images.
type report struct {
	verbose bool
	// programs are "name version" of what was compared.
	programs []string
	images   []comparison
}

func (r *report) name(opt options) error {
	for _, p := range []struct{ name, program, module string }{
		{"syft", opt.syft, "github.com/anchore/syft"},
		{"grype", opt.grype, "github.com/anchore/grype"},
	} {
		version, err := moduleVersion(p.program, p.module)
		if err != nil {
			return err
		}
		r.programs = append(r.programs, p.name+" "+version)
	}
	return nil
}

// unexplained is an error where any difference has no cause.
func (r *report) unexplained() error {
	n := 0
	for i := range r.images {
		c := &r.images[i]
		n += withoutCause(c.packages.lacking) + withoutCause(c.packages.extra)
		n += matchesWithoutCause(&c.onImage) + matchesWithoutCause(&c.onSBOM)
	}
	if n > 0 {
		return fmt.Errorf("%d %w", n, errUnexplained)
	}
	return nil
}

func withoutCause(list []missing) int {
	n := 0
	for _, m := range list {
		if m.cause == "" {
			n++
		}
	}
	return n
}

func matchesWithoutCause(d *matchDiff) int {
	n := 0
	for i := range d.differences {
		if d.differences[i].cause == "" {
			n++
		}
	}
	return n
}

func (r *report) markdown() string {
	var b strings.Builder
	b.WriteString("# Accuracy against the peers\n\n")
	fmt.Fprintf(&b, "Made by `bench/oracle` on %s on a machine of %d cores, with %s.\n\n", time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), strings.Join(r.programs, ", "))
	b.WriteString(introduction)
	r.summary(&b)
	r.packages(&b)
	r.matches(&b, "Vulnerabilities: grype on the image", func(c *comparison) *matchDiff { return &c.onImage })
	r.matches(&b, "Vulnerabilities: grype on Plimsoll's SBOM", func(c *comparison) *matchDiff { return &c.onSBOM })
	b.WriteString(limits)
	return b.String()
}

const introduction = `Every program read the same images, and Plimsoll and grype the same grype DB. A package is the same where type, name and version
of its package URL are; a match is the same where package, identifier, severity, fix state and every fixed version are. Each
difference is held against the table of causes in ` + "`bench/oracle/causes.go`" + `; one that no row explains fails the run.

Images: debian, debian-full, node, go and large are what ` + "`bench/realimages`" + ` builds from Debian's, npm's and Go's own packages;
node-14, python-3.8-slim and python-3.8.19-slim are those of ` + "`plimsoll demo`" + `, whose older versions have many fixes; the others are
built by ` + "`bench/oracle/samples.sh`" + `: *runtimes* and *languages* hold Debian's programs and libraries without any record of a package manager,
*handmade*, *alpine*, *arch* and *rpm* the records of other package managers, *ghost* a package database that a later layer deleted,
*toolchains* what the building machine has outside its package manager, *bullseye* and *trixie* Debian's minimal systems, *classifiers* the excerpts of real programs that syft's
own classifiers are tested with.

`

const limits = `## What this does not show

- grype DB's copy covers Debian, Alpine, the GitHub ecosystems, Go and NVD: on RPM images and Arch only packages are compared.
- Not read by Plimsoll, and read by syft: portage, conan, nix, snap, homebrew, Bitnami's SBOM files, WordPress plug-ins, ELF package notes,
  Windows programs, the SBOM inside GraalVM native images, .NET assemblies without a deps.json, Go programs packed with UPX, kernels and their modules, model files.
- trivy-db has no such oracle here: Trivy itself is not among the programs that were run.
`

// summary adds everything up.
func (r *report) summary(b *strings.Builder) {
	var theirs, both, lacking, extra int
	var image, sbom matchDiff
	for i := range r.images {
		c := &r.images[i]
		theirs, both = theirs+c.packages.theirs, both+c.packages.both
		lacking, extra = lacking+len(c.packages.lacking), extra+len(c.packages.extra)
		image.theirs, image.same = image.theirs+c.onImage.theirs, image.same+c.onImage.same
		sbom.theirs, sbom.same = sbom.theirs+c.onSBOM.theirs, sbom.same+c.onSBOM.same
	}
	open := 0
	for i := range r.images {
		c := &r.images[i]
		open += withoutCause(c.packages.lacking) + withoutCause(c.packages.extra) + matchesWithoutCause(&c.onImage) + matchesWithoutCause(&c.onSBOM)
	}
	fmt.Fprintf(b, "Of %d packages that syft finds, Plimsoll finds %d and leaves out %d; it finds %d more. Of %d matches that grype reports on the images,\n"+
		"%d are the same in every word; of %d on Plimsoll's own SBOMs, %d. Differences without a cause: %d.\n\n",
		theirs, both, lacking, extra, image.theirs, image.same, sbom.theirs, sbom.same, open)
}

func (r *report) packages(b *strings.Builder) {
	b.WriteString("## Packages: syft on the image\n\n")
	b.WriteString("| image | type | Plimsoll | syft | both | only syft | only Plimsoll |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for i := range r.images {
		c := &r.images[i]
		types := make([]string, 0, len(c.packages.byType))
		for typ := range c.packages.byType {
			types = append(types, typ)
		}
		slices.Sort(types)
		for _, typ := range types {
			n := c.packages.byType[typ]
			fmt.Fprintf(b, "| %s | %s | %d | %d | %d | %d | %d |\n", c.image, typ, n[0], n[1], n[2], n[1]-n[2], n[0]-n[2])
		}
	}
	b.WriteString("\n### Only syft\n\n")
	r.missing(b, func(c *comparison) []missing { return c.packages.lacking })
	b.WriteString("### Only Plimsoll\n\n")
	r.missing(b, func(c *comparison) []missing { return c.packages.extra })
}

// examples is how many packages of one cause are named.
const examples = 3

func (r *report) missing(b *strings.Builder, of func(*comparison) []missing) {
	groups := newGroups()
	for i := range r.images {
		for _, m := range of(&r.images[i]) {
			at := ""
			if len(m.at) > 0 {
				at = " at `" + code(m.at[0]) + "`"
			}
			groups.add(m.cause, m.by, fmt.Sprintf("%s: %s %s %s%s", r.images[i].image, m.typ, code(m.name), code(m.version), at))
		}
	}
	groups.write(b, r.verbose)
}

func (r *report) matches(b *strings.Builder, title string, of func(*comparison) *matchDiff) {
	fmt.Fprintf(b, "## %s\n\n", title)
	b.WriteString("| image | Plimsoll | grype | the same in all | differing, explained | unexplained |\n| --- | ---: | ---: | ---: | ---: | ---: |\n")
	groups := newGroups()
	for i := range r.images {
		c := &r.images[i]
		d := of(c)
		open := matchesWithoutCause(d)
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d |\n", c.image, d.ours, d.theirs, d.same, len(d.differences)-open, open)
		for j := range d.differences {
			m := &d.differences[j]
			side := "both"
			switch {
			case m.ours == nil:
				side = "only grype"
			case m.theirs == nil:
				side = "only Plimsoll"
			}
			groups.add(m.cause, side, fmt.Sprintf("%s: %s on %s %s %s%s", c.image, m.vulnerability, m.typ, code(m.name), code(m.version), m.words()))
		}
	}
	b.WriteString("\n")
	groups.write(b, r.verbose)
}

// words says what each side holds.
func (d *matchDifference) words() string {
	switch {
	case d.ours == nil:
		return " (" + d.theirs.String() + "; " + d.theirs.how + ")"
	case d.theirs == nil:
		return " (" + d.ours.String() + "; by " + d.ours.how + ")"
	}
	return " (Plimsoll: " + d.ours.String() + "; grype: " + d.theirs.String() + ")"
}

// groups gather lines by cause, then by who found them.
type groups struct {
	byCause map[string]map[string][]string
}

func newGroups() *groups { return &groups{byCause: map[string]map[string][]string{}} }

func (g *groups) add(cause, by, line string) {
	if g.byCause[cause] == nil {
		g.byCause[cause] = map[string][]string{}
	}
	g.byCause[cause][by] = append(g.byCause[cause][by], line)
}

// write lists the causes, the unexplained ones first and in full.
func (g *groups) write(b *strings.Builder, verbose bool) {
	if len(g.byCause) == 0 {
		b.WriteString("None.\n\n")
		return
	}
	for _, cause := range sortedKeys(g.byCause) {
		title, limit := cause, examples
		if cause == "" {
			title, limit = "UNEXPLAINED", 1<<30
		}
		if verbose {
			limit = 1 << 30
		}
		for _, by := range sortedKeys(g.byCause[cause]) {
			lines := g.byCause[cause][by]
			fmt.Fprintf(b, "- **%d** (%s): %s\n", len(lines), by, title)
			for i, line := range lines {
				if i == limit {
					break
				}
				fmt.Fprintf(b, "  - %s\n", line)
			}
		}
	}
	b.WriteString("\n")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// code keeps text from an image on its line.
func code(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '`' || r == '|' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
