package sbom

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// raw is one component as every form has it.
type raw struct {
	ref      string
	kind     kind
	name     string // with its group or scope, where the form keeps that apart
	version  string
	supplier string
	purl     string
	cpes     []string
	licenses []string
	digests  []string // "sha256:…"
	props    []Property
	// source is the source package where the form tells of one in words.
	source *inventory.Source
	path   string
	// other is an identifier that is no package URL: SWID, SWHID, OmniBOR.
	other bool
}

type kind int

const (
	software kind = iota
	operatingSystem
	subject // the image itself
	file
	// target is what Trivy groups packages under: a lock file, a binary.
	target
)

// assembly puts a document together from what a form's reader found.
type assembly struct {
	doc        *Document
	components []raw
	// dependsOn and contains are edges by reference; related are the references
	// that stand in any relation.
	dependsOn, contains map[string][]string
	related             map[string]bool
	// owners are the owners of components, by reference.
	owners map[string]string
	edges  int
}

func newAssembly(form Form, version string) *assembly {
	return &assembly{
		doc: &Document{Form: form, Version: version}, dependsOn: map[string][]string{}, contains: map[string][]string{},
		related: map[string]bool{}, owners: map[string]string{},
	}
}

// add takes one component; the error says that there are too many.
func (a *assembly) add(r raw) error {
	if len(a.components) >= maxComponents {
		return fmt.Errorf("%w: more than %d components", ErrLimit, maxComponents)
	}
	a.components = append(a.components, r)
	return nil
}

// relate notes an edge in one of the two maps.
func (a *assembly) relate(edges map[string][]string, from, to string) error {
	if a.edges++; a.edges > maxEdges {
		return fmt.Errorf("%w: more than %d relations", ErrLimit, maxEdges)
	}
	edges[from] = append(edges[from], to)
	a.related[from], a.related[to] = true, true
	return nil
}

// document turns components into packages.
func (a *assembly) document() *Document {
	d := a.doc
	a.distribution()
	a.inTargets()
	layers := map[string]verdict.Layer{}
	for _, l := range d.Image.Layers {
		layers[l.DiffID] = l
	}
	refs := make([]string, 0, len(a.components))
	d.Packages = []inventory.Package{}
	for i := range a.components {
		r := &a.components[i]
		if r.kind != software {
			continue
		}
		d.Components = append(d.Components, Component{
			Name: r.name, Version: r.version, Supplier: r.supplier != "", Identified: r.purl != "" || len(r.cpes) > 0 || r.other,
			Related: a.related[r.ref], Licensed: len(r.licenses) > 0, Hashed: len(r.digests) > 0,
		})
		p, ok := a.packageOf(r)
		if !ok {
			d.Unidentified++
			continue
		}
		if l, ok := layers[p.Origin.DiffID]; ok && p.Origin.Index < 0 && p.Origin.DiffID != "" {
			p.Origin = l.LayerRef
		}
		d.Packages, refs = append(d.Packages, p), append(refs, r.ref)
	}
	identify(d.Packages)
	a.connect(refs)
	slices.SortStableFunc(d.Packages, func(x, y inventory.Package) int {
		return cmp.Or(
			cmp.Compare(x.Type, y.Type), cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name),
			cmp.Compare(x.Version, y.Version), cmp.Compare(x.Path, y.Path), cmp.Compare(x.InArchive, y.InArchive), cmp.Compare(x.Arch, y.Arch),
		)
	})
	for i := range d.Packages {
		if at := d.Packages[i].Origin.Index; at >= 0 && at < len(d.Image.Layers) {
			d.Image.Layers[at].Packages++
		}
	}
	return d
}

// inTargets gives packages that say no place the place of the target that leads
// to them: Trivy names a program once, and below it the modules in it.
func (a *assembly) inTargets() {
	var paths map[string]string
	for i := range a.components {
		r := &a.components[i]
		if r.kind != target || !strings.Contains(r.name, "/") {
			continue
		}
		if paths == nil {
			paths = map[string]string{}
		}
		for waiting := []string{r.ref}; len(waiting) > 0; {
			ref := waiting[len(waiting)-1]
			waiting = waiting[:len(waiting)-1]
			for _, edges := range []map[string][]string{a.dependsOn, a.contains} {
				for _, to := range edges[ref] {
					if _, known := paths[to]; !known {
						paths[to] = r.name
						waiting = append(waiting, to)
					}
				}
			}
		}
	}
	for i := range a.components {
		r := &a.components[i]
		if path := paths[r.ref]; path != "" && r.kind == software && r.path == "" && value(r.props, "aquasecurity:trivy:FilePath") == "" {
			r.path = path
		}
	}
}

// packageOf is the package that a component stands for; false where nothing
// says what it could be looked up as.
func (a *assembly) packageOf(r *raw) (inventory.Package, bool) {
	p, ok := fromPURL(r.purl)
	switch {
	case ok:
		a.refine(p, r)
	case own(r.props):
		p = &inventory.Package{PURL: r.purl, Name: r.name, Version: r.version, Liveness: inventory.Visible, Origin: inventory.LayerRef{Index: -1}}
	case len(r.cpes) > 0 && r.name != "":
		p = &inventory.Package{Type: "generic", Name: r.name, Version: r.version, Liveness: inventory.Visible, Origin: inventory.LayerRef{Index: -1}}
		a.refine(p, r)
	default:
		return inventory.Package{}, false
	}
	p.CPEs = append(r.cpes[:len(r.cpes):len(r.cpes)], p.CPEs...)
	p.Licenses, p.Digests, p.Vendor = r.licenses, r.digests, r.supplier
	if own(r.props) {
		applyOwn(p, r.props)
	}
	return *p, p.Type != "" && p.Name != ""
}

