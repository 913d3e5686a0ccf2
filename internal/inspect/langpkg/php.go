package langpkg

import (
	"context"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// Composer reads vendor/composer/installed.json: an array in Composer 1, an
// object with "packages" in Composer 2. Packages installed for development are
// there like any other and are reported.
type Composer struct{}

// Name implements inspect.Inspector.
func (Composer) Name() string { return "php-composer" }

// Version implements inspect.Inspector.
func (Composer) Version() int { return 1 }

// Wants implements inspect.Inspector.
func (Composer) Wants(f *inspect.File) inspect.Want {
	if strings.HasSuffix(f.Path, "installed.json") && base(f.Path) == "installed.json" {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Inspect implements inspect.WholeInspector.
func (c Composer) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	r := newReport(out, f.Path, c.Name())
	if r.oversized(len(content), maxMetadata) {
		return nil
	}
	s := newJSONScan(content)
	if s.peek() == '[' {
		s.array(func() { r.add(composerPackage(s)) })
	} else {
		s.object(func(key []byte) {
			if string(key) == "packages" {
				s.array(func() { r.add(composerPackage(s)) })
			}
		})
	}
	if s.err != nil && parent(f.Path) == "composer" {
		r.note("installed.json: " + s.err.Error())
	}
	return nil
}

func composerPackage(s *jsonScan) inventory.Package {
	p := inventory.Package{Type: "composer"}
	var name string
	var deps []string
	s.object(func(key []byte) {
		switch string(key) {
		case "name":
			name = word(s.str())
		case "version":
			p.Version = word(s.str())
		case "license":
			p.Licenses = texts(s.strings(), maxLicenses)
		case "require":
			for _, d := range s.keys() {
				if strings.Contains(d, "/") { // not the platform: php, ext-json
					deps = append(deps, d)
				}
			}
		}
	})
	vendor, rest, ok := strings.Cut(name, "/")
	if !ok || vendor == "" || rest == "" || p.Version == "" {
		return inventory.Package{}
	}
	p.Namespace, p.Name = vendor, strings.ReplaceAll(rest, "/", "-")
	p.DependsOn = names(deps)
	return p
}

// Pear reads PEAR's registry of installed PEAR and PECL packages: one file of
// PHP's serialize() format for each.
type Pear struct{}

// Name implements inspect.Inspector.
func (Pear) Name() string { return "php-pear" }

// Version implements inspect.Inspector.
func (Pear) Version() int { return 1 }

// Wants implements inspect.Inspector.
func (Pear) Wants(f *inspect.File) inspect.Want {
	if strings.HasSuffix(f.Path, ".reg") && under(f.Path, ".registry") {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Inspect implements inspect.WholeInspector.
func (y Pear) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	r := newReport(out, f.Path, y.Name())
	if r.oversized(len(content), maxMetadata) {
		return nil
	}
	v, ok := parsePHP(content)
	if !ok {
		r.note("not a PEAR registry entry")
		return nil
	}
	// "pecl.php.net" is where packages of the old format, which names no
	// channel, come from.
	p := inventory.Package{Type: "pear", Namespace: "pecl.php.net"}
	if channel := word(v.at("channel").text); channel != "" {
		p.Namespace = channel
	}
	p.Name = word(v.at("name").text)
	if p.Name == "" {
		p.Name = word(v.at("package").text)
	}
	p.Version = word(v.at("version").text)
	if release := word(v.at("version").at("release").text); release != "" {
		p.Version = release
	}
	license := v.at("license")
	p.Licenses = texts([]string{license.text, license.at("_content").text}, maxLicenses)
	if p.Name != "" && p.Version != "" {
		r.add(p)
	}
	return nil
}
