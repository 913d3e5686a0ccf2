package grypedb

import (
	"regexp"
	"strings"

	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
)

// operatingSystem is a row of operating_systems.
type operatingSystem struct {
	ID                                                      int64
	Name, ReleaseID, Major, Minor, Label, Codename, Channel string
}

// osOverride says that a release is looked up as another one. Fields that are
// nil replace nothing.
type osOverride struct {
	Alias, Version, Pattern, Codename  string
	Name, Major, Minor, Label, Channel *string
	Rolling                            bool
	// Schemas is a range of client schemas that the override is meant for.
	Schemas string
}

// osSpec is a release to look up.
type osSpec struct{ name, major, minor, rest, label, channel string }

// distributionNames maps os-release IDs to the names that grype looks
// releases up by (grype/distro/type.go).
var distributionNames = map[string]string{
	"debian": "debian", "ubuntu": "ubuntu", "rhel": "redhat", "centos": "centos", "fedora": "fedora",
	"alpine": "alpine", "busybox": "busybox", "amzn": "amazonlinux", "ol": "oraclelinux",
	"arch": "archlinux", "opensuse-leap": "opensuseleap", "sles": "sles", "photon": "photon",
	"echo": "echo", "mariner": "mariner", "azurelinux": "azurelinux", "rocky": "rockylinux",
	"almalinux": "almalinux", "gentoo": "gentoo", "wolfi": "wolfi", "chainguard": "chainguard",
	"minimos": "minimos", "raspbian": "raspbian", "scientific": "scientific", "secureos": "secureos",
	"postmarketos": "postmarketos", "hummingbird": "hummingbird",
}

// specOf translates an os-release; ok is false where neither its ID nor the
// relatives that it names are known.
func specOf(d *inventory.Distribution) (osSpec, bool) {
	name, ok := distributionNames[d.ID]
	for _, like := range d.IDLike {
		if ok {
			break
		}
		name, ok = distributionNames[like]
	}
	s := osSpec{name: name, label: d.VersionCodename}
	v := strings.TrimPrefix(d.VersionID, "v")
	if v != "" && '0' <= v[0] && v[0] <= '9' {
		parts := strings.SplitN(v, ".", 3)
		s.major = parts[0]
		if len(parts) > 1 {
			s.minor = parts[1]
		}
		if len(parts) > 2 {
			s.rest = parts[2]
		}
	} else if s.label == "" {
		s.label = d.VersionID
	}
	return s, ok
}

func (s osSpec) version() string {
	switch {
	case s.major == "":
		return s.label
	case s.minor == "":
		return s.major
	case s.rest == "":
		return s.major + "." + s.minor
	}
	return s.major + "." + s.minor + "." + s.rest
}

// resolve returns the rows of a release: overrides first, unless the exact
// distribution is asked for; then name, codename and channel with major and
// minor version; then the major alone; then any minor of the major.
func (m *meta) resolve(s osSpec, exact bool) []int64 {
	if !exact {
		s = m.override(s)
	}
	s.major, s.minor = trimZeros(s.major), trimZeros(s.minor)
	if s.major == "" && s.minor == "" {
		return m.rows(s, func(*operatingSystem) bool { return true })
	}
	if s.major == "" {
		return nil
	}
	for _, fits := range []func(o *operatingSystem) bool{
		func(o *operatingSystem) bool { return o.Major == s.major && o.Minor == s.minor },
		func(o *operatingSystem) bool { return o.Major == s.major && o.Minor == "" },
		func(o *operatingSystem) bool { return o.Major == s.major },
	} {
		if rows := m.rows(s, fits); len(rows) > 0 {
			return rows
		}
	}
	return nil
}

func (m *meta) rows(s osSpec, fits func(o *operatingSystem) bool) []int64 {
	var rows []int64
	for i := range m.OSes {
		o := &m.OSes[i]
		if !o.named(s.name) || !equalFold(o.Channel, s.channel) || !fits(o) {
			continue
		}
		if s.label != "" && !equalFold(o.Codename, s.label) && !equalFold(o.Label, s.label) {
			continue
		}
		rows = append(rows, o.ID)
	}
	return rows
}

func (o *operatingSystem) named(name string) bool {
	return equalFold(o.Name, name) || equalFold(o.ReleaseID, name)
}

func equalFold(a, b string) bool { return lower(a) == lower(b) }

// override applies the first override that fits.
func (m *meta) override(s osSpec) osSpec {
	for i := range m.OSOverrides {
		o := &m.OSOverrides[i]
		if !equalFold(o.Alias, s.name) || !o.fits(s) {
			continue
		}
		if o.Rolling {
			s.major, s.minor = "", ""
		}
		for _, r := range []struct {
			to   *string
			from *string
		}{{&s.name, o.Name}, {&s.major, o.Major}, {&s.minor, o.Minor}, {&s.label, o.Label}, {&s.channel, o.Channel}} {
			if r.from != nil {
				*r.to = *r.from
			}
		}
		return s
	}
	return s
}

func (o *osOverride) fits(s osSpec) bool {
	if !forThisClient(o.Schemas) {
		return false
	}
	if o.Codename != "" && o.Codename != s.label || o.Version != "" && o.Version != s.version() {
		return false
	}
	if o.Pattern == "" {
		return true
	}
	re, err := regexp.Compile(o.Pattern)
	return err == nil && (re.MatchString(s.version()) || s.label != "" && re.MatchString(s.label))
}

// forThisClient reports whether a range of client schemas holds this one; an
// unreadable range holds all.
func forThisClient(schemas string) bool {
	r, err := version.ParseGrype(version.Segmented, schemas)
	if err != nil {
		return true
	}
	v, err := version.Parse(version.Segmented, clientSchema)
	if err != nil {
		return true
	}
	in, err := r.Contains(v)
	return err != nil || in
}

func trimZeros(s string) string {
	if s == "" || s[0] != '0' {
		return s
	}
	if s = strings.TrimLeft(s, "0"); s == "" {
		return "0"
	}
	return s
}

// covers reports whether the database has any release of the distribution.
func (m *meta) covers(s osSpec) bool {
	o := m.override(s)
	for i := range m.OSes {
		if m.OSes[i].named(s.name) || m.OSes[i].named(o.name) {
			return true
		}
	}
	return false
}
