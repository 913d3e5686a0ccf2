package scan

import (
	"plimsoll/internal/compare"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/rebuild/proof"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Prove states what came of one image when it became another. Both were examined
// and judged by the same scanner. A base is nil where nobody was asked for it.
func Prove(before, after *Examined, verdictBefore, verdictAfter *verdict.Verdict, baseBefore, baseAfter *base.Base, order triage.Order) *proof.Proof {
	return proof.Of(proof.Input{
		Before: proof.Side{Verdict: verdictBefore, Config: &before.Image.Config, Layers: before.Layers, Base: baseBefore},
		After:  proof.Side{Verdict: verdictAfter, Config: &after.Image.Config, Layers: after.Layers, Base: baseAfter},
		Difference: Compare(before, after, verdictBefore.Findings, verdictAfter.Findings, compare.Options{
			Vulnerabilities: len(verdictAfter.Coverage.Databases) > 0, Order: order,
		}),
		Order: order,
	})
}
