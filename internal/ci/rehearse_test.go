package ci

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// rehearsed runs the job of a workflow twice, with a stand-in of a scanner that says
// what plimsoll gate says.
func rehearsed(t *testing.T, source string) ([]*CaseResult, Conclusion) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil || runtime.GOOS == "windows" {
		t.Skip("no bash here")
	}
	w, err := Read("w.yml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	j, err := w.GateJob("")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	fake := "#!/bin/sh\ncase \"$2\" in bad) echo 'GATE FAILED: 1 reason'; echo; echo 'HIGH      a fix exists: CVE-2024-1 in'; echo '          openssl [fixable]'; echo '          → upgrade [now]'; exit 1;; fixed) echo 'GATE PASSED';; *) exit 3;; esac\n"
	if err := os.WriteFile(filepath.Join(bin, "plimsoll"), []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "there"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := &Rehearsal{Workflow: w, Job: j, Scratch: t.TempDir(), Path: bin, Env: map[string]string{"PATH": os.Getenv("PATH")}}
	var results []*CaseResult
	for _, image := range []string{"bad", "fixed"} {
		c := &Case{Name: image, Env: map[string]string{"GATE_IMAGE": image}, Context: folder, Files: map[string]string{"docker/Dockerfile": "FROM a\n"}}
		result, err := r.Run(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, result)
	}
	return results, Conclude(results)
}

func workflow(steps string) string {
	return "on: pull_request\nenv:\n  GATE_IMAGE: app\n  OTHER: word\njobs:\n  gate:\n    steps:\n" + steps
}

const gateStep = "    - id: gate\n      run: plimsoll gate \"$GATE_IMAGE\"\n"

func TestRehearsal(t *testing.T) {
	for _, c := range []struct {
		name, steps string
		flips       bool
		why         string
	}{
		{"a sound gate flips", gateStep, true, "red where it must be"},
		{"a gate that swallows its status stays green", "    - run: plimsoll gate \"$GATE_IMAGE\" || true\n", false, "bad: the gate stays green"},
		{"continue-on-error leaves the job green", strings.Replace(gateStep, "run:", "continue-on-error: true\n      run:", 1), false, "bad: the gate finds something and the job stays green"},
		{"a pipe without pipefail swallows it", "    - run: plimsoll gate \"$GATE_IMAGE\" | cat\n", false, "stays green"},
		{"shell bash sets pipefail", "    - shell: bash\n      run: plimsoll gate \"$GATE_IMAGE\" | cat\n", true, ""},
		{"a gate that can't judge is no gate", "    - run: plimsoll gate nonsense\n", false, "not for what it found: exit status 3"},
		{"a missing program is no reason", "    - run: |\n        no-such-program\n        plimsoll gate \"$GATE_IMAGE\"\n", false, "exit status 127"},
		{"another step's failure is no reason", "    - run: exit 9\n" + gateStep, false, "which is no gate (exit status 9)"},
		{"a gate that is skipped was never run", "    - if: ${{ env.OTHER == 'another' }}\n      run: plimsoll gate \"$GATE_IMAGE\"\n", false, "never run"},
		{"one that looks at another image stays green", "    - run: plimsoll gate fixed\n", false, "stays green"},
		{"files of the checkout are there", "    - uses: actions/checkout@x\n    - run: test -f there && test -f docker/Dockerfile\n" + gateStep, true, ""},
		{"variables and folders reach later steps", "    - id: a\n      run: |\n        echo A=1 >> \"$GITHUB_ENV\"\n        printf 'B<<E\\nx\\ny\\nE\\n' >> \"$GITHUB_ENV\"\n        echo c=2 >> \"$GITHUB_OUTPUT\"\n        mkdir -p \"$RUNNER_TEMP/bin\"\n        printf '#!/bin/sh\\n' > \"$RUNNER_TEMP/bin/mine\"\n        chmod +x \"$RUNNER_TEMP/bin/mine\"\n        echo \"$RUNNER_TEMP/bin\" >> \"$GITHUB_PATH\"\n" +
			"    - run: mine && test \"$A$B\" = \"$(printf '1x\\ny')\" && test '${{ steps.a.outputs.c }}' = 2\n" + gateStep, true, ""},
		{"reports follow a red gate", gateStep + "    - if: ${{ !cancelled() && steps.gate.outcome != 'skipped' }}\n      run: echo >> \"$GITHUB_STEP_SUMMARY\"\n", true, ""},
		{"a report that fails is no gate", gateStep + "    - if: always()\n      run: exit 4\n", false, "which is no gate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			results, got := rehearsed(t, workflow(c.steps))
			if got.Flips != c.flips || !strings.Contains(got.Why, c.why) {
				t.Errorf("flips %v: %s; want %v: %s\n%+v", got.Flips, got.Why, c.flips, c.why, results[0].Steps)
			}
			if c.flips && !slices.Equal(got.Reasons[0], []string{"a fix exists: CVE-2024-1 in openssl [fixable]"}) {
				t.Errorf("the reasons are %q", got.Reasons[0])
			}
		})
	}
}

// A rehearsal starts from what it is given and from nothing else.
func TestRehearsalHidesTheCallersEnvironment(t *testing.T) {
	t.Setenv("A_TOKEN_OF_MINE", "x")
	_, got := rehearsed(t, workflow("    - run: test -z \"$A_TOKEN_OF_MINE\"\n"+gateStep))
	if !got.Flips {
		t.Error(got.Why)
	}
}

func TestExpressionsOfConditions(t *testing.T) {
	f := &facts{values: map[string]string{
		"env.A": "x", "env.EMPTY": "", "github.event_name": "pull_request", "steps.gate.outcome": "failure", "github.repository": "o/r",
	}, failed: true}
	for text, want := range map[string]bool{
		"":                            false,
		"always()":                    true,
		"${{ !cancelled() }}":         true,
		"failure()":                   true,
		"success() || failure()":      true,
		"env.A == 'x'":                false, // success() is meant as well
		"always() && env.A == 'X'":    true,
		"always() && env.EMPTY == ''": true,
		"always() && env.NONE != ''":  false,
		"always() && !(env.A == 'y' || env.A == 'z')":          true,
		"always() && steps.gate.outcome == 'failure'":          true,
		"always() && github.event_name == 'pull_request'":      true,
		"always() && 'it''s' == 'it''s' && github.event_name":  true,
		"${{ always() && steps.none.outcome != 'skipped' }}":   true,
		"always() && true != false && 1 == 1 && null != 'a b'": true,
	} {
		got, err := f.condition(text)
		if err != nil || got != want {
			t.Errorf("%s is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"hashFiles('a')", "github.token", "a b", "(always()", "'open", "contains(github.ref, 'x')", "${{ true }} and ${{ true }}", strings.Repeat("(", 1000)} {
		if _, err := f.condition(text); err == nil {
			t.Errorf("%s is taken", oneLine(text))
		}
	}
}

func FuzzCondition(f *testing.F) {
	for _, s := range []string{"${{ !cancelled() && steps.a.outcome == 'x' }}", "always()", "((a.b))", "'x'''", "!!!x != !y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		facts := &facts{values: map[string]string{"env.A": "x"}}
		_, _ = facts.condition(text)
		_, _ = facts.fill(text)
	})
}
