package langpkg

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/langpkg/jar"
)

// plainELF is real machine code of this size without the marks of a Go
// program: this test's own, over and over.
func plainELF(b *testing.B, size int) []byte {
	b.Helper()
	path, err := os.Executable()
	if err != nil {
		b.Skip("the test's own file is not known:", err)
	}
	own, err := os.ReadFile(path)
	if err != nil {
		b.Skip(err)
	}
	for _, mark := range []string{"\xff Go buildinf:", "Go\x00\x00", "\xff Go build ID: "} {
		own = bytes.ReplaceAll(own, []byte(mark), make([]byte, len(mark)))
	}
	out := append(make([]byte, 0, size), "\x7fELF"...)
	for len(out) < size {
		out = append(out, own[:min(len(own), size-len(out))]...)
	}
	return out
}

func benchmarkStream(b *testing.B, i inspect.StreamInspector) {
	content := plainELF(b, 50<<20)
	f := &inspect.File{Path: "usr/bin/program", Size: int64(len(content))}
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		var out evidence.Fragment
		feed(b, i.Open(context.Background(), f, &out), content, 256<<10)
		if len(out.Packages)+len(out.Problems) > 0 {
			b.Fatal(lines(out))
		}
	}
}

func BenchmarkGoSearchInOtherProgram(b *testing.B)   { benchmarkStream(b, Go{}) }
func BenchmarkRustSearchInOtherProgram(b *testing.B) { benchmarkStream(b, Rust{}) }

func BenchmarkGoProgram(b *testing.B) {
	path, err := os.Executable()
	if err != nil {
		b.Skip(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		b.Skip(err)
	}
	f := &inspect.File{Path: "app", Size: int64(len(content))}
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		var out evidence.Fragment
		feed(b, Go{}.Open(context.Background(), f, &out), content, 256<<10)
	}
}

func BenchmarkPackageJSON(b *testing.B) {
	var deps bytes.Buffer
	for i := range 20 {
		fmt.Fprintf(&deps, "%q: \"^%d.0.0\",\n", fmt.Sprint("dependency-", i), i)
	}
	content := []byte(`{"name":"@scope/package","version":"1.2.3","description":"` + string(bytes.Repeat([]byte("text "), 30)) +
		`","license":"MIT","dependencies":{` + deps.String() + `"last":"1"},"devDependencies":{` + deps.String() +
		`"last":"1"},"scripts":{"test":"mocha \"x\""},"keywords":["a","b"],"files":["lib","index.js"]}`)
	f := &inspect.File{Path: "node_modules/@scope/package/package.json", Size: int64(len(content))}
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		var out evidence.Fragment
		if err := (Node{}).Inspect(context.Background(), f, content, &out); err != nil || len(out.Packages) != 1 {
			b.Fatal(err, out)
		}
	}
}

// BenchmarkJar reads an application archive of 40 stored libraries with 200
// classes each.
func BenchmarkJar(b *testing.B) {
	lib := func(n int) []byte {
		var buf bytes.Buffer
		z := zip.NewWriter(&buf)
		write(b, z, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nBundle-License: MIT\n", zip.Deflate)
		write(b, z, fmt.Sprintf("META-INF/maven/org.example/lib%d/pom.properties", n),
			fmt.Sprintf("groupId=org.example\nartifactId=lib%d\nversion=1.0\n", n), zip.Deflate)
		for i := range 200 {
			write(b, z, fmt.Sprintf("org/example/lib%d/Class%d.class", n, i), string(bytes.Repeat([]byte{byte(i), 1, 2, 3}, 500)), zip.Deflate)
		}
		z.Close()
		return buf.Bytes()
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for n := range 40 {
		write(b, z, fmt.Sprintf("BOOT-INF/lib/lib%d-1.0.jar", n), string(lib(n)), zip.Store)
	}
	z.Close()
	content := buf.Bytes()
	f := &inspect.File{Path: "app.jar", Size: int64(len(content))}
	for _, mode := range []string{"memory", "stream"} {
		b.Run(mode, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				var out evidence.Fragment
				if mode == "memory" {
					if err := (jar.Inspector{}).Inspect(context.Background(), f, content, &out); err != nil {
						b.Fatal(err)
					}
				} else {
					feed(b, jar.Inspector{}.Open(context.Background(), f, &out), content, 256<<10)
				}
				if len(out.Packages) != 40 {
					b.Fatal(lines(out))
				}
			}
		})
	}
}

func write(t testing.TB, z *zip.Writer, name, content string, method uint16) {
	t.Helper()
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
}
