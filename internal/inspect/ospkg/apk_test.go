package ospkg

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"plimsoll/internal/inventory"
)

const apkSample = `C:Q1HrNxYfqYPYuAXeqyWo5cjvLcHzc=
P:musl
V:1.2.4_git20230717-r4
A:x86_64
S:400688
I:634880
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Timo Teras <timo.teras@iki.fi>
t:1700000000
c:ca7f2ab5e88794e4e654b40776f8a92256f50639
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1xpx7fRQPOJhB8Ldsv0xE3LrIKy0=
R:libc.musl-x86_64.so.1
a:0:0:777
Z:Q17yJ3JFNypA4mxhJJr0ou6CzsJVI=

C:Q1abc=
P:openssl
V:3.1.4-r5
A:x86_64
L:Apache-2.0
o:openssl
D:so:libc.musl-x86_64.so.1 so:libcrypto.so.3 libcrypto3>=3.1 !libressl /bin/sh busybox@edge
p:cmd:openssl=3.1.4-r5
F:usr
F:usr/bin
R:openssl
F:etc/ssl
M:0:0:755

P:libcrypto3
V:3.1.4-r5
A:x86_64
o:openssl
p:so:libcrypto.so.3=3
F:
R:root-file

`

func TestApkInstalled(t *testing.T) {
	const path = "lib/apk/db/installed"
	out, err := look(t, path, apkSample)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "databases", []string{path}, out.Databases)
	same(t, "packages", []inventory.Package{
		{
			Type: "apk", Name: "musl", Version: "1.2.4_git20230717-r4", Arch: "x86_64", Licenses: []string{"MIT"},
			Source: &inventory.Source{Name: "musl", Version: "1.2.4_git20230717-r4"},
			Vendor: "Timo Teras <timo.teras@iki.fi>", Path: path, Inspector: "apk",
		},
		{
			Type: "apk", Name: "openssl", Version: "3.1.4-r5", Arch: "x86_64", Licenses: []string{"Apache-2.0"},
			Source:    &inventory.Source{Name: "openssl", Version: "3.1.4-r5"},
			DependsOn: []string{"musl", "libcrypto3"}, Path: path, Inspector: "apk",
		},
		{
			Type: "apk", Name: "libcrypto3", Version: "3.1.4-r5", Arch: "x86_64",
			Source: &inventory.Source{Name: "openssl", Version: "3.1.4-r5"}, Path: path, Inspector: "apk",
		},
	}, out.Packages)
	owned := map[string][]string{}
	for _, o := range out.Owned {
		owned[o.Package+" "+o.Version] = sums(t, &o)
	}
	same(t, "owned", map[string][]string{
		"musl 1.2.4_git20230717-r4": {
			"lib/ld-musl-x86_64.so.1 c69c7b7d140f389841f0b76cbf4c44dcbac82b2d", // of the target, as it is a link
			"lib/libc.musl-x86_64.so.1 ef2277245372a40e26c61249af4a2ee82cec2552",
		},
		"openssl 3.1.4-r5":    {"usr/bin/openssl "},
		"libcrypto3 3.1.4-r5": {"root-file "},
	}, owned)
}

