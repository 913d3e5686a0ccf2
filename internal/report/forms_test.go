package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// full is the fixture with a finding of every kind.
func full() *verdict.Report {
	r := fixture()
	v := &r.Verdicts[0]
	v.Hygiene = []verdict.Hygiene{
		{
			ID: "1f0c5b6a7d8e9f00", Rule: "user-root", Title: "the container runs as root", Severity: advisory.High, Category: hygiene.User,
			Message: "no USER is set: the process starts as root", Remedy: "create a user and set USER to its number", Where: "configuration: User",
		},
		{
			ID: "2f0c5b6a7d8e9f00", Rule: "debug-port", Title: "a debugger's port is open", Severity: advisory.Medium, Category: hygiene.Network,
			Message: "9229 is the port of Node.js's inspector", Remedy: "leave the port closed", Where: "configuration: ExposedPorts", Base: true,
		},
	}
	v.Headline.Hygiene = map[string]int{"high": 1, "medium": 1}
	v.Findings = append(v.Findings, triage.Finding{
		ID: "3f0c5b6a7d8e9f00", Kind: triage.EndOfLife, Severity: advisory.Medium, Disposition: triage.Defer, Package: "debian", Version: "12",
		Title: "Debian GNU/Linux 12 (bookworm) left standard support on 2026-06-10; long-term support, for fewer packages, ends on 2028-06-30", Origin: inventory.LayerRef{Index: -1},
	})
	return r
}

// kinds are all that a report of findings has to show.
var kinds = []string{kindVulnerability, kindEndOfLife, kindSecret, kindPlanted, kindAltered, kindHygiene}

// many is an image with n findings in n packages, every third of them urgent.
func many(n int) *verdict.Report {
	r := full()
	v := &r.Verdicts[0]
	v.Findings, v.Packages = nil, nil
	for i := range n {
		p := deb(fmt.Sprintf("package-%d", i), "1.0-1", "", i%3)
		f := triage.Finding{
			ID: triage.Fingerprint("vulnerability", p.Name), Kind: triage.Vulnerability, Vulnerability: fmt.Sprintf("CVE-2026-%d", 10_000+i),
			Title:    fmt.Sprintf("%s: heap overflow number %d in the parser of a format that few people use and many programs read", p.Name, i),
			Severity: advisory.Low, Disposition: triage.Track, PackageID: p.ID, Package: p.Name, Version: p.Version, Path: p.Path,
			Liveness: inventory.Visible, Origin: p.Origin, Fix: triage.Fix{State: advisory.NotFixed}, HeldBy: []string{"trivy-db", "grype-db"}, Agreed: true,
		}
		if i%3 == 0 {
			f.Severity, f.Disposition, f.Fix = advisory.Critical, triage.Rebuild, triage.Fix{State: advisory.Fixed, Package: p.Name, Versions: []string{"1.0-2"}}
		}
		v.Packages, v.Findings = append(v.Packages, p), append(v.Findings, f)
	}
	v.Actions = nil
	return r
}

// formReports are what every form is held against.
func formReports() map[string]*verdict.Report {
	all := sbomReports()
	all["full"] = full()
	all["crowded"] = crowded()
	all["hostile links"] = hostile("[x](javascript:alert(1)) <img src=x onerror=y> ![y](https://evil.example/) @someone #1 -->")
	all["hostile formulas"] = hostile(`=HYPERLINK("https://evil.example/";"x")`)
	all["blank"] = hostile(" ")
	return all
}

// shuffled is the same image built again: other tag, digests and layers, the
// findings in another order.
func shuffled(r *verdict.Report) *verdict.Report {
	v := &r.Verdicts[0]
	v.Image.Reference, v.Image.Name = "shop/api:2.0-rc1", "index.docker.io/shop/api:2.0-rc1"
	v.Image.Digest, v.Image.IndexDigest, v.Image.ConfigDigest = digest("99aa"), "", digest("88bb")
	slices.Reverse(v.Findings)
	slices.Reverse(v.Hygiene)
	slices.Reverse(v.Actions)
	slices.Reverse(v.Packages)
	n := len(v.Image.Layers)
	turn := func(l *inventory.LayerRef) {
		if l.Index >= 0 {
			l.Index, l.DiffID = n-1-l.Index, digest("77cc")
		}
	}
	for i := range v.Findings {
		turn(&v.Findings[i].Origin)
	}
	for i := range v.Packages {
		turn(&v.Packages[i].Origin)
	}
	slices.Reverse(v.Image.Layers)
	return r
}

// checkLog fails on what a terminal or a CI system's log would obey.
func checkLog(t *testing.T, out []byte) {
	t.Helper()
	for line := range bytes.Lines(out) {
		for _, r := range strings.TrimRight(string(line), "\n") {
			if obeyed(r) || r < ' ' {
				t.Fatalf("%U in %q", r, line)
			}
		}
		if workflowCommand(string(line)) {
			t.Fatalf("workflow command in %q", line)
		}
	}
}

func TestEntriesShowEveryKindTheGravestFirst(t *testing.T) {
	list := entries(&full().Verdicts[0])
	for _, kind := range kinds {
		if !slices.ContainsFunc(list, func(e entry) bool { return e.kind == kind }) {
			t.Errorf("no entry of kind %q", kind)
		}
	}
	if n := len(full().Verdicts[0].Findings) + len(full().Verdicts[0].Hygiene); len(list) != n {
		t.Errorf("%d entries of %d findings", len(list), n)
	}
	calm := false
	for i := range list {
		if !list[i].grave() {
			calm = true
		} else if calm {
			t.Errorf("%s stands after what asks for nothing urgent", list[i].text())
		}
	}
}

func TestCutKeepsCharactersWhole(t *testing.T) {
	for _, c := range []struct {
		text string
		to   int
		want string
	}{{"short", 5, "short"}, {"longer", 5, "lo…"}, {"漢字漢字", 8, "漢…"}, {"x", 0, "…"}} {
		if got := cut(c.text, c.to); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.text, c.to, got, c.want)
		}
	}
}

func TestFilesOfAnImageLeadNowhereElse(t *testing.T) {
	for _, c := range []struct{ name, file, path, uri string }{
		{"localhost:5000/app", "etc/passwd", "localhost:5000/app/etc/passwd", "localhost%3A5000/app/etc/passwd"},
		{"/tmp/app.tar", "", "tmp/app.tar", "tmp/app.tar"},
		{"app", "../../etc/passwd", "app/etc/passwd", "app/etc/passwd"},
		{"../../x", "", "x", "x"},
		{"a b/\x1b[m", "", `a b/\x1b[m`, "a%20b/%5Cx1b%5Bm"},
		{"", "", "image", "image"},
		{"//evil.example/x", "", "evil.example/x", "evil.example/x"},
	} {
		path := filePath(c.name, c.file)
		if uri := artifactURI(path); path != c.path || uri != c.uri {
			t.Errorf("%q in %q: %q, %q; want %q, %q", c.file, c.name, path, uri, c.path, c.uri)
		}
	}
}
