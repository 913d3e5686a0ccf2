package hygiene

import (
	"strings"

	"github.com/moby/buildkit/util/suggest"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// copyFromRules are about files that come from other stages.
func copyFromRules() []Rule {
	return []Rule{
		{
			ID: "copy-from-whole", Title: "a whole file system is copied from another stage", Severity: advisory.Low, Category: Stages,
			Peers:  Peers{Hadolint: []string{"DL3067"}},
			Why:    "Everything of the other stage comes along: its tools, its caches, its keys, and files that take the place of the image's own.",
			Remedy: "Copy the artefacts by name.",
			Source: "https://docs.docker.com/build/building/multi-stage/",
			Check: func(l *Lint) {
				for _, t := range transfers(l) {
					if t.from == "" || len(t.sources) != 1 || !t.sources[0].whole() || t.target.path != "/" {
						continue
					}
					f := l.Report(t.in, "all files of %s are copied over the image's own", t.from)
					if t.in.Stage != nil && (t.in.Stage.Image == "scratch" || asItIs(l, t)) {
						f.Severity = min(f.Severity, advisory.Negligible) // flattened, or a tool's image, on purpose
					}
				}
			},
			Bad:  []Sample{file("FROM a:1 AS b\nFROM a:1\nCOPY --from=b / /\n"), file("FROM a:1 AS b\nFROM scratch\nCOPY --from=b /* /\n"), file("FROM a:1\nCOPY --from=debian:13 / /\n")},
			Good: []Sample{file("FROM a:1 AS b\nFROM a:1\nCOPY --from=b /app /\n"), file("FROM a:1 AS b\nFROM a:1\nCOPY --from=b / /mnt/\n"), file("FROM a:1\nCOPY rootfs/ /\n"), file("FROM a:1\nCOPY / /\n")},
		},
		{
			ID: "copy-from-self", Title: "a stage copies from itself", Severity: advisory.Medium, Category: Stages,
			Peers:  Peers{Hadolint: []string{"DL3023"}, Trivy: []string{"DS-0006"}},
			Why:    "The builder refuses a stage that needs itself, or takes the name for that of an image.",
			Remedy: "Name the stage that makes the file; within one stage use RUN cp.",
			Source: "https://docs.docker.com/reference/dockerfile/#copy---from",
			Check: func(l *Lint) {
				eachFrom(l, func(in *dockerfile.Instruction, name string) {
					if s := in.Stage; s.Name != "" && strings.EqualFold(s.Name, name) && l.File.StageNamed(name, s.Index) == nil || isNumberOf(name, s.Index) {
						l.At(in, fromFlag(in), "stage %s copies from itself", s.Title())
					}
				})
			},
			Bad:  []Sample{file("FROM a:1 AS b\nCOPY --from=b /x /y\n"), file("FROM a:1\nCOPY --from=0 /x /y\n"), file("FROM a:1 AS b\nRUN --mount=from=b,target=/m ls\n")},
			Good: []Sample{file("FROM a:1 AS b\nFROM a:1\nCOPY --from=b /x /y\n"), file("FROM a:1\nFROM a:1\nCOPY --from=0 /x /y\n"), file("FROM a:1 AS b\nFROM a:1 AS b\nCOPY --from=b /x /y\n")},
		},
		{
			ID: "copy-from-unknown", Title: "files are copied from a stage that does not exist", Severity: advisory.Low, Category: Stages,
			Peers:  Peers{Hadolint: []string{"DL3022"}},
			Why:    "A name that no earlier stage has is taken for an image's: a typing error fetches code of whoever owns that name.",
			Remedy: "Name an earlier stage; an image with its tag or digest; a further context with docker build --build-context.",
			Source: "https://docs.docker.com/reference/dockerfile/#copy---from",
			Check:  checkFromUnknown,
			Bad:    []Sample{file("FROM a:1 AS build\nFROM a:1\nCOPY --from=biuld /x /y\n"), file("FROM a:1\nCOPY --from=later /x /y\nFROM a:1 AS later\n"), file("FROM a:1\nFROM a:1\nCOPY --from=7 /x /y\n"), file("FROM a:1\nRUN --mount=type=bind,from=tools,target=/m ls\n")},
			Good:   []Sample{file("FROM a:1 AS build\nFROM a:1\nCOPY --from=BUILD /x /y\n"), file("FROM a:1\nFROM a:1\nCOPY --from=0 /x /y\n"), file("FROM a:1\nCOPY --from=busybox:1.36 /x /y\n"), file("FROM a:1\nCOPY --from=ghcr.io/acme/x /x /y\n"), file("FROM a:1\nARG S\nCOPY --from=$S /x /y\n"), file("FROM a:1\nCOPY --from=nginx /etc/nginx /n\n")},
		},
	}
}

// asItIs tells whether the stage that files come from adds nothing to its image, as
// with FROM tonistiigi/xx AS xx.
func asItIs(l *Lint, t transfer) bool {
	s := l.File.StageNamed(t.from, t.in.Stage.Index)
	return s != nil && s.Parent == nil && len(s.Instructions) == 0
}

// eachFrom hands out every name that an instruction takes files from.
func eachFrom(l *Lint, do func(in *dockerfile.Instruction, name string)) {
	for _, in := range l.All("copy", "add", "run") {
		if in.Stage == nil || len(in.Flags) == 0 {
			continue
		}
		for _, name := range in.Froms() {
			do(in, name)
		}
	}
}

func isNumberOf(name string, n int) bool {
	if !isDigits(name) || len(name) > 6 {
		return false
	}
	v := 0
	for _, c := range name {
		v = v*10 + int(c-'0')
	}
	return v == n
}

func checkFromUnknown(l *Lint) {
	var names []string
	later := map[string]bool{}
	for _, s := range l.File.Stages {
		if s.Name != "" && len(names) < 100 {
			names = append(names, s.Name)
		}
		later[s.Name] = true
	}
	suggested := 0
	eachFrom(l, func(in *dockerfile.Instruction, name string) {
		if name == "scratch" || strings.ContainsAny(name, "/:@$") || l.File.StageNamed(name, in.Stage.Index) != nil || strings.EqualFold(in.Stage.Name, name) || isNumberOf(name, in.Stage.Index) {
			return
		}
		switch {
		case plainImages[name] || droppingImages[name] || otherUserImages[name]:
			return // an official image without a tag
		case isDigits(name):
			l.At(in, fromFlag(in), "there is no earlier stage of number %s", name)
		case later[strings.ToLower(name)]:
			l.At(in, fromFlag(in), "stage %s comes later, so that the name is taken for an image's", name)
		default:
			near := ""
			if suggested++; suggested <= maxSuggested && len(name) > 3 {
				if s, ok := suggest.Search(name, names, false); ok {
					near = ", is " + s + " meant?"
				}
			}
			l.At(in, fromFlag(in), "no earlier stage is called %s, so that it is taken for an image%s", name, near)
		}
	})
}

// maxSuggested bounds how often a near name is looked for in one file.
const maxSuggested = 50
