package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// The fixture is an image as people ship them: Debian 12 as of September 2023
// under CPython 3.8, an application from npm and a Java agent. Versions,
// advisories, scores and dates are the databases' own.

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func digest(fill string) string { return "sha256:" + strings.Repeat(fill, 64/len(fill)) }

var fixtureHistory = []string{
	`/bin/sh -c #(nop) ADD file:d261a6f6921593f1eab92a30b4c1e5ff9a1f3e2b0c5e2a7f9a1b4d6c8e0f1a2b in / `,
	`/bin/sh -c set -eux; 	apt-get update; 	apt-get install -y --no-install-recommends 		ca-certificates 		netbase 		tzdata 	; 	rm -rf /var/lib/apt/lists/*`,
	`RUN /bin/sh -c set -eux; savedAptMark="$(apt-mark showmanual)"; apt-get update; apt-get install -y --no-install-recommends dpkg-dev gcc gnupg libbluetooth-dev # buildkit`,
	`RUN /bin/sh -c apt-get update && apt-get install -y openssl python3-requests && rm -rf /var/lib/dpkg/info/libexpat1* # buildkit`,
	`COPY . /app # buildkit`,
	`RUN |1 AGENT_VERSION=2.14.1 /bin/sh -c curl -fsSLo /opt/agent.jar https://repo.example/agent-${AGENT_VERSION}.jar # buildkit`,
}

func layerRef(i int) inventory.LayerRef {
	return inventory.LayerRef{Index: i, DiffID: digest(string(rune('a'+i)) + "1"), CreatedBy: fixtureHistory[i]}
}

func deb(name, version, source string, layer int, deps ...string) inventory.Package {
	p := inventory.Package{
		Type: "deb", Namespace: "debian", Name: name, Version: version, Arch: "amd64",
		DependsOn: deps, Path: "var/lib/dpkg/status", Inspector: "dpkg",
		Liveness: inventory.Visible, Origin: layerRef(layer),
	}
	if source != "" {
		p.Source = &inventory.Source{Name: source, Version: version}
	}
	p.PURL = "pkg:deb/debian/" + name + "@" + strings.ReplaceAll(strings.ReplaceAll(version, "+", "%2B"), ":", "%3A") + "?arch=amd64&distro=debian-12"
	p.ID = p.PURL
	return p
}

func lang(kind, namespace, name, version, path string, layer int, deps ...string) inventory.Package {
	p := inventory.Package{
		Type: kind, Namespace: namespace, Name: name, Version: version, DependsOn: deps,
		Path: path, Inspector: kind, Liveness: inventory.Visible, Origin: layerRef(layer),
	}
	p.PURL = "pkg:" + kind + "/" + name + "@" + version
	if namespace != "" {
		p.PURL = "pkg:" + kind + "/" + namespace + "/" + name + "@" + version
	}
	p.ID = p.PURL
	return p
}

func fixturePackages() []inventory.Package {
	list := []inventory.Package{
		deb("adduser", "3.134", "", 0),
		deb("libc-bin", "2.36-9+deb12u1", "glibc", 0, "libc6"),
		deb("libc6", "2.36-9+deb12u1", "glibc", 0, "libgcc-s1"),
		deb("libexpat1", "2.5.0-1", "expat", 2, "libc6"),
		deb("libgcc-s1", "12.2.0-14", "gcc-12", 0, "libc6"),
		deb("libssl3", "3.0.9-1", "openssl", 0, "libc6"),
		deb("openssl", "3.0.9-1", "", 3, "libc6", "libssl3"),
		deb("perl-base", "5.36.0-7", "perl", 0, "libc6"),
		deb("python3-requests", "2.28.1+dfsg-1", "requests", 3, "python3-urllib3"),
		deb("zlib1g", "1:1.2.13.dfsg-1", "zlib", 0, "libc6"),
		lang("generic", "", "python", "3.8.18", "usr/local/bin/python3.8", 2),
		lang("maven", "org.apache.logging.log4j", "log4j-core", "2.14.1", "opt/agent.jar", 5, "org.apache.logging.log4j:log4j-api"),
		lang("npm", "", "express", "4.18.2", "app/node_modules/express/package.json", 4, "lodash"),
		lang("npm", "", "lodash", "4.17.15", "app/node_modules/lodash/package.json", 4),
		lang("pypi", "", "pip", "23.0.1", "usr/local/lib/python3.8/site-packages/pip-23.0.1.dist-info/METADATA", 2),
		lang("pypi", "", "requests", "2.28.1", "usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO", 3),
		lang("pypi", "", "setuptools", "57.5.0", "usr/local/lib/python3.8/site-packages/setuptools-57.5.0.dist-info/METADATA", 2),
	}
	for i := range list {
		p := &list[i]
		switch p.Name {
		case "libexpat1":
			p.Liveness = inventory.Ghost
			p.Licenses = []string{"MIT"}
		case "libc6":
			p.Licenses = []string{"LGPL-2.1", "GPL-2"}
		case "zlib1g":
			p.Licenses = []string{"Zlib"}
		case "python":
			p.CPEs = []string{"cpe:2.3:a:python:python:3.8.18:*:*:*:*:*:*:*"}
			p.Licenses = []string{"PSF-2.0"}
		case "log4j-core":
			p.InArchive = "META-INF/lib/log4j-core-2.14.1.jar!META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties"
			p.Licenses = []string{"Apache-2.0"}
		case "express", "lodash":
			p.Licenses = []string{"(MIT OR Apache-2.0)"}
		case "requests":
			p.OwnedBy = list[8].ID
		}
	}
	return list
}

