package scan

import (
	"fmt"
	"slices"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/hygiene"
)

// Hygiene holds an image's configuration and history against the rules that speak of
// images. Secrets in them are masked: they are findings of their own.
func Hygiene(e *Examined, rules []hygiene.Rule, now time.Time) []hygiene.Finding {
	c := &e.Image.Config
	in := hygiene.ImageInput{
		Config: c, Base: e.Base.Layers,
		History: func(line int) string {
			return e.Veil.Mask(fmt.Sprintf("%s%d", evidence.HistoryPrefix, line), c.History[line].CreatedBy)
		},
		Setting: func(field, text string) string { return e.Veil.Mask(evidence.ConfigPrefix+field, text) },
	}
	for _, ref := range e.History {
		in.Layers = append(in.Layers, ref.Index)
	}
	return hygiene.CheckImage(in, rules, now)
}

// hygiene is what a verdict says of it: everything but style.
func (s *Scanner) hygiene(e *Examined) []hygiene.Finding {
	return slices.DeleteFunc(Hygiene(e, hygiene.Rules(), s.Now), func(f hygiene.Finding) bool {
		return f.Severity < advisory.Low
	})
}
