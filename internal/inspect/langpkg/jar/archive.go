package jar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/inspect/zipread"
	"plimsoll/internal/inventory"
)

const (
	manifestPath = "META-INF/MANIFEST.MF"
	// The metadata files are small; the manifest of a signed archive holds a
	// digest for each entry, of which the part after this bound tells nothing.
	maxManifest   = 1 << 20
	maxProperties = 64 << 10
	maxPom        = 2 << 20
)

// archive is one archive, the file itself or one nested in it. It implements
// zipread.Handler.
type archive struct {
	scan *scan
	// file is the archive's own name, chain its place in the outermost archive
	// ("WEB-INF/lib/a.jar!lib/b.jar"), empty for that itself.
	file, chain string
	// wrap is set for a plain zip, of which only the archives in it count.
	wrap bool

	manifest   *manifest
	properties []coordinates
	poms       []pom
	nested     []*archive
}

// coordinates are Maven's, as one pom.properties or pom.xml states them.
type coordinates struct {
	group, artifact, version string
	// entry is the path of the file in the archive.
	entry string
}

func (s *scan) archive(file, chain string) *archive {
	return &archive{scan: s, file: file, chain: chain}
}

// Want implements zipread.Handler.
func (a *archive) Want(name []byte) bool {
	switch {
	case bytes.HasSuffix(name, []byte(".class")), bytes.HasSuffix(name, []byte("/")):
		return false
	case a.wrap:
		return len(name) > 4 && isArchive(string(name[max(0, len(name)-8):]))
	case bytes.HasSuffix(name, []byte("pom.properties")), string(name) == manifestPath:
		return true
	case bytes.HasSuffix(name, []byte("/pom.xml")):
		return bytes.HasPrefix(name, []byte("META-INF/maven/"))
	}
	return len(name) > 4 && isArchive(string(name[max(0, len(name)-8):]))
}

// Problem implements zipread.Handler.
func (a *archive) Problem(reason string, incomplete bool) {
	if a.chain != "" {
		reason = "in " + printable(a.chain) + ": " + reason
	}
	// A plain zip is Java's business only once it holds a Java archive.
	incomplete = incomplete && (!a.wrap || len(a.nested) > 0)
	a.scan.problem(reason, incomplete)
}

// Entry implements zipread.Handler.
func (a *archive) Entry(name string, body *zipread.Body) {
	switch {
	case name == manifestPath:
		if b, ok := a.read(body, maxManifest); ok && a.manifest == nil {
			a.manifest = parseManifest(b)
		}
	case strings.HasSuffix(name, "pom.properties"):
		if b, ok := a.whole(name, body, maxProperties); ok && a.room() {
			if c := parseProperties(b); c.artifact != "" && c.version != "" {
				c.entry = name
				a.properties = append(a.properties, c)
			}
		}
	case strings.HasSuffix(name, "/pom.xml"):
		if b, ok := a.whole(name, body, maxPom); ok && a.room() {
			p := parsePom(b)
			p.entry = name
			a.poms = append(a.poms, p)
		}
	default:
		a.inner(name, body)
	}
}

// room counts what becomes a package against the bound.
func (a *archive) room() bool {
	if a.scan.packages++; a.scan.packages > maxPackages {
		a.scan.problem("the archive lists more packages than can be kept", true)
		return false
	}
	return true
}

// read takes at most limit bytes of a metadata file.
func (a *archive) read(body *zipread.Body, limit int64) ([]byte, bool) {
	b, _, err := body.Upto(limit)
	if err != nil {
		a.damaged(err)
		return nil, false
	}
	return b, true
}

// whole is read for a file that says nothing where only its beginning is known,
// and that no build makes longer than the limit.
func (a *archive) whole(name string, body *zipread.Body, limit int64) ([]byte, bool) {
	b, all, err := body.Upto(limit)
	if err != nil {
		a.damaged(err)
		return nil, false
	}
	if !all {
		a.Problem(fmt.Sprintf("%s: only its first %d bytes were read", printable(name), limit), true)
	}
	return b, true
}

func (a *archive) damaged(err error) {
	if errors.Is(err, zipread.ErrBudget) || a.scan.ctx.Err() != nil {
		return // whoever runs the archive says so
	}
	a.Problem("an entry is damaged: "+err.Error(), true)
}

// inner reads a nested archive: in memory where it is small and memory is
// left, else as a stream out of the outer one.
func (a *archive) inner(name string, body *zipread.Body) {
	b := a.scan.budget
	if b.Depth == 0 {
		a.Problem("archives are nested too deep; the innermost were not read", true)
		return
	}
	if !a.room() {
		return
	}
	chain := name
	if a.chain != "" {
		chain = a.chain + "!" + name
	}
	n := a.scan.archive(base(name), chain)
	b.Depth--
	defer func() { b.Depth++ }()
	if err := n.readFrom(body); err != nil && !errors.Is(err, zipread.ErrNotZip) {
		n.damaged(err)
	}
	a.nested = append(a.nested, n)
}

func (a *archive) readFrom(body *zipread.Body) error {
	ctx, b := a.scan.ctx, a.scan.budget
	if !b.Hold(maxNestedInMemory) {
		return zipread.Stream(ctx, body, b, a)
	}
	defer b.Release(maxNestedInMemory)
	content, whole, err := body.Upto(maxNestedInMemory)
	if err != nil {
		return err
	}
	if whole {
		return zipread.Bytes(ctx, content, b, a)
	}
	return zipread.Stream(ctx, io.MultiReader(bytes.NewReader(content), body), b, a)
}

// packages are those of the archive and of all nested in it.
func (a *archive) packages() []inventory.Package {
	own, main := a.own()
	var inner []inventory.Package
	var names []string
	for _, n := range a.nested {
		found := n.packages()
		if len(found) > 0 {
			names = append(names, found[0].FullName())
		}
		inner = append(inner, found...)
	}
	if main && len(names) > 0 {
		own[0].DependsOn = merge(own[0].DependsOn, names)
	}
	return dedupe(append(own, inner...))
}

// dedupe drops packages that are the same in every word, as manifests doubled
// in a shaded archive make them.
func dedupe(list []inventory.Package) []inventory.Package {
	seen := make(map[string]bool, len(list))
	out := list[:0]
	for _, p := range list {
		key := p.Namespace + "\x00" + p.Name + "\x00" + p.Version + "\x00" + p.InArchive
		if !seen[key] {
			seen[key] = true
			out = append(out, p)
		}
	}
	return out
}
