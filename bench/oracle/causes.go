package main

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

// A cause explains differences: a condition that the evidence of both sides
// must meet, and what is then said. The first that holds is taken. A condition
// names what it can check; it never says "anything of this type".

// packageCause explains a package that one side lacks.
type packageCause struct {
	holds func(f *found, in *circumstances) bool
	why   string
}

// circumstances are what a cause may look at.
type circumstances struct {
	ours   *scan
	theirs inventoryOf
	// sbom is set where grype read Plimsoll's SBOM instead of the image.
	sbom bool
	// onSBOM are grype's matches on that SBOM.
	onSBOM grypeMatches
}

// lackingCauses explain what syft finds and Plimsoll does not.
func lackingCauses() []packageCause {
	return []packageCause{
		{
			func(f *found, _ *circumstances) bool {
				return f.typ == "npm" && f.version == ""
			},
			"a package.json that names no version: a part of another package (Next.js keeps such for what it has compiled in), which no advisory can be held against",
		},
		{
			func(f *found, in *circumstances) bool {
				return f.typ == "generic" && f.name == "mysql" && f.sharesFile(in.ours.packages, func(o *found) bool {
					return o.name == "mariadb" && o.version == f.version
				})
			},
			"the client is MariaDB's, whose numbers MySQL never had; Plimsoll and syft both list it as mariadb, syft as mysql besides",
		},
		{
			func(f *found, in *circumstances) bool {
				return f.typ == "generic" && in.ours.has(func(p *inventory.Package) bool {
					return p.IsOS() && isGhost(p) && (p.Name == f.name || p.SourceName() == f.name)
				})
			},
			"an OS package installed it, whose record a later layer removed: Plimsoll lists that package as a ghost instead, and the distribution's advisories judge it",
		},
		{
			func(f *found, _ *circumstances) bool { return f.typ == "rpm" && f.name == "gpg-pubkey" },
			"a key that rpm trusts, kept as if it were a package; it is no software",
		},
		{
			func(f *found, in *circumstances) bool {
				return f.name == "oracle/jdk" && in.ours.packages[identity{f.typ, "oracle/jre", f.version}] != nil
			},
			"the debugger of a JDK whose launcher is listed as oracle/jre, with the CPEs of both",
		},
		{
			func(f *found, _ *circumstances) bool {
				return f.name == "grafana" && strings.HasPrefix(f.version, "6.") && strings.Contains(f.version, "-")
			},
			"a pre-release of Grafana 6 (2019): nothing recognisable stands beside its version",
		},
		{
			func(f *found, _ *circumstances) bool { return f.name == "go" && f.under("snippets/go") },
			"an excerpt of 100 bytes without Go's build information, which Plimsoll reads the version from; whole go commands are found",
		},
		{
			func(f *found, _ *circumstances) bool {
				return f.by == "pe-binary-package-cataloger"
			},
			"a Windows program (the launchers that pip and setuptools carry), which no Linux image runs",
		},
		{
			func(f *found, in *circumstances) bool {
				return f.typ == "maven" && f.sharesFile(in.ours.packages, func(o *found) bool {
					return o.typ == "maven" && in.theirs[o.identity] == nil
				})
			},
			otherCoordinates,
		},
	}
}

const otherCoordinates = "the same archive under other coordinates: no Maven file inside, so both derive them from the manifest and the file's name (Plimsoll knows the groups under which advisories list widespread artifacts, and Debian's way of naming files)"

// extraCauses explain what Plimsoll finds and syft does not.
func extraCauses() []packageCause {
	return []packageCause{
		{
			func(f *found, _ *circumstances) bool { return f.everyOne(isGhost) },
			"ghost: a later layer removed the record, the files are still there; syft reads the last record only",
		},
		{
			func(f *found, in *circumstances) bool {
				return f.by == "runtimes" && !f.sharesFile(in.theirs, func(o *found) bool { return o.typ == f.typ })
			},
			"a runtime, server or library outside any package manager that syft has no classifier for, or whose patterns do not fit this build",
		},
		{
			func(f *found, in *circumstances) bool {
				return f.typ == "maven" && f.sharesFile(in.theirs, func(o *found) bool {
					return o.typ == "maven" && in.ours.packages[o.identity] == nil
				})
			},
			otherCoordinates,
		},
		{
			func(f *found, _ *circumstances) bool { return f.name == "openresty" },
			"OpenResty's server, which syft lists as nginx alone",
		},
		{
			func(f *found, _ *circumstances) bool { return f.typ == "conda" },
			"syft reads conda's records only when told to (its conda cataloger is for folders, not for images)",
		},
		{
			func(f *found, _ *circumstances) bool { return f.typ == "npm" && f.name == "toposort-class" },
			"syft does not read a package.json whose author is a list",
		},
	}
}

func isGhost(p *inventory.Package) bool { return p.Liveness == inventory.Ghost }

