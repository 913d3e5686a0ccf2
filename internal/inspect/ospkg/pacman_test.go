package ospkg

import (
	"compress/gzip"
	"errors"
	"strings"
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

// mtreeSample is what makepkg's call of bsdtar writes.
const mtreeSample = `#mtree
/set type=file uid=0 gid=0 mode=644
./.INSTALL time=1795601038.652072226 size=2 md5digest=372e25f23b5a8ae33c7ba203412ace30 sha256digest=50c393f158c3de2db92fa9661bfb00eda5b67c3a777c88524ed3417509631625
./.PKGINFO time=1795601038.652072226 size=2 md5digest=9d7bf075372908f55e2d945c39e0a613 sha256digest=fd6641673e7f3bf6e80e4bc5401fcb2821a1e117206c8e1c65cef23a58dc37ff
/set mode=755
./usr time=1795601038.647456573 type=dir
./usr/bin time=1795601038.652072226 type=dir
./usr/bin/link time=1795601038.652072226 mode=777 type=link link=tool
./usr/bin/tool time=1795601038.647456573 size=3 md5digest=764efa883dda1e11db47671c4a3bbd9e sha256digest=98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4
/set type=dir
./usr/share/a\040b time=1795601038.652072226
./usr/share/a\040b/\303\274\043\075\134x time=1795601038.652072226 type=file mode=644 size=2 md5digest=401b30e3b8b5d629635a5c613cdb7919
`

func gzipped(tb testing.TB, s string) string {
	tb.Helper()
	var b strings.Builder
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func TestPacmanMtreeIsNoListOfFiles(t *testing.T) {
	const path = "var/lib/pacman/local/example-tool-1:3.95-1/mtree"
	out, err := look(t, path, gzipped(t, mtreeSample))
	if err != nil || len(out.Sums) != 1 || len(out.Owned) != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	own := out.Sums[0]
	same(t, "owner", "alpm example-tool 1:3.95-1 "+path, own.Type+" "+own.Package+" "+own.Version+" "+own.Database)
	same(t, "files", []string{
		"usr/bin/tool 98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4",
		`usr/share/a b/ü#=\x 401b30e3b8b5d629635a5c613cdb7919`,
	}, sums(t, &own))
}

func TestPacmanMtreeIsBounded(t *testing.T) {
	const path = "var/lib/pacman/local/a-1-1/mtree"
	file := "./usr/bin/tool sha256digest=98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4\n"
	whole := gzipped(t, mtreeSample)
	for name, c := range map[string]struct {
		content string
		lists   int // what precedes the damage is kept
		want    error
	}{
		"too dense":   {gzipped(t, strings.Repeat(file, 20_000)), 1, ErrTooLarge},
		"a long line": {gzipped(t, file+strings.Repeat("x", maxMtreeLine+1)), 1, ErrTooLarge},
		"broken off":  {whole[:len(whole)-20], 1, ErrDamaged},
		"no gzip":     {mtreeSample, 0, ErrDamaged},
		"empty":       {"", 0, ErrDamaged},
	} {
		out, err := look(t, path, c.content)
		if !errors.Is(err, c.want) || len(out.Sums) != c.lists {
			t.Errorf("%s: %d lists and error %v, want %d and one that wraps %v", name, len(out.Sums), err, c.lists, c.want)
		}
	}
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
	f.Add([]byte(mtreeSample), "a-1-1")
	f.Add([]byte("./\\777\\12 sha256digest=\n./. =\n/set type\n"), "a-1-1")
	f.Fuzz(func(t *testing.T, content []byte, folder string) {
		for _, c := range []struct{ file, content string }{
			{"/desc", string(content)},
			{"/files", string(content)},
			{"/mtree", string(content)},
			{"/mtree", gzipped(t, string(content))},
		} {
			out, _ := look(t, pacmanDir+folder+c.file, c.content)
			checkLists(t, &out)
			for _, p := range out.Packages {
				if p.Name == "" || p.Version == "" {
					t.Errorf("package %+v", p)
				}
			}
		}
	})
}
