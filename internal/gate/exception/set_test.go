package exception

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/gate"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"

	"plimsoll/internal/gate/strict"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func parse(t *testing.T, source string) []Exception {
	t.Helper()
	list, err := Parse("e.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

const complete = "reason: r, owner: o, until: 2027-01-01"

func TestErrorsHaveTheirPlace(t *testing.T) {
	for source, want := range map[string]string{
		"":                           "e.yaml:1:1: the file is empty",
		"exceptions: []":             "e.yaml:1:1: version is missing",
		"version: 2\nexceptions: []": `e.yaml:1:10: version is "2"`,
		"version: 1":                 "e.yaml:1:1: exceptions is missing",
		"version: 1\nexceptions: {}": "e.yaml:2:13: exceptions is a list, and this is a mapping",
		"version: 1\nexceptions:\n  - CVE-2024-1":                                                                                                       "e.yaml:3:5: an exception is a mapping",
		"version: 1\nexceptions:\n  - {scope: {everywhere: true}, " + complete + "}":                                                                    "e.yaml:3:5: id is missing",
		"version: 1\nexceptions:\n  - {id: X, " + complete + "}":                                                                                        "e.yaml:3:5: scope is missing",
		"version: 1\nexceptions:\n  - {id: X, scope: {}, " + complete + "}":                                                                             "scope says nothing",
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: false}, " + complete + "}":                                                            "everywhere is true, or not there",
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true, image: a}, " + complete + "}":                                                   "everywhere stands alone",
		"version: 1\nexceptions:\n  - {id: X, scope: {image: []}, " + complete + "}":                                                                    "image is an empty list",
		"version: 1\nexceptions:\n  - {id: X, scope: {image: ''}, " + complete + "}":                                                                    "image is empty",
		"version: 1\nexceptions:\n  - {id: X, scope: {path: 'a/**b'}, " + complete + "}":                                                                "path: ** stands between slashes",
		"version: 1\nexceptions:\n  - {id: X, scope: {package: 'pkg:x'}, " + complete + "}":                                                             "package: no package URL",
		"version: 1\nexceptions:\n  - {id: 'CVE-*', scope: {everywhere: true}, " + complete + "}":                                                       "e.yaml:3:10: id is one identifier, and no pattern",
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true}, owner: o, until: 2027-01-01}":                                                  "reason is missing",
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true}, reason: ' ', owner: o, until: 2027-01-01}":                                     "reason is empty",
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true}, reason: r, until: 2027-01-01}":                                                 "owner is missing",
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true}, reason: r, owner: o}":                                                          "until is missing",
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true}, reason: r, owner: o, until: never}":                                            `e.yaml:3:68: until is a day such as 2027-03-31, not "never"`,
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true}, " + complete + ", expires: x}":                                                 `unknown key "expires": one of id, scope`,
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true}, " + complete + ", id: Y}":                                                      "id is said twice",
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true}, " + complete + ", vex: {status: fine}}":                                        `status is "fine"`,
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true}, " + complete + ", vex: {status: not_affected, justification: no}}":             "justification is",
		"version: 1\nexceptions:\n  - {id: X, scope: {everywhere: true}, " + complete + ", vex: {status: fixed, justification: component_not_present}}": "a justification goes with",
		"version: 1\nexceptions: &a []":         "anchors",
		"version: 1\nexceptions:\n  - id: [":    "no YAML",
		"version: 1\nexceptions: []\n---\na: 1": "a second one",
	} {
		_, err := Parse("e.yaml", []byte(source))
		var invalid *strict.Error
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q\n got %v\nwant %s", source, err, want)
		}
	}
}

