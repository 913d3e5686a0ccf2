package account

import (
	"math"
	"strings"

	"plimsoll/internal/distro"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// records are what package managers wrote down, in every layer.
type records struct {
	words    []word
	numbers  map[source]int
	listed   map[owner][]*word
	diverted map[string][]diversion
	versions map[owner][]version
	// published are the packages that name a distribution as who made them.
	published map[owner]bool
	// wrote are the layers that wrote a database.
	wrote     map[string][]int
	numClaims int
}

// owner names a package.
type owner struct{ typ, name, arch string }

// source is what speaks for a package: one list of one database.
type source struct {
	owner
	database string
}

// word is one list of files in one layer. It is in force from the layer that
// wrote it until one that wrote it anew or took it away.
type word struct {
	*evidence.Owned
	owner
	source      int
	from, until int
	// refutes is set where the list by itself proves that the package installed
	// what it lists: dpkg's digests name files too that another package has taken
	// over, which dpkg takes out of its list of files alone.
	refutes bool
	// configuration is set where the list is one of settings.
	configuration bool
}

// claim is a package's word for a path, in force for what layers from and later
// ones wrote, up to until.
type claim struct {
	*word
	digest      []byte
	from, until int
	// diverted are the layers for which the package's file lies elsewhere: there a
	// digest that matches still proves the file, and another says nothing.
	diverted span
}

// span is a run of layers: from one up to another.
type span struct{ from, until int }

func (s span) holds(layer int) bool { return s.from <= layer && layer < s.until }

// forever is after every layer.
const forever = math.MaxInt

func (c *claim) inForce(layer int) bool { return c.from <= layer && layer < c.until }

// version is a package's version from a layer on.
type version struct {
	from int
	text string
}

// diversion is one of dpkg's, in force in some layers.
type diversion struct {
	evidence.Diversion
	from, until int
}

const (
	dpkgInfo       = "var/lib/dpkg/info/"
	dpkgStatus     = "var/lib/dpkg/status"
	dpkgDiversions = "var/lib/dpkg/diversions"
)

// opkg has dpkg's format in folders of its own.
var scriptFolders = []string{dpkgInfo, "usr/lib/opkg/info/", "var/lib/opkg/info/"}

// claims takes in what package managers say of the paths.
func (b *book) claims() {
	b.numbers, b.listed, b.wrote = map[source]int{}, map[owner][]*word{}, map[string][]int{}
	for n, l := range b.Layers {
		for _, database := range l.Databases {
			b.wrote[database] = append(b.wrote[database], n)
		}
	}
	b.findVersions()
	b.findDiversions()
	n := 0
	for _, l := range b.Layers {
		n += len(l.Owned) + len(l.Sums)
	}
	b.words = make([]word, 0, n) // claims point into it
	for layer, l := range b.Layers {
		for _, lists := range [][]evidence.Owned{l.Owned, l.Sums} {
			for i := range lists {
				b.word(layer, &lists[i])
			}
		}
	}
	for i := range b.words {
		b.claim(&b.words[i])
	}
}

func (b *book) word(layer int, list *evidence.Owned) {
	w := word{
		Owned: list, owner: owner{list.Type, list.Package, list.Arch}, from: layer, until: b.until(list, layer),
		refutes: true,
	}
	if list.Type == "deb" {
		// The status file has the digests of settings alone.
		w.configuration = list.Database == dpkgStatus || strings.HasSuffix(list.Database, "/opkg/status") ||
			strings.HasPrefix(list.Database, "var/lib/dpkg/status.d/") && !strings.HasSuffix(list.Database, ".md5sums")
		w.refutes = !strings.HasPrefix(list.Database, dpkgInfo) || strings.HasSuffix(list.Database, ".list")
	}
	key := source{w.owner, list.Database}
	if _, met := b.numbers[key]; !met {
		b.numbers[key] = len(b.numbers)
	}
	w.source = b.numbers[key]
	b.words = append(b.words, w)
	if strings.HasPrefix(list.Database, dpkgInfo) && strings.HasSuffix(list.Database, ".list") {
		b.listed[w.owner] = append(b.listed[w.owner], &b.words[len(b.words)-1])
	}
}

// until is the layer from which on a list is in force no more. A package manager
// that removes a package takes its list away and writes its database; a database
// that is gone as a whole was deleted, and its last word stands.
func (b *book) until(list *evidence.Owned, layer int) int {
	place := b.fates.Of(list.Database, layer)
	switch {
	case place.By == nil:
		return forever
	case place.Liveness != inventory.Deleted:
		return place.By.Index
	}
	database := ""
	switch {
	case list.Type == "apk", list.Type == "rpm":
		database = list.Database
	case strings.HasPrefix(list.Database, dpkgInfo):
		database = dpkgStatus
	}
	if database == "" || b.holds(place.By.Index, database) {
		return place.By.Index
	}
	for _, wrote := range b.wrote[database] {
		if wrote > place.By.Index {
			return wrote
		}
	}
	return forever
}

// holds reports whether a database lies in the file system of the layers up to one.
func (b *book) holds(layer int, database string) bool {
	held := false
	for _, wrote := range b.wrote[database] {
		if wrote <= layer {
			by := b.fates.Of(database, wrote).By
			held = by == nil || by.Index > layer
		}
	}
	return held
}

// claim files a list's paths under those that are asked for.
func (b *book) claim(w *word) {
	digests := w.Digests.Coded
	var through folderLinks
	for path := range w.Paths.All() {
		var digest []byte
		if len(digests) > 0 {
			n := min(int(digests[0]), len(digests)-1)
			digest, digests = digests[1:1+n], digests[1+n:]
		}
		c := claim{word: w, digest: digest, from: w.from, until: w.until}
		r := b.at[string(path)]
		if r == nil || len(b.diverted) > 0 || len(b.deep) > 0 {
			at := b.links.Resolve(string(path))
			r = b.at[at]
			if moved := b.diverted[at]; len(moved) > 0 && w.Type == "deb" {
				b.divert(&c, moved)
			}
			// A folder that became a link has its files where it leads, and a
			// layer below may have them where they were.
			if to, ok := through.follow(b, at); ok && to != r {
				b.file(to, c)
			}
		}
		if r != nil {
			b.file(r, c)
		}
	}
}

// folderLinks remembers where the folder of the last path leads, since lists name
// one file of a folder after another.
type folderLinks struct {
	folder, leads string
	met           bool
}

// follow finds the record of a path below a link that stands for a folder.
func (f *folderLinks) follow(b *book, path string) (*record, bool) {
	if len(b.deep) == 0 {
		return nil, false
	}
	dir := parent(path)
	if !f.met || f.folder != dir {
		f.folder, f.leads, f.met = dir, "", true
		if to, rest := b.throughDeep(path); rest != "" {
			f.leads = to + rest[:len(rest)-len(path)+len(dir)]
		}
	}
	if f.leads == "" {
		return nil, false
	}
	r := b.at[b.resolve(f.leads+path[len(dir):])]
	return r, r != nil
}

// divert files a claim where dpkg put the package's file, and weakens it where it
// would have lain.
func (b *book) divert(c *claim, moved []diversion) {
	for _, d := range moved {
		if d.By == c.Package || d.until <= c.from || d.from >= c.until {
			continue
		}
		if c.diverted == (span{}) {
			c.diverted = span{d.from, d.until}
		}
		c.diverted = span{min(c.diverted.from, d.from), max(c.diverted.until, d.until)}
		if r := b.at[b.links.Resolve(d.To)]; r != nil {
			b.file(r, claim{word: c.word, digest: c.digest, from: max(c.from, d.from), until: min(c.until, d.until)})
		}
	}
}

// file adds a claim. One that says again what its source said before prolongs the
// other, so that a database which every layer rewrites costs one claim.
func (b *book) file(r *record, c claim) {
	if !r.watched {
		for k := range r.claims {
			if was := &r.claims[k]; was.source == c.source && was.until == c.from && string(was.digest) == string(c.digest) && was.diverted == c.diverted {
				was.until = c.until
				return
			}
		}
	}
	switch {
	case len(r.claims) >= b.Limits.OfOnePath:
		b.limit(c.from, b.Limits.OfOnePath, "records of one file")
	case b.numClaims >= b.Limits.Claims:
		b.limit(c.from, b.Limits.Claims, "records of executables")
	default:
		b.numClaims++
		r.claims = append(r.claims, c)
	}
}

// findVersions notes which version of each package of a distribution each layer's
// databases record, since dpkg's lists of files don't.
func (b *book) findVersions() {
	b.versions, b.published = map[owner][]version{}, map[owner]bool{}
	for n, l := range b.Layers {
		for i := range l.Packages {
			p := &l.Packages[i]
			if !p.IsOS() {
				continue
			}
			if distro.Publishes(p.Vendor) {
				b.published[owner{p.Type, p.Name, ""}] = true
			}
			for _, arch := range []string{p.Arch, ""} {
				o := owner{p.Type, p.Name, arch}
				known := b.versions[o]
				if len(known) == 0 || known[len(known)-1].text != p.Version {
					b.versions[o] = append(known, version{n, p.Version})
				}
				if arch == "" {
					break
				}
			}
		}
	}
}

// versionAt is a package's version in a layer: that of the list in the layer of
// the list, if it has one; of what is recorded later alone the first.
func (b *book) versionAt(w *word, layer int) string {
	known := b.versions[w.owner]
	if len(known) == 0 {
		known = b.versions[owner{w.Type, w.Package, ""}]
	}
	if len(known) == 0 || w.Version != "" && layer == w.from {
		return w.Version
	}
	text := known[0].text
	for _, v := range known {
		if v.from > layer {
			break
		}
		text = v.text
	}
	return text
}

// findDiversions lays out dpkg's diversions by what is diverted. A layer that
// writes the file of diversions replaces those of the layers below.
func (b *book) findDiversions() {
	b.diverted = map[string][]diversion{}
	until := forever
	for n := len(b.Layers) - 1; n >= 0; n-- {
		l, wrote := b.Layers[n], len(b.Layers[n].Diversions) > 0
		for _, d := range l.Databases {
			wrote = wrote || d == dpkgDiversions
		}
		if !wrote {
			continue
		}
		for _, d := range l.Diversions {
			from := b.links.Resolve(d.From)
			if before := b.diverted[from]; len(before) > 0 && before[len(before)-1].Diversion == d && before[len(before)-1].from == until {
				before[len(before)-1].from = n
				continue
			}
			b.diverted[from] = append(b.diverted[from], diversion{d, n, until})
		}
		until = n
	}
}

// isDistribution reports whether a type of packages is published by distributions.
func isDistribution(typ string) bool {
	return (&inventory.Package{Type: typ}).IsOS()
}
