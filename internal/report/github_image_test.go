package report

import (
	"regexp"
	"strings"
	"testing"

	"plimsoll/internal/verdict"
)

// command is a workflow command as GitHub parses it: one line, a level, properties
// without raw colons, a message.
var command = regexp.MustCompile(`^::(error|warning|notice) title=[^:,\r\n]*::[^\r\n]*$`)

func TestAnnotationsAreWorkflowCommandsOfOurOwn(t *testing.T) {
	for name, r := range formReports() {
		out := string(render(t, "github", r, Options{}))
		levels := map[string]int{}
		for line := range strings.Lines(out) {
			line = strings.TrimSuffix(line, "\n")
			m := command.FindStringSubmatch(line)
			if m == nil {
				t.Errorf("%s: %q is no command", name, line)
				continue
			}
			levels[m[1]]++
			for _, c := range line {
				if obeyed(c) || c < ' ' {
					t.Errorf("%s: %U in %q", name, c, line)
				}
			}
			if strings.Contains(line, "##[") {
				t.Errorf("%s: a command within %q", name, line)
			}
		}
		for level, n := range levels {
			if n > 10 {
				t.Errorf("%s: %d annotations of level %s, GitHub shows 10", name, n, level)
			}
		}
	}
}

func TestAnnotationsShowEveryKind(t *testing.T) {
	r := full()
	v := &r.Verdicts[0]
	all := imageAnnotations(v, "image")
	for _, kind := range kinds {
		found := false
		for _, a := range all {
			found = found || strings.Contains(a.title, ": "+kind+",") || kind == kindVulnerability && strings.Contains(a.title, "vulnerabilit")
			if a.message == "" {
				t.Errorf("%q has no message", a.title)
			}
		}
		if !found {
			t.Errorf("no annotation of kind %q", kind)
		}
	}
}

func TestAnnotationsSayWhatTheyLeaveOut(t *testing.T) {
	out := string(render(t, "github", many(3000), Options{}))
	if n := strings.Count(out, "::error "); n != 10 {
		t.Errorf("%d errors", n)
	}
	// The verdict, the root user and a thousand packages to upgrade, of which nine are shown.
	if !strings.Contains(out, "::993 more of this level") {
		t.Errorf("does not say how many are left out:\n%s", out)
	}
}

func TestAnIncompleteScanIsAnError(t *testing.T) {
	out := string(render(t, "github", incomplete(), Options{}))
	if !strings.HasPrefix(out, "::error title=damaged.tar (linux/arm64/v8)::INCOMPLETE") || !strings.Contains(out, "gate failed") {
		t.Errorf("%s", out)
	}
	if out := string(render(t, "github", &verdict.Report{Verdicts: empty().Verdicts}, Options{})); !strings.HasPrefix(out, "::notice ") {
		t.Errorf("%s", out)
	}
}
