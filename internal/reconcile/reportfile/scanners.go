package reportfile

import (
	"encoding/json"
	"fmt"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// trivy reads `trivy image --format json` (report schema 2).
func trivy(content []byte) (*Reading, error) {
	var doc struct {
		CreatedAt string
		Trivy     struct{ Version string }
		Results   []struct {
			Target, Type    string
			Vulnerabilities []struct {
				VulnerabilityID, PkgName, PkgPath, InstalledVersion, FixedVersion, Status, Severity, SeveritySource string
				PkgIdentifier                                                                                       struct{ PURL string }
				VendorIDs                                                                                           []string
				DataSource                                                                                          struct{ ID string }
				CVSS                                                                                                map[string]struct {
					V3Vector, V40Vector string
					V3Score, V40Score   float64
				}
			}
		}
	}
	if err := json.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("trivy report: %w", err)
	}
	b := newBuilder()
	for _, res := range doc.Results {
		for _, v := range res.Vulnerabilities {
			path := v.PkgPath
			if path == "" {
				path = res.Target
			}
			id, ok := b.add(identified{purl: v.PkgIdentifier.PURL, typ: purlType(res.Type), name: v.PkgName, version: v.InstalledVersion, path: path})
			if !ok {
				continue
			}
			m := advisory.Match{
				PackageID: id, ID: v.VulnerabilityID, Aliases: v.VendorIDs,
				Severity: advisory.ParseSeverity(v.Severity), SeverityFrom: v.SeveritySource,
				FixedIn: splitVersions(v.FixedVersion), By: advisory.ByEcosystem, Provider: v.DataSource.ID,
			}
			m.State = fixState(m.FixedIn, trivyState(v.Status))
			for source, c := range v.CVSS {
				if c.V3Vector != "" {
					m.CVSS = append(m.CVSS, advisory.CVSS{Source: source, Version: "3.1", Vector: c.V3Vector, Score: c.V3Score})
				}
			}
			sortCVSS(m.CVSS)
			b.match(m)
		}
	}
	return b.reading(advisory.Info{Name: "trivy", Schema: doc.Trivy.Version, Built: parseTime(doc.CreatedAt)}), nil
}

// trivyState translates Trivy's status words.
func trivyState(s string) advisory.FixState {
	switch s {
	case "affected":
		return advisory.NotFixed
	case "fixed":
		return advisory.Fixed
	case "will_not_fix":
		return advisory.WontFix
	case "fix_deferred":
		return advisory.FixDeferred
	case "end_of_life":
		return advisory.EndOfLife
	case "not_affected":
		return advisory.NotAffected
	case "under_investigation":
		return advisory.UnderReview
	}
	return advisory.FixUnknown
}

// purlTypes translates the package and result types of scanners.
var purlTypes = map[string]string{
	"debian": "deb", "ubuntu": "deb", "deb": "deb", "alpine": "apk", "wolfi": "apk", "chainguard": "apk", "apk": "apk",
	"redhat": "rpm", "centos": "rpm", "rocky": "rpm", "alma": "rpm", "oracle": "rpm", "amazon": "rpm", "fedora": "rpm", "photon": "rpm",
	"azurelinux": "rpm", "cbl-mariner": "rpm", "opensuse.leap": "rpm", "suse linux enterprise server": "rpm", "rpm": "rpm",
	"node-pkg": "npm", "npm": "npm", "yarn": "npm", "pnpm": "npm", "python-pkg": "pypi", "pip": "pypi", "python": "pypi",
	"gobinary": "golang", "gomod": "golang", "go-module": "golang", "jar": "maven", "pom": "maven", "java-archive": "maven",
	"gemspec": "gem", "gem": "gem", "bundler": "gem", "composer": "composer", "composer-vendor": "composer", "php-composer": "composer",
	"dotnet-core": "nuget", "nuget": "nuget", "dotnet": "nuget", "rustbinary": "cargo", "cargo": "cargo", "rust-crate": "cargo",
	"conda-pkg": "conda", "conda": "conda", "binary": "generic", "alpm": "alpm", "R-package": "cran",
}

func purlType(s string) string {
	if t := purlTypes[s]; t != "" {
		return t
	}
	return s
}

