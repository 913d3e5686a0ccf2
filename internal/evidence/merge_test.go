package evidence_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// layer builds evidence the way the pass does. Files are written as
// "f path", "d path", "w path", "o path", "l path -> target".
func layer(files ...string) *evidence.Layer {
	l := &evidence.Layer{}
	for _, f := range files {
		path, link, _ := strings.Cut(f[2:], " -> ")
		l.Files.Append(path, evidence.EntryType(f[0]), fs.FileMode(0o644), 1, link)
	}
	return l
}

// with adds packages that one file proves, written "type/name@version".
func with(l *evidence.Layer, path string, packages ...string) *evidence.Layer {
	l.Databases = append(l.Databases, path)
	for _, s := range packages {
		typ, rest, _ := strings.Cut(s, "/")
		i := strings.LastIndexByte(rest, '@')
		l.Packages = append(l.Packages, inventory.Package{Type: typ, Name: rest[:i], Version: rest[i+1:], Path: path, Inspector: "test"})
	}
	return l
}

func owns(l *evidence.Layer, typ, name string, paths ...string) *evidence.Layer {
	l.Owned = append(l.Owned, evidence.Owned{Type: typ, Package: name, Paths: evidence.PathsOf(paths...)})
	return l
}

func merge(layers ...*evidence.Layer) *evidence.Merged {
	refs := make([]inventory.LayerRef, len(layers))
	for i := range layers {
		refs[i] = inventory.LayerRef{Index: i, DiffID: fmt.Sprint("sha256:", i)}
	}
	return evidence.Merge(layers, refs)
}

// show renders packages as "type/name@version liveness origin".
func show(m *evidence.Merged) []string {
	out := []string{}
	for _, p := range m.Inventory.Packages {
		s := fmt.Sprintf("%s/%s@%s %s %d", p.Type, p.Name, p.Version, p.Liveness, p.Origin.Index)
		if p.OwnedBy != "" {
			s += " owned by " + p.OwnedBy
		}
		out = append(out, s)
	}
	return out
}

func expect(t *testing.T, m *evidence.Merged, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, show(m), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
}

const status = "var/lib/dpkg/status"

func TestOriginIsTheLayerWhereTheVersionFirstAppeared(t *testing.T) {
	m := merge(
		with(layer("f "+status), status, "deb/libc6@1", "deb/curl@1"),
		layer("f etc/motd"),
		with(layer("f "+status), status, "deb/libc6@1", "deb/curl@2"),
		with(layer("f "+status), status, "deb/libc6@1", "deb/curl@2", "deb/vim@9"),
	)
	expect(t, m, "deb/curl@2 visible 2", "deb/libc6@1 visible 0", "deb/vim@9 visible 3")
}

func TestOriginAfterRemovalAndReturnIsTheReturn(t *testing.T) {
	m := merge(
		with(layer("f "+status), status, "deb/curl@1"),
		with(layer("f "+status), status),
		with(layer("f "+status), status, "deb/curl@1"),
	)
	expect(t, m, "deb/curl@1 visible 2")
}

func TestARemovedPackageWhoseFilesAreGoneIsGone(t *testing.T) {
	base := with(layer("f "+status, "f usr/bin/curl", "f etc/curlrc", "f usr/share/doc/curl/copyright"), status, "deb/curl@1")
	owns(base, "deb", "curl", "usr/bin/curl", "etc/curlrc", "usr/share/doc/curl/copyright")
	m := merge(base, with(layer("f "+status, "w usr/bin/curl"), status))
	expect(t, m)
}

