package account

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"path"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// settle decides every entry.
func (b *book) settle() []Entry {
	var entries []Entry
	for _, at := range b.order {
		r := b.at[at]
		for _, i := range r.instances {
			if e, counts := b.entry(r, i); counts {
				b.weigh(&e)
				entries = append(entries, e)
			}
		}
		for _, l := range r.links {
			if e, counts := b.link(at, r, l); counts {
				b.weigh(&e)
				entries = append(entries, e)
			}
		}
	}
	return entries
}

func (b *book) entry(r *record, i instance) (e Entry, counts bool) {
	place := b.whereIs(r, i.path, i.layer)
	e = Entry{
		Path: i.path, Kind: i.Kind, Mode: LSMode(i.Mode), UID: i.UID, Size: i.Size, SHA256: fmt.Sprintf("%x", i.SHA256),
		Capabilities: capabilities(i.Capabilities), LinkTo: i.linkTo,
		Layer: place.Layer, Liveness: place.Liveness, By: place.By,
	}
	owned := b.owned(&e, r, i, place)
	if i.Kind == evidence.Nominal {
		return e, owned && e.Status == Altered
	}
	switch {
	case owned && e.Status != Unverified:
	case b.generated(&e, i), owned, b.script(&e, i), b.runtime(&e, i):
	default:
		b.unowned(&e, i)
	}
	return e, true
}

// owned decides an executable that a package claims. What counts is each owner's
// word that is in force in the executable's own layer, so that an old version put
// back in place is altered; and a later layer's word on what it still finds there,
// since a record may follow the file.
func (b *book) owned(e *Entry, r *record, i instance, place evidence.Place) bool {
	claims := b.speaking(r, i.layer, place)
	var refuted, silent *claim
	for _, c := range claims {
		switch matches(c.digest, i.Executable) {
		case yes:
			b.own(e, c, i.layer)
			e.Status = Intact
			if was := b.rewritten(r, c); was != nil {
				e.Status = Altered
				e.Reason = fmt.Sprintf("its package's record was rewritten by %s: at the same version, that of %s had another digest", b.by(c.from), b.by(was.from))
			}
			return true
		case no:
			if !c.diverted.holds(i.layer) && (refuted == nil || newer(c, refuted, i.layer)) {
				refuted = c
			}
		case unknown:
			if !c.diverted.holds(i.layer) && (silent == nil || newer(c, silent, i.layer)) {
				silent = c
			}
		}
	}
	switch {
	case refuted != nil:
		b.own(e, refuted, i.layer)
		e.Status, e.Configuration = Altered, refuted.configuration || isSetting(refuted.Type, i.path)
		e.Reason = b.alteredBy(refuted, i.layer)
	case silent != nil:
		b.own(e, silent, i.layer)
		e.Status, e.Reason = Unverified, "its package keeps no digest of it"
		if l := b.wasLink(r, silent); l != nil && l.layer < i.layer {
			e.Status = Altered
			e.Reason = fmt.Sprintf("written by %s in the place of a link to %s that its package installed", b.by(i.layer), l.target)
		}
	default:
		return false
	}
	return true
}

// speaking are the claims that count for what a layer wrote.
func (b *book) speaking(r *record, layer int, place evidence.Place) []*claim {
	var claims []*claim
	for k := range r.claims {
		c := &r.claims[k]
		later := c.from > layer && (place.By == nil || place.By.Index > c.from)
		if (c.inForce(layer) || later) && b.stands(r, c, max(layer, c.from)) {
			claims = append(claims, c)
		}
	}
	return claims
}

// stands reports whether dpkg's list of the package's files holds one that its
// digests name, where there is such a list.
func (b *book) stands(r *record, c *claim, layer int) bool {
	if c.refutes || c.configuration {
		return true
	}
	for k := range r.claims {
		if l := &r.claims[k]; l.owner == c.owner && l.refutes && l.inForce(layer) {
			return true
		}
	}
	for _, l := range b.listed[c.owner] {
		if l.from <= layer && layer < l.until {
			return false
		}
	}
	return true
}

