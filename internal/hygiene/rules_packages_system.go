package hygiene

// systemPackageRules is the family of file rules_packages_system.go.
func systemPackageRules() []Rule { return nil }
