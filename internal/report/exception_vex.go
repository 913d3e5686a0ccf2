package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"plimsoll/internal/gate/exception"
	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// ErrNotNamed is returned where an image has neither a digest nor a registry's
// name, so that no VEX document could say what it is about.
var ErrNotNamed = errors.New("the image has no digest: a VEX document could not name it")

// Assessment is what exceptions say of one image's vulnerabilities.
type Assessment struct {
	Verdict  *verdict.Verdict
	Assessed []exception.Assessed
}

// VEXOptions say who makes a VEX document, and when.
type VEXOptions struct {
	Author string
	Time   time.Time
	Tool   verdict.Tool
}

// openVEXDocument is a document of OpenVEX v0.2.0
// (https://github.com/openvex/spec, openvex_json_schema.json).
type openVEXDocument struct {
	Context    string             `json:"@context"`
	ID         string             `json:"@id"`
	Author     string             `json:"author"`
	Timestamp  string             `json:"timestamp"`
	Version    int                `json:"version"`
	Tooling    string             `json:"tooling"`
	Statements []openVEXStatement `json:"statements"`
}

type openVEXStatement struct {
	Vulnerability openVEXVulnerability `json:"vulnerability"`
	Products      []openVEXProduct     `json:"products"`
	Status        string               `json:"status"`
	StatusNotes   string               `json:"status_notes,omitempty"`
	Justification string               `json:"justification,omitempty"`
	Impact        string               `json:"impact_statement,omitempty"`
	Action        string               `json:"action_statement,omitempty"`
}

type openVEXVulnerability struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
}

type openVEXProduct struct {
	ID            string             `json:"@id,omitempty"`
	Identifiers   *openVEXIdentifier `json:"identifiers,omitempty"`
	Hashes        map[string]string  `json:"hashes,omitempty"`
	Subcomponents []openVEXProduct   `json:"subcomponents,omitempty"`
}

type openVEXIdentifier struct {
	PURL string `json:"purl"`
}

// OpenVEX writes what exceptions say of images as an OpenVEX document. A risk
// that somebody accepts is written as affected, with the acceptance as its action:
// no reader takes it for a vulnerability that does not matter.
func OpenVEX(w io.Writer, images []Assessment, opt VEXOptions) error {
	d := openVEXDocument{
		Context: "https://openvex.dev/ns/v0.2.0", Author: opt.Author, Timestamp: opt.Time.UTC().Format(time.RFC3339),
		Version: 1, Tooling: strings.TrimSpace(opt.Tool.Name + " " + opt.Tool.Version), Statements: []openVEXStatement{},
	}
	for i := range images {
		for j := range images[i].Assessed {
			st, err := openVEXOf(images[i].Verdict, &images[i].Assessed[j])
			if err != nil {
				return err
			}
			d.Statements = append(d.Statements, st)
		}
	}
	content, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("write openvex: %w", err)
	}
	// An IRI that needs no registration: the same statements have the same one.
	d.ID = "urn:uuid:" + uuid("plimsoll", "openvex", string(content))
	return encodeJSON(w, d)
}

func openVEXOf(v *verdict.Verdict, a *exception.Assessed) (openVEXStatement, error) {
	st := openVEXStatement{Vulnerability: openVEXVulnerability{Name: a.Vulnerability, Aliases: distinct(a.Aliases)}}
	product := openVEXProduct{}
	if url := imagePURL(&v.Image); url != "" {
		product.ID, product.Identifiers = url, &openVEXIdentifier{url}
	}
	if sum, ok := strings.CutPrefix(cmp.Or(v.Image.Digest, v.Image.ConfigDigest), "sha256:"); ok {
		product.Hashes = map[string]string{"sha-256": sum}
	} else if product.ID == "" {
		return st, fmt.Errorf("%s: %w", v.Image.Reference, ErrNotNamed)
	}
	for _, url := range packageURLs(a.Packages) {
		product.Subcomponents = append(product.Subcomponents, openVEXProduct{ID: url, Identifiers: &openVEXIdentifier{url}})
	}
	st.Products = []openVEXProduct{product}
	e := a.Exception
	st.Status, st.StatusNotes = string(a.Status()), e.Reason
	switch a.Status() {
	case exception.Affected:
		st.StatusNotes, st.Action = "", acceptedWords(e)
	case exception.NotAffected, exception.FalsePositive:
		// OpenVEX knows no false positive: the vulnerability is not there.
		st.Status, st.Justification = string(exception.NotAffected), e.VEX.Justification
		if a.Status() == exception.FalsePositive {
			st.StatusNotes = "false positive: " + e.Reason
		}
		if st.Justification == "" {
			// The schema takes one of the two.
			st.Impact, st.StatusNotes = st.StatusNotes, ""
		}
	}
	return st, nil
}