func TestAPackageWithoutRecordWhoseFilesShipIsAGhost(t *testing.T) {
	base := func() *evidence.Layer {
		l := with(layer("f "+status, "f usr/bin/curl", "f usr/bin/wget"), status, "deb/curl@1", "deb/wget@1")
		owns(l, "deb", "curl", "usr", "usr/bin", "usr/bin/curl")
		return owns(l, "deb", "wget", "usr/bin/wget")
	}
	t.Run("record removed", func(t *testing.T) {
		expect(t, merge(base(), with(layer("f "+status), status, "deb/wget@1")), "deb/curl@1 ghost 0", "deb/wget@1 visible 0")
	})
	t.Run("database deleted", func(t *testing.T) {
		expect(t, merge(base(), layer("w "+status)), "deb/curl@1 ghost 0", "deb/wget@1 ghost 0")
	})
	t.Run("folder of the database deleted", func(t *testing.T) {
		expect(t, merge(base(), layer("w var/lib/dpkg")), "deb/curl@1 ghost 0", "deb/wget@1 ghost 0")
	})
	t.Run("everything deleted", func(t *testing.T) {
		expect(t, merge(base(), layer("o ")))
	})
	t.Run("file replaced by the build", func(t *testing.T) {
		expect(t, merge(base(), with(layer("f "+status, "f usr/bin/curl"), status, "deb/wget@1")), "deb/wget@1 visible 0")
	})
	t.Run("file taken over by another package", func(t *testing.T) {
		next := with(layer("f "+status), status, "deb/curl-minimal@2", "deb/wget@1")
		expect(t, merge(base(), owns(next, "deb", "curl-minimal", "usr/bin/curl")), "deb/curl-minimal@2 visible 1", "deb/wget@1 visible 0")
	})
}

func TestGhostsAreFoundThroughTheLinkOfAMergedUsr(t *testing.T) {
	base := with(layer("l bin -> usr/bin", "f "+status, "f usr/bin/mount"), status, "deb/mount@1")
	owns(base, "deb", "mount", "bin/mount")
	expect(t, merge(base, layer("w "+status)), "deb/mount@1 ghost 0")
}

func TestAnUpgradeIsNoGhost(t *testing.T) {
	base := owns(with(layer("f "+status, "f usr/bin/curl"), status, "deb/curl@1"), "deb", "curl", "usr/bin/curl")
	expect(t, merge(base, with(layer("f "+status), status, "deb/curl@2")), "deb/curl@2 visible 1")
}

const (
	requests  = "usr/lib/python3/dist-packages/requests-2.28.1.dist-info/METADATA"
	pipPath   = "usr/local/lib/python3.8/site-packages/pip-20.dist-info/METADATA"
	pipPath21 = "usr/local/lib/python3.8/site-packages/pip-21.dist-info/METADATA"
)

func TestLanguagePackages(t *testing.T) {
	t.Run("deleted with its code is gone", func(t *testing.T) {
		expect(t, merge(with(layer("f "+pipPath, "f usr/local/lib/python3.8/site-packages/pip/__init__.py"), pipPath, "pypi/pip@20"),
			layer("w usr/local/lib/python3.8/site-packages/pip-20.dist-info", "w usr/local/lib/python3.8/site-packages/pip")))
	})
	t.Run("record deleted, code left", func(t *testing.T) {
		expect(t, merge(with(layer("f "+pipPath, "f usr/local/lib/python3.8/site-packages/pip/__init__.py"), pipPath, "pypi/pip@20"),
			layer("w usr/local/lib/python3.8/site-packages/pip-20.dist-info")), "pypi/pip@20 ghost 0")
	})
	t.Run("upgraded under another folder name", func(t *testing.T) {
		expect(t, merge(with(layer("f "+pipPath, "f usr/local/lib/python3.8/site-packages/pip/__init__.py"), pipPath, "pypi/pip@20"),
			with(layer("w usr/local/lib/python3.8/site-packages/pip-20.dist-info", "f "+pipPath21), pipPath21, "pypi/pip@21")), "pypi/pip@21 visible 1")
	})
	t.Run("folder replaced by a link", func(t *testing.T) {
		expect(t, merge(with(layer("f app/node_modules/a/package.json", "f app/node_modules/a/index.js"), "app/node_modules/a/package.json", "npm/a@1"),
			layer("l app/node_modules -> /elsewhere")))
	})
	t.Run("opaque folder in the same layer keeps what the layer adds", func(t *testing.T) {
		expect(t, merge(with(layer("f app/old/package.json"), "app/old/package.json", "npm/old@1"),
			with(layer("o app", "f app/new/package.json"), "app/new/package.json", "npm/new@1")), "npm/new@1 visible 1")
	})
}

