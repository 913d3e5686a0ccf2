package grypedb

import (
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
)

// ecosystem says under which name a purl type's packages are stored, and how
// their versions order. Unknown leaves it to each range and to the fuzzy order.
type ecosystem struct {
	name   string
	scheme version.Scheme
}

var ecosystems = map[string]ecosystem{
	"npm":       {"npm", version.Unknown},
	"pypi":      {"python", version.Python},
	"golang":    {"go-module", version.Go},
	"maven":     {"java-archive", version.Maven},
	"gem":       {"gem", version.Gem},
	"cargo":     {"rust-crate", version.Unknown},
	"nuget":     {"dotnet", version.Unknown},
	"composer":  {"php-composer", version.Unknown},
	"hex":       {"hex", version.Unknown},
	"pub":       {"dart-pub", version.Unknown},
	"swift":     {"swift", version.Unknown},
	"cocoapods": {"pod", version.Unknown},
	"cran":      {"R-package", version.Unknown},
	"conan":     {"conan", version.Unknown},
	"conda":     {"conda", version.Unknown},
	"hackage":   {"hackage", version.Unknown},
	"luarocks":  {"lua-rocks", version.Unknown},
	"opam":      {"opam", version.Unknown},
	"otp":       {"erlang-otp", version.Unknown},
	"bitnami":   {"bitnami", version.Bitnami},
	"github":    {"github-action", version.Unknown},
}

// generic is the purl type of runtimes outside any package manager.
const generic = "generic"

// ownMatchers are the types that grype matches by name alone; the others are
// matched by CPE too, where they have one.
var ownMatchers = map[string]bool{
	"npm": true, "pypi": true, "golang": true, "maven": true, "gem": true, "cargo": true,
	"nuget": true, "hex": true, "bitnami": true,
}

func (m *matcher) matchLanguage(p *inventory.Package) error {
	eco, known := ecosystems[p.Type]
	covered := known && m.db.meta.Ecosystems[lower(eco.name)] > 0
	cpes, err := m.cpesOf(p, eco)
	if err != nil {
		return err
	}
	if !covered && len(cpes) == 0 {
		m.gaps.Add(p.Type, advisory.TypeNotCovered)
		return nil
	}
	scheme := eco.scheme
	if p.Type == generic && isJVM(p, cpes) {
		scheme = version.JVM
	}
	if !m.usable(p.Type, p.Version, scheme) {
		return nil
	}
	var all []finding
	if covered {
		found, err := m.searchLanguage(p, eco)
		if err != nil {
			return err
		}
		all = found
	}
	for i := range cpes {
		found, err := m.searchCPE(p, &cpes[i], scheme)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	return m.add(p, all)
}

func (m *matcher) searchLanguage(p *inventory.Package, eco ecosystem) ([]finding, error) {
	s := m.newSearch(p, languageName(p), p.Version, eco.scheme, advisory.ByEcosystem)
	handles, err := m.lookup(eco.name, s.name, 0)
	if err != nil {
		return nil, err
	}
	holding, suppressing, err := m.judge(handles, s, true)
	return without(holding, suppressing), err
}

// languageName spells a name as the database does: PEP 503 for Python, as it
// is for the others (the keys ignore case).
func languageName(p *inventory.Package) string {
	if p.Type == "pypi" {
		return pep503(p.Name)
	}
	return p.FullName()
}

// pep503 turns runs of "-", "_" and "." into one "-".
func pep503(name string) string {
	var b strings.Builder
	separator := false
	for i := 0; i < len(name); i++ {
		if c := name[i]; c == '-' || c == '_' || c == '.' {
			separator = true
			continue
		}
		if separator {
			b.WriteByte('-')
			separator = false
		}
		b.WriteByte(name[i])
	}
	if separator {
		b.WriteByte('-')
	}
	return b.String()
}

// cpesOf returns the CPEs that a package is searched by: its own where no
// matcher of its ecosystem exists. Go's standard library is searched by the
// CPE of Go only in a database that has no records of it by name (schemas
// before 6.1.9): NVD's also speak of the tools, which a program doesn't hold.
func (m *matcher) cpesOf(p *inventory.Package, eco ecosystem) ([]cpeName, error) {
	if p.Type == "golang" && p.Name == "stdlib" && p.Namespace == "" {
		known, err := m.lookup(eco.name, p.Name, 0)
		if err != nil || len(known) > 0 {
			return nil, err
		}
		return []cpeName{{part: "a", vendor: "golang", product: "go", version: strings.TrimPrefix(p.Version, "go")}}, nil
	}
	if ownMatchers[p.Type] {
		return nil, nil
	}
	var out []cpeName
	for _, text := range p.CPEs {
		if c, ok := parseCPE(text); ok {
			out = append(out, c)
		}
	}
	return out, nil
}

// javaNames are the products that are Java itself.
var javaNames = map[string]bool{
	"java_se": true, "jre": true, "jdk": true, "zulu": true, "openjdk": true,
	"java": true, "java/jre": true, "java/jdk": true,
}

func isJVM(p *inventory.Package, cpes []cpeName) bool {
	if javaNames[p.Name] {
		return true
	}
	for i := range cpes {
		if javaNames[cpes[i].product] {
			return true
		}
	}
	return false
}

// searchCPE looks a product up. The CPE's own version counts before the
// package's.
func (m *matcher) searchCPE(p *inventory.Package, c *cpeName, scheme version.Scheme) ([]finding, error) {
	v := c.version
	if v == "" || v == "-" || strings.EqualFold(v, "unknown") {
		v = p.Version
	}
	if scheme == version.JVM {
		v = javaUpdate(v, c.update)
	}
	s := m.newSearch(p, c.vendor+":"+c.product, v, scheme, advisory.ByCPE)
	handles, err := m.lookupProduct(c)
	if err != nil {
		return nil, err
	}
	holding, _, err := m.judge(handles, s, true)
	return holding, err
}

// javaUpdate folds a CPE's update into its version: "1.8.0" and "update302"
// is 1.8.0_302.
func javaUpdate(v, update string) string {
	if update == "" || update == "-" || !strings.HasPrefix(v, "1.") || strings.Contains(v, "_") {
		return v
	}
	return v + "_" + strings.TrimPrefix(update, "update")
}

func (m *matcher) lookupProduct(c *cpeName) ([]handle, error) {
	value, err := m.db.lookup.get(textKey(kindCPE, c.product))
	if err != nil || value == nil {
		return nil, err
	}
	d := dec{s: string(value)}
	var found []handle
	for range d.count() {
		theirs := d.cpe()
		h := d.handle()
		if c.finds(theirs) {
			h.cpe = theirs
			found = append(found, h)
		}
	}
	if d.bad || d.s != "" {
		return nil, m.db.lookup.damaged(ErrCorrupt)
	}
	return found, nil
}
