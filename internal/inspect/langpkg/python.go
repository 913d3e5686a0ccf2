package langpkg

import (
	"bytes"
	"context"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// Python reads the metadata of installed wheels and eggs: METADATA in a
// .dist-info folder, PKG-INFO in an .egg-info or EGG-INFO folder, and the
// .egg-info file that distutils wrote; and the lists of what was installed beside
// them, RECORD and installed-files.txt.
type Python struct{}

// Name implements inspect.Inspector.
func (Python) Name() string { return "python" }

// Version implements inspect.Inspector.
func (Python) Version() int { return 2 }

// Wants implements inspect.Inspector.
func (Python) Wants(f *inspect.File) inspect.Want {
	if f.Size > 0 && (isPythonMetadata(f.Path) || isPythonRecord(f.Path) || isEggFileList(f.Path)) {
		return inspect.Whole
	}
	return inspect.Nothing
}

func isPythonMetadata(path string) bool {
	switch {
	case strings.HasSuffix(path, "/METADATA"):
		dir := parent(path)
		return strings.HasSuffix(dir, "dist-info") || strings.HasSuffix(dir, "DIST-INFO")
	case strings.HasSuffix(path, "/PKG-INFO"):
		dir := parent(path)
		return strings.HasSuffix(dir, "egg-info") || strings.HasSuffix(dir, "EGG-INFO")
	}
	return strings.HasSuffix(path, ".egg-info")
}

// Inspect implements inspect.WholeInspector.
func (y Python) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	r := newReport(out, f.Path, y.Name())
	switch {
	case r.oversized(len(content), maxMetadata):
	case isPythonRecord(f.Path):
		addPythonRecord(r, content)
	case isEggFileList(f.Path):
		addEggFileList(r, content)
	default:
		addPython(r, content, "")
	}
	return nil
}

func addPython(r *report, content []byte, inArchive string) {
	p := parsePythonMetadata(content)
	// The interpreter describes itself in lib-dynload's Python-2.7.egg-info;
	// it is a runtime, not a package of the index.
	if p.Name == "" || p.Version == "" || p.Name == "python" {
		return
	}
	p.InArchive = inArchive
	r.add(p)
}

// parsePythonMetadata reads the headers of the core metadata specification
// (packaging.python.org/specifications/core-metadata). The description that
// follows them is not read.
func parsePythonMetadata(content []byte) inventory.Package {
	p := inventory.Package{Type: "pypi"}
	var expression, license string
	var classifiers, deps []string
	for key, value := range headerFields(content) {
		switch strings.ToLower(key) {
		case "name":
			p.Name = pypiName(word(value))
		case "version":
			p.Version = word(value)
		case "license-expression":
			expression = value
		case "license":
			license = value
		case "classifier":
			if l, ok := strings.CutPrefix(value, "License :: "); ok && len(classifiers) < maxLicenses {
				classifiers = append(classifiers, strings.TrimPrefix(l, "OSI Approved :: "))
			}
		case "requires-dist", "requires":
			if name := pypiName(requirementName(value)); name != "" && len(deps) < maxDependencies {
				deps = append(deps, name)
			}
		}
	}
	p.Licenses = pythonLicenses(expression, license, classifiers)
	p.DependsOn = names(deps)
	return p
}

// pypiName normalizes a name as the index does (PEP 503): lower case, each run
// of dashes, underscores and dots one dash. Metadata, requirements and
// advisories spell the same project differently.
func pypiName(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if r == '-' || r == '_' || r == '.' {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
	}
	return b.String()
}

// pythonLicenses prefers the SPDX expression, then the licence field where it
// is a name and not a whole text, then the classifiers.
func pythonLicenses(expression, license string, classifiers []string) []string {
	if l := text(expression); l != "" {
		return []string{l}
	}
	license, _, _ = strings.Cut(license, "\n")
	if l := text(license); l != "" && l != "UNKNOWN" && len(l) < 200 {
		return []string{l}
	}
	return texts(classifiers, maxLicenses)
}

// requirementName returns the name at the start of a dependency specifier
// (PEP 508), or "" where the requirement holds only for an extra: it was then
// not asked for by this package alone.
func requirementName(spec string) string {
	if _, marker, ok := strings.Cut(spec, ";"); ok && strings.Contains(marker, "extra") {
		return ""
	}
	spec = strings.TrimSpace(spec)
	end := strings.IndexFunc(spec, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
	if end >= 0 {
		spec = spec[:end]
	}
	return spec
}

// headerFields yields the "Key: value" lines of a mail-like header up to its
// first empty line. A line that begins with white space continues the value,
// joined by a line feed.
func headerFields(content []byte) func(yield func(key, value string) bool) {
	return func(yield func(key, value string) bool) {
		content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
		var key string
		var value []byte
		started := false
		for len(content) > 0 {
			var line []byte
			line, content, _ = bytes.Cut(content, []byte("\n"))
			line = bytes.TrimSuffix(line, []byte("\r"))
			switch {
			case len(line) == 0:
				if started {
					content = nil
				}
			case line[0] == ' ' || line[0] == '\t':
				// A licence text of a megabyte is of no use to anyone here.
				if key != "" && len(value) < 4*maxText {
					value = append(append(value, '\n'), bytes.TrimSpace(line)...)
				}
			default:
				if key != "" && !yield(key, string(value)) {
					return
				}
				k, v, ok := bytes.Cut(line, []byte(":"))
				key, value = "", value[:0]
				if ok && len(k) <= maxText {
					started = true
					key, value = string(bytes.TrimSpace(k)), append(value, bytes.TrimSpace(v)...)
				}
			}
		}
		if key != "" {
			yield(key, string(value))
		}
	}
}
