package grypedb_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/package-url/packageurl-go"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

// verdictOf is what a tool says of one vulnerability in one package.
type verdictOf struct{ severity, state string }

// said is every verdict by "purl vulnerability".
type said map[string]verdictOf

// TestMatchesEqualGrypesOwn compares with grype itself on thousands of
// packages whose versions lie at the edges of the database's ranges. Set
// PLIMSOLL_GRYPE to the program.
func TestMatchesEqualGrypesOwn(t *testing.T) {
	program := os.Getenv("PLIMSOLL_GRYPE")
	if program == "" {
		t.Skip("set PLIMSOLL_GRYPE to a grype program to compare with it")
	}
	dir, db := authenticDir(t), openAuthentic(t)
	g := newGrype(t, program)
	for _, release := range []struct {
		name, key string
		d         *inventory.Distribution
		limit     int
	}{
		{"debian-11", "debian11.", &inventory.Distribution{ID: "debian", VersionID: "11"}, 60},
		{"debian-12", "debian12.", &inventory.Distribution{ID: "debian", VersionID: "12"}, 100},
		{"alpine-3.18", "alpine3.18", &inventory.Distribution{ID: "alpine", VersionID: "3.18.4"}, 60},
		{"alpine-edge", "alpine.", &inventory.Distribution{ID: "alpine", VersionID: "3.22_alpha20250108"}, 30},
	} {
		t.Run(release.name, func(t *testing.T) {
			inv := &inventory.Inventory{Distribution: release.d}
			kind := map[bool]string{true: "deb", false: "apk"}[release.d.ID == "debian"]
			for i, s := range samples(t, dir, kind, release.key, release.limit) {
				for _, v := range versionsAround(s.version) {
					inv.Packages = append(inv.Packages, osPackage(release.d, kind, s.name, v, i%2 == 0))
				}
			}
			compareOpinions(t, g, db, inv)
		})
	}
	for _, eco := range []struct{ ecosystem, purlType string }{
		{"npm", "npm"},
		{"python", "pypi"},
		{"java-archive", "maven"},
		{"gem", "gem"},
		{"go-module", "golang"},
		{"rust-crate", "cargo"},
		{"dotnet", "nuget"},
		{"php-composer", "composer"},
		{"hex", "hex"},
		{"dart-pub", "pub"},
	} {
		t.Run(eco.purlType, func(t *testing.T) {
			inv := &inventory.Inventory{}
			for _, s := range samples(t, dir, eco.ecosystem, "", 120) {
				for _, v := range versionsAround(s.version) {
					if eco.purlType == "maven" && strings.HasSuffix(v, "Final.1") {
						continue // nobody writes this, and the orders disagree on it
					}
					if p, ok := languagePackage(eco.purlType, s.name, v); ok {
						inv.Packages = append(inv.Packages, p)
					}
				}
			}
			compareOpinions(t, g, db, inv)
		})
	}
	t.Run("runtimes", func(t *testing.T) { compareOpinions(t, g, db, runtimes()) })
}

func versionsAround(v string) []string {
	return slices.Compact([]string{v, earlier(v), v + ".1", strings.TrimSuffix(v, ".0")})
}

func osPackage(d *inventory.Distribution, kind, source, v string, renamed bool) inventory.Package {
	p := inventory.Package{Type: kind, Name: source, Version: v, Source: &inventory.Source{Name: source, Version: v}}
	distro := d.ID + "-" + d.VersionID
	qualifiers := packageurl.Qualifiers{{Key: "distro", Value: distro}}
	if renamed {
		p.Name = "lib" + source + "9x"
		qualifiers = append(qualifiers, packageurl.Qualifier{Key: "upstream", Value: source + "@" + v})
	}
	p.PURL = packageurl.NewPackageURL(kind, d.ID, p.Name, v, qualifiers, "").ToString()
	p.ID = p.PURL
	return p
}

