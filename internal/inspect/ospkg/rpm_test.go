package ospkg

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plimsoll/internal/inventory"
)

// rpmFixture returns a database made by rpmdb/testdata/make.sh.
func rpmFixture(tb testing.TB, name string) string {
	tb.Helper()
	f, err := os.Open(filepath.Join("rpmdb", "testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return string(content)
}

var rpmForms = map[string]string{
	"usr/lib/sysimage/rpm/rpmdb.sqlite": "rpmdb.sqlite.gz",
	"usr/lib/sysimage/rpm/Packages.db":  "Packages.db.gz",
	"var/lib/rpm/Packages":              "Packages-big-endian.gz",
}

func TestRPM(t *testing.T) {
	for path, file := range rpmForms {
		t.Run(file, func(t *testing.T) {
			out, err := look(t, path, rpmFixture(t, file))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "databases", []string{path}, out.Databases)
			byName := map[string]inventory.Package{}
			for _, p := range out.Packages {
				byName[p.Name] = p
			}
			same(t, "packages", 14, len(byName))
			same(t, "example-tool", inventory.Package{
				Type: "rpm", Name: "example-tool", Version: "1:5.1.8-6.el9_1", Arch: "x86_64",
				Source:   &inventory.Source{Name: "example-tool", Version: "1:5.1.8-6.el9_1"},
				Module:   "example:8.1:8050020211018150001:b4937e53",
				Vendor:   "Example Linux",
				Licenses: []string{"MIT and (GPLv2+ or Artistic)"},
				// /bin/sh has no provider here; the library is resolved to its package.
				DependsOn: []string{"example-data", "libexample"},
				Path:      path, Inspector: "rpm",
			}, byName["example-tool"])
			same(t, "an epoch of 0 is kept as recorded", "0:2023c-1", byName["example-data"].Version)
			for _, o := range out.Owned {
				same(t, "database", path, o.Database)
				if o.Package == "example-tool" {
					same(t, "version", "1:5.1.8-6.el9_1", o.Version)
					same(t, "files", []string{
						"usr/bin/example ", // a link
						"usr/bin/example-tool 67948dd9afd6afe5043b0029d5aa7cf0f8b2824baf16f4f097d40d830edb686d",
					}, sums(t, &o))
				}
			}
			same(t, "owned", 14, len(out.Owned))
		})
	}
}

// TestRPMDigestsFitTheirAlgorithm takes the algorithm's number away: digests that
// are not as long as an MD5, which is meant then, can't be compared.
func TestRPMDigestsFitTheirAlgorithm(t *testing.T) {
	algorithm, other := "\x00\x00\x13\x93\x00\x00\x00\x04", "\x00\x00\x7f\x93\x00\x00\x00\x04"
	content := strings.ReplaceAll(rpmFixture(t, "rpmdb.sqlite.gz"), algorithm, other)
	out, err := look(t, "var/lib/rpm/rpmdb.sqlite", content)
	if err != nil || len(out.Owned) != 14 {
		t.Fatalf("%d lists, %v", len(out.Owned), err)
	}
	for _, o := range out.Owned {
		for d := range o.Digests.All() {
			if len(d) > 0 {
				t.Fatalf("%s has the digest %x", o.Package, d)
			}
		}
	}
}

func TestRPMDamageIsSaidAndTheRestKept(t *testing.T) {
	for path, file := range rpmForms {
		whole := rpmFixture(t, file)
		out, err := look(t, path, whole[:len(whole)*95/100])
		if !errors.Is(err, ErrDamaged) || len(out.Packages) == 0 || len(out.Databases) != 1 {
			t.Errorf("%s: %d packages, error %v", file, len(out.Packages), err)
		}
	}
	for _, content := range []string{"", "plain text that is no database"} {
		if out, err := look(t, "var/lib/rpm/Packages", content); !errors.Is(err, ErrDamaged) || len(out.Databases) != 1 {
			t.Errorf("%q: error %v, want one that wraps ErrDamaged", content, err)
		}
	}
}

func TestRPMWriteAheadLogIsAProblemOnlyWhereItHoldsSomething(t *testing.T) {
	if got := wanted("var/lib/rpm/rpmdb.sqlite-wal"); len(got) != 1 {
		t.Errorf("a log of 100 bytes is wanted by %v", got)
	}
	if _, err := look(t, "var/lib/rpm/rpmdb.sqlite-wal", ""); err != nil {
		t.Errorf("empty log: %v", err)
	}
	if _, err := look(t, "var/lib/rpm/rpmdb.sqlite-wal", string(make([]byte, 5000))); !errors.Is(err, errPendingWAL) {
		t.Errorf("log with a frame: %v", err)
	}
}

func TestRPMSource(t *testing.T) {
	for _, c := range []struct{ file, epoch, binary, want string }{
		{"bash-5.1.8-6.el9_1.src.rpm", "", "5.1.8-6.el9_1", "bash 5.1.8-6.el9_1"},
		{"openssl-libs-1.0-2.src.rpm", "1", "1.0-2", "openssl-libs 1:1.0-2"},
		{"perl-5.32.1-480.el9.src.rpm", "4", "1.30-480.el9", "perl 5.32.1-480.el9"},
		{"kernel-5.14.0-1.nosrc.rpm", "", "", "kernel 5.14.0-1"},
		{"", "", "", ""},
		{"(none)", "", "", ""},
		{"short.src.rpm", "", "", ""},
		{"-1-2.src.rpm", "", "", ""},
	} {
		got := ""
		if s := rpmSource(c.file, c.epoch, c.binary); s != nil {
			got = s.Name + " " + s.Version
		}
		same(t, c.file, c.want, got)
	}
}

func TestRPMManifest(t *testing.T) {
	const path = "var/lib/rpmmanifest/container-manifest-2"
	out, err := look(t, path,
		"glibc\t2.35-7.cm2\t1701718339\t1701451411\tMicrosoft Corporation\t(none)\t10855265\tx86_64\t0\tglibc-2.35-7.cm2.src.rpm\n"+
			"openssl-libs\t1.1.1k-28.cm2\t1701718341\t1701451411\tMicrosoft Corporation\t1\t4365248\tx86_64\t1\topenssl-1.1.1k-28.cm2.src.rpm\n"+
			"gpg-pubkey\t3135ce90-5e6fda74\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "databases", []string{path}, out.Databases)
	same(t, "packages", []inventory.Package{
		{
			Type: "rpm", Name: "glibc", Version: "2.35-7.cm2", Arch: "x86_64", Vendor: "Microsoft Corporation",
			Source: &inventory.Source{Name: "glibc", Version: "2.35-7.cm2"}, Path: path, Inspector: "rpm-manifest",
		},
		{
			Type: "rpm", Name: "openssl-libs", Version: "1:1.1.1k-28.cm2", Arch: "x86_64", Vendor: "Microsoft Corporation",
			Source: &inventory.Source{Name: "openssl", Version: "1:1.1.1k-28.cm2"}, Path: path, Inspector: "rpm-manifest",
		},
	}, out.Packages)
	if _, err := look(t, path, "glibc\t2.35-7.cm2\n"); !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v, want one that wraps ErrDamaged", err)
	}
}

func FuzzRPM(f *testing.F) {
	whole := rpmFixture(f, "Packages.db.gz")
	f.Add([]byte(whole[:4096])) // package rpmdb has a fuzz target of its own
	f.Add([]byte("a\t1\t\t\t\t\t\t\t\ta-1-1.src.rpm\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, path := range []string{"var/lib/rpm/Packages", "var/lib/rpmmanifest/container-manifest-2"} {
			out, _ := look(t, path, string(content))
			checkLists(t, &out)
			for _, p := range out.Packages {
				if p.Name == "" || p.Version == "" {
					t.Errorf("package %+v", p)
				}
			}
		}
	})
}

func BenchmarkRPM(b *testing.B) {
	for path, file := range rpmForms {
		content := rpmFixture(b, file)
		b.Run(filepath.Base(path), func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if out, err := look(b, path, content); err != nil || len(out.Packages) != 14 {
					b.Fatal(err)
				}
			}
		})
	}
}
