package hygiene

import (
	"strings"

	"plimsoll/internal/advisory"
)

// suppressionRules are about the comments that lift other rules. They are asked
// last, when it is known which comments lift something.
func suppressionRules() []Rule {
	return []Rule{
		{
			ID: "ignore-used", Title: "a comment lifts a rule of another linter", Severity: advisory.Negligible, Category: Suppressions,
			Peers:  Peers{Hadolint: []string{"DL1001"}},
			Why:    "A comment of another linter's form lifts a rule for ever, and says neither why nor until when.",
			Remedy: `Where the exception has a reason, write it: # plimsoll:ignore RULE until=YYYY-MM-DD reason="…".`,
			Check: func(l *Lint) {
				for _, ig := range l.ignores {
					if ig.by != "plimsoll" && ig.wrong == "" {
						l.atLine(ig, "%s's comment lifts %s", ig.by, strings.Join(ig.rules, ", "))
					}
				}
			},
			Bad: []Sample{
				file("# hadolint ignore=DL3006\nFROM a\n"), file("# hadolint global ignore=DL3006\nFROM a\n"),
				file("#trivy:ignore:DS-0001\nFROM a\n"), file("# check=skip=JSONArgsRecommended\nFROM a:1\n"),
			},
			Good: []Sample{file("# hadolint is fine with this\nFROM a\n"), file("# plimsoll:ignore base-no-tag until=2027-01-01 reason=\"built here\"\nFROM a\n")},
		},
		{
			ID: "ignore-malformed", Title: "a comment lifts nothing", Severity: advisory.Low, Category: Suppressions,
			Why:    "Whoever wrote it believes that the rule is lifted. A comment of ours has to name rules, a reason and a last day, so that nobody has to ask later.",
			Remedy: `Write # plimsoll:ignore RULE[,RULE] until=YYYY-MM-DD reason="…".`,
			Check: func(l *Lint) {
				for _, ig := range l.ignores {
					if ig.wrong != "" {
						l.atLine(ig, "the comment %s, so it lifts nothing", ig.wrong)
						continue
					}
					for _, id := range ig.rules {
						if ig.by == "plimsoll" && !l.known[id] {
							l.atLine(ig, "there is no rule %q", id)
						}
					}
				}
			},
			Bad: []Sample{
				file("# plimsoll:ignore\nFROM a\n"), file("# plimsoll:ignore base-latest until=2027-01-01\nFROM a:latest\n"),
				file("# plimsoll:ignore base-latest reason=\"x\"\nFROM a:latest\n"), file("# plimsoll:ignore base-latest reason=x until=soon\nFROM a:latest\n"),
				file("# plimsoll:ignore no-such-rule reason=x until=2027-01-01\nFROM a:latest\n"),
			},
			Good: []Sample{file("# plimsoll:ignore base-latest until=2027-01-01 reason=\"a mirror\"\nFROM a:latest\n")},
		},
		{
			ID: "ignore-expired", Title: "an exception has expired", Severity: advisory.Medium, Category: Suppressions,
			Why:    "The exception was granted up to a day that has passed, so the rule holds again.",
			Remedy: "Mend what the rule asks for, or renew the exception with a new day and a reason that still holds.",
			Check: func(l *Lint) {
				for _, ig := range l.ignores {
					if ig.expired && ig.wrong == "" && ig.used {
						l.atLine(ig, "the exception for %s ended on %s", strings.Join(ig.rules, ", "), ig.until)
					}
				}
			},
			Bad: []Sample{
				file("# plimsoll:ignore base-latest until=2026-01-01 reason=\"a mirror\"\nFROM a:latest\n"),
				file("#trivy:ignore:DS-0001:exp:2026-01-01\nFROM a:latest\n"),
			},
			Good: []Sample{file("# plimsoll:ignore base-latest until=2027-01-01 reason=\"a mirror\"\nFROM a:latest\n")},
		},
		{
			ID: "ignore-unused", Title: "an exception is not needed any more", Severity: advisory.Negligible, Category: Suppressions,
			Why:    "What the comment lifts is not there; left in place, it would hide the next one.",
			Remedy: "Remove the comment.",
			Check: func(l *Lint) {
				for _, ig := range l.ignores {
					if ig.by == "plimsoll" && ig.wrong == "" && !ig.used {
						l.atLine(ig, "nothing here breaks %s", strings.Join(ig.rules, ", "))
					}
				}
			},
			Bad:  []Sample{file("# plimsoll:ignore base-latest until=2027-01-01 reason=\"x\"\nFROM a:1\n")},
			Good: []Sample{file("# plimsoll:ignore base-latest until=2027-01-01 reason=\"x\"\nFROM a:latest\n")},
		},
	}
}

// atLine reports a comment.
func (l *Lint) atLine(ig *ignore, format string, args ...any) {
	f := l.At(ig.instruction, l.File.LineRange(ig.line, ig.line), format, args...)
	f.Instruction = ""
}
