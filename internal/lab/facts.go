package lab

import (
	"fmt"
	"strconv"
	"strings"
)

// The tables of advisory facts and their columns.
var (
	trivyDebianColumns   = []string{"bucket", "package", "id", "fixed", "severity", "status", "vendor-ids"}
	trivyLanguageColumns = []string{"bucket", "package", "id", "vulnerable", "patched", "unaffected", "vendor-ids"}
	trivyDetailColumns   = []string{"id", "severity", "vendor-severity", "cvss", "cwes", "published", "modified", "title", "description"}
	grypeAffectedColumns = []string{"scope", "package", "provider", "id", "severities", "cves", "platforms", "ranges"}
	grypeRecordColumns   = []string{"provider", "id", "status", "published", "modified", "aliases", "description"}
	cveColumns           = []string{"id", "epss", "percentile", "cwes", "kev"}
)

// facts is every advisory fact, as the two databases hold it.
type facts struct {
	trivyDebian   []trivyDebianFact
	trivyLanguage []trivyLanguageFact
	trivyDetails  []trivyDetail
	grypeAffected []grypeAffected
	grypeRecords  []grypeRecord
	cves          []cveFact
}

// trivyDebianFact is one entry of a distribution bucket.
type trivyDebianFact struct {
	Bucket, Package, ID string
	Fixed               string
	Severity, Status    int
	VendorIDs           []string
}

// trivyLanguageFact is one entry of an ecosystem bucket.
type trivyLanguageFact struct {
	Bucket, Package, ID             string
	Vulnerable, Patched, Unaffected []string
	VendorIDs                       []string
}

// trivyDetail is one entry of the "vulnerability" bucket.
type trivyDetail struct {
	ID, Severity        string
	VendorSeverity      []vendorSeverity
	CVSS                []score
	CWEs                []string
	Published, Modified string
	Title, Description  string
}

// vendorSeverity is trivy-db's severity code by source.
type vendorSeverity struct {
	Source string
	Code   int
}

// score is one CVSS vector; Version is trivy-db's field name: V2, V3 or V40.
type score struct {
	Source, Version, Vector string
	Score                   float64
}

// grypeAffected is one affected package or CPE. Scope is "debian 12", an
// ecosystem, or "cpe", where Package is part:vendor:product:edition:language:
// software edition:target hardware:target software:other.
type grypeAffected struct {
	Scope, Package, Provider, ID string
	Severities                   []grypeSeverity
	CVEs, Platforms              []string
	Ranges                       []versionRange
}

// grypeSeverity is one assessment: a word or a CVSS vector.
type grypeSeverity struct {
	Scheme, Value, Source string
	Rank                  int
}

// grypeRecord is what grype DB says of a vulnerability whatever the package.
type grypeRecord struct {
	Provider, ID, Status, Published, Modified string
	Aliases                                   []string
	Description                               string
}

// cveFact is what grype DB knows of a CVE beside any provider: EPSS, CWE, KEV.
type cveFact struct {
	ID               string
	EPSS, Percentile float64
	CWEs             []cwe
	KEV              *kev
}

type cwe struct{ ID, Source, Type string }

// kev is an entry of CISA's catalogue of known exploited vulnerabilities.
type kev struct {
	Added, Due, Ransomware, Vendor, Product, Action string
}

func loadFacts() (*facts, error) {
	f := new(facts)
	for _, load := range []struct {
		name    string
		columns []string
		row     func([]string) error
	}{
		{"trivy-debian.tsv", trivyDebianColumns, collect(&f.trivyDebian, parseTrivyDebian)},
		{"trivy-language.tsv", trivyLanguageColumns, collect(&f.trivyLanguage, parseTrivyLanguage)},
		{"trivy-vulnerabilities.tsv", trivyDetailColumns, collect(&f.trivyDetails, parseTrivyDetail)},
		{"grype-affected.tsv", grypeAffectedColumns, collect(&f.grypeAffected, parseGrypeAffected)},
		{"grype-vulnerabilities.tsv", grypeRecordColumns, collect(&f.grypeRecords, parseGrypeRecord)},
		{"cves.tsv", cveColumns, collect(&f.cves, parseCVE)},
	} {
		t, err := loadTable(load.name, load.columns...)
		if err != nil {
			return nil, err
		}
		for i, r := range t.rows {
			if err := load.row(r); err != nil {
				return nil, fmt.Errorf("%s line %d: %w", load.name, i+2, err)
			}
		}
	}
	return f, nil
}

func collect[T any](into *[]T, parse func([]string) (T, error)) func([]string) error {
	return func(row []string) error {
		v, err := parse(row)
		*into = append(*into, v)
		return err
	}
}

func parseTrivyDebian(r []string) (trivyDebianFact, error) {
	f := trivyDebianFact{Bucket: r[0], Package: r[1], ID: r[2], Fixed: r[3], VendorIDs: list(r[6], " ")}
	var err error
	if f.Severity, err = number(r[4]); err != nil {
		return f, err
	}
	f.Status, err = number(r[5])
	return f, err
}

func (f trivyDebianFact) row() []string {
	return []string{f.Bucket, f.Package, f.ID, f.Fixed, digits(f.Severity), digits(f.Status), strings.Join(f.VendorIDs, " ")}
}

func parseTrivyLanguage(r []string) (trivyLanguageFact, error) {
	return trivyLanguageFact{
		Bucket: r[0], Package: r[1], ID: r[2],
		Vulnerable: list(r[3], " | "), Patched: list(r[4], " | "), Unaffected: list(r[5], " | "), VendorIDs: list(r[6], " "),
	}, nil
}

