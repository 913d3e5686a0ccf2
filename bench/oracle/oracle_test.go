package main

import (
	"strings"
	"testing"

	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

func TestIdentitiesIgnoreSpellingAlone(t *testing.T) {
	for _, c := range []struct{ purl, want string }{
		{"pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12", "deb libssl3 3.0.11-1"},
		{"pkg:rpm/rocky/openssl-libs@3.0.7-24.el9?epoch=1", "rpm openssl-libs 1:3.0.7-24.el9"},
		{"pkg:pypi/zope.interface@5.4.0", "pypi zope-interface 5.4.0"},
		{"pkg:golang/golang.org/x/net@v0.1.0", "golang golang.org/x/net 0.1.0"},
		{"pkg:golang/github.com/a/b@v1.0.0#v2", "golang github.com/a/b/v2 1.0.0"},
		{"pkg:npm/%40babel/core@7.0.0", "npm @babel/core 7.0.0"},
	} {
		id, err := identityOf(c.purl)
		if err != nil || id.String() != c.want {
			t.Errorf("%s: %q (%v), want %q", c.purl, id, err, c.want)
		}
	}
}

func TestEveryCauseSaysWhy(t *testing.T) {
	for _, c := range append(lackingCauses(), extraCauses()...) {
		if strings.TrimSpace(c.why) == "" || strings.HasSuffix(c.why, ".") {
			t.Errorf("%q is no cause", c.why)
		}
	}
	for _, c := range matchCauses() {
		if strings.TrimSpace(c.why) == "" || strings.HasSuffix(c.why, ".") {
			t.Errorf("%q is no cause", c.why)
		}
	}
}

func TestADifferenceWithoutACauseIsAnError(t *testing.T) {
	missing := found{identity: identity{"npm", "lodash", "4.17.21"}, by: "javascript-package-cataloger", at: []string{"app/package.json"}}
	theirs := inventoryOf{}
	theirs.add(missing)
	in := &circumstances{ours: &scan{packages: inventoryOf{}}, theirs: theirs}
	d := diffPackages(&circumstances{ours: &scan{packages: inventoryOf{}, verdict: emptyVerdict()}, theirs: theirs})
	if len(d.lacking) != 1 || d.lacking[0].cause != "" {
		t.Fatalf("%+v", d.lacking)
	}
	r := report{images: []comparison{{image: "x", packages: d}}}
	if r.unexplained() == nil || !strings.Contains(r.markdown(), "UNEXPLAINED") {
		t.Error("a package that is missing without a cause passes")
	}
	ghost := found{identity: identity{"deb", "curl", "7"}, all: []*inventory.Package{{Liveness: inventory.Ghost}}}
	if why(extraCauses(), &ghost, in) == "" {
		t.Error("a ghost is explained")
	}
}

func emptyVerdict() *verdict.Verdict { return &verdict.Verdict{} }