// grype reads `grype -o json`.
func grype(content []byte) (*Reading, error) {
	var doc struct {
		Matches []struct {
			Vulnerability struct {
				ID, Namespace, Severity string
				Fix                     struct {
					Versions []string
					State    string
				}
				CVSS []struct {
					Source, Version, Vector string
					Metrics                 struct{ BaseScore float64 }
				}
			}
			RelatedVulnerabilities []struct{ ID string }
			MatchDetails           []struct{ Type string }
			Artifact               struct {
				Name, Version, Type, PURL string
				Locations                 []struct{ Path string }
				Upstreams                 []struct{ Name string }
			}
		}
		Descriptor struct {
			Version string
			DB      struct {
				Built  string
				Status struct{ Built string }
			}
		}
	}
	if err := json.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("grype report: %w", err)
	}
	b := newBuilder()
	for _, x := range doc.Matches {
		i := identified{purl: x.Artifact.PURL, typ: purlType(x.Artifact.Type), name: x.Artifact.Name, version: x.Artifact.Version}
		if len(x.Artifact.Locations) > 0 {
			i.path = x.Artifact.Locations[0].Path
		}
		if len(x.Artifact.Upstreams) > 0 {
			i.source = x.Artifact.Upstreams[0].Name
		}
		id, ok := b.add(i)
		if !ok {
			continue
		}
		m := advisory.Match{
			PackageID: id, ID: x.Vulnerability.ID, Severity: advisory.ParseSeverity(x.Vulnerability.Severity),
			SeverityFrom: x.Vulnerability.Namespace, Provider: x.Vulnerability.Namespace,
			FixedIn: x.Vulnerability.Fix.Versions, By: advisory.ByEcosystem,
		}
		m.State = fixState(m.FixedIn, grypeState(x.Vulnerability.Fix.State))
		for _, r := range x.RelatedVulnerabilities {
			if r.ID != m.ID {
				m.Aliases = append(m.Aliases, r.ID)
			}
		}
		if len(x.MatchDetails) > 0 && x.MatchDetails[0].Type == "cpe-match" {
			m.By = advisory.ByCPE
		}
		for _, c := range x.Vulnerability.CVSS {
			m.CVSS = append(m.CVSS, advisory.CVSS{Source: c.Source, Version: c.Version, Vector: c.Vector, Score: c.Metrics.BaseScore})
		}
		sortCVSS(m.CVSS)
		b.match(m)
	}
	built := doc.Descriptor.DB.Built
	if built == "" {
		built = doc.Descriptor.DB.Status.Built
	}
	return b.reading(advisory.Info{Name: "grype", Schema: doc.Descriptor.Version, Built: parseTime(built)}), nil
}

func grypeState(s string) advisory.FixState {
	switch s {
	case "fixed":
		return advisory.Fixed
	case "not-fixed":
		return advisory.NotFixed
	case "wont-fix":
		return advisory.WontFix
	case "not-affected":
		return advisory.NotAffected
	}
	return advisory.FixUnknown
}

// plimsoll reads this program's own JSON: its findings are one opinion.
func plimsoll(content []byte) (*Reading, error) {
	var doc verdict.Report
	if err := json.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("plimsoll report: %w", err)
	}
	b := newBuilder()
	for _, v := range doc.Verdicts {
		packages := map[string]*inventory.Package{}
		for i := range v.Packages {
			packages[v.Packages[i].ID] = &v.Packages[i]
		}
		for _, f := range v.Findings {
			p := packages[f.PackageID]
			if p == nil || f.Vulnerability == "" {
				continue
			}
			id, ok := b.add(identified{purl: p.PURL, path: p.Path})
			if !ok {
				continue
			}
			b.match(advisory.Match{
				PackageID: id, ID: f.Vulnerability, Aliases: f.Aliases, Severity: f.Severity, SeverityFrom: f.SeverityFrom,
				State: f.Fix.State, FixedIn: f.Fix.Versions, By: advisory.ByEcosystem, EPSS: f.EPSS, KEV: f.KEV,
			})
		}
	}
	return b.reading(advisory.Info{Name: doc.Tool.Name, Schema: doc.Tool.Version}), nil
}