func (f trivyLanguageFact) row() []string {
	const or = " | "
	return []string{f.Bucket, f.Package, f.ID, strings.Join(f.Vulnerable, or), strings.Join(f.Patched, or), strings.Join(f.Unaffected, or), strings.Join(f.VendorIDs, " ")}
}

func parseTrivyDetail(r []string) (trivyDetail, error) {
	d := trivyDetail{ID: r[0], Severity: r[1], CWEs: list(r[4], " "), Published: r[5], Modified: r[6], Title: r[7], Description: r[8]}
	for _, s := range list(r[2], " ") {
		source, code, ok := strings.Cut(s, "=")
		n, err := strconv.Atoi(code)
		if !ok || err != nil {
			return d, fmt.Errorf("vendor severity %q", s)
		}
		d.VendorSeverity = append(d.VendorSeverity, vendorSeverity{source, n})
	}
	for _, s := range list(r[3], " ") {
		p := strings.SplitN(s, "|", 4)
		if len(p) != 4 {
			return d, fmt.Errorf("score %q", s)
		}
		n, err := strconv.ParseFloat(p[2], 64)
		if err != nil {
			return d, fmt.Errorf("score %q: %w", s, err)
		}
		d.CVSS = append(d.CVSS, score{Source: p[0], Version: p[1], Score: n, Vector: p[3]})
	}
	return d, nil
}

func (d trivyDetail) row() []string {
	var severities, scores []string
	for _, s := range d.VendorSeverity {
		severities = append(severities, s.Source+"="+strconv.Itoa(s.Code))
	}
	for _, s := range d.CVSS {
		scores = append(scores, strings.Join([]string{s.Source, s.Version, decimal(s.Score), s.Vector}, "|"))
	}
	return []string{
		d.ID, d.Severity, strings.Join(severities, " "), strings.Join(scores, " "), strings.Join(d.CWEs, " "),
		d.Published, d.Modified, d.Title, d.Description,
	}
}

func parseGrypeAffected(r []string) (grypeAffected, error) {
	a := grypeAffected{Scope: r[0], Package: r[1], Provider: r[2], ID: r[3], CVEs: list(r[5], " "), Platforms: list(r[6], " ")}
	for _, s := range list(r[4], " ") {
		p := strings.Split(s, "|")
		if len(p) != 4 {
			return a, fmt.Errorf("severity %q", s)
		}
		rank, err := strconv.Atoi(p[3])
		if err != nil {
			return a, fmt.Errorf("severity %q: %w", s, err)
		}
		a.Severities = append(a.Severities, grypeSeverity{Scheme: p[0], Value: p[1], Source: p[2], Rank: rank})
	}
	for _, s := range list(r[7], " ; ") {
		v, err := parseRange(s)
		if err != nil {
			return a, err
		}
		a.Ranges = append(a.Ranges, v)
	}
	return a, nil
}

func (a grypeAffected) row() []string {
	var ranges []string
	for _, r := range a.Ranges {
		ranges = append(ranges, r.String())
	}
	return []string{
		a.Scope, a.Package, a.Provider, a.ID, formatSeverities(a.Severities),
		strings.Join(a.CVEs, " "), strings.Join(a.Platforms, " "), strings.Join(ranges, " ; "),
	}
}

func formatSeverities(list []grypeSeverity) string {
	var out []string
	for _, s := range list {
		out = append(out, strings.Join([]string{s.Scheme, s.Value, s.Source, strconv.Itoa(s.Rank)}, "|"))
	}
	return strings.Join(out, " ")
}

func parseGrypeRecord(r []string) (grypeRecord, error) {
	return grypeRecord{
		Provider: r[0], ID: r[1], Status: r[2], Published: r[3], Modified: r[4],
		Aliases: list(r[5], " "), Description: r[6],
	}, nil
}

func (r grypeRecord) row() []string {
	return []string{r.Provider, r.ID, r.Status, r.Published, r.Modified, strings.Join(r.Aliases, " "), r.Description}
}

func parseCVE(r []string) (cveFact, error) {
	c := cveFact{ID: r[0]}
	var err error
	if c.EPSS, err = fraction(r[1]); err != nil {
		return c, err
	}
	if c.Percentile, err = fraction(r[2]); err != nil {
		return c, err
	}
	for _, s := range list(r[3], " ") {
		p := strings.Split(s, "|")
		if len(p) != 3 {
			return c, fmt.Errorf("weakness %q", s)
		}
		c.CWEs = append(c.CWEs, cwe{p[0], p[1], p[2]})
	}
	if r[4] != "" {
		p := strings.Split(r[4], "|")
		if len(p) != 6 {
			return c, fmt.Errorf("known exploited entry %q", r[4])
		}
		c.KEV = &kev{Added: p[0], Due: p[1], Ransomware: p[2], Vendor: p[3], Product: p[4], Action: p[5]}
	}
	return c, nil
}

func (c cveFact) row() []string {
	row := []string{c.ID, decimal(c.EPSS), decimal(c.Percentile), "", ""}
	var weaknesses []string
	for _, w := range c.CWEs {
		weaknesses = append(weaknesses, w.ID+"|"+w.Source+"|"+w.Type)
	}
	row[3] = strings.Join(weaknesses, " ")
	if k := c.KEV; k != nil {
		row[4] = strings.Join([]string{k.Added, k.Due, k.Ransomware, k.Vendor, k.Product, k.Action}, "|")
	}
	return row
}

func number(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	return strconv.Atoi(s)
}

func digits(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func fraction(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	return strconv.ParseFloat(s, 64)
}

func decimal(f float64) string {
	if f == 0 {
		return ""
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
