package jar

import (
	"bytes"
	"slices"
	"strings"
)

const (
	// maxText bounds a name, a version or a licence, in bytes.
	maxText = 1 << 10
	// maxValue bounds a manifest's value; Export-Package may be longer and is of no use.
	maxValue    = 8 << 10
	maxLicenses = 64
)

// manifest is META-INF/MANIFEST.MF: the main section, and for each key that
// the main section lacks the first value of any other section.
type manifest struct {
	main, other map[string]string
}

// parseManifest reads the format of the JAR File Specification, "JAR
// Manifest". Keys are kept in lower case, since they compare so.
func parseManifest(b []byte) *manifest {
	m := &manifest{main: map[string]string{}, other: map[string]string{}}
	section := m.main
	var key string
	var value []byte
	put := func() {
		if key != "" {
			if _, ok := section[key]; !ok && len(section) < 1000 {
				section[key] = strings.TrimSpace(string(value))
			}
		}
		key = ""
	}
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		switch {
		case len(line) == 0:
			put()
			if len(m.main) > 0 {
				section = m.other
			}
		case line[0] == ' ':
			if len(value) < maxValue {
				value = append(value, line[1:]...)
			}
		default:
			put()
			k, v, ok := bytes.Cut(line, []byte(":"))
			if ok && len(k) <= 70 {
				key, value = strings.ToLower(strings.TrimSpace(string(k))), append(value[:0], bytes.TrimLeft(v, " ")...)
			}
		}
	}
	put()
	return m
}

// cutLine cuts at CR LF, LF or CR, all of which the format allows.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		return b, nil
	}
	line, rest = b[:i], b[i+1:]
	if b[i] == '\r' && len(rest) > 0 && rest[0] == '\n' {
		rest = rest[1:]
	}
	return line, rest
}

// get returns a value of the main section.
func (m *manifest) get(key string) string { return m.main[strings.ToLower(key)] }

// first returns the first value that any of the keys has, main section first.
func (m *manifest) first(keys ...string) string {
	for _, k := range keys {
		k = strings.ToLower(k)
		if v := m.main[k]; v != "" {
			return v
		}
		if v := m.other[k]; v != "" {
			return v
		}
	}
	return ""
}

// artifact guesses the artifact's name where no Maven file states it.
func (m *manifest) artifact(file fileName) string {
	// Felix' bundle plug-in makes the symbolic name of group and artifact.
	symbolic, _, _ := strings.Cut(m.get("Bundle-SymbolicName"), ";")
	if symbolic != "" && strings.Contains(m.get("Created-By"), "Apache Maven Bundle Plugin") &&
		symbolic != m.get("Implementation-Vendor-Id") {
		return symbolic[strings.LastIndexByte(symbolic, '.')+1:]
	}
	if file.name != "" {
		return m.withoutSeries(artifactOf(file.name))
	}
	for _, k := range []string{"Name", "Bundle-Name", "Short-Name", "Extension-Name", "Implementation-Title"} {
		if v := word(m.get(k)); v != "" {
			return v
		}
	}
	return file.stem
}

// withoutSeries drops the number that Debian adds to the file names of
// libraries of which several series can be installed side by side, where the
// manifest gives the name without it: commons-collections3.jar has the
// Extension-Name commons-collections. An artifact that is known with its
// number, as commons-collections4 is, keeps it.
func (m *manifest) withoutSeries(artifact string) string {
	name := strings.TrimRight(artifact, "0123456789")
	if _, known := groupByArtifact[artifact]; known || name == artifact || m.get("Extension-Name") != name {
		return artifact
	}
	return name
}

// versionIn returns the version in the file's name. Where a series comes before
// it ("log4j-1.2-1.2.17.jar"), it is the part that the manifest has as well.
func (m *manifest) versionIn(file fileName) string {
	for _, k := range []string{"Implementation-Version", "Bundle-Version"} {
		v := word(m.get(k))
		if series, ok := strings.CutSuffix(file.version, "-"+v); ok && strings.HasPrefix(v, series+".") {
			return v
		}
	}
	return file.version
}

// groupKeys are the manifest's keys that may hold a group, the second list
// only where the first gives none.
var groupKeys = [2][]string{
	{
		"Group-Id", "Bundle-SymbolicName", "Extension-Name", "Specification-Vendor", "Implementation-Vendor",
		"Implementation-Vendor-Id", "Implementation-Title", "Bundle-Activator",
	},
	{"Automatic-Module-Name", "Main-Class", "Package"},
}

// group guesses the group: well-known artifacts have a known one; else it is
// the first, in alphabetical order, of the values that look like a reversed
// domain.
func (m *manifest) group(artifact, version string) string {
	if g, ok := knownGroup(artifact, version); ok {
		return g
	}
	for _, keys := range groupKeys {
		var found []string
		for _, k := range keys {
			v, _, _ := strings.Cut(m.first(k), ";")
			if v = word(v); looksLikeGroup(v) {
				found = append(found, v)
			}
		}
		if len(found) > 0 {
			return slices.Min(found)
		}
	}
	return ""
}

func looksLikeGroup(s string) bool {
	for _, d := range []string{"com.", "org.", "net.", "io.", "be."} {
		if strings.HasPrefix(s, d) {
			return true
		}
	}
	return false
}

// licenses are OSGi's and Jenkins' licence fields: a list of names or
// addresses, each perhaps with attributes after a semicolon.
func (m *manifest) licenses() []string {
	var out []string
	for _, k := range []string{"Bundle-License", "Plugin-License-Name"} {
		for _, l := range strings.Split(m.get(k), ",") {
			l, _, _ = strings.Cut(l, ";")
			l = printable(strings.Trim(strings.TrimSpace(l), `"`))
			if l != "" && !slices.Contains(out, l) && len(out) < maxLicenses {
				out = append(out, l)
			}
		}
	}
	return out
}

// parseProperties reads a pom.properties.
func parseProperties(b []byte) coordinates {
	var c coordinates
	for line := range bytes.Lines(b) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' || line[0] == '!' {
			continue
		}
		i := bytes.IndexAny(line, "=:")
		if i < 0 {
			continue
		}
		value := string(bytes.TrimSpace(line[i+1:]))
		switch string(bytes.TrimSpace(line[:i])) {
		case "groupId":
			c.group = word(value)
		case "artifactId":
			c.artifact = word(value)
		case "version":
			c.version = word(value)
		}
	}
	return c
}

// printable returns s without surrounding space, or "" where it is too long,
// not UTF-8 or holds control characters.
func printable(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxText || strings.ToValidUTF8(s, "") != s {
		return ""
	}
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ""
		}
	}
	return s
}

// word is printable and holds no space.
func word(s string) string {
	s = printable(s)
	if strings.ContainsAny(s, " \u00a0") {
		return ""
	}
	return s
}
