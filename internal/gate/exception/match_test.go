package exception

import (
	"testing"

	"plimsoll/internal/account"
	"plimsoll/internal/gate"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

const digest = "sha256:244fd47e07d1004f0aed9c156aa09083c82bf8944eceb67c946ff7430510a77b"

func hubImage() *verdict.Image {
	return &verdict.Image{
		Reference: "debian:latest", Name: "index.docker.io/library/debian:latest", Source: "registry", Digest: digest,
		IndexDigest:  "sha256:1111111111111111111111111111111111111111111111111111111111111111",
		ConfigDigest: "sha256:2222222222222222222222222222222222222222222222222222222222222222",
		Platform:     "linux/amd64",
	}
}

func ghcrImage() *verdict.Image {
	return &verdict.Image{Reference: "ghcr.io/acme/app:1.2", Name: "ghcr.io/acme/app:1.2", Source: "registry", Digest: digest, Platform: "linux/arm64/v8"}
}

// The package URLs of the first block are the specification's own
// (package-url/purl-spec, tests/types/oci-test.json and docker-test.json).
func TestAnImageIsKnownByItsPackageURL(t *testing.T) {
	for _, c := range []struct {
		url   string
		image *verdict.Image
		want  bool
	}{
		{"pkg:oci/debian@sha256%3A244fd47e07d10?repository_url=docker.io/library/debian&arch=amd64&tag=latest", hubImage(), true},
		{"pkg:oci/debian@sha256:244fd47e07d10?arch=amd64&repository_url=docker.io%2Flibrary%2Fdebian&tag=latest", hubImage(), true},
		{"pkg:oci/debian@sha256%3A244fd47e07d10?repository_url=ghcr.io/debian&tag=bullseye", hubImage(), true}, // the digest is the content, wherever it is kept
		{"pkg:oci/static@sha256%3A244fd47e07d11?repository_url=gcr.io/distroless/static&tag=latest", hubImage(), false},

		// Registry aliases.
		{"pkg:oci/debian?repository_url=docker.io/library/debian", hubImage(), true},
		{"pkg:oci/debian?repository_url=index.docker.io/library/debian", hubImage(), true},
		{"pkg:oci/debian?repository_url=registry-1.docker.io/library/debian", hubImage(), true},
		{"pkg:oci/debian?repository_url=registry.hub.docker.com/library/debian", hubImage(), true},
		{"pkg:oci/debian?repository_url=docker.io/debian", hubImage(), true},
		{"pkg:oci/debian?repository_url=docker.io/library", hubImage(), true},
		{"pkg:oci/debian?repository_url=docker.io", hubImage(), true},
		{"pkg:oci/debian?repository_url=https://index.docker.io/library/debian", hubImage(), true},
		{"pkg:oci/debian?repository_url=INDEX.DOCKER.IO%2Flibrary%2FDebian", hubImage(), true},
		{"pkg:oci/debian?repository_url=docker.io/acme/debian", hubImage(), false},
		{"pkg:oci/debian?repository_url=quay.io/library/debian", hubImage(), false},
		{"pkg:docker/debian", hubImage(), true},
		{"pkg:docker/library/debian@latest", hubImage(), true},
		{"pkg:docker/debian@" + digest, hubImage(), true},
		{"pkg:docker/debian@12", hubImage(), false},
		{"pkg:docker/acme/app@1.2?repository_url=ghcr.io", ghcrImage(), true},
		{"pkg:docker/acme/app@1.2", ghcrImage(), false}, // Docker Hub's

		// Without a version every version; a version is a digest.
		{"pkg:oci/app?repository_url=ghcr.io/acme/app", ghcrImage(), true},
		{"pkg:oci/app?repository_url=ghcr.io%2Facme", ghcrImage(), true},
		{"pkg:oci/app?repository_url=ghcr.io:443/acme/app", ghcrImage(), true},
		{"pkg:oci/app", ghcrImage(), true},
		{"pkg:oci/App", ghcrImage(), true}, // names of the type are lower case
		{"pkg:oci/other?repository_url=ghcr.io/acme/app", ghcrImage(), false},
		{"pkg:oci/app@" + digest, ghcrImage(), true},
		{"pkg:oci/app@sha256%3A" + digest[7:] + "?repository_url=quay.io/mirror/app", ghcrImage(), true},
		{"pkg:oci/app@sha256:244fd4", ghcrImage(), false}, // too short to name anything
		{"pkg:oci/debian@sha256:1111111111111111111111111111111111111111111111111111111111111111", hubImage(), true},
		{"pkg:oci/debian@sha256:2222222222222222222222222222222222222222222222222222222222222222", hubImage(), true},

		// Qualifiers narrow.
		{"pkg:oci/app?tag=1.2", ghcrImage(), true},
		{"pkg:oci/app?tag=1.3", ghcrImage(), false},
		{"pkg:oci/app?arch=arm64", ghcrImage(), true},
		{"pkg:oci/app?arch=aarch64", ghcrImage(), true},
		{"pkg:oci/app?arch=amd64", ghcrImage(), false},
		{"pkg:oci/app@" + digest + "?arch=amd64", ghcrImage(), false},
		{"pkg:oci/app?os=windows", ghcrImage(), false},
	} {
		u, err := parsePURL(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if got := u.ofImage() && u.coversImage(identityOf(c.image)); got != c.want {
			t.Errorf("%s and %s: %v", c.url, c.image.Name, got)
		}
	}
}

func TestAPackageIsKnownByItsPackageURL(t *testing.T) {
	debian := &inventory.Distribution{ID: "debian", VersionID: "12", VersionCodename: "bookworm"}
	alpine := &inventory.Distribution{ID: "alpine", VersionID: "3.19.1"}
	rhel := &inventory.Distribution{ID: "rhel", VersionID: "9.4"}
	deb := inventory.Package{
		Type: "deb", Namespace: "debian", Name: "libssl3", Version: "1:3.0.11-1~deb12u2", Arch: "amd64",
		Source: &inventory.Source{Name: "openssl", Version: "1:3.0.11-1~deb12u2"},
		PURL:   "pkg:deb/debian/libssl3@1%3A3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
	}
	rpm := inventory.Package{
		Type: "rpm", Namespace: "redhat", Name: "openssl-libs", Version: "1:3.0.7-27.el9", Arch: "x86_64",
		PURL: "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&distro=rhel-9.4&epoch=1",
	}
	apk := inventory.Package{Type: "apk", Namespace: "alpine", Name: "musl", Version: "1.2.4-r2", Arch: "x86_64", PURL: "pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.19.1"}
	npm := inventory.Package{Type: "npm", Namespace: "@angular", Name: "core", Version: "16.0.0", PURL: "pkg:npm/%40angular/core@16.0.0"}
	pypi := inventory.Package{Type: "pypi", Name: "typing-extensions", Version: "4.0", PURL: "pkg:pypi/typing-extensions@4.0"}
	maven := inventory.Package{Type: "maven", Namespace: "org.apache.logging.log4j", Name: "log4j-core", Version: "2.4", PURL: "pkg:maven/org.apache.logging.log4j/log4j-core@2.4"}
	module := inventory.Package{Type: "golang", Namespace: "golang.org/x", Name: "net", Version: "v0.17.0", PURL: "pkg:golang/golang.org/x/net@v0.17.0"}
	for _, c := range []struct {
		url  string
		p    *inventory.Package
		d    *inventory.Distribution
		want bool
	}{
		{"pkg:deb/debian/libssl3", &deb, debian, true},
		{"PKG:DEB/Debian/libssl3", &deb, debian, true},
		{"pkg:deb/debian/libssl3@1:3.0.11-1~deb12u2", &deb, debian, true},
		{"pkg:deb/debian/libssl3@1%3A3.0.11-1%7Edeb12u2", &deb, debian, true},
		{"pkg:deb/debian/libssl3@3.0.11-1~deb12u2", &deb, debian, false}, // another epoch
		{"pkg:deb/debian/libssl3@1:3.0.12", &deb, debian, false},
		{"pkg:deb/ubuntu/libssl3", &deb, debian, false},
		{"pkg:deb/debian/libssl3?arch=amd64", &deb, debian, true},
		{"pkg:deb/debian/libssl3?arch=x86_64", &deb, debian, true},
		{"pkg:deb/debian/libssl3?arch=arm64", &deb, debian, false},
		{"pkg:deb/debian/libssl3?distro=debian-12", &deb, debian, true},
		{"pkg:deb/debian/libssl3?distro=debian-12.5", &deb, debian, true},
		{"pkg:deb/debian/libssl3?distro=bookworm", &deb, debian, true},
		{"pkg:deb/debian/libssl3?distro=debian-bookworm", &deb, debian, true},
		{"pkg:deb/debian/libssl3?distro=debian-1", &deb, debian, false},
		{"pkg:deb/debian/libssl3?distro=trixie", &deb, debian, false},
		{"pkg:deb/debian/libssl3?upstream=openssl", &deb, debian, true},
		{"pkg:deb/debian/openssl", &deb, debian, false},
		{"pkg:deb/debian/openssl?arch=source", &deb, debian, true},
		{"pkg:deb/debian/openssl@1:3.0.11-1~deb12u2?arch=source&distro=bookworm", &deb, debian, true},
		{"pkg:deb/debian/openssl@1:3.0.9?arch=source", &deb, debian, false},

		{"pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?epoch=1", &rpm, rhel, true},
		{"pkg:rpm/redhat/openssl-libs@1:3.0.7-27.el9", &rpm, rhel, true},
		{"pkg:rpm/rhel/openssl-libs@3.0.7-27.el9", &rpm, rhel, true},
		{"pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?epoch=2", &rpm, rhel, false},
		{"pkg:rpm/redhat/openssl-libs?distro=rhel-9", &rpm, rhel, true},
		{"pkg:rpm/redhat/openssl-libs?distro=redhat-9.4", &rpm, rhel, true},
		{"pkg:apk/alpine/musl?distro=3.19.1", &apk, alpine, true},
		{"pkg:apk/alpine/musl?distro=alpine-3.19", &apk, alpine, true},
		{"pkg:apk/alpine/musl?distro=alpine-3.1", &apk, alpine, false},
		{"pkg:apk/wolfi/musl", &apk, alpine, false},

		{"pkg:npm/%40angular/core@16.0.0", &npm, nil, true},
		{"pkg:npm/@angular/core", &npm, nil, true},
		{"pkg:npm/core", &npm, nil, false},
		{"pkg:npm/%40angular/core?repository_url=https://registry.npmjs.org/", &npm, nil, true},
		{"pkg:npm/%40angular/core?repository_url=https://npm.acme.example", &npm, nil, false},
		{"pkg:npm/%40angular/core?vcs_url=git%2Bhttps://github.com/angular/angular", &npm, nil, true},
		{"pkg:pypi/Typing_Extensions@4.0", &pypi, nil, true},
		{"pkg:pypi/typing-extensions@4.0.0", &pypi, nil, false},
		{"pkg:maven/org.apache.logging.log4j/log4j-core", &maven, nil, true},
		{"pkg:maven/org.apache.logging.log4j/log4j-core@2.4?type=jar", &maven, nil, true},
		{"pkg:maven/org.apache.logging.log4j/log4j-core@2.4?classifier=sources", &maven, nil, false},
		{"pkg:golang/golang.org/x/net@v0.17.0", &module, nil, true},
		{"pkg:golang/golang.org/x/net@0.17.0", &module, nil, true},
		{"pkg:golang/golang.org/x/net#html", &module, nil, false}, // a part is no word on the rest
	} {
		u, err := parsePURL(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if got := u.covers(c.p, c.d); got != c.want {
			t.Errorf("%s covers %s: %v", c.url, c.p.PURL, got)
		}
	}
}

func TestImagePatterns(t *testing.T) {
	archive := &verdict.Image{Reference: "build/app.tar", Source: "docker-archive", Platform: "linux/amd64"}
	for _, c := range []struct {
		pattern string
		image   *verdict.Image
		want    bool
	}{
		{"debian", hubImage(), true},
		{"docker.io/library/debian", hubImage(), true},
		{"index.docker.io/library/debian:latest", hubImage(), true},
		{"debian:l*", hubImage(), true},
		{"debian:12", hubImage(), false},
		{"debian@" + digest, hubImage(), true},
		{"debian@sha256:3333333333333333333333333333333333333333333333333333333333333333", hubImage(), false},
		{"acme/debian", hubImage(), false},
		{"docker.io/**", hubImage(), true},
		{"**", ghcrImage(), true},
		{"ghcr.io/acme/*", ghcrImage(), true},
		{"ghcr.io/*", ghcrImage(), false},
		{"ghcr.io/**", ghcrImage(), true},
		{"*/acme/app", ghcrImage(), true},
		{"ghcr.io/acme/app:1.*", ghcrImage(), true},
		{"ghcr.io/acme/ap", ghcrImage(), false},
		{"build/app.tar", archive, true},
		{"build/*.tar", archive, true},
		{"app", archive, false},
	} {
		p, err := parseImagePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := p.match(identityOf(c.image)); got != c.want {
			t.Errorf("%s and %s: %v", c.pattern, c.image.Reference, got)
		}
	}
}

func TestPaths(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"app/config.json", "app/config.json", true},
		{"/app/config.json", "app/config.json", true},
		{"app/*", "app/config.json", true},
		{"app/*", "app/a/config.json", false},
		{"app/**", "app/a/b/config.json", true},
		{"**/*.pem", "etc/ssl/private/key.pem", true},
		{"**/*.pem", "key.pem", true},
		{"**", "anything/at/all", true},
		{"a/**/z", "a/z", true},
		{"a/**/z", "a/b/c/z", true},
		{"a/**/z", "a/b/c/y", false},
		{"[ab].env", "b.env", true},
		{"*.env", "x/b.env", false},
	} {
		g, err := parseGlob(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.match(c.path); got != c.want {
			t.Errorf("%s and %s: %v", c.pattern, c.path, got)
		}
	}
	for _, bad := range []string{"a/b**", "[a", `a\`} {
		if _, err := parseGlob(bad); err == nil {
			t.Errorf("%s passes for a pattern", bad)
		}
	}
}

func TestPackageScopes(t *testing.T) {
	openssl := &inventory.Package{
		Type: "deb", Namespace: "debian", Name: "libssl3", Version: "3.0.11-1~deb12u2", PURL: "pkg:deb/debian/libssl3@3.0.11-1~deb12u2",
		Source: &inventory.Source{Name: "openssl", Version: "3.0.11-1~deb12u2"},
	}
	log4j := &inventory.Package{Type: "maven", Namespace: "org.apache", Name: "log4j", Version: "2.14.1", PURL: "pkg:maven/org.apache/log4j@2.14.1"}
	scoped := &inventory.Package{Type: "npm", Namespace: "@acme", Name: "x", Version: "1.2.3", PURL: "pkg:npm/%40acme/x@1.2.3"}
	for _, c := range []struct {
		scope string
		p     *inventory.Package
		want  bool
	}{
		{"libssl3", openssl, true},
		{"openssl", openssl, true},
		{"openssl@3.0.11-1~deb12u2", openssl, true},
		{"openssl@<3.0.11-1~deb12u3", openssl, true},
		{"openssl@>=3.0,<3.0.11", openssl, false},
		{"openssl@<1 || >=3", openssl, true},
		{"curl", openssl, false},
		{"pkg:deb/debian/libssl3", openssl, true},
		{"org.apache:log4j", log4j, true},
		{"log4j@2.14.1", log4j, true},
		{"org.apache:log4j@>=2.15", log4j, false},
		{"@acme/x", scoped, true},
		{"@acme/x@1.2.3", scoped, true},
		{"@acme/x@>=2", scoped, false},
		{"x", scoped, true},
		{"@acme/y", scoped, false},
	} {
		s, err := ParsePackageScope(c.scope)
		if err != nil {
			t.Errorf("%s: %v", c.scope, err)
			continue
		}
		if got := s.match(c.p, c.p.FullName(), nil); got != c.want {
			t.Errorf("%s and %s: %v", c.scope, c.p.PURL, got)
		}
	}
	for _, bad := range []string{"", "a@", "lib*", "pkg:", "pkg:deb", "openssl >= 1", "a@=>1", "pkg:oci/app"} {
		if _, err := ParsePackageScope(bad); err == nil {
			t.Errorf("%q passes for a package", bad)
		}
	}
}

func TestVers(t *testing.T) {
	for _, c := range []struct {
		vers, version string
		want          bool
	}{
		{"vers:npm/*", "1.0.0", true},
		{"vers:npm/1.2.3", "1.2.3", true},
		{"vers:npm/1.2.3|1.2.5", "1.2.4", false},
		{"vers:npm/>=1.0.0|<2.0.0", "1.5.0", true},
		{"vers:npm/>=1.0.0|<2.0.0", "2.0.0", false},
		{"vers:npm/<1.0.0|>=2.0.0|<3.0.0", "2.5.0", true},
		{"vers:npm/<1.0.0|>=2.0.0", "1.5.0", false},
		{"vers:npm/>=1.0.0|!=1.5.0|<2.0.0", "1.5.0", false},
		{"vers:npm/>=1.0.0|!=1.5.0|<2.0.0", "1.6.0", true},
		{"vers:pypi/>=1.0.0", "1.5.0", false},
		{"npm/>=1.0.0", "1.5.0", false},
		{"vers:npm/~1", "1.5.0", false},
	} {
		if got := inVers("npm", c.vers, c.version); got != c.want {
			t.Errorf("%s holds %s: %v", c.vers, c.version, got)
		}
	}
}

func TestCPENames(t *testing.T) {
	have := `cpe:2.3:a:openssl:openssl:3.0.11:*:*:*:*:*:*:*`
	for cpe, want := range map[string]bool{
		`cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*`:      true,
		`cpe:2.3:a:OpenSSL:openssl:3.0.11:*:*:*:*:*:*:*`: true,
		`cpe:2.3:a:openssl:openssl:3.0.12:*:*:*:*:*:*:*`: false,
		`cpe:2.3:a:openssl:open\:ssl:*:*:*:*:*:*:*:*`:    false,
		`cpe:2.3:a:openssl`:                              false,
	} {
		if coversCPE(cpe, have) != want {
			t.Errorf("%s: %v", cpe, !want)
		}
	}
}

// things are one of each kind that the gate asks about.
func TestWhatAnExceptionSpeaksOf(t *testing.T) {
	image := hubImage()
	p := &inventory.Package{ID: "p", Type: "deb", Namespace: "debian", Name: "libssl3", Version: "3.0", Path: "var/lib/dpkg/status", PURL: "pkg:deb/debian/libssl3@3.0"}
	cve := gate.Thing{ID: "f1", Package: p, Finding: &triage.Finding{ID: "f1", Kind: triage.Vulnerability, Vulnerability: "CVE-2024-1", Aliases: []string{"GHSA-aaaa-bbbb-cccc"}, PackageID: "p", Package: "libssl3", Path: p.Path}}
	secret := gate.Thing{ID: "f2", Finding: &triage.Finding{ID: "f2", Kind: triage.Secret, Path: "app/a.jar", Evidence: &triage.Evidence{Rule: "private-key", Value: "abcd", Inside: "x/key.pem"}}}
	root := gate.Thing{ID: "h", Hygiene: &verdict.Hygiene{ID: "h", Rule: "user-missing"}}
	lint := gate.Thing{ID: "l", Lint: &hygiene.Finding{ID: "l", Rule: "from-latest"}, Dockerfile: "docker/Dockerfile"}
	program := gate.Thing{ID: "x", Executable: &account.Entry{Path: "usr/local/bin/tool", Status: account.Unaccounted, Owner: ""}}
	end := gate.Thing{ID: "e", Finding: &triage.Finding{ID: "e", Kind: triage.EndOfLife}}
	for _, c := range []struct {
		name, entry string
		thing       gate.Thing
		want        bool
	}{
		{"by its name", "id: CVE-2024-1, scope: {everywhere: true}", cve, true},
		{"in another case", "id: cve-2024-1, scope: {everywhere: true}", cve, true},
		{"by an alias", "id: GHSA-aaaa-bbbb-cccc, scope: {package: libssl3}", cve, true},
		{"by the finding's ID", "id: f1, scope: {image: debian}", cve, true},
		{"another vulnerability", "id: CVE-2024-2, scope: {everywhere: true}", cve, false},
		{"in another package", "id: CVE-2024-1, scope: {package: curl}", cve, false},
		{"one of several packages", "id: CVE-2024-1, scope: {package: [curl, 'pkg:deb/debian/libssl3']}", cve, true},
		{"in another image", "id: CVE-2024-1, scope: {image: ghcr.io/acme/*, package: libssl3}", cve, false},
		{"all parts of a scope hold", "id: CVE-2024-1, scope: {image: debian, package: libssl3, path: 'var/**'}", cve, true},
		{"a secret by its rule", "id: private-key, scope: {path: '**/a.jar'}", secret, true},
		{"a secret inside an archive", "id: private-key, scope: {path: 'app/a.jar!x/*.pem'}", secret, true},
		{"a secret by its value", "id: abcd, scope: {everywhere: true}", secret, true},
		{"a secret elsewhere", "id: private-key, scope: {path: 'etc/**'}", secret, false},
		{"a secret has no package", "id: private-key, scope: {package: openssl}", secret, false},
		{"hygiene by its rule", "id: user-missing, scope: {everywhere: true}", root, true},
		{"hygiene has no path", "id: user-missing, scope: {path: '**'}", root, false},
		{"a Dockerfile's line", "id: from-latest, scope: {path: docker/Dockerfile}", lint, true},
		{"another Dockerfile", "id: from-latest, scope: {path: Dockerfile}", lint, false},
		{"an executable by its standing", "id: unaccounted, scope: {path: usr/local/bin/*}", program, true},
		{"another executable", "id: unaccounted, scope: {path: usr/bin/*}", program, false},
		{"the end of a release", "id: end-of-life, scope: {image: debian}", end, true},
	} {
		list, err := Parse("e.yaml", []byte("version: 1\nexceptions:\n  - {"+c.entry+", reason: r, owner: o, until: 2027-01-01}\n"))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		b := NewSet(day("2026-11-21"), list, nil).For(&verdict.Verdict{Image: *image})
		c.thing.Image = image
		a, ok := b.Accept(c.thing)
		if ok != c.want {
			t.Errorf("%s: %v", c.name, ok)
		}
		if ok && (a.ID != "e.yaml:3" || a.By != "o" || a.Until != "2027-01-01" || a.Expired) {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}
