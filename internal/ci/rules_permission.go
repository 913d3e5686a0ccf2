package ci

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// permissionRules are about what a job may do and whom it hands that to.
func permissionRules() []Rule {
	const checkout = "    - uses: actions/checkout@0123456789abcdef0123456789abcdef01234567\n"
	return []Rule{
		{
			ID: "permissions-missing", Title: "the job's token has whatever the repository gives by default", Severity: advisory.Medium,
			Why:    "Without permissions: the token has the repository's or the organisation's default, in older ones write access to everything. Any action of the job can use it.",
			Remedy: "Write permissions: {} for the workflow, and in each job what it needs: contents: read is mostly enough.",
			Source: "https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions",
			Check: func(a *audit) {
				if a.Action || a.Permissions != nil {
					return
				}
				for _, j := range a.Jobs {
					if j.Permissions == nil {
						a.report(j, j.At, "job %s has no permissions of its own, and the workflow neither", j.ID)
					}
				}
			},
			Bad: []string{"on: push\njobs:\n  a:\n    steps:\n    - run: make\n"},
			Good: []string{
				"on: push\npermissions: {}\njobs:\n  a:\n    steps:\n    - run: make\n",
				"on: push\njobs:\n  a:\n    permissions:\n      contents: read\n    steps:\n    - run: make\n",
				"runs:\n  using: composite\n  steps:\n  - run: make\n    shell: bash\n",
			},
		},
		{
			ID: "permissions-wide", Title: "the token may do more than the job needs", Severity: advisory.Medium,
			Why:    "write-all lets any step push code, publish packages and change releases. What is granted for the whole workflow, every job and every action in it has.",
			Remedy: "Write permissions: {} for the workflow, and the single scopes in the job that needs them.",
			Source: "https://docs.github.com/actions/reference/security/secure-use#permissions-for-the-github_token",
			Check:  permissionsWide,
			Bad: []string{
				"on: push\npermissions: write-all\njobs:\n  a:\n    steps:\n    - run: make\n",
				"on: push\njobs:\n  a:\n    permissions: write-all\n    steps:\n    - run: make\n",
				"on: push\npermissions:\n  contents: write\njobs:\n  a:\n    steps:\n    - run: make\n  b:\n    steps:\n    - run: make\n",
				"on: push\npermissions: read-all\njobs:\n  a:\n    steps:\n    - run: make\n",
			},
			Good: []string{
				"on: push\npermissions:\n  contents: read\njobs:\n  a:\n    permissions:\n      security-events: write\n    steps:\n    - run: make\n",
				"on: push\npermissions:\n  contents: write\njobs:\n  a:\n    steps:\n    - run: make\n",
			},
		},
		{
			ID: "secrets-to-forks", Title: "secrets are in reach of a pull request from a fork", Severity: advisory.High,
			Why:    "pull_request_target hands secrets to runs that anybody can start; on pull_request they are empty for a fork, and a gate that needs one fails there or, worse, is skipped.",
			Remedy: "Gate on pull_request without secrets, on an image that the job builds itself; do what needs a secret on push, or behind an environment with reviewers.",
			Source: "https://docs.github.com/actions/how-tos/write-workflows/choose-what-workflows-do/use-secrets#using-secrets-in-a-workflow",
			Check:  secretsToForks,
			Bad: []string{
				"on: pull_request_target\npermissions: {}\njobs:\n  a:\n    steps:\n    - env:\n        TOKEN: ${{ secrets.REGISTRY_TOKEN }}\n      run: make\n",
				"on: pull_request_target\npermissions: {}\njobs:\n  a:\n    steps:\n    - run: gh pr checkout 1\n    - env:\n        TOKEN: ${{ secrets.REGISTRY_TOKEN }}\n      run: make\n",
				"on: pull_request_target\npermissions: {}\njobs:\n  a:\n    uses: ./.github/workflows/a.yml\n    secrets: inherit\n",
				sample("    - env:\n        TOKEN: ${{ secrets.SNYK_TOKEN }}\n      run: snyk container test --fail-on=upgradable app:1\n"),
			},
			Good: []string{
				sample("    - env:\n        TOKEN: ${{ secrets.GITHUB_TOKEN }}\n      run: plimsoll gate app:1\n"),
				"on: push\npermissions: {}\njobs:\n  a:\n    steps:\n    - env:\n        TOKEN: ${{ secrets.REGISTRY_TOKEN }}\n      run: make\n",
				"on: pull_request\npermissions: {}\njobs:\n  a:\n    steps:\n    - env:\n        TOKEN: ${{ secrets.REGISTRY_TOKEN }}\n      run: make docs\n",
			},
		},
		{
			ID: "secret-everywhere", Title: "every step has a secret that one needs", Severity: advisory.Low,
			Why:    "A secret in the environment of a workflow or a job is in that of every action in it, and one bad action is enough.",
			Remedy: "Give it to the one step that needs it, in that step's env.",
			Source: "https://docs.github.com/actions/reference/security/secure-use",
			Check: func(a *audit) {
				look := func(j *Job, env []Pair, whose string) {
					for _, p := range env {
						for _, name := range secretsIn(p.Value.Value) {
							a.report(j, p.Value.Range, "secret %s is in the environment of the whole %s", name, whose)
						}
					}
				}
				look(nil, a.Env, "workflow")
				for _, j := range a.Jobs {
					look(j, j.Env, "job")
				}
			},
			Bad: []string{
				"on: push\npermissions: {}\nenv:\n  T: ${{ secrets.T }}\njobs:\n  a:\n    steps:\n    - run: make\n",
				"on: push\npermissions: {}\njobs:\n  a:\n    env:\n      T: ${{ secrets['T'] }}\n    steps:\n    - run: make\n",
			},
			Good: []string{
				"on: push\npermissions: {}\nenv:\n  T: ${{ secrets.GITHUB_TOKEN }}\njobs:\n  a:\n    steps:\n    - env:\n        T: ${{ secrets.T }}\n      run: make\n",
			},
		},
		{
			ID: "persist-credentials", Title: "the checkout leaves the token behind", Severity: advisory.Low,
			Why:    "actions/checkout keeps the job's token for later git commands unless told not to: every later step can use it, and an artefact or an image that takes in the wrong folder carries it away.",
			Remedy: "with: persist-credentials: false, where no later step pushes.",
			Source: "https://github.com/actions/checkout#usage",
			Check:  persistCredentials,
			Bad: []string{
				sample(checkout + "    - run: make\n"),
				sample(checkout + "      with:\n        persist-credentials: true\n"),
			},
			Good: []string{
				sample(checkout + "      with:\n        persist-credentials: false\n"),
				sample(checkout + "    - run: git push origin main\n"),
			},
		},
		{
			ID: "self-hosted-fork", Title: "pull requests run on a machine of one's own", Severity: advisory.Medium,
			Why:    "A pull request decides what its run does. On a runner that outlives the job, what it leaves behind meets the next one, with that one's secrets.",
			Remedy: "Run pull requests on GitHub's runners or on machines that are thrown away after one job; let no fork's run start without approval.",
			Source: "https://docs.github.com/actions/reference/security/secure-use#hardening-for-self-hosted-runners",
			Check: func(a *audit) {
				if !a.runsOn("pull_request", "pull_request_target") {
					return
				}
				for _, j := range a.Jobs {
					for _, label := range j.RunsOn {
						if strings.EqualFold(label.Value, "self-hosted") {
							a.report(j, label.Range, "job %s runs pull requests on a self-hosted runner", j.ID)
						}
					}
				}
			},
			Bad: []string{
				"on: pull_request\npermissions: {}\njobs:\n  a:\n    runs-on: [self-hosted, linux]\n    steps:\n    - run: make\n",
				"on: pull_request\npermissions: {}\njobs:\n  a:\n    runs-on:\n      group: g\n      labels: self-hosted\n    steps:\n    - run: make\n",
			},
			Good: []string{
				"on: push\npermissions: {}\njobs:\n  a:\n    runs-on: self-hosted\n    steps:\n    - run: make\n",
			},
		},
	}
}

