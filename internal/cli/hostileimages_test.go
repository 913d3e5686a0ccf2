package cli

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hostileImages is the corpus.
func hostileImages() map[string]hostile {
	all := map[string]hostile{}
	for _, part := range []map[string]hostile{
		brokenBlobs(), bombs(), lyingTars(), hostileNames(), hugeClaims(), hostileContent(), crowds(),
	} {
		maps.Copy(all, part)
	}
	return all
}

// layout makes an OCI layout of one image.
func layoutOf(img built) func(string) (string, error) {
	return func(dir string) (string, error) {
		out := filepath.Join(dir, "image")
		return out, writeForm(out, "oci", "gzip", []built{img})
	}
}

// oneLayer makes an image of one layer with these files.
func oneLayer(entries ...entry) func(string) (string, error) {
	return func(dir string) (string, error) {
		return layoutOf(build(configuration{}, step{by: "COPY . /", tar: tarOf(entries...)}))(dir)
	}
}

// oneFile makes an image of one layer with one file, whose content is made
// when it is needed.
func oneFile(name string, content func() string) func(string) (string, error) {
	return func(dir string) (string, error) {
		return oneLayer(debian, entry{name: name, content: content()})(dir)
	}
}

// storedLayer makes an image of one layer whose stored bytes are given: its
// digest is right, its diff ID is not.
func storedLayer(dir string, stored []byte) (string, error) {
	b := blobs{}
	img := build(configuration{}, step{by: "COPY . /", diff: "sha256:" + strings.Repeat("0", 64)})
	d := describe(manifestType, b.add(marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": describe(configType, b.add(img.config)),
		"layers": []descriptor{describe(layerType+"+gzip", b.add(stored))},
	})))
	out := filepath.Join(dir, "image")
	return out, b.top(d).folder(out)
}

var debian = entry{name: "etc/os-release", content: "ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"}

func dpkg(name, version string) string {
	return fmt.Sprintf("Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n\n", name, version)
}

// brokenBlobs are cut off, or are not what a digest promises.
func brokenBlobs() map[string]hostile {
	noise := noise(300_000)
	layer := tarOf(debian, entry{name: "var/lib/dpkg/status", content: dpkg("openssl", "3.0.11-1~deb12u1")}, entry{name: "usr/share/noise", content: string(noise)})
	status := []int{3}
	return map[string]hostile{
		"a layer cut off before it was digested": {status: status, says: []string{"ends too early", "CVE-2023-5363"}, make: func(dir string) (string, error) {
			stored := gzipped(layer)
			return storedLayer(dir, stored[:len(stored)/2])
		}},
		"a layer with a flipped bit in the middle": {status: status, says: []string{"image damaged", "CVE-2023-5363"}, make: func(dir string) (string, error) {
			stored := gzipped(layer)
			stored[len(stored)-1000] ^= 0x10
			return storedLayer(dir, stored)
		}},
		"a layer of another content than its diff ID": {status: status, says: []string{"the configuration names the uncompressed layer", "CVE-2023-5363"}, make: func(dir string) (string, error) {
			return storedLayer(dir, gzipped(layer))
		}},
		"a layer of another content than its digest": {status: status, says: []string{"the manifest names"}, make: func(dir string) (string, error) {
			b := blobs{}
			d := b.manifest(build(configuration{}, step{tar: layer}), "gzip")
			for name, raw := range b {
				if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
					b[name] = bytes.Clone(raw)
					b[name][4] ^= 1 // the time in the gzip header: still the same tar
				}
			}
			out := filepath.Join(dir, "image")
			return out, b.top(d).folder(out)
		}},
		"a layer that is no archive": {status: status, says: []string{"image damaged"}, make: func(dir string) (string, error) { return storedLayer(dir, noise) }},
		"a layer of nothing":         {status: status, says: []string{"image damaged"}, make: func(dir string) (string, error) { return storedLayer(dir, nil) }},
		"a gzip header alone":        {status: status, says: []string{"image damaged"}, make: func(dir string) (string, error) { return storedLayer(dir, []byte{0x1f, 0x8b, 8}) }},
		"a zstd header alone":        {status: status, says: []string{"image damaged"}, make: func(dir string) (string, error) { return storedLayer(dir, []byte{0x28, 0xb5, 0x2f, 0xfd}) }},
		"a zstd frame that wants 2 GB at once": {status: status, says: []string{"image damaged"}, make: func(dir string) (string, error) {
			return storedLayer(dir, append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8}, noise...))
		}},
	}
}

