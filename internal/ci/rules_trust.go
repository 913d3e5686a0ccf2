package ci

import (
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
)

var (
	reCommit = regexp.MustCompile(`^[0-9a-f]{40}$|^[0-9a-f]{64}$`)
	reDigest = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
)

// trustRules are about whose code runs in the pipeline.
func trustRules() []Rule {
	const made = "0123456789abcdef0123456789abcdef01234567"
	return []Rule{
		{
			ID: "action-mutable", Title: "an action can change under its name", Severity: advisory.High,
			Why:    "A tag or a branch is moved by whoever can write to the action's repository, and the next run takes what it then points at, with this job's token and secrets. In March 2026, 76 of 77 tags of one scanner's action were moved to a program that steals credentials.",
			Remedy: "Name the full commit and keep the version in a comment: uses: owner/action@<40 hex digits> # v1.2.3. Dependabot and Renovate update both.",
			Source: "https://github.com/aquasecurity/trivy/security/advisories/GHSA-69fq-xp46-6x23; https://docs.github.com/actions/reference/security/secure-use#using-third-party-actions",
			Check:  actionMutable,
			Bad: []string{
				sample("    - uses: aquasecurity/trivy-action@0.28.0\n"),
				sample("    - uses: actions/checkout@v7\n      with:\n        persist-credentials: false\n"),
				sample("    - uses: owner/action@main\n"),
				sample("    - uses: owner/action@0123456\n"),
				sample("    - uses: owner/action\n"),
				sample("    - uses: docker://alpine:3.22\n"),
				"on: push\npermissions: {}\njobs:\n  a:\n    uses: owner/repo/.github/workflows/gate.yml@v1\n",
				"runs:\n  using: composite\n  steps:\n  - uses: actions/setup-go@v7\n",
			},
			Good: []string{
				sample("    - uses: owner/action@" + made + " # v1.2.3\n"),
				sample("    - uses: ./.github/actions/gate\n"),
				sample("    - uses: docker://alpine@sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d\n"),
				"on: push\npermissions: {}\njobs:\n  a:\n    uses: ./.github/workflows/gate.yml\n",
			},
		},
		{
			ID: "image-mutable", Title: "a job runs in an image that can change under its tag", Severity: advisory.Low,
			Why:    "Every step of the job runs in that image, or beside it, with what the job may do; a tag says nothing of what it holds tomorrow.",
			Remedy: "Run plimsoll pin on the workflow, which writes the digest beside the tag.",
			Source: "https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idcontainer",
			Check: func(a *audit) {
				for _, j := range a.Jobs {
					for _, image := range j.Images {
						v := image.Value
						if a.Action && !strings.HasPrefix(v, "docker://") || strings.Contains(v, "${{") || reDigest.MatchString(v) {
							continue
						}
						a.report(j, image.Range, "%s has no digest", v)
					}
				}
			},
			Bad: []string{
				"on: push\npermissions: {}\njobs:\n  a:\n    container: debian:13\n    steps:\n    - run: make\n",
				"on: push\npermissions: {}\njobs:\n  a:\n    services:\n      db:\n        image: postgres:18\n    steps:\n    - run: make\n",
				"runs:\n  using: docker\n  image: docker://alpine:3.22\n",
			},
			Good: []string{
				"on: push\npermissions: {}\njobs:\n  a:\n    container: debian:13@sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d\n    steps:\n    - run: make\n",
				"runs:\n  using: docker\n  image: Dockerfile\n",
			},
		},
		{
			ID: "untrusted-checkout", Title: "a stranger's code runs with the repository's own rights", Severity: advisory.Critical,
			Why:    "pull_request_target and workflow_run run in the base repository, with its secrets and a token that may write. A job that fetches the head of the pull request there hands both to whoever opened it: a Makefile or a test is enough.",
			Remedy: "Build and test on pull_request, which has neither; let a second workflow without any code of the head do what needs rights.",
			Source: "https://docs.github.com/actions/reference/security/secure-use#mitigating-the-risks-of-untrusted-code-checkout",
			Check:  untrustedCheckout,
			Bad: []string{
				"on: pull_request_target\npermissions: {}\njobs:\n  a:\n    steps:\n    - uses: actions/checkout@" + made + "\n      with:\n        ref: ${{ github.event.pull_request.head.sha }}\n    - run: make\n",
				"on:\n  pull_request_target:\n    types: [opened]\npermissions: {}\njobs:\n  a:\n    steps:\n    - uses: actions/checkout@" + made + "\n      with:\n        ref: refs/pull/${{ github.event.number }}/merge\n",
				"on: workflow_run\npermissions: {}\njobs:\n  a:\n    steps:\n    - uses: actions/checkout@" + made + "\n      with:\n        ref: ${{ github.event.workflow_run.head_sha }}\n",
				"on: issue_comment\npermissions: {}\njobs:\n  a:\n    steps:\n    - run: gh pr checkout \"$N\"\n",
				"on: pull_request_target\npermissions: {}\njobs:\n  a:\n    steps:\n    - env:\n        N: ${{ github.event.number }}\n      run: git fetch origin \"pull/$N/head\" && git checkout FETCH_HEAD\n",
			},
			Good: []string{
				"on: pull_request_target\npermissions: {}\njobs:\n  a:\n    steps:\n    - uses: actions/checkout@" + made + "\n      with:\n        persist-credentials: false\n    - run: make label\n",
				"on: pull_request\npermissions: {}\njobs:\n  a:\n    steps:\n    - uses: actions/checkout@" + made + "\n      with:\n        ref: ${{ github.event.pull_request.head.sha }}\n",
			},
		},
		{
			ID: "script-injection", Title: "a stranger's text becomes part of a script", Severity: advisory.High,
			Why:    "An expression is put into the script before the shell reads it. A title such as \"; curl … | sh #\" is then a command, and it runs with the job's token and secrets.",
			Remedy: "Hand the value over in env: and write \"$NAME\" in the script, where the shell takes it as text.",
			Source: "https://docs.github.com/actions/concepts/security/script-injections",
			Check:  scriptInjection,
			Bad: []string{
				sample("    - run: echo \"${{ github.event.pull_request.title }}\"\n"),
				sample("    - run: |\n        docker build -t app:${{ github.head_ref }} .\n"),
				sample("    - run: echo ${{ github.event.commits[0].message }}\n"),
				sample("    - run: echo ${{ github['event']['issue']['body'] }}\n"),
				sample("    - run: echo '${{ toJSON(github.event) }}'\n"),
				sample("    - env:\n        TITLE: ${{ github.event.issue.title }}\n      run: echo ${{ env.TITLE }}\n"),
				sample("    - uses: actions/github-script@" + made + "\n      with:\n        script: |\n          console.log(`${{ github.event.comment.body }}`)\n"),
				sample("    - run: echo ${{ github.event.pull_request.head.ref }}\n"),
			},
			Good: []string{
				sample("    - env:\n        TITLE: ${{ github.event.pull_request.title }}\n      run: echo \"$TITLE\"\n"),
				sample("    - run: echo ${{ github.event.pull_request.number }} ${{ github.sha }}\n"),
				sample("    - if: contains(github.event.comment.body, '/gate')\n      run: make\n"),
				sample("    - run: echo '${{ 'github.event.issue.title' }}'\n"),
			},
		},
		{
			ID: "remote-script", Title: "a script from the network is run unseen", Severity: advisory.Medium,
			Why:    "Whoever owns the other end decides at each run what happens in the job, with its token and secrets. Nothing records what it was.",
			Remedy: "Fetch a release of a fixed version into a file, hold it against a checksum that stands in the workflow, then run it.",
			Source: "https://docs.github.com/actions/reference/security/secure-use",
			Check: func(a *audit) {
				rules := hygieneRule("remote-script-run")
				a.steps(func(j *Job, s *Step) {
					if sc := s.parsed(a.Workflow, j); sc != nil {
						for _, f := range hygiene.Check(sc.file, rules, hygiene.Options{}) {
							a.report(j, sc.place(f.Range), "%s", readable(f.Message))
						}
					}
				})
			},
			Bad: []string{
				sample("    - run: curl -sSfL https://get.example.com/install.sh | sh -s -- -b /usr/local/bin\n"),
				sample("    - run: |\n        wget -qO- https://get.example.com/i.sh | sudo bash\n        trivy --version\n"),
			},
			Good: []string{
				sample("    - run: |\n        curl -fsSLo i.sh https://get.example.com/v1/i.sh\n        echo \"$SUM  i.sh\" | sha256sum -c\n        sh i.sh\n"),
				sample("    - run: sh ./install.sh\n"),
			},
		},
		{
			ID: "download-unverified", Title: "a program is fetched without a checksum", Severity: advisory.Low,
			Why:    "What the server hands out can change without a new version, by mistake or by somebody else's hand, and the job runs it.",
			Remedy: "Hold it against a checksum that stands in the workflow (sha256sum --check), or verify the publisher's signature.",
			Source: "https://docs.github.com/actions/reference/security/secure-use",
			Check:  downloadUnverified,
			Bad: []string{
				sample("    - run: |\n        curl -fsSLo trivy.tar.gz https://dl.example.com/trivy.tar.gz\n        tar xzf trivy.tar.gz\n        ./trivy --version\n"),
			},
			Good: []string{
				sample("    - run: curl -fsSLo t.tgz https://dl.example.com/t.tgz\n    - run: echo \"$SUM  t.tgz\" | sha256sum --check && tar xzf t.tgz\n"),
				sample("    - run: curl -fsS http://localhost:8080/health\n"),
			},
		},
	}
}

