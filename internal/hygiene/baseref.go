package hygiene

import (
	"strings"

	"plimsoll/internal/dockerfile"
)

// baseRef is the image that a stage is built FROM, taken apart. Its parts are as
// written, with known variables filled in.
type baseRef struct {
	from  *dockerfile.Instruction
	stage *dockerfile.Stage
	// place is where the reference stands.
	place dockerfile.Range
	// image is the whole reference; registry is empty where none is written, name is
	// the repository without registry.
	image, registry, name, tag, digest string
	// known is false where a part is given when the image is built.
	known bool
}

// family is the last component of the name: "python" of "docker.io/library/python".
func (b baseRef) family() string { return b.name[strings.LastIndexByte(b.name, '/')+1:] }

// eachBase hands out every base that is an image: no earlier stage, not scratch.
func eachBase(l *Lint, do func(baseRef)) {
	for _, s := range l.File.Stages {
		if s.Parent != nil || s.Image == "scratch" || s.Image == "" {
			continue
		}
		b := splitReference(s.Image)
		b.from, b.stage, b.known = s.From, s, s.Known
		b.place = s.From.Range()
		if len(s.From.Words) > 0 {
			b.place = s.From.Words[0].Whole()
		}
		do(b)
	}
}

// splitReference takes an image reference apart, as the distribution project's
// grammar has it (https://github.com/distribution/reference).
func splitReference(image string) baseRef {
	b := baseRef{image: image}
	rest, digest, _ := strings.Cut(image, "@")
	b.digest = digest
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		rest, b.tag = rest[:i], rest[i+1:]
	}
	b.name = rest
	if host, name, ok := strings.Cut(rest, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		b.registry, b.name = host, name
	}
	return b
}
