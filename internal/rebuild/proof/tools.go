package proof

import (
	"cmp"
	"slices"

	"plimsoll/internal/evidence"
	"plimsoll/internal/hygiene"
)

// ToolKind is what a tool is good for, to whoever gets into a container.
type ToolKind = hygiene.ToolKind

// The tools that count here.
const (
	Shell            = hygiene.ToolShell
	SystemPackages   = hygiene.ToolSystemPackages
	LanguagePackages = hygiene.ToolLanguagePackages
)

// Tool is a shell or a package manager that the final image can start.
type Tool struct {
	Kind ToolKind `json:"kind"`
	// Name is the command.
	Name string `json:"name"`
	Path string `json:"path"`
	// LinkTo is where a symbolic link leads, from the root.
	LinkTo string `json:"linkTo,omitempty"`
}

// maxTools bounds the tools of one image.
const maxTools = 1_000

// tools finds the shells and package managers of the final image: files that have
// an execute bit, and links that lead to one.
func (s *side) tools() []Tool {
	out := []Tool{}
	if s.tree == nil {
		return out
	}
	known := hygiene.NewTools()
	targets := &linkTargets{side: s, links: evidence.LinksOf(s.Layers)}
	var linked []Tool
	for n, c := range s.tree.Files() {
		name := s.tree.Name(n)
		if c.Folder() {
			continue
		}
		_, kind, ok := known.Of(string(name))
		if !ok || !slices.Contains(toolKinds, kind) {
			continue
		}
		if up := s.tree.Parent(n); up != evidence.Root && !hygiene.ToolFolder(string(s.tree.Name(up))) {
			continue
		}
		if len(out)+len(linked) >= maxTools {
			break
		}
		t := Tool{Kind: kind, Name: string(name), Path: s.tree.Path(n)}
		switch {
		case c.Type == evidence.Symlink:
			linked = append(linked, t)
		case (c.Type == evidence.Regular || c.Type == evidence.Hardlink) && c.Mode&0o111 != 0:
			out = append(out, t)
		}
	}
	for i, to := range targets.of(linked) {
		if to != "" {
			linked[i].LinkTo = to
			out = append(out, linked[i])
		}
	}
	slices.SortFunc(out, func(a, b Tool) int {
		return cmp.Or(cmp.Compare(slices.Index(toolKinds, a.Kind), slices.Index(toolKinds, b.Kind)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Path, b.Path))
	})
	return out
}

var toolKinds = []ToolKind{Shell, SystemPackages, LanguagePackages}

// linkTargets follows symbolic links, whose targets only the layers' lists hold.
type linkTargets struct {
	*side
	links evidence.Links
}

// linkRounds is how many links in a row are followed: /bin/sh, the alternatives
// system's, and some more.
const linkRounds = 5

// of returns, for each link, the executable file that it leads to, "" for none.
func (l *linkTargets) of(tools []Tool) []string {
	at := make([]string, len(tools))
	done := make([]string, len(tools))
	for i := range tools {
		at[i] = tools[i].Path
	}
	for range linkRounds {
		asked := map[string]int{} // path → the layer that wrote it
		for i, path := range at {
			if path == "" {
				continue
			}
			switch c, ok := l.holds(l.links.Resolve(path)); {
			case !ok || c.Folder():
				at[i] = ""
			case c.Type == evidence.Symlink:
				at[i] = l.links.Resolve(path)
				asked[at[i]] = c.Layer
			default:
				if c.Mode&0o111 != 0 {
					done[i] = l.links.Resolve(path)
				}
				at[i] = ""
			}
		}
		if len(asked) == 0 {
			break
		}
		target := l.read(asked)
		for i, path := range at {
			at[i] = target[path]
		}
	}
	return done
}

// read finds where links lead.
func (l *linkTargets) read(asked map[string]int) map[string]string {
	target := map[string]string{}
	for n, layer := range l.Layers {
		for e := range layer.Files.All() {
			if e.Type != evidence.Symlink {
				continue
			}
			if at, ok := asked[string(e.Path)]; ok && at == n {
				target[string(e.Path)] = evidence.LinkTarget(string(e.Path), string(e.Link))
			}
		}
	}
	return target
}
