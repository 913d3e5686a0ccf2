package triage_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
)

func TestDispositionFollowsFixabilityNotCount(t *testing.T) {
	for _, c := range []struct {
		severity advisory.Severity
		state    advisory.FixState
		want     triage.Disposition
	}{
		{advisory.Critical, advisory.Fixed, triage.Rebuild},
		{advisory.High, advisory.Fixed, triage.Rebuild},
		{advisory.Medium, advisory.Fixed, triage.Defer},
		{advisory.Unknown, advisory.Fixed, triage.Defer},
		{advisory.Critical, advisory.NotFixed, triage.Track},
		{advisory.Critical, advisory.WontFix, triage.Track},
		{advisory.High, advisory.FixDeferred, triage.Track},
		{advisory.Critical, advisory.EndOfLife, triage.Track},
	} {
		if got := triage.Dispose(c.severity, c.state); got != c.want {
			t.Errorf("%s, %s: got %s, want %s", c.severity, c.state, got, c.want)
		}
	}
}

// pkg makes a package of the final image; layer is its origin.
func pkg(typ, name, version string, layer int, path string) inventory.Package {
	return inventory.Package{
		Type: typ, Name: name, Version: version, Path: path, ID: fmt.Sprintf("%s/%s@%s %s", typ, name, version, path),
		Liveness: inventory.Visible, Origin: inventory.LayerRef{Index: layer},
	}
}

func fixed(p inventory.Package, id string, s advisory.Severity, versions ...string) advisory.Match {
	return advisory.Match{PackageID: p.ID, ID: id, Severity: s, State: advisory.Fixed, FixedIn: versions}
}

// findings runs reconciliation and triage over opinions of trivy-db and grype-db.
func findings(inv *inventory.Inventory, opinions ...[]advisory.Match) []triage.Finding {
	var all []*advisory.Opinion
	for i, m := range opinions {
		all = append(all, &advisory.Opinion{Database: advisory.Info{Name: []string{"trivy-db", "grype-db"}[i]}, Matches: m})
	}
	f := triage.Findings(inv, reconcile.Reconcile(inv, all, nil))
	triage.Sort(f)
	return f
}

func TestOneOpinionsFixIsNotMixedWithAnothersSeverity(t *testing.T) {
	p := pkg("deb", "curl", "1", 0, "var/lib/dpkg/status")
	inv := &inventory.Inventory{Packages: []inventory.Package{p}}
	unfixed := advisory.Match{PackageID: p.ID, ID: "CVE-2024-0001", Severity: advisory.Critical, State: advisory.NotFixed}
	f := findings(inv, []advisory.Match{fixed(p, "CVE-2024-0001", advisory.Medium, "2")}, []advisory.Match{unfixed})
	if len(f) != 1 || f[0].Disposition != triage.Defer || f[0].Severity != advisory.Medium || f[0].SeverityFrom != "trivy-db" {
		t.Errorf("got %+v", f)
	}
	f = findings(inv, []advisory.Match{fixed(p, "CVE-2024-0001", advisory.Medium, "2")}, []advisory.Match{fixed(p, "CVE-2024-0001", advisory.High, "2")})
	if f[0].Disposition != triage.Rebuild || f[0].Agreed {
		t.Errorf("the more demanding opinion does not decide: %+v", f[0])
	}
}

func TestWhatNoDatabaseCallsAffectedIsNoFinding(t *testing.T) {
	p := pkg("deb", "curl", "1", 0, "x")
	inv := &inventory.Inventory{Packages: []inventory.Package{p}}
	if f := findings(inv, []advisory.Match{{PackageID: p.ID, ID: "CVE-2024-0001", State: advisory.NotAffected}}); len(f) != 0 {
		t.Errorf("got %+v", f)
	}
}