// members is a gzip stream of tar header and then n times 64 MB of zeros.
func members(h *tar.Header, n int) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	tw := tar.NewWriter(w)
	if err := tw.WriteHeader(h); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	zeros := gzipped(make([]byte, 64<<20))
	for range n {
		buf.Write(zeros)
	}
	return buf.Bytes()
}

func bombs() map[string]hostile {
	bomb := func(name string) func(string) (string, error) {
		return func(dir string) (string, error) {
			return storedLayer(dir, members(&tar.Header{Name: name, Mode: 0o755, Size: 512 << 30, Typeflag: tar.TypeReg, Format: tar.FormatGNU}, 1024))
		}
	}
	status, limit := []int{3}, []string{"bytes unpacked from each stored byte"}
	return map[string]hostile{
		"a gzip bomb that nobody looks into": {status: status, says: limit, make: bomb("usr/share/zeros")},
		"a gzip bomb as a package database":  {status: status, says: limit, make: bomb("var/lib/dpkg/status"), heavy: true},
		"a gzip bomb as a jar":               {status: status, says: limit, make: bomb("app/app.jar"), heavy: true},
		"a gzip bomb as a program":           {status: status, says: limit, make: bomb("usr/local/bin/python3"), heavy: true},
		"a gzip bomb as an RPM database":     {status: status, says: limit, make: bomb("var/lib/rpm/rpmdb.sqlite"), heavy: true},
		"a gzip bomb around a whole archive": {heavy: true, status: status, says: []string{"beyond a limit"}, make: func(dir string) (string, error) {
			out := filepath.Join(dir, "bomb.tar.gz")
			return out, os.WriteFile(out, members(&tar.Header{Name: "layer.tar", Size: 512 << 30, Typeflag: tar.TypeReg, Format: tar.FormatGNU}, 100), 0o644)
		}},
		"a jar of one enormous properties file": {status: []int{3}, make: oneFile("app/app.jar", func() string { return jar("META-INF/maven/a/b/pom.properties", strings.Repeat("a=b\n", 32<<20)) }), heavy: true},
		"jars in jars, 50 deep":                 {status: []int{3}, says: []string{"app/app.jar"}, make: oneFile("app/app.jar", func() string { return nestedJars(50) })},
		"a jar of 100,000 jars":                 {status: []int{0, 3}, make: oneFile("app/app.jar", func() string { return manyJars(100_000) }), heavy: true},
	}
}

func jar(name, content string) string {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.Create(name)
	if err != nil {
		panic(err)
	}
	if _, err := io.WriteString(f, content); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.String()
}

func nestedJars(depth int) string {
	inner := jar("META-INF/maven/org.deep/deep/pom.properties", "groupId=org.deep\nartifactId=deep\nversion=1.0\n")
	for range depth {
		inner = jar("BOOT-INF/lib/inner.jar", inner)
	}
	return inner
}

func manyJars(n int) string {
	inner := jar("META-INF/maven/org.a/a/pom.properties", "groupId=org.a\nartifactId=a\nversion=1.0\n")
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i := range n {
		f, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("lib/%d.jar", i), Method: zip.Store})
		if err != nil {
			panic(err)
		}
		if _, err := io.WriteString(f, inner); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.String()
}