func acceptedWords(e *exception.Exception) string {
	return fmt.Sprintf("accepted by %s until %s: %s", e.Owner, e.Until.Format(time.DateOnly), e.Reason)
}

func packageURLs(packages []*inventory.Package) []string {
	urls := make([]string, 0, len(packages))
	for _, p := range packages {
		urls = append(urls, p.PURL)
	}
	return distinct(urls)
}

func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// CycloneDXExceptions writes what exceptions say of one image as a CycloneDX 1.6
// document: the image is what it is about, and the packages that it speaks of are
// its components.
func CycloneDXExceptions(w io.Writer, image Assessment, opt VEXOptions) error {
	v := image.Verdict
	url, digest := imagePURL(&v.Image), cmp.Or(v.Image.Digest, v.Image.ConfigDigest)
	if url == "" && digest == "" {
		return fmt.Errorf("%s: %w", v.Image.Reference, ErrNotNamed)
	}
	name, _ := repository(&v.Image)
	stamp := opt.Time.UTC().Format(time.RFC3339)
	b := cdx.NewBOM()
	b.Metadata = &cdx.Metadata{
		Timestamp: stamp,
		Authors:   &[]cdx.OrganizationalContact{{Name: opt.Author}},
		Tools:     &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: opt.Tool.Name, Version: bounded(opt.Tool.Version)}}},
		Component: &cdx.Component{BOMRef: imageRef, Type: cdx.ComponentTypeContainer, Name: name, Version: bounded(digest), PackageURL: url},
	}
	components, known := []cdx.Component{}, map[string]bool{}
	list := make([]cdx.Vulnerability, 0, len(image.Assessed))
	for i := range image.Assessed {
		a := &image.Assessed[i]
		x := cdx.Vulnerability{
			BOMRef: fmt.Sprintf("vulnerability:%s:%d", a.Vulnerability, i), ID: a.Vulnerability, Source: publisher(a.Vulnerability),
			Analysis: cycloneDXAnalysis(a, stamp), Affects: &[]cdx.Affects{},
		}
		if refs := aliasReferences(a); len(refs) > 0 {
			x.References = &refs
		}
		for _, p := range a.Packages {
			if !known[p.ID] {
				known[p.ID] = true
				components = append(components, cdx.Component{BOMRef: p.ID, Type: cdx.ComponentTypeLibrary, Name: p.Name, Version: bounded(p.Version), PackageURL: p.PURL})
			}
			*x.Affects = append(*x.Affects, cdx.Affects{Ref: p.ID})
		}
		list = append(list, x)
	}
	b.Components, b.Vulnerabilities = &components, &list
	content, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("write cyclonedx: %w", err)
	}
	b.SerialNumber = "urn:uuid:" + uuid("plimsoll", "cyclonedx exceptions", opt.Author, stamp, url, digest, string(content))
	return quoted(w, func(w io.Writer) error {
		e := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
		if err := e.EncodeVersion(b, cdx.SpecVersion1_6); err != nil {
			return fmt.Errorf("write cyclonedx: %w", err)
		}
		return nil
	})
}

func aliasReferences(a *exception.Assessed) []cdx.VulnerabilityReference {
	var refs []cdx.VulnerabilityReference
	for _, id := range distinct(a.Aliases) {
		if source := publisher(id); source != nil {
			refs = append(refs, cdx.VulnerabilityReference{ID: id, Source: source})
		}
	}
	return refs
}

// cycloneDXAnalysis is an exception in CycloneDX's words (bom-1.6.schema.json,
// impactAnalysisState and impactAnalysisJustification). Where those have no
// counterpart of a justification it stands in the detail.
func cycloneDXAnalysis(a *exception.Assessed, stamp string) *cdx.VulnerabilityAnalysis {
	x := &cdx.VulnerabilityAnalysis{LastUpdated: stamp, Detail: a.Exception.Reason}
	justification := ""
	switch a.Status() {
	case exception.NotAffected:
		x.State, justification = cdx.IASNotAffected, a.Exception.VEX.Justification
	case exception.FalsePositive:
		x.State, justification = cdx.IASFalsePositive, a.Exception.VEX.Justification
	case exception.Fixed:
		x.State = cdx.IASResolved
	case exception.UnderInvestigation:
		x.State = cdx.IASInTriage
	default:
		x.State, x.Response = cdx.IASExploitable, &[]cdx.ImpactAnalysisResponse{cdx.IARWillNotFix}
		x.Detail = acceptedWords(a.Exception)
	}
	switch justification {
	case "":
	case "component_not_present", "vulnerable_code_not_present":
		x.Justification = cdx.IAJCodeNotPresent
	case "vulnerable_code_not_in_execute_path":
		x.Justification = cdx.IAJCodeNotReachable
	case "inline_mitigations_already_exist":
		x.Justification = cdx.IAJProtectedByMitigatingControl
	default:
		x.Detail = justification + ": " + x.Detail
	}
	return x
}
