package evidence

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/inventory"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

// Place is where the copy of a file that one layer wrote stands.
type Place struct {
	// Layer is the one that wrote it.
	Layer inventory.LayerRef `json:"layer"`
	// Liveness is Visible, Shadowed or Deleted; InConfig for what is no file.
	Liveness inventory.Liveness `json:"liveness"`
	// By is the layer that overwrote or deleted it, nil for what is visible.
	By *inventory.LayerRef `json:"by,omitempty"`
}

// PlacedSecret is a secret of the image.
type PlacedSecret struct {
	secret.Secret
	Place Place
	// Certificate is the path of a certificate of the image that a private key
	// belongs to, empty where there is none.
	Certificate string
}

// PlacedCode is planted code of the image.
type PlacedCode struct {
	malware.Finding
	Place Place
}

// Fates tells what became of the files of a set, layer by layer.
type Fates struct {
	refs  []inventory.LayerRef
	paths map[string]*fate
}

// fate lists the layers, in order, that wrote a path, and those that took away
// the path itself or, of a folder, what is below it.
type fate struct{ wrote, removed, emptied []int32 }

// FatesOf reads every layer's file list once. Of paths outside the set nothing
// can be asked afterwards.
func FatesOf(layers []*Layer, refs []inventory.LayerRef, paths func(yield func(string) bool)) *Fates {
	f := &Fates{refs: refs, paths: map[string]*fate{"": {}}}
	for path := range paths {
		for f.paths[path] == nil {
			f.paths[path] = &fate{}
			path = parent(path)
		}
	}
	for i, l := range layers {
		n := int32(i)
		for e := range l.Files.All() {
			p := f.paths[string(e.Path)]
			if p == nil {
				continue
			}
			if e.Type != Directory {
				p.emptied = append(p.emptied, n)
			}
			switch e.Type {
			case Opaque:
			case Whiteout:
				p.removed = append(p.removed, n)
			default:
				p.wrote = append(p.wrote, n)
			}
		}
	}
	return f
}

// Of says where the copy of a path that a layer wrote stands.
func (f *Fates) Of(path string, layer int) Place {
	p := Place{Layer: f.refs[layer], Liveness: inventory.Visible}
	by, deleted := -1, false
	first := func(layers []int32, deletes bool) {
		i, found := slices.BinarySearch(layers, int32(layer)+1)
		if !found && i == len(layers) {
			return
		}
		// A layer that takes a path away and writes it anew has overwritten it.
		if at := int(layers[i]); by < 0 || at < by || (at == by && !deletes) {
			by, deleted = at, deletes
		}
	}
	at := f.paths[path]
	if at == nil {
		return p
	}
	first(at.wrote, false)
	first(at.removed, true)
	for dir := path; dir != ""; {
		dir = parent(dir)
		if above := f.paths[dir]; above != nil {
			first(above.emptied, true)
		}
	}
	if by < 0 {
		return p
	}
	p.By, p.Liveness = &f.refs[by], inventory.Shadowed
	if deleted {
		p.Liveness = inventory.Deleted
	}
	return p
}

// contents places the secrets and the planted code of all layers.
func (m *merge) contents(out *Merged) {
	fates := FatesOf(m.layers, m.refs, func(yield func(string) bool) {
		for _, l := range m.layers {
			for i := range l.Secrets {
				if !yield(l.Secrets[i].Path) {
					return
				}
			}
			for i := range l.Planted {
				if !yield(l.Planted[i].Path) {
					return
				}
			}
		}
	})
	certificates := map[string]string{}
	for _, l := range m.layers {
		for _, c := range l.Certificates {
			certificates[c.Key] = c.Path
		}
	}
	for n, l := range m.layers {
		for _, s := range l.Secrets {
			placed := PlacedSecret{Secret: s, Place: fates.Of(s.Path, n)}
			if path := certificates[s.Key]; s.Key != "" && path != "" {
				placed.Certificate = path
				if s.Confidence == secret.Likely {
					// Test data comes in pairs too: what is only possible stays so.
					placed.Confidence = secret.Certain
				}
			}
			out.Secrets = append(out.Secrets, placed)
		}
		for _, p := range l.Planted {
			out.Planted = append(out.Planted, PlacedCode{Finding: p, Place: fates.Of(p.Path, n)})
		}
	}
}

// AddConfiguration adds what was found in the image's configuration and history.
// history has, for each history line, the layer it made.
func (m *Merged) AddConfiguration(found *Fragment, history []inventory.LayerRef) {
	place := func(path string) Place {
		p := Place{Layer: inventory.LayerRef{Index: -1}, Liveness: inventory.InConfig}
		if n, ok := HistoryLine(path); ok && n < len(history) {
			p.Layer = history[n]
		}
		return p
	}
	for _, s := range found.Secrets {
		m.Secrets = append(m.Secrets, PlacedSecret{Secret: s, Place: place(s.Path)})
	}
	for _, p := range found.Planted {
		m.Planted = append(m.Planted, PlacedCode{Finding: p, Place: place(p.Path)})
	}
}

// Places of an image's configuration and history, as the paths of what is found there.
const (
	ConfigPrefix  = "config."
	HistoryPrefix = "history."
)

// HistoryLine returns the index of the history line that a path names.
func HistoryLine(path string) (int, bool) {
	rest, ok := strings.CutPrefix(path, HistoryPrefix)
	if !ok {
		return 0, false
	}
	number, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(number)
	return n, err == nil && n >= 0
}

// Links are the symbolic links of an image that stand for folders near its root:
// bin -> usr/bin, usr/lib64 -> lib. Paths that were recorded before a folder
// became one are found through them.
type Links map[string]string

// linkDepth is how many folders deep such links are looked for.
const linkDepth = 2

// LinksOf reads every layer's file list.
func LinksOf(layers []*Layer) Links {
	links := Links{}
	for _, l := range layers {
		for e := range l.Files.All() {
			if bytes.Count(e.Path, []byte{'/'}) >= linkDepth {
				continue
			}
			switch {
			case e.Type == Symlink:
				if to := LinkTarget(string(e.Path), string(e.Link)); to != "" {
					links[string(e.Path)] = to
				}
			case e.Type == Opaque && len(e.Path) == 0:
				clear(links)
			case e.Type != Opaque:
				delete(links, string(e.Path))
			}
		}
	}
	return links
}

// LinkTarget is where a link leads, relative to the root; "" for the root itself.
func LinkTarget(path, link string) string {
	if !strings.HasPrefix(link, "/") {
		link = parent(path) + "/" + link
	}
	var parts []string
	for part := range strings.SplitSeq(link, "/") {
		switch part {
		case "", ".":
		case "..":
			parts = parts[:max(0, len(parts)-1)]
		default:
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/")
}

// Resolve follows links above the path's last part. It copies nothing where there
// are none to follow.
func (l Links) Resolve(path string) string {
	for range 8 { // links that lead in a circle lead nowhere
		end, found := 0, false
		for range linkDepth {
			next := strings.IndexByte(path[end:], '/')
			if next < 0 {
				break
			}
			end += next
			if to, ok := l[path[:end]]; ok {
				path, found = to+path[end:], true
				break
			}
			end++
		}
		if !found {
			break
		}
	}
	return path
}
