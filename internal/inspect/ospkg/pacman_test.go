package ospkg

import (
	"errors"
	"testing"

	"plimsoll/internal/inventory"
)

const pacmanSample = `%NAME%
gcc-libs

%VERSION%
13.2.1-3

%BASE%
gcc

%DESC%
Runtime libraries shipped by GCC

%ARCH%
x86_64

%PACKAGER%
Frederik Schwan <freswa@archlinux.org>

%LICENSE%
GPL-3.0-with-GCC-exception
GFDL-1.3-or-later

%VALIDATION%
pgp

%DEPENDS%
glibc>=2.27
libssl.so=3-64
zlib

%PROVIDES%
libgo.so=22-64

`

func TestPacmanDesc(t *testing.T) {
	const path = "var/lib/pacman/local/gcc-libs-13.2.1-3/desc"
	out, err := look(t, path, pacmanSample)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "databases", []string{path}, out.Databases)
	same(t, "packages", []inventory.Package{{
		Type: "alpm", Name: "gcc-libs", Version: "13.2.1-3", Arch: "x86_64",
		Source:   &inventory.Source{Name: "gcc", Version: "13.2.1-3"},
		Vendor:   "Frederik Schwan <freswa@archlinux.org>",
		Licenses: []string{"GPL-3.0-with-GCC-exception", "GFDL-1.3-or-later"}, DependsOn: []string{"glibc", "zlib"},
		Path: path, Inspector: "pacman",
	}}, out.Packages)
}

func TestPacmanFiles(t *testing.T) {
	out, err := look(t, "var/lib/pacman/local/ca-certificates-mozilla-1:3.95-1/files",
		"%FILES%\nusr/\nusr/share/\nusr/share/ca-certificates/trust.p11-kit\n\n%BACKUP%\netc/x\t123\n")
	if err != nil || len(out.Owned) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	own := out.Owned[0]
	same(t, "owner", "ca-certificates-mozilla 1:3.95-1", own.Package+" "+own.Version)
	same(t, "paths", []string{"usr/share/ca-certificates/trust.p11-kit"}, paths(&own.Paths))
}

func TestPacmanDamageIsSaid(t *testing.T) {
	for path, content := range map[string]string{
		"var/lib/pacman/local/a-1-1/desc":     "%NAME%\na\n\n%VERS",
		"var/lib/pacman/local/b-1-1/desc":     "",
		"var/lib/pacman/local/nohyphen/files": "%FILES%\nusr/bin/a\n",
	} {
		if _, err := look(t, path, content); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: error %v, want one that wraps ErrDamaged", path, err)
		}
	}
}

func FuzzPacman(f *testing.F) {
	f.Add([]byte(pacmanSample), "zlib-1:1.3-1")
	f.Add([]byte("%FILES%\n/\n\n%%\n%\n"), "-")
	f.Fuzz(func(t *testing.T, content []byte, folder string) {
		for _, file := range []string{"/desc", "/files"} {
			out, _ := look(t, pacmanDir+folder+file, string(content))
			for _, p := range out.Packages {
				if p.Name == "" || p.Version == "" {
					t.Errorf("package %+v", p)
				}
			}
		}
	})
}
