package hygiene

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// stageRules are about stages: their names, platforms and variables.
func stageRules() []Rule {
	return slices.Concat(stageNameRules(), platformRules(), variableRules())
}

func stageNameRules() []Rule {
	const checks = "https://docs.docker.com/reference/build-checks/"
	return []Rule{
		{
			ID: "stage-name-twice", Title: "two stages have the same name", Severity: advisory.Low, Category: Stages,
			Peers:  Peers{Hadolint: []string{"DL3024"}, Trivy: []string{"DS-0012"}, BuildKit: []string{"DuplicateStageName"}},
			Why:    "COPY --from and --target mean the last stage of a name: a stage that is added in between silently takes the other's place.",
			Remedy: "Give each stage a name of its own.",
			Source: checks + "duplicate-stage-name/",
			Check: func(l *Lint) {
				first := map[string]*dockerfile.Stage{}
				for _, s := range l.File.Stages {
					if s.Name == "" {
						continue
					}
					if other := first[s.Name]; other != nil {
						l.At(s.From, stageNameWord(s), "%s is the name of stage %d as well", s.Name, other.Index)
						continue
					}
					first[s.Name] = s
				}
			},
			Bad:  []Sample{file("FROM a:1 AS b\nFROM c:1 AS b\n"), file("FROM a:1 AS build\nFROM c:1 AS BUILD\n")},
			Good: []Sample{file("FROM a:1 AS b\nFROM c:1 AS d\n"), file("FROM a:1\nFROM a:1\n"), file("FROM a:1 AS b\nFROM b\n")},
		},
		{
			ID: "stage-name-reserved", Title: "a stage has a reserved name", Severity: advisory.Low, Category: Stages,
			Peers:  Peers{Hadolint: []string{"DL3063"}, BuildKit: []string{"ReservedStageName"}},
			Why:    "scratch and context mean something to the builder: a stage of that name is not reached, or another one is meant.",
			Remedy: "Choose another name.",
			Source: checks + "reserved-stage-name/",
			Check: func(l *Lint) {
				for _, s := range l.File.Stages {
					if s.Name == "scratch" || s.Name == "context" {
						l.At(s.From, stageNameWord(s), "%s means something else to the builder", s.Name)
					}
				}
			},
			Bad:  []Sample{file("FROM a:1 AS scratch\nFROM scratch\n"), file("FROM a:1 AS Context\n")},
			Good: []Sample{file("FROM scratch AS app\n"), file("FROM a:1 AS contexts\n")},
		},
		{
			ID: "stage-name-casing", Title: "a stage's name has capitals", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{BuildKit: []string{"StageNameCasing"}},
			Why:    "The builder compares names in lower case, so that two spellings are one name.",
			Remedy: "Write stage names in lower case.",
			Source: checks + "stage-name-casing/",
			Check: func(l *Lint) {
				for _, s := range l.File.Stages {
					if len(s.From.Words) != 3 {
						continue
					}
					if w := s.From.Words[2]; w.String != strings.ToLower(w.String) {
						from, to := w.Offsets()
						l.At(s.From, w.Whole(), "%s is %s to the builder", w.String, strings.ToLower(w.String)).Edits = []Edit{{from, to, strings.ToLower(w.String)}}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1 AS Build\n")},
			Good: []Sample{file("FROM a:1 AS build\n"), file("FROM a:1\nRUN echo AS Build\n")},
		},
		{
			ID: "from-as-casing", Title: "FROM and AS are written differently", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{BuildKit: []string{"FromAsCasing"}},
			Why:    "One way of writing keywords is easier to read and to search.",
			Remedy: "Write both in capitals.",
			Source: checks + "from-as-casing/",
			Check: func(l *Lint) {
				for _, s := range l.File.Stages {
					written := s.From.Written
					if len(s.From.Words) < 3 || mixedCase(written) {
						continue
					}
					w := s.From.Words[1]
					if want := likeWritten(written, "as"); strings.EqualFold(w.String, "as") && w.String != want {
						from, to := w.Offsets()
						l.At(s.From, w.Whole(), "%s beside %s", w.String, written).Edits = []Edit{{from, to, want}}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1 as b\n"), file("from a:1 AS b\n"), file("FROM a:1 As b\n")},
			Good: []Sample{file("FROM a:1 AS b\n"), file("from a:1 as b\n"), file("From a:1 as b\n")},
		},
		{
			ID: "instruction-casing", Title: "keywords are written in different ways", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{BuildKit: []string{"ConsistentInstructionCasing"}},
			Why:    "One way of writing keywords is easier to read and to search.",
			Remedy: "Write all keywords in capitals.",
			Source: checks + "consistent-instruction-casing/",
			Check:  checkCasing,
			Bad:    []Sample{file("FROM a:1\nRUN x\nrun y\n"), file("from a:1\nrun x\nCMD y\n"), file("FROM a:1\nRun x\n"), file("FROM a:1\nONBUILD run x\n")},
			Good:   []Sample{file("FROM a:1\nRUN x\n"), file("from a:1\nrun x\n"), file("FROM a:1\nRUN <<EOF\nrun x\nEOF\n")},
		},
	}
}

// stageNameWord is where a stage's name stands.
func stageNameWord(s *dockerfile.Stage) dockerfile.Range {
	if len(s.From.Words) > 2 {
		return s.From.Words[2].Whole()
	}
	return s.From.Range()
}

func mixedCase(word string) bool {
	return word != strings.ToLower(word) && word != strings.ToUpper(word)
}

func checkCasing(l *Lint) {
	lower, upper := 0, 0
	for _, in := range l.All() {
		switch in.Written {
		case strings.ToUpper(in.Written):
			upper++
		case strings.ToLower(in.Written):
			lower++
		}
	}
	for _, in := range l.All() {
		want := strings.ToUpper(in.Written)
		if lower > upper {
			want = strings.ToLower(in.Written)
		}
		if in.Written == want {
			continue
		}
		word := in.Text.Trim().Slice(0, len(in.Written))
		from, to := word.Offsets()
		f := l.At(in, word.Whole(), "%s stands among keywords like %s", in.Written, want)
		if to-from == len(word.String) {
			f.Edits = []Edit{{from, to, want}}
		}
	}
}