// lyingTars claim sizes, paths and links that can't be.
func lyingTars() map[string]hostile {
	cut := func(size int64, name string) func(string) (string, error) {
		return func(dir string) (string, error) {
			var buf bytes.Buffer
			w := tar.NewWriter(&buf)
			for _, e := range []entry{debian, {name: "var/lib/dpkg/status.d/openssl", content: dpkg("openssl", "3.0.11-1~deb12u1")}} {
				if err := w.WriteHeader(&tar.Header{Name: e.name, Size: int64(len(e.content)), Typeflag: tar.TypeReg}); err != nil {
					return "", err
				}
				if _, err := io.WriteString(w, e.content); err != nil {
					return "", err
				}
			}
			if err := w.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o755, Typeflag: tar.TypeReg, Format: tar.FormatGNU}); err != nil {
				return "", err
			}
			buf.WriteString("only this")
			return storedLayer(dir, gzipped(buf.Bytes()))
		}
	}
	says := []string{"ends too early", "CVE-2023-5363"}
	return map[string]hostile{
		"an entry that claims a terabyte":             {status: []int{3}, says: says, make: cut(1<<40, "usr/share/doc/x")},
		"a package database that claims a terabyte":   {status: []int{3}, says: says, make: cut(1<<40, "var/lib/dpkg/status")},
		"a package database that claims 40 megabytes": {status: []int{3}, says: says, make: cut(40<<20, "var/lib/dpkg/status")},
		"an executable that claims an exabyte":        {status: []int{3}, says: says, make: cut(1<<60, "usr/bin/node")},
		"an entry of negative size": {status: []int{3}, says: []string{"image damaged", "CVE-2023-5363"}, make: func(dir string) (string, error) {
			raw := tarOf(debian, entry{name: "var/lib/dpkg/status", content: dpkg("openssl", "3.0.11-1~deb12u1")}, entry{name: "x", content: "y"})
			at := bytes.LastIndex(raw, []byte("00000000001\x00"))
			copy(raw[at:], bytes.Repeat([]byte{0xff}, 12)) // base-256, minus one
			checksum(raw[at-124 : at-124+512])
			return storedLayer(dir, gzipped(raw))
		}},
		"paths that climb out and start at the root": {status: []int{0}, says: []string{"CVE-2023-5363"}, make: oneLayer(
			entry{name: "../../../../etc/os-release", content: debian.content},
			entry{name: "/var/lib/../lib//./dpkg/status", content: dpkg("openssl", "3.0.11-1~deb12u1")},
			entry{name: "..", typeflag: tar.TypeDir}, entry{name: "/", typeflag: tar.TypeDir}, entry{name: "../../.wh.etc", content: ""})},
		"links in circles": {status: []int{0}, says: []string{"CVE-2023-5363"}, make: oneLayer(
			entry{name: "etc/os-release", link: "../usr/lib/os-release"}, entry{name: "usr/lib/os-release", link: "../../etc/os-release"},
			entry{name: "a", link: "b"}, entry{name: "b", link: "a"}, entry{name: "lib", link: "."}, entry{name: "self", link: "self"},
			entry{name: "hard", link: "hard", typeflag: tar.TypeLink},
			entry{name: "app/node_modules/lodash/package.json", content: `{"name":"lodash","version":"4.17.20"}`},
			entry{name: "var/lib/dpkg/status", content: dpkg("openssl", "3.0.11-1~deb12u1")}, debian)},
		"the same package database 10,000 times": {status: []int{0}, says: []string{"CVE-2023-5363"}, make: oneLayer(
			append(slices.Repeat([]entry{{name: "var/lib/dpkg/status", content: dpkg("openssl", "3.0.11-1~deb12u1")}}, 10_000), debian)...)},
		"a path of half a megabyte": {status: []int{0, 3}, make: oneLayer(debian, entry{name: strings.Repeat("a/", 250_000) + "package.json", content: "{}"})},
	}
}

