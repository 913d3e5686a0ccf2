package hygiene

// leftoverRules is the family of file rules_leftover.go.
func leftoverRules() []Rule { return nil }
