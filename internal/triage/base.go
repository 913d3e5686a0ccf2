package triage

import (
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// BaseOf tells which layers belong to the image's base: from history, where a
// base image ends with a CMD or ENTRYPOINT of its own before the first layer that
// was built on it; else the first layer alone. History that does not tell of
// every layer (a squashed image, a builder that leaves lines out) can't be laid
// beside them and says nothing. The base's name is the one that a builder left in
// the labels (OCI image-spec, annotations.md).
func BaseOf(c *v1.ConfigFile) Base {
	layers := len(c.RootFS.DiffIDs)
	b := Base{Name: c.Config.Labels["org.opencontainers.image.base.name"]}
	if layers == 0 {
		b.Reason = "the image has no layers"
		return b
	}
	if told := told(c.History); told != layers {
		b.Layers = 1
		b.Reason = "the first layer; history does not tell of every layer"
		if told == 0 {
			b.Reason = "the first layer; the image has no history"
		}
		return b
	}
	below, last := 0, 0
	for _, h := range c.History {
		if !h.EmptyLayer {
			below++
			continue
		}
		if setsCommand(h.CreatedBy) && below < layers {
			last = below
		}
	}
	if last > 0 {
		b.Layers = last
		b.Reason = fmt.Sprintf("history: a base sets its own command after layer %d", last-1)
		return b
	}
	b.Layers = 1
	b.Reason = "the first layer; history names no other boundary"
	return b
}

// told counts the layers that history tells of.
func told(history []v1.History) int {
	n := 0
	for _, h := range history {
		if !h.EmptyLayer {
			n++
		}
	}
	return n
}

// setsCommand recognises the history line of CMD and ENTRYPOINT, as the
// classic builder ("/bin/sh -c #(nop)  CMD [...]") and BuildKit ("CMD [...]") write it.
func setsCommand(createdBy string) bool {
	line := strings.TrimSpace(createdBy)
	if _, rest, ok := strings.Cut(line, "#(nop)"); ok {
		line = strings.TrimSpace(rest)
	}
	return strings.HasPrefix(line, "CMD ") || strings.HasPrefix(line, "ENTRYPOINT ")
}