func hygieneRule(id string) []hygiene.Rule {
	for _, r := range hygiene.Rules() {
		if r.ID == id {
			return []hygiene.Rule{r}
		}
	}
	return nil
}

func actionMutable(a *audit) {
	look := func(j *Job, uses Scalar) {
		name, ref := action(uses.Value)
		severity := a.rule.Severity
		if strings.HasPrefix(name, "actions/") || strings.HasPrefix(name, "github/") {
			// Who runs the job anyway.
			severity = advisory.Medium
		}
		switch {
		case uses.Value == "" || strings.HasPrefix(name, "./"):
		case strings.HasPrefix(name, "docker://"):
			if !reDigest.MatchString(uses.Value) {
				a.report(j, uses.Range, "%s has no digest: its tag can be moved", uses.Value)
			}
		case ref == "":
			a.reportAs(severity, j, uses.Range, "%s names no commit", uses.Value)
		case !reCommit.MatchString(ref):
			a.reportAs(severity, j, uses.Range, "%s: %q can be moved to another commit", name, ref)
		}
	}
	for _, j := range a.Jobs {
		look(j, j.Uses)
		for _, s := range j.Steps {
			look(j, s.Uses)
		}
	}
}

// privileged are the events that run in the base repository with its rights, started
// by somebody who may have none.
func (w *Workflow) privileged() string {
	for _, e := range []string{"pull_request_target", "workflow_run", "issue_comment"} {
		if slices.Contains(w.Events, e) {
			return e
		}
	}
	return ""
}

