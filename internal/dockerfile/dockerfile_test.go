package dockerfile

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func parse(t *testing.T, source string) *File {
	t.Helper()
	f, err := Parse("Dockerfile", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Every word is found again in the source at the place that is given for it.
func TestPlaces(t *testing.T) {
	f := parse(t, "# syntax=docker/dockerfile:1\n# check=skip=JSONArgsRecommended\nARG V=3.19\nFROM --platform=$BUILDPLATFORM alpine:${V} AS Build\n"+
		"RUN --mount=type=cache,target=/x \\\n  # why\n\n  apk add --no-cache \\\n    curl=8.1 && echo \"é\" | cat -\n"+
		"COPY <<A <<-B /d/\nfirst $V\nA\n\tsecond\n\tB\n"+
		"RUN <<EOF\nset -e\n  make  install\nEOF\n"+
		"HEALTHCHECK --interval=5s CMD curl -f localhost || exit 1\n"+
		"CMD [\"nginx\", \"-g\", \"daemon off;\"]\n")
	want := map[string]string{
		"curl=8.1": "9:5-9:13", "cat": "9:28-9:31", "make": "17:3-17:7", "install": "17:9-17:16",
		"localhost": "19:39-19:48", "-g": "20:16-20:18", "daemon off;": "20:22-20:33", "apk": "8:3-8:6",
	}
	got := map[string]string{}
	for _, in := range f.Instructions {
		for _, c := range in.Commands() {
			for _, w := range c.Words {
				got[w.Text] = place(w.Range)
				from, to, ok := w.Offsets()
				if ok && !strings.Contains(string(f.Source[from:to]), w.Text) {
					t.Errorf("%q stands at %q", w.Text, f.Source[from:to])
				}
			}
		}
	}
	for text, at := range want {
		if got[text] != at {
			t.Errorf("%q at %s, want %s", text, got[text], at)
		}
	}
	s := f.Stages[0]
	if s.Image != "alpine:3.19" || !s.Known || s.Name != "build" || !s.IsTarget() {
		t.Errorf("stage %+v", s)
	}
	if d := f.Directives["check"]; d.Value != "skip=JSONArgsRecommended" || d.Range.Start.Line != 2 {
		t.Errorf("directive %+v", d)
	}
	if got := f.Instructions[3].Heredocs[1].Text.String; got != "\tsecond\n" {
		t.Errorf("heredoc %q", got)
	}
	if diff := cmp.Diff([]int{7}, f.Instructions[2].EmptyLines); diff != "" {
		t.Error(diff)
	}
}

func place(r Range) string {
	return strings.NewReplacer(" ", "").Replace(
		strings.Join([]string{itoa(r.Start.Line), ":", itoa(r.Start.Column), "-", itoa(r.End.Line), ":", itoa(r.End.Column)}, ""))
}

func itoa(n int) string { return string(rune('0' + n/10))[:min(n/10, 1)] + string(rune('0'+n%10)) }

func TestStages(t *testing.T) {
	f := parse(t, `ARG REG=example.com
FROM ${REG}/base:1 AS base
ENV A=1
FROM base AS build
ARG B=$A
RUN make
FROM scratch AS unused
FROM ${MISSING}img AS tools
FROM base
COPY --from=build /x /x
RUN --mount=type=bind,from=tools,target=/t /t/run
COPY --from=nginx:1 /etc /etc
`)
	var final, used []string
	for _, s := range f.Stages {
		if s.InFinal() {
			final = append(final, s.Title())
		}
		if s.Used() {
			used = append(used, s.Title())
		}
	}
	if got := strings.Join(final, " ") + " | " + strings.Join(used, " "); got != "base 4 | base build tools 4" {
		t.Errorf("final and used stages: %s", got)
	}
	if s := f.Stages[3]; s.Known || s.Image != "${MISSING}img" {
		t.Errorf("base with an undeclared variable: %q, known %v", s.Image, s.Known)
	}
	if v, ok := f.Stages[1].Instructions[1].Lookup("B"); !ok || v.Value != "1" || !v.Arg {
		t.Errorf("ARG from an inherited ENV: %+v", v)
	}
	if _, ok := f.Stages[4].Instructions[0].Lookup("B"); ok {
		t.Error("an ARG crossed a stage")
	}
	if err := f.Retarget("build"); err != nil || !f.Stages[1].IsTarget() || f.Stages[4].InFinal() {
		t.Errorf("retarget: %v", err)
	}
	if err := f.Retarget("none"); err == nil {
		t.Error("a stage that is not there was accepted")
	}
}

func TestCommands(t *testing.T) {
	tests := []struct{ run, want string }{
		{"RUN apt-get update && apt-get install -y curl", "apt-get(update) apt-get(install -y curl)"},
		{"RUN sudo -u root DEBIAN_FRONTEND=x apt-get -qy install a", "apt-get(-qy install a)"},
		{"RUN env A=1 -u B make -j4", "make(-j4)"},
		{"RUN set -x; if true; then (cd /x && make) ; fi", "set(-x) true() cd(/x) make()"},
		{`RUN bash -euxc "curl -fsSL $URL | sh"`, "bash(-euxc curl -fsSL $URL | sh) curl(-fsSL $URL) sh()"},
		{`RUN ["sh", "-c", "pip install x"]`, "sh(-c pip install x) pip(install x)"},
		{`RUN ["/usr/bin/pip", "install", "x"]`, "pip(install x)"},
		{"ARG V=2\nRUN pip install a==${V} b==$W 'c d'", "pip(install a==2 b==$W c d)"},
		{"SHELL [\"powershell\", \"-c\"]\nRUN Get-Item x | y", ""},
		{"RUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF", ""},
		{"RUN <<EOF bash\npip install x\nEOF", "bash()"},
		{"RUN timeout -k 5 10 curl x | tee y", "curl(x) tee(y)"},
	}
	for _, test := range tests {
		f := parse(t, "FROM a\n"+test.run+"\n")
		var got []string
		for _, c := range f.Instructions[len(f.Instructions)-1].Commands() {
			var args []string
			for _, a := range c.Args {
				args = append(args, a.Text)
			}
			got = append(got, c.Name+"("+strings.Join(args, " ")+")")
		}
		if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s\n%s", test.run, diff)
		}
	}
}

// A column counts characters in long lines too.
func TestColumnsOfLongLines(t *testing.T) {
	for _, n := range []int{10, 1000, 1023, 1024, 5000, 20_000} {
		f := parse(t, "FROM a\nRUN x "+strings.Repeat("é", n)+" y\n")
		words := f.Instructions[1].Commands()[0].Words
		if got, want := words[2].Range.Start.Column, 8+n; got != want {
			t.Errorf("column %d behind %d characters, want %d", got, n, want)
		}
	}
}

// What a file holds many times over costs no more than its length allows.
func TestHostileCommands(t *testing.T) {
	value := strings.Repeat("v", 60_000)
	tests := map[string]string{
		"nested substitutions": "RUN x " + strings.Repeat("$(", 4000) + "y" + strings.Repeat(")", 4000),
		"a long value":         "ENV V=" + value + "\n" + strings.Repeat("RUN x "+strings.Repeat("$V ", 3000)+"\n", 20),
		"a long word":          "ENV V=" + value + "\nRUN x " + strings.Repeat("$V", 20_000),
	}
	for name, source := range tests {
		t.Run(name, func(t *testing.T) {
			begin, size := time.Now(), 0
			for _, in := range parse(t, "FROM a\n"+source+"\n").Instructions {
				for _, c := range in.Commands() {
					for _, w := range c.Words {
						size += len(w.Text)
					}
				}
			}
			if took := time.Since(begin); took > 5*time.Second || size > maxExpanded+8<<20 {
				t.Errorf("%d bytes of words in %v", size, took)
			}
		})
	}
}

// What the builder refuses is told, and the rest of the file is read all the same.
func TestRefused(t *testing.T) {
	f := parse(t, "RUN x\nFROM a\nONBUILD FROM b\nEXPOSE\nCOPY x\nRUN ok\n")
	var got []string
	for _, r := range f.Refused {
		got = append(got, r.Instruction.Keyword)
	}
	if diff := cmp.Diff([]string{"run", "onbuild", "expose", "copy"}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(f.Stages[0].Instructions); n != 4 {
		t.Errorf("%d instructions in the stage", n)
	}
	for _, bad := range []string{"", "# nothing\n", "FROM a\nRUN <<EOF\nx\n", "\x7fELF\x00"} {
		if _, err := Parse("x", []byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// FuzzParse holds the joined lines against BuildKit's, and every place against the source.
// "# check=" is a directive at the top of a file, and a comment elsewhere.
func TestCheckAsComment(t *testing.T) {
	f := parse(t, "FROM a:1\n# check=skip=JSONArgsRecommended\nCMD x\n# check=skip=all\nONBUILD RUN y\n")
	if len(f.Refused) > 0 || len(f.Instructions) != 3 {
		t.Errorf("%d instructions, %d refused", len(f.Instructions), len(f.Refused))
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("FROM a AS b\nRUN x \\\n # c\n y\nCOPY <<E /\nq\nE\n"))
	f.Add([]byte("# escape=`\nFROM a\nRUN a `\n b\nONBUILD RUN c\nENV A=1 B=$A C\\ =\"d e\"\n"))
	f.Add([]byte("\ufeffFROM a\r\nRUN [\"a\", \"b\\u00e9\"]\r\nHEALTHCHECK CMD a b\nLABEL a b c\nSHELL [\"bash\",\"-c\"]\nRUN bash -c 'x | y'\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		file, err := Parse("Dockerfile", source)
		if err != nil {
			return
		}
		result, err := parser.Parse(strings.NewReader(string(source)))
		if err != nil {
			t.Fatal("accepted what BuildKit refuses")
		}
		if len(result.AST.Children) != len(file.Instructions) {
			t.Fatal("other instructions than BuildKit's")
		}
		for i, in := range file.Instructions {
			if got, want := strings.TrimSpace(in.Text.String), strings.TrimSpace(result.AST.Children[i].Original); got != want {
				t.Errorf("joined %q, BuildKit %q", got, want)
			}
			in.Range()
			in.Lines()
			in.Froms()
			file.CommentsAbove(in)
			for _, p := range in.Pairs() {
				in.Expand(p.Value)
			}
			for _, c := range in.Commands() {
				r := c.Range()
				if r.Start.Line < in.StartLine || r.End.Line > in.EndLine || r.End.Line < r.Start.Line {
					t.Errorf("%q at %v, its instruction at %d-%d", c.Line(), r, in.StartLine, in.EndLine)
				}
			}
		}
		for _, s := range file.Stages {
			s.Used()
			s.Env()
			s.All()
		}
	})
}

// A SHELL holds for what follows it, in its stage and in those built FROM it.
func TestShellHolds(t *testing.T) {
	f, err := Parse("Dockerfile", []byte("FROM a AS one\nRUN x\nSHELL [\"bash\", \"-c\"]\nRUN x\nSHELL [\"zsh\", \"-c\"]\nFROM one AS two\nRUN x\nSHELL [\"ksh\", \"-c\"]\nRUN x\nFROM two\nRUN x\nFROM a\nRUN x\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range f.Instructions {
		if in.Keyword == "run" {
			got = append(got, strings.Join(in.Shell(), " "))
		}
	}
	want := []string{"", "bash -c", "zsh -c", "ksh -c", "ksh -c", ""}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if root := f.Stages[2].Root(); root != f.Stages[0] {
		t.Errorf("the third stage's root is %q", root.Name)
	}
}