func fixtureInfo() []advisory.Info {
	return []advisory.Info{
		{Name: "trivy-db", Schema: "2", Built: day("2026-11-20").Add(6 * time.Hour), NextUpdate: day("2026-11-21").Add(6 * time.Hour), Digest: digest("02b02be093ed3e79"), From: "ghcr.io/aquasecurity/trivy-db:2"},
		{Name: "grype-db", Schema: "6.1.10", Built: day("2026-11-20"), Digest: digest("9f2c"), From: "https://grype.anchore.io/databases/v6/latest.json"},
	}
}

// heldCase is one vulnerability of some packages as both databases see it.
type heldCase struct {
	packages    []string // names
	id          string
	trivy       *advisory.Match
	grype       *advisory.Match
	disposition triage.Disposition
	differences []reconcile.Difference
	title       string
	silent      bool // leads to no finding
}

func match(id string, severity advisory.Severity, from string, state advisory.FixState, fixed string, cvss ...advisory.CVSS) *advisory.Match {
	m := &advisory.Match{ID: id, Severity: severity, SeverityFrom: from, State: state, CVSS: cvss, Provider: "debian", By: advisory.BySource}
	if fixed != "" {
		m.FixedIn = []string{fixed}
		m.Affected = "< " + fixed
	}
	return m
}

func cvss31(source, vector string, score float64) advisory.CVSS {
	return advisory.CVSS{Source: source, Version: "3.1", Vector: "CVSS:3.1/" + vector, Score: score}
}

// epssOf holds FIRST's estimates of 2026-08-16.
var epssOf = map[string]advisory.EPSS{
	"CVE-2023-4911":  {Probability: 0.81422, Percentile: 0.99606},
	"CVE-2024-2961":  {Probability: 0.88330, Percentile: 0.99758},
	"CVE-2010-4756":  {Probability: 0.02611, Percentile: 0.84090},
	"CVE-2023-5363":  {Probability: 0.03332, Percentile: 0.87579},
	"CVE-2024-6119":  {Probability: 0.66582, Percentile: 0.99224},
	"CVE-2024-0727":  {Probability: 0.03187, Percentile: 0.86981},
	"CVE-2024-9143":  {Probability: 0.05842, Percentile: 0.92526},
	"CVE-2024-45491": {Probability: 0.01130, Percentile: 0.63653},
	"CVE-2023-45853": {Probability: 0.03179, Percentile: 0.86950},
	"CVE-2023-31484": {Probability: 0.01548, Percentile: 0.72906},
	"CVE-2024-6345":  {Probability: 0.01939, Percentile: 0.78377},
	"CVE-2023-5752":  {Probability: 0.00476, Percentile: 0.39075},
	"CVE-2021-23337": {Probability: 0.21333, Percentile: 0.97387},
	"CVE-2020-8203":  {Probability: 0.05213, Percentile: 0.91787},
	"CVE-2021-44228": {Probability: 0.99999, Percentile: 1},
	"CVE-2023-27043": {Probability: 0.02527, Percentile: 0.83525},
}

// kevOf holds CISA's entries.
var kevOf = map[string]advisory.KEV{
	"CVE-2023-4911":  {DateAdded: "2023-11-21", DueDate: "2023-12-12"},
	"CVE-2021-44228": {DateAdded: "2021-12-10", DueDate: "2021-12-24", Ransomware: true},
}

