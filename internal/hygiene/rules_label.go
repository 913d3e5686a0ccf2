package hygiene

// labelRules is the family of file rules_label.go.
func labelRules() []Rule { return nil }
