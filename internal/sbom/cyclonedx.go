package sbom

import (
	"encoding/json"
	"fmt"
	"strings"
)

// cdxComponent is a component of CycloneDX 1.2 to 1.7, as far as it is read.
type cdxComponent struct {
	BOMRef     string        `json:"bom-ref"`
	Type       string        `json:"type"`
	Group      string        `json:"group"`
	Name       string        `json:"name"`
	Version    string        `json:"version"`
	Supplier   cdxEntity     `json:"supplier"`
	Maker      cdxEntity     `json:"manufacturer"` // since 1.6
	Publisher  string        `json:"publisher"`
	Author     string        `json:"author"`
	PURL       string        `json:"purl"`
	CPE        string        `json:"cpe"`
	SWID       *struct{}     `json:"swid"`
	SWHID      []string      `json:"swhid"`
	OmniBORID  []string      `json:"omniborId"`
	Licenses   []cdxLicense  `json:"licenses"`
	Hashes     []cdxHash     `json:"hashes"`
	Properties cdxProperties `json:"properties"`
	// Components are those inside of this one.
	Components json.RawMessage `json:"components"`
}

type cdxEntity struct {
	Name string `json:"name"`
}

type cdxHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type cdxLicense struct {
	Expression string `json:"expression"`
	License    struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"license"`
}

// cdxProperties are bounded while they are decoded.
type cdxProperties []Property

func (p *cdxProperties) UnmarshalJSON(b []byte) error {
	return each(b, func(x *Property) error {
		if len(*p) >= maxProperties+6*maxLayers {
			return fmt.Errorf("%w: a component with more than %d properties", ErrLimit, len(*p))
		}
		*p = append(*p, *x)
		return nil
	})
}

// cdxTools is metadata.tools in both shapes that the form has had: a list, and
// since 1.5 an object of components.
type cdxTools []cdxTool

type cdxTool struct {
	Vendor  string `json:"vendor"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

func (t *cdxTools) UnmarshalJSON(b []byte) error {
	var list []cdxTool
	if json.Unmarshal(b, &list) != nil {
		var object struct {
			Components []cdxTool `json:"components"`
		}
		if err := json.Unmarshal(b, &object); err != nil {
			return err
		}
		list = object.Components
	}
	*t = list
	return nil
}

type cdxDocument struct {
	SpecVersion string `json:"specVersion"`
	Metadata    struct {
		Timestamp string        `json:"timestamp"`
		Tools     cdxTools      `json:"tools"`
		Authors   []cdxEntity   `json:"authors"`
		Supplier  cdxEntity     `json:"supplier"`
		Maker     cdxEntity     `json:"manufacturer"`
		Made      cdxEntity     `json:"manufacture"` // its name before 1.6
		Component *cdxComponent `json:"component"`
	} `json:"metadata"`
	Components   json.RawMessage `json:"components"`
	Dependencies json.RawMessage `json:"dependencies"`
	Compositions []struct {
		Aggregate  string   `json:"aggregate"`
		Assemblies []string `json:"assemblies"`
	} `json:"compositions"`
}

type cdxDependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// readCycloneDX reads CycloneDX 1.2 (the first in JSON) to 1.7.
func readCycloneDX(content []byte) (*Document, error) {
	var doc cdxDocument
	if err := json.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("CycloneDX document: %w", err)
	}
	if !strings.HasPrefix(doc.SpecVersion, "1.") {
		return nil, fmt.Errorf("%w: CycloneDX %.40q", ErrUnknown, doc.SpecVersion)
	}
	a := newAssembly(CycloneDX, doc.SpecVersion)
	d, m := a.doc, &doc.Metadata
	d.Created = parseTime(m.Timestamp)
	for _, t := range m.Tools {
		d.Tools = append(d.Tools, strings.TrimSpace(t.Name+" "+t.Version))
	}
	for _, author := range append(m.Authors, m.Supplier, m.Maker, m.Made) {
		if author.Name != "" {
			d.Authors = append(d.Authors, author.Name)
		}
	}
	root, nested := "", []cdxNested{{doc.Components, ""}}
	if m.Component != nil {
		root = m.Component.BOMRef
		a.cdxImage(m.Component)
		nested = append(nested, cdxNested{m.Component.Components, root})
	}
	if err := a.cdxComponents(nested); err != nil {
		return nil, fmt.Errorf("CycloneDX document: components: %w", err)
	}
	err := each(doc.Dependencies, func(dep *cdxDependency) error {
		for _, to := range dep.DependsOn {
			if err := a.relate(a.dependsOn, dep.Ref, to); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("CycloneDX document: dependencies: %w", err)
	}
	for _, c := range doc.Compositions {
		if !strings.HasPrefix(c.Aggregate, "incomplete") {
			continue
		}
		for _, ref := range c.Assemblies {
			if ref == root {
				d.Incomplete = "the SBOM says of itself that its list of components is " + strings.ReplaceAll(c.Aggregate, "_", " ")
			}
		}
	}
	return a.document(), nil
}

// cdxNested is a list of components and what they are inside of.
type cdxNested struct {
	list   json.RawMessage
	parent string
}

// cdxComponents takes components, and then those inside of them.
func (a *assembly) cdxComponents(level []cdxNested) error {
	for depth := 0; len(level) > 0; depth++ {
		if depth > maxDepth {
			return fmt.Errorf("%w: components %d deep", ErrLimit, depth)
		}
		var below []cdxNested
		for _, n := range level {
			err := each(n.list, func(c *cdxComponent) error {
				if len(c.Components) > 0 {
					below = append(below, cdxNested{c.Components, c.BOMRef})
				}
				if n.parent != "" {
					if err := a.relate(a.contains, n.parent, c.BOMRef); err != nil {
						return err
					}
				}
				return a.add(c.raw())
			})
			if err != nil {
				return err
			}
		}
		level = below
	}
	return nil
}

func (c *cdxComponent) raw() raw {
	r := raw{
		ref: c.BOMRef, name: c.Name, version: c.Version, purl: c.PURL, props: c.Properties,
		supplier: first(c.Supplier.Name, c.Publisher, c.Maker.Name, c.Author),
		other:    c.SWID != nil || len(c.SWHID) > 0 || len(c.OmniBORID) > 0,
	}
	switch {
	case c.Type == "operating-system":
		r.kind = operatingSystem
	case c.Type == "file" || strings.HasPrefix(c.Type, "cryptographic") || c.Type == "data":
		r.kind = file
	case value(c.Properties, "aquasecurity:trivy:Class") != "" && c.PURL == "":
		r.kind = target
	}
	if c.Group != "" {
		separator := "/"
		if strings.HasPrefix(c.PURL, "pkg:maven/") {
			separator = ":"
		}
		r.name = c.Group + separator + c.Name
	}
	if c.CPE != "" {
		r.cpes = []string{c.CPE}
	}
	for _, h := range c.Hashes {
		if text := digest(h.Algorithm, h.Content); text != "" {
			r.digests = append(r.digests, text)
		}
	}
	for _, l := range c.Licenses {
		if text := first(l.Expression, l.License.ID, l.License.Name); text != "" {
			r.licenses = append(r.licenses, text)
		}
	}
	return r
}

// cdxImage reads the subject.
func (a *assembly) cdxImage(c *cdxComponent) {
	image := &a.doc.Image
	if ownImage(image, c.Properties) {
		return
	}
	image.Reference = c.Name
	if strings.HasPrefix(c.Version, "sha256:") {
		image.Digest = c.Version
	}
	if id := value(c.Properties, "aquasecurity:trivy:ImageID"); id != "" {
		image.ConfigDigest = id
	}
	if tag := value(c.Properties, "aquasecurity:trivy:RepoTag"); tag != "" {
		image.Reference, image.Name = tag, tag
	}
	if _, d, ok := strings.Cut(value(c.Properties, "aquasecurity:trivy:RepoDigest"), "@"); ok {
		image.Digest = d
	}
	imageOfPURL(a.doc, c.PURL)
}
