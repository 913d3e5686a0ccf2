package reportfile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/advisory"
)

func sortCVSS(scores []advisory.CVSS) {
	slices.SortFunc(scores, func(a, b advisory.CVSS) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Vector, b.Vector))
	})
}

// cyclonedx reads a CycloneDX document (1.4 and later, JSON) with vulnerabilities.
func cyclonedx(content []byte) (*Reading, error) {
	type component struct {
		BOMRef                    string `json:"bom-ref"`
		Type, Name, Version, PURL string
		Components                []component
	}
	var doc struct {
		Metadata struct {
			Timestamp string
			Tools     json.RawMessage
		}
		Components      []component
		Vulnerabilities []struct {
			ID         string
			Source     struct{ Name string }
			References []struct{ ID string }
			Ratings    []struct {
				Source                   struct{ Name string }
				Score                    float64
				Severity, Method, Vector string
			}
			Recommendation string
			Affects        []struct {
				Ref      string
				Versions []struct{ Version, Status string }
			}
			Analysis struct{ State string }
		}
	}
	if err := json.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("CycloneDX document: %w", err)
	}
	if doc.Vulnerabilities == nil {
		return nil, fmt.Errorf("CycloneDX document: %w", ErrNoVulnerabilities)
	}
	b := newBuilder()
	refs := map[string]string{}
	for waiting := doc.Components; len(waiting) > 0; {
		c := waiting[0]
		waiting = append(waiting[1:], c.Components...)
		if id, ok := b.add(identified{purl: c.PURL, typ: "generic", name: c.Name, version: c.Version}); ok {
			refs[c.BOMRef] = id
		}
	}
	for _, v := range doc.Vulnerabilities {
		for _, a := range v.Affects {
			id, ok := refs[localRef(a.Ref)]
			if !ok {
				continue
			}
			m := advisory.Match{PackageID: id, ID: v.ID, By: advisory.ByEcosystem, Provider: v.Source.Name, FixedIn: recommended(v.Recommendation)}
			for _, av := range a.Versions {
				if av.Status == "unaffected" && av.Version != "" {
					m.FixedIn = append(m.FixedIn, av.Version)
				}
			}
			slices.Sort(m.FixedIn)
			m.FixedIn = slices.Compact(m.FixedIn)
			m.State = fixState(m.FixedIn, advisory.FixUnknown)
			if v.Analysis.State == "not_affected" || v.Analysis.State == "false_positive" {
				m.State = advisory.NotAffected
			}
			for _, r := range v.References {
				m.Aliases = append(m.Aliases, r.ID)
			}
			for _, r := range v.Ratings {
				if s := advisory.ParseSeverity(r.Severity); s > m.Severity {
					m.Severity, m.SeverityFrom = s, r.Source.Name
				}
				if r.Vector != "" {
					m.CVSS = append(m.CVSS, advisory.CVSS{Source: r.Source.Name, Version: methodVersion(r.Method), Vector: r.Vector, Score: r.Score})
				}
			}
			sortCVSS(m.CVSS)
			b.match(m)
		}
	}
	return b.reading(advisory.Info{Name: toolName(doc.Metadata.Tools, "cyclonedx"), Built: parseTime(doc.Metadata.Timestamp)}), nil
}

// localRef is the part of a BOM-Link ("urn:cdx:serial/version#bom-ref") that
// names a component, for documents that link to their own.
func localRef(ref string) string {
	if _, fragment, ok := strings.Cut(ref, "#"); ok && strings.HasPrefix(ref, "urn:cdx:") {
		if plain, err := url.PathUnescape(fragment); err == nil {
			return plain
		}
	}
	return ref
}

// recommended finds the version in a recommendation of the form that Trivy and
// Plimsoll write: "Upgrade NAME to version VERSION", several joined by "; ".
func recommended(s string) []string {
	var out []string
	for _, part := range strings.Split(s, ";") {
		if m := upgradeTo.FindStringSubmatch(part); m != nil {
			out = append(out, splitVersions(m[1])...)
		}
	}
	return out
}

var upgradeTo = regexp.MustCompile(`(?i)\bto (?:version )?([0-9v][^;]{0,200})$`)

func methodVersion(method string) string {
	switch method {
	case "CVSSv2":
		return "2.0"
	case "CVSSv3":
		return "3.0"
	case "CVSSv31":
		return "3.1"
	case "CVSSv4":
		return "4.0"
	}
	return ""
}

// toolName reads metadata.tools in both shapes that the standard has had: a
// list, and since 1.5 an object of components.
func toolName(raw json.RawMessage, otherwise string) string {
	var list []struct{ Name string }
	var object struct{ Components []struct{ Name string } }
	if json.Unmarshal(raw, &list) != nil {
		if json.Unmarshal(raw, &object) == nil {
			list = object.Components
		}
	}
	if len(list) > 0 && list[0].Name != "" {
		return strings.ToLower(list[0].Name)
	}
	return otherwise
}