func why(causes []packageCause, f *found, in *circumstances) string {
	for _, c := range causes {
		if c.holds(f, in) {
			return c.why
		}
	}
	return ""
}

// matchCause explains a match that one side lacks or sees otherwise.
type matchCause struct {
	holds func(d *matchDifference, in *circumstances) bool
	why   string
}

func matchCauses() []matchCause {
	return []matchCause{
		{
			func(d *matchDifference, in *circumstances) bool {
				p := in.ours.packages[d.identity]
				return d.ours == nil && p != nil && p.everyOne(func(p *inventory.Package) bool { return p.OwnedBy != "" })
			},
			"an OS package installed these files, so the distribution's advisories judge them, which know its backports; grype drops only what it sees the distribution list itself, and nothing where an SBOM does not say who owns what",
		},
		{
			func(d *matchDifference, in *circumstances) bool {
				p := in.ours.packages[d.identity]
				return d.ours == nil && p != nil && p.everyOne(advisory.IsKernelHeaders)
			},
			"kernel headers: no kernel runs from an image, said in coverage",
		},
		{
			func(d *matchDifference, in *circumstances) bool {
				return d.theirs == nil && d.typ == "golang" && !in.sbom && slices.ContainsFunc(in.onSBOM[d.matched],
					func(o opinion) bool { return o.String() == d.ours.String() })
			},
			"grype reads the function names in the executable and drops an advisory whose functions are not among them; Plimsoll judges whole modules (grype agrees with it where it has no names, as from an SBOM)",
		},
		{
			func(d *matchDifference, in *circumstances) bool {
				return d.theirs == nil && d.ours.pkg.Liveness == inventory.Ghost && !in.sbom
			},
			"ghost: the package's record is gone, so grype does not see it in the image",
		},
		{
			func(d *matchDifference, in *circumstances) bool {
				return d.theirs == nil && d.typ == "apk" && d.ours.how == string(advisory.ByCPE)
			},
			"Alpine's advisories are silent and NVD's are asked by the product of the source package; grype guesses products from the binary package's name (libcurl:libcurl, which NVD does not have), and has none at all from an SBOM",
		},
		{
			func(d *matchDifference, in *circumstances) bool {
				return d.theirs == nil && in.sbom && d.ours.how == string(advisory.ByCPE) && len(d.ours.pkg.CPEs) > 1
			},
			"NVD lists the product under several names; a CycloneDX component holds one CPE, so grype asks for one",
		},
		{
			func(d *matchDifference, _ *circumstances) bool { return d.ours == nil && d.name == "swipl" },
			"syft gives SWI-Prolog the CPE of Erlang",
		},
		{
			func(d *matchDifference, in *circumstances) bool {
				return d.ours == nil && in.sbom && strings.HasPrefix(d.name, "oracle/") && strings.HasPrefix(d.version, "1.8.0_")
			},
			"from an SBOM grype does not take the package for a JVM and leaves out the CPE's update, so that every build of Java 8 is 1.8.0; reading the image itself, it agrees",
		},
		{
			func(d *matchDifference, in *circumstances) bool {
				return d.ours == nil && in.sbom && d.version == ""
			},
			"a program built without a version; grype holds every advisory ever published against a component that has none, Plimsoll says in coverage that it cannot be judged",
		},
		{
			func(d *matchDifference, in *circumstances) bool {
				return d.theirs == nil && !in.sbom && in.theirs[d.identity] == nil
			},
			"syft's reading of the image lacks the package at this version; see the packages above",
		},
		{
			func(d *matchDifference, in *circumstances) bool {
				return d.ours == nil && !in.sbom && in.ours.packages[d.identity] == nil
			},
			"Plimsoll's reading of the image lacks the package at this version; see the packages above",
		},
	}
}

func whyMatch(d *matchDifference, in *circumstances) string {
	for _, c := range matchCauses() {
		if c.holds(d, in) {
			return c.why
		}
	}
	return ""
}

// sharesFile reports whether the other side has a package with the property
// in one of the same files.
func (f *found) sharesFile(other inventoryOf, with func(*found) bool) bool {
	for _, o := range other {
		if with(o) && slices.ContainsFunc(f.at, func(at string) bool {
			return slices.ContainsFunc(o.at, func(b string) bool { return fileOf(at) == fileOf(b) })
		}) {
			return true
		}
	}
	return false
}

// under reports whether every place of a package lies below a folder of that
// name.
func (f *found) under(folder string) bool {
	return len(f.at) > 0 && !slices.ContainsFunc(f.at, func(at string) bool { return !strings.Contains("/"+at, "/"+folder+"/") })
}

// fileOf is the file in the image: both write a place inside an archive after
// a colon.
func fileOf(at string) string {
	file, _, _ := strings.Cut(at, ":")
	return file
}
