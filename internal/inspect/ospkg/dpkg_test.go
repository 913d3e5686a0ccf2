package ospkg

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

const dpkgStatusSample = `Package: adduser
Status: install ok installed
Priority: important
Section: admin
Installed-Size: 686
Maintainer: Debian Adduser Developers <adduser@packages.debian.org>
Architecture: all
Multi-Arch: foreign
Version: 3.134
Depends: passwd
Conffiles:
 /etc/adduser.conf cc3493ecd2d09837ffdcc3e25fdfff18
Description: add and remove users and groups
 Package: not-a-package
 .
 Version: 0

Package: libgcc-s1
Status: install ok installed
Architecture: amd64
Source: gcc-12
Version: 12.2.0-14+deb12u1
Depends: gcc-12-base (= 12.2.0-14+deb12u1), libc6 (>= 2.35)

Package: bsdutils
Essential: yes
Status: install ok installed
Architecture: amd64
Source: util-linux (2.38.1-5+deb12u3)
Version: 1:2.38.1-5+deb12u3
Pre-Depends: libc6 (>= 2.34), libsystemd0
Depends:
 default-mta | mail-transport-agent,
 python3:any (>= 3.11~),
 libc6 (<< 3)

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

package: half
STATUS: install reinstreq half-installed
architecture: amd64
version: 2.0

Package: never
Status: unknown ok not-installed
`

func TestDpkgStatus(t *testing.T) {
	const path = "var/lib/dpkg/status"
	out, err := look(t, path, dpkgStatusSample)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "databases", []string{path}, out.Databases)
	same(t, "packages", []inventory.Package{
		{
			Type: "deb", Name: "adduser", Version: "3.134", Arch: "all", Path: path, Inspector: "dpkg",
			Vendor: "Debian Adduser Developers <adduser@packages.debian.org>", DependsOn: []string{"passwd"},
		},
		{
			Type: "deb", Name: "libgcc-s1", Version: "12.2.0-14+deb12u1", Arch: "amd64", Path: path, Inspector: "dpkg",
			Source: &inventory.Source{Name: "gcc-12"}, DependsOn: []string{"gcc-12-base", "libc6"},
		},
		{
			Type: "deb", Name: "bsdutils", Version: "1:2.38.1-5+deb12u3", Arch: "amd64", Path: path, Inspector: "dpkg",
			Source:    &inventory.Source{Name: "util-linux", Version: "2.38.1-5+deb12u3"},
			DependsOn: []string{"libc6", "libsystemd0", "default-mta", "python3"},
		},
		{Type: "deb", Name: "half", Version: "2.0", Arch: "amd64", Path: path, Inspector: "dpkg"},
	}, out.Packages)
	if len(out.Problems) > 0 {
		t.Errorf("problems: %v", out.Problems)
	}
}

func TestDpkgStates(t *testing.T) {
	for status, ships := range map[string]bool{
		"install ok installed":        true,
		"hold ok installed":           true,
		"deinstall ok installed":      true,
		"install ok unpacked":         true,
		"install ok half-configured":  true,
		"install ok triggers-awaited": true,
		"install ok triggers-pending": true,
		"install ok half-installed":   true,
		"deinstall ok config-files":   false,
		"purge ok not-installed":      false,
		"install user installed":      true, // opkg
		"install hold,user installed": true,
	} {
		out, err := look(t, "var/lib/dpkg/status", "Package: a\nStatus: "+status+"\nVersion: 1\n\n")
		if err != nil || (len(out.Packages) == 1) != ships {
			t.Errorf("status %q: %d packages, error %v", status, len(out.Packages), err)
		}
	}
}

func TestDpkgDamageIsSaidAndTheRestKept(t *testing.T) {
	good := "Package: a\nStatus: install ok installed\nVersion: 1\n\n"
	for name, content := range map[string]string{
		"no field":                    good + "garbage\n\n",
		"binary":                      good + "\x00\x01\x02\x03",
		"broken off in a name":        good + "Package: b\nStat",
		"broken off before a version": good + "Package: b\nStatus: install ok installed\n",
		"unknown state":               good + "Package: b\nStatus: install ok gone\nVersion: 1\n",
		"no name":                     good + "Version: 1\n",
		"damage in the middle":        "\x7fELF\n\n" + good,
	} {
		t.Run(name, func(t *testing.T) {
			out, err := look(t, "var/lib/dpkg/status", content)
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("error %v, want one that wraps ErrDamaged", err)
			}
			if len(out.Packages) == 0 || out.Packages[0].Name != "a" {
				t.Errorf("packages %v, want a among them", out.Packages)
			}
		})
	}
}

