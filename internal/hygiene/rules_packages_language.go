package hygiene

// languagePackageRules is the family of file rules_packages_language.go.
func languagePackageRules() []Rule { return nil }
