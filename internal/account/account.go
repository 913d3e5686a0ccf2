// Package account owns the account of every executable: each program, library
// and script of each layer gets an owner, or is named as one that has none.
//
// It holds the digests that layers' evidence has against those that package
// managers keep, and never reads a layer or a file itself. What an executable
// does is not its business: package malware looks into them.
//
// # What counts
//
// An executable is an ELF, PE or Mach-O file, a script with an execute bit and an
// interpreter, Python's bytecode, and what else has an execute bit and is binary.
// Each name counts: a hard link is one more. Three things count that are none of
// these, since what runs depends on them: the alternatives system's links to
// executables (/usr/bin/awk), the dynamic linker's cache (/etc/ld.so.cache), and a
// link that stands where a package installed an executable. Other links, which
// packages list themselves, don't.
//
// # Generated
//
// Bytecode counts as generated where its source lies in the image, links of
// the alternatives system and the linker's cache wherever they are. That is told
// from their names: no package manager keeps a digest of them, and this package
// vouches for none of their bytes. Bytecode without a source is told by the step
// that brought it, as any other file.
package account

import (
	"cmp"
	"slices"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// Status says whose an executable is.
type Status string

const (
	// Intact: a package owns it and its own digest matches.
	Intact Status = "intact"
	// Altered: a package owns it, and the digest that the package keeps is
	// another; or something else stands in the place of what it installed.
	Altered Status = "altered"
	// Unverified: a package owns it and keeps no digest that could be compared.
	Unverified Status = "unverified"
	// Runtime: part of a runtime that was recognised outside any package manager.
	Runtime Status = "runtime"
	// Generated: made from other files of the image when something was installed.
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

// Open reports whether a status asks for a look: nobody vouches for the file.
func (s Status) Open() bool { return s == Altered || s == Unaccounted || s == Built }

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
	// Owner is the package that owns it, as "cron 3.0pl1-162"; of a runtime, its
	// name. Of what a build added it is what the file says of itself: the package
	// in whose folder it lies, or its own build record.
	Owner string `json:"owner,omitempty"`
	// OwnerType is the owner's purl type.
	OwnerType string `json:"ownerType,omitempty"`
	// Reason says what the status rests on, in words.
	Reason string `json:"reason,omitempty"`
	// Configuration is set for a script that its package means to be edited.
	Configuration bool `json:"configuration,omitempty"`
	// Capabilities are file capabilities: "cap_net_raw=ep".
	Capabilities string `json:"capabilities,omitempty"`
	// LinkTo is set where this is a further name of another executable; of a
	// link it is where it leads, as written.
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
	// BuiltBy counts the built ones of the final image by history line, the
	// step that brought most of them first.
	BuiltBy []BuildStep `json:"builtBy,omitempty"`
	// Entries are all of them: first what is not in order, largest risk first,
	// then by path.
	Entries []Entry `json:"entries"`
	// Problems are limits that the account ran into.
	Problems []evidence.LayerProblem `json:"-"`
}

// BuildStep is a layer that brought executables which no package owns.
type BuildStep struct {
	Layer       inventory.LayerRef `json:"layer"`
	Executables int                `json:"executables"`
}

// Input is what an account is made from.
type Input struct {
	// Layers and Refs are base first.
	Layers []*evidence.Layer
	Refs   []inventory.LayerRef
	// Base is how many layers, from the first, belong to the image's base.
	Base int
	// Watch are further files whose owners are asked for.
	Watch []Watched
	// Limits are DefaultLimits where they are left out.
	Limits Limits
}

// Watched is a file of a layer.
type Watched struct {
	Path  string
	Layer int
}

// Publishers are the owners of watched files.
type Publishers map[Watched]string

// Of names the package of a distribution that a watched file came with, as it
// came: its digest matches, or, where none was computed, nothing wrote the file
// after the package was installed. A package that names no distribution as who made
// it is somebody's own, and publishes nothing. What such a file holds is known to everybody
// who can download the package. Empty where there is none.
func (p Publishers) Of(path string, layer int) string { return p[Watched{path, layer}] }

// Of makes the account.
func Of(in Input) (*Account, Publishers) {
	b := newBook(in)
	b.gather()
	b.look()
	b.place()
	b.claims()
	a := &Account{ByStatus: map[Status]int{}, LowerByStatus: map[Status]int{}, Entries: b.settle()}
	a.count(in.Refs)
	slices.SortStableFunc(a.Entries, func(x, y Entry) int {
		return cmp.Or(
			openFirst(x.Status, y.Status),
			cmp.Compare(y.Risk, x.Risk),
			cmp.Compare(x.Path, y.Path),
			cmp.Compare(x.Layer.Index, y.Layer.Index),
		)
	})
	a.Problems = b.problems
	return a, b.publishers()
}

func openFirst(x, y Status) int {
	switch {
	case x.Open() == y.Open():
		return 0
	case x.Open():
		return -1
	}
	return 1
}

func (a *Account) count(refs []inventory.LayerRef) {
	built := make([]int, len(refs))
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
		if n > 0 {
			a.BuiltBy = append(a.BuiltBy, BuildStep{Layer: refs[layer], Executables: n})
		}
	}
	slices.SortStableFunc(a.BuiltBy, func(x, y BuildStep) int { return cmp.Compare(y.Executables, x.Executables) })
}

// Tampered counts the altered executables of the final image, but for scripts
// that their packages mean to be edited.
func (a *Account) Tampered() int {
	n := 0
	for i := range a.Entries {
		if e := &a.Entries[i]; e.Status == Altered && !e.Configuration && e.Liveness == inventory.Visible {
			n++
		}
	}
	return n
}

// Open returns the account with only those entries of the final image that
// nobody vouches for, and those of lower layers that were altered.
func (a *Account) Open() Account {
	short := *a
	short.Entries = []Entry{}
	for _, e := range a.Entries {
		if e.Status.Open() && (e.Liveness == inventory.Visible || e.Status == Altered) {
			short.Entries = append(short.Entries, e)
		}
	}
	return short
}