func TestDpkgEmptyStatusIsADatabaseWithoutPackages(t *testing.T) {
	out, err := look(t, "var/lib/dpkg/status", "")
	if err != nil || len(out.Packages) > 0 || len(out.Databases) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestDpkgStatusWithoutFinalLineEndIsNoted(t *testing.T) {
	out, err := look(t, "var/lib/dpkg/status", "Package: a\nVersion: 1")
	if err != nil || len(out.Packages) != 1 || len(out.Problems) != 1 || out.Problems[0].Incomplete {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestDistrolessStanzaAndItsSums(t *testing.T) {
	out, err := look(t, "var/lib/dpkg/status.d/libssl3",
		"Package: libssl3\nSource: openssl\nArchitecture: amd64\nVersion: 3.0.15-1~deb12u1\nDepends: libc6 (>= 2.34)")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "packages", []inventory.Package{{
		Type: "deb", Name: "libssl3", Version: "3.0.15-1~deb12u1", Arch: "amd64",
		Source: &inventory.Source{Name: "openssl"}, DependsOn: []string{"libc6"},
		Path: "var/lib/dpkg/status.d/libssl3", Inspector: "dpkg",
	}}, out.Packages)

	out, err = look(t, "var/lib/dpkg/status.d/libssl3.md5sums",
		"8b1a9953c4611296a827abf8c47804d7  usr/lib/x86_64-linux-gnu/libcrypto.so.3\n"+
			"0cc175b9c0f1b6a831c399e269772661  ./usr/share/doc/libssl3/copyright\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Owned) != 1 || len(out.Databases) != 0 || len(out.Packages) != 0 {
		t.Fatalf("%+v", out)
	}
	same(t, "package", "libssl3", out.Owned[0].Package)
	same(t, "files", []string{
		"usr/lib/x86_64-linux-gnu/libcrypto.so.3 8b1a9953c4611296a827abf8c47804d7",
		"usr/share/doc/libssl3/copyright 0cc175b9c0f1b6a831c399e269772661",
	}, sums(t, &out.Owned[0]))
	if len(out.Sums) > 0 {
		t.Errorf("digests beside the list: %+v", out.Sums)
	}
}

func TestDpkgSumsAreNoListOfFiles(t *testing.T) {
	const path = "var/lib/dpkg/info/libc6:amd64.md5sums"
	out, err := look(t, path,
		"8b1a9953c4611296a827abf8c47804d7  lib/x86_64-linux-gnu/libc.so.6\n"+
			"0cc175b9c0f1b6a831c399e269772661 *./usr/bin/ldd\n"+
			"92eb5ffee6ae2fec3ad71c777531578f  lib/systemd/system/system-systemd\\x2dcryptsetup.slice\n"+
			"\\4a8a08f09d37b73795649038408b5f33  usr/share/back\\\\slash\\nand  spaces\n"+
			"none at all\n\n8277e0910d750195b448797616e091ad\n"+
			"xyz  usr/bin/undigested")
	if err != nil || len(out.Sums) != 1 || len(out.Owned) != 0 || len(out.Databases) != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	own := out.Sums[0]
	same(t, "owner", "deb libc6 amd64 "+path, own.Type+" "+own.Package+" "+own.Arch+" "+own.Database)
	same(t, "files", []string{
		"lib/x86_64-linux-gnu/libc.so.6 8b1a9953c4611296a827abf8c47804d7",
		"usr/bin/ldd 0cc175b9c0f1b6a831c399e269772661",
		`lib/systemd/system/system-systemd\x2dcryptsetup.slice 92eb5ffee6ae2fec3ad71c777531578f`,
		"usr/share/back\\slash\nand  spaces 4a8a08f09d37b73795649038408b5f33",
		"usr/bin/undigested ",
	}, sums(t, &own))
	if len(out.Problems) != 1 || out.Problems[0].Incomplete || !strings.HasPrefix(out.Problems[0].Reason, "4 lines") {
		t.Errorf("problems %+v, want a note about 4 lines", out.Problems)
	}
}

func TestConffilesAreSumsOfTheirPackage(t *testing.T) {
	const path = "var/lib/dpkg/status"
	out, err := look(t, path, `Package: adduser
Status: install ok installed
Architecture: all
Version: 3.134
Conffiles:
 /etc/adduser.conf cc3493ecd2d09837ffdcc3e25fdfff18
 /etc/with some spaces 11a06baf8245fd8d690b99024d228c1f obsolete
 /etc/dpkg/dpkg.cfg.d/gone newconffile remove-on-upgrade
 /etc/old 900150983cd24fb0d6963f7d28e17f72 obsolete remove-on-upgrade
Description: add and remove users and groups

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
Conffiles:
 /etc/init.d/removed d41d8cd98f00b204e9800998ecf8427e

Package: plain
Status: install ok installed
Version: 1
`)
	if err != nil || len(out.Sums) != 2 || len(out.Owned) != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	same(t, "packages", 2, len(out.Packages))
	for i, want := range []string{"deb adduser 3.134 all " + path, "deb removed 1.0 amd64 " + path} {
		o := out.Sums[i]
		same(t, "owner", want, strings.Join([]string{o.Type, o.Package, o.Version, o.Arch, o.Database}, " "))
	}
	same(t, "files of adduser", []string{
		"etc/adduser.conf cc3493ecd2d09837ffdcc3e25fdfff18",
		"etc/with some spaces 11a06baf8245fd8d690b99024d228c1f",
		"etc/old 900150983cd24fb0d6963f7d28e17f72",
	}, sums(t, &out.Sums[0]))
	same(t, "files of what was removed", []string{"etc/init.d/removed d41d8cd98f00b204e9800998ecf8427e"}, sums(t, &out.Sums[1]))
}

func TestDpkgDiversions(t *testing.T) {
	const path = "var/lib/dpkg/diversions"
	out, err := look(t, path, "/bin/sh\n/bin/sh.distrib\ndash\n/usr/bin/firefox\n/usr/bin/firefox.real\n:\n")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "diversions", []evidence.Diversion{
		{From: "bin/sh", To: "bin/sh.distrib", By: "dash"},
		{From: "usr/bin/firefox", To: "usr/bin/firefox.real", By: ":"},
	}, out.Diversions)
	same(t, "databases", []string{path}, out.Databases)

	for name, c := range map[string]struct {
		content string
		kept    int
		want    error
	}{
		"broken off": {"/a\n/b\nc\n/d\n", 1, ErrDamaged},
		"no paths":   {"/a\n" + strings.Repeat("b", maxValue+1) + "\nc\n", 0, ErrDamaged},
		"too many":   {strings.Repeat("a\nb\nc\n", maxDiversions+1), maxDiversions, ErrTooLarge},
		"emptied":    {"", 0, nil},
	} {
		out, err := look(t, path, c.content)
		if !errors.Is(err, c.want) || len(out.Diversions) != c.kept || len(out.Databases) != 1 {
			t.Errorf("%s: %d diversions, error %v", name, len(out.Diversions), err)
		}
	}
}

func TestDpkgList(t *testing.T) {
	out, err := look(t, "var/lib/dpkg/info/libc6:amd64.list",
		"/.\n/lib\n/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu/libc.so.6\n/lib/x86_64-linux-gnu/libc.so.6.bak\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/libc6\n/usr/share/doc/libc6/copyright")
	if err != nil || len(out.Owned) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	own := out.Owned[0]
	same(t, "owner", "deb libc6 amd64", own.Type+" "+own.Package+" "+own.Arch)
	same(t, "paths", []string{
		"lib/x86_64-linux-gnu/libc.so.6", "lib/x86_64-linux-gnu/libc.so.6.bak", "usr/share/doc/libc6/copyright",
	}, paths(&own.Paths))
}

func TestOpkg(t *testing.T) {
	out, err := look(t, "usr/lib/opkg/status",
		"Package: busybox\nVersion: 1.36.1-1\nDepends: libc\nLicense: GPL-2.0\nStatus: install ok installed\nArchitecture: x86_64\nInstalled-Time: 1700000000\n\n")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "packages", []inventory.Package{{
		Type: "deb", Name: "busybox", Version: "1.36.1-1", Arch: "x86_64", Licenses: []string{"GPL-2.0"},
		DependsOn: []string{"libc"}, Path: "usr/lib/opkg/status", Inspector: "dpkg",
	}}, out.Packages)
	out, err = look(t, "usr/lib/opkg/info/busybox.list", "/bin/busybox\t0755\n/bin/sh\t0777\t/bin/busybox\n")
	if err != nil || len(out.Owned) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	same(t, "paths", []string{"bin/busybox", "bin/sh"}, paths(&out.Owned[0].Paths))
}

