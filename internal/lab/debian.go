package lab

import (
	"crypto/md5"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

var (
	packageColumns = []string{"package", "version", "arch", "multi-arch", "source", "source-version", "layer"}
	fileColumns    = []string{"package", "mode", "path", "target"}
)

// debianPackage is one package of an image. Layer counts the image's layers
// that change the package database, from the root file system's, which is 0.
type debianPackage struct {
	Name, Version, Arch, MultiArch string
	Source, SourceVersion          string
	Layer                          int
}

// debianFile is a file that a package installs: an executable, a shared
// library or a symbolic link to one.
type debianFile struct {
	Package, Path, Target string
	Mode                  int64
}

// debianSystem is the part of an image that dpkg installed.
type debianSystem struct {
	release  debianRelease
	packages []debianPackage
	files    []debianFile
}

// debianRelease is what tells one release of Debian from another.
type debianRelease struct {
	version, codename, point string
	// merged: /bin, /lib and /sbin are links into /usr.
	merged bool
}

func loadDebian(release debianRelease, packages, files string) (*debianSystem, error) {
	s := &debianSystem{release: release}
	p, err := loadTable(packages, packageColumns...)
	if err != nil {
		return nil, err
	}
	for i, r := range p.rows {
		layer, err := strconv.Atoi(r[6])
		if err != nil {
			return nil, fmt.Errorf("%s line %d: layer %q", packages, i+2, r[6])
		}
		s.packages = append(s.packages, debianPackage{r[0], r[1], r[2], r[3], r[4], r[5], layer})
	}
	f, err := loadTable(files, fileColumns...)
	if err != nil {
		return nil, err
	}
	for i, r := range f.rows {
		d := debianFile{Package: r[0], Path: r[2], Target: r[3]}
		if r[1] != "link" {
			if d.Mode, err = strconv.ParseInt(r[1], 8, 32); err != nil {
				return nil, fmt.Errorf("%s line %d: mode %q", files, i+2, r[1])
			}
		}
		s.files = append(s.files, d)
	}
	return s, nil
}

// rootfs is the layer that every Debian image starts from.
func (s *debianSystem) rootfs() []entry {
	r := s.release
	entries := []entry{
		file("etc/debian_version", r.point+"\n"),
		file("usr/lib/os-release", r.osRelease()),
		link("etc/os-release", "../usr/lib/os-release"),
		file("etc/passwd", debianPasswd),
		file("etc/group", debianGroup),
		{path: "etc/shadow", mode: 0o640, content: shadowOf(debianPasswd)},
		{path: "root/", mode: 0o700},
		{path: "tmp/", mode: 0o1777},
	}
	if r.merged {
		for _, dir := range []string{"bin", "lib", "lib64", "sbin"} {
			entries = append(entries, link(dir, "usr/"+dir))
		}
		entries = append(entries, file("etc/apt/sources.list.d/debian.sources", fmt.Sprintf("Types: deb\nSuites: %[1]s %[1]s-updates\nComponents: main\n", r.codename)))
	}
	return append(entries, s.installed(0)...)
}

// installed is what dpkg leaves in one layer: the files of the packages that
// the layer adds, their file lists, and the whole package database.
func (s *debianSystem) installed(layer int) []entry {
	added := map[string]debianPackage{}
	for _, p := range s.packages {
		if p.Layer == layer {
			added[p.Name] = p
		}
	}
	paths, sums := map[string][]string{}, map[string]*strings.Builder{}
	var entries []entry
	for _, f := range s.files {
		if _, ok := added[f.Package]; !ok {
			continue
		}
		paths[f.Package] = append(paths[f.Package], "/"+f.Path)
		e := s.install(f)
		if e.target == "" {
			if sums[f.Package] == nil {
				sums[f.Package] = &strings.Builder{}
			}
			fmt.Fprintf(sums[f.Package], "%x  %s\n", md5.Sum([]byte(e.content)), f.Path)
		}
		entries = append(entries, e)
	}
	for name, p := range added {
		entries = append(entries, file("var/lib/dpkg/info/"+p.infoName(name)+".list", fileList(paths[name])))
		if b := sums[name]; b != nil {
			entries = append(entries, file("var/lib/dpkg/info/"+p.infoName(name)+".md5sums", b.String()))
		}
	}
	return append(entries, s.status(layer))
}

func (p debianPackage) infoName(name string) string {
	if p.MultiArch == "same" {
		return name + ":" + p.Arch
	}
	return name
}

func (s *debianSystem) install(f debianFile) entry {
	at := f.Path
	if s.release.merged && !strings.HasPrefix(at, "usr/") {
		at = "usr/" + at
	}
	if f.Target != "" {
		return link(at, f.Target)
	}
	if strings.HasSuffix(at, ".egg-info") {
		return entry{path: at, mode: f.Mode, content: eggInfo(at)}
	}
	return entry{path: at, mode: f.Mode, content: inertELF("/" + f.Path)}
}

// eggInfo is the metadata of a Python package that a Debian package installed,
// "…/name-version.egg-info".
func eggInfo(at string) string {
	name, version, _ := strings.Cut(strings.TrimSuffix(path.Base(at), ".egg-info"), "-")
	return "Metadata-Version: 1.1\nName: " + name + "\nVersion: " + version + "\n"
}

// fileList is dpkg's record of a package's files, folders included.
func fileList(paths []string) string {
	all := map[string]bool{"/.": true}
	for _, p := range paths {
		for ; p != "/"; p = path.Dir(p) {
			all[p] = true
		}
	}
	lines := make([]string, 0, len(all))
	for p := range all {
		lines = append(lines, p)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// status is dpkg's database after a layer.
func (s *debianSystem) status(layer int) entry {
	var b strings.Builder
	for _, p := range s.packages {
		if p.Layer <= layer {
			p.paragraph(&b)
		}
	}
	return file("var/lib/dpkg/status", b.String())
}

func (p debianPackage) paragraph(b *strings.Builder) {
	fmt.Fprintf(b, "Package: %s\nStatus: install ok installed\nArchitecture: %s\n", p.Name, p.Arch)
	if p.MultiArch != "" {
		fmt.Fprintf(b, "Multi-Arch: %s\n", p.MultiArch)
	}
	switch {
	case p.SourceVersion != p.Version:
		fmt.Fprintf(b, "Source: %s (%s)\n", p.Source, p.SourceVersion)
	case p.Source != p.Name:
		fmt.Fprintf(b, "Source: %s\n", p.Source)
	}
	fmt.Fprintf(b, "Version: %s\n\n", p.Version)
}

func (r debianRelease) osRelease() string {
	return fmt.Sprintf(`PRETTY_NAME="Debian GNU/Linux %[1]s (%[2]s)"
NAME="Debian GNU/Linux"
VERSION_ID="%[1]s"
VERSION="%[1]s (%[2]s)"
VERSION_CODENAME=%[2]s
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
`, r.version, r.codename)
}

// The accounts that base-passwd creates, as far as anything looks at them.
const (
	debianPasswd = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
_apt:x:100:65534::/nonexistent:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`
	debianGroup = `root:x:0:
daemon:x:1:
bin:x:2:
shadow:x:42:
www-data:x:33:
nogroup:x:65534:
`
)

// shadowOf locks every account.
func shadowOf(passwd string) string {
	var b strings.Builder
	for line := range strings.Lines(passwd) {
		name, _, _ := strings.Cut(line, ":")
		b.WriteString(name + ":*:19600:0:99999:7:::\n")
	}
	return b.String()
}