func TestOnlyWhatTheFinalImageHoldsIsFound(t *testing.T) {
	for live, want := range map[inventory.Liveness]int{inventory.Visible: 1, inventory.Ghost: 1, inventory.Deleted: 0, inventory.Shadowed: 0} {
		p := pkg("deb", "curl", "1", 0, "x")
		p.Liveness = live
		f := findings(&inventory.Inventory{Packages: []inventory.Package{p}}, []advisory.Match{fixed(p, "CVE-2024-0001", advisory.High, "2")})
		if len(f) != want {
			t.Errorf("%s: %d findings, want %d", live, len(f), want)
		}
	}
}

func TestTheScoreShownIsTheSeveritysOwn(t *testing.T) {
	p := pkg("deb", "libexpat1", "1", 0, "x")
	m := fixed(p, "CVE-2024-45492", advisory.Critical, "2")
	m.SeverityFrom = "nvd"
	m.CVSS = []advisory.CVSS{{Source: "redhat", Version: "3.1", Score: 6.2}, {Source: "nvd", Version: "3.1", Score: 9.8}}
	f := findings(&inventory.Inventory{Packages: []inventory.Package{p}}, []advisory.Match{m})
	if f[0].CVSS == nil || f[0].CVSS.Score != 9.8 {
		t.Errorf("shows %+v for a critical severity of NVD", f[0].CVSS)
	}
}

