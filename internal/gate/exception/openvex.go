package exception

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/gate/strict"
)

// openVEXContext is the namespace of OpenVEX; documents of 0.2.0 and later name
// their version behind it.
const openVEXContext = "https://openvex.dev/ns"

// openVEX is a document of the OpenVEX specification v0.2.0. Those of before
// (0.0.1) have texts in the place of vulnerability, products and version.
type openVEX struct {
	Context    string              `json:"@context"`
	ID         string              `json:"@id"`
	Author     string              `json:"author"`
	Role       string              `json:"role,omitempty"`
	Timestamp  string              `json:"timestamp"`
	Updated    string              `json:"last_updated,omitempty"`
	Version    openVEXVersion      `json:"version"`
	Tooling    string              `json:"tooling,omitempty"`
	Statements []*openVEXStatement `json:"statements"`
}

type openVEXStatement struct {
	ID            string               `json:"@id,omitempty"`
	Vulnerability openVEXVulnerability `json:"vulnerability"`
	Timestamp     string               `json:"timestamp,omitempty"`
	Updated       string               `json:"last_updated,omitempty"`
	Products      []openVEXProduct     `json:"products"`
	Status        Status               `json:"status"`
	StatusNotes   string               `json:"status_notes,omitempty"`
	Justification string               `json:"justification,omitempty"`
	Impact        string               `json:"impact_statement,omitempty"`
	Action        string               `json:"action_statement,omitempty"`
	// Subcomponents are of documents before 0.2.0.
	Subcomponents []openVEXComponent `json:"subcomponents,omitempty"`
}

