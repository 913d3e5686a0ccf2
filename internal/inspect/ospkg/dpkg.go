package ospkg

import (
	"bytes"
	"context"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// dpkgInspector reads the databases of dpkg and of opkg, which kept dpkg's
// format: the status file, the file per package that distroless images have
// instead, the lists of installed files, of their digests and of diversions.
type dpkgInspector struct{}

func (dpkgInspector) Name() string { return "dpkg" }
func (dpkgInspector) Version() int { return 2 }

// dpkgFile is what a path of a dpkg database holds.
type dpkgFile int

const (
	dpkgNone       dpkgFile = iota
	dpkgStatus              // one stanza for each package
	dpkgStanza              // status.d: the stanza of one package
	dpkgList                // PACKAGE[:ARCH].list: one path a line
	dpkgSums                // info/PACKAGE[:ARCH].md5sums: digest, two spaces, path
	dpkgListOfSums          // status.d/PACKAGE.md5sums: the same in place of a list
	dpkgDiversions          // three lines for each diversion
)

const (
	dpkgInfoDir    = "var/lib/dpkg/info/"
	dpkgStatusDDir = "var/lib/dpkg/status.d/"
	opkgDir        = "usr/lib/opkg/"
	opkgVarDir     = "var/lib/opkg/"
)

func dpkgKind(path string) dpkgFile {
	if rest, ok := strings.CutPrefix(path, dpkgInfoDir); ok {
		return infoKind(rest)
	}
	if rest, ok := strings.CutPrefix(path, dpkgStatusDDir); ok {
		switch {
		case rest == "" || strings.Contains(rest, "/"):
			return dpkgNone
		case strings.HasSuffix(rest, ".md5sums"):
			return dpkgListOfSums
		default:
			return dpkgStanza
		}
	}
	rest, ok := strings.CutPrefix(path, opkgDir)
	if !ok {
		rest, ok = strings.CutPrefix(path, opkgVarDir)
	}
	if ok {
		if name, ok := strings.CutPrefix(rest, "info/"); ok {
			return infoKind(name)
		}
		if rest == "status" {
			return dpkgStatus
		}
		return dpkgNone
	}
	switch path {
	case "var/lib/dpkg/status":
		return dpkgStatus
	case "var/lib/dpkg/diversions":
		return dpkgDiversions
	}
	return dpkgNone
}

func infoKind(name string) dpkgFile {
	switch {
	case strings.Contains(name, "/"):
		return dpkgNone
	case strings.HasSuffix(name, ".list"):
		return dpkgList
	case strings.HasSuffix(name, ".md5sums"):
		return dpkgSums
	}
	return dpkgNone
}

func (dpkgInspector) Wants(f *inspect.File) inspect.Want {
	if dpkgKind(f.Path) == dpkgNone {
		return inspect.Nothing
	}
	return inspect.Whole
}

func (d dpkgInspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	switch dpkgKind(f.Path) {
	case dpkgStatus, dpkgStanza:
		out.Databases = append(out.Databases, f.Path)
		pkgs, conffiles, err := parseDpkgStatus(content)
		for i := range pkgs {
			pkgs[i].Path, pkgs[i].Inspector = f.Path, d.Name()
		}
		for i := range conffiles {
			conffiles[i].Database = f.Path
		}
		out.Packages = append(out.Packages, pkgs...)
		out.Sums = append(out.Sums, conffiles...)
		if n := len(content); err == nil && n > 0 && content[n-1] != '\n' {
			out.Note(f.Path, "the file does not end with a line end, as dpkg would write it")
		}
		return err
	case dpkgList:
		own, lim := ownedInDpkg(f.Path, ".list"), limits{}
		appendPaths(&own.Paths, content, &lim)
		out.Owned = appendOwned(out.Owned, &own)
		return lim.err()
	case dpkgSums:
		own, lim := ownedInDpkg(f.Path, ".md5sums"), limits{}
		readSums(&own, content, &lim, out)
		out.Sums = appendOwned(out.Sums, &own)
		return lim.err()
	case dpkgListOfSums:
		own, lim := ownedInDpkg(f.Path, ".md5sums"), limits{}
		readSums(&own, content, &lim, out)
		out.Owned = appendOwned(out.Owned, &own)
		return lim.err()
	case dpkgDiversions:
		out.Databases = append(out.Databases, f.Path)
		var err error
		out.Diversions, err = appendDiversions(out.Diversions, content)
		return err
	}
	return nil
}

// ownedInDpkg makes an empty list of the package that a file is named after.
func ownedInDpkg(path, suffix string) evidence.Owned {
	name := strings.TrimSuffix(path[strings.LastIndexByte(path, '/')+1:], suffix)
	name, arch, _ := strings.Cut(name, ":")
	return evidence.Owned{Type: "deb", Package: name, Arch: arch, Database: path}
}

func appendOwned(list []evidence.Owned, own *evidence.Owned) []evidence.Owned {
	if own.Package == "" || own.Paths.Len == 0 {
		return list
	}
	return append(list, *own)
}

// stanza holds the fields of one package that matter, as slices of the file.
type stanza struct {
	name, version, arch, source, maintainer, status, license []byte
	depends, preDepends, conffiles                           []byte
}

// parseDpkgStatus parses stanzas as deb-control(5) and dpkg's status file have
// them. It reports each package whose files are in the file system, and the
// digests of configuration files, also of a package of which they alone remain.
func parseDpkgStatus(content []byte) ([]inventory.Package, []evidence.Owned, error) {
	p := dpkgParser{strings: interner{}}
	var current stanza
	var field *[]byte // that a continuation line belongs to, nil: of no interest
	var from int      // where its value begins
	started := false
	for rest := content; len(rest) > 0; {
		line, next := cutLine(rest)
		offset := len(content) - len(rest)
		rest = next
		switch {
		case len(line) == 0:
			if started {
				p.finish(&current)
			}
			current, field, started = stanza{}, nil, false
		case line[0] == ' ' || line[0] == '\t':
			if field != nil {
				*field = content[from : offset+len(line)]
			}
		default:
			name, value, ok := bytes.Cut(line, []byte(":"))
			if !ok {
				p.damage("the line at byte %d is not a field", offset)
				field = nil
				continue
			}
			started = true
			if field = current.field(name); field != nil {
				*field = bytes.TrimSpace(value)
			}
			if field != &current.depends && field != &current.preDepends && field != &current.conffiles {
				field = nil // the others are one line
			}
			from = offset + len(name) + 1
		}
		if p.full != nil {
			return p.packages, p.conffiles, p.full
		}
	}
	if started {
		p.finish(&current)
	}
	return p.packages, p.conffiles, p.damages.result(&p.limits)
}

// field returns where to keep a field, nil for one of no interest. Field names
// don't distinguish case; dpkg writes them as here, and comparing lengths first
// leaves few to compare.
func (s *stanza) field(name []byte) *[]byte {
	switch len(name) {
	case len("Status"): // also Source
		if bytes.EqualFold(name, []byte("Status")) {
			return &s.status
		}
		if bytes.EqualFold(name, []byte("Source")) {
			return &s.source
		}
	case len("Package"): // also Version, Depends, License
		switch {
		case bytes.EqualFold(name, []byte("Package")):
			return &s.name
		case bytes.EqualFold(name, []byte("Version")):
			return &s.version
		case bytes.EqualFold(name, []byte("Depends")):
			return &s.depends
		case bytes.EqualFold(name, []byte("License")): // opkg
			return &s.license
		}
	case len("Conffiles"):
		if bytes.EqualFold(name, []byte("Conffiles")) {
			return &s.conffiles
		}
	case len("Maintainer"):
		if bytes.EqualFold(name, []byte("Maintainer")) {
			return &s.maintainer
		}
	case len("Pre-Depends"):
		if bytes.EqualFold(name, []byte("Pre-Depends")) {
			return &s.preDepends
		}
	case len("Architecture"):
		if bytes.EqualFold(name, []byte("Architecture")) {
			return &s.arch
		}
	}
	return nil
}

type dpkgParser struct {
	packages  []inventory.Package
	conffiles []evidence.Owned
	strings   interner
	limits    limits
	damages
	full error
}

// finish adds the stanza's package where it is installed.
func (p *dpkgParser) finish(s *stanza) {
	ships, known := shipsFiles(s.status)
	if !known {
		p.damage("package %q has the status %q", text(s.name), text(s.status))
	}
	if !ships && len(s.conffiles) == 0 {
		return
	}
	if len(s.name) == 0 || len(s.version) == 0 {
		if ships {
			p.damage("package %q has the version %q", text(s.name), text(s.version))
		}
		return
	}
	if p.full = p.limits.addPackage(); p.full != nil {
		return
	}
	p.addConffiles(s)
	if !ships {
		return
	}
	pkg := inventory.Package{
		Type:    "deb",
		Name:    text(s.name),
		Version: text(s.version),
		Arch:    p.strings.str(s.arch),
		Vendor:  p.strings.str(s.maintainer),
		Source:  p.source(s.source),
	}
	if len(s.license) > 0 {
		pkg.Licenses = []string{p.strings.str(s.license)}
	}
	pkg.DependsOn = p.depends(p.depends(nil, s.preDepends), s.depends)
	p.packages = append(p.packages, pkg)
}

// shipsFiles tells from a Status field ("install ok installed") whether the
// package's files are in the file system: so they are while it is only
// unpacked or half installed, but not when only its configuration files
// remain (dpkg(1), "Package states"). A stanza without the field, as in
// status.d, is an installed package.
func shipsFiles(status []byte) (ships, known bool) {
	if len(status) == 0 {
		return true, true
	}
	_, rest := cutWord(status)
	_, rest = cutWord(rest)
	state, _ := cutWord(rest)
	switch string(state) {
	case "not-installed", "config-files":
		return false, true
	case "installed", "unpacked", "half-installed", "half-configured", "triggers-awaited", "triggers-pending":
		return true, true
	}
	return true, false
}

// source parses "name" or "name (version)"; nil where the package is its own source.
func (p *dpkgParser) source(b []byte) *inventory.Source {
	if len(b) == 0 {
		return nil
	}
	name, rest := cutWord(b)
	src := &inventory.Source{Name: p.strings.str(name)}
	if _, version, ok := bytes.Cut(rest, []byte("(")); ok {
		version, _, _ = bytes.Cut(version, []byte(")"))
		src.Version = p.strings.str(bytes.TrimSpace(version))
	}
	return src
}

// depends appends the names of a dependency field, of alternatives the first:
// "libc6 (>= 2.34), python3:any, default-mta | mail-transport-agent".
func (p *dpkgParser) depends(names []string, field []byte) []string {
	for len(field) > 0 {
		var clause []byte
		clause, field, _ = bytes.Cut(field, []byte(","))
		clause = bytes.TrimSpace(clause)
		if i := bytes.IndexAny(clause, " \t:(|[<"); i >= 0 {
			clause = clause[:i]
		}
		if len(clause) == 0 || !p.limits.dependency() {
			continue
		}
		names = appendNew(names, p.strings.str(clause))
	}
	return names
}

// appendNew appends a name that is not among the last few: lists repeat a
// name for its version bounds, one next to the other.
func appendNew(names []string, name string) []string {
	for i := len(names) - 1; i >= 0 && i >= len(names)-16; i-- {
		if names[i] == name {
			return names
		}
	}
	return append(names, name)
}
