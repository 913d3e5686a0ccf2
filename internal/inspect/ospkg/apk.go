package ospkg

import (
	"bytes"
	"context"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// apkInspector reads the database of Alpine's apk, which Wolfi, Chainguard and
// apko's images have too.
type apkInspector struct{}

func (apkInspector) Name() string { return "apk" }
func (apkInspector) Version() int { return 2 }

func (apkInspector) Wants(f *inspect.File) inspect.Want {
	switch f.Path {
	case "lib/apk/db/installed", "usr/lib/apk/db/installed":
		return inspect.Whole
	}
	return inspect.Nothing
}

func (a apkInspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	out.Databases = append(out.Databases, f.Path)
	p := apkParser{strings: interner{}, providers: map[string]string{}}
	err := p.parse(content)
	p.resolve()
	for i := range p.packages {
		p.packages[i].Path, p.packages[i].Inspector = f.Path, a.Name()
	}
	for i := range p.owned {
		p.owned[i].Database = f.Path
	}
	out.Packages = append(out.Packages, p.packages...)
	out.Owned = append(out.Owned, p.owned...)
	return err
}

// apkParser parses the installed database: lines of a letter, a colon and a
// value, an empty line after each package (apk-installed's format, Alpine wiki
// "Apk spec").
type apkParser struct {
	packages []inventory.Package
	owned    []evidence.Owned
	wants    [][]string // of each package: dependencies as written, without bounds
	// providers are packages by what they provide: "so:libc.musl-x86_64.so.1".
	providers map[string]string
	strings   interner
	limits    limits
	damages

	pkg      inventory.Package
	files    evidence.PathList
	digests  evidence.DigestList
	depends  []string
	provides []string
	dir      []byte
	started  bool
	// undigested is set from a file's line until its digest's.
	undigested bool
	// beginnings is set where the package's digests are but the first bytes of SHA-256.
	beginnings bool
	digest     digestBuffer
}

func (p *apkParser) parse(content []byte) error {
	for rest := content; len(rest) > 0; {
		offset := len(content) - len(rest)
		var line []byte
		line, rest = cutLine(rest)
		if len(line) == 0 {
			if err := p.finish(); err != nil {
				return err
			}
			continue
		}
		if len(line) < 2 || line[1] != ':' {
			p.damage("the line at byte %d is not a field", offset)
			continue
		}
		p.started = true
		p.field(line[0], line[2:])
	}
	if err := p.finish(); err != nil {
		return err
	}
	if len(content) > 0 && content[len(content)-1] != '\n' {
		p.damage("the file ends in the middle of a line")
	}
	return p.damages.result(&p.limits)
}

func (p *apkParser) field(letter byte, value []byte) {
	switch letter {
	case 'P':
		p.pkg.Name = text(value)
	case 'V':
		p.pkg.Version = text(value)
	case 'A':
		p.pkg.Arch = p.strings.str(value)
	case 'L':
		if len(value) > 0 {
			p.pkg.Licenses = []string{p.strings.str(value)}
		}
	case 'o':
		if len(value) > 0 {
			p.pkg.Source = &inventory.Source{Name: p.strings.str(value)}
		}
	case 'm':
		p.pkg.Vendor = p.strings.str(value)
	case 'D':
		p.depends = p.names(p.depends, value)
	case 'p':
		p.provides = p.names(p.provides, value)
	case 'F':
		p.dir = value
	case 'R':
		p.file(value)
	case 'f':
		p.beginnings = bytes.IndexByte(value, 'S') >= 0
	case 'Z':
		if p.undigested {
			p.endFile(p.parseDigest(value))
		}
	}
}

// file adds a file of the current folder, whose digest may follow.
func (p *apkParser) file(name []byte) {
	p.endFile(nil)
	n := len(p.dir) + 1 + len(name)
	if len(name) == 0 || !p.limits.path(n) {
		return
	}
	p.undigested = true
	if len(p.dir) == 0 {
		p.files.Append(string(name))
		return
	}
	path := make([]byte, 0, n)
	path = append(append(append(path, p.dir...), '/'), name...)
	p.files.Append(string(path))
}

// endFile adds the digest of the last file, which may be empty.
func (p *apkParser) endFile(digest []byte) {
	if !p.undigested {
		return
	}
	p.undigested = false
	if !p.limits.digest(len(digest)) {
		digest = nil
	}
	p.digests.Append(digest)
}

// parseDigest reads a digest as apk-tools' apk_blob_pull_digest does: Q begins one
// in base64, X in hexadecimal, then comes a digit for the algorithm; without
// either it is an MD5 of the oldest databases. It is empty where it can't be
// compared: what is 20 bytes long is a SHA-1, except in a package with the flag
// S, where it is the beginning of a SHA-256.
func (p *apkParser) parseDigest(value []byte) []byte {
	if len(value) < 2 {
		return nil
	}
	var digest []byte
	switch value[0] {
	case 'Q':
		digest = p.digest.base64(value[2:])
	case 'X':
		digest = p.digest.hex(value[2:])
	default:
		if digest = p.digest.hex(value); len(digest) == md5Size {
			return digest
		}
	}
	if len(digest) == sha256Size || len(digest) == sha1Size && !p.beginnings {
		return digest
	}
	return nil
}

// names appends the names of a list "musl>=1.2 so:libz.so.1=1.3 !conflict pkg@tag".
func (p *apkParser) names(names []string, list []byte) []string {
	for {
		var word []byte
		word, list = cutWord(list)
		if len(word) == 0 {
			return names
		}
		if i := bytes.IndexAny(word, "<>=~@"); i >= 0 {
			word = word[:i]
		}
		if len(word) == 0 || word[0] == '!' || !p.limits.dependency() {
			continue
		}
		names = append(names, p.strings.str(word))
	}
}

// finish adds the package whose lines end here.
func (p *apkParser) finish() error {
	if !p.started {
		return nil
	}
	p.endFile(nil)
	pkg, files, digests, depends, provides := p.pkg, p.files, p.digests, p.depends, p.provides
	p.pkg, p.files, p.digests, p.depends, p.provides = inventory.Package{}, evidence.PathList{}, evidence.DigestList{}, nil, nil
	p.dir, p.started, p.beginnings = nil, false, false
	if pkg.Name == "" || pkg.Version == "" {
		p.damage("package %q has the version %q", pkg.Name, pkg.Version)
		return nil
	}
	if err := p.limits.addPackage(); err != nil {
		return err
	}
	pkg.Type = "apk"
	if pkg.Source != nil {
		pkg.Source.Version = pkg.Version // an origin's packages are built as one, at one version
	}
	for _, name := range provides {
		if _, taken := p.providers[name]; !taken {
			p.providers[name] = pkg.Name
		}
	}
	p.providers[pkg.Name] = pkg.Name
	p.packages = append(p.packages, pkg)
	p.wants = append(p.wants, depends)
	if files.Len > 0 {
		p.owned = append(p.owned, evidence.Owned{
			Type: "apk", Package: pkg.Name, Version: pkg.Version, Arch: pkg.Arch, Paths: files, Digests: digests,
		})
	}
	return nil
}

// resolve turns what packages ask for ("so:libssl.so.3", "cmd:sh", "/bin/sh")
// into the names of the packages that provide it; what none provides is no
// package's name and left out.
func (p *apkParser) resolve() {
	for i, wants := range p.wants {
		p.packages[i].DependsOn = resolved(p.packages[i].Name, wants, p.providers)
	}
}

// resolved returns the providers of wants, each once, without the package itself.
func resolved(self string, wants []string, providers map[string]string) []string {
	var names []string
	seen := map[string]bool{self: true}
	for _, want := range wants {
		if name, ok := providers[want]; ok && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}