func untrustedCheckout(a *audit) {
	event := a.privileged()
	if event == "" {
		return
	}
	a.steps(func(j *Job, s *Step) {
		a.fetchesHead(j, s, func(at dockerfile.Range, what string) {
			a.report(j, at, "%s fetches the head%s into a job with the repository's own rights", event, what)
		})
	})
}

// fetchesHead calls found for what brings a pull request's head into a job.
func (a *audit) fetchesHead(j *Job, s *Step, found func(at dockerfile.Range, what string)) {
	if name, _ := action(s.Uses.Value); name == "actions/checkout" {
		for _, key := range []string{"ref", "repository"} {
			v, ok := s.Input(key)
			if ok && (reHead.MatchString(plain(v.Value)) || strings.Contains(v.Value, "refs/pull/")) {
				found(v.Range, " ("+oneLine(v.Value)+")")
			}
		}
	}
	sc := s.parsed(a.Workflow, j)
	for _, c := range sc.commands() {
		f := flags(c.Args)
		pull := slices.ContainsFunc(f.operands, func(w string) bool {
			return strings.HasPrefix(w, "pull/") || strings.Contains(w, "refs/pull/")
		})
		gh := c.Name == "gh" && len(f.operands) > 1 && f.operands[0] == "pr" && f.operands[1] == "checkout"
		if gh || c.Name == "git" && (f.sub == "fetch" || f.sub == "pull") && pull {
			found(sc.place(c.Range()), " of a pull request")
		}
	}
}