func languagePackage(purlType, name, v string) (inventory.Package, bool) {
	p := inventory.Package{Type: purlType, Name: name, Version: v}
	separator := "/"
	switch purlType {
	case "maven":
		separator = ":"
	case "pypi", "gem", "cargo", "nuget", "hex", "pub":
		separator = "\x00"
	}
	if i := strings.LastIndex(name, separator); i > 0 {
		p.Namespace, p.Name = name[:i], name[i+1:]
	}
	if purlType == "composer" && p.Namespace == "" || p.Name == "" || strings.ContainsAny(v, " ?#") {
		return p, false
	}
	p.PURL = packageurl.NewPackageURL(purlType, p.Namespace, p.Name, v, nil, "").ToString()
	p.ID = p.PURL
	return p, true
}

func runtimes() *inventory.Inventory {
	inv := &inventory.Inventory{Distribution: &inventory.Distribution{ID: "debian", VersionID: "12"}}
	for _, r := range []struct{ name, vendor, product, versions string }{
		{"python", "python", "python", "2.7.18 3.6.12 3.7.2 3.8.5 3.8.19 3.9.1 3.10.0 3.11.0 3.12.3"},
		{"node", "nodejs", "node.js", "10.19.0 14.21.3 16.13.0 18.2.0 20.1.0"},
		{"nginx", "f5", "nginx", "1.14.2 1.20.0 1.25.1"},
		{"redis", "redis", "redis", "5.0.3 6.2.5 7.0.4"},
		{"postgresql", "postgresql", "postgresql", "11.7 13.6 14.2"},
		{"openssl", "openssl", "openssl", "1.1.1k 1.0.2u 3.0.5"},
		{"busybox", "busybox", "busybox", "1.30.0 1.33.1 1.35.0"},
		{"httpd", "apache", "http_server", "2.4.38 2.4.52"},
		{"perl", "perl", "perl", "5.28.1 5.36.0"},
		{"php", "php", "php", "7.4.1 8.0.30 8.1.0"},
		{"jdk", "oracle", "jdk", "1.8.0_202 11.0.2 17.0.1 1.8.0_345-b01"},
		{"jre", "oracle", "jre", "1.7.0_80 1.8.0_312 11.0.14+9"},
		{"openjdk", "oracle", "openjdk", "1.8.0_302 11.0.2 17.0.1"},
		{"mysql", "oracle", "mysql", "5.7.33 8.0.20"},
		{"haproxy", "haproxy", "haproxy", "2.2.9 2.4.0"},
		{"traefik", "traefik", "traefik", "2.4.8 2.9.0"},
		{"curl", "haxx", "curl", "7.64.0 7.88.1"},
		{"bash", "gnu", "bash", "4.4 5.0"},
		{"erlang", "erlang", "erlang/otp", "22.0 24.3"},
	} {
		for v := range strings.FieldsSeq(r.versions) {
			product := strings.ReplaceAll(r.product, "/", `\/`)
			p := inventory.Package{
				Type: "generic", Name: r.name, Version: v,
				CPEs: []string{fmt.Sprintf("cpe:2.3:a:%s:%s:%s:*:*:*:*:*:*:*", r.vendor, product, strings.ReplaceAll(v, "+", `\+`))},
				PURL: packageurl.NewPackageURL("generic", "", r.name, v, nil, "").ToString(),
			}
			p.ID = p.PURL
			inv.Packages = append(inv.Packages, p)
		}
	}
	for _, v := range []string{"1.17.8", "1.19.3", "1.21.0", "1.22.3"} {
		inv.Packages = append(inv.Packages, inventory.Package{
			ID: "pkg:golang/stdlib@" + v, Type: "golang", Name: "stdlib", Version: v, PURL: "pkg:golang/stdlib@" + v,
			CPEs: []string{"cpe:2.3:a:golang:go:" + v + ":-:*:*:*:*:*:*"},
		})
	}
	return inv
}

// understood are differences whose cause is known.
var understood = map[string]string{
	"pkg:generic/openjdk@1.8.0_302 CVE-2022-34169": "NVD writes \"8-update302\"; grype's parser drops the update where no minor version precedes it",
}