// refine adds what a scanner says beside the package URL.
func (a *assembly) refine(p *inventory.Package, r *raw) {
	if p.Version == "" {
		p.Version = r.version
	}
	if p.Type == "golang" && r.name != p.FullName() && strings.HasPrefix(r.name, p.FullName()+"/") {
		at := strings.LastIndexByte(r.name, '/')
		p.Namespace, p.Name = r.name[:at], r.name[at+1:]
	}
	if r.source != nil && p.IsOS() {
		p.Source = r.source
	}
	p.Path = strings.TrimPrefix(r.path, "/")
	syftProperties(p, r.props)
	trivyProperties(p, r.props)
	switch self := p.Source == nil || *p.Source == (inventory.Source{Name: p.Name, Version: p.Version}); {
	case self && p.Type == "deb":
		p.Source = nil // as dpkg's own record leaves it out
	case self && p.IsOS():
		p.Source = &inventory.Source{Name: p.Name, Version: p.Version}
	}
}

// identify makes the IDs unique, as the merge of layers does: the package URL,
// followed by the path where several share one.
func identify(packages []inventory.Package) {
	uses := map[string]int{}
	for i := range packages {
		p := &packages[i]
		if p.ID == "" {
			p.ID = p.PURL
		}
		if p.ID == "" {
			p.ID = p.Type + ":" + p.FullName() + "@" + p.Version
		}
		uses[p.ID]++
	}
	taken, next := map[string]bool{}, map[string]int{}
	for i := range packages {
		p := &packages[i]
		if uses[p.ID] > 1 && p.Path != "" {
			p.ID += "@/" + p.Path
		}
		for base := p.ID; taken[p.ID]; next[base]++ {
			p.ID = fmt.Sprintf("%s#%d", base, next[base]+2)
		}
		taken[p.ID] = true
	}
}

// connect turns references into IDs: what depends on what, and who owns whom.
// Packages of Plimsoll's own writing carry both in their properties.
func (a *assembly) connect(refs []string) {
	at := make(map[string]int, len(refs))
	for i, ref := range refs {
		if _, twice := at[ref]; !twice && ref != "" {
			at[ref] = i
		}
	}
	carried := map[string]bool{}
	for i := range a.components {
		carried[a.components[i].ref] = own(a.components[i].props)
	}
	for i, ref := range refs {
		p := &a.doc.Packages[i]
		if carried[ref] || at[ref] != i {
			continue
		}
		if j, ok := at[a.owners[ref]]; ok && a.doc.Packages[j].IsOS() && !p.IsOS() {
			p.OwnedBy = a.doc.Packages[j].ID
		}
		for _, to := range a.dependsOn[ref] {
			j, ok := at[to]
			if !ok || j == i {
				continue
			}
			p.Requires = append(p.Requires, a.doc.Packages[j].ID)
			if q := &a.doc.Packages[j]; q.Type == p.Type {
				p.DependsOn = append(p.DependsOn, q.FullName())
			}
		}
		for _, list := range []*[]string{&p.Requires, &p.DependsOn} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
	}
}

// distribution takes the operating system that the document names; without
// one, what most package URLs of OS packages name.
func (a *assembly) distribution() {
	for i := range a.components {
		if r := &a.components[i]; r.kind == operatingSystem {
			if d := r.distribution(); d.ID != "" {
				a.doc.Image.Distribution = d
				return
			}
		}
	}
	if a.doc.Image.Distribution != nil {
		return
	}
	votes := map[string]int{}
	examples := map[string]*inventory.Distribution{}
	for i := range a.components {
		r := &a.components[i]
		if r.kind != software || own(r.props) {
			continue
		}
		if p, ok := fromPURL(r.purl); !ok || !p.IsOS() {
			continue
		}
		if d := distributionOf(r.purl); d != nil && d.ID != "" {
			key := d.ID + "\x00" + d.VersionID
			votes[key]++
			examples[key] = d
		}
	}
	best := ""
	for key, n := range votes {
		if n > votes[best] || n == votes[best] && key < best {
			best = key
		}
	}
	a.doc.Image.Distribution = examples[best]
}

// distribution reads an operating system's component.
func (r *raw) distribution() *inventory.Distribution {
	if d, ok := ownDistribution(r.props); ok {
		return d
	}
	d := &inventory.Distribution{ID: distributionID(r.name), VersionID: r.version}
	if id := value(r.props, "syft:distro:id"); id != "" {
		d.ID = id
		d.VersionID = first(value(r.props, "syft:distro:versionID"), d.VersionID)
		d.VersionCodename = value(r.props, "syft:distro:versionCodename")
		d.Name, d.PrettyName = value(r.props, "syft:distro:name"), value(r.props, "syft:distro:prettyName")
		for i := range 8 {
			if like := value(r.props, fmt.Sprintf("syft:distro:idLike:%d", i)); like != "" {
				d.IDLike = append(d.IDLike, like)
			}
		}
	}
	if len(r.cpes) > 0 {
		d.CPE = r.cpes[0]
	}
	return d
}
