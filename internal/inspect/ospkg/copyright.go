package ospkg

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// copyrightInspector reads the licences of Debian packages from their
// copyright files, where these are machine-readable ("DEP-5", the Debian
// copyright format 1.0). dpkg's own database holds none.
type copyrightInspector struct{}

func (copyrightInspector) Name() string { return "dpkg-copyright" }
func (copyrightInspector) Version() int { return 1 }

const (
	docDir           = "usr/share/doc/"
	maxCopyrightList = 500
)

// copyrightOf returns the package that a copyright file is about.
func copyrightOf(path string) (pkg string, ok bool) {
	rest, ok := strings.CutPrefix(path, docDir)
	if !ok {
		return "", false
	}
	pkg, ok = strings.CutSuffix(rest, "/copyright")
	return pkg, ok && pkg != "" && !strings.Contains(pkg, "/")
}

func (copyrightInspector) Wants(f *inspect.File) inspect.Want {
	if _, ok := copyrightOf(f.Path); ok {
		return inspect.Whole
	}
	return inspect.Nothing
}

func (copyrightInspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	pkg, ok := copyrightOf(f.Path)
	if !ok {
		return nil
	}
	if names := licenseNames(content); len(names) > 0 {
		out.Licenses = append(out.Licenses, evidence.PackageLicense{
			Type: "deb", Package: pkg, Path: f.Path, Names: names,
		})
	}
	return nil
}

// licenseField begins a field; every known file writes its name this way,
// though the format would allow other case.
var licenseField = []byte("\nLicense:")

// licenseNames returns the short names of the License fields, each once, in
// the order of the file; none for a copyright file in prose.
func licenseNames(content []byte) []string {
	head := bytes.TrimLeft(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")), "\r\n")
	if !hasFoldPrefix(head, "Format:") && !hasFoldPrefix(head, "Format-Specification:") {
		return nil
	}
	var names []string
	for len(names) < maxCopyrightList {
		// These files are long and the fields few: searching is many times
		// faster than splitting into lines.
		i := bytes.Index(head, licenseField)
		if i < 0 {
			break
		}
		var line []byte
		line, head = cutLine(head[i+len(licenseField):])
		if len(head) > 0 {
			head = content[len(content)-len(head)-1:] // its line end may begin the next field
		}
		for _, name := range splitLicense(line) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func hasFoldPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && bytes.EqualFold(b[:len(prefix)], []byte(prefix))
}

// splitLicense splits "GPL-2+ with OpenSSL exception or Artistic, and BSD-3"
// at its commas, "and" and "or", and keeps exceptions with their licence.
func splitLicense(expr []byte) []string {
	var names []string
	var current []string
	end := func() {
		if len(current) > 0 {
			names = append(names, strings.Join(current, " "))
		}
		current = nil
	}
	if len(expr) > maxValue {
		expr = expr[:maxValue]
	}
	for word := range strings.FieldsSeq(text(expr)) {
		switch lower := strings.ToLower(word); {
		case lower == "and" || lower == "or" || lower == "and/or" || lower == "|":
			end()
		default:
			trimmed := strings.Trim(word, ",;()")
			if trimmed != "" {
				current = append(current, trimmed)
			}
			if strings.HasSuffix(word, ",") || strings.HasSuffix(word, ";") {
				end()
			}
		}
	}
	end()
	return names
}
