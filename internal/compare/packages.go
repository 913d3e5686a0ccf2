package compare

import (
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
)

// Change is what happened to something, in one word.
type Change string

const (
	Added   Change = "added"
	Removed Change = "removed"
	// Changed: both hold it, and it is not the same.
	Changed Change = "changed"
	// Upgraded and Downgraded are packages whose versions can be ordered;
	// Changed where they can't.
	Upgraded   Change = "upgraded"
	Downgraded Change = "downgraded"
	// Moved: the same version in another place.
	Moved Change = "moved"
	// Unrecorded: the package's record is gone while its files are still there.
	Unrecorded Change = "unrecorded"
)

// Package is what happened to one package.
type Package struct {
	Change Change `json:"change"`
	// Type is the purl type, Name the full name as its ecosystem writes it.
	Type string `json:"type"`
	Name string `json:"name"`
	Arch string `json:"arch,omitempty"`
	// Before and After are versions: Before is empty for what was added, After
	// for what was removed.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Path is the file that records it; BeforePath where that was another.
	Path       string `json:"path"`
	BeforePath string `json:"beforePath,omitempty"`
}

// Packages says what happened to each package. order compares versions.
func Packages(changes []evidence.PackageChange, order triage.Order) []Package {
	packages := make([]Package, 0, len(changes))
	for _, c := range changes {
		packages = append(packages, packageOf(c, order))
	}
	return packages
}

func packageOf(c evidence.PackageChange, order triage.Order) Package {
	of := func(p *inventory.Package) Package {
		return Package{Type: p.Type, Name: p.FullName(), Arch: p.Arch, Path: place(p)}
	}
	if c.Before == nil {
		p := of(c.After)
		p.Change, p.After = Added, c.After.Version
		return p
	}
	if c.After == nil {
		p := of(c.Before)
		p.Change, p.Before = Removed, c.Before.Version
		return p
	}
	p := of(c.After)
	p.Before, p.After, p.Change = c.Before.Version, c.After.Version, Changed
	if from := place(c.Before); from != p.Path {
		p.BeforePath = from
	}
	if p.Before == p.After {
		p.Change = Moved
		if p.BeforePath == "" {
			p.Change = Changed
		}
		return p
	}
	if n, ok := order(p.Type, p.Before, p.After); ok && n < 0 {
		p.Change = Upgraded
	} else if ok && n > 0 {
		p.Change = Downgraded
	}
	return p
}

// place is where a package's record lies, with the way inside an archive.
func place(p *inventory.Package) string {
	if p.InArchive != "" {
		return p.Path + "!" + p.InArchive
	}
	return p.Path
}