// newer prefers of two claims the one that is in force in a layer, and of those
// the later.
func newer(a, b *claim, layer int) bool {
	if x, y := a.inForce(layer), b.inForce(layer); x != y {
		return x
	}
	if a.inForce(layer) {
		return a.from > b.from
	}
	return a.from < b.from
}

// rewritten finds an earlier claim of the same source that a distribution's
// package at one and the same version contradicts: such a package is published
// once, and its record never changes.
func (b *book) rewritten(r *record, c *claim) *claim {
	if !isDistribution(c.Type) {
		return nil
	}
	for k := range r.claims {
		was := &r.claims[k]
		if was.source == c.source && was.from < c.from && len(was.digest) == len(c.digest) && !bytes.Equal(was.digest, c.digest) &&
			b.versionAt(was.word, was.from) == b.versionAt(c.word, c.from) {
			return was
		}
	}
	return nil
}

// wasLink finds the link that a package installed at a path, where the layer of
// its record shows one.
func (b *book) wasLink(r *record, c *claim) *link {
	for k := range r.links {
		if l := &r.links[k]; l.layer == c.from && isDistribution(c.Type) {
			return l
		}
	}
	return nil
}

// isSetting reports whether a package manager leaves changes at a path alone. Of
// dpkg's packages it is known exactly; apk, rpm and pacman keep settings in /etc.
func isSetting(typ, file string) bool { return typ != "deb" && strings.HasPrefix(file, "etc/") }

// link decides a symbolic link: one of the alternatives system, or one in the
// place of an executable that a package installed.
func (b *book) link(at string, r *record, l link) (e Entry, counts bool) {
	place := b.whereIs(r, l.path, l.layer)
	e = Entry{
		Path: l.path, Kind: evidence.Link, Mode: "lrwxrwxrwx", LinkTo: l.target,
		Layer: place.Layer, Liveness: place.Liveness, By: place.By,
	}
	target := evidence.LinkTarget(l.path, l.target)
	if name, ok := strings.CutPrefix(target, alternativesDir); ok && !strings.HasPrefix(at, alternativesDir) {
		chosen := b.alternatives[name]
		if to := b.at[b.resolve(chosen)]; chosen == "" || to == nil || !runs(to) || place.Liveness != inventory.Visible {
			return e, false
		}
		e.Status, e.Reason = Generated, "a link of the alternatives system, which leads to "+chosen
		return e, true
	}
	to := b.at[b.resolve(target)]
	if to == nil || !runs(to) || to == r {
		return e, false
	}
	for _, c := range b.speaking(r, l.layer, place) {
		if len(c.digest) == 0 || c.diverted.holds(l.layer) || !isDistribution(c.Type) || b.vouches(c, l.target, to) {
			continue
		}
		b.own(&e, c, l.layer)
		e.Status = Altered
		e.Reason = fmt.Sprintf("a link to %s in the place of the package's file, made by %s", l.target, b.by(l.layer))
		return e, true
	}
	return e, false
}

// runs reports whether a record holds an executable.
func runs(r *record) bool {
	for _, i := range r.instances {
		if i.Kind != evidence.Nominal {
			return true
		}
	}
	return false
}

// vouches reports whether a claim's digest is that of a link, as apk keeps them, or
// of what the link leads to.
func (b *book) vouches(c *claim, target string, to *record) bool {
	if sum := sha1.Sum([]byte(target)); bytes.Equal(sum[:], c.digest) {
		return true
	}
	for _, i := range to.instances {
		if matches(c.digest, i.Executable) == yes {
			return true
		}
	}
	return false
}

// alteredBy says which step changed a file.
func (b *book) alteredBy(c *claim, layer int) string {
	switch {
	case layer > c.from:
		return "rewritten by " + b.by(layer) + " after " + b.by(c.from) + " had installed its package"
	case layer < c.from:
		return "written by " + b.by(layer) + " before its package's record in " + b.by(c.from) + ", which has another digest"
	}
	return "differs from its package's record in the layer that installed it, " + b.by(layer)
}

// by names a layer for people.
func (b *book) by(layer int) string {
	line := strings.Join(strings.Fields(instruction(b.Refs[layer].CreatedBy)), " ")
	if line == "" {
		return fmt.Sprintf("layer %d", layer)
	}
	return fmt.Sprintf("layer %d (%s)", layer, shortened(line, 72))
}

