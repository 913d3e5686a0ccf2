package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// identity is what makes two programs' packages the same: the purl without its
// qualifiers, and for OS packages without the namespace, since the programs
// derive that from os-release in their own ways.
type identity struct{ typ, name, version string }

func (id identity) String() string { return id.typ + " " + id.name + " " + id.version }

// found is one package as one program reports it.
type found struct {
	identity
	// by is the inspector or cataloger; at the paths, sorted.
	by string
	at []string
	// cpes are compared for runtimes only.
	cpes []string
	// all are Plimsoll's packages of this identity, one for each place.
	all []*inventory.Package
}

// everyOne reports whether each of Plimsoll's packages meets a condition.
func (f *found) everyOne(meets func(*inventory.Package) bool) bool {
	return len(f.all) > 0 && !slices.ContainsFunc(f.all, func(p *inventory.Package) bool { return !meets(p) })
}

// inventoryOf is everything one program found, by identity.
type inventoryOf map[identity]*found

func (inv inventoryOf) add(f found) {
	if have := inv[f.identity]; have != nil {
		have.at = append(have.at, f.at...)
		have.all = append(have.all, f.all...)
		return
	}
	inv[f.identity] = &f
}

// sorted returns the packages in an order that does not change.
func (inv inventoryOf) sorted() []*found {
	all := make([]*found, 0, len(inv))
	for _, f := range inv {
		slices.Sort(f.at)
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *found) int { return compareIdentity(a.identity, b.identity) })
	return all
}

func compareIdentity(a, b identity) int {
	return cmp.Or(cmp.Compare(a.typ, b.typ), cmp.Compare(a.name, b.name), cmp.Compare(a.version, b.version))
}

// identityOf reads a purl. Only the spelling is made alike, as each type's
// definition in the purl-spec asks; nothing that names another package.
func identityOf(purl string) (identity, error) {
	u, err := packageurl.FromString(purl)
	if err != nil {
		return identity{}, fmt.Errorf("purl %q: %w", purl, err)
	}
	id := identity{typ: u.Type, name: u.Name, version: u.Version}
	switch u.Type {
	case "deb", "apk", "rpm", "alpm":
		if epoch := u.Qualifiers.Map()["epoch"]; epoch != "" && epoch != "0" && !strings.Contains(id.version, ":") {
			id.version = epoch + ":" + id.version
		}
		return id, nil
	case "pypi":
		id.name = strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(id.name))
	case "golang":
		id.version = strings.TrimPrefix(id.version, "v")
	}
	if u.Namespace != "" {
		id.name = u.Namespace + "/" + id.name
	}
	if u.Subpath != "" && u.Type == "golang" {
		id.name += "/" + u.Subpath
	}
	return id, nil
}

// scan is Plimsoll's verdict, ready for comparison.
type scan struct {
	verdict  *verdict.Verdict
	packages inventoryOf
}

// has reports whether any package has a property.
func (s *scan) has(property func(*inventory.Package) bool) bool {
	for i := range s.verdict.Packages {
		if property(&s.verdict.Packages[i]) {
			return true
		}
	}
	return false
}

func readVerdict(file string) (*scan, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r verdict.Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(r.Verdicts) != 1 {
		return nil, fmt.Errorf("%s: %d verdicts, want one", file, len(r.Verdicts))
	}
	s := &scan{verdict: &r.Verdicts[0], packages: inventoryOf{}}
	for i := range s.verdict.Packages {
		p := &s.verdict.Packages[i]
		id, err := identityOf(p.PURL)
		if err != nil {
			return nil, err
		}
		at := p.Path
		if p.InArchive != "" {
			at += ":" + p.InArchive
		}
		s.packages.add(found{identity: id, by: p.Inspector, at: []string{at}, cpes: p.CPEs, all: []*inventory.Package{p}})
	}
	return s, nil
}

// syftDocument is the part of syft's own JSON that is compared.
type syftDocument struct {
	Artifacts []struct {
		Name, Version, Type, FoundBy, PURL string
		Locations                          []struct{ Path string }
		CPEs                               []struct{ CPE string }
	}
}

func readSyft(file string) (inventoryOf, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc syftDocument
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	inv := inventoryOf{}
	for _, a := range doc.Artifacts {
		id := identity{typ: a.Type, name: a.Name, version: a.Version}
		if a.PURL != "" {
			if id, err = identityOf(a.PURL); err != nil {
				return nil, err
			}
		}
		f := found{identity: id, by: a.FoundBy}
		for _, l := range a.Locations {
			f.at = append(f.at, strings.TrimPrefix(l.Path, "/"))
		}
		for _, c := range a.CPEs {
			f.cpes = append(f.cpes, c.CPE)
		}
		inv.add(f)
	}
	return inv, nil
}

// missing is a package that one side lacks, with the row that explains it.
type missing struct {
	*found
	// cause is empty where no row does.
	cause string
}

// packageDiff compares two inventories.
type packageDiff struct {
	ours, theirs, both int
	// byType counts ours, theirs and both for each purl type.
	byType map[string][3]int
	// lacking are syft's alone; extra ours alone.
	lacking, extra []missing
}

func diffPackages(in *circumstances) packageDiff {
	ours, theirs := in.ours, in.theirs
	d := packageDiff{ours: len(ours.packages), theirs: len(theirs), byType: map[string][3]int{}}
	count := func(typ string, column int) {
		n := d.byType[typ]
		n[column]++
		d.byType[typ] = n
	}
	for _, f := range theirs.sorted() {
		count(f.typ, 1)
		if ours.packages[f.identity] != nil {
			d.both++
			count(f.typ, 2)
			continue
		}
		d.lacking = append(d.lacking, missing{f, why(lackingCauses(), f, in)})
	}
	for _, f := range ours.packages.sorted() {
		count(f.typ, 0)
		if theirs[f.identity] == nil {
			d.extra = append(d.extra, missing{f, why(extraCauses(), f, in)})
		}
	}
	return d
}