func fixtureCases() []heldCase {
	const all = "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
	glibc, openssl := []string{"libc-bin", "libc6"}, []string{"libssl3", "openssl"}
	tunables := cvss31("nvd", "AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8)
	iconv := cvss31("redhat", "AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8)
	cipher := cvss31("nvd", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5)
	pkcs := cvss31("nvd", "AV:L/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H", 5.5)
	differ := func(cause reconcile.Cause, detail string) []reconcile.Difference {
		return []reconcile.Difference{{Cause: cause, Detail: detail}}
	}
	list := []heldCase{
		{
			packages: []string{"log4j-core"}, id: "CVE-2021-44228", disposition: triage.Rebuild, title: "log4j-core: Remote code execution in Log4j 2.x when logs contain an attacker-controlled string value",
			trivy:       match("CVE-2021-44228", advisory.Critical, "ghsa", advisory.Fixed, "2.15.0", cvss31("ghsa", "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10)),
			grype:       match("GHSA-jfh8-c2jp-5v3q", advisory.Critical, "ghsa", advisory.Fixed, "2.15.0", cvss31("ghsa", "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10)),
			differences: differ(reconcile.OtherID, "trivy-db: CVE-2021-44228, grype-db: GHSA-jfh8-c2jp-5v3q"),
		},
		{
			packages: glibc, id: "CVE-2023-4911", disposition: triage.Rebuild, title: "glibc: buffer overflow in ld.so leading to privilege escalation",
			trivy: match("CVE-2023-4911", advisory.High, "nvd", advisory.Fixed, "2.36-9+deb12u3", tunables),
			grype: match("CVE-2023-4911", advisory.High, "nvd", advisory.Fixed, "2.36-9+deb12u3", tunables),
		},
		{
			packages: glibc, id: "CVE-2024-2961", disposition: triage.Rebuild, title: "glibc: Out of bounds write in iconv may lead to remote code execution",
			trivy:       match("CVE-2024-2961", advisory.High, "redhat", advisory.Fixed, "2.36-9+deb12u6", iconv),
			grype:       match("CVE-2024-2961", advisory.Unknown, "", advisory.Fixed, "2.36-9+deb12u6"),
			differences: differ(reconcile.SeverityDiffers, "trivy-db: high (redhat), grype-db: unknown"),
		},
		{
			packages: openssl, id: "CVE-2023-5363", disposition: triage.Rebuild, title: "openssl: Incorrect cipher key and IV length processing",
			trivy: match("CVE-2023-5363", advisory.High, "nvd", advisory.Fixed, "3.0.11-1~deb12u2", cipher),
			grype: match("CVE-2023-5363", advisory.High, "nvd", advisory.Fixed, "3.0.11-1~deb12u2", cipher),
		},
		{
			packages: []string{"libexpat1"}, id: "CVE-2024-45491", disposition: triage.Rebuild, title: "libexpat: Integer Overflow or Wraparound",
			trivy: match("CVE-2024-45491", advisory.Critical, "nvd", advisory.Fixed, "2.5.0-1+deb12u1", cvss31("nvd", all, 9.8)),
			grype: match("CVE-2024-45491", advisory.Critical, "nvd", advisory.Fixed, "2.5.0-1+deb12u1", cvss31("nvd", all, 9.8)),
		},
		{
			packages: []string{"lodash"}, id: "CVE-2021-23337", disposition: triage.Rebuild, title: "nodejs-lodash: command injection via template",
			trivy:       match("CVE-2021-23337", advisory.High, "ghsa", advisory.Fixed, "4.17.21", cvss31("ghsa", "AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H", 7.2)),
			grype:       match("GHSA-35jh-r3h4-6jhm", advisory.High, "ghsa", advisory.Fixed, "4.17.21", cvss31("ghsa", "AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H", 7.2)),
			differences: differ(reconcile.OtherID, "trivy-db: CVE-2021-23337, grype-db: GHSA-35jh-r3h4-6jhm"),
		},
		{
			packages: []string{"lodash"}, id: "CVE-2020-8203", disposition: triage.Rebuild, title: "nodejs-lodash: prototype pollution in zipObjectDeep function",
			trivy:       match("CVE-2020-8203", advisory.High, "ghsa", advisory.Fixed, "4.17.19", cvss31("ghsa", "AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:H", 7.4)),
			grype:       match("GHSA-p6mc-m468-83gw", advisory.High, "ghsa", advisory.Fixed, "4.17.19", cvss31("ghsa", "AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:H", 7.4)),
			differences: differ(reconcile.OtherID, "trivy-db: CVE-2020-8203, grype-db: GHSA-p6mc-m468-83gw"),
		},
		{
			packages: []string{"perl-base"}, id: "CVE-2023-31484", disposition: triage.Rebuild, title: "perl: CPAN.pm does not verify TLS certificates when downloading distributions over HTTPS",
			trivy: match("CVE-2023-31484", advisory.High, "nvd", advisory.Fixed, "5.36.0-7+deb12u3", cvss31("nvd", "AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.1)),
			grype: match("CVE-2023-31484", advisory.High, "nvd", advisory.Fixed, "5.36.0-7+deb12u3", cvss31("nvd", "AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.1)),
		},
		{
			packages: []string{"setuptools"}, id: "CVE-2024-6345", disposition: triage.Rebuild, title: "pypa/setuptools: Remote code execution via download functions in the package_index module",
			trivy: match("CVE-2024-6345", advisory.High, "ghsa", advisory.Fixed, "70.0.0", cvss31("ghsa", "AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 8.8),
				advisory.CVSS{Source: "ghsa", Version: "4.0", Vector: "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:A/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Score: 7.5}),
			grype:       match("GHSA-cx63-2mw6-8hw5", advisory.High, "ghsa", advisory.Fixed, "70.0.0", cvss31("ghsa", "AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 8.8)),
			differences: differ(reconcile.OtherID, "trivy-db: CVE-2024-6345, grype-db: GHSA-cx63-2mw6-8hw5"),
		},
	}
	return append(list, fixtureLesserCases(openssl, glibc, pkcs)...)
}

func fixtureLesserCases(openssl, glibc []string, pkcs advisory.CVSS) []heldCase {
	return []heldCase{
		{
			packages: openssl, id: "CVE-2024-6119", disposition: triage.Defer, title: "openssl: Possible denial of service in X.509 name checks",
			trivy:       match("CVE-2024-6119", advisory.Medium, "redhat", advisory.Fixed, "3.0.14-1~deb12u2", cvss31("redhat", "AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H", 5.9)),
			grype:       match("CVE-2024-6119", advisory.Unknown, "", advisory.Fixed, "3.0.14-1~deb12u2"),
			differences: []reconcile.Difference{{Cause: reconcile.SeverityDiffers, Detail: "trivy-db: medium (redhat), grype-db: unknown"}},
		},
		{
			packages: openssl, id: "CVE-2024-0727", disposition: triage.Defer, title: "openssl: denial of service via null dereference",
			trivy: match("CVE-2024-0727", advisory.Medium, "nvd", advisory.Fixed, "3.0.13-1~deb12u1", pkcs),
			grype: match("CVE-2024-0727", advisory.Medium, "nvd", advisory.Fixed, "3.0.13-1~deb12u1", pkcs),
		},
		{
			packages: openssl, id: "CVE-2024-9143", disposition: triage.Defer, title: "openssl: Low-level invalid GF(2^m) parameters lead to OOB memory access",
			trivy:       match("CVE-2024-9143", advisory.Low, "redhat", advisory.Fixed, "3.0.15-1~deb12u1", cvss31("redhat", "AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:L", 3.7)),
			grype:       match("CVE-2024-9143", advisory.Unknown, "", advisory.Fixed, "3.0.15-1~deb12u1"),
			differences: []reconcile.Difference{{Cause: reconcile.SeverityDiffers, Detail: "trivy-db: low (redhat), grype-db: unknown"}},
		},
		{
			packages: []string{"pip"}, id: "CVE-2023-5752", disposition: triage.Defer, title: "pip: Mercurial configuration injectable in repo revision when installing via pip",
			trivy:       match("CVE-2023-5752", advisory.Medium, "ghsa", advisory.Fixed, "23.3", cvss31("nvd", "AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:H/A:N", 5.5)),
			grype:       match("GHSA-mq26-g339-26xf", advisory.Medium, "ghsa", advisory.Fixed, "23.3", cvss31("nvd", "AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:H/A:N", 5.5)),
			differences: []reconcile.Difference{{Cause: reconcile.OtherID, Detail: "trivy-db: CVE-2023-5752, grype-db: GHSA-mq26-g339-26xf"}},
		},
		{
			packages: []string{"zlib1g"}, id: "CVE-2023-45853", disposition: triage.Track, title: "zlib: integer overflow and resultant heap-based buffer overflow in zipOpenNewFileInZip4_6",
			trivy:       match("CVE-2023-45853", advisory.Critical, "nvd", advisory.NotFixed, "", cvss31("nvd", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8)),
			grype:       match("CVE-2023-45853", advisory.Critical, "nvd", advisory.WontFix, "", cvss31("nvd", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8)),
			differences: []reconcile.Difference{{Cause: reconcile.FixState, Detail: "trivy-db: not fixed, grype-db: won't fix"}},
		},
		{
			packages: glibc, id: "CVE-2010-4756", disposition: triage.Track, title: "glibc: glob implementation can cause excessive CPU and memory consumption due to crafted glob expressions",
			trivy:       match("CVE-2010-4756", advisory.Low, "debian", advisory.NotFixed, "", advisory.CVSS{Source: "redhat", Version: "2.0", Vector: "AV:N/AC:L/Au:N/C:N/I:N/A:P", Score: 5}),
			grype:       match("CVE-2010-4756", advisory.Negligible, "debian", advisory.NotFixed, ""),
			differences: []reconcile.Difference{{Cause: reconcile.SeverityDiffers, Detail: "trivy-db: low (debian), grype-db: negligible (debian)"}},
		},
		{
			packages: []string{"python"}, id: "CVE-2023-27043", disposition: triage.Track, title: "python: Parsing errors in email/_parseaddr.py lead to incorrect value in email address part of tuple",
			grype:       match("CVE-2023-27043", advisory.Medium, "nvd", advisory.NotFixed, "", cvss31("nvd", "AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N", 5.3)),
			differences: []reconcile.Difference{{Cause: reconcile.CPEOnly, Detail: "grype-db: cpe:2.3:a:python:python:3.8.18, trivy-db does not match CPEs"}},
		},
		{
			packages: []string{"requests"}, id: "CVE-2023-32681", silent: true,
			trivy:       match("CVE-2023-32681", advisory.Medium, "ghsa", advisory.Fixed, "2.31.0", cvss31("ghsa", "AV:N/AC:H/PR:N/UI:R/S:C/C:H/I:N/A:N", 6.1)),
			grype:       match("GHSA-j8r2-6x86-q33q", advisory.Medium, "ghsa", advisory.Fixed, "2.31.0", cvss31("ghsa", "AV:N/AC:H/PR:N/UI:R/S:C/C:H/I:N/A:N", 6.1)),
			differences: []reconcile.Difference{{Cause: reconcile.DistributionJudges, Detail: "python3-requests 2.28.1+dfsg-1 owns it, and Debian's advisories hold nothing against that"}},
		},
	}
}

// fixture puts the verdict together.
func fixture() *verdict.Report {
	packages := fixturePackages()
	infos := fixtureInfo()
	v := verdict.Verdict{Packages: packages}
	v.Image = verdict.Image{
		Reference: "shop/api:1.4", Name: "index.docker.io/shop/api:1.4", Source: "registry",
		Via: "registry index.docker.io", Digest: digest("1d52838af602" + "4f0e"), IndexDigest: digest("77ab"), ConfigDigest: digest("c0ffee00"),
		Platform: "linux/amd64", Platforms: []string{"linux/amd64", "linux/arm64/v8"},
		Created:      time.Date(2023, 9, 20, 14, 3, 11, 0, time.UTC),
		Distribution: &inventory.Distribution{ID: "debian", VersionID: "12", VersionCodename: "bookworm", Name: "Debian GNU/Linux", PrettyName: "Debian GNU/Linux 12 (bookworm)"},
		Base:         triage.Base{Layers: 3, Name: "docker.io/library/python:3.8-slim", Reason: "history: the base's own CMD"},
		Notes:        []string{"chose linux/amd64 out of linux/amd64, linux/arm64/v8: --platform all judges each"},
	}
	for i := range fixtureHistory {
		l := verdict.Layer{LayerRef: layerRef(i), Digest: digest(string(rune('a'+i)) + "2"), Size: int64(i+1) * 12_345_678, Files: (i + 1) * 1234}
		for j := range packages {
			if packages[j].Origin.Index == i {
				l.Packages++
			}
		}
		v.Image.Layers = append(v.Image.Layers, l)
		v.Coverage.Files += l.Files
		v.Coverage.Bytes += l.Size
	}
	hold(&v, infos, fixtureCases())
	act(&v)
	addContents(&v)
	v.Headline.Decision = verdict.DoNotRun
	v.Headline.Text = "DO NOT RUN: 1 sign of planted code; 1 altered executable; 2 secrets to rotate; 12 fixable HIGH/CRITICAL"
	v.Coverage.Complete = true
	v.Coverage.Databases = infos
	v.Coverage.Layers = len(v.Image.Layers)
	v.Coverage.PackagesByType = map[string]int{}
	for i := range packages {
		v.Coverage.PackagesByType[packages[i].Type]++
	}
	v.Coverage.Gaps = map[string][]advisory.Gap{"trivy-db": {{Subject: "generic", Packages: 1, Reason: "it does not match CPEs, so runtimes installed outside a package manager go unjudged"}}}
	v.Coverage.Skipped = []verdict.Skipped{{Layer: 4, Problem: evidence.Problem{Path: "app/vendor/bad.jar", Inspector: "java", Reason: "not a zip archive, although its name says so"}}}
	v.Coverage.Warnings = []string{"trivy-db is 6 days old: plimsoll db update fetches today's"}
	v.Coverage.NotRuledOut = []string{
		"what its Dockerfile did that leaves no trace in the image: plimsoll lint reads it",
		"software that no inspector knows, such as binaries compiled from C without package metadata",
		"vulnerabilities published after the databases were built",
	}
	return &verdict.Report{SchemaVersion: verdict.SchemaVersion, Tool: verdict.Tool{Name: "plimsoll", Version: "v0.1.0"}, Verdicts: []verdict.Verdict{v}, Status: 1}
}

// hold turns the cases into records, tallies and findings.
func hold(v *verdict.Verdict, infos []advisory.Info, cases []heldCase) {
	rec := &v.Reconciliation
	rec.ByCause = map[reconcile.Cause]int{}
	v.Headline.Fixable, v.Headline.Unfixed = map[string]int{}, map[string]int{}
	for _, info := range infos {
		rec.Sides = append(rec.Sides, reconcile.Tally{Database: info, Fixable: map[string]int{}, Unfixed: map[string]int{}})
	}
	for _, c := range cases {
		for _, name := range c.packages {
			pkg := &v.Packages[slices.IndexFunc(v.Packages, func(p inventory.Package) bool { return p.Name == name })]
			r := reconcile.Record{PackageID: pkg.ID, ID: c.id, Agreed: c.trivy != nil && c.grype != nil && (len(c.differences) == 0 || c.differences[0].Cause == reconcile.OtherID), Differences: c.differences}
			for i, m := range []*advisory.Match{c.trivy, c.grype} {
				if m == nil {
					continue
				}
				r.Held = append(r.Held, reconcile.Held{Database: infos[i].Name, Match: completeMatch(*m, pkg, c.id, i == 1)})
				tally(rec, i, m, c.trivy == nil || c.grype == nil)
				if m.ID != c.id {
					r.Aliases = append(r.Aliases, m.ID)
				}
			}
			if r.Agreed {
				rec.Agreed++
			} else {
				rec.Differing++
			}
			for _, d := range c.differences {
				rec.ByCause[d.Cause]++
			}
			rec.Records = append(rec.Records, r)
			if !c.silent {
				v.Findings = append(v.Findings, findingOf(&r, pkg, c))
				f := &v.Findings[len(v.Findings)-1]
				if f.Fix.State == advisory.Fixed {
					v.Headline.Fixable[f.Severity.String()]++
				} else {
					v.Headline.Unfixed[f.Severity.String()]++
				}
			}
		}
	}
}

func completeMatch(m advisory.Match, pkg *inventory.Package, id string, withEPSS bool) advisory.Match {
	m.PackageID, m.MatchedName, m.MatchedVersion = pkg.ID, pkg.SourceName(), pkg.SourceVersion()
	if !pkg.IsOS() {
		m.By, m.Provider, m.MatchedName = advisory.ByEcosystem, "ghsa", pkg.FullName()
	}
	if pkg.Type == "generic" {
		m.By, m.Provider, m.MatchedName = advisory.ByCPE, "nvd", pkg.CPEs[0]
	}
	if m.ID != id {
		m.Aliases = []string{id}
	}
	if id == "CVE-2024-2961" || id == "CVE-2010-4756" {
		// One advisory over several vulnerabilities; which, is made up.
		m.Aliases = []string{"EXAMPLE-ADVISORY"}
	}
	if id == "CVE-2023-5363" {
		m.Aliases, m.FixedOn = []string{"DSA-5532-1"}, "2023-10-24"
	}
	if !withEPSS {
		return m
	}
	if e, ok := epssOf[id]; ok {
		e.Date = "2026-08-16"
		m.EPSS = &e
	}
	if k, ok := kevOf[id]; ok {
		m.KEV = &k
	}
	return m
}

func tally(rec *reconcile.Reconciliation, i int, m *advisory.Match, only bool) {
	side := &rec.Sides[i]
	side.Records++
	if only {
		side.Only++
	}
	if m.State == advisory.Fixed {
		side.Fixable[m.Severity.String()]++
	} else {
		side.Unfixed[m.Severity.String()]++
	}
}

func findingOf(r *reconcile.Record, pkg *inventory.Package, c heldCase) triage.Finding {
	m := r.Held[0].Match
	f := triage.Finding{
		ID: "vulnerability/" + r.ID + "/" + pkg.Type + "/" + pkg.FullName(), Kind: triage.Vulnerability, Vulnerability: r.ID, Aliases: r.Aliases, Title: c.title,
		Severity: m.Severity, SeverityFrom: m.SeverityFrom + " (" + r.Held[0].Database + ")", Disposition: c.disposition,
		PackageID: pkg.ID, Package: pkg.FullName(), Version: pkg.Version, Path: pkg.Path, Liveness: pkg.Liveness, Origin: pkg.Origin,
		Fix: triage.Fix{State: m.State, Versions: m.FixedIn, Since: m.FixedOn}, Agreed: r.Agreed, Differences: r.Differences,
	}
	if len(m.FixedIn) > 0 {
		f.Fix.Package = m.MatchedName
	}
	if len(m.CVSS) > 0 {
		cvss := m.CVSS[0]
		f.CVSS = &cvss
	}
	for _, h := range r.Held {
		f.HeldBy = append(f.HeldBy, h.Database)
		if h.Match.EPSS != nil {
			f.EPSS, f.KEV = h.Match.EPSS, h.Match.KEV
		}
	}
	return f
}

// act groups the fixable findings into actions.
func act(v *verdict.Verdict) {
	actions := []triage.Action{
		{ID: "bump-base", Kind: triage.BumpBase, Title: "rebuild on a newer docker.io/library/python:3.8-slim", Detail: "layers 0 to 2 are the base (history: the base's own CMD)"},
		{ID: "bump-dependency/npm/lodash", Kind: triage.BumpDependency, Title: "bump lodash in /app to 4.17.21", Detail: "in /app/node_modules/lodash, asked for by express 4.18.2", Package: "lodash", From: "4.17.15", To: "4.17.21"},
		{ID: "bump-dependency/maven/log4j-core", Kind: triage.BumpDependency, Title: "bump org.apache.logging.log4j:log4j-core in /opt/agent.jar to 2.15.0", Detail: "inside /opt/agent.jar, layer 5", Package: "org.apache.logging.log4j:log4j-core", From: "2.14.1", To: "2.15.0"},
		{ID: "upgrade-package/deb/openssl", Kind: triage.UpgradePackage, Title: "upgrade openssl to 3.0.15-1~deb12u1", Package: "openssl", From: "3.0.9-1", To: "3.0.15-1~deb12u1"},
	}
	pick := func(f *triage.Finding) int {
		switch {
		case f.Package == "lodash":
			return 1
		case strings.HasSuffix(f.Package, "log4j-core"):
			return 2
		case f.Package == "openssl":
			return 3
		}
		return 0
	}
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Fix.State != advisory.Fixed {
			continue
		}
		a := &actions[pick(f)]
		f.ClearedBy = a.ID
		a.Clears = append(a.Clears, f.ID)
		if f.Disposition == triage.Rebuild {
			a.Urgent++
		}
	}
	for i := range actions {
		actions[i].Title += ": clears " + number(len(actions[i].Clears))
	}
	v.Actions = actions
}

// empty is an image in which nothing was found.
func empty() *verdict.Report {
	v := verdict.Verdict{
		Image:    verdict.Image{Reference: "oci:hello", Source: "oci-layout", Digest: digest("5eed"), Platform: "linux/arm64/v8", Layers: []verdict.Layer{{LayerRef: layerRef(0), Size: 14848, Files: 1}}},
		Headline: verdict.Headline{Decision: verdict.NothingFound, Text: "NOTHING FOUND: 0 packages in 1 layer, see what is not ruled out"},
		Coverage: verdict.Coverage{Complete: true, Databases: fixtureInfo(), Layers: 1, Files: 1, Bytes: 14848, NotRuledOut: []string{"everything in files that no inspector knows: this image holds no package"}},
	}
	for _, info := range fixtureInfo() {
		v.Reconciliation.Sides = append(v.Reconciliation.Sides, reconcile.Tally{Database: info})
	}
	return &verdict.Report{SchemaVersion: verdict.SchemaVersion, Tool: verdict.Tool{Name: "plimsoll", Version: "v0.1.0"}, Verdicts: []verdict.Verdict{v}}
}

// incomplete is an image whose last layer is cut off.
func incomplete() *verdict.Report {
	r := empty()
	v := &r.Verdicts[0]
	v.Image.Reference, v.Image.Source, v.Image.Via = "damaged.tar", "docker-archive", "archive damaged.tar"
	v.Image.Distribution = &inventory.Distribution{ID: "debian", VersionID: "10"}
	v.Headline = verdict.Headline{Decision: verdict.Incomplete, Text: "INCOMPLETE: 1 of 2 layers could not be read to its end; nothing urgent in what could"}
	v.Findings = []triage.Finding{{ID: "end-of-life/debian/10", Kind: triage.EndOfLife, Severity: advisory.Medium, Disposition: triage.Track, Title: "Debian 10 (buster) gets no more advisories since 2024-06-30: no finding is not a clean bill", Origin: inventory.LayerRef{Index: -1}}}
	v.Coverage.Complete = false
	v.Coverage.Skipped = []verdict.Skipped{{Layer: 1, Problem: evidence.Problem{Reason: "gzip stream breaks off at byte 1048576", Incomplete: true}}}
	v.Coverage.Gaps = map[string][]advisory.Gap{"grype-db": {{Subject: "debian 10", Packages: 88, Reason: "the release is past its end of life"}}}
	v.Gate = &verdict.Gate{FailOn: []string{"fixable-high"}, Failed: true, Reasons: []string{"the scan is incomplete, so the gate can't pass"}}
	r.Status = 3
	return r
}

// crowded is the fixture with many more packages that nothing is urgent about,
// and more findings in one of them than the default view shows.
func crowded() *verdict.Report {
	r := fixture()
	v := &r.Verdicts[0]
	add := func(name, version, id string, severity advisory.Severity, state advisory.FixState, fix ...string) {
		p := deb(name, version, "", 0)
		f := triage.Finding{
			ID: id + "/" + name, Kind: triage.Vulnerability, Vulnerability: id, Severity: severity, Disposition: triage.Dispose(severity, state),
			PackageID: p.ID, Package: name, Version: version, Liveness: p.Liveness, Origin: p.Origin,
			Fix: triage.Fix{State: state, Versions: fix}, HeldBy: []string{"trivy-db", "grype-db"}, Agreed: true,
		}
		if !slices.ContainsFunc(v.Packages, func(q inventory.Package) bool { return q.ID == p.ID }) {
			v.Packages = append(v.Packages, p)
		}
		v.Findings = append(v.Findings, f)
	}
	// The first four are Debian 12's own; the others only fill the lists.
	add("tar", "1.34+dfsg-1.2", "CVE-2022-48303", advisory.Medium, advisory.Fixed, "1.34+dfsg-1.2+deb12u1")
	add("apt", "2.6.1", "CVE-2011-3374", advisory.Low, advisory.NotFixed)
	add("coreutils", "9.1-1", "CVE-2016-2781", advisory.Low, advisory.WontFix)
	add("coreutils", "9.1-1", "CVE-2017-18018", advisory.Low, advisory.NotFixed)
	for i := range 24 {
		add("tool-"+string(rune('a'+i)), "1.0-1", "EXAMPLE-1", advisory.Low, advisory.NotFixed)
	}
	for i := range 9 {
		add("openssl", "3.0.9-1", "EXAMPLE-1"+number(i), advisory.Low, advisory.NotFixed)
	}
	return r
}

// platforms is one reference judged for two platforms.
func platforms() *verdict.Report {
	r := empty()
	second := empty().Verdicts[0]
	second.Image.Platform = "linux/amd64"
	second.Image.Digest = digest("0dd5")
	r.Verdicts = append(r.Verdicts, second)
	return r
}

// explanation asks the fixture about one vulnerability.
func explanation(t *testing.T, id string, details ...verdict.DatabaseDetail) *verdict.Explanation {
	t.Helper()
	e := verdict.Explain(&fixture().Verdicts[0], id)
	e.Details = details
	return e
}
