package langpkg

import (
	"context"
	"sort"
	"strconv"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// Dotnet reads NAME.deps.json, which the .NET SDK writes beside an application
// and each shared runtime: the libraries that it loads, by NuGet package.
type Dotnet struct{}

// Name implements inspect.Inspector.
func (Dotnet) Name() string { return "dotnet" }

// Version implements inspect.Inspector.
func (Dotnet) Version() int { return 1 }

// Wants implements inspect.Inspector.
func (Dotnet) Wants(f *inspect.File) inspect.Want {
	if strings.HasSuffix(f.Path, ".deps.json") {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Inspect implements inspect.WholeInspector.
func (d Dotnet) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	r := newReport(out, f.Path, d.Name())
	if r.oversized(len(content), maxMetadata) {
		return nil
	}
	doc, err := parseDeps(content)
	if err != nil {
		r.note("deps.json: " + err.Error())
		return nil
	}
	for _, p := range doc.packages(strings.TrimSuffix(base(f.Path), ".deps.json")) {
		r.add(p)
	}
	return nil
}

// depsLibrary is one "name/version" of a deps.json: what the section
// "libraries" says of its kind, and the targets of its files and dependencies.
type depsLibrary struct {
	kind    string
	hashed  bool // has a checksum or a path, so it came from a feed
	listed  bool // in a target
	files   bool
	depends []string // "name/version"
}

type depsDocument map[string]*depsLibrary

func (d depsDocument) library(key string) *depsLibrary {
	l := d[key]
	if l == nil {
		l = &depsLibrary{}
		if len(d) < maxPackages {
			d[key] = l
		}
	}
	return l
}

func parseDeps(content []byte) (depsDocument, error) {
	d := depsDocument{}
	s := newJSONScan(content)
	s.object(func(section []byte) {
		switch string(section) {
		case "libraries":
			s.object(func(key []byte) {
				l := d.library(string(key))
				s.object(func(field []byte) {
					switch string(field) {
					case "type":
						l.kind = s.str()
					case "sha512", "path":
						l.hashed = s.str() != "" || l.hashed
					}
				})
			})
		case "targets":
			s.object(func([]byte) {
				s.object(func(key []byte) { parseDepsTarget(s, d.library(string(key))) })
			})
		}
	})
	return d, s.err
}

func parseDepsTarget(s *jsonScan, l *depsLibrary) {
	l.listed = true
	s.object(func(field []byte) {
		switch string(field) {
		case "dependencies":
			s.object(func(name []byte) {
				if v := s.str(); len(l.depends) < maxDependencies {
					l.depends = append(l.depends, string(name)+"/"+v)
				}
			})
		case "runtime", "native", "resources", "compile", "runtimeTargets":
			l.files = len(s.keys()) > 0 || l.files
		}
	})
}

// packages are the libraries that bring files, themselves or through what they
// depend on: a package that brings none is only a name in the graph (analyzers,
// build tools, NETStandard.Library). Tools that merge assemblies make every
// claim worthless, so with one of them all packages count. Of the projects only the
// application itself does.
func (d depsDocument) packages(app string) []inventory.Package {
	keys := make([]string, 0, len(d))
	merged := false
	for key := range d {
		keys = append(keys, key)
		merged = merged || isMerger(key)
	}
	sort.Strings(keys)
	claims := map[string]bool{}
	var out []inventory.Package
	for _, key := range keys {
		l := d[key]
		name, version, _ := strings.Cut(key, "/")
		switch {
		case !l.listed:
			continue
		case l.kind == "project":
			if name != app {
				continue
			}
		case l.kind == "referenceassembly" && !l.hashed:
			continue
		case !merged && !d.claim(key, claims, 0):
			continue
		}
		p := inventory.Package{Type: "nuget", Name: word(name), Version: word(version)}
		if p.Name == "" || p.Version == "" {
			continue
		}
		p.CPEs = dotnetCPEs(p.Name, p.Version)
		for _, dep := range l.depends {
			dep, _, _ = strings.Cut(dep, "/")
			p.DependsOn = append(p.DependsOn, dep)
		}
		p.DependsOn = names(p.DependsOn)
		out = append(out, p)
	}
	return out
}

// claim reports whether the library or one it reaches brings files. Cycles and
// very long chains end without a claim.
func (d depsDocument) claim(key string, known map[string]bool, depth int) bool {
	if c, ok := known[key]; ok {
		return c
	}
	l := d[key]
	if l == nil || depth > 500 {
		return false
	}
	known[key] = l.files
	for _, dep := range l.depends {
		if known[key] {
			break
		}
		known[key] = d.claim(dep, known, depth+1)
	}
	return known[key]
}

// isMerger knows the packages that merge or rewrite assemblies at build time.
func isMerger(key string) bool {
	name, _, _ := strings.Cut(key, "/")
	return strings.HasPrefix(name, "ILRepack") || name == "ILMerge" || name == "JetBrains.Build.ILRepack" ||
		name == "Fody" || name == "Costura.Fody" || name == "PostSharp.Community.Packer" ||
		strings.HasPrefix(name, "Brokenevent.ILStrip")
}

// dotnetCPEs gives .NET's own runtimes their CPE, since the NVD knows them by
// no other name. Self-contained applications carry them as a runtimepack.
func dotnetCPEs(name, version string) []string {
	name = strings.TrimPrefix(strings.ToLower(name), "runtimepack.")
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	if err != nil || strings.Trim(version, "0123456789.") != "" {
		return nil
	}
	product := ""
	switch {
	case name == "microsoft.aspnetcore.app", strings.HasPrefix(name, "microsoft.aspnetcore.app.runtime"):
		product = "asp.net_core"
	case name != "microsoft.netcore.app" && !strings.HasPrefix(name, "microsoft.netcore.app.runtime"):
		return nil
	case n < 5:
		product = ".net_core"
	default:
		product = ".net"
	}
	return []string{"cpe:2.3:a:microsoft:" + product + ":" + version + ":*:*:*:*:*:*:*"}
}
