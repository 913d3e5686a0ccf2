package hygiene

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// formRules are about how a Dockerfile is written.
func formRules() []Rule {
	const checks = "https://docs.docker.com/reference/build-checks/"
	return []Rule{
		{
			ID: "builder-refuses", Title: "the builder does not accept this", Severity: advisory.Medium, Category: Form,
			Peers:  Peers{Hadolint: []string{"DL3043", "DL3061"}},
			Why:    "docker build stops here: no image can be built, and what stands behind it was never tried.",
			Remedy: "Mend the instruction as the message says.",
			Source: "https://docs.docker.com/reference/dockerfile/",
			Reach:  Alike,
			Check: func(l *Lint) {
				for _, r := range l.File.Refused {
					const longest = 200
					reason := r.Reason
					if len(reason) > longest {
						reason = strings.ToValidUTF8(reason[:longest], "") + "…"
					}
					l.Report(r.Instruction, "the builder refuses it: %s", reason)
				}
			},
			Bad: []Sample{
				file("FROM a:1\nONBUILD FROM b:1\n"), file("FROM a:1\nONBUILD ONBUILD RUN x\n"), file("FROM a:1\nONBUILD MAINTAINER x\n"), file("RUN x\nFROM a:1\n"), file("FROM a:1\nCPOY a b\n"),
				file("FROM a:1\nCOPY --form=b a b\n"),
			},
			Good: []Sample{file("FROM a:1\nONBUILD RUN x\n"), file("ARG A=1\nFROM a:$A\n"), file("# syntax=docker/dockerfile:1\n\nFROM a:1\nRUN --mount=type=cache,target=/c x\n"), file("FROM a:1\nHEALTHCHECK NONE\n")},
		},
		{
			ID: "legacy-key-value", Title: "a value is set in the old form, without an equals sign", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{BuildKit: []string{"LegacyKeyValueFormat"}},
			Why:    "Everything behind the name is one value: a second name on the line silently becomes part of it.",
			Remedy: "Write name=value.",
			Source: checks + "legacy-key-value-format/",
			Check: func(l *Lint) {
				for _, in := range l.All("env", "label") {
					for _, p := range in.Pairs() {
						if p.Legacy && p.Value != "" {
							l.Report(in, "%s %s is written without an equals sign", upper(in.Keyword), p.Name).Edits = modernise(in, p)
						}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nENV A b\n"), file("FROM a:1\nENV A b c=d\n"), file("FROM a:1\nLABEL x \"y z\"\n"), file("FROM a:1\nONBUILD ENV A b\n"), file("FROM a:1\nENV A=b\nENV C \\\n  d\n")},
			Good: []Sample{file("FROM a:1\nENV A=b\n"), file("FROM a:1\nENV A=\"b c\" D=e\n"), file("FROM a:1\nLABEL \"x y\"=z\n"), file("FROM a:1\nARG A\n")},
		},
		{
			ID: "continuation-empty-line", Title: "an empty line stands within an instruction", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{BuildKit: []string{"NoEmptyContinuation"}},
			Why:    "The builder goes on reading behind it, though it looks as if the instruction had ended; a later version will refuse it.",
			Remedy: "Delete the empty line, or write a comment there.",
			Source: checks + "no-empty-continuation/",
			Check: func(l *Lint) {
				for _, in := range l.All() {
					if len(in.EmptyLines) == 0 || in.Within != nil {
						continue
					}
					f := l.At(in, l.File.LineRange(in.EmptyLines[0], in.EmptyLines[len(in.EmptyLines)-1]), "the instruction goes on behind an empty line")
					for _, line := range in.EmptyLines {
						if l.File.LineStart(line+1) > l.File.LineStart(line) {
							f.Edits = append(f.Edits, Edit{l.File.LineStart(line), l.File.LineStart(line + 1), ""})
						}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nRUN a && \\\n\n  b\n"), file("FROM a:1\nENV A=b \\\n   \n  C=d \\\n\n  E=f\n")},
			Good: []Sample{file("FROM a:1\nRUN a && \\\n  # why\n  b\n"), file("FROM a:1\n\nRUN a\n"), file("FROM a:1\nRUN <<EOF\na\n\nb\nEOF\n")},
		},
		{
			ID: "maintainer", Title: "MAINTAINER is no longer used", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{Hadolint: []string{"DL4000"}, Trivy: []string{"DS-0022"}, BuildKit: []string{"MaintainerDeprecated"}},
			Why:    "The instruction is deprecated; a label says the same and can be read like every other.",
			Remedy: "Write LABEL org.opencontainers.image.authors=….",
			Source: "https://docs.docker.com/reference/dockerfile/#maintainer-deprecated",
			Check: func(l *Lint) {
				for _, in := range l.All("maintainer") {
					f := l.Report(in, "a label says who made the image")
					text := in.Args.String
					if in.StartLine == in.EndLine && in.Within == nil && text != "" && !strings.ContainsAny(text, "\"'\\`$") {
						from, to := in.Text.Trim().Offsets()
						f.Edits = []Edit{{from, to, likeWritten(in.Written, "label") + ` org.opencontainers.image.authors="` + text + `"`}}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nMAINTAINER A B <a@example.com>\n"), file("FROM a:1\nmaintainer x\n")},
			Good: []Sample{file("FROM a:1\nLABEL maintainer=x\n"), file("FROM a:1\n# MAINTAINER x\n")},
		},
		{
			ID: "description-comment", Title: "a comment is no description of the stage or argument below it", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{BuildKit: []string{"InvalidDefinitionDescription"}},
			Why:    "docker build --call=outline shows the comment above a stage or an ARG as its description, if it begins with the name.",
			Remedy: "Begin the comment with the name, or put an empty line below it.",
			Source: checks + "invalid-definition-description/",
			Check:  checkDescriptions,
			Bad:    []Sample{file("# builds the app\nFROM a:1 AS build\n"), file("FROM a:1\n# the version\nARG VERSION\n"), file("FROM a:1\n# other is nothing\nARG A B\n")},
			Good:   []Sample{file("# build makes the app\nFROM a:1 AS build\n"), file("# the base\n\nFROM a:1 AS build\n"), file("# the base\nFROM a:1\n"), file("FROM a:1\n# VERSION of the app\nARG VERSION=1\n"), file("# syntax=docker/dockerfile:1\nFROM a:1 AS build\n"), file("# hadolint ignore=DL3006\nFROM a AS build\n"), file("FROM a:1\n# B is\nARG A B\n"), file("FROM a:1\n#\nARG A\n")},
		},
	}
}

// modernise writes "name value" as name=value, where no quote or escape could be read
// in another way then.
func modernise(in *dockerfile.Instruction, p dockerfile.Pair) []Edit {
	_, from := p.NameText.Offsets()
	to, end := p.ValueText.Offsets()
	if from >= to || to > len(in.File.Source) || strings.Trim(string(in.File.Source[from:to]), " \t") != "" {
		return nil // a line break or a comment lies between
	}
	v := p.Value
	plain := !strings.ContainsAny(v, " \t\"'\\`#")
	quoted := len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] && !strings.ContainsAny(v[1:len(v)-1], "\"'\\`")
	switch {
	case strings.ContainsAny(p.Name, "\"'\\`"):
		return nil
	case plain || quoted:
		return []Edit{{from, to, "="}}
	case !strings.ContainsAny(v, "\"'\\`"):
		return []Edit{{from, to, `="`}, {end, end, `"`}}
	}
	return nil
}

// checkDescriptions reads the comment line directly above.
func checkDescriptions(l *Lint) {
	above := map[int]string{}
	for _, c := range l.File.Comments {
		if !c.Within {
			above[c.Line] = c.Text
		}
	}
	directives := map[int]bool{}
	for _, d := range l.File.Directives {
		directives[d.Range.Start.Line] = true
	}
	for _, in := range l.All("from", "arg") {
		text := above[in.StartLine-1]
		if text == "" || in.Within != nil || directives[in.StartLine-1] || isPragma(text) {
			continue
		}
		var names []string
		if in.Keyword == "from" {
			if in.Stage == nil || in.Stage.Name == "" {
				continue
			}
			names = append(names, in.Stage.Name)
		} else {
			for _, p := range in.Pairs() {
				names = append(names, p.Name)
			}
		}
		first, _, _ := strings.Cut(text, " ")
		if len(names) > 0 && !slices.Contains(names, first) {
			l.At(in, l.File.LineRange(in.StartLine-1, in.StartLine-1), "the comment above %s does not begin with its name", names[0])
		}
	}
}

// isPragma tells whether a comment speaks to a tool.
func isPragma(text string) bool {
	return slices.ContainsFunc([]string{"hadolint", "trivy:", "check=", "plimsoll", "shellcheck", "checkov:", "renovate:", "nosemgrep", "kics-scan", "syntax=", "escape="}, func(tool string) bool {
		return strings.HasPrefix(strings.ToLower(text), tool)
	})
}
