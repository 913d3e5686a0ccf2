package foreign

import (
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"plimsoll/internal/gate/exception"
)

// grype reads the ignore rules of .grype.yaml (grype's "Specifying matches to
// ignore"; the fields are those of match.IgnoreRule).
func (l *List) grype(source []byte) error {
	top, err := parseYAML(l.File, source)
	if err != nil {
		return err
	}
	for key, value := range top.pairs() {
		switch key {
		case "ignore":
			for _, item := range l.list(key, value) {
				l.grypeRule(item)
			}
		case "exclude", "vex-documents", "vex-add", "only-fixed", "only-notfixed", "ignore-wontfix":
			l.leave(value.Line, "%s: a setting of the scan, and no exception", key)
		}
	}
	return nil
}

// grypeRule takes a rule in where all of its criteria can be said here: without
// one of them it would accept more.
func (l *List) grypeRule(n yamlNode) {
	line := n.Line
	e := exception.Exception{ID: n.text("vulnerability"), Reason: bound(n.text("reason"))}
	if e.ID == "" {
		l.leave(line, "a rule without a vulnerability: an exception names one")
		return
	}
	var pkg yamlNode
	for key, value := range n.pairs() {
		switch key {
		case "vulnerability", "reason":
		case "include-aliases":
			if value.Value != "true" {
				l.note(value.Line, "exceptions hold for every alias of a vulnerability")
			}
		case "package":
			pkg = value
		default:
			l.leave(value.Line, "%s: can't be narrowed by %s here", e.ID, bound(key))
			return
		}
	}
	if !pkg.there() {
		l.add(e, line)
		return
	}
	if !pkg.mapping() {
		l.leave(pkg.Line, "%s: package is no mapping", e.ID)
		return
	}
	if l.grypePackage(&e, pkg) {
		l.add(e, line)
	}
}

func (l *List) grypePackage(e *exception.Exception, n yamlNode) bool {
	fields := map[string]string{}
	for key, value := range n.pairs() {
		if !slices.Contains([]string{"name", "version", "type", "language", "location", "upstream-name"}, key) {
			l.leave(value.Line, "%s: package.%s is not understood", e.ID, bound(key))
			return false
		}
		if value.Value == "" {
			l.leave(value.Line, "%s: package.%s is no text", e.ID, key)
			return false
		}
		fields[key] = value.Value
	}
	name := fields["name"]
	if upstream := fields["upstream-name"]; upstream != "" {
		if name != "" {
			l.note(n.Line, "%s: of name and upstream-name the name is kept", e.ID)
		} else {
			name = upstream // a name here is that of the source package, too
		}
	}
	if strings.ContainsAny(name, `^$*+?()[]{}|\`) {
		l.leave(n.Line, "%s: the package's name is a pattern (%s), and a scope names one package", e.ID, bound(name))
		return false
	}
	if name == "" && (fields["version"] != "" || fields["type"] != "" || fields["language"] != "") {
		l.leave(n.Line, "%s: a type, language or version without the package's name", e.ID)
		return false
	}
	if name != "" {
		scope, err := exception.ParsePackageScope(grypeScope(name, fields))
		if err != nil {
			l.leave(n.Line, "%s: package %s: %v", e.ID, bound(name), err)
			return false
		}
		if (fields["type"] != "" || fields["language"] != "") && !strings.HasPrefix(scope.Text, "pkg:") {
			l.note(n.Line, "%s: the package's type is not kept, its name is (%s)", e.ID, bound(name))
		}
		e.Scope.Packages = append(e.Scope.Packages, scope)
	}
	if at := fields["location"]; at != "" {
		return l.paths(e, []string{at}, n.Line)
	}
	return true
}

// grypeScope writes a package URL where grype's type and name are enough for one:
// a deb's needs its distribution and a Maven artifact's its group.
func grypeScope(name string, fields map[string]string) string {
	types := map[string]string{
		"npm": "npm", "python": "pypi", "gem": "gem", "go-module": "golang", "rust-crate": "cargo", "php-composer": "composer", "dotnet": "nuget",
	}
	typ := types[fields["type"]]
	if typ == "" {
		if fields["version"] != "" {
			return name + "@" + fields["version"]
		}
		return name
	}
	namespace, base := "", name
	if at := strings.LastIndexByte(name, '/'); at >= 0 && typ != "pypi" {
		namespace, base = name[:at], name[at+1:]
	}
	u := packageurl.NewPackageURL(typ, namespace, base, fields["version"], nil, "")
	if err := u.Normalize(); err != nil {
		return name
	}
	return u.ToString()
}
