package exception

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/gate/strict"
)

// FormatVersion is the version of the exceptions file that this program reads.
const FormatVersion = "1"

// maxExceptions bounds a file's exceptions.
const maxExceptions = 10000

// Load reads an exceptions file.
func Load(file string) ([]Exception, error) {
	source, err := readFile(file, MaxFile)
	if err != nil {
		return nil, err
	}
	return Parse(file, source)
}

// Parse reads an exceptions file. The error is a *strict.Error that lists every
// problem with its place.
func Parse(file string, source []byte) ([]Exception, error) {
	d, top := parseDocument(file, source)
	if top == nil {
		return nil, d.Err()
	}
	values := d.keys(top, "the file", "version", "exceptions")
	switch n := values["version"]; {
	case n == nil:
		d.At(top, "version is missing: version: %s", FormatVersion)
	case n.Kind != yaml.ScalarNode || n.Value != FormatVersion:
		d.At(n, "version is %q, and this program reads %s", strict.Short(n.Value), FormatVersion)
	}
	var all []Exception
	switch n := values["exceptions"]; {
	case n == nil:
		d.At(top, "exceptions is missing: a list, [] for none")
	case n.Kind != yaml.SequenceNode:
		d.At(n, "exceptions is a list, and this is %s", strict.KindOf(n))
	case len(n.Content) > maxExceptions:
		d.At(n, "more than %d exceptions", maxExceptions)
	default:
		for _, entry := range n.Content {
			all = append(all, d.exception(entry))
		}
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return all, nil
}

func (d *document) exception(n *yaml.Node) Exception {
	e := Exception{File: d.File, Line: n.Line}
	values := d.keys(n, "an exception", "id", "scope", "reason", "owner", "until", "vex")
	if n.Kind != yaml.MappingNode {
		return e
	}
	e.ID = d.line(values["id"], n, "id")
	if e.ID != "" && CheckID(e.ID) != nil {
		d.At(values["id"], "id is one identifier, and no pattern")
	}
	e.Reason = d.line(values["reason"], n, "reason")
	e.Owner = d.line(values["owner"], n, "owner")
	e.Until = d.day(values["until"], n, "until")
	if values["scope"] == nil {
		d.At(n, "scope is missing: image, package or path, or everywhere: true")
	} else {
		e.Scope = d.scope(values["scope"])
	}
	if values["vex"] != nil {
		e.VEX = d.assessment(values["vex"])
	}
	return e
}

func (d *document) scope(n *yaml.Node) Scope {
	var s Scope
	values := d.keys(n, "scope", "image", "package", "path", "everywhere")
	if n.Kind != yaml.MappingNode {
		return s
	}
	for _, item := range d.lines(values["image"], "image") {
		text := d.line(item, n, "image")
		p, err := parseImagePattern(text)
		if err != nil && text != "" {
			d.At(item, "image: %v", err)
		}
		s.Images, s.images = append(s.Images, text), append(s.images, p)
	}
	for _, item := range d.lines(values["package"], "package") {
		text := d.line(item, n, "package")
		p, err := ParsePackageScope(text)
		if err != nil && text != "" {
			d.At(item, "package: %v", err)
		}
		s.Packages = append(s.Packages, p)
	}
	for _, item := range d.lines(values["path"], "path") {
		text := d.line(item, n, "path")
		g, err := parseGlob(text)
		if err != nil {
			d.At(item, "path: %v", err)
		}
		s.Paths, s.paths = append(s.Paths, text), append(s.paths, g)
	}
	narrowed := values["image"] != nil || values["package"] != nil || values["path"] != nil
	switch e := values["everywhere"]; {
	case e == nil && !narrowed:
		d.At(n, "scope says nothing: image, package or path, or everywhere: true")
	case e == nil:
	case e.Kind != yaml.ScalarNode || e.Tag != "!!bool" || !strings.EqualFold(e.Value, "true"):
		d.At(e, "everywhere is true, or not there")
	case narrowed:
		d.At(e, "everywhere stands alone: image, package and path narrow a scope")
	default:
		s.Everywhere = true
	}
	return s
}

func (d *document) assessment(n *yaml.Node) *Assessment {
	a := &Assessment{}
	values := d.keys(n, "vex", "status", "justification")
	if n.Kind != yaml.MappingNode {
		return a
	}
	a.Status = Status(d.line(values["status"], n, "status"))
	if a.Status != "" && !slices.Contains(Statuses(), a.Status) {
		d.At(values["status"], "status is %q: one of %s", strict.Short(string(a.Status)), joined(Statuses()))
	}
	j := values["justification"]
	if j == nil {
		return a
	}
	a.Justification = d.line(j, n, "justification")
	switch {
	case a.Justification != "" && !slices.Contains(Justifications(), a.Justification):
		d.At(j, "justification is %q: one of %s", strict.Short(a.Justification), strings.Join(Justifications(), ", "))
	case a.Status != NotAffected && a.Status != FalsePositive:
		d.At(j, "a justification goes with %s or %s", NotAffected, FalsePositive)
	}
	return a
}

func joined[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}
