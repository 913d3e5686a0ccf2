package langpkg

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"plimsoll/internal/evidence"
)

// checkHostile holds for every package, whatever the file said.
func checkHostile(t *testing.T, out evidence.Fragment) {
	t.Helper()
	for _, p := range out.Packages {
		if p.Name == "" || p.Path == "" || p.Inspector == "" || p.Type == "" {
			t.Errorf("incomplete package %+v", p)
		}
		for _, s := range append(append([]string{p.Namespace, p.Name, p.Version, p.Vendor, p.InArchive}, p.Licenses...), p.DependsOn...) {
			if len(s) > maxText+64 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Errorf("unclean text %q in %+v", s, p)
			}
		}
	}
}

// checkSums holds for every list of files that lies beside the packages.
func checkSums(t *testing.T, out *evidence.Fragment) {
	t.Helper()
	if len(out.Owned) > 0 {
		t.Errorf("a language package's list counts as what is installed: %+v", out.Owned)
	}
	for _, o := range out.Sums {
		if o.Type == "" || o.Package == "" || o.Database == "" || o.Paths.Len == 0 {
			t.Errorf("incomplete list %+v", o)
		}
		digests := 0
		for range o.Digests.All() {
			digests++
		}
		if digests != o.Paths.Len {
			t.Errorf("%d paths and %d digests", o.Paths.Len, digests)
		}
		for p := range o.Paths.All() {
			if !fs.ValidPath(strings.ToValidUTF8(string(p), "x")) || len(p) > maxPath {
				t.Errorf("the path %q is not clean", p)
			}
		}
	}
}

// FuzzWhole hands any bytes to every inspector of whole files.
func FuzzWhole(f *testing.F) {
	paths := []string{
		"a.dist-info/METADATA", "a/package.json", "specifications/a-1.gemspec", "vendor/composer/installed.json",
		"php/.registry/a.reg", "a.deps.json", "conda-meta/a.json", "library/a/DESCRIPTION", ".meta/a/install.json", "a-1-1.rockspec",
		"a.whl", "lib/a-1.dist-info/RECORD", "lib/a-1-py3.egg-info/installed-files.txt",
	}
	for i := range paths {
		for _, seed := range []string{
			"Name: a\nVersion: 1\n b\nLicense: x\n",
			`{"name":"@a/b","version":"1","license":[{"type":"MIT"}],"dependencies":{"c":"1"}}`,
			"# stub: a 1 ruby lib\n s.name = %q<a>\n s.add_dependency(%q<b>)",
			`[{"name":"a/b","version":"1"}]`,
			`a:1:{s:4:"name";s:1:"a";}`,
			`{"targets":{"x":{"a/1":{"dependencies":{"b":"1"}},"b/1":{"runtime":{"b.dll":{}}}}},"libraries":{"a/1":{"type":"package"}}}`,
			"PK\x03\x04", "PK\x05\x06",
			"a/b.py,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3\n\"a,\"\"\",,\n../../../x,,\n/y//z/..,,\n.,,\n",
			`{"name":"a","version":"1","files":["x"],"paths_data":{"paths":[{"_path":"b","sha256":"00"},{"_path":"../c"}]}}`,
		} {
			f.Add(i, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, which int, b []byte) {
		path := paths[max(0, which)%len(paths)]
		for _, i := range All() {
			out := run(t, i, path, b, 1000)
			checkHostile(t, out)
			checkSums(t, &out)
		}
	})
}

// FuzzJSONScan holds the scanner against encoding/json: what that accepts, the
// scanner reads to the same end.
func FuzzJSONScan(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"c\"\\"}],"d":null}`, `"x"`, `[`, `{"a":1,}`, `[1 2]`, `{"a"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v any
		if json.Unmarshal(b, &v) != nil {
			newJSONScan(b).skip()
			return
		}
		want, ok := v.(map[string]any)
		s := newJSONScan(b)
		got := map[string]string{}
		s.object(func(key []byte) { got[string(key)] = s.scalar() })
		if s.err != nil {
			t.Fatalf("%q: %v", b, s.err)
		}
		if !ok {
			return
		}
		for k, v := range want {
			if str, isString := v.(string); isString && got[k] != str && utf8.Valid(b) {
				t.Errorf("%q: key %q is %q, expected %q", b, k, got[k], str)
			}
		}
	})
}