// sarif reads SARIF 2.1.0 as container scanners write it. The standard has no
// field for a package, so its identity comes from what scanners put beside it:
// purls in the rule's properties (Grype), or the message's lines (Trivy, Grype).
func sarif(content []byte) (*Reading, error) {
	var doc struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Name, Version string
					Rules         []struct {
						ID         string
						Properties map[string]json.RawMessage
					}
				}
			}
			Results []struct {
				RuleID     string
				Message    struct{ Text string }
				Level      string
				Properties map[string]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("SARIF document: %w", err)
	}
	b := newBuilder()
	info := advisory.Info{Name: "sarif"}
	for _, run := range doc.Runs {
		if run.Tool.Driver.Name != "" {
			info.Name, info.Schema = strings.ToLower(run.Tool.Driver.Name), run.Tool.Driver.Version
		}
		rules := map[string]map[string]json.RawMessage{}
		for _, r := range run.Tool.Driver.Rules {
			rules[r.ID] = r.Properties
		}
		for _, res := range run.Results {
			id := vulnerabilityID.FindString(res.RuleID)
			if id == "" {
				id = vulnerabilityID.FindString(res.Message.Text)
			}
			if id == "" {
				continue // another kind of rule
			}
			m := advisory.Match{ID: id, By: advisory.ByEcosystem, Severity: sarifSeverity(rules[res.RuleID], res.Message.Text)}
			i, fixed := sarifPackage(rules[res.RuleID], res.Message.Text)
			packageID, ok := b.add(i)
			if !ok {
				continue
			}
			m.PackageID, m.FixedIn = packageID, fixed
			m.State = fixState(fixed, advisory.FixUnknown)
			b.match(m)
		}
	}
	return b.reading(info), nil
}

var (
	vulnerabilityID = regexp.MustCompile(`\b(CVE-\d{4}-\d{4,9}|GHSA(-[23456789cfghjmpqrvwx]{4}){3}|GO-\d{4}-\d{4,6}|(ALAS|ELSA|RHSA|DSA|DLA|USN|PYSEC|RUSTSEC)[0-9A-Za-z]*-[0-9][0-9:.-]*)`)
	// trivyMessage and grypeMessage match the lines that the two write.
	trivyPackage   = regexp.MustCompile(`(?m)^Package: (.{1,300})$`)
	trivyInstalled = regexp.MustCompile(`(?m)^Installed Version: (.{1,300})$`)
	trivyFixed     = regexp.MustCompile(`(?m)^Fixed Version: (.{1,300})$`)
	trivySeverity  = regexp.MustCompile(`(?m)^Severity: (\w{1,20})$`)
	grypeMessage   = regexp.MustCompile(`^An? (\w{1,20}) vulnerability in ([\w.-]{1,40}) package: ([^,]{1,300}), version (\S{1,300}) was found`)
)

func sarifPackage(rule map[string]json.RawMessage, text string) (identified, []string) {
	var purls []string
	if json.Unmarshal(rule["purls"], &purls) == nil && len(purls) == 1 {
		return identified{purl: purls[0]}, nil
	}
	if m := grypeMessage.FindStringSubmatch(text); m != nil {
		return identified{typ: purlType(m[2]), name: m[3], version: m[4]}, nil
	}
	name, installed := trivyPackage.FindStringSubmatch(text), trivyInstalled.FindStringSubmatch(text)
	if name == nil || installed == nil {
		return identified{}, nil
	}
	var fixed []string
	if m := trivyFixed.FindStringSubmatch(text); m != nil {
		fixed = splitVersions(m[1])
	}
	return identified{typ: "generic", name: strings.TrimSpace(name[1]), version: strings.TrimSpace(installed[1])}, fixed
}

// sarifSeverity reads the message's own word, else GitHub's numeric property.
func sarifSeverity(rule map[string]json.RawMessage, text string) advisory.Severity {
	if m := trivySeverity.FindStringSubmatch(text); m != nil {
		return advisory.ParseSeverity(m[1])
	}
	if m := grypeMessage.FindStringSubmatch(text); m != nil {
		return advisory.ParseSeverity(m[1])
	}
	var s string
	if json.Unmarshal(rule["security-severity"], &s) != nil {
		return advisory.Unknown
	}
	switch score, err := strconv.ParseFloat(s, 64); {
	case err != nil || score <= 0:
		return advisory.Unknown
	case score >= 9:
		return advisory.Critical
	case score >= 7:
		return advisory.High
	case score >= 4:
		return advisory.Medium
	}
	return advisory.Low
}
