package hygiene

import (
	"path"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// copyRules are about what COPY and ADD bring.
func copyRules() []Rule {
	return slices.Concat(addRules(), copyContextRules(), copyFromRules(), copyTargetRules())
}

const copyReference = "https://docs.docker.com/reference/dockerfile/#copy"

func addRules() []Rule {
	return []Rule{
		{
			ID: "add-not-copy", Title: "ADD where COPY would do", Severity: advisory.Negligible, Category: Files,
			Peers:  Peers{Hadolint: []string{"DL3020"}, Trivy: []string{"DS-0005"}, Dockle: []string{"CIS-DI-0009"}},
			Why:    "ADD unpacks archives and fetches addresses: a file that turns out to be an archive ends up as something else than what was copied.",
			Remedy: "Use COPY for files and folders; ADD for what has to be unpacked or fetched, with --checksum.",
			Source: "https://docs.docker.com/build/building/best-practices/#add-or-copy",
			Check: func(l *Lint) {
				for _, t := range transfers(l) {
					local := slices.ContainsFunc(t.sources, func(s source) bool { return s.known && !s.remote() && !s.archive() })
					if t.in.Keyword != "add" || !local {
						continue
					}
					f := l.Report(t.in, "ADD takes %s, which COPY does without surprises", t.sources[0].path)
					if !slices.ContainsFunc(t.sources, func(s source) bool { return !copiesAlike(s) }) && !addsOnly(t.in) {
						from, _ := t.in.Text.Trim().Offsets()
						f.Edits = []Edit{{from, from + len(t.in.Written), likeWritten(t.in.Written, "copy")}}
					}
				}
			},
			Bad: []Sample{file("FROM a:1\nADD app.py /app/\n"), file("FROM a:1\nADD . /app\n"), file("FROM a:1\nADD [\"a b.txt\", \"/x/\"]\n"), file("FROM a:1\nONBUILD ADD src /src\n"), file("FROM a:1\nadd --chown=1000 app.jar /app/\n")},
			Good: []Sample{
				file("FROM a:1\nCOPY app.py /app/\n"), file("FROM a:1\nADD rootfs.tar.xz /\n"), file("FROM a:1\nADD --checksum=sha256:4f7f5dd8b1bd1e6be0b1f6d7a8b0a1bd0c3e1c1fb9e0d6f3a2d9e1c2b3a4f5e6 https://x.example.com/a /a\n"),
				file("FROM a:1\nADD git@github.com:a/b.git /b\n"), file("FROM a:1\nARG F\nADD $F /\n"), file("FROM a:1\nADD https://github.com/a/b.git#v1 /b\n"),
			},
		},
		{
			ID: "copy-archive-unpacked", Title: "an archive is copied and unpacked later", Severity: advisory.Low, Category: Files,
			Peers:  Peers{Hadolint: []string{"DL3010"}},
			Why:    "The archive stays in the layer that copied it, beside what was unpacked from it, even where it is deleted later.",
			Remedy: "ADD unpacks a local tar archive by itself; or mount it: RUN --mount=type=bind,source=….",
			Source: "https://docs.docker.com/build/building/best-practices/#add-or-copy",
			Check:  checkUnpacked,
			Bad:    []Sample{file("FROM a:1\nCOPY app.tar.gz /tmp/\nRUN tar -xzf /tmp/app.tar.gz -C /opt\n"), file("FROM a:1\nCOPY a.tgz b.txt /tmp/\nRUN cd /tmp && tar xf a.tgz && rm a.tgz\n"), file("FROM a:1\nCOPY dist/x.tar /x/y.tar\nRUN tar --extract --file=/x/y.tar\n")},
			Good: []Sample{
				file("FROM a:1\nADD app.tar.gz /opt/\n"), file("FROM a:1\nCOPY app.tar.gz /srv/\n"), file("FROM a:1\nRUN tar xf /x/app.tar.gz\nCOPY app.tar.gz /x/\n"), file("FROM a:1\nCOPY app.tar.gz /x/\nRUN tar -czf /x/other.tgz /opt\n"),
				file("FROM a:1 AS b\nCOPY app.tar.gz /x/\nFROM a:1\nRUN tar xf /x/app.tar.gz\n"), file("FROM a:1 AS b\nFROM a:1\nCOPY --from=b /a.tgz /a.tgz\nRUN tar xf a.tgz\n"),
			},
		},
	}
}

// copiesAlike tells whether ADD and COPY do the same with a source: what is neither
// fetched nor, by its name, could be an archive. ADD knows archives by what is in
// them, so that a name without an ending is not enough.
func copiesAlike(s source) bool {
	if !s.known || s.remote() || s.archive() || strings.ContainsAny(s.path, "*?[") {
		return false
	}
	ext := path.Ext(path.Base(s.path))
	return s.path == "." || strings.HasSuffix(s.path, "/") || len(ext) > 1 && ext != ".img" && ext != ".bin"
}

// addsOnly tells whether a flag is one that COPY does not know.
func addsOnly(in *dockerfile.Instruction) bool {
	return slices.ContainsFunc(in.Flags, func(f dockerfile.Flag) bool {
		return f.Name == "checksum" || f.Name == "keep-git-dir" || f.Name == "unpack"
	})
}

// likeWritten is a keyword in the case of another.
func likeWritten(written, keyword string) string {
	if written == strings.ToLower(written) {
		return strings.ToLower(keyword)
	}
	return strings.ToUpper(keyword)
}

func checkUnpacked(l *Lint) {
	type key struct {
		stage *dockerfile.Stage
		name  string
	}
	copied := map[key]transfer{}
	for _, t := range transfers(l) {
		if t.in.Keyword != "copy" || t.from != "" {
			continue
		}
		for _, s := range t.sources {
			if !s.archive() {
				continue
			}
			name := path.Base(s.path)
			if target := (source{path: t.target.path}); target.archive() {
				name = path.Base(t.target.path)
			}
			copied[key{t.in.Stage, name}] = t
		}
	}
	for _, c := range l.Commands("tar", "bsdtar") {
		if len(copied) == 0 || !unpacks(c) {
			continue
		}
		for _, a := range c.Args {
			name := path.Base(a.Text[strings.IndexByte(a.Text, '=')+1:])
			t, ok := copied[key{c.Instruction.Stage, name}]
			if ok && t.in.Index < c.Instruction.Index {
				l.Report(t.in, "%s stays in its layer, and is unpacked in another", name)
				delete(copied, key{c.Instruction.Stage, name})
			}
		}
	}
}

func unpacks(c *dockerfile.Command) bool {
	if c.HasFlag("-x", "--extract", "--get") {
		return true
	}
	return len(c.Args) > 0 && !strings.HasPrefix(c.Args[0].Text, "-") && strings.Contains(c.Args[0].Text, "x") && !strings.ContainsAny(c.Args[0].Text, "./")
}

// copyTargetRules are about where files go.
func copyTargetRules() []Rule {
	return []Rule{
		{
			ID: "copy-many-to-file", Title: "several sources are copied to what is no folder", Severity: advisory.Low, Category: Files,
			Peers:  Peers{Hadolint: []string{"DL3021"}, Trivy: []string{"DS-0011"}},
			Why:    "With several sources the destination has to be a folder, and only the slash at its end says so.",
			Remedy: "End the destination with a slash.",
			Source: copyReference,
			Check: func(l *Lint) {
				for _, t := range transfers(l) {
					to := t.target.path
					if len(t.sources)+t.documents < 2 || strings.HasSuffix(to, "/") || strings.HasSuffix(to, `\`) || to == "." || to == ".." || strings.HasSuffix(to, "/.") || !t.target.known && strings.HasSuffix(to, "}") {
						continue
					}
					f := l.At(t.in, t.target.text.Whole(), "%d sources go to %s, which does not end with a slash", len(t.sources)+t.documents, to)
					if !strings.ContainsAny(t.target.text.String, `"'`) {
						_, end := t.target.text.Offsets()
						f.Edits = []Edit{{end, end, "/"}}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nCOPY a b /app\n"), file("FROM a:1\nCOPY [\"a\", \"b\", \"/app\"]\n"), file("FROM a:1\nADD a.txt b.txt lib\n")},
			Good: []Sample{file("FROM a:1\nCOPY a b /app/\n"), file("FROM a:1\nCOPY a /app\n"), file("FROM a:1\nCOPY a b ./\n"), file("FROM a:1\nCOPY a b .\n"), file("FROM a:1\nARG D=/app/\nCOPY a b $D\n"), file("FROM a:1\nARG D\nCOPY a b ${D}\n"), file("# escape=`\nFROM a:1\nCOPY a b c:\\app\\\n")},
		},
		{
			ID: "copy-relative", Title: "files go to a relative path without a WORKDIR", Severity: advisory.Low, Category: Files,
			Peers:  Peers{Hadolint: []string{"DL3045"}},
			Why:    "Where the files end up is decided by the base image, and changes with it.",
			Remedy: "Set WORKDIR first, or write the destination from the root.",
			Source: "https://docs.docker.com/reference/dockerfile/#workdir",
			Check:  checkRelativeTarget,
			Bad:    []Sample{file("FROM debian:13\nCOPY a .\n"), file("FROM scratch\nCOPY app bin/app\n"), file("FROM debian:13 AS a\nWORKDIR /x\nFROM debian:13\nCOPY --from=a /x/y y\n"), file("FROM acme/base:1\nCOPY a ./\nWORKDIR /app\n")},
			Good:   []Sample{file("FROM debian:13\nWORKDIR /app\nCOPY a .\n"), file("FROM debian:13\nCOPY a /app/\n"), file("FROM debian:13 AS a\nWORKDIR /x\nFROM a\nCOPY y .\n"), file("FROM debian:13\nARG D\nCOPY a $D\n"), file("FROM debian:13\nENV D=/x\nCOPY a ${D}/\n"), file("FROM debian:13\nCOPY a \"/app/\"\n"), file("FROM a:1\nCOPY a c:/app/\n")},
		},
	}
}

func checkRelativeTarget(l *Lint) {
	set, plain := map[*dockerfile.Stage]bool{}, plainRoots(l)
	for _, in := range l.All("from", "workdir", "copy", "add") {
		switch in.Keyword {
		case "from":
			set[in.Stage] = in.Stage != nil && in.Stage.Parent != nil && set[in.Stage.Parent]
			continue
		case "workdir":
			set[in.Stage] = true
			continue
		}
		t, ok := transferOf(in)
		if !ok || in.Stage == nil || set[in.Stage] || !t.target.known {
			continue
		}
		to := t.target.path
		if to == "" || strings.HasPrefix(to, "/") || strings.HasPrefix(to, `\`) || strings.HasPrefix(to, "$") || strings.HasPrefix(to, "%") || len(to) > 1 && to[1] == ':' {
			continue
		}
		f := l.At(in, t.target.text.Whole(), "%s is relative to whatever folder the base image works in", to)
		if !plain[in.Stage] || in.Stage.Image == "scratch" {
			f.Severity = min(f.Severity, advisory.Negligible)
		}
	}
}
