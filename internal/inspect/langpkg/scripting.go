package langpkg

import (
	"bytes"
	"context"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// Conda reads the records of a conda environment, one JSON file for each
// package in its conda-meta folder, with the digests of the package's files.
type Conda struct{}

// Name implements inspect.Inspector.
func (Conda) Name() string { return "conda" }

// Version implements inspect.Inspector.
func (Conda) Version() int { return 2 }

// Wants implements inspect.Inspector.
func (Conda) Wants(f *inspect.File) inspect.Want {
	if strings.HasSuffix(f.Path, ".json") && parent(f.Path) == "conda-meta" {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Inspect implements inspect.WholeInspector.
func (c Conda) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	r := newReport(out, f.Path, c.Name())
	if r.oversized(len(content), maxCondaRecord) {
		return nil
	}
	p := inventory.Package{Type: "conda"}
	files := newInstalled(folderOf(folderOf(f.Path)), len(content))
	var deps []string
	var list []byte
	s := newJSONScan(content)
	s.object(func(key []byte) {
		switch string(key) {
		case "name":
			p.Name = word(s.str())
		case "version":
			p.Version = word(s.str())
		case "license":
			p.Licenses = texts([]string{s.str()}, maxLicenses)
		case "depends":
			for _, d := range s.strings() {
				d, _, _ = strings.Cut(strings.TrimSpace(d), " ")
				deps = append(deps, d)
			}
		case "files":
			list = s.value()
		case "paths_data":
			addCondaPaths(s, files)
		}
	})
	switch {
	case s.err != nil:
		r.note("conda record: " + s.err.Error())
	case p.Version != "":
		p.DependsOn = names(deps)
		r.add(p)
		if files.paths.Len == 0 { // before conda 4.3
			l := newJSONScan(list)
			l.array(func() { files.add([]byte(l.str()), nil) })
		}
		r.addSums(p.Type, p.Name, p.Version, files)
	}
	return nil
}

// R reads the DESCRIPTION files of installed R packages. R writes the field
// Built when it installs one; a source tree without it, without the Repository
// it was fetched from and outside a library is not installed.
type R struct{}

// Name implements inspect.Inspector.
func (R) Name() string { return "r" }

// Version implements inspect.Inspector.
func (R) Version() int { return 1 }

// Wants implements inspect.Inspector.
func (R) Wants(f *inspect.File) inspect.Want {
	if strings.HasSuffix(f.Path, "/DESCRIPTION") {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Inspect implements inspect.WholeInspector.
func (y R) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	r := newReport(out, f.Path, y.Name())
	if r.oversized(len(content), maxMetadata) {
		return nil
	}
	p, installed := parseDescription(content)
	if p.Version != "" && (installed || under(f.Path, "library") || under(f.Path, "site-library")) {
		r.add(p)
	}
	return nil
}

func parseDescription(content []byte) (p inventory.Package, installed bool) {
	p.Type = "cran"
	var deps []string
	for key, value := range headerFields(content) {
		switch string(key) {
		case "Package":
			p.Name = word(value)
		case "Version":
			p.Version = word(value)
		case "License":
			p.Licenses = rLicenses(value)
		case "Built", "Repository":
			installed = true
		case "Depends", "Imports", "LinkingTo":
			for _, d := range strings.Split(value, ",") {
				if name := requirementName(d); name != "" && name != "R" && len(deps) < maxDependencies {
					deps = append(deps, name)
				}
			}
		}
	}
	p.DependsOn = names(deps)
	return p, installed
}

// rLicenses splits R's licence field at its alternatives and drops the files
// that only add a copyright holder ("MIT + file LICENSE").
func rLicenses(value string) []string {
	var out []string
	for _, l := range strings.Split(value, "|") {
		l, _, _ = strings.Cut(l, "+ file")
		if l = text(l); l != "" && !strings.HasPrefix(l, "file ") {
			out = append(out, l)
		}
	}
	return texts(out, maxLicenses)
}

// Cpan reads the records that cpanm, cpm and Carton leave of what they
// installed: .meta/DIST-VERSION/install.json.
type Cpan struct{}

// Name implements inspect.Inspector.
func (Cpan) Name() string { return "perl-cpan" }

// Version implements inspect.Inspector.
func (Cpan) Version() int { return 1 }

// Wants implements inspect.Inspector.
func (Cpan) Wants(f *inspect.File) inspect.Want {
	if strings.HasSuffix(f.Path, "/install.json") && under(f.Path, ".meta") {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Inspect implements inspect.WholeInspector.
func (c Cpan) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	r := newReport(out, f.Path, c.Name())
	if r.oversized(len(content), maxMetadata) {
		return nil
	}
	var dist, version, pathname string
	s := newJSONScan(content)
	s.object(func(key []byte) {
		switch string(key) {
		case "dist":
			dist = s.str()
		case "version":
			version = s.scalar()
		case "pathname":
			pathname = s.str()
		}
	})
	if s.err != nil {
		r.note("install.json: " + s.err.Error())
		return nil
	}
	if dist == "" {
		dist = base(pathname)
		for _, ext := range []string{".tar.gz", ".tar.bz2", ".tgz", ".zip"} {
			dist = strings.TrimSuffix(dist, ext)
		}
	}
	p := inventory.Package{Type: "cpan"}
	if p.Name, p.Version = splitDist(word(dist)); p.Version == "" {
		p.Version = word(version)
	}
	if p.Version != "" {
		r.add(p)
	}
	return nil
}

// splitDist splits "libwww-perl-6.67" at its last dash before a version. The
// field "name" of the record is a module's and names another thing: LWP.
func splitDist(dist string) (name, version string) {
	if i := strings.LastIndex(dist, "-TRIAL"); i > 0 {
		dist = dist[:i]
	}
	i := strings.LastIndexByte(dist, '-')
	if i <= 0 {
		return dist, ""
	}
	v := strings.TrimPrefix(dist[i+1:], "v")
	if v == "" || v[0] < '0' || v[0] > '9' {
		return dist, ""
	}
	return dist[:i], dist[i+1:]
}

// LuaRocks reads the rockspec that LuaRocks keeps of each installed rock.
type LuaRocks struct{}

// Name implements inspect.Inspector.
func (LuaRocks) Name() string { return "luarocks" }

// Version implements inspect.Inspector.
func (LuaRocks) Version() int { return 1 }

// Wants implements inspect.Inspector.
func (LuaRocks) Wants(f *inspect.File) inspect.Want {
	if strings.HasSuffix(f.Path, ".rockspec") {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Inspect implements inspect.WholeInspector.
func (l LuaRocks) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	r := newReport(out, f.Path, l.Name())
	if r.oversized(len(content), maxMetadata) {
		return nil
	}
	p := parseRockspec(content)
	if p.Name == "" || p.Version == "" {
		p.Name, p.Version = rockFileName(base(f.Path))
	}
	if p.Version != "" {
		r.add(p)
	}
	return nil
}

// rockFileName splits NAME-VERSION-REVISION.rockspec, the only name under which
// LuaRocks accepts the file.
func rockFileName(file string) (name, version string) {
	stem := word(strings.TrimSuffix(file, ".rockspec"))
	revision := strings.LastIndexByte(stem, '-')
	if revision <= 0 {
		return "", ""
	}
	i := strings.LastIndexByte(stem[:revision], '-')
	if i <= 0 {
		return "", ""
	}
	return stem[:i], stem[i+1:]
}

// parseRockspec reads the assignments of literals in a rockspec, which is Lua.
// One that computes its name or version, or names a local variable first, leaves
// them empty.
func parseRockspec(content []byte) inventory.Package {
	p := inventory.Package{Type: "luarocks"}
	for line := range bytes.Lines(content) {
		left, right, ok := bytes.Cut(line, []byte("="))
		if !ok {
			continue
		}
		right = bytes.TrimSpace(right)
		literals := rubyStrings(string(right)) // Lua quotes alike
		if len(literals) == 0 || right[0] != '"' && right[0] != '\'' || bytes.Contains(right, []byte("..")) {
			continue
		}
		switch string(bytes.TrimSpace(left)) {
		case "package":
			p.Name = first(p.Name, []string{word(literals[0])})
		case "version":
			p.Version = first(p.Version, []string{word(literals[0])})
		case "license":
			p.Licenses = texts(literals[:1], 1)
		}
	}
	return p
}
