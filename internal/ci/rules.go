package ci

import "slices"

// Rules lists them all.
func Rules() []Rule {
	return slices.Concat(trustRules(), permissionRules(), gateRules())
}

// sample is a workflow with one job of these steps. Commits in samples are made up.
func sample(steps string) string {
	return "on: pull_request\npermissions: {}\njobs:\n  gate:\n    runs-on: ubuntu-24.04\n    steps:\n" + steps
}