func TestCopyrightLicenses(t *testing.T) {
	const dep5 = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: example

Files: *
Copyright: 2001 Example
License: GPL-2+ with OpenSSL exception or Artistic, and BSD-3-clause

Files: debian/*
License: GPL-2+

License: GPL-2+
 This program is free software; License: not a field
License: (MIT OR Apache-2.0)
`
	out, err := look(t, "usr/share/doc/example/copyright", dep5)
	if err != nil || len(out.Licenses) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	same(t, "package", "example", out.Licenses[0].Package)
	same(t, "names", []string{
		"GPL-2+ with OpenSSL exception", "Artistic", "BSD-3-clause", "GPL-2+", "MIT", "Apache-2.0",
	}, out.Licenses[0].Names)

	out, err = look(t, "usr/share/doc/prose/copyright", "This package was debianized by\nLicense: GPL\n")
	if err != nil || len(out.Licenses) != 0 {
		t.Errorf("prose gave %v, %v", out.Licenses, err)
	}
}

func FuzzDpkg(f *testing.F) {
	f.Add([]byte(dpkgStatusSample))
	f.Add([]byte("Package:\n Version:\n\n\t\nDepends: ,,|,(:"))
	f.Add([]byte("Package: a\nVersion: 1\nConffiles:\n /etc/a 0cc175b9c0f1b6a831c399e269772661 obsolete\n"))
	f.Add([]byte("0cc175b9c0f1b6a831c399e269772661  a\n\\0cc175b9c0f1b6a831c399e269772661 *a\\n\\\\\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, path := range []string{
			"var/lib/dpkg/status", "var/lib/dpkg/status.d/a", "var/lib/dpkg/info/a.list",
			"var/lib/dpkg/status.d/a.md5sums", "var/lib/dpkg/info/a:b.md5sums", "var/lib/dpkg/diversions",
			"usr/share/doc/a/copyright",
		} {
			out, _ := look(t, path, string(content))
			checkLists(t, &out)
			for _, p := range out.Packages {
				if p.Name == "" || p.Version == "" || p.Path != path {
					t.Errorf("package %+v", p)
				}
			}
		}
	})
}

// bigStatus is a status file of n packages of usual length.
func bigStatus(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `Package: libexample%d
Status: install ok installed
Priority: optional
Section: libs
Installed-Size: 686
Maintainer: Debian Example Maintainers <pkg-example@lists.example.org>
Architecture: amd64
Multi-Arch: same
Source: example%d (1.%d-2)
Version: 1:1.%d-2+deb12u1
Depends: libc6 (>= 2.34), libexample%d (= 1:1.2), zlib1g (>= 1:1.2.0), default-mta | mail-transport-agent
Description: example library
 This package contains the runtime of an example library, with a description
 as long as they usually are, in several lines of some eighty characters that
 nobody reads here and that all have to be skipped as fast as memory allows.
 .
 The second paragraph says the same again in other words, since descriptions
 often do, and ends here.
Homepage: https://example.org/

`, i, i/3, i, i, i/2)
	}
	return b.String()
}

func BenchmarkDpkgStatus1500(b *testing.B) {
	content := []byte(bigStatus(1500))
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		pkgs, _, err := parseDpkgStatus(content)
		if err != nil || len(pkgs) != 1500 {
			b.Fatal(len(pkgs), err)
		}
	}
}

// BenchmarkDpkgSums is what the digests of a package of a thousand files cost.
func BenchmarkDpkgSums(b *testing.B) {
	var s strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&s, "%032x  usr/lib/x86_64-linux-gnu/example/module%d/libexample.so.%d\n", i*7919, i/10, i)
	}
	content := s.String()
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if out, err := look(b, "var/lib/dpkg/info/example.md5sums", content); err != nil || len(out.Sums) != 1 {
			b.Fatal(err)
		}
	}
}
