package triage

import (
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// BaseOf tells which layers belong to the image's base: from the base
// annotations in the configuration's labels where a builder left them, else from
// history, where a base image ends with a CMD or ENTRYPOINT of its own before
// the first layer that was built on it; else the first layer alone.
func BaseOf(c *v1.ConfigFile) Base {
	layers := len(c.RootFS.DiffIDs)
	b := Base{Name: c.Config.Labels["org.opencontainers.image.base.name"]}
	if layers == 0 {
		b.Reason = "the image has no layers"
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

// setsCommand recognises the history line of CMD and ENTRYPOINT, as the
// classic builder ("/bin/sh -c #(nop)  CMD [...]") and BuildKit ("CMD [...]") write it.
func setsCommand(createdBy string) bool {
	line := strings.TrimSpace(createdBy)
	if _, rest, ok := strings.Cut(line, "#(nop)"); ok {
		line = strings.TrimSpace(rest)
	}
	return strings.HasPrefix(line, "CMD ") || strings.HasPrefix(line, "ENTRYPOINT ")
}