// compareOpinions fails with each difference, both ways.
func compareOpinions(t *testing.T, g *grype, db advisory.Database, inv *inventory.Inventory) {
	t.Helper()
	o, err := db.Match(context.Background(), inv)
	if err != nil {
		t.Fatal(err)
	}
	ours := said{}
	for _, m := range o.Matches {
		ours[m.PackageID+" "+m.ID] = verdictOf{m.Severity.String(), string(m.State)}
	}
	theirs := g.scan(t, inv)
	differences := 0
	for _, key := range slices.Sorted(maps.Keys(theirs)) {
		switch our, ok := ours[key]; {
		case !ok:
			differences++
			t.Errorf("grype alone: %s %v", key, theirs[key])
		case our != theirs[key]:
			differences++
			t.Errorf("%s: ours %v, grype's %v", key, our, theirs[key])
		}
		if differences > 30 {
			t.Fatal("more differences left out")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(ours)) {
		if _, ok := theirs[key]; !ok && understood[key] == "" {
			if differences++; differences > 60 {
				t.Fatal("more differences left out")
			}
			t.Errorf("ours alone: %s %v", key, ours[key])
		}
	}
	t.Logf("%d packages, %d matches by both, %d differences", len(inv.Packages), len(theirs), differences)
}

// grype runs the real program on a private database folder.
type grype struct {
	program string
	env     []string
	dir     string
}

func newGrype(t *testing.T, program string) *grype {
	t.Helper()
	g := &grype{program: program, dir: t.TempDir()}
	g.env = append(os.Environ(), "GRYPE_DB_CACHE_DIR="+filepath.Join(g.dir, "db"), "GRYPE_DB_AUTO_UPDATE=false",
		"GRYPE_DB_VALIDATE_AGE=false", "GRYPE_CHECK_FOR_APP_UPDATE=false", "HOME="+g.dir, "XDG_CACHE_HOME="+g.dir)
	g.run(t, "db", "import", archive(t))
	return g
}

func (g *grype) run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(g.program, args...)
	cmd.Env = g.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out
}

// scan writes a CycloneDX document and reads grype's JSON.
func (g *grype) scan(t *testing.T, inv *inventory.Inventory) said {
	t.Helper()
	type component struct {
		Type    string `json:"type"`
		Ref     string `json:"bom-ref"`
		Group   string `json:"group,omitempty"`
		Name    string `json:"name"`
		Version string `json:"version"`
		PURL    string `json:"purl"`
		CPE     string `json:"cpe,omitempty"`
		// Properties says "binary", which is how grype finds runtimes in images.
		Properties []map[string]string `json:"properties,omitempty"`
	}
	var components []component
	for i, p := range inv.Packages {
		c := component{Type: "library", Ref: fmt.Sprint(i), Name: p.Name, Version: p.Version, PURL: p.PURL}
		switch p.Type {
		case "generic":
			c.Type = "application"
			c.Properties = []map[string]string{{"name": "syft:package:type", "value": "binary"}}
		case "maven":
			c.Group = p.Namespace
		case "npm", "golang", "composer":
			c.Name = p.FullName()
		}
		if len(p.CPEs) > 0 {
			c.CPE = p.CPEs[0]
		}
		components = append(components, c)
	}
	document, err := json.Marshal(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components,
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(g.dir, "sbom.cdx.json")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"sbom:" + path, "-o", "json"}
	if d := inv.Distribution; d != nil {
		args = append(args, "--distro", d.ID+":"+d.VersionID)
	}
	return readGrype(t, g.run(t, args...))
}

func readGrype(t *testing.T, out []byte) said {
	t.Helper()
	var report struct {
		Matches []struct {
			Artifact      struct{ PURL string }
			Vulnerability struct {
				ID, Severity string
				Fix          struct{ State string }
			}
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	theirs := said{}
	for _, m := range report.Matches {
		v := m.Vulnerability
		state := v.Fix.State
		if state == "" {
			state = "unknown"
		}
		theirs[m.Artifact.PURL+" "+v.ID] = verdictOf{strings.ToLower(v.Severity), state}
	}
	return theirs
}
