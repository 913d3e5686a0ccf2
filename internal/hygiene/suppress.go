package hygiene

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/dockerfile"
)

// ignore is one comment that lifts rules.
type ignore struct {
	// by is whose form it is: "plimsoll", "hadolint", "trivy", "docker".
	by   string
	line int
	// rules are as written; all lifts every rule.
	rules []string
	all   bool
	// instruction is what it holds for; nil for the whole file.
	instruction *dockerfile.Instruction
	reason      string
	until       string
	// wrong says why it lifts nothing; expired that its day has passed.
	wrong   string
	expired bool
	used    bool
}

// The forms, as their programs document them:
// https://github.com/hadolint/hadolint#ignoring-rules,
// https://trivy.dev/docs/latest/scanner/misconfiguration/custom/ and its page on
// filtering ("By Inline Comments"),
// https://docs.docker.com/reference/dockerfile/#check.
var (
	reHadolint = regexp.MustCompile(`^hadolint\s+(global\s+)?ignore\s*=\s*([A-Za-z0-9,\s]+?)\s*$`)
	reTrivy    = regexp.MustCompile(`trivy:ignore:([A-Za-z0-9*-]+)((?::[a-z]+:[^\s:]+)*)`)
	reDocker   = regexp.MustCompile(`^check\s*=\s*(.+?)\s*$`)
	reOurs     = regexp.MustCompile(`^plimsoll:ignore(-file)?(?:\s+(.*))?$`)
	reOption   = regexp.MustCompile(`^(?:([a-z]+)=)?("[^"]*"|'[^']*'|\S+)\s*`)
)

// maxIgnores bounds what is kept of a file's comments.
const maxIgnores = 10_000

// readIgnores reads every comment.
func (l *Lint) readIgnores() []*ignore {
	var all []*ignore
	for i := range l.File.Comments {
		c := &l.File.Comments[i]
		for _, ig := range l.readIgnore(c) {
			ig.line = c.Line
			if all = append(all, ig); len(all) >= maxIgnores {
				return all
			}
		}
	}
	return all
}

func (l *Lint) readIgnore(c *dockerfile.Comment) []*ignore {
	if m := reHadolint.FindStringSubmatch(c.Text); m != nil {
		ig := &ignore{by: "hadolint", rules: list(m[2]), instruction: c.Instruction}
		if m[1] != "" {
			ig.instruction = nil
		}
		return []*ignore{ig}
	}
	if m := reOurs.FindStringSubmatch(c.Text); m != nil {
		ig := l.ours(m[2])
		if ig.instruction = c.Instruction; m[1] != "" {
			ig.instruction = nil
		}
		return []*ignore{ig}
	}
	if m := reDocker.FindStringSubmatch(c.Text); m != nil {
		return dockerChecks(m[1], l.isDirective(c), c.Instruction)
	}
	var all []*ignore
	for _, m := range reTrivy.FindAllStringSubmatch(c.Text, -1) {
		ig := &ignore{by: "trivy", rules: []string{trivyID(m[1])}, all: m[1] == "*", instruction: c.Instruction}
		if _, exp, ok := strings.Cut(m[2], ":exp:"); ok {
			exp, _, _ = strings.Cut(exp, ":")
			l.expire(ig, exp)
		}
		all = append(all, ig)
	}
	return all
}

// isDirective tells the parser directive at the top from a comment elsewhere.
func (l *Lint) isDirective(c *dockerfile.Comment) bool {
	d, ok := l.File.Directives["check"]
	return ok && d.Range.Start.Line == c.Line
}

// dockerChecks reads "skip=A,B;error=true".
func dockerChecks(value string, directive bool, in *dockerfile.Instruction) []*ignore {
	for _, option := range strings.Split(value, ";") {
		name, skip, _ := strings.Cut(option, "=")
		if strings.TrimSpace(name) != "skip" {
			continue
		}
		ig := &ignore{by: "docker", rules: list(skip), instruction: in}
		ig.all = slices.Contains(ig.rules, "all")
		if directive {
			ig.instruction = nil
		}
		return []*ignore{ig}
	}
	return nil
}