func (b *book) own(e *Entry, c *claim, layer int) {
	e.OwnerType = c.Type
	e.Owner = strings.TrimSpace(c.Package + " " + b.versionAt(c.word, max(layer, c.from)))
}

type answer int

const (
	unknown answer = iota
	yes
	no
)

// matches compares an owner's digest with that of the same algorithm.
func matches(digest []byte, e *evidence.Executable) answer {
	var own []byte
	switch len(digest) {
	case 16:
		own = e.MD5
	case 20:
		own = e.SHA1
	case 32:
		own = e.SHA256
	}
	switch {
	case len(own) == 0:
		return unknown
	case bytes.Equal(own, digest):
		return yes
	}
	return no
}

// publishers finds the owners of the watched files.
func (b *book) publishers() Publishers {
	found := Publishers{}
	for _, w := range b.Watch {
		if owner := b.publisher(b.at[b.links.Resolve(w.Path)], w); owner != "" {
			found[w] = owner
		}
	}
	return found
}

func (b *book) publisher(r *record, w Watched) string {
	if r == nil {
		return ""
	}
	var e Entry
	for _, i := range r.instances {
		if i.layer == w.Layer {
			if b.owned(&e, r, i, b.whereIs(r, i.path, i.layer)) && e.Status == Intact && b.published[owner{e.OwnerType, ownerName(&e), ""}] {
				return e.Owner
			}
			return ""
		}
	}
	for k := range r.claims {
		if c := &r.claims[k]; c.from == w.Layer && b.published[owner{c.Type, c.Package, ""}] && !c.configuration {
			b.own(&e, c, w.Layer)
			return e.Owner
		}
	}
	return ""
}

// ownerName is the name of an entry's owner without its version.
func ownerName(e *Entry) string {
	name, _, _ := strings.Cut(e.Owner, " ")
	return name
}

// generated decides what is made from other files of the image.
func (b *book) generated(e *Entry, i instance) bool {
	switch i.Kind {
	case evidence.LinkerCache:
		e.Status, e.Reason = Generated, "made by ldconfig from the libraries it found"
		return true
	case evidence.Bytecode:
		if src := sourceOf(i.path); src != "" && b.sources[b.links.Resolve(src)] {
			e.Status, e.Reason = Generated, "bytecode of "+path.Base(src)+" beside it"
			return true
		}
	}
	return false
}

// sourceOf is the source of a bytecode file (PEP 3147): __pycache__/x.cpython-311.pyc
// is made from x.py, and x.pyc, as Python 2 had it, too.
func sourceOf(bytecode string) string {
	dir, name := path.Split(bytecode)
	dir = strings.TrimSuffix(dir, "/")
	stem, ok := strings.CutSuffix(name, ".pyc")
	if !ok {
		return ""
	}
	if path.Base(dir) == "__pycache__" {
		dir = parent(dir)
		module, tag, ok := strings.Cut(stem, ".")
		if !ok || tag == "" {
			return ""
		}
		stem = module
	}
	return strings.TrimPrefix(dir+"/"+stem+".py", "/")
}

// script decides a package's own script, which the package manager runs, lists
// nowhere and keeps no digest of (dpkg(1), "Files", the info folder).
func (b *book) script(e *Entry, i instance) bool {
	for _, folder := range scriptFolders {
		rest, ok := strings.CutPrefix(i.path, folder)
		if !ok || strings.Contains(rest, "/") {
			continue
		}
		dot := strings.LastIndexByte(rest, '.')
		if dot <= 0 || !maintainerScripts[rest[dot+1:]] {
			continue
		}
		name, arch, _ := strings.Cut(rest[:dot], ":")
		w := word{Owned: &evidence.Owned{Type: "deb", Package: name}, owner: owner{"deb", name, arch}}
		if version := b.versionAt(&w, i.layer); version != "" {
			e.Status, e.OwnerType, e.Owner = Unverified, "deb", name+" "+version
			e.Reason = "the package's own script for its package manager, which keeps no digest of it"
			return true
		}
	}
	return false
}

var maintainerScripts = words("preinst postinst prerm postrm config")
