package ospkg

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// look hands a file to every inspector that wants it, as the one pass does.
func look(tb testing.TB, path, content string) (evidence.Fragment, error) {
	tb.Helper()
	var out evidence.Fragment
	var errs []error
	f := &inspect.File{Path: path, Size: int64(len(content)), Mode: 0o644}
	for _, i := range All() {
		switch i.Wants(f) {
		case inspect.Whole:
			errs = append(errs, i.(inspect.WholeInspector).Inspect(context.Background(), f, []byte(content), &out))
		case inspect.Stream:
			tb.Fatalf("%s wants %s as a stream", i.Name(), path)
		}
	}
	return out, errors.Join(errs...)
}

// wanted returns the inspectors that want a path.
func wanted(path string) []string {
	var names []string
	for _, i := range All() {
		if i.Wants(&inspect.File{Path: path, Size: 100}) != inspect.Nothing {
			names = append(names, i.Name())
		}
	}
	return names
}

func TestInspectorsHaveNamesOfTheirOwn(t *testing.T) {
	var names []string
	for _, i := range All() {
		if slices.Contains(names, i.Name()) || i.Name() == "" || i.Version() < 1 {
			t.Errorf("inspector %q, version %d", i.Name(), i.Version())
		}
		names = append(names, i.Name())
	}
}

func TestWants(t *testing.T) {
	for path, want := range map[string]string{
		"var/lib/dpkg/status":                                  "dpkg",
		"var/lib/dpkg/status-old":                              "",
		"var/lib/dpkg/status.d/base-files":                     "dpkg",
		"var/lib/dpkg/status.d/base-files.md5sums":             "dpkg",
		"var/lib/dpkg/status.d/sub/base-files":                 "",
		"var/lib/dpkg/status.d/":                               "",
		"var/lib/dpkg/info/libc6:amd64.list":                   "dpkg",
		"var/lib/dpkg/info/libc6:amd64.md5sums":                "dpkg",
		"var/lib/dpkg/info/a/b.md5sums":                        "",
		"var/lib/dpkg/info/libc6:amd64.shlibs":                 "",
		"var/lib/dpkg/diversions":                              "dpkg",
		"var/lib/dpkg/diversions-old":                          "",
		"var/lib/dpkg/info/a/b.list":                           "",
		"usr/lib/opkg/status":                                  "dpkg",
		"usr/lib/opkg/info/busybox.list":                       "dpkg",
		"var/lib/opkg/info/busybox.md5sums":                    "dpkg",
		"usr/lib/opkg/info/busybox.control":                    "",
		"home/user/var/lib/dpkg/status":                        "",
		"usr/share/doc/libc6/copyright":                        "dpkg-copyright",
		"usr/share/doc/libc6/changelog.gz":                     "",
		"usr/share/doc/a/b/copyright":                          "",
		"lib/apk/db/installed":                                 "apk",
		"usr/lib/apk/db/installed":                             "apk",
		"lib/apk/db/scripts.tar":                               "",
		"var/lib/rpm/Packages":                                 "rpm",
		"usr/lib/sysimage/rpm/Packages.db":                     "rpm",
		"usr/share/rpm/rpmdb.sqlite":                           "rpm",
		"var/lib/rpm/rpmdb.sqlite-shm":                         "",
		"var/lib/rpm/Name":                                     "",
		"var/lib/rpmmanifest/container-manifest-2":             "rpm-manifest",
		"var/lib/rpmmanifest/container-manifest-1":             "",
		"var/lib/pacman/local/zlib-1:1.3.1-2/desc":             "pacman",
		"var/lib/pacman/local/zlib-1:1.3.1-2/files":            "pacman",
		"var/lib/pacman/local/zlib-1:1.3.1-2/mtree":            "pacman",
		"var/lib/pacman/local/zlib-1:1.3.1-2/install":          "",
		"var/lib/pacman/local/ALPM_DB_VERSION":                 "",
		"etc/os-release":                                       "os-release",
		"usr/lib/os-release":                                   "os-release",
		"etc/redhat-release":                                   "os-release",
		"opt/os-release":                                       "",
		"root/buildinfo/content_manifests/ubi8-container.json": "redhat-content-sets",
		"usr/share/buildinfo/content-sets.json":                "redhat-content-sets",
		"var/lib/ubuntu-advantage/status.json":                 "ubuntu-pro",
	} {
		if got := strings.Join(wanted(path), " "); got != want {
			t.Errorf("%s: wanted by %q, want %q", path, got, want)
		}
	}
}

// paths returns what one list owns.
func paths(l *evidence.PathList) []string {
	var all []string
	for p := range l.All() {
		all = append(all, string(p))
	}
	return all
}

// sums returns the files of one list, each with its digest in hexadecimal.
func sums(tb testing.TB, o *evidence.Owned) []string {
	tb.Helper()
	var digests []string
	for d := range o.Digests.All() {
		digests = append(digests, hex.EncodeToString(d))
	}
	if len(digests) != o.Paths.Len {
		tb.Fatalf("%s has %d paths and %d digests", o.Package, o.Paths.Len, len(digests))
	}
	all := paths(&o.Paths)
	for i := range all {
		all[i] += " " + digests[i]
	}
	return all
}

// checkLists holds for every list of files, whatever was read.
func checkLists(tb testing.TB, out *evidence.Fragment) {
	tb.Helper()
	for _, list := range [][]evidence.Owned{out.Owned, out.Sums} {
		for i := range list {
			o := &list[i]
			if o.Type == "" || o.Package == "" || o.Database == "" || o.Paths.Len == 0 {
				tb.Errorf("incomplete list %+v", o)
			}
			if len(o.Digests.Coded) > 0 {
				sums(tb, o)
			}
		}
	}
}

// same fails the test where two values differ.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// BenchmarkWants is what every file of every layer costs.
func BenchmarkWants(b *testing.B) {
	all := All()
	files := []inspect.File{
		{Path: "usr/lib/python3/dist-packages/requests/__pycache__/models.cpython-311.pyc"},
		{Path: "usr/share/zoneinfo/Europe/Berlin"},
		{Path: "app/node_modules/lodash/package.json"},
		{Path: "var/lib/dpkg/info/libc6:amd64.md5sums"},
	}
	b.ReportAllocs()
	for b.Loop() {
		for n := range files {
			for _, i := range all {
				i.Wants(&files[n])
			}
		}
	}
}
