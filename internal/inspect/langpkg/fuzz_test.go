package langpkg

import (
	"encoding/json"
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

// FuzzWhole hands any bytes to every inspector of whole files.
func FuzzWhole(f *testing.F) {
	paths := []string{
		"a.dist-info/METADATA", "a/package.json", "specifications/a-1.gemspec", "vendor/composer/installed.json",
		"php/.registry/a.reg", "a.deps.json", "conda-meta/a.json", "library/a/DESCRIPTION", ".meta/a/install.json", "a-1-1.rockspec",
		"a.whl",
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
		} {
			f.Add(i, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, which int, b []byte) {
		path := paths[max(0, which)%len(paths)]
		for _, i := range All() {
			checkHostile(t, run(t, i, path, b, 1000))
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
