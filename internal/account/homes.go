package account

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// homes are the places of one layer that tell what a file there is part of, where
// no package manager lists it. What another layer put there is not told by them.
type homes struct {
	// runtimes are recognised ones, by the folder above their bin.
	runtimes map[string][]installation
	// proofs are the files that a runtime, or a program like one, was recognised by.
	proofs map[string]string
	// folders are those of packages that keep no list of files: npm's, gems.
	folders map[string]named
	// programs have a build record inside, which names what they are.
	programs map[string]named
}

// installation is a runtime in its folder.
type installation struct {
	name, layout string
}

// named is a package's name with its version, and its type.
type named struct{ owner, typ string }

func nameOf(p *inventory.Package) named {
	return named{strings.TrimSpace(p.FullName() + " " + p.Version), p.Type}
}

// home reads what a layer's inspectors recognised. It is called once for each
// layer that has something to tell.
func (b *book) home(layer int) *homes {
	if b.homes == nil {
		b.homes = make([]homes, len(b.Layers))
	}
	h := &b.homes[layer]
	if h.proofs != nil {
		return h
	}
	*h = homes{map[string][]installation{}, map[string]string{}, map[string]named{}, map[string]named{}}
	best := map[string]*inventory.Package{}
	packages := b.Layers[layer].Packages
	for i := range packages {
		p := &packages[i]
		at := b.links.Resolve(p.Path)
		switch {
		case p.IsOS(), p.InArchive != "":
		case p.Inspector == evidence.RuntimesInspector:
			if !b.belongsToDistribution(at) {
				h.add(p, at)
			}
		default:
			if dir := packageFolder(p); dir != "" {
				h.folders[b.links.Resolve(dir)] = nameOf(p)
				continue
			}
			if was := best[at]; was == nil || mainer(p, was) {
				best[at] = p
			}
		}
	}
	for at, p := range best {
		h.programs[at] = nameOf(p)
	}
	return h
}

// mainer prefers the package that a program is to those it is made of: a build
// record names all, and the program's own asks for the others.
func mainer(p, was *inventory.Package) bool {
	if n := cmp.Compare(len(p.DependsOn), len(was.DependsOn)); n != 0 {
		return n > 0
	}
	if (p.Name == "stdlib") != (was.Name == "stdlib") {
		return was.Name == "stdlib"
	}
	return p.FullName() < was.FullName()
}

func (b *book) belongsToDistribution(at string) bool {
	r := b.at[at]
	return r != nil && slices.ContainsFunc(r.claims, func(c claim) bool { return isDistribution(c.Type) })
}

func (h *homes) add(p *inventory.Package, at string) {
	name := nameOf(p).owner
	if was, ok := h.proofs[at]; !ok || name < was {
		h.proofs[at] = name
	}
	layout := layoutOf(p)
	if layout == "" {
		return
	}
	prefix := prefixOf(at, layouts[layout])
	if layouts[layout].ownFolder && sharedFolders[prefix] {
		return
	}
	i := installation{name: name, layout: layout}
	if !slices.Contains(h.runtimes[prefix], i) {
		h.runtimes[prefix] = append(h.runtimes[prefix], i)
	}
}

// packageFolder is the folder that a language package's files lie in, "" where its
// record does not tell.
func packageFolder(p *inventory.Package) string {
	switch p.Type {
	case "npm", "cran":
		return parent(p.Path)
	case "gem":
		// specifications/NAME-VERSION.gemspec describes gems/NAME-VERSION.
		name, ok := strings.CutSuffix(path.Base(p.Path), ".gemspec")
		if !ok {
			return ""
		}
		root := parent(p.Path)
		if path.Base(root) == "default" {
			root = parent(root)
		}
		return path.Join(parent(root), "gems", name)
	}
	return ""
}

// runtime decides a file of a recognised runtime.
func (b *book) runtime(e *Entry, i instance) bool {
	h := b.home(i.layer)
	at := b.links.Resolve(i.path)
	if name, ok := h.proofs[at]; ok {
		e.Status, e.Owner, e.OwnerType, e.Reason = Runtime, name, "generic", "recognised by its content"
		return true
	}
	if len(h.runtimes) == 0 {
		return false
	}
	for dir := parent(at); ; dir = parent(dir) {
		rest := strings.TrimPrefix(at[len(dir):], "/")
		for _, r := range h.runtimes[dir] {
			if layouts[r.layout].holds(rest) {
				e.Status, e.Owner, e.OwnerType, e.Reason = Runtime, r.name, "generic", "installed with it by the same layer"
				return true
			}
		}
		if dir == "" {
			return false
		}
	}
}

// says returns what a file that no package owns says of itself: the package in
// whose folder it lies, or its build record.
func (b *book) says(i instance) (what named, inFolder bool) {
	h := b.home(i.layer)
	at := b.links.Resolve(i.path)
	if n, ok := h.programs[at]; ok {
		return n, false
	}
	if i.linkTo != "" {
		if n, ok := h.programs[b.links.Resolve(i.linkTo)]; ok {
			return n, false
		}
	}
	if len(h.folders) > 0 {
		for dir := parent(at); dir != ""; dir = parent(dir) {
			if n, ok := h.folders[dir]; ok {
				return n, true
			}
		}
	}
	return named{}, false
}

// told is what the history line of a layer says of a file that no package owns.
type told struct {
	// by says which step added it; empty where nothing does, and why says so.
	by, why string
}

func (b *book) tell(layer int) told {
	switch lineOf(b.Refs[layer].CreatedBy) {
	case silent:
		return told{why: "history does not tell of its layer"}
	case byHand:
		return told{why: "history says only that a shell ran in " + b.by(layer)}
	case installs:
		return told{why: b.by(layer) + " only installs packages"}
	case rootFS:
		if layer == 0 {
			return told{why: "it came with the base's root file system"}
		}
	}
	if layer < b.Base {
		return told{by: "added by the base's " + b.by(layer)}
	}
	return told{by: "added by " + b.by(layer)}
}

// unowned decides what no package, runtime or source explains.
func (b *book) unowned(e *Entry, i instance) {
	what, inFolder := b.says(i)
	e.Owner, e.OwnerType = what.owner, what.typ
	if b.history == nil {
		for layer := range b.Refs {
			b.history = append(b.history, b.tell(layer))
		}
	}
	switch history := b.history[i.layer]; {
	case history.by != "":
		e.Status, e.Reason = Built, history.by
	case inFolder:
		e.Status, e.Reason = Unverified, "it lies in the package's folder, and the package keeps no digest of it"
	default:
		e.Status, e.Reason = Unaccounted, "no package owns it, and "+history.why
		if what.owner != "" {
			e.Reason += "; its own build record names it"
		}
	}
}
