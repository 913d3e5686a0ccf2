package sbom

// Element is one of the minimum elements that the NTIA names ("The Minimum
// Elements For a Software Bill of Materials", US Department of Commerce, July
// 2021, "Data Fields"), with how many of the components have it.
type Element struct {
	// Name is the NTIA's, Asks what counts here.
	Name string `json:"name"`
	Asks string `json:"asks"`
	// Required is false for what the NTIA only recommends.
	Required bool `json:"required"`
	// Have of Of components have it; an element of the document has one of one.
	Have int `json:"have"`
	Of   int `json:"of"`
	// Missing are the first components without it.
	Missing []string `json:"missing,omitempty"`
	// Found is what the document says, for an element of the document.
	Found string `json:"found,omitempty"`
}

// Percent is how much of the element is there, rounded down; 100 of nothing.
func (e *Element) Percent() int {
	if e.Of == 0 {
		return 100
	}
	return e.Have * 100 / e.Of
}

// Check is a document held against the minimum elements.
type Check struct {
	Form       string `json:"form"`
	Version    string `json:"version"`
	Subject    string `json:"subject"`
	Components int    `json:"components"`
	// Percent is the lowest of the required elements.
	Percent  int       `json:"percent"`
	Elements []Element `json:"elements"`
}

// maxMissing bounds the components that an element names.
const maxMissing = 20

// Minimum holds a document against the NTIA's minimum elements. A document
// without components has no element of components.
func (d *Document) Minimum() *Check {
	c := &Check{Form: string(d.Form), Version: d.Version, Subject: d.Image.Reference, Components: len(d.Components), Percent: 100}
	component := func(name, asks string, required bool, has func(*Component) bool) {
		e := Element{Name: name, Asks: asks, Required: required, Of: len(d.Components)}
		for i := range d.Components {
			x := &d.Components[i]
			if has(x) {
				e.Have++
			} else if len(e.Missing) < maxMissing {
				e.Missing = append(e.Missing, label(x))
			}
		}
		if e.Of == 0 {
			e.Of = 1 // nothing is described
		}
		c.Elements = append(c.Elements, e)
	}
	document := func(name, asks, found string) {
		e := Element{Name: name, Asks: asks, Required: true, Of: 1, Found: found}
		if found != "" {
			e.Have = 1
		}
		c.Elements = append(c.Elements, e)
	}
	component("Supplier Name", "who creates, defines and identifies the component", true, func(x *Component) bool { return x.Supplier })
	component("Component Name", "what its supplier calls it", true, func(x *Component) bool { return x.Name != "" && x.Name != noAssertion })
	component("Version of the Component", "what tells it from what it was before", true, func(x *Component) bool { return x.Version != "" && x.Version != noAssertion })
	component("Other Unique Identifiers", "a package URL, a CPE, or another key to look it up with", true, func(x *Component) bool { return x.Identified })
	component("Dependency Relationship", "what includes it or depends on it", true, func(x *Component) bool { return x.Related })
	document("Author of SBOM Data", "who made the document; a program counts", author(d))
	stamp := ""
	if !d.Created.IsZero() {
		stamp = d.Created.UTC().Format("2006-01-02T15:04:05Z")
	}
	document("Timestamp", "when the document was put together", stamp)
	// The NTIA recommends these two ("Recommended Data Fields").
	component("Hash of the Component", "a digest of the component", false, func(x *Component) bool { return x.Hashed })
	component("License Information", "the licence of the component", false, func(x *Component) bool { return x.Licensed })
	for i := range c.Elements {
		if e := &c.Elements[i]; e.Required {
			c.Percent = min(c.Percent, e.Percent())
		}
	}
	return c
}

func label(x *Component) string {
	name := x.Name
	if name == "" {
		name = "(a component without a name)"
	}
	if x.Version != "" {
		name += " " + x.Version
	}
	return name
}

// author is who made the document, a person before a program.
func author(d *Document) string {
	if len(d.Authors) > 0 {
		return d.Authors[0]
	}
	if len(d.Tools) > 0 {
		return d.Tools[0]
	}
	return ""
}