func TestOSPackagesOwnLanguagePackages(t *testing.T) {
	base := with(layer("f "+status, "f "+requests), status, "deb/python3-requests@2.28.1+dfsg-1")
	owns(base, "deb", "python3-requests", requests)
	with(base, requests, "pypi/requests@2.28.1")
	app := with(layer("f app/lib/"+requests), "app/lib/"+requests, "pypi/requests@2.28.1")
	expect(t, merge(base, app),
		"deb/python3-requests@2.28.1+dfsg-1 visible 0",
		"pypi/requests@2.28.1 visible 1",
		"pypi/requests@2.28.1 visible 0 owned by pkg:deb/python3-requests@2.28.1%2Bdfsg-1",
	)
}

func TestRuntimesAreNamedOnceAndNotBesideTheirOSPackage(t *testing.T) {
	base := with(layer("f "+status, "f usr/bin/python3.11"), status, "deb/python3.11@3.11.2-6")
	owns(base, "deb", "python3.11", "usr/bin/python3.11")
	for _, path := range []string{"usr/bin/python3.11", "usr/local/bin/python3.8", "usr/local/lib/libpython3.8.so.1.0"} {
		version := "3.8.20"
		if path == "usr/bin/python3.11" {
			version = "3.11.2"
		}
		base.Packages = append(base.Packages, inventory.Package{Type: "generic", Name: "python", Version: version, Path: path, Inspector: evidence.RuntimesInspector})
	}
	base.Files.Append("usr/local/bin/python3.8", evidence.Regular, 0o755, 1, "")
	base.Files.Append("usr/local/lib/libpython3.8.so.1.0", evidence.Regular, 0o755, 1, "")
	expect(t, merge(base), "deb/python3.11@3.11.2-6 visible 0", "generic/python@3.8.20 visible 0")
}

func TestGhostsOwnWhatTheyInstalledAndNoMore(t *testing.T) {
	base := with(layer("f "+status, "f usr/bin/python3.11", "f usr/local/bin/redis-server"), status, "deb/python3.11@3.11.2-6")
	owns(base, "deb", "python3.11", "usr/bin/python3.11")
	runtime := func(l *evidence.Layer, path, version string) *evidence.Layer {
		l.Packages = append(l.Packages, inventory.Package{Type: "generic", Name: "python", Version: version, Path: path, Inspector: evidence.RuntimesInspector})
		return l
	}
	runtime(base, "usr/bin/python3.11", "3.11.2")
	bare := layer("w var/lib/dpkg")
	expect(t, merge(base, bare), "deb/python3.11@3.11.2-6 ghost 0")
	// Another build put in the same place afterwards is a runtime of its own.
	owns(base, "deb", "python3.11", "usr/bin/pdb3.11")
	base.Files.Append("usr/bin/pdb3.11", evidence.Regular, 0o755, 1, "")
	expect(t, merge(base, bare, runtime(layer("f usr/bin/python3.11"), "usr/bin/python3.11", "3.11.9")),
		"deb/python3.11@3.11.2-6 ghost 0", "generic/python@3.11.9 visible 2")
}

