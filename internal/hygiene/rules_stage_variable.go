package hygiene

import (
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/util/suggest"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// variableRules are about variables that hold something else than is meant.
func variableRules() []Rule {
	const checks = "https://docs.docker.com/reference/build-checks/"
	return []Rule{
		{
			ID: "variable-undefined", Title: "a variable is not defined", Severity: advisory.Low, Category: Stages,
			Peers:  Peers{BuildKit: []string{"UndefinedVar"}},
			Why:    "The builder puts nothing in its place: a path becomes another path, a version becomes any.",
			Remedy: "Declare it with ARG or ENV in the same stage; an ARG before the first FROM has to be repeated after it.",
			Source: checks + "undefined-var/",
			Check:  checkUndefined,
			Bad: []Sample{
				file("FROM debian:13\nARG VERSION=1\nCOPY app-$VERSOIN /app\n"), file("ARG VERSION=1\nFROM debian:13\nLABEL version=$VERSION\n"), file("FROM debian:13\nENV A=$HOME/x\n"), file("FROM debian:13\nWORKDIR $APP_DIR\n"),
				file("FROM debian:13 AS a\nARG X=1\nFROM debian:13\nENV Y=${X}\n"), file("FROM scratch\nUSER ${APP_UID}\n"),
			},
			Good: []Sample{
				file("FROM debian:13\nARG V\nENV A=$V\n"), file("FROM debian:13\nENV PATH=/x:$PATH\n"), file("FROM debian:13\nENV A=${B:-c}\n"), file("FROM debian:13\nENV A=${B:+c} C='$D' E=\\$F\n"), file("FROM debian:13\nRUN echo $X\n"),
				file("FROM debian:13\nARG TARGETARCH\nCOPY a-$TARGETARCH /a\n"), file("FROM debian:13\nARG A=$HTTP_PROXY\n"), file("FROM debian:13\nENV DB_PASSWORD=hT7q$Zk2mWv9x\n"), file("ARG V=1\nFROM debian:13\nARG V\nENV A=$V\n"), file("FROM golang:1.26\nWORKDIR $GOPATH/src\n"),
			},
		},
		{
			ID: "from-arg-undefined", Title: "FROM uses a variable that is not declared", Severity: advisory.Medium, Category: Stages,
			Peers:  Peers{BuildKit: []string{"UndefinedArgInFrom"}},
			Why:    "FROM knows only what an ARG before the first FROM declares, and what the builder sets: anything else is empty, and another image or none is meant.",
			Remedy: "Declare it with ARG before the first FROM.",
			Source: checks + "undefined-arg-in-from/",
			Check: func(l *Lint) {
				declared := []string{}
				for _, in := range l.File.Args {
					for _, p := range in.Pairs() {
						if len(declared) < maxOptions {
							declared = append(declared, p.Name)
						}
					}
				}
				suggested := 0
				for _, s := range l.File.Stages {
					words := []string{s.Base}
					if flag, ok := platformFlag(s); ok {
						words = append(words, flag.Value)
					}
					for _, word := range words {
						for _, name := range undefined(s.From, word) {
							near := ""
							if suggested++; suggested <= maxSuggested {
								near = meant(name, declared)
							}
							l.Report(s.From, "$%s is declared by no ARG before the first FROM%s", name, near)
						}
					}
				}
			},
			Bad:  []Sample{file("FROM python:$VERSION\n"), file("FROM a:1\nARG V=1\nFROM b:$V\n"), file("ARG VARIANT=slim\nFROM python:3-${VARIENT}\n"), file("FROM --platform=$PLATFORM a:1\n")},
			Good: []Sample{file("ARG V=1\nFROM b:$V\n"), file("ARG V\nFROM b:$V\n"), file("FROM --platform=$BUILDPLATFORM a:1\n"), file("FROM a:${V:-1}\n"), file("FROM a:1-$TARGETARCH\n")},
		},
		{
			ID: "from-arg-default", Title: "without a build argument FROM names no image", Severity: advisory.Negligible, Category: Stages,
			Peers:  Peers{BuildKit: []string{"InvalidDefaultArgInFrom"}},
			Why:    "docker build without --build-arg fails, and a scanner can't tell what the image is built on.",
			Remedy: "Give the ARG a default that works.",
			Source: checks + "invalid-default-arg-in-from/",
			Check: func(l *Lint) {
				for _, s := range l.File.Stages {
					if s.Known || len(undefined(s.From, s.Base)) > 0 {
						continue
					}
					if !namesImage(variableUse.ReplaceAllStringFunc(strings.Trim(s.Image, `"`), substitute)) {
						l.Report(s.From, "%s names no image unless its argument is given", s.Base)
					}
				}
			},
			Bad:  []Sample{file("ARG BASE\nFROM $BASE\n"), file("ARG TAG\nFROM busybox:${TAG}\n"), file("ARG D\nFROM a@$D\n")},
			Good: []Sample{file("ARG BASE=debian:13\nFROM $BASE\n"), file("ARG SUFFIX\nFROM busybox:1.36$SUFFIX\n"), file("FROM a:1\n"), file("FROM a:1-$TARGETARCH\n"), file("ARG V\nFROM a:${V:-25}\n")},
		},
		{
			ID: "env-self-reference", Title: "ENV uses a variable that the same line sets", Severity: advisory.Low, Category: Stages,
			Peers:  Peers{Hadolint: []string{"DL3044"}},
			Why:    "All values of one ENV are filled in before any is set: the variable still has its old value, or none.",
			Remedy: "Write two ENV instructions.",
			Source: "https://docs.docker.com/reference/dockerfile/#environment-replacement",
			Check:  checkSelfReference,
			Bad:    []Sample{file("FROM a:1\nENV A=/x B=$A/y\n"), file("FROM a:1\nENV A=/x \\\n  PATH=${A}/bin:$PATH\n"), file("FROM a:1\nENV B=\"$A/y\" A=/x\n")},
			Good:   []Sample{file("FROM a:1\nENV A=/x\nENV B=$A/y\n"), file("FROM a:1\nENV PATH=/x:$PATH\n"), file("FROM a:1\nENV A=/x\nENV A=/z B=$A/y\n"), file("FROM a:1\nENV A=/x B='$A'\n"), file("FROM a:1\nARG A=/x\nENV A=$A B=$A\n"), file("FROM a:1\nENV A=/x AB=$AB\n")},
		},
	}
}

// variableUse is a variable as it stands in a word.
var variableUse = regexp.MustCompile(`\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(:?[-+?][^}]*|[#%/][^}]*)?\}|([A-Za-z_][A-Za-z0-9_]*))`)

// undefined are the variables of a word that nothing in the file sets. Those with a
// substitute of their own (${A:-b}) are not meant to be.
func undefined(in *dockerfile.Instruction, word string) []string {
	if !strings.Contains(word, "$") {
		return nil
	}
	missing := in.Missing(word)
	if len(missing) == 0 {
		return nil
	}
	plain := map[string]bool{}
	for _, m := range variableUse.FindAllStringSubmatch(word, -1) {
		if m[3] != "" {
			plain[m[3]] = true
		} else if m[2] == "" || !strings.ContainsAny(m[2][:min(2, len(m[2]))], "-+?") {
			plain[m[1]] = true
		}
	}
	return slices.DeleteFunc(missing, func(name string) bool { return !plain[name] })
}

// maxOptions bounds the names among which a near one is looked for.
const maxOptions = 200

func meant(name string, options []string) string {
	if len(name) < 4 || len(name) > 60 {
		return ""
	}
	if near, ok := suggest.Search(name, options, true); ok {
		return ", is $" + near + " meant?"
	}
	return ""
}

// checkUndefined looks where the builder fills variables in
// (https://docs.docker.com/reference/dockerfile/#environment-replacement).
func checkUndefined(l *Lint) {
	var names []string
	globals := map[string]bool{}
	for _, in := range l.File.Args {
		for _, p := range in.Pairs() {
			globals[p.Name] = true
		}
	}
	plain := plainRoots(l)
	stage, suggested := (*dockerfile.Stage)(nil), 0
	for _, in := range l.All("arg", "env", "copy", "add", "label", "expose", "user", "workdir", "volume", "stopsignal") {
		if in.Stage == nil || in.Within != nil {
			continue
		}
		if in.Stage != stage {
			stage, names = in.Stage, nil
		}
		report := func(word dockerfile.Text, value, self string) {
			for _, name := range undefined(in, value) {
				if name == "PATH" || name == self {
					continue
				}
				suggested++
				near := ""
				if globals[name] {
					near = ": the ARG before the first FROM has to be repeated in the stage"
				} else if suggested <= maxSuggested {
					near = meant(name, names)
				}
				// What a base sets is not known here, other than of plain systems.
				if near != "" || plain[stage] {
					l.At(in, word.Whole(), "$%s is not defined%s", name, near)
				}
			}
		}
		pairs := in.Pairs()
		for _, p := range pairs {
			if strings.Contains(p.Value, "$") && len(pairSecrets(p)) == 0 { // a secret's parts are not shown
				report(p.ValueText, p.Value, p.Name)
			}
		}
		if len(pairs) == 0 {
			for _, w := range in.Words {
				report(w, w.String, "")
			}
		}
		if in.Keyword == "arg" || in.Keyword == "env" {
			for _, p := range pairs {
				if len(names) < maxOptions {
					names = append(names, p.Name)
				}
			}
		}
	}
}

// substitute is what a variable without a value leaves.
func substitute(use string) string {
	m := variableUse.FindStringSubmatch(use)
	if rest := strings.TrimPrefix(m[2], ":"); strings.HasPrefix(rest, "-") {
		return rest[1:]
	}
	return ""
}

// namesImage tells whether a reference without its variables still is one.
func namesImage(image string) bool {
	if image == "" || strings.ContainsAny(image, " $") || strings.HasSuffix(image, ":") || strings.HasSuffix(image, "@") || strings.HasSuffix(image, "/") || strings.HasPrefix(image, "/") || strings.HasPrefix(image, ":") {
		return false
	}
	return !strings.Contains(image, "//") && !strings.Contains(image, "/:") && !strings.Contains(image, ":@")
}

func checkSelfReference(l *Lint) {
	for _, in := range l.All("env") {
		pairs := in.Pairs()
		if len(pairs) < 2 {
			continue
		}
		set := map[string]bool{}
		for _, p := range pairs {
			set[p.Name] = true
		}
		for _, p := range pairs {
			if !strings.Contains(p.Value, "$") || strings.HasPrefix(p.Value, "'") {
				continue
			}
			for _, m := range variableUse.FindAllStringSubmatch(p.Value, -1) {
				name := m[1] + m[3]
				if !set[name] || name == p.Name {
					continue
				}
				if _, before := in.Lookup(name); !before {
					l.At(in, p.Text.Whole(), "%s uses $%s, which is set by the same instruction and not before it", p.Name, name)
				}
			}
		}
	}
}
