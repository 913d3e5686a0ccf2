package hygiene

import (
	"path"
	"strings"

	"plimsoll/internal/dockerfile"
)

// transfer is what a COPY or ADD names.
type transfer struct {
	in *dockerfile.Instruction
	// sources are as the builder reads them; those that are documents within the
	// Dockerfile are left out.
	sources []source
	// documents counts them.
	documents int
	// target is the destination.
	target source
	// from is the stage or image that files are taken from, empty for the context.
	from string
}

// source is one path with its place.
type source struct {
	path  string
	known bool
	text  dockerfile.Text
}

// transfers lists every COPY and ADD that names a source and a destination.
func transfers(l *Lint) []transfer {
	var all []transfer
	for _, in := range l.All("copy", "add") {
		if t, ok := transferOf(in); ok {
			all = append(all, t)
		}
	}
	return all
}

func transferOf(in *dockerfile.Instruction) (t transfer, ok bool) {
	if len(in.Words) < 2 {
		return t, false
	}
	t.in = in
	if v, given := in.Flag("from"); given {
		t.from, _ = in.Expand(v)
	}
	for i, w := range in.Words {
		s := source{path: w.String, known: true, text: w}
		if strings.HasPrefix(w.String, "<<") && len(in.Heredocs) > 0 && i < len(in.Words)-1 {
			t.documents++
			continue
		}
		s.path, s.known = in.Expand(w.String)
		if i == len(in.Words)-1 {
			t.target = s
		} else {
			t.sources = append(t.sources, s)
		}
	}
	return t, true
}

// remote tells whether ADD fetches the source (https://docs.docker.com/reference/dockerfile/#add).
func (s source) remote() bool {
	return strings.Contains(s.path, "://") || strings.HasPrefix(s.path, "git@")
}

// archive tells whether the name is that of an archive that ADD unpacks.
func (s source) archive() bool {
	name := strings.ToLower(s.path)
	for _, end := range []string{".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.z", ".tar.lz", ".tlz", ".gz", ".bz2", ".xz", ".z"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// whole tells whether the source is the whole context, or a stage's whole file
// system.
func (s source) whole() bool {
	switch p := path.Clean("/" + s.path); p {
	case "/":
		return true
	case "/*", "/**":
		return true
	}
	return false
}
