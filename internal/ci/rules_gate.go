package ci

import (
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// gateRules are about a gate that decides nothing.
func gateRules() []Rule {
	return []Rule{
		{
			ID: "gate-cannot-fail", Title: "the gate can't fail", Severity: advisory.High,
			Why:    "The scanner's exit status is what makes the step red. Where something swallows it, the bad image passes with a green tick, and everybody believes that it was looked at.",
			Remedy: "Let the scanner's exit status be the step's own; to adopt a gate gradually, use a baseline or a milder policy.",
			Source: "https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepscontinue-on-error",
			Check:  gateCannotFail,
			Bad: []string{
				sample("    - run: trivy image --exit-code 1 --ignore-unfixed app:1 || true\n"),
				sample("    - run: |\n        plimsoll gate app:1 || echo \"it is red\"\n"),
				sample("    - run: grype app:1 --fail-on high --only-fixed\n      continue-on-error: true\n"),
				sample("    - run: trivy image --exit-code 0 app:1\n"),
				sample("    - uses: aquasecurity/trivy-action@0123456789abcdef0123456789abcdef01234567\n      with:\n        image-ref: app:1\n        exit-code: '0'\n"),
				sample("    - run: |\n        set +e\n        plimsoll gate app:1\n        echo done\n"),
				sample("    - run: plimsoll gate app:1 | tee gate.txt\n"),
				sample("    - run: \"! plimsoll gate app:1\"\n"),
				sample("    - run: plimsoll gate app:1 &\n"),
				sample("    - run: if ! plimsoll gate app:1; then echo red; fi\n"),
				sample("    - run: |\n        plimsoll gate app:1 || status=$?\n        echo \"$status\"\n"),
				sample("    - run: |\n        plimsoll gate app:1 && echo green\n        echo done\n"),
				sample("    - run: |\n        timeout 60 plimsoll gate app:1 || :\n"),
				sample("    - run: hadolint --no-fail Dockerfile\n"),
				sample("    - uses: aquasecurity/trivy-action@0123456789abcdef0123456789abcdef01234567\n      with:\n        exit-code: '0'\n    - run: echo\n"),
				sample("    - run: plimsoll lint --fail-on never\n    - run: plimsoll gate app:1\n      continue-on-error: true\n"),
				"on: push\npermissions: {}\njobs:\n  gate:\n    continue-on-error: true\n    runs-on: ubuntu-24.04\n    steps:\n    - run: plimsoll gate app:1\n",
				sample("    - run: docker run --rm aquasec/trivy:0.74.0 image --exit-code 1 --ignore-unfixed app:1 || true\n"),
				sample("    - run: trivy image --ignore-unfixed app:1\n      env:\n        TRIVY_EXIT_CODE: 0\n"),
			},
			Good: []string{
				sample("    - run: plimsoll gate app:1 || { echo red; exit 1; }\n"),
				sample("    - shell: bash\n      run: plimsoll gate app:1 | tee gate.txt\n"),
				sample("    - run: |\n        set -o pipefail\n        plimsoll gate app:1 | tee gate.txt\n"),
				sample("    - run: |\n        set +e\n        plimsoll gate app:1\n        status=$?\n        echo done\n        exit $status\n"),
				sample("    - run: plimsoll scan app:1 -o sarif --output a.sarif || true\n    - run: plimsoll gate app:1\n"),
				sample("    - run: |\n        status=0\n        plimsoll gate app:1 || status=$?\n        echo done\n        exit \"$status\"\n"),
				sample("    - run: plimsoll gate app:1 && echo green\n"),
				sample("    - run: |\n        if ! plimsoll gate app:1; then\n          echo red\n          exit 1\n        fi\n"),
				sample("    - run: |\n        (plimsoll gate app:1 && echo green)\n        echo done\n"),
				sample("    - run: |\n        failed=\n        if ! plimsoll gate app:1; then failed=1; fi\n        test -z \"$failed\"\n"),
				sample("    - run: rm -f a || true\n    - run: plimsoll gate app:1\n"),
				sample("    - run: if plimsoll gate app:1; then echo ok; else exit 1; fi\n"),
				sample("    - run: trivy image --exit-code 0 app:1\n    - run: trivy image --exit-code 1 --ignore-unfixed app:1\n"),
			},
		},
		{
			ID: "gate-no-exit-code", Title: "the scanner is never told to fail", Severity: advisory.Medium,
			Why:    "Most scanners exit 0 whatever they find, unless a flag asks for more: the step lists findings and the pull request stays green.",
			Remedy: "Give the scanner the flag that fails (trivy --exit-code 1, grype --fail-on high, docker scout cves --exit-code), or run plimsoll gate.",
			Source: "https://trivy.dev/docs/latest/configuration/others/#exit-code",
			Check:  gateNoExitCode,
			Bad: []string{
				sample("    - run: trivy image --severity HIGH,CRITICAL app:1\n"),
				sample("    - run: grype app:1\n"),
				sample("    - run: plimsoll scan app:1\n"),
				sample("    - run: docker scout cves app:1\n"),
				sample("    - uses: aquasecurity/trivy-action@0123456789abcdef0123456789abcdef01234567\n      with:\n        image-ref: app:1\n"),
				sample("    - run: docker run --rm -v /var/run/docker.sock:/var/run/docker.sock anchore/grype:v0.104.0 app:1\n"),
			},
			Good: []string{
				sample("    - run: trivy image --exit-code 1 --ignore-unfixed app:1\n"),
				sample("    - run: trivy image --format sarif -o t.sarif app:1\n    - run: trivy image --exit-code 1 --ignore-unfixed app:1\n"),
				sample("    - run: grype db update\n    - run: trivy image --download-db-only\n"),
				sample("    - run: trivy image app:1\n      env:\n        TRIVY_EXIT_CODE: 1\n        TRIVY_IGNORE_UNFIXED: true\n"),
				sample("    - run: trivy image --config trivy.yaml app:1\n"),
				sample("    - run: plimsoll gate app:1\n    - run: plimsoll scan app:1 -o sarif\n"),
			},
		},
		{
			ID: "gate-unfixable", Title: "the gate fails on what nobody can fix", Severity: advisory.Medium,
			Why:    "A finding without a fix keeps every pull request red, whoever opens it, until somebody switches the gate off. What can't be mended is to be tracked, not to fail a build.",
			Remedy: "Fail on what has a fix: trivy --ignore-unfixed, grype --only-fixed, docker scout --only-fixed, or plimsoll gate, which tracks the rest.",
			Source: "https://trivy.dev/docs/latest/configuration/filtering/",
			Check:  gateUnfixable,
			Bad: []string{
				sample("    - run: trivy image --exit-code 1 --severity HIGH,CRITICAL app:1\n"),
				sample("    - run: grype app:1 --fail-on high\n"),
				sample("    - uses: anchore/scan-action@0123456789abcdef0123456789abcdef01234567\n      with:\n        image: app:1\n"),
				sample("    - run: plimsoll scan --fail-on high app:1\n"),
				sample("    - run: trivy image --exit-code 1 --ignore-unfixed=false app:1\n"),
			},
			Good: []string{
				sample("    - run: trivy image --exit-code 1 --ignore-unfixed app:1\n"),
				sample("    - run: grype app:1 --fail-on high --only-fixed\n"),
				sample("    - run: plimsoll scan --fail-on fixable-high app:1\n    - run: plimsoll gate app:1\n"),
				sample("    - run: trivy config --exit-code 1 .\n"),
				sample("    - run: trivy image --exit-code 1 --scanners secret app:1\n"),
			},
		},
	}
}

// canFail tells whether a call of the tool's kind in the job can fail it.
func canFail(calls []call, of call) bool {
	for _, c := range calls {
		if c.linter == of.linter && c.fails && c.masked == "" && !isTrue(c.step.ContinueOnError.Value) {
			return true
		}
	}
	return false
}

func gateCannotFail(a *audit) {
	for _, j := range a.Jobs {
		calls := a.calls(j)
		if len(calls) > 0 && isTrue(j.ContinueOnError.Value) {
			a.report(j, j.ContinueOnError.Range, "continue-on-error of the job keeps the workflow green whatever %s finds", calls[0].tool)
		}
		for _, c := range calls {
			a.cannotFail(j, calls, c)
		}
	}
}

func (a *audit) cannotFail(j *Job, calls []call, c call) {
	s := c.step
	if isTrue(s.ContinueOnError.Value) && c.fails {
		a.report(j, s.ContinueOnError.Range, "continue-on-error keeps the job green whatever %s finds", c.tool)
		return
	}
	if !c.fails {
		if why, at := a.switchedOff(c); why != "" && !canFail(calls, c) {
			a.report(j, at, "%s: %s", c.tool, why)
		}
		return
	}
	if c.masked != "" {
		a.report(j, c.at, "%s: %s", c.tool, c.masked)
	}
}

// switchedOff says what told a scanner not to fail.
func (a *audit) switchedOff(c call) (string, dockerfile.Range) {
	if c.command == nil {
		for _, p := range c.step.With {
			switch strings.ToLower(p.Key) {
			case "exit-code", "fail-build", "no-fail", "failure-threshold":
				return p.Key + ": " + p.Value.Value + " never fails", p.Value.Range
			}
		}
		return "", c.at
	}
	f := flags(c.command.Args)
	switch {
	case f.value("--exit-code") == "0":
		return "--exit-code 0 never fails", c.at
	case f.has("--no-fail"):
		return "--no-fail never fails", c.at
	case f.value("--fail-on") == "never":
		return "", c.at // said aloud, for a report beside the gate
	case a.variable(c.job, c.step, c.command, "TRIVY_EXIT_CODE") == "0":
		return "TRIVY_EXIT_CODE is 0 and never fails", c.at
	}
	return "", c.at
}

func gateNoExitCode(a *audit) {
	for _, j := range a.Jobs {
		calls := a.calls(j)
		for _, c := range calls {
			why, _ := a.switchedOff(c)
			if c.linter || c.fails || c.settled || why != "" || canFail(calls, c) {
				continue
			}
			a.report(j, c.at, "%s exits 0 whatever it finds without %s, and no other step of the job fails", c.tool, c.how)
			break
		}
	}
}

func gateUnfixable(a *audit) {
	for _, j := range a.Jobs {
		for _, c := range a.calls(j) {
			if c.fails && !c.fixable && !c.linter && !c.settled && c.howFixable != "" {
				a.report(j, c.at, "%s fails on vulnerabilities without a fix: add %s", c.tool, c.howFixable)
			}
		}
	}
}
