package langpkg

import (
	"context"
	"encoding/binary"
	"runtime/debug"
	"strings"
	"time"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// Go reads the build information that the Go linker writes into programs: the
// main module, the modules linked in, and the standard library, whose version is
// the toolchain's.
//
// The version of a main module that was built in its own repository is
// "(devel)" before Go 1.24. It is then taken, in this order, from a version set
// by -ldflags=-X, as a pseudo-version from the revision that go build recorded,
// or left empty: the word "(devel)" orders below every release and would raise
// every advisory that the module ever had.
//
// A program packed with UPX shows nothing of this.
type Go struct{}

// minGo is the size below which no Go program of any release lies.
const minGo = 256 << 10

// Name implements inspect.Inspector.
func (Go) Name() string { return "go-binary" }

// Version implements inspect.Inspector.
func (Go) Version() int { return 1 }

// Wants implements inspect.Inspector. Programs are told by their first bytes,
// since neither name nor mode says it: plug-ins are not executable, and what was
// copied from Windows may be named anything.
func (Go) Wants(f *inspect.File) inspect.Want {
	if f.Size < minGo {
		return inspect.Nothing
	}
	return inspect.Stream
}

// Open implements inspect.StreamInspector.
func (g Go) Open(_ context.Context, f *inspect.File, out *evidence.Fragment) inspect.Sink {
	return &goSink{report: newReport(out, f.Path, g.Name())}
}

// addGoProgram reports what a program's build information says. Version is the
// toolchain's ("go1.22.3"), mod the text of runtime/debug.BuildInfo, empty for a
// program built without modules.
func addGoProgram(r *report, version, mod string) {
	if std := goVersion(version); std != "" {
		p := inventory.Package{Type: "golang", Name: "stdlib", Version: std, Licenses: []string{"BSD-3-Clause"}}
		if cpe := goCPE(std); cpe != "" {
			p.CPEs = []string{cpe}
		}
		r.add(p)
	} else {
		r.note("a Go program whose toolchain's release can't be told; its standard library is not judged")
	}
	if mod == "" {
		return
	}
	bi, err := debug.ParseBuildInfo(mod)
	if err != nil {
		r.incomplete("the Go program's module list is damaged")
		return
	}
	main, deps := mainModule(bi)
	var depends []string
	var found []inventory.Package
	for _, d := range deps {
		if p := goModule(d); p.Name != "" && len(found) < maxPackages {
			found = append(found, p)
			depends = append(depends, p.FullName())
		}
	}
	if p := goModule(&main); p.Name != "" {
		if p.Version == "" {
			p.Version = mainVersion(bi)
		}
		p.DependsOn = names(depends)
		r.add(p)
	}
	for _, p := range found {
		r.add(p)
	}
}

// mainModule returns the main module and the others. A program that was built
// from a list of files has the pseudo-module "command-line-arguments"; its
// module then is the only dependency without a version, if there is one.
func mainModule(bi *debug.BuildInfo) (debug.Module, []*debug.Module) {
	if bi.Main.Path != "" && bi.Main.Path != "command-line-arguments" {
		return bi.Main, bi.Deps
	}
	at := -1
	for i, d := range bi.Deps {
		if d.Version == "(devel)" {
			if at >= 0 {
				return debug.Module{}, bi.Deps
			}
			at = i
		}
	}
	if at < 0 {
		path := bi.Path
		if path == "command-line-arguments" {
			path = ""
		}
		return debug.Module{Path: path, Version: "(devel)"}, bi.Deps
	}
	deps := append(append([]*debug.Module{}, bi.Deps[:at]...), bi.Deps[at+1:]...)
	return *bi.Deps[at], deps
}

// goModule is the module that was linked in: the replacement where there is
// one, under the original's path where the replacement is only a folder.
func goModule(m *debug.Module) inventory.Package {
	path, version := m.Path, m.Version
	if m.Replace != nil {
		version = m.Replace.Version
		if p := m.Replace.Path; !strings.HasPrefix(p, ".") && !strings.HasPrefix(p, "/") {
			path = p
		}
	}
	p := inventory.Package{Type: "golang", Version: word(version)}
	if p.Version == "(devel)" {
		p.Version = ""
	}
	p.Namespace, p.Name = splitName(word(path))
	return p
}

// mainVersion derives the version of a main module that states none.
func mainVersion(bi *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range bi.Settings {
		settings[s.Key] = s.Value
	}
	if v := ldflagsVersion(settings["-ldflags"], bi.Main.Path); v != "" {
		return v
	}
	at, err := time.Parse(time.RFC3339, settings["vcs.time"])
	revision := word(settings["vcs.revision"])
	if err != nil || len(revision) < 12 {
		return ""
	}
	return "v0.0.0-" + at.UTC().Format("20060102150405") + "-" + revision[:12]
}

// ldflagsVersion finds the version among the strings that -X sets: a variable
// of package main or of the main module whose name ends in version, ver, tag
// or release, with a value like 1.2.3.
func ldflagsVersion(flags, module string) string {
	fields := strings.Fields(flags)
	for i, f := range fields {
		f = strings.Trim(f, `"'`)
		switch {
		case (f == "-X" || f == "--X") && i+1 < len(fields):
			f = strings.Trim(fields[i+1], `"'`)
		case strings.HasPrefix(f, "-X="):
			f = f[3:]
		default:
			continue
		}
		target, value, ok := strings.Cut(f, "=")
		dot := strings.LastIndexByte(target, '.')
		if !ok || dot < 0 {
			continue
		}
		pkg, name := target[:dot], strings.ToLower(target[dot+1:])
		if pkg != "main" && pkg != module && !strings.HasPrefix(pkg, module+"/") {
			continue
		}
		if !strings.HasSuffix(name, "version") && !strings.HasSuffix(name, "ver") &&
			!strings.HasSuffix(name, "tag") && !strings.HasSuffix(name, "release") {
			continue
		}
		if v := releaseVersion(base(strings.Trim(value, `"'`))); v != "" {
			return v
		}
	}
	return ""
}

// releaseVersion returns s with a leading v where it begins like 1.2.3.
func releaseVersion(s string) string {
	s = strings.TrimPrefix(word(s), "v")
	parts := strings.SplitN(s, ".", 3)
	if len(parts) != 3 || parts[2] == "" || parts[2][0] < '0' || parts[2][0] > '9' {
		return ""
	}
	for _, p := range parts[:2] {
		if p == "" || strings.Trim(p, "0123456789") != "" {
			return ""
		}
	}
	return "v" + s
}

// goVersion takes "go1.22.3" or "go1.22.3 X:boringcrypto" to "1.22.3"; a
// development toolchain ("devel go1.23-abcdef") has no version.
func goVersion(v string) string {
	v, _, _ = strings.Cut(v, " ")
	v, ok := strings.CutPrefix(word(v), "go")
	if !ok || v == "" || v[0] < '0' || v[0] > '9' {
		return ""
	}
	return v
}

// goCPE names the standard library as the NVD does, a candidate as an update:
// "1.18rc1" is 1.18:rc1. Suffixes of other vendors are left out.
func goCPE(version string) string {
	end := strings.IndexFunc(version, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	update := "-"
	if end >= 0 {
		if rest := version[end:]; strings.HasPrefix(rest, "rc") || strings.HasPrefix(rest, "beta") {
			n := strings.TrimLeft(rest, "abcert")
			n = n[:len(n)-len(strings.TrimLeft(n, "0123456789"))]
			update = strings.TrimRight(rest[:len(rest)-len(strings.TrimLeft(rest, "abcert"))], "0123456789") + n
		}
		version = version[:end]
	}
	version = strings.Trim(version, ".")
	if version == "" {
		return ""
	}
	return "cpe:2.3:a:golang:go:" + version + ":" + update + ":*:*:*:*:*:*"
}

// buildInfo is the header of the blob that the linker writes (cmd/link,
// Link.buildinfo; read by debug/buildinfo): 14 bytes of magic, a pointer size,
// flags, and 16 bytes that since Go 1.18 are followed by two strings with a
// length each, and before held two pointers.
const (
	buildInfoAlign  = 16
	buildInfoHeader = 32
	buildInfoInline = 2
	// maxModInfo bounds the module list; Kubernetes' takes 30 KiB.
	maxModInfo = 8 << 20
)

// buildInfoMagic is the first half of the magic as one word: "\xff Go buil".
var buildInfoMagic = binary.LittleEndian.Uint64([]byte("\xff Go buil"))

func isBuildInfo(b []byte) bool {
	return len(b) >= buildInfoAlign && string(b[:14]) == "\xff Go buildinf:"
}

// blobState is the outcome of looking at a possible blob.
type blobState int

const (
	isBlob blobState = iota
	noBlob
	needsMore
	byPointer
)

// inlineBuildInfo decodes a blob of Go 1.18 or later.
func inlineBuildInfo(b []byte) (version, mod string, v blobState) {
	if len(b) < buildInfoHeader {
		return "", "", needsMore
	}
	switch {
	case !isBuildInfo(b):
		return "", "", noBlob
	case b[15]&buildInfoInline == 0:
		if b[14] != 4 && b[14] != 8 {
			return "", "", noBlob
		}
		return "", "", byPointer
	}
	rest := b[buildInfoHeader:]
	vers, rest, v := varintBytes(rest, 256)
	if v != isBlob {
		return "", "", v
	}
	if len(vers) == 0 || goVersion(string(vers)) == "" && !strings.HasPrefix(string(vers), "devel") {
		return "", "", noBlob
	}
	m, _, v := varintBytes(rest, maxModInfo)
	if v != isBlob {
		return "", "", v
	}
	return string(vers), unframe(m), isBlob
}

func varintBytes(b []byte, bound uint64) (s, rest []byte, v blobState) {
	n, w := binary.Uvarint(b)
	switch {
	case w < 0 || w > 0 && n > bound:
		return nil, nil, noBlob
	case w == 0 && len(b) >= binary.MaxVarintLen64:
		return nil, nil, noBlob
	case w == 0 || uint64(len(b)-w) < n:
		return nil, nil, needsMore
	}
	return b[w : w+int(n)], b[w+int(n):], isBlob
}

// unframe takes the module text out of its sentinels of 16 bytes each.
func unframe(m []byte) string {
	if len(m) < 33 || m[len(m)-17] != '\n' {
		return ""
	}
	return string(m[16 : len(m)-16])
}
