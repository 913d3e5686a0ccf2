// Package langpkg owns the inspectors of language packages: what pip, npm, the
// Go linker, cargo-auditable, Maven, RubyGems, Composer, PEAR, NuGet, conda, R,
// CPAN and LuaRocks leave behind of an installed package.
//
// It reads installed software only. Lock files and manifests of sources say
// what someone meant to install, not what is there, and are left alone. It never
// decides who owns a file: an OS package may have installed what is found here,
// and the merge in package evidence says so.
//
// Every file comes from an image and is hostile. Names and versions are taken
// only when they are printable UTF-8 of at most maxText bytes, lists are
// bounded, archives are read through package zipread with its budgets, and what
// a bound cuts off is a Problem that marks the scan incomplete.
//
// A file of a known name that is not what the name promises (a test fixture
// with broken JSON, say) is a note: its own package manager could not read it
// either, so nothing is installed by it.
package langpkg

import (
	"slices"
	"strings"
	"unicode/utf8"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/langpkg/jar"
	"plimsoll/internal/inventory"
)

// All returns every inspector of this package. A new one is added here and
// nowhere else.
func All() []inspect.Inspector {
	return []inspect.Inspector{
		Python{},
		PythonArchive{},
		Node{},
		Go{},
		Rust{},
		jar.Inspector{},
		Ruby{},
		Composer{},
		Pear{},
		Dotnet{},
		Conda{},
		R{},
		Cpan{},
		LuaRocks{},
	}
}

const (
	// maxText bounds a name, a version or a licence, in bytes.
	maxText = 1 << 10
	// maxPath bounds the path of an installed file, in bytes: Linux's PATH_MAX.
	maxPath = 4 << 10
	// maxLicenses and maxDependencies bound the lists of one package.
	maxLicenses     = 64
	maxDependencies = 20_000
	// maxPackages bounds what one file can list. The largest honest lists
	// (Go programs, deps.json) stay below 3,000.
	maxPackages = 50_000
	// maxMetadata bounds the files that are read, in bytes; the longest honest
	// ones take two million.
	maxMetadata = 16 << 20
	// maxCondaRecord bounds a record that also lists every file of its package.
	maxCondaRecord = 64 << 20
)

// text returns s without surrounding space, or "" where it is too long, not
// UTF-8 or holds control characters: no package manager writes such a name.
func text(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxText {
		return ""
	}
	plain := true
	for i := 0; i < len(s); i++ {
		plain = plain && s[i] >= 0x20 && s[i] < 0x7f
	}
	if plain {
		return s
	}
	if !utf8.ValidString(s) {
		return ""
	}
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ""
		}
	}
	return s
}

// word is text that holds no space either, as a version must.
func word(s string) string {
	s = text(s)
	if strings.IndexByte(s, ' ') >= 0 || strings.Contains(s, "\u00a0") {
		return ""
	}
	return s
}

// texts cleans a short list, drops what is empty or doubled and cuts it at most
// n long. The order is kept.
func texts(list []string, n int) []string {
	var out []string
	for _, s := range list {
		if s = text(s); s == "" || slices.Contains(out, s) {
			continue
		}
		if len(out) == n {
			break
		}
		out = append(out, s)
	}
	return out
}

// names cleans a list of packages in place, sorts it and drops what is empty or
// doubled.
func names(list []string) []string {
	out := list[:0]
	for _, s := range list {
		if s = word(s); s != "" && len(out) < maxDependencies {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) == 0 {
		return nil
	}
	return out
}

// report adds packages to a fragment: each identity once, in the order found, all
// with the same path and inspector.
type report struct {
	out       *evidence.Fragment
	path      string
	inspector string
	count     int
	first     inventory.Package
	seen      map[string]bool
	full      bool
}

func newReport(out *evidence.Fragment, path, inspector string) *report {
	return &report{out: out, path: path, inspector: inspector}
}

// add takes a package whose texts are already clean. One without a name is
// dropped.
func (r *report) add(p inventory.Package) {
	if p.Name == "" || r.full {
		return
	}
	p.Path, p.Inspector = r.path, r.inspector
	if r.count++; r.count == 1 {
		// Most files hold one package, which needs no comparing.
		r.first = p
		r.out.Packages = append(r.out.Packages, p)
		return
	}
	if r.seen == nil {
		r.seen = map[string]bool{identity(r.first): true}
	}
	key := identity(p)
	if r.seen[key] {
		return
	}
	if len(r.seen) == maxPackages {
		r.full = true
		r.incomplete("the file lists more packages than can be kept")
		return
	}
	r.seen[key] = true
	r.out.Packages = append(r.out.Packages, p)
}

// identity is what makes two packages of one file the same.
func identity(p inventory.Package) string {
	return p.Type + "\x00" + p.Namespace + "\x00" + p.Name + "\x00" + p.Version + "\x00" + p.InArchive
}

func (r *report) note(reason string) { r.problem(reason, false) }

func (r *report) incomplete(reason string) { r.problem(reason, true) }

func (r *report) problem(reason string, incomplete bool) {
	r.out.Problems = append(r.out.Problems, evidence.Problem{
		Path: r.path, Inspector: r.inspector, Reason: reason, Incomplete: incomplete,
	})
}

// oversized says in the report that the file is longer than its format's bound
// and is therefore not read.
func (r *report) oversized(size, bound int) bool {
	if size <= bound {
		return false
	}
	r.incomplete("the file is larger than any honest one of its kind and was not read")
	return true
}

// base returns what follows the last slash.
func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// parent returns the name of the folder that the file lies in, without the
// folders above it.
func parent(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return ""
	}
	return base(path[:i])
}

// folderOf returns the folder that the path lies in, with those above it; "" for
// the root.
func folderOf(path string) string {
	return path[:max(0, strings.LastIndexByte(path, '/'))]
}

// under reports whether one of the folders of the path has this name.
func under(path, folder string) bool {
	return strings.HasPrefix(path, folder+"/") || strings.Contains(path, "/"+folder+"/")
}

// splitName splits "a/b/c" at its last slash into namespace "a/b" and name "c".
func splitName(full string) (namespace, name string) {
	i := strings.LastIndexByte(full, '/')
	if i <= 0 || i == len(full)-1 {
		return "", full
	}
	return full[:i], full[i+1:]
}
