package hygiene

// stageRules is the family of file rules_stage.go.
func stageRules() []Rule { return nil }
