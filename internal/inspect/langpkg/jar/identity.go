package jar

import (
	"slices"
	"strings"
	"unicode"

	"plimsoll/internal/inventory"
)

// own returns the packages of this archive itself. Main reports that the first
// one is the archive as such and not something shaded into it.
//
// An archive with a manifest is a package. Its name and version come from the
// pom.properties that fits the file's name, from the only pom.xml where there
// is no pom.properties, then from the manifest and the file's name. Every other
// pom.properties is a package shaded in. Without a manifest only the Maven
// files count.
func (a *archive) own() (list []inventory.Package, main bool) {
	slices.SortStableFunc(a.properties, func(x, y coordinates) int { return strings.Compare(x.entry, y.entry) })
	// Agents of New Relic name the library that they instrument as if they were it.
	weaver := a.manifest != nil && a.manifest.get("Weave-Classes") != ""
	if weaver {
		return nil, false
	}
	file := parseFileName(a.file)
	best := a.bestProperties(file)
	if a.manifest != nil {
		if p := a.mainPackage(file, best); p.Name != "" {
			list, main = append(list, p), true
		}
	}
	for i, c := range a.properties {
		if main && (i == best || c.artifact == list[0].Name && c.version == list[0].Version) {
			continue
		}
		p := newPackage(c.group, c.artifact, c.version)
		p.InArchive = a.inArchive(c.entry)
		if pom := a.pomBeside(c.entry); pom != nil {
			p.Licenses, p.DependsOn = pom.licenses, pom.dependencies
		}
		if p.Name != "" {
			list = append(list, p)
		}
	}
	if len(list) == 0 && len(a.properties) == 0 && len(a.poms) == 1 {
		c := a.poms[0].coordinates()
		if p := newPackage(c.group, c.artifact, c.version); p.Name != "" && p.Version != "" {
			p.Licenses, p.DependsOn = a.poms[0].licenses, a.poms[0].dependencies
			p.InArchive = a.inArchive(c.entry)
			list = append(list, p)
		}
	}
	return list, main
}

func (a *archive) inArchive(entry string) string {
	if a.chain == "" {
		return printable(entry)
	}
	return printable(a.chain + "!" + entry)
}

// bestProperties returns the index of the pom.properties that describes the
// archive itself: the one whose artifact is the file's name; else the longest
// that ends it or is begun by it; -1 where none fits.
func (a *archive) bestProperties(file fileName) int {
	best, length := -1, -1
	for i, c := range a.properties {
		switch {
		case c.artifact == file.name, c.artifact+"-"+c.version == file.stem:
			return i
		case file.name == "":
		case strings.HasPrefix(c.artifact, file.name), strings.HasSuffix(file.name, c.artifact):
			if len(c.artifact) > length {
				best, length = i, len(c.artifact)
			}
		}
	}
	return best
}

// pomBeside returns the pom.xml in the folder of this pom.properties.
func (a *archive) pomBeside(entry string) *pom {
	dir := entry[:strings.LastIndexByte(entry, '/')+1]
	for i := range a.poms {
		if a.poms[i].entry == dir+"pom.xml" {
			return &a.poms[i]
		}
	}
	return nil
}

func (a *archive) mainPackage(file fileName, best int) inventory.Package {
	var c coordinates
	var pom *pom
	switch {
	case best >= 0:
		c = a.properties[best]
		pom = a.pomBeside(c.entry)
	case len(a.properties) == 0 && len(a.poms) == 1:
		pom = &a.poms[0]
		c = pom.coordinates()
	}
	if c.artifact == "" {
		c.artifact = a.manifest.artifact(file)
	}
	if c.version == "" {
		c.version = a.manifest.versionIn(file)
	}
	if c.version == "" {
		c.version = a.manifest.first("Implementation-Version", "Specification-Version", "Plugin-Version", "Bundle-Version")
	}
	if c.group == "" {
		c.group = a.manifest.group(c.artifact, c.version)
	}
	p := newPackage(c.group, c.artifact, c.version)
	p.InArchive = printable(a.chain)
	p.Vendor = printable(a.manifest.first("Implementation-Vendor", "Bundle-Vendor"))
	p.Licenses = a.manifest.licenses()
	if pom != nil {
		if len(p.Licenses) == 0 {
			p.Licenses = pom.licenses
		}
		p.DependsOn = pom.dependencies
	}
	return p
}

// newPackage makes a package of raw words; its Name is empty where they are
// no words. A group that nobody states is the artifact's name, as Maven's older
// artifacts have it (commons-io:commons-io).
func newPackage(group, artifact, version string) inventory.Package {
	group, artifact, version = word(group), word(artifact), word(version)
	group, _, _ = strings.Cut(group, ";") // OSGi directives
	if group == "" {
		group = artifact
	}
	if strings.Contains(version, "${") {
		version = "" // a property that nobody replaced
	}
	if strings.Contains(artifact, "${") || strings.Contains(group, "${") {
		artifact = ""
	}
	return inventory.Package{Type: "maven", Namespace: group, Name: artifact, Version: version}
}

// fileName is an archive's name taken apart.
type fileName struct {
	stem, name, version string
}

// parseFileName splits "commons-lang3-3.12.0.jar". The version begins at the
// first dash before a digit, before "build" and a digit, or before a last "r9"
// or "rc1". Where no dash does, a dot or underscore before a digit may.
func parseFileName(file string) fileName {
	stem := file
	if i := strings.LastIndexByte(stem, '.'); i >= 0 {
		stem = stem[:i]
	}
	f := fileName{stem: stem}
	if stem == "" || !isLetter(stem[0]) {
		return f
	}
	for _, separators := range []string{"-", "._-"} {
		for i := 1; i < len(stem); i++ {
			if strings.IndexByte(separators, stem[i]) >= 0 && startsVersion(stem[i+1:]) {
				f.name, f.version = stem[:i], stem[i+1:]
				return f
			}
		}
	}
	f.name = stem
	return f
}

func startsVersion(s string) bool {
	if s == "" {
		return false
	}
	if isDigit(s[0]) {
		return true
	}
	lower := strings.ToLower(s)
	if rest, ok := strings.CutPrefix(lower, "build"); ok {
		return rest != "" && isDigit(rest[0])
	}
	if rest, ok := strings.CutPrefix(lower, "r"); ok {
		rest = strings.TrimPrefix(rest, "c")
		return rest != "" && strings.Trim(rest, "0123456789") == ""
	}
	return false
}

// artifactOf drops what may be the group before an artifact's name:
// "org.apache.felix.scr" is "scr", but for Eclipse, whose artifacts are
// named in full.
func artifactOf(name string) string {
	if !strings.Contains(name, ".") || strings.HasPrefix(name, "org.eclipse.") {
		return name
	}
	parts := strings.Split(name, ".")
	for _, part := range parts {
		if part == "" || !unicode.IsLetter(rune(part[0])) && part[0] != '_' {
			return name
		}
	}
	return parts[len(parts)-1]
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