func TestIdentitiesAreUniqueAndStable(t *testing.T) {
	l := layer("f a/node_modules/x/package.json", "f b/node_modules/x/package.json")
	with(l, "a/node_modules/x/package.json", "npm/x@1")
	with(l, "b/node_modules/x/package.json", "npm/x@1")
	m := merge(l)
	var ids []string
	for _, p := range m.Inventory.Packages {
		ids = append(ids, p.ID)
	}
	want := []string{"pkg:npm/x@1@/a/node_modules/x/package.json", "pkg:npm/x@1@/b/node_modules/x/package.json"}
	if d := cmp.Diff(want, ids); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestPURLsCarryDistributionAndSource(t *testing.T) {
	debian := &inventory.Distribution{ID: "debian", VersionID: "12"}
	for _, c := range []struct {
		p    inventory.Package
		d    *inventory.Distribution
		want string
	}{
		{inventory.Package{Type: "deb", Namespace: "debian", Name: "libssl3", Version: "3.0.11-1~deb12u1", Arch: "amd64", Source: &inventory.Source{Name: "openssl"}}, debian, "pkg:deb/debian/libssl3@3.0.11-1~deb12u1?arch=amd64&distro=debian-12&upstream=openssl"},
		{inventory.Package{Type: "rpm", Namespace: "redhat", Name: "bash", Version: "1:5.1-2.el9", Arch: "x86_64"}, &inventory.Distribution{ID: "rhel", VersionID: "9.4"}, "pkg:rpm/redhat/bash@5.1-2.el9?arch=x86_64&distro=rhel-9.4&epoch=1"},
		{inventory.Package{Type: "npm", Namespace: "@babel", Name: "core", Version: "7.0.0"}, debian, "pkg:npm/%40babel/core@7.0.0"},
		{inventory.Package{Type: "maven", Namespace: "org.apache.logging.log4j", Name: "log4j-core", Version: "2.14.1"}, nil, "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"},
		{inventory.Package{Type: "golang", Namespace: "golang.org/x", Name: "net", Version: "v0.1.0"}, nil, "pkg:golang/golang.org/x/net@v0.1.0"},
		{inventory.Package{Type: "pypi", Name: "Flask_Login", Version: "1"}, nil, "pkg:pypi/flask-login@1"},
	} {
		if got := evidence.PURL(&c.p, c.d); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestTheDistributionIsTheFinalImages(t *testing.T) {
	release := func(l *evidence.Layer, path, id, version string) *evidence.Layer {
		l.Releases = append(l.Releases, evidence.Release{Path: path, Distribution: inventory.Distribution{ID: id, VersionID: version}})
		return l
	}
	const osRelease = "usr/lib/os-release"
	debian := func() *evidence.Layer { return release(layer("f "+osRelease), osRelease, "debian", "12") }
	for name, c := range map[string]struct {
		layers []*evidence.Layer
		want   string
	}{
		"upgraded":                  {[]*evidence.Layer{debian(), release(layer("f "+osRelease), osRelease, "debian", "13")}, "debian 13"},
		"deleted, packages remain":  {[]*evidence.Layer{debian(), layer("w " + osRelease)}, "debian 12"},
		"etc before usr/lib":        {[]*evidence.Layer{release(debian(), "etc/os-release", "ubuntu", "24.04")}, "debian 12"},
		"weaker files do not count": {[]*evidence.Layer{debian(), release(layer("f etc/alpine-release"), "etc/alpine-release", "alpine", "3")}, "debian 12"},
		"none":                      {[]*evidence.Layer{layer()}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "etc before usr/lib" {
				c.layers[0].Files.Append("etc/os-release", evidence.Regular, 0o644, 1, "")
				c.want = "ubuntu 24.04"
			}
			got := "none"
			if d := merge(c.layers...).Inventory.Distribution; d != nil {
				got = d.ID + " " + d.VersionID
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestProblemsKeepTheirLayer(t *testing.T) {
	l := layer()
	l.Problems = []evidence.Problem{{Path: "x", Reason: "broken", Incomplete: true}}
	m := merge(layer(), l)
	want := []evidence.LayerProblem{{Layer: 1, Problem: l.Problems[0]}}
	if d := cmp.Diff(want, m.Problems); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// arch sets the architecture of the last package and of its file list.
func arch(l *evidence.Layer, name string) *evidence.Layer {
	l.Packages[len(l.Packages)-1].Arch = name
	if n := len(l.Owned); n > 0 {
		l.Owned[n-1].Arch = name
	}
	return l
}

func TestTwoArchitecturesOfOnePackage(t *testing.T) {
	const gi = "usr/lib/i386-linux-gnu/gi-1.dist-info/METADATA"
	const amd = "usr/lib/x86_64-linux-gnu/gi-1.dist-info/METADATA"
	both := func() *evidence.Layer {
		l := layer("f "+status, "f "+gi, "f "+amd, "f usr/lib/i386-linux-gnu/libgi.so", "f usr/lib/x86_64-linux-gnu/libgi.so")
		arch(owns(with(l, status, "deb/gi@1"), "deb", "gi", amd, "usr/lib/x86_64-linux-gnu/libgi.so"), "amd64")
		arch(owns(with(l, status, "deb/gi@1"), "deb", "gi", gi, "usr/lib/i386-linux-gnu/libgi.so"), "i386")
		return l
	}
	t.Run("each owns its own files", func(t *testing.T) {
		expect(t, merge(with(with(both(), gi, "pypi/gi@1"), amd, "pypi/gi@1")),
			"deb/gi@1 visible 0", "deb/gi@1 visible 0",
			"pypi/gi@1 visible 0 owned by pkg:deb/gi@1?arch=i386",
			"pypi/gi@1 visible 0 owned by pkg:deb/gi@1?arch=amd64")
	})
	t.Run("one of them without its record is a ghost", func(t *testing.T) {
		expect(t, merge(both(), arch(with(layer("f "+status), status, "deb/gi@1"), "amd64")), "deb/gi@1 visible 0", "deb/gi@1 ghost 0")
	})
	t.Run("one of them properly removed is gone", func(t *testing.T) {
		expect(t, merge(both(), arch(with(layer("f "+status, "w usr/lib/i386-linux-gnu"), status, "deb/gi@1"), "amd64")), "deb/gi@1 visible 0")
	})
	t.Run("an upgrade to another architecture is no ghost", func(t *testing.T) {
		next := with(layer("f "+status), status, "deb/gi@2")
		arch(owns(next, "deb", "gi", "usr/lib/x86_64-linux-gnu/libgi.so"), "")
		next.Packages[0].Arch = "all"
		base := arch(owns(with(layer("f "+status, "f usr/lib/x86_64-linux-gnu/libgi.so"), status, "deb/gi@1"), "deb", "gi", "usr/lib/x86_64-linux-gnu/libgi.so"), "amd64")
		expect(t, merge(base, next), "deb/gi@2 visible 1")
	})
}

func TestOnePackageInTwoDatabasesIsListedOnce(t *testing.T) {
	const other = "var/lib/dpkg/status.d/curl"
	m := merge(with(layer("f "+other), other, "deb/curl@1"), with(with(layer("f "+status), status, "deb/curl@1"), status, "deb/curl@1"))
	expect(t, m, "deb/curl@1 visible 0")
}

func TestWhatReplacesAnOwnedFileIsNotOwned(t *testing.T) {
	// apk add npm, then npm install -g npm: the same path, another version.
	const db, path = "lib/apk/db/installed", "usr/lib/node_modules/npm/package.json"
	base := with(owns(with(layer("f "+db, "f "+path), db, "apk/npm@9.1.2-r0"), "apk", "npm", path), path, "npm/npm@9.1.2")
	owned := "npm/npm@9.1.2 visible 0 owned by pkg:apk/npm@9.1.2-r0"
	expect(t, merge(base), "apk/npm@9.1.2-r0 visible 0", owned)
	later := func(version string) *evidence.Layer { return with(layer("f "+path), path, "npm/npm@"+version) }
	expect(t, merge(base, later("10.8.0")), "apk/npm@9.1.2-r0 visible 0", "npm/npm@10.8.0 visible 1")
	// The same file copied up by a change of its mode.
	expect(t, merge(base, later("9.1.2")), "apk/npm@9.1.2-r0 visible 0", owned)
	// The records came in a layer before the files.
	expect(t, merge(owns(with(layer("f "+db), db, "apk/npm@9.1.2-r0"), "apk", "npm", path), later("9.1.2")),
		"apk/npm@9.1.2-r0 visible 0", "npm/npm@9.1.2 visible 1 owned by pkg:apk/npm@9.1.2-r0")
}

func TestLinksOfAnEmptiedRootLeadNowhere(t *testing.T) {
	const path = "opt/app/x-1.dist-info/METADATA"
	base := layer("l opt -> usr/opt")
	next := with(owns(with(layer("o ", "f "+status, "f "+path), status, "deb/x@1"), "deb", "x", path), path, "pypi/x@1")
	expect(t, merge(base, next), "deb/x@1 visible 1", "pypi/x@1 visible 1 owned by pkg:deb/x@1")
}
