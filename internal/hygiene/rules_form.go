package hygiene

// formRules is the family of file rules_form.go.
func formRules() []Rule { return nil }