func TestEveryProblemIsListed(t *testing.T) {
	_, err := Parse("e.yaml", []byte("version: 1\nexceptions:\n  - id: X\n  - id: Y\n"))
	if n := strings.Count(err.Error(), "\n") + 1; n != 8 {
		t.Errorf("%d problems:\n%v", n, err)
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	source := "version: 1\nexceptions:\n" +
		"  - {id: CVE-2024-1, scope: {image: ['ghcr.io/acme/*'], package: ['@a/b@>=1,<2'], path: ['**/x']}, reason: 'a: b # c', owner: o, until: 2027-01-01, vex: {status: not_affected, justification: component_not_present}}\n" +
		"  - {id: 'off', scope: {everywhere: true}, reason: \"yes\", owner: 'null', until: '2027-12-31'}\n"
	first := parse(t, source)
	var b strings.Builder
	if err := Write(&b, first); err != nil {
		t.Fatal(err)
	}
	second := parse(t, b.String())
	if len(second) != 2 {
		t.Fatal(b.String())
	}
	for i := range first {
		x, y := first[i], second[i]
		if x.About() != y.About() || x.Reason != y.Reason || x.Owner != y.Owner || !x.Until.Equal(y.Until) || (x.VEX == nil) != (y.VEX == nil) || x.VEX != nil && *x.VEX != *y.VEX {
			t.Errorf("%+v\n%+v", x, y)
		}
	}
}

func TestTheLastDayCounts(t *testing.T) {
	e := Exception{Until: day("2026-11-21")}
	for now, want := range map[string]bool{
		"2026-11-20T23:59:59Z": false, "2026-11-21T00:00:00Z": false, "2026-11-21T23:59:59Z": false,
		"2026-11-22T00:00:00Z": true, "2026-11-22T01:00:00+02:00": false,
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if e.ExpiredAt(at) != want {
			t.Errorf("at %s: %v", now, !want)
		}
	}
}

// judged is an image with three vulnerabilities and a root user.
func judged() *verdict.Verdict {
	v := &verdict.Verdict{Image: *ghcrImage(), Coverage: verdict.Coverage{Complete: true}}
	v.Packages = []inventory.Package{
		{ID: "pkg:deb/debian/openssl@3.0?arch=arm64", Type: "deb", Namespace: "debian", Name: "openssl", Version: "3.0", PURL: "pkg:deb/debian/openssl@3.0?arch=arm64"},
		{ID: "pkg:golang/acme.example/app@v1.0.0", Type: "golang", Namespace: "acme.example", Name: "app", Version: "v1.0.0", Path: "app/server", PURL: "pkg:golang/acme.example/app@v1.0.0"},
		{ID: "pkg:golang/golang.org/x/net@v0.1.0", Type: "golang", Namespace: "golang.org/x", Name: "net", Version: "v0.1.0", Path: "app/server", PURL: "pkg:golang/golang.org/x/net@v0.1.0"},
		{ID: "pkg:golang/golang.org/x/net@v0.1.0@/usr/bin/other", Type: "golang", Namespace: "golang.org/x", Name: "net", Version: "v0.1.0", Path: "usr/bin/other", PURL: "pkg:golang/golang.org/x/net@v0.1.0"},
	}
	for i, id := range []string{"CVE-2024-1", "CVE-2024-2", "CVE-2024-3", "CVE-2024-3"} {
		p := &v.Packages[i]
		f := triage.Finding{
			ID: "f" + string(rune('0'+i)), Kind: triage.Vulnerability, Vulnerability: id, PackageID: p.ID, Package: p.FullName(), Version: p.Version,
			Severity: advisory.High, Disposition: triage.Rebuild, ClearedBy: "a",
		}
		v.Findings = append(v.Findings, f)
	}
	v.Actions = []triage.Action{{ID: "a", Kind: triage.BumpBase, Title: "bump the base: clears 4", Clears: []string{"f0", "f1", "f2", "f3"}, Urgent: 4}}
	v.Hygiene = []verdict.Hygiene{{ID: "h", Rule: "user-missing", Severity: advisory.High}}
	return v
}

func TestApplyMarksWhatIsAccepted(t *testing.T) {
	v := judged()
	list := parse(t, "version: 1\nexceptions:\n"+
		"  - {id: CVE-2024-1, scope: {image: ghcr.io/acme/*}, reason: not reached, owner: ada, until: 2027-01-01}\n"+
		"  - {id: CVE-2024-2, scope: {everywhere: true}, reason: late, owner: bob, until: 2026-01-01}\n"+
		"  - {id: CVE-2024-9, scope: {everywhere: true}, reason: gone, owner: bob, until: 2027-01-01}\n"+
		"  - {id: CVE-2024-9, scope: {image: docker.io/**}, reason: elsewhere, owner: bob, until: 2027-01-01}\n"+
		"  - {id: user-missing, scope: {everywhere: true}, reason: it binds port 80, owner: ada, until: 2027-01-01}\n")
	NewSet(day("2026-11-21"), list, nil).For(v).Apply(v)
	use := v.Coverage.Exceptions
	if use.Accepted != 2 || len(use.Expired) != 1 || use.Expired[0].ID != "e.yaml:4" || len(use.Unused) != 1 || use.Unused[0].ID != "e.yaml:5" {
		t.Errorf("%+v", use)
	}
	last := v.Findings[len(v.Findings)-1]
	if last.Vulnerability != "CVE-2024-1" || last.Disposition != triage.Accepted || last.Acceptance.By != "ada" || last.Acceptance.Reason != "not reached" || last.ClearedBy != "" {
		t.Errorf("%+v", last)
	}
	if a := v.Actions[0]; a.Title != "bump the base: clears 3" || a.Urgent != 3 || slices.Contains(a.Clears, "f0") {
		t.Errorf("%+v", a)
	}
	if v.Headline.Text != "REBUILD NOW: 3 fixable HIGH/CRITICAL; one base bump clears 3; 2 accepted" {
		t.Error(v.Headline.Text)
	}
	if w := strings.Join(v.Coverage.Warnings, "\n"); !strings.Contains(w, "the exception e.yaml:4 of bob (CVE-2024-2 everywhere) ended on 2026-01-01 and still meets 1 finding that counts") {
		t.Error(w)
	}
}

func TestOneInForceGoesFirst(t *testing.T) {
	v := judged()
	list := parse(t, "version: 1\nexceptions:\n"+
		"  - {id: CVE-2024-1, scope: {everywhere: true}, reason: old, owner: a, until: 2026-01-01}\n"+
		"  - {id: CVE-2024-1, scope: {package: openssl}, reason: new, owner: b, until: 2027-01-01}\n"+
		"  - {id: CVE-2024-1, scope: {everywhere: true}, reason: again, owner: c, until: 2027-01-01}\n")
	b := NewSet(day("2026-11-21"), list, nil).For(v)
	a, ok := b.Accept(gate.Thing{Image: &v.Image, ID: "f0", Finding: &v.Findings[0], Package: &v.Packages[0]})
	if !ok || a.By != "b" {
		t.Errorf("%+v", a)
	}
	if unused := b.All(&v.Image); len(unused) != 0 {
		t.Errorf("what met something is called unused: %+v", unused)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 1\nexceptions:\n  - {id: CVE-2024-1, scope: {image: 'a/*:[0-9]', package: 'b@>=1', path: '**/x'}, " + complete + "}\n"))
	f.Add([]byte("version: 1\nexceptions:\n  - id: x\n    scope:\n      package: [pkg:npm/%40a/b, c]\n"))
	v := judged()
	f.Fuzz(func(t *testing.T, source []byte) {
		list, err := Parse("e.yaml", source)
		if err != nil {
			return
		}
		for i := range list {
			if e := &list[i]; e.ID == "" || e.Owner == "" || e.Reason == "" || e.Until.IsZero() || !e.Scope.Everywhere && len(e.Scope.Images)+len(e.Scope.Packages)+len(e.Scope.Paths) == 0 {
				t.Errorf("an exception lacks something: %+v", e)
			}
		}
		b := NewSet(day("2026-11-21"), list, nil).For(v)
		for i := range v.Findings {
			b.Accept(gate.Thing{Image: &v.Image, ID: v.Findings[i].ID, Finding: &v.Findings[i], Package: &v.Packages[i]})
		}
		var out strings.Builder
		if err := Write(&out, list); err != nil {
			t.Fatal(err)
		}
		again, err := Parse("e.yaml", []byte(out.String()))
		if err != nil || len(again) != len(list) {
			t.Errorf("what is written is not read back: %v\n%s", err, out.String())
		}
	})
}
