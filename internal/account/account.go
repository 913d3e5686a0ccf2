// Package account owns the account of every executable: each program, library
// and script of each layer gets an owner, or is named as one that has none.
//
// It holds the digests that layers' evidence has against those that package
// managers keep, and never reads a layer or a file itself. What an executable
// does is not its business: package malware looks into them.
package account

import (
	"cmp"
	"encoding/hex"
	"slices"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// Status says whose an executable is.
type Status string

const (
	// Intact: a package owns it and its own digest matches.
	Intact Status = "intact"
	// Altered: a package owns it, and no digest that the package keeps matches.
	Altered Status = "altered"
	// Unverified: a package owns it and keeps no digest that could be compared.
	Unverified Status = "unverified"
	// Runtime: part of a runtime that was recognised outside any package manager.
	Runtime Status = "runtime"
	// Generated: made from other files of the image when something was installed
	// (bytecode whose source lies beside it, caches and links of system tools).
	Generated Status = "generated"
	// Built: no package owns it, and a history line says what put it there.
	Built Status = "built"
	// Unaccounted: nothing says where it is from.
	Unaccounted Status = "unaccounted"
)

// Statuses lists every status in the order of reports: what is in order first.
func Statuses() []Status {
	return []Status{Intact, Unverified, Runtime, Generated, Built, Altered, Unaccounted}
}

// Entry is one executable in one layer.
type Entry struct {
	Path string                  `json:"path"`
	Kind evidence.ExecutableKind `json:"kind"`
	// Mode is in the form of ls: "-rwsr-xr-x".
	Mode   string `json:"mode"`
	UID    int    `json:"uid"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"`
	Status Status `json:"status"`
	// Owner is the package that owns it, as "cron 3.0pl1-162"; of a runtime, its name.
	Owner string `json:"owner,omitempty"`
	// OwnerType is the owner's purl type.
	OwnerType string `json:"ownerType,omitempty"`
	// Reason says what the status rests on, in words.
	Reason string `json:"reason,omitempty"`
	// Configuration is set for a script that its package means to be edited.
	Configuration bool `json:"configuration,omitempty"`
	// Capabilities are file capabilities: "cap_net_raw=ep".
	Capabilities string `json:"capabilities,omitempty"`
	// LinkTo is set where this is a further name of another executable.
	LinkTo   string              `json:"linkTo,omitempty"`
	Layer    inventory.LayerRef  `json:"layer"`
	Liveness inventory.Liveness  `json:"liveness"`
	By       *inventory.LayerRef `json:"by,omitempty"`
	// Risk orders what is not owned: the larger the sooner to look at. Risks
	// says what makes it so.
	Risk  int      `json:"risk,omitempty"`
	Risks []string `json:"risks,omitempty"`
}

func (e *Entry) setuid() bool { return len(e.Mode) > 3 && (e.Mode[3] == 's' || e.Mode[3] == 'S') }
func (e *Entry) setgid() bool { return len(e.Mode) > 6 && (e.Mode[6] == 's' || e.Mode[6] == 'S') }

// Account is the account of one image.
type Account struct {
	// Executables counts those of the final image, ByStatus by their status.
	Executables int            `json:"executables"`
	ByStatus    map[Status]int `json:"byStatus"`
	// Lower counts executables of layers that the final image does not show.
	Lower         int            `json:"lower"`
	LowerByStatus map[Status]int `json:"lowerByStatus"`
	// BuiltBy counts the built ones of the final image by history line.
	BuiltBy []BuildStep `json:"builtBy,omitempty"`
	// Links counts links of system tools (/etc/alternatives) beside them.
	Links int `json:"links,omitempty"`
	// Entries are all of them: first what is not in order, largest risk first,
	// then by path.
	Entries []Entry `json:"entries"`
}

// Publishers are the owners of watched files.
type Publishers map[Watched]string

// Of names the package of a distribution that a watched file came with, as it
// came: its digest matches, or, where none was computed, nothing wrote the file
// after the package was installed. What such a file holds is known to everybody
// who can download the package. Empty where there is none.
func (p Publishers) Of(path string, layer int) string { return p[Watched{path, layer}] }

// BuildStep is a layer that brought executables which no package owns.
type BuildStep struct {
	Layer       inventory.LayerRef `json:"layer"`
	Executables int                `json:"executables"`
}

// Open reports whether a status asks for a look: nobody vouches for the file.
func (s Status) Open() bool { return s == Altered || s == Unaccounted || s == Built }

// Input is what an account is made from.
type Input struct {
	Layers []*evidence.Layer
	Refs   []inventory.LayerRef
	// Base is how many layers, from the first, belong to the image's base.
	Base     int
	Packages []inventory.Package
	// Watch are further files whose owners are asked for for.
	Watch []Watched
}

// Watched is a file of a layer.
type Watched struct {
	Path  string
	Layer int
}

// Of makes the account.
func Of(in Input) (*Account, Publishers) {
	b := &book{Input: in, links: evidence.LinksOf(in.Layers), at: map[string]*record{}}
	b.gather()
	b.claims()
	b.packages()
	b.sources()
	a := &Account{ByStatus: map[Status]int{}, LowerByStatus: map[Status]int{}, Entries: b.settle(), Links: b.alternatives}
	built := map[int]int{}
	for i := range a.Entries {
		e := &a.Entries[i]
		if e.Liveness != inventory.Visible {
			a.Lower++
			a.LowerByStatus[e.Status]++
			continue
		}
		a.Executables++
		a.ByStatus[e.Status]++
		if e.Status == Built {
			built[e.Layer.Index]++
		}
	}
	for layer, n := range built {
		a.BuiltBy = append(a.BuiltBy, BuildStep{Layer: in.Refs[layer], Executables: n})
	}
	slices.SortFunc(a.BuiltBy, func(x, y BuildStep) int {
		return cmp.Or(cmp.Compare(y.Executables, x.Executables), cmp.Compare(x.Layer.Index, y.Layer.Index))
	})
	slices.SortStableFunc(a.Entries, func(x, y Entry) int {
		return cmp.Or(
			boolFirst(x.Status.Open(), y.Status.Open()),
			cmp.Compare(y.Risk, x.Risk),
			cmp.Compare(x.Path, y.Path),
			cmp.Compare(x.Layer.Index, y.Layer.Index),
		)
	})
	return a, b.publishers()
}

func boolFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// record is what is known of one path while the account is made.
type record struct {
	instances []instance
	claims    []claim
	// attributed is a package or runtime that the path lies in.
	attributed *attribution
}

// instance is an executable as one layer wrote it.
type instance struct {
	*evidence.Executable
	path   string
	layer  int
	linkTo string
}

// claim is a package's word for a path.
type claim struct {
	layer         int
	list          *evidence.Owned
	digest        []byte
	configuration bool
}

// attribution says what a path belongs to by where it lies.
type attribution struct {
	status     Status
	owner, typ string
	layer      int // -1 for any
	reason     string
}

type book struct {
	Input
	links        evidence.Links
	at           map[string]*record
	order        []string
	fates        *evidence.Fates
	alternatives int
	// python are the sources of the final image and lower ones that bytecode is made from.
	sourcesOfBytecode map[string]bool
	// moved are diversions by what was diverted.
	moved map[string][]evidence.Diversion
	named map[string]*inventory.Package
}

// maxExecutables bounds the account; images seen in practice hold some ten thousand.
const maxExecutables = 2_000_000

// gather lists every executable of every layer under its resolved path, with the
// further names that hard links give it.
func (b *book) gather() {
	n := 0
	add := func(i instance) {
		path := b.links.Resolve(i.path)
		r := b.at[path]
		if r == nil {
			r = &record{}
			b.at[path] = r
			b.order = append(b.order, path)
		}
		if n++; n <= maxExecutables {
			r.instances = append(r.instances, i)
		}
	}
	for n, l := range b.Layers {
		names := map[string]*evidence.Executable{}
		for i := range l.Executables {
			e := &l.Executables[i]
			names[e.Path] = e
			add(instance{Executable: e, path: e.Path, layer: n})
		}
		for e := range l.Files.All() {
			if e.Type != evidence.Hardlink {
				continue
			}
			if x := names[string(e.Link)]; x != nil && string(e.Path) != x.Path {
				add(instance{Executable: x, path: string(e.Path), layer: n, linkTo: x.Path})
			}
		}
	}
	for _, w := range b.Watch {
		path := b.links.Resolve(w.Path)
		if b.at[path] == nil {
			b.at[path] = &record{}
		}
	}
	b.fates = evidence.FatesOf(b.Layers, b.Refs, func(yield func(string) bool) {
		for _, r := range b.at {
			for _, i := range r.instances {
				if !yield(i.path) {
					return
				}
			}
		}
	})
}

// claims takes in what package managers say of the paths.
func (b *book) claims() {
	b.moved = map[string][]evidence.Diversion{}
	for _, l := range b.Layers {
		for _, d := range l.Diversions {
			from := b.links.Resolve(d.From)
			b.moved[from] = append(b.moved[from], d)
		}
	}
	for n, l := range b.Layers {
		for _, lists := range [][]evidence.Owned{l.Owned, l.Sums} {
			for i := range lists {
				b.list(n, &lists[i])
			}
		}
	}
}

func (b *book) list(layer int, list *evidence.Owned) {
	// dpkg's status file names the scripts that are settings.
	configuration := list.Type == "deb" && (hasSuffix(list.Database, "/status") || hasSuffix(list.Database, "status.d/"+list.Package))
	next, stop := pull(list.Digests.All())
	defer stop()
	for path := range list.Paths.All() {
		digest, _ := next()
		r := b.at[string(path)]
		if r == nil || len(b.moved) > 0 {
			resolved := b.links.Resolve(string(path))
			for _, d := range b.moved[resolved] {
				if d.By != list.Package {
					resolved = b.links.Resolve(d.To)
				}
			}
			if r = b.at[resolved]; r == nil {
				continue
			}
		}
		r.claims = append(r.claims, claim{layer: layer, list: list, digest: digest, configuration: configuration})
	}
}

// settle decides every entry.
func (b *book) settle() []Entry {
	b.named = map[string]*inventory.Package{}
	for i := range b.Packages {
		p := &b.Packages[i]
		b.named[p.Type+"\x00"+p.Name] = p
	}
	var entries []Entry
	for _, path := range b.order {
		r := b.at[path]
		for _, i := range r.instances {
			e := b.entry(path, r, i)
			b.weigh(&e)
			entries = append(entries, e)
		}
	}
	return entries
}

func (b *book) entry(path string, r *record, i instance) Entry {
	place := b.fates.Of(i.path, i.layer)
	e := Entry{
		Path: i.path, Kind: i.Kind, Mode: LSMode(i.Mode), UID: i.UID, Size: i.Size, SHA256: hex.EncodeToString(i.SHA256),
		Capabilities: capabilities(i.Capabilities), LinkTo: i.linkTo,
		Layer: place.Layer, Liveness: place.Liveness, By: place.By,
	}
	if b.owned(&e, r, i) {
		return e
	}
	if b.generated(&e, path, i) {
		return e
	}
	if name, ok := maintainerScript(path); ok && b.named["deb\x00"+name] != nil {
		e.Status, e.OwnerType, e.Owner = Unverified, "deb", name+" "+b.named["deb\x00"+name].Version
		e.Reason = "the package's own script for dpkg, of which dpkg keeps no digest"
		return e
	}
	if a := r.attributed; a != nil && (a.layer < 0 || a.layer == i.layer) {
		e.Status, e.Owner, e.OwnerType, e.Reason = a.status, a.owner, a.typ, a.reason
		return e
	}
	b.unowned(&e, i)
	return e
}
