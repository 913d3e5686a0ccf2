package scan

import (
	"plimsoll/internal/compare"
	"plimsoll/internal/rebuild/proof"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Prove states what came of one image when it became another. Both were examined
// and judged by the same scanner.
func Prove(before, after *Examined, verdictBefore, verdictAfter *verdict.Verdict, order triage.Order) *proof.Proof {
	return proof.Of(proof.Input{
		Before: proof.Side{Verdict: verdictBefore, Config: &before.Image.Config, Layers: before.Layers},
		After:  proof.Side{Verdict: verdictAfter, Config: &after.Image.Config, Layers: after.Layers},
		Difference: Compare(before, after, verdictBefore.Findings, verdictAfter.Findings, compare.Options{
			Vulnerabilities: len(verdictAfter.Coverage.Databases) > 0, Order: order,
		}),
		Order: order,
	})
}
