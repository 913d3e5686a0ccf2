package secret

import "slices"

// Rules lists every built-in rule; of two that find the same bytes with the same
// confidence the earlier one stays, so special rules stand before general ones.
func Rules() []Rule {
	return slices.Concat(
		vcsRules(),
		cloudRules(),
		ciRules(),
		registryRules(),
		chatRules(),
		infraRules(),
		keyRules(),
		databaseRules(),
		fileRules(),
		aiRules(),
		paymentRules(),
		serviceRules(),
		prefixRules(),
		genericRules(),
	)
}
