package hygiene

import "slices"

// Rules lists every rule.
func Rules() []Rule {
	rules := slices.Concat(
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
		contentRules(),
		suppressionRules(),
	)
	for _, h := range fileHalves() {
		h.join(rules)
	}
	return rules
}