func TestApkDigests(t *testing.T) {
	const sha1Of, sha256Of = "a9993e364706816aba3e25717850c26c9cd0d89d", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	for _, c := range []struct{ name, lines, want string }{
		{"SHA-1", "R:f\nZ:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\n", sha1Of},
		{"SHA-1 in hexadecimal", "R:f\nZ:X1" + sha1Of + "\n", sha1Of},
		{"SHA-256", "R:f\nZ:Q2ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\n", sha256Of},
		{"SHA-256 as a SHA-1 and the rest of it", "R:f\nZ:Q1ungWv48Bz+pBQUDeXa4iI7ADYaM=lhd6nLQQ/2HyABWt\n", sha256Of},
		{"MD5 of old", "R:f\nZ:900150983cd24fb0d6963f7d28e17f72\n", "900150983cd24fb0d6963f7d28e17f72"},
		{"the beginning of a SHA-256", "f:S\nR:f\nZ:Q1ungWv48Bz+pBQUDeXa4iI7ADYaM=\n", ""},
		{"a SHA-1 beside another flag", "f:fx\nR:f\nZ:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\n", sha1Of},
		{"no base64", "R:f\nZ:Q1qZk+!kcGgWq6PiVxeFDCbJzQ2J0=\n", ""},
		{"too short", "R:f\nZ:Q1qZk+\n", ""},
		{"empty", "R:f\nZ:\n", ""},
		{"only the first of two counts", "R:f\nZ:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\nZ:900150983cd24fb0d6963f7d28e17f72\n", sha1Of},
		{"of another line", "R:f\na:0:0:755:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\n", ""},
		{"of no file", "Z:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\nR:f\n", ""},
	} {
		out, err := look(t, "lib/apk/db/installed", "P:a\nV:1\n"+c.lines+"\nP:b\nV:1\nR:g\nZ:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\n\n")
		if err != nil || len(out.Owned) != 2 {
			t.Fatalf("%s: %+v, %v", c.name, out, err)
		}
		same(t, c.name, []string{"f " + c.want}, sums(t, &out.Owned[0]))
		same(t, c.name+", the next package", []string{"g " + sha1Of}, sums(t, &out.Owned[1]))
	}
}

func TestApkDamageIsSaidAndTheRestKept(t *testing.T) {
	for name, content := range map[string]string{
		"broken off in a line":        "P:a\nV:1-r0\n\nP:b\nV:2-r",
		"broken off before a version": "P:a\nV:1-r0\n\nP:b\n",
		"no field":                    "P:a\nV:1-r0\n\nnonsense\n",
		"damage in the middle":        "V:1\n\nP:a\nV:1-r0\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			out, err := look(t, "lib/apk/db/installed", content)
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("error %v, want one that wraps ErrDamaged", err)
			}
			if len(out.Packages) == 0 || out.Packages[0].Name != "a" {
				t.Errorf("packages %v, want a among them", out.Packages)
			}
		})
	}
}

func TestApkEmptyIsADatabaseWithoutPackages(t *testing.T) {
	out, err := look(t, "usr/lib/apk/db/installed", "")
	if err != nil || len(out.Packages) > 0 || len(out.Databases) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestApkRefusesMorePackagesThanAnyDistributionHas(t *testing.T) {
	out, err := look(t, "lib/apk/db/installed", strings.Repeat("P:a\nV:1\n\n", maxPackages+1))
	if !errors.Is(err, ErrTooLarge) || len(out.Packages) != maxPackages {
		t.Errorf("%d packages, error %v", len(out.Packages), err)
	}
}

func FuzzApk(f *testing.F) {
	f.Add([]byte(apkSample))
	f.Add([]byte("P:\nR:\nF:a\nR:b\nD:<>= ! @\n\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		out, _ := look(t, "lib/apk/db/installed", string(content))
		checkLists(t, &out)
		for _, p := range out.Packages {
			if p.Name == "" || p.Version == "" {
				t.Errorf("package %+v", p)
			}
		}
	})
}

func BenchmarkApk200(b *testing.B) {
	var s strings.Builder
	for i := range 200 {
		fmt.Fprintf(&s, "C:Q1abc=\nP:example%d\nV:1.%d-r0\nA:x86_64\nL:MIT\no:example%d\nD:so:libc.so so:libexample%d.so\np:so:libexample%d.so=1\n", i, i, i/2, i/2, i)
		for j := range 50 {
			fmt.Fprintf(&s, "F:usr/share/example%d/%d\nR:file\na:0:0:755\nZ:Q17yJ3JFNypA4mxhJJr0ou6CzsJVI=\n", i, j)
		}
		s.WriteByte('\n')
	}
	content := s.String()
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if out, err := look(b, "lib/apk/db/installed", content); err != nil || len(out.Packages) != 200 {
			b.Fatal(err)
		}
	}
}
