package scan

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/image"
	"plimsoll/internal/inspect/content"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// historyLines are the lines of an image's history as they may be shown.
func historyLines(img *image.Image, veil *content.Veil) []string {
	lines := make([]string, len(img.Config.History))
	for i, h := range img.Config.History {
		lines[i] = plain(veil.Mask(fmt.Sprintf("%s%d", evidence.HistoryPrefix, i), h.CreatedBy))
	}
	return lines
}

// layerRefs pairs each layer with the history line that made it.
func layerRefs(img *image.Image, history []string) []inventory.LayerRef {
	refs := make([]inventory.LayerRef, len(img.Layers))
	lines := make([]string, 0, len(img.Layers))
	for i, h := range img.Config.History {
		if !h.EmptyLayer {
			lines = append(lines, history[i])
		}
	}
	for i, l := range img.Layers {
		refs[i] = inventory.LayerRef{Index: i, DiffID: l.DiffID}
		// History may be missing, or cover only the newest layers of a
		// flattened base; it is aligned only when it covers all.
		if len(lines) == len(img.Layers) {
			refs[i].CreatedBy = lines[i]
		}
	}
	return refs
}

// historyLayers returns, for each history line, the layer it made; for a line
// that made none, a reference of index -1 with the line itself.
func historyLayers(img *image.Image, refs []inventory.LayerRef, history []string) []inventory.LayerRef {
	lines := make([]inventory.LayerRef, len(img.Config.History))
	next := 0
	for i, h := range img.Config.History {
		lines[i] = inventory.LayerRef{Index: -1, CreatedBy: history[i]}
		if !h.EmptyLayer {
			if next < len(refs) && refs[next].CreatedBy == lines[i].CreatedBy {
				lines[i] = refs[next]
			}
			next++
		}
	}
	return lines
}

// plain removes control characters and folds white space.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func describe(img *image.Image, merged *evidence.Merged, layers []*evidence.Layer, refs []inventory.LayerRef, base triage.Base) verdict.Image {
	v := verdict.Image{
		Reference:    img.Reference,
		Name:         img.Name,
		Source:       string(img.Source),
		Via:          img.Via,
		Digest:       img.Digest,
		IndexDigest:  img.IndexDigest,
		ConfigDigest: img.ConfigDigest,
		Platform:     img.Platform.String(),
		Created:      img.Config.Created.Time,
		Distribution: merged.Inventory.Distribution,
		Base:         base,
		Layers:       make([]verdict.Layer, len(layers)),
		Notes:        img.Notes,
	}
	for _, p := range img.Platforms {
		v.Platforms = append(v.Platforms, p.String())
	}
	for i, l := range layers {
		v.Layers[i] = verdict.Layer{LayerRef: refs[i], Digest: img.Layers[i].Digest, Size: l.Size, Files: l.Files.Len}
	}
	for i := range merged.Inventory.Packages {
		if at := merged.Inventory.Packages[i].Origin.Index; at >= 0 && at < len(v.Layers) {
			v.Layers[at].Packages++
		}
	}
	return v
}

// cover writes what was examined and what the verdict does not rule out.
func (s *Scanner) cover(v *verdict.Verdict, merged *evidence.Merged, layers int) {
	c := &v.Coverage
	c.Complete = true
	c.Layers, c.Files, c.Bytes = layers, merged.Files, merged.Bytes
	c.PackagesByType = map[string]int{}
	owned, ghosts := 0, 0
	for i := range v.Packages {
		p := &v.Packages[i]
		c.PackagesByType[p.Type]++
		if p.OwnedBy != "" {
			owned++
		}
		if p.Liveness == inventory.Ghost {
			ghosts++
		}
	}
	for _, p := range merged.Problems {
		c.Skipped = append(c.Skipped, verdict.Skipped{Layer: p.Layer, Problem: p.Problem})
		if p.Incomplete {
			c.Complete = false
		}
	}
	for _, gaps := range c.Gaps {
		if slices.ContainsFunc(gaps, func(g advisory.Gap) bool { return g.Reason == advisory.TooManyMatches }) {
			c.Complete = false
		}
	}
	for _, d := range c.Databases {
		if s.MaxAge > 0 && s.Now.Sub(d.Built) > s.MaxAge {
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s was built on %s, %d days ago: run plimsoll db update",
				d.Name, d.Built.UTC().Format(time.DateOnly), int(s.Now.Sub(d.Built).Hours()/24)))
		}
	}
	s.warnLock.Lock()
	if s.warning != "" {
		c.Warnings = append(c.Warnings, s.warning)
	}
	s.warnLock.Unlock()
	c.Warnings = append(c.Warnings, s.RuleProblems...)
	if len(s.Databases) == 1 {
		c.Warnings = append(c.Warnings, fmt.Sprintf("only %s was asked: one scanner is one opinion", s.Databases[0].Info().Name))
	}
	c.NotRuledOut = notRuledOut(v, owned, ghosts)
}

// notRuledOut are the sentences that keep a verdict honest.
func notRuledOut(v *verdict.Verdict, owned, ghosts int) []string {
	s := []string{
		"vulnerabilities that no database lists yet",
		"software that was copied or compiled in without a package record, a build record or a version that a classifier knows",
		"what its Dockerfile did that leaves no trace in the image: plimsoll lint reads it",
		"secrets and planted code that are encrypted, compiled into another form, or inside archives other than zip, tar, gzip, bzip2, zstd and Git's",
		"whether vulnerable code is reached: a finding means that the package is there",
	}
	if len(v.Packages) == 0 {
		s = append([]string{"everything: no package was recognised, which says nothing about what the image holds"}, s...)
	}
	if v.Image.Distribution == nil {
		s = append(s, "vulnerabilities of operating-system packages: no os-release names a distribution")
	}
	if owned > 0 {
		s = append(s, fmt.Sprintf("%d language packages belong to OS packages and are judged by the distribution's advisories, which know its backports", owned))
	}
	if ghosts > 0 {
		s = append(s, fmt.Sprintf("%d packages are ghosts: a later layer removed their records, their files still ship", ghosts))
	}
	return s
}
