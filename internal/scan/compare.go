package scan

import (
	"strings"

	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect/content"
	"plimsoll/internal/triage"
)

// Compare holds one image that was examined against another. findings are those
// of their verdicts.
func Compare(before, after *Examined, findingsBefore, findingsAfter []triage.Finding, opt compare.Options) *compare.Difference {
	return compare.Of(side(before, findingsBefore), side(after, findingsAfter), opt)
}

func side(e *Examined, findings []triage.Finding) *compare.Side {
	s := &compare.Side{
		Image: e.Description, Config: &e.Image.Config, History: e.History, Layers: e.Layers,
		Packages: e.Merged.Inventory.Packages, Account: e.Account, Findings: findings, Skipped: e.Incomplete(),
		Stored: make([]int64, len(e.Image.Layers)),
	}
	for i, l := range e.Image.Layers {
		s.Stored[i] = l.Size
	}
	s.Mask = func(path, text string) string {
		if name, ok := strings.CutPrefix(path, evidence.ConfigPrefix+"Env."); ok {
			path = content.EnvPath(name)
		} else if name, ok := strings.CutPrefix(path, evidence.ConfigPrefix+"Labels."); ok {
			path = content.LabelPath(name)
		}
		return e.Veil.Mask(path, text)
	}
	return s
}
