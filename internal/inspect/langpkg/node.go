package langpkg

import (
	"context"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// Node reads installed npm packages: any package.json with a name and a
// version. A package.json without them only configures a folder
// ({"type": "module"}) and is passed over.
type Node struct{}

// Name implements inspect.Inspector.
func (Node) Name() string { return "npm" }

// Version implements inspect.Inspector.
func (Node) Version() int { return 1 }

// Wants implements inspect.Inspector.
func (Node) Wants(f *inspect.File) inspect.Want {
	if f.Size > 2 && strings.HasSuffix(f.Path, "package.json") && base(f.Path) == "package.json" {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Inspect implements inspect.WholeInspector.
func (n Node) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	r := newReport(out, f.Path, n.Name())
	if r.oversized(len(content), maxMetadata) {
		return nil
	}
	p, err := parsePackageJSON(content)
	if err != nil {
		r.note("package.json: " + err.Error())
		return nil
	}
	if p.Version != "" {
		r.add(p)
	}
	return nil
}

// parsePackageJSON takes the fields of npm's package.json that matter. Name
// and Version are empty where the file names no package.
func parsePackageJSON(content []byte) (inventory.Package, error) {
	var name, version string
	var license, licenses, deps []string
	s := newJSONScan(content)
	s.object(func(key []byte) {
		switch string(key) {
		case "name":
			name = s.str()
		case "version":
			version = s.str()
		case "license":
			license = npmLicenses(s)
		case "licenses":
			licenses = npmLicenses(s)
		case "dependencies", "optionalDependencies":
			deps = append(deps, s.keys()...)
		}
	})
	if s.err != nil {
		return inventory.Package{}, s.err
	}
	p := inventory.Package{Type: "npm", Version: word(version)}
	p.Namespace, p.Name = npmName(word(name))
	if p.Name == "" || p.Version == "" {
		return inventory.Package{}, nil
	}
	if len(license) == 0 {
		license = licenses
	}
	p.Licenses = texts(license, maxLicenses)
	p.DependsOn = names(deps)
	return p, nil
}

// npmName splits "@scope/name"; the scope keeps its "@", as the purl does.
func npmName(full string) (scope, name string) {
	if !strings.HasPrefix(full, "@") {
		return "", full
	}
	scope, name, ok := strings.Cut(full, "/")
	if !ok || len(scope) < 2 {
		return "", full
	}
	return scope, name
}

// npmLicenses reads a licence in each shape npm ever allowed: "MIT",
// {"type": "MIT"}, ["MIT"], [{"type": "MIT"}, …], {"name": "MIT"}.
func npmLicenses(s *jsonScan) []string {
	var out []string
	one := func() {
		if s.peek() == '"' {
			out = append(out, s.str())
			return
		}
		var typ, name string
		s.object(func(key []byte) {
			switch string(key) {
			case "type":
				typ = s.str()
			case "name":
				name = s.str()
			}
		})
		if typ == "" {
			typ = name
		}
		out = append(out, typ)
	}
	if s.peek() != '[' {
		one()
		return out
	}
	s.array(func() {
		if len(out) < maxLicenses {
			one()
		}
	})
	return out
}