// trivyID is an identifier in Trivy's present form: AVD-DS-0002, DS002 and DS-0002
// are the same.
func trivyID(id string) string {
	id = strings.TrimPrefix(strings.ToUpper(id), "AVD-")
	if digits, ok := strings.CutPrefix(id, "DS"); ok {
		if digits = strings.TrimPrefix(digits, "-"); len(digits) < 4 {
			digits = strings.Repeat("0", 4-len(digits)) + digits
		}
		return "DS-" + digits
	}
	return id
}

// ours reads "rule,rule until=2027-01-31 reason="…"".
func (l *Lint) ours(text string) *ignore {
	ig := &ignore{by: "plimsoll"}
	for rest := strings.TrimSpace(text); rest != ""; {
		m := reOption.FindStringSubmatch(rest)
		if m == nil {
			break
		}
		rest = rest[len(m[0]):]
		value := strings.Trim(m[2], `"'`)
		switch m[1] {
		case "":
			ig.rules = append(ig.rules, list(value)...)
		case "reason":
			ig.reason = value
		case "until":
			l.expire(ig, value)
		default:
			ig.wrong = "does not know " + m[1] + "="
		}
	}
	switch {
	case ig.wrong != "":
	case len(ig.rules) == 0:
		ig.wrong = "names no rule"
	case strings.TrimSpace(ig.reason) == "":
		ig.wrong = `gives no reason="…"`
	case ig.until == "":
		ig.wrong = "has no until=YYYY-MM-DD"
	}
	return ig
}

// expire sets the last day on which the comment holds.
func (l *Lint) expire(ig *ignore, day string) {
	last, err := time.Parse(time.DateOnly, day)
	if err != nil {
		ig.wrong = "has a date that is not of the form YYYY-MM-DD"
		return
	}
	ig.until = day
	ig.expired = !l.Now.IsZero() && l.Now.After(last.AddDate(0, 0, 1))
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// names tells whether the comment names the rule.
func (ig *ignore) names(r *Rule) bool {
	for _, id := range ig.rules {
		switch ig.by {
		case "plimsoll":
			if id == r.ID {
				return true
			}
		case "hadolint":
			if slices.Contains(r.Peers.Hadolint, strings.ToUpper(id)) {
				return true
			}
		case "trivy":
			if slices.Contains(r.Peers.Trivy, id) {
				return true
			}
		case "docker":
			if slices.Contains(r.Peers.BuildKit, id) {
				return true
			}
		}
	}
	if !ig.all {
		return false
	}
	switch ig.by {
	case "trivy":
		return len(r.Peers.Trivy) > 0
	case "docker":
		return len(r.Peers.BuildKit) > 0
	}
	return false
}

// suppress marks the findings that a comment lifts.
func (l *Lint) suppress(rules []Rule) {
	if len(l.ignores) == 0 {
		return
	}
	byID := map[string]*Rule{}
	for i := range rules {
		byID[rules[i].ID] = &rules[i]
	}
	byInstruction := map[int][]*ignore{}
	const wholeFile = -1
	for _, ig := range l.ignores {
		at := wholeFile
		if ig.instruction != nil {
			at = ig.instruction.Index
		}
		byInstruction[at] = append(byInstruction[at], ig)
	}
	for i := range l.findings {
		f := &l.findings[i]
		r := byID[f.Rule]
		if r == nil || r.Category == Suppressions {
			continue
		}
		for _, ig := range slices.Concat(byInstruction[f.at], byInstruction[wholeFile]) {
			if ig.wrong != "" || !ig.names(r) {
				continue
			}
			if ig.used = true; ig.expired || f.Suppressed != nil {
				continue
			}
			f.Suppressed = &Suppression{By: ig.by, Line: ig.line, Reason: ig.reason, Until: ig.until}
		}
	}
}
