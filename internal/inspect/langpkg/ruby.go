package langpkg

import (
	"bytes"
	"context"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// Ruby reads the specifications of installed gems, those that ship with the
// interpreter (specifications/default) included.
type Ruby struct{}

// Name implements inspect.Inspector.
func (Ruby) Name() string { return "ruby-gem" }

// Version implements inspect.Inspector.
func (Ruby) Version() int { return 1 }

// Wants implements inspect.Inspector.
func (Ruby) Wants(f *inspect.File) inspect.Want {
	if strings.HasSuffix(f.Path, ".gemspec") && under(f.Path, "specifications") {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Inspect implements inspect.WholeInspector.
func (y Ruby) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	r := newReport(out, f.Path, y.Name())
	if r.oversized(len(content), maxMetadata) {
		return nil
	}
	if p := parseGemspec(content); p.Version != "" {
		r.add(p)
	}
	return nil
}

// parseGemspec reads the Ruby that RubyGems writes when it installs a gem
// (Gem::Specification#to_ruby): one assignment a line, all values literals. The
// "# stub: name version platform paths" line at its head is the second source.
func parseGemspec(content []byte) inventory.Package {
	p := inventory.Package{Type: "gem"}
	var stubName, stubVersion string
	var licenses, deps []string
	for line := range bytes.Lines(content) {
		line = bytes.TrimSpace(line)
		if stub, ok := bytes.CutPrefix(line, []byte("# stub: ")); ok && stubName == "" {
			if w := strings.Fields(string(stub)); len(w) >= 2 {
				stubName, stubVersion = word(w[0]), word(w[1])
			}
			continue
		}
		if key, value, ok := gemAssignment(line); ok {
			switch key {
			case "name":
				p.Name = first(p.Name, rubyStrings(value))
			case "version":
				p.Version = first(p.Version, rubyStrings(value))
			case "license", "licenses":
				licenses = append(licenses, rubyStrings(value)...)
			}
			continue
		}
		if name := gemDependency(line); name != "" && len(deps) < maxDependencies {
			deps = append(deps, name)
		}
	}
	p.Name, p.Version = word(p.Name), word(p.Version)
	if p.Name == "" || strings.Contains(p.Name, "#{") {
		p.Name = stubName
	}
	if p.Version == "" || strings.Contains(p.Version, "#{") {
		p.Version = stubVersion
	}
	p.Licenses = texts(licenses, maxLicenses)
	p.DependsOn = names(deps)
	return p
}

func first(have string, list []string) string {
	if have == "" && len(list) > 0 {
		return list[0]
	}
	return have
}

// gemAssignment takes `s.key = value` apart.
func gemAssignment(line []byte) (key, value string, ok bool) {
	left, right, ok := bytes.Cut(line, []byte("="))
	if !ok {
		return "", "", false
	}
	left = bytes.TrimSpace(left)
	dot := bytes.IndexByte(left, '.')
	if dot <= 0 || bytes.ContainsAny(left, " (\"'") {
		return "", "", false
	}
	return string(left[dot+1:]), string(right), true
}

// gemDependency returns the gem that an add_dependency or
// add_runtime_dependency line names.
func gemDependency(line []byte) string {
	_, rest, ok := bytes.Cut(line, []byte(".add_runtime_dependency"))
	if !ok {
		_, rest, ok = bytes.Cut(line, []byte(".add_dependency"))
	}
	if !ok {
		return ""
	}
	return word(first("", rubyStrings(string(rest))))
}

// rubyStrings returns the string literals of a line: "…", '…', %q<…> and their
// kin. Escapes are kept as written; names and versions hold none.
func rubyStrings(s string) []string {
	var out []string
	for len(s) > 0 && len(out) < maxLicenses {
		i := strings.IndexAny(s, `"'%`)
		if i < 0 {
			break
		}
		quote := s[i]
		s = s[i+1:]
		if quote == '%' {
			if len(s) < 2 || s[0] != 'q' && s[0] != 'Q' {
				continue
			}
			quote = closing(s[1])
			s = s[2:]
		}
		end := strings.IndexByte(s, quote)
		if end < 0 {
			break
		}
		out = append(out, s[:end])
		s = s[end+1:]
	}
	return out
}

func closing(open byte) byte {
	switch open {
	case '<':
		return '>'
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	}
	return open
}
