package account_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"plimsoll/internal/account"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
	"plimsoll/internal/scan"
)

// file is an entry of a layer. A target makes a symbolic link, a name of a hard
// link one of those; a path that ends in a slash is a folder.
type file struct {
	path, content  string
	mode           int64
	uid            int
	target, linked string
	capabilities   string
}

func exe(path, content string) file  { return file{path: path, content: content, mode: 0o755} }
func text(path, content string) file { return file{path: path, content: content, mode: 0o644} }
func link(path, target string) file  { return file{path: path, target: target} }
func hard(path, name string) file    { return file{path: path, linked: name, mode: 0o755} }
func gone(path string) file {
	i := strings.LastIndexByte(path, '/') + 1
	return text(path[:i]+".wh."+path[i:], "")
}
func emptied(folder string) file { return text(folder+"/.wh..wh..opq", "") }

// layer is a history line with what its step left.
type layer struct {
	by    string
	files []file
}

func step(by string, files ...file) layer { return layer{by, files} }

// and is a layer with further files; one at the same path takes the place of the other.
func (l layer) and(files ...file) layer {
	kept := slices.Clone(l.files)
	for _, f := range files {
		kept = slices.DeleteFunc(kept, func(k file) bool { return k.path == f.path })
	}
	return layer{l.by, append(kept, files...)}
}

// Lines of history as builders write them.
const (
	rootFS  = "/bin/sh -c #(nop) ADD file:0f1c34d08a1b5e9d9d3c2d19e2dc2d2f83f5e6d2b4d3a2e4c1b0a9f8e7d6c5b4 in / "
	install = "RUN /bin/sh -c apt-get update && apt-get install -y app # buildkit"
	build   = "RUN /bin/sh -c make install # buildkit"
	copied  = "COPY /out /srv # buildkit"
)

// program is an ELF file of a few bytes, library one that is loaded.
func program(code string) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00\x3e\x00" + code
}

func library(code string) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x03\x00\x3e\x00" + code
}

func script(code string) string { return "#!/bin/sh\n" + code + "\n" }

const bytecode = "\xa7\r\r\n\x00\x00\x00\x00"

// deb is a package as dpkg installs it.
type deb struct {
	name, version, arch string
	maintainer          string
	// files are installed at the paths that they are recorded under; settings
	// are those of them that the status file has the digests of.
	files    []file
	settings []string
	// noSums leaves out the digests of all files.
	noSums bool
}

// app is a package of one program.
func app(version string) deb {
	return deb{name: "app", version: version, files: []file{exe("usr/bin/app", program(version))}}
}

// dpkg are the packages' files with dpkg's records of all.
func dpkg(packages ...deb) []file {
	var files []file
	var status strings.Builder
	for _, p := range packages {
		arch := cmp.Or(p.arch, "amd64")
		fmt.Fprintf(&status, "Package: %s\nStatus: install ok installed\nMaintainer: %s\nArchitecture: %s\nVersion: %s\n", p.name, p.maintainer, arch, p.version)
		name := p.name
		if p.arch != "" {
			name += ":" + p.arch
		}
		list, sums := "/.\n", ""
		if len(p.settings) > 0 {
			status.WriteString("Conffiles:\n")
		}
		for _, f := range p.files {
			list += "/" + f.path + "\n"
			switch {
			case f.target != "" || f.linked != "":
			case slices.Contains(p.settings, f.path):
				fmt.Fprintf(&status, " /%s %x\n", f.path, md5.Sum([]byte(f.content)))
			default:
				sums += fmt.Sprintf("%x  %s\n", md5.Sum([]byte(f.content)), f.path)
			}
		}
		status.WriteString("\n")
		files = append(files, p.files...)
		files = append(files, text("var/lib/dpkg/info/"+name+".list", list))
		if !p.noSums {
			files = append(files, text("var/lib/dpkg/info/"+name+".md5sums", sums))
		}
	}
	return append(files, text("var/lib/dpkg/status", status.String()))
}

// packed makes a layer's tar.
func packed(t testing.TB, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.path, Mode: f.mode, Uid: f.uid, Size: int64(len(f.content))}
		switch {
		case f.target != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, f.target
		case f.linked != "":
			h.Typeflag, h.Linkname = tar.TypeLink, f.linked
		case strings.HasSuffix(f.path, "/"):
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		}
		if f.capabilities != "" {
			h.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": f.capabilities}
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// examined passes layers through the real pass.
func examined(t testing.TB, layers ...layer) account.Input {
	t.Helper()
	look, err := scan.Content(scan.Rules{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := inspect.New(scan.Inspectors(look), inspect.DefaultLimits())
	in := account.Input{Base: 1}
	for i, l := range layers {
		e, err := p.Layer(t.Context(), bytes.NewReader(packed(t, l.files)), inspect.Blob{})
		if err != nil {
			t.Fatal(err)
		}
		in.Layers = append(in.Layers, e)
		in.Refs = append(in.Refs, inventory.LayerRef{Index: i, CreatedBy: l.by})
	}
	return in
}

// of makes the account of an image.
func of(t testing.TB, layers ...layer) *account.Account {
	t.Helper()
	a, _ := account.Of(examined(t, layers...))
	return a
}

// entries finds what the account says of a path, the lowest layer first.
func entries(a *account.Account, path string) []account.Entry {
	var found []account.Entry
	for _, e := range a.Entries {
		if e.Path == path {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(x, y account.Entry) int { return cmp.Compare(x.Layer.Index, y.Layer.Index) })
	return found
}

// entry is the one of the final image.
func entry(t *testing.T, a *account.Account, path string) account.Entry {
	t.Helper()
	var visible []account.Entry
	for _, e := range entries(a, path) {
		if e.Liveness == inventory.Visible {
			visible = append(visible, e)
		}
	}
	if len(visible) != 1 {
		t.Fatalf("%s stands in the final image %d times; the account holds %+v", path, len(visible), a.Entries)
	}
	return visible[0]
}

// goProgram is a file with a build record of Go's (debug/buildinfo), of the least
// size that a linker of Go's makes.
func goProgram() string {
	const (
		version = "go1.26.0"
		begin   = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
		end     = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"
		module  = begin + "path\texample.com/x\nmod\texample.com/x\tv1.2.3\th1:x=\ndep\tgolang.org/x/net\tv0.1.0\th1:x=\n" + end
	)
	b := make([]byte, 1<<20)
	copy(b, program(""))
	record := append([]byte("\xff Go buildinf:\x08\x02"), make([]byte, 16)...)
	record = append(binary.AppendUvarint(record, uint64(len(version))), version...)
	record = append(binary.AppendUvarint(record, uint64(len(module))), module...)
	copy(b[4096:], record)
	return string(b)
}
