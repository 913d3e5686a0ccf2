package lab

import (
	"bytes"
	"encoding/json"
	"strings"
)

// cpeScope marks a fact about a CPE instead of a package.
const cpeScope = "cpe"

const trackerURL = "https://security-tracker.debian.org/tracker/"

// The JSON shapes below are those of grype's db/v6 blobs.

type packageBlob struct {
	CVEs       []string        `json:"cves,omitempty"`
	Qualifiers *qualifiersBlob `json:"qualifiers,omitempty"`
	Ranges     []rangeBlob     `json:"ranges,omitempty"`
}

type qualifiersBlob struct {
	PlatformCPEs []string `json:"platform_cpes,omitempty"`
}

type rangeBlob struct {
	Version versionBlob `json:"version"`
	Fix     *fixBlob    `json:"fix,omitempty"`
}

type versionBlob struct {
	Type       string `json:"type,omitempty"`
	Constraint string `json:"constraint,omitempty"`
}

type fixBlob struct {
	Version string      `json:"version,omitempty"`
	State   string      `json:"state,omitempty"`
	Detail  *detailBlob `json:"detail,omitempty"`
}

type detailBlob struct {
	Available  *availableBlob  `json:"available,omitempty"`
	References []referenceBlob `json:"references,omitempty"`
}

type availableBlob struct {
	Date string `json:"date,omitempty"`
	Kind string `json:"kind,omitempty"`
}

type referenceBlob struct {
	URL  string   `json:"url"`
	ID   string   `json:"id,omitempty"`
	Tags []string `json:"tags,omitempty"`
}

type vulnerabilityBlob struct {
	ID          string          `json:"id"`
	Description string          `json:"description,omitempty"`
	Refs        []referenceBlob `json:"refs,omitempty"`
	Aliases     []string        `json:"aliases,omitempty"`
	Severities  []severityBlob  `json:"severities,omitempty"`
}

type severityBlob struct {
	Scheme string `json:"scheme"`
	Value  any    `json:"value"`
	Source string `json:"source,omitempty"`
	Rank   int    `json:"rank"`
}

type cvssBlob struct {
	Vector  string `json:"vector"`
	Version string `json:"version,omitempty"`
}

type kevBlob struct {
	CVE            string   `json:"cve"`
	VendorProject  string   `json:"vendor_project,omitempty"`
	Product        string   `json:"product,omitempty"`
	DateAdded      string   `json:"date_added,omitempty"`
	RequiredAction string   `json:"required_action,omitempty"`
	DueDate        string   `json:"due_date,omitempty"`
	Ransomware     string   `json:"known_ransomware_campaign_use"`
	URLs           []string `json:"urls,omitempty"`
}

func encodeBlob(value any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return b.String(), err
}

func (a grypeAffected) blob() packageBlob {
	b := packageBlob{CVEs: a.CVEs}
	if len(a.Platforms) > 0 {
		b.Qualifiers = &qualifiersBlob{PlatformCPEs: a.Platforms}
	}
	for _, r := range a.Ranges {
		b.Ranges = append(b.Ranges, r.blob())
	}
	return b
}

func (r versionRange) blob() rangeBlob {
	b := rangeBlob{Version: versionBlob{Type: r.Type, Constraint: r.Constraint}}
	if r.State == "" {
		return b
	}
	b.Fix = &fixBlob{Version: r.Version, State: r.State}
	if r.Date == "" && len(r.Advisories) == 0 {
		return b
	}
	b.Fix.Detail = new(detailBlob)
	if r.Date != "" {
		b.Fix.Detail.Available = &availableBlob{Date: r.Date, Kind: r.Kind}
	}
	for _, id := range r.Advisories {
		b.Fix.Detail.References = append(b.Fix.Detail.References, referenceBlob{URL: trackerURL + id, ID: id, Tags: []string{"advisory"}})
	}
	return b
}

func (r grypeRecord) blob(severities []grypeSeverity) vulnerabilityBlob {
	b := vulnerabilityBlob{ID: r.ID, Description: r.Description, Aliases: r.Aliases}
	page := referenceFor(r.ID)
	if r.Provider == "debian" {
		page = trackerURL + r.ID
	}
	b.Refs = []referenceBlob{{URL: page}}
	for _, s := range severities {
		b.Severities = append(b.Severities, s.blob())
	}
	return b
}

func (s grypeSeverity) blob() severityBlob {
	b := severityBlob{Scheme: s.Scheme, Value: s.Value, Source: s.Source, Rank: s.Rank}
	if s.Scheme == "CVSS" {
		b.Value = cvssBlob{Vector: s.Value, Version: cvssVersion(s.Value)}
	}
	return b
}

// cvssVersion reads the version from a vector; those of version 2 carry none.
func cvssVersion(vector string) string {
	rest, ok := strings.CutPrefix(vector, "CVSS:")
	if !ok {
		return "2.0"
	}
	version, _, _ := strings.Cut(rest, "/")
	return version
}

func (k *kev) blob(id string) kevBlob {
	return kevBlob{
		CVE: id, VendorProject: k.Vendor, Product: k.Product, DateAdded: k.Added,
		RequiredAction: k.Action, DueDate: k.Due, Ransomware: k.Ransomware, URLs: []string{referenceFor(id)},
	}
}