func TestOrder(t *testing.T) {
	p := pkg("deb", "curl", "1", 0, "x")
	match := func(id string, s advisory.Severity, epss, cvss float64, kev bool, versions ...string) advisory.Match {
		m := fixed(p, id, s, versions...)
		if len(versions) == 0 {
			m.State = advisory.NotFixed
		}
		m.EPSS = &advisory.EPSS{Probability: epss}
		m.CVSS = []advisory.CVSS{{Source: "nvd", Score: cvss}}
		if kev {
			m.KEV = &advisory.KEV{}
		}
		return m
	}
	f := findings(&inventory.Inventory{Packages: []inventory.Package{p}}, []advisory.Match{
		match("CVE-2024-0001", advisory.Critical, 0.9, 9.9, true),
		match("CVE-2024-0002", advisory.High, 0.1, 7.5, false, "2"),
		match("CVE-2024-0003", advisory.High, 0.1, 8.5, false, "2"),
		match("CVE-2024-0004", advisory.High, 0.0, 7.0, true, "2"),
		match("CVE-2024-0005", advisory.High, 0.5, 7.0, false, "2"),
		match("CVE-2024-0006", advisory.Low, 0.9, 3.0, true, "2"),
	})
	var got []string
	for _, x := range f {
		got = append(got, x.Vulnerability)
	}
	want := []string{"CVE-2024-0004", "CVE-2024-0005", "CVE-2024-0003", "CVE-2024-0002", "CVE-2024-0006", "CVE-2024-0001"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestFindingIDsSurviveARebuild(t *testing.T) {
	id := func(version string, layer int) string {
		p := pkg("deb", "curl", version, layer, "var/lib/dpkg/status")
		return findings(&inventory.Inventory{Packages: []inventory.Package{p}}, []advisory.Match{fixed(p, "CVE-2024-0001", advisory.High, "9")})[0].ID
	}
	if id("1", 0) != id("2", 5) {
		t.Error("another version in another layer changes the identifier")
	}
}

func titles(actions []triage.Action) []string {
	var out []string
	for _, a := range actions {
		out = append(out, fmt.Sprintf("%s (%d urgent)", a.Title, a.Urgent))
	}
	return out
}

func TestActions(t *testing.T) {
	base := triage.Base{Layers: 1, Reason: "test"}
	libc := pkg("deb", "libc6", "2.36-1", 0, "var/lib/dpkg/status")
	bash := pkg("deb", "bash", "5.2-1", 0, "var/lib/dpkg/status")
	ssl := pkg("deb", "libssl3", "3.0.11-1~deb12u1", 1, "var/lib/dpkg/status")
	ssl.Source = &inventory.Source{Name: "openssl", Version: "3.0.11-1~deb12u1"}
	openssl := pkg("deb", "openssl", "3.0.11-1~deb12u1", 1, "var/lib/dpkg/status")
	app := pkg("npm", "shop", "1.0.0", 2, "app/package.json")
	app.DependsOn = []string{"lodash"}
	lodash := pkg("npm", "lodash", "4.17.15", 2, "app/node_modules/lodash/package.json")
	python := pkg("generic", "python", "3.8.18", 1, "usr/local/bin/python3.8")
	stdlib := pkg("golang", "stdlib", "1.22.1", 2, "usr/bin/tool")
	inv := &inventory.Inventory{Packages: []inventory.Package{libc, bash, ssl, openssl, app, lodash, python, stdlib}}
	f := findings(inv, []advisory.Match{
		fixed(libc, "CVE-2024-0001", advisory.High, "2.36-9"),
		fixed(bash, "CVE-2024-0002", advisory.Low, "5.2-2"),
		fixed(ssl, "CVE-2024-0003", advisory.High, "3.0.13-1~deb12u1"),
		fixed(openssl, "CVE-2024-0003", advisory.High, "3.0.13-1~deb12u1"),
		fixed(ssl, "CVE-2024-0004", advisory.Medium, "3.0.15-1~deb12u1"),
		fixed(lodash, "CVE-2021-23337", advisory.High, "4.17.21"),
		fixed(lodash, "CVE-2020-8203", advisory.High, "4.17.19", "5.0.0"),
		fixed(python, "CVE-2024-7592", advisory.High, "3.8.20"),
		fixed(python, "CVE-2024-8088", advisory.Medium, "3.9.20", "3.12.6"),
		fixed(python, "CVE-2025-0938", advisory.Medium, "3.15.0a6"),
		fixed(stdlib, "CVE-2024-24790", advisory.Critical, "1.21.11", "1.22.4"),
		{PackageID: bash.ID, ID: "CVE-2024-9999", Severity: advisory.Critical, State: advisory.NotFixed},
	})
	actions := triage.Actions(inv, f, base, version.Order)
	want := []string{
		"bump lodash in /app to 4.17.21: clears 2 (2 urgent)",
		"upgrade openssl to 3.0.15-1~deb12u1: clears 3 (2 urgent)",
		"rebuild on a newer base: clears 2 (1 urgent)",
		"rebuild /usr/bin/tool with Go 1.22.4 or later: clears 1 (1 urgent)",
		"upgrade python to 3.9.20: clears 2 (1 urgent)",
	}
	got := titles(actions)
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for i := 1; i < len(actions); i++ {
		if actions[i-1].Urgent < actions[i].Urgent {
			t.Errorf("%q comes before the more urgent %q", actions[i-1].Title, actions[i].Title)
		}
	}
	cleared := map[string]bool{}
	for _, a := range actions {
		if a.Package == "lodash" && a.Detail != "direct dependency of shop" {
			t.Errorf("lodash: detail is %q", a.Detail)
		}
		if a.Package == "python" && a.Detail != "/usr/local/bin/python3.8, layer 1; 3.8.20 already clears the 1 urgent" {
			t.Errorf("python: detail is %q", a.Detail)
		}
		for _, id := range a.Clears {
			cleared[id] = true
		}
	}
	for _, x := range f {
		usable := x.Fix.State == advisory.Fixed && x.Vulnerability != "CVE-2025-0938"
		if cleared[x.ID] != usable || (x.ClearedBy != "") != usable {
			t.Errorf("%s in %s: cleared %v, by %q", x.Vulnerability, x.Package, cleared[x.ID], x.ClearedBy)
		}
	}
}

func TestTheBaseEndsWithItsOwnCommand(t *testing.T) {
	layer := func(line string) v1.History { return v1.History{CreatedBy: line} }
	empty := func(line string) v1.History { return v1.History{CreatedBy: line, EmptyLayer: true} }
	for name, c := range map[string]struct {
		history []v1.History
		want    int
	}{
		"classic builder":         {[]v1.History{layer("/bin/sh -c #(nop) ADD file:1 in /"), empty(`/bin/sh -c #(nop)  CMD ["bash"]`), layer("RUN a"), empty(`CMD ["python3"]`), layer("COPY . /app"), layer("RUN b")}, 2},
		"the base itself":         {[]v1.History{layer("ADD"), empty(`CMD ["bash"]`)}, 1},
		"no command before":       {[]v1.History{layer("# debian.sh"), layer("RUN a"), empty(`CMD ["x"]`)}, 1},
		"entrypoint":              {[]v1.History{layer("ADD"), layer("RUN"), empty(`ENTRYPOINT ["/e"]`), layer("COPY")}, 2},
		"no history":              {nil, 1},
		"a RUN that speaks of it": {[]v1.History{layer("ADD"), empty("ENV X=CMD y"), layer("RUN echo CMD x")}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := &v1.ConfigFile{History: c.history}
			n := 0
			for _, h := range c.history {
				if !h.EmptyLayer {
					n++
				}
			}
			cfg.RootFS.DiffIDs = make([]v1.Hash, max(n, 3))
			if len(c.history) > 0 {
				cfg.RootFS.DiffIDs = make([]v1.Hash, n)
			}
			b := triage.BaseOf(cfg)
			if b.Layers != c.want || b.Reason == "" {
				t.Errorf("got %+v, want %d layers", b, c.want)
			}
		})
	}
}

func TestHistoryThatMissesLayersNamesNoBase(t *testing.T) {
	history := []v1.History{{CreatedBy: "ADD"}, {CreatedBy: "RUN"}, {CreatedBy: `CMD ["bash"]`, EmptyLayer: true}, {CreatedBy: "COPY"}}
	for _, layers := range []int{2, 5} {
		cfg := &v1.ConfigFile{History: history, RootFS: v1.RootFS{DiffIDs: make([]v1.Hash, layers)}}
		if b := triage.BaseOf(cfg); b.Layers != 1 || b.Reason != "the first layer; history does not tell of every layer" {
			t.Errorf("%d layers: %+v", layers, b)
		}
	}
}

func TestFindingIDsAreUnique(t *testing.T) {
	amd, i386 := pkg("deb", "libc6", "2.36-9", 0, "var/lib/dpkg/status"), pkg("deb", "libc6", "2.36-9", 0, "var/lib/dpkg/status")
	amd.Arch, i386.Arch = "amd64", "i386"
	amd.ID, i386.ID = "libc6 amd64", "libc6 i386"
	old := pkg("deb", "libc6", "2.28-1", 0, "var/lib/dpkg/status")
	old.Arch = "i386"
	inv := &inventory.Inventory{Packages: []inventory.Package{amd, i386, old}}
	f := findings(inv, []advisory.Match{
		fixed(amd, "CVE-2024-0001", advisory.High, "2.40"), fixed(i386, "CVE-2024-0001", advisory.High, "2.40"), fixed(old, "CVE-2024-0001", advisory.High, "2.40"),
	})
	ids := map[string]bool{}
	for _, x := range f {
		ids[x.ID] = true
	}
	if len(f) != 3 || len(ids) != 3 {
		t.Errorf("%d findings have %d identifiers", len(f), len(ids))
	}
	for _, a := range triage.Actions(inv, f, triage.Base{Layers: 1}, version.Order) {
		slices.Sort(a.Clears)
		if len(slices.Compact(a.Clears)) != 3 {
			t.Errorf("%q clears %v", a.Title, a.Clears)
		}
	}
	alone := findings(&inventory.Inventory{Packages: []inventory.Package{amd}}, []advisory.Match{fixed(amd, "CVE-2024-0001", advisory.High, "2.40")})
	if !ids[alone[0].ID] {
		t.Error("another architecture beside it changes a finding's identifier")
	}
}

func TestActionsNameWhatWasMatched(t *testing.T) {
	perl := pkg("rpm", "perl-Encode", "4:2.97-3.el8", 3, "var/lib/rpm/Packages")
	perl.Source = &inventory.Source{Name: "perl", Version: "5.26.3-416.el8"}
	gcc := pkg("deb", "gcc", "4:12.2.0-3", 2, "var/lib/dpkg/status")
	gcc.Source = &inventory.Source{Name: "gcc-defaults", Version: "1.203"}
	inv := &inventory.Inventory{Packages: []inventory.Package{perl, gcc}}
	binary := fixed(perl, "CVE-2024-0001", advisory.High, "4:2.96-9.el8", "4:2.97-4.el8")
	binary.By, binary.MatchedName, binary.MatchedVersion = advisory.ByBinary, perl.Name, perl.Version
	source := fixed(gcc, "CVE-2024-0002", advisory.High, "1.100", "1.204")
	source.By, source.MatchedName, source.MatchedVersion = advisory.BySource, "gcc-defaults", "1.203"
	got := titles(triage.Actions(inv, findings(inv, []advisory.Match{binary, source}), triage.Base{}, version.Order))
	want := []string{"upgrade gcc-defaults to 1.204: clears 1 (1 urgent)", "upgrade perl-Encode to 4:2.97-4.el8: clears 1 (1 urgent)"}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestAnActionClearsWhatItSays(t *testing.T) {
	for name, c := range map[string]struct {
		installed string
		fixes     [][]string
		want      string
	}{
		"lowest above the installed":           {"4.17.15", [][]string{{"3.10.2", "4.17.21"}}, "4.17.21"},
		"stays in its branch":                  {"3.2.1", [][]string{{"3.2.19", "4.1.9"}, {"3.2.25", "4.2.11", "5.0.3"}}, "3.2.25"},
		"the next branch has its own fix":      {"3.10.1", [][]string{{"3.10.2", "4.18.0"}, {"4.17.21"}}, "4.18.0"},
		"a fix before the branch began":        {"3.10.1", [][]string{{"3.10.2", "4.17.5"}, {"4.17.21"}}, "4.17.21"},
		"raised twice":                         {"1.0.0", [][]string{{"1.0.1", "2.0.1"}, {"2.0.0"}, {"1.0.1", "2.0.3"}}, "2.0.3"},
		"minor branches":                       {"4.1.8", [][]string{{"4.1.9", "4.2.3"}, {"4.1.10"}}, "4.1.10"},
		"the fix of a branch that comes after": {"1.0.0", [][]string{{"1.0.5", "3.0.1"}, {"2.0.0"}}, "2.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			p := pkg("npm", "x", c.installed, 1, "app/node_modules/x/package.json")
			inv := &inventory.Inventory{Packages: []inventory.Package{p}}
			var matches []advisory.Match
			for i, versions := range c.fixes {
				matches = append(matches, fixed(p, fmt.Sprintf("CVE-2024-%04d", i), advisory.High, versions...))
			}
			actions := triage.Actions(inv, findings(inv, matches), triage.Base{}, version.Order)
			if len(actions) != 1 || actions[0].To != c.want || len(actions[0].Clears) != len(c.fixes) {
				t.Errorf("got %+v, want version %s", actions, c.want)
			}
		})
	}
}

func TestTheDistributionsPackageIsNotARuntimeOfItsName(t *testing.T) {
	deb, own := pkg("deb", "openssl", "3.0.11-1", 0, "var/lib/dpkg/status"), pkg("generic", "openssl", "3.5.1", 0, "usr/local/bin/openssl")
	inv := &inventory.Inventory{Packages: []inventory.Package{deb, own}}
	f := findings(inv, []advisory.Match{fixed(deb, "CVE-2024-0001", advisory.High, "3.0.15-1"), fixed(own, "CVE-2024-0001", advisory.High, "3.5.4")})
	got := triage.Actions(inv, f, triage.Base{Layers: 1, Reason: "test"}, version.Order)
	if want := "layer 0: openssl to 3.0.15-1 (1), openssl to 3.5.4 (1) (test)"; len(got) != 1 || got[0].Detail != want {
		t.Errorf("got %+v, want %q", got, want)
	}
}
