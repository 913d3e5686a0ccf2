package hygiene

import "slices"

// Rules lists every rule.
func Rules() []Rule {
	return slices.Concat(
		baseRules(),
		userRules(),
		secretRules(),
		aptRules(),
		systemPackageRules(),
		languagePackageRules(),
		downloadRules(),
		copyRules(),
		networkRules(),
		startRules(),
		leftoverRules(),
		runRules(),
		shellRules(),
		plantedRules(),
		stageRules(),
		formRules(),
		labelRules(),
		suppressionRules(),
	)
}
