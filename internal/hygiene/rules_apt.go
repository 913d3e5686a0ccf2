package hygiene

// aptRules is the family of file rules_apt.go.
func aptRules() []Rule { return nil }
