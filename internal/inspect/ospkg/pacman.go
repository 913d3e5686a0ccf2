package ospkg

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// pacmanInspector reads the local database of Arch Linux's pacman: a folder
// per package with a file of facts, desc, one of file names, files, and one of
// what the package has of each file, mtree.
type pacmanInspector struct{}

func (pacmanInspector) Name() string { return "pacman" }
func (pacmanInspector) Version() int { return 2 }

const pacmanDir = "var/lib/pacman/local/"

// pacmanFile splits "…/local/zlib-1:1.3-1/desc" into the folder and the file.
func pacmanFile(path string) (folder, file string, ok bool) {
	rest, ok := strings.CutPrefix(path, pacmanDir)
	if !ok {
		return "", "", false
	}
	folder, file, ok = strings.Cut(rest, "/")
	return folder, file, ok && folder != "" && (file == "desc" || file == "files" || file == "mtree")
}

func (pacmanInspector) Wants(f *inspect.File) inspect.Want {
	if _, _, ok := pacmanFile(f.Path); ok {
		return inspect.Whole
	}
	return inspect.Nothing
}

func (p pacmanInspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	folder, file, ok := pacmanFile(f.Path)
	switch {
	case !ok:
		return nil
	case file == "files":
		own, err := ownedInPacman(f.Path, folder)
		if err != nil {
			return err
		}
		err = readPacmanFiles(&own, content)
		out.Owned = appendOwned(out.Owned, &own)
		return err
	case file == "mtree":
		own, err := ownedInPacman(f.Path, folder)
		if err != nil {
			return err
		}
		err = readMtree(&own, content)
		out.Sums = appendOwned(out.Sums, &own)
		return err
	}
	out.Databases = append(out.Databases, f.Path)
	pkg, err := parsePacmanDesc(content)
	if pkg.Name != "" && pkg.Version != "" {
		pkg.Path, pkg.Inspector = f.Path, p.Name()
		out.Packages = append(out.Packages, pkg)
	}
	return err
}

// pacmanSections yields each line of a local database file with the section
// it stands in: "%NAME%", lines, an empty line.
func pacmanSections(content []byte, each func(section string, line []byte)) {
	section := ""
	for len(content) > 0 {
		var line []byte
		line, content = cutLine(content)
		switch {
		case len(line) == 0:
			section = ""
		case section == "" && len(line) > 2 && line[0] == '%' && line[len(line)-1] == '%':
			section = text(line[1 : len(line)-1])
		case section != "":
			each(section, line)
		}
	}
}

func parsePacmanDesc(content []byte) (inventory.Package, error) {
	pkg := inventory.Package{Type: "alpm"}
	base := ""
	var lim limits
	pacmanSections(content, func(section string, line []byte) {
		switch section {
		case "NAME":
			pkg.Name = text(line)
		case "VERSION":
			pkg.Version = text(line)
		case "BASE":
			base = text(line)
		case "ARCH":
			pkg.Arch = text(line)
		case "PACKAGER":
			pkg.Vendor = text(line)
		case "LICENSE":
			if len(pkg.Licenses) < maxCopyrightList {
				pkg.Licenses = append(pkg.Licenses, text(line))
			}
		case "DEPENDS":
			if i := bytes.IndexAny(line, "<>=:"); i >= 0 {
				line = line[:i]
			}
			// "libssl.so=3-64" names a library, not a package.
			if len(line) > 0 && !bytes.HasSuffix(line, []byte(".so")) && lim.dependency() {
				pkg.DependsOn = appendNew(pkg.DependsOn, text(line))
			}
		}
	})
	if base != "" && pkg.Version != "" {
		pkg.Source = &inventory.Source{Name: base, Version: pkg.Version}
	}
	if pkg.Name == "" || pkg.Version == "" {
		return pkg, fmt.Errorf("%w: package %q has the version %q", ErrDamaged, pkg.Name, pkg.Version)
	}
	return pkg, lim.err()
}

// ownedInPacman makes an empty list of the package that the folder is named
// after: name-version-release, of which only the name may hold further hyphens.
func ownedInPacman(path, folder string) (evidence.Owned, error) {
	if release := strings.LastIndexByte(folder, '-'); release > 0 {
		if version := strings.LastIndexByte(folder[:release], '-'); version > 0 {
			return evidence.Owned{
				Type: "alpm", Package: folder[:version], Version: folder[version+1:], Database: path,
			}, nil
		}
	}
	return evidence.Owned{}, fmt.Errorf("%w: folder %q is not named name-version-release", ErrDamaged, folder)
}

func readPacmanFiles(own *evidence.Owned, content []byte) error {
	var lim limits
	pacmanSections(content, func(section string, line []byte) {
		if section != "FILES" || line[len(line)-1] == '/' {
			return
		}
		if lim.path(len(line)) {
			own.Paths.Append(string(line))
		}
	})
	return lim.err()
}
