package hygiene

// startRules is the family of file rules_start.go.
func startRules() []Rule { return nil }
