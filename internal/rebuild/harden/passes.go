package harden

// pass is one kind of change.
type pass struct {
	name string
	run  func(*work) error
}

// passes lists them all in the order in which they run. The stages are split before
// users and health checks are added, so that these find the final stage; the bases
// are pinned when they are chosen; what is still wrong at the end becomes TODOs.
func passes() []pass {
	return []pass{
		{"secrets", secrets},
		{"secrets in RUN", secretsInRuns},
		{"packages", packages},
		{"package lists", packageLists},
		{"modes", modes},
		{"lock files", lockFiles},
		{"rule edits", ruleEdits},
		{"debugging", debugging},
		{"stages", stages},
		{"copies", copies},
		{"start commands", startCommands},
		{"user", user},
		{"health check", healthCheck},
		{"pins", pins},
		{"todos", leftovers},
	}
}
