package harden

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// The distroless images of languages hold one version each, that of the Debian
// release they are made of or one that their name says
// (https://github.com/GoogleContainerTools/distroless#what-images-are-available).
var (
	// Python 3.11 is Debian 12's, 3.13 Debian 13's.
	distrolessPython = map[string]string{"3.11": "gcr.io/distroless/python3-debian12:nonroot", "3.13": "gcr.io/distroless/python3-debian13:nonroot"}
	distrolessNode   = map[string]string{"20": "gcr.io/distroless/nodejs20-debian12:nonroot", "22": "gcr.io/distroless/nodejs22-debian12:nonroot"}
	distrolessJava   = map[string]string{"17": "gcr.io/distroless/java17-debian12:nonroot", "21": "gcr.io/distroless/java21-debian12:nonroot"}
)

// distroless takes the final stage of a plan the whole way, where the same version of
// the language is to be had without a shell and nothing in the stage needs one. It
// says in a TODO why not otherwise.
func (w *work) distroless(s *dockerfile.Stage, p *plan, language func(*work, *dockerfile.Stage, *plan, *compiled) string) {
	if !w.opt.Distroless {
		return
	}
	c := &compiled{w: w, s: s}
	reason := w.needsShell(p)
	if reason == "" {
		reason = language(w, s, p, c)
	}
	if reason != "" {
		w.todo(s.From, "distroless", "the final stage has a shell, since %s", reason)
	}
}

// needsShell says which instruction of the final stage needs one.
func (w *work) needsShell(p *plan) string {
	for _, part := range p.parts {
		if part.role == inBuild && part.final == "" {
			continue
		}
		where := "line " + line(w.originOf(part.in.StartLine))
		switch part.in.Keyword {
		case "run":
			if part.role != inBuild {
				return where + " runs a command there"
			}
		case "shell", "volume", "user":
			return where + " has a " + shown(part.in)
		case "healthcheck":
			if !strings.EqualFold(strings.TrimSpace(part.in.Args.String), "none") {
				return where + " checks the program with another one"
			}
		}
	}
	return ""
}

// restart gives the start command other words.
func (p *plan) restart(start *dockerfile.Instruction, words []string, newline string) bool {
	form, ok := jsonArray(words)
	for i := range p.parts {
		if p.parts[i].in == start && ok {
			p.parts[i].final = start.Written + " " + form + newline
			return true
		}
	}
	return false
}

// interpreted rewrites "node server.js" for an image whose entry point is the
// interpreter.
func (p *plan) interpreted(start *dockerfile.Instruction, program string, arguments []string, newline string) string {
	if start.Keyword == "entrypoint" {
		arguments = append([]string{program}, arguments...)
	}
	if !p.restart(start, arguments, newline) {
		return "the start command could not be written for it"
	}
	return ""
}

var reMinor = regexp.MustCompile(`^(\d+\.\d+)(?:\.\d+)?(?:-|$)`)

// modules are programs that Python starts with -m as well.
var modules = []string{"gunicorn", "uvicorn", "hypercorn", "flask", "celery", "waitress", "django"}

func bareOfPython(w *work, s *dockerfile.Stage, p *plan, c *compiled) string {
	tag := parseReference(s.Image).tag
	m := reMinor.FindStringSubmatch(tag)
	if m == nil || distrolessPython[m[1]] == "" {
		return "distroless has Python 3.11 and 3.13 alone"
	}
	if strings.Contains(tag, "alpine") {
		return "what was built on Alpine does not run on Debian"
	}
	bookworm := strings.HasSuffix(tag, "bookworm")
	if m[1] == "3.11" && !bookworm && w.slimPython(s, &plan{}) != "" {
		return "what is compiled on the release that the tag leads to may not run on Debian 12"
	}
	start, words, ok := c.startPath()
	if !ok {
		return "the program is not started in exec form"
	}
	name := path.Base(words[0])
	var arguments []string
	switch {
	case slices.Contains([]string{"python", "python3", "python" + m[1]}, name):
		arguments = words[1:]
	case slices.Contains(modules, name):
		arguments = append([]string{"-m"}, words...)
		arguments[1] = name
	default:
		return w.clean(name) + " is a script that names the interpreter by its place"
	}
	for i := range p.parts {
		if part := &p.parts[i]; strings.Contains(part.final, "ENV PATH="+venv) {
			part.final = "COPY --from=@STAGE@ " + venv + " " + venv + w.newline + "ENV PYTHONPATH=" + venv + "/lib/python" + m[1] + "/site-packages" + w.newline
		}
	}
	p.base = distrolessPython[m[1]]
	p.why = "Python " + m[1] + ", the program and its packages, without a shell; nothing in it can be written by the program"
	return p.interpreted(start, "/usr/bin/python3", arguments, w.newline)
}

var reMajor = regexp.MustCompile(`^(\d+)(?:[.-]|$)`)

func bareOfNode(w *work, s *dockerfile.Stage, p *plan, c *compiled) string {
	tag := parseReference(s.Image).tag
	m := reMajor.FindStringSubmatch(tag)
	if m == nil || distrolessNode[m[1]] == "" {
		return "distroless has no Node.js of the tag's version"
	}
	if strings.Contains(tag, "alpine") {
		return "what was built on Alpine does not run on Debian"
	}
	project, _ := w.project()
	full := reference{repository: "node", tag: m[1]}
	if reason := w.slimNode(&dockerfile.Stage{Image: "node:" + full.tag, From: s.From}, &plan{}, project); reason != "" && !strings.HasPrefix(reason, "its tag") {
		return reason
	}
	start, words, ok := c.startPath()
	if !ok {
		return "the program is not started in exec form"
	}
	if name := npmScript(words); name != "" {
		script := project.manifest.Scripts[name]
		if len(project.manifest.Scripts["pre"+name])+len(project.manifest.Scripts["post"+name]) > 0 || strings.ContainsAny(script, "&|;<>$\"'\\=") {
			return "npm " + w.clean(name) + " takes a shell"
		}
		words = strings.Fields(script)
	}
	if len(words) < 2 || path.Base(words[0]) != "node" || slices.Contains(words, "--watch") {
		return "the program is not started by node itself, or is watched"
	}
	p.base = distrolessNode[m[1]]
	p.why = "Node.js " + m[1] + ", the program and its packages, without a shell; nothing in it can be written by the program"
	return p.interpreted(start, "/nodejs/bin/node", words[1:], w.newline)
}

func bareOfJava(w *work, s *dockerfile.Stage, p *plan, c *compiled) string {
	m := regexp.MustCompile(`:(\d+)-jre`).FindStringSubmatch(p.base)
	if m == nil || distrolessJava[m[1]] == "" {
		return "distroless has Java 17 and 21 alone"
	}
	start, words, ok := c.startPath()
	if !ok {
		return "the program is not started in exec form"
	}
	p.base = distrolessJava[m[1]]
	p.why = "Java " + m[1] + " and the archive, without a shell"
	if start.Keyword == "cmd" && len(words) == 3 && words[1] == "-jar" {
		if !p.restart(start, words[2:], w.newline) {
			return "the start command could not be written for it"
		}
		return ""
	}
	words[0] = "/usr/bin/java"
	for i := range p.parts {
		if p.parts[i].in == start {
			form, ok := jsonArray(words)
			if !ok {
				return "the start command could not be written for it"
			}
			p.parts[i].final = "ENTRYPOINT " + form + w.newline
		}
	}
	return ""
}