// checksum makes a tar header's checksum right again.
func checksum(h []byte) {
	copy(h[148:156], "        ")
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

// hostileNames want to drive the terminal or the workflow that prints them.
func hostileNames() map[string]hostile {
	const evil = "x\x1b[2J\x1b]0;owned\x07\r\n::error file=a::pwned\u202eexe.\u200b\u2066\x9b31m\x00\x7f\u2028##[error]y"
	steps := []step{
		{by: "RUN " + evil, tar: tarOf(entry{name: "etc/os-release", content: "ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian " + strings.ReplaceAll(strings.ReplaceAll(evil, "\n", ""), "\x00", "") + "\"\n"})},
		{by: "::error::" + evil, tar: tarOf(
			entry{name: "var/lib/dpkg/status", content: dpkg("openssl", "3.0.11-1~deb12u1") + dpkg("libssl3\x1b[31m\u202e", "1\x1b[0m")},
			entry{name: "app/node_modules/\x1b[2Jlodash\u202e/package.json", content: string(marshal(map[string]string{"name": "lodash", "version": "4.17.20"}))},
			entry{name: "app/node_modules/evil/package.json", content: string(marshal(map[string]string{"name": evil, "version": evil}))},
			entry{name: "app/::error::\r\nx/setuptools-57.5.0.dist-info/METADATA", content: "Name: setuptools\nVersion: 57.5.0\n"},
			entry{name: "app/\x1b[31mbroken/node_modules/a/package.json", content: "{" + evil},
			entry{name: "app/\r::error::x.jar", content: "PK\x03\x04 no jar"},
		)},
	}
	c := configuration{env: []string{"A=" + evil}, labels: map[string]string{evil: evil, "org.opencontainers.image.base.name": evil, "org.opencontainers.image.title": evil}}
	on := c
	on.platform = "lin\x1b[31mux/amd\u202e64"
	return map[string]hostile{
		"names that drive terminals": {status: []int{0, 3}, says: []string{"CVE-2022-40897"}, make: layoutOf(build(c, steps...))},
		"a platform that does":       {status: []int{0, 3}, make: layoutOf(build(on, steps...))},
		"a file name that does":      {status: []int{3}, make: func(dir string) (string, error) { return filepath.Join(dir, "::error::\x1b[2J\u202e.tar"), nil }},
		"a manifest that does": {status: []int{3}, make: func(dir string) (string, error) {
			b := blobs{}
			b.top(descriptor{"mediaType": manifestType + evil, "digest": "sha256:" + evil, "size": 1})
			out := filepath.Join(dir, "image")
			return out, b.folder(out)
		}},
		"a saved image's names that do": {status: []int{3}, make: func(dir string) (string, error) {
			b := blobs{"manifest.json": marshal([]map[string]any{
				{"Config": evil, "RepoTags": []string{evil}, "Layers": []string{evil}}, {"Config": evil, "RepoTags": []string{evil + "2"}, "Layers": []string{evil}},
			})}
			out := filepath.Join(dir, "a.tar")
			return out, os.WriteFile(out, b.tar(), 0o644)
		}},
	}
}

// hugeClaims claim more than any image has.
func hugeClaims() map[string]hostile {
	raw := func(manifest func() []byte) func(string) (string, error) {
		return func(dir string) (string, error) {
			b := blobs{}
			out := filepath.Join(dir, "image")
			return out, b.top(describe(manifestType, b.add(manifest()))).folder(out)
		}
	}
	one := describe(layerType, []byte("x"))
	layers := func(n int) []byte {
		return marshal(map[string]any{"schemaVersion": 2, "config": one, "layers": slices.Repeat([]descriptor{one}, n)})
	}
	status, limit := []int{3}, []string{"beyond a limit"}
	return map[string]hostile{
		"100,000 layers in a manifest": {status: status, says: limit, make: raw(func() []byte { return layers(100_000) })},
		"20,000 layers in a manifest":  {status: status, says: limit, make: raw(func() []byte { return layers(20_000) })},
		"a manifest of 50 MB":          {status: status, says: limit, make: raw(func() []byte { return fmt.Appendf(nil, `{"schemaVersion":2,"x":%q}`, strings.Repeat("x", 50<<20)) })},
		"a manifest of brackets":       {status: status, make: raw(func() []byte { return []byte(strings.Repeat("[", 1<<20)) })},
		"100,000 manifests in an index": {status: status, says: limit, make: func(dir string) (string, error) {
			out := filepath.Join(dir, "image")
			return out, blobs{}.top(slices.Repeat([]descriptor{describe(manifestType, []byte("x"))}, 10_000)...).folder(out)
		}},
		"an index that points to itself": {status: status, says: []string{"image damaged"}, make: func(dir string) (string, error) {
			b := blobs{}
			digest := "sha256:" + strings.Repeat("ab", 32)
			self := descriptor{"mediaType": indexType, "digest": digest}
			content := marshal(map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": []descriptor{self}})
			b["blobs/sha256/"+strings.Repeat("ab", 32)] = content
			self["size"] = len(content)
			out := filepath.Join(dir, "image")
			return out, b.top(self).folder(out)
		}},
		"indexes in indexes": {status: status, says: limit, make: func(dir string) (string, error) {
			b := blobs{}
			d := b.manifest(build(configuration{}, step{tar: tarOf(debian)}), "gzip")
			delete(d, "platform")
			for range 200 {
				d = describe(indexType, b.add(marshal(map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": []descriptor{d}})))
			}
			out := filepath.Join(dir, "image")
			return out, b.top(d).folder(out)
		}},
		"a configuration of a million history lines": {status: []int{0, 3}, memory: 400, make: func(dir string) (string, error) {
			img := build(configuration{}, step{by: "COPY", tar: tarOf(debian)})
			img.config = bytes.Replace(img.config, []byte(`"history":[`), []byte(`"history":[`+strings.Repeat(`{},`, 1<<20)), 1)
			return layoutOf(img)(dir)
		}},
		"4,000 layers that are one": {status: []int{0}, make: func(dir string) (string, error) {
			return layoutOf(build(configuration{}, slices.Repeat([]step{{by: "COPY", tar: tarOf(debian)}}, 4000)...))(dir)
		}},
	}
}

// noise is the same random bytes every time.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; i+8 <= n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b
}

// hostileContent are files that inspectors read, and that are not what they seem.
func hostileContent() map[string]hostile {
	file := oneFile
	incomplete := []int{3}
	sqlite := func() string {
		b := make([]byte, 64<<10)
		copy(b, "SQLite format 3\x00")
		binary.BigEndian.PutUint16(b[16:], 4096)
		b[18], b[19], b[21], b[22], b[23] = 1, 1, 64, 32, 32
		binary.BigEndian.PutUint32(b[28:], 1<<31-1) // pages
		b[100] = 5                                  // an interior page
		binary.BigEndian.PutUint16(b[103:], 100)    // of 100 cells
		binary.BigEndian.PutUint32(b[108:], 1)      // whose children are itself
		for i := 112; i < 1000; i += 2 {
			binary.BigEndian.PutUint16(b[i:], 108)
		}
		return string(b)
	}
	return map[string]hostile{
		"a dpkg status of 64 MB of garbage":  {status: incomplete, says: []string{"var/lib/dpkg/status"}, make: file("var/lib/dpkg/status", func() string { return string(noise(64 << 20)) }), heavy: true},
		"a dpkg status of 60 MB in one line": {status: []int{0, 3}, make: file("var/lib/dpkg/status", func() string { return "Package: " + strings.Repeat("x", 60<<20) }), heavy: true},
		"a dpkg status of a million packages": {status: []int{0, 3}, memory: 1024, make: file("var/lib/dpkg/status", func() string {
			return strings.Repeat("Package: x\nStatus: install ok installed\nVersion: 1\n\n", 1_000_000)
		}), heavy: true},
		"an Alpine database of garbage":            {status: incomplete, says: []string{"lib/apk/db/installed"}, make: file("lib/apk/db/installed", func() string { return string(noise(4 << 20)) })},
		"an RPM database of garbage (Berkeley DB)": {status: incomplete, says: []string{"var/lib/rpm/Packages"}, make: file("var/lib/rpm/Packages", func() string { return string(noise(4 << 20)) })},
		"an RPM database of garbage (NDB)":         {status: incomplete, says: []string{"Packages.db"}, make: file("usr/lib/sysimage/rpm/Packages.db", func() string { return "RpmP" + string(noise(4<<20)) })},
		"an RPM database of garbage (SQLite)":      {status: incomplete, says: []string{"rpmdb.sqlite"}, make: file("var/lib/rpm/rpmdb.sqlite", func() string { return "SQLite format 3\x00" + string(noise(4<<20)) })},
		"an SQLite file that lies":                 {status: incomplete, says: []string{"rpmdb.sqlite"}, make: file("var/lib/rpm/rpmdb.sqlite", func() string { return sqlite() })},
		"an empty RPM database":                    {status: []int{0, 3}, make: file("var/lib/rpm/rpmdb.sqlite", func() string { return "" })},
		"a jar that is none":                       {status: []int{0, 3}, make: file("app/app.jar", func() string { return "PK\x03\x04" + string(noise(1<<20)) })},
		"a Go program that lies": {status: []int{0, 3}, make: file("usr/local/bin/app", func() string {
			return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00\x3e\x00" + string(noise(100_000)) + "\xff Go buildinf:\x08\x02" + string(noise(1000))
		})},
		"a package.json 100,000 deep": {status: []int{0}, says: []string{"1 package: 1 npm"}, make: file("app/node_modules/a/package.json", func() string {
			return `{"name":"a","version":"1","x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}"
		})},
		"an os-release of 10 MB":       {status: []int{0, 3}, make: file("usr/lib/os-release", func() string { return strings.Repeat("NAME=x\n", 10<<20/7) })},
		"an installed.json of numbers": {status: []int{0, 3}, make: file("app/vendor/composer/installed.json", func() string { return `{"packages":[` + strings.Repeat("1e999999999,", 1<<20) + `1]}` })},
	}
}

// crowds are many small things.
func crowds() map[string]hostile {
	return map[string]hostile{
		"10,000 package.json of hostile JSON": {status: []int{0}, says: []string{"app/node_modules/p9996/package.json: package.json: not valid JSON", "2,000 packages"}, make: func(dir string) (string, error) {
			forms := []string{
				`{"name":["a"],"version":{"b":1}}`, `{"name":"a"`, "", "null", "[]", "\xff\xfe{", `{"name":"a","version":"1","license":` + strings.Repeat(`{"type":`, 2000),
				`{"name":"` + strings.Repeat("n", 100_00) + `","version":"1"}`, `{"name":"a","name":"b","version":"\ud800"}`, `{"name":"../../x","version":"1;rm"}`,
			}
			var all []entry
			for i := range 10_000 {
				all = append(all, entry{name: fmt.Sprintf("app/node_modules/p%d/package.json", i), content: forms[i%len(forms)]})
			}
			return oneLayer(all...)(dir)
		}},
		"a million tiny files": {heavy: true, status: []int{0}, memory: 512, says: []string{"1,000,000 files"}, make: func(dir string) (string, error) {
			return tinyFiles(dir, 1_000_000)
		}},
	}
}

// tinyFiles streams a layer of n files to disk.
func tinyFiles(dir string, n int) (string, error) {
	var stored bytes.Buffer
	z, err := gzip.NewWriterLevel(&stored, gzip.BestSpeed)
	if err != nil {
		return "", err
	}
	w := tar.NewWriter(z)
	for i := range n {
		name := fmt.Sprintf("srv/%03d/%03d/%d", i/100_000, i/100%1000, i)
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	raw, err := gzip.NewReader(bytes.NewReader(stored.Bytes()))
	if err != nil {
		return "", err
	}
	diff, err := digestReader(raw)
	if err != nil {
		return "", err
	}
	b := blobs{}
	img := build(configuration{}, step{by: "COPY . /", diff: diff})
	d := describe(manifestType, b.add(marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": describe(configType, b.add(img.config)),
		"layers": []descriptor{describe(layerType+"+gzip", b.add(stored.Bytes()))},
	})))
	out := filepath.Join(dir, "image")
	return out, b.top(d).folder(out)
}