type openVEXVulnerability struct {
	ID      string   `json:"@id,omitempty"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
}

func (v *openVEXVulnerability) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &v.Name)
	}
	type plain openVEXVulnerability
	return json.Unmarshal(b, (*plain)(v))
}

type openVEXComponent struct {
	ID          string            `json:"@id,omitempty"`
	Identifiers map[string]string `json:"identifiers,omitempty"`
	Hashes      map[string]string `json:"hashes,omitempty"`
}

func (c *openVEXComponent) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &c.ID)
	}
	type plain openVEXComponent
	return json.Unmarshal(b, (*plain)(c))
}

type openVEXProduct struct {
	openVEXComponent
	Subcomponents []openVEXComponent `json:"subcomponents,omitempty"`
}

func (p *openVEXProduct) UnmarshalJSON(b []byte) error {
	if err := p.openVEXComponent.UnmarshalJSON(b); err != nil || len(b) > 0 && b[0] == '"' {
		return err
	}
	var rest struct {
		Subcomponents []openVEXComponent `json:"subcomponents"`
	}
	err := json.Unmarshal(b, &rest)
	p.Subcomponents = rest.Subcomponents
	return err
}

// openVEXVersion is a number, and in old documents a text.
type openVEXVersion int

func (v *openVEXVersion) UnmarshalJSON(b []byte) error {
	var n int
	if err := json.Unmarshal(b, &n); err != nil {
		var s string
		if json.Unmarshal(b, &s) != nil {
			return err
		}
	}
	*v = openVEXVersion(n)
	return nil
}

func parseOpenVEX(file string, source []byte) (*Document, error) {
	var raw openVEX
	if err := json.Unmarshal(source, &raw); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", placeIn(file, source, err), ErrVEX, err)
	}
	if len(raw.Statements) > maxStatements {
		return nil, fmt.Errorf("%s: more than %d statements", file, maxStatements)
	}
	version := strings.TrimPrefix(strings.TrimPrefix(raw.Context, openVEXContext), "/v")
	switch version {
	case "", "0.0.1", "0.2.0":
	default:
		return nil, fmt.Errorf("%s: OpenVEX %s, and this program reads 0.2.0 and 0.0.1", file, version)
	}
	issued, err := moment(raw.Timestamp)
	if err != nil {
		return nil, fmt.Errorf("%s: timestamp: %w", file, err)
	}
	d := &Document{File: file, Format: "OpenVEX " + cmp.Or(version, "0.0.1"), ID: raw.ID, Author: raw.Author}
	for i, st := range raw.Statements {
		place := fmt.Sprintf("%s#/statements/%d", file, i)
		if st == nil {
			d.note(place, "it is null")
			continue
		}
		s, err := st.statement(d, place, issued)
		if err != nil {
			d.note(place, "%v", err)
			continue
		}
		s.Author = raw.Author
		d.Statements = append(d.Statements, *s)
	}
	return d, nil
}

// statement reads one statement. What the specification asks of one must be
// there: it would accept something that nobody stands for.
func (st *openVEXStatement) statement(d *Document, place string, issued time.Time) (*Statement, error) {
	s := &Statement{Place: place, Status: st.Status, Justification: st.Justification, Time: issued, Detail: cmp.Or(st.Impact, st.StatusNotes)}
	for _, id := range append([]string{st.Vulnerability.Name, lastPart(st.Vulnerability.ID)}, st.Vulnerability.Aliases...) {
		if id != "" && !slices.Contains(s.Vulnerabilities, id) {
			s.Vulnerabilities = append(s.Vulnerabilities, id)
		}
	}
	switch {
	case len(s.Vulnerabilities) == 0:
		return nil, errors.New("it names no vulnerability")
	case st.Status == FalsePositive || !slices.Contains(Statuses(), st.Status):
		return nil, fmt.Errorf("status is %q: one of not_affected, affected, fixed, under_investigation", strict.Short(string(st.Status)))
	case st.Status == NotAffected && st.Justification == "" && st.Impact == "":
		return nil, errors.New("not_affected without a justification or an impact_statement")
	case st.Justification != "" && !slices.Contains(Justifications(), st.Justification):
		return nil, fmt.Errorf("justification is %q: one of %s", strict.Short(st.Justification), strings.Join(Justifications(), ", "))
	}
	for _, text := range []string{st.Timestamp, st.Updated} {
		t, err := moment(text)
		if err != nil {
			return nil, fmt.Errorf("timestamp: %w", err)
		}
		if text == st.Timestamp && text != "" {
			s.Time = t // overrides the document's
		} else if t.After(s.Time) {
			s.Time = t
		}
	}
	if s.Time.IsZero() {
		return nil, errors.New("neither it nor the document has a timestamp")
	}
	for i := range st.Products {
		p := &st.Products[i]
		product := Product{Is: p.component()}
		if !product.Is.known() {
			d.note(place, "product %d (%s) is named by no package URL, CPE or sha-256: nothing can be matched with it", i, strict.Short(cmp.Or(p.ID, "without an @id")))
			continue
		}
		unknown := 0
		for _, c := range append(slices.Clone(p.Subcomponents), st.Subcomponents...) {
			if sub := c.component(); sub.known() {
				product.Subcomponents = append(product.Subcomponents, sub)
			} else {
				unknown++
				d.note(place, "subcomponent %s is named by no package URL or CPE: nothing can be matched with it", strict.Short(c.ID))
			}
		}
		if unknown > 0 && len(product.Subcomponents) == 0 {
			continue // it would otherwise speak of the whole product
		}
		s.Products = append(s.Products, product)
	}
	if len(s.Products) == 0 {
		return nil, errors.New("it names no product that can be matched")
	}
	return s, nil
}

// lastPart is the identifier at the end of an IRI:
// "https://nvd.nist.gov/vuln/detail/CVE-2019-17571".
func lastPart(iri string) string { return iri[strings.LastIndexByte(iri, '/')+1:] }

func (c *openVEXComponent) component() Component {
	out := Component{text: c.ID}
	texts := []string{c.ID}
	for _, key := range []string{"purl", "cpe23", "@cpe23"} { // the schema of 0.2.0 has the @
		if id := c.Identifiers[key]; id != "" {
			texts = append(texts, id)
			out.text = cmp.Or(out.text, id)
		}
	}
	for i, id := range texts {
		switch {
		case i > 0 && slices.Contains(texts[:i], id):
		case strings.HasPrefix(strings.ToLower(id), "pkg:"):
			if u, err := parsePURL(id); err == nil {
				out.urls = append(out.urls, u)
			}
		case strings.HasPrefix(strings.ToLower(id), "cpe:2.3:"):
			out.cpes = append(out.cpes, id)
		}
	}
	if sum := c.Hashes["sha-256"]; len(sum) == 64 {
		out.digests = append(out.digests, "sha256:"+strings.ToLower(sum))
		out.text = cmp.Or(out.text, "sha256:"+sum)
	}
	return out
}