func permissionsWide(a *audit) {
	look := func(j *Job, s *Scalar, whose string) {
		if s == nil {
			return
		}
		switch s.Value {
		case "write-all":
			a.reportAs(advisory.High, j, s.Range, "write-all lets every step of the %s change everything", whose)
		case "read-all":
			a.reportAs(advisory.Low, j, s.Range, "read-all lets every step of the %s read everything", whose)
		}
	}
	look(nil, a.Permissions, "workflow")
	for _, j := range a.Jobs {
		look(j, j.Permissions, "job")
	}
	if len(a.Jobs) < 2 {
		return
	}
	for _, g := range a.Grants {
		inherits := slices.ContainsFunc(a.Jobs, func(j *Job) bool { return j.Permissions == nil })
		if g.Access.Value == "write" && inherits {
			a.report(nil, g.Access.Range, "%s: write is granted to every job", g.Scope)
		}
	}
}

func secretsToForks(a *audit) {
	target, fork := a.runsOn("pull_request_target"), a.runsOn("pull_request")
	if !target && !fork {
		return
	}
	for _, j := range a.Jobs {
		if target && j.Secrets.Value == "inherit" {
			a.reportAs(advisory.Medium, j, j.Secrets.Range, "secrets: inherit hands every secret to a run that anybody can start")
		}
		head := false
		for _, s := range j.Steps {
			a.fetchesHead(j, s, func(dockerfile.Range, string) { head = true })
		}
		for _, s := range j.Steps {
			texts := []Scalar{s.Run}
			for _, p := range slices.Concat(s.Env, s.With) {
				texts = append(texts, p.Value)
			}
			for _, t := range texts {
				for _, name := range secretsIn(t.Value) {
					switch {
					case target && head:
						a.report(j, t.Range, "secret %s is given to a job that runs the code of a pull request", name)
					case target:
						a.reportAs(advisory.Low, j, t.Range, "secret %s is given to a run that anybody can start (pull_request_target)", name)
					case a.scans(j, s):
						a.reportAs(advisory.Low, j, t.Range, "the gate needs secret %s, which is empty for a pull request from a fork", name)
					}
				}
			}
		}
	}
}

// scans tells whether a step is a scanner's.
func (a *audit) scans(j *Job, s *Step) bool {
	return slices.ContainsFunc(a.calls(j), func(c call) bool { return c.step == s })
}

func persistCredentials(a *audit) {
	for _, j := range a.Jobs {
		pushes := slices.ContainsFunc(j.Steps, func(s *Step) bool {
			return slices.ContainsFunc(s.parsed(a.Workflow, j).commands(), func(c *dockerfile.Command) bool { return c.Name == "git" && c.Subcommand("-C", "-c") == "push" })
		})
		if pushes {
			continue
		}
		for _, s := range j.Steps {
			if name, _ := action(s.Uses.Value); name != "actions/checkout" {
				continue
			}
			v, ok := s.Input("persist-credentials")
			switch {
			case !ok:
				a.report(j, s.Uses.Range, "the token stays behind for every later step")
			case !strings.EqualFold(v.Value, "false") && !strings.Contains(v.Value, "${{"):
				a.report(j, v.Range, "the token stays behind for every later step")
			}
		}
	}
}