func scriptInjection(a *audit) {
	look := func(j *Job, s *Step, text Scalar) {
		for _, e := range expressions(text.Value) {
			code := withoutStrings(e.Text)
			what := untrusted(code)
			if what == "" {
				for _, m := range reEnv.FindAllStringSubmatch(code, -1) {
					for _, x := range expressions(a.variable(j, s, nil, m[1])) {
						if w := untrusted(withoutStrings(x.Text)); w != "" {
							what = "env." + m[1] + " (" + w + ")"
						}
					}
				}
			}
			if what != "" {
				a.report(j, a.within(text, e), "%s is put into the script as it is", what)
			}
		}
	}
	a.steps(func(j *Job, s *Step) {
		look(j, s, s.Run)
		if name, _ := action(s.Uses.Value); name == "actions/github-script" {
			if script, ok := s.Input("script"); ok {
				look(j, s, script)
			}
		}
	})
}

// within is the place of an expression in a block's line, or of the whole text.
func (a *audit) within(text Scalar, e expression) dockerfile.Range {
	lines := strings.Count(text.Value[:e.from], "\n")
	at := text.Range.Start.Line
	if strings.HasPrefix(strings.TrimLeft(a.rest(text.Range), " "), "|") {
		at += 1 + lines
	}
	if at-1 >= len(a.lines) {
		return text.Range
	}
	line := string(a.lines[at-1])
	source, _, _ := strings.Cut(text.Value[e.from:e.to], "\n")
	k := strings.Index(line, source)
	if k < 0 {
		return text.Range
	}
	from := len([]rune(line[:k])) + 1
	return lineRange(at, from, from+len([]rune(source)))
}

// rest is the line from a place on.
func (a *audit) rest(r dockerfile.Range) string {
	if r.Start.Line-1 >= len(a.lines) {
		return ""
	}
	line := []rune(string(a.lines[r.Start.Line-1]))
	return string(line[min(r.Start.Column-1, len(line)):])
}

// withoutStrings empties the strings of an expression that are no index: what stands in one is text.
func withoutStrings(e string) string {
	e = plain(e)
	var b strings.Builder
	quoted := false
	for _, r := range e {
		switch {
		case r == '\'':
			quoted = !quoted
			b.WriteRune(r)
		case !quoted:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func downloadUnverified(a *audit) {
	rules := hygieneRule("download-unverified")
	for _, j := range a.Jobs {
		// The proof may stand in a step of its own.
		proven := false
		for _, s := range j.Steps {
			for _, c := range s.parsed(a.Workflow, j).commands() {
				proven = proven || strings.HasPrefix(c.Name, "sha") && strings.HasSuffix(c.Name, "sum") ||
					slices.Contains([]string{"cosign", "gpg", "gpgv", "minisign", "slsa-verifier"}, c.Name) || c.Name == "gh" && c.Subcommand() == "attestation"
			}
		}
		if proven {
			continue
		}
		for _, s := range j.Steps {
			sc := s.parsed(a.Workflow, j)
			if sc == nil {
				continue
			}
			for _, f := range hygiene.Check(sc.file, rules, hygiene.Options{}) {
				a.report(j, sc.place(f.Range), "%s", readable(f.Message))
			}
		}
	}
}

var reBlank = regexp.MustCompile(`x{6,}`)

// readable takes what stands for an expression out of a message.
func readable(message string) string { return reBlank.ReplaceAllString(message, "…") }

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}
