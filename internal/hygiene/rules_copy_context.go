package hygiene

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
)

// copyContextRules are about the build context.
func copyContextRules() []Rule {
	return []Rule{
		{
			ID: "copy-whole-context", Title: "the whole build context is copied", Severity: advisory.Medium, Category: Files,
			Peers:   Peers{Dockle: []string{"DKL-LI-0003", "CIS-DI-0010"}},
			Why:     "Everything beside the Dockerfile ends up in the image: the repository's history, settings with credentials, and whatever lies around on the day of the build.",
			Remedy:  "Copy what is needed by name, or write a .dockerignore that excludes everything else.",
			Source:  "https://docs.docker.com/build/concepts/context/#dockerignore-files",
			OnImage: true,
			Check:   checkWholeContext,
			Bad: []Sample{
				file("FROM a:1\nCOPY . /app\n"), file("FROM a:1\nWORKDIR /app\nADD ./ .\n"), file("FROM a:1\nCOPY * /app/\n"),
				{Dockerfile: "FROM a:1\nCOPY --chown=1000 [\".\", \"/app\"]\n", DockerfileOnly: true},
				{Dockerfile: "FROM a:1\nCOPY . /app\n", Context: map[string]string{"main.go": "x"}},
				{Dockerfile: "FROM a:1\nCOPY . /app\n", Context: map[string]string{"main.go": "x", ".git/HEAD": "x", ".dockerignore": "*.md\n"}},
				{Dockerfile: "FROM a:1\nCOPY . /app\n", Context: map[string]string{"deploy/id_rsa": "x", ".dockerignore": ".git\n"}},
				{Dockerfile: "FROM a:1\nCOPY . /app\n", Context: map[string]string{".env.production": "DB_PASSWORD=hT7qWZk2mWv9x\n", ".dockerignore": ".git\n"}},
			},
			Good: []Sample{
				file("FROM a:1\nCOPY src /app\n"),
				{Dockerfile: "FROM a:1 AS b\nFROM a:1\nCOPY --from=b . /x\n", DockerfileOnly: true},
				file("FROM a:1 AS b\nFROM a:1\nCOPY --from=b / /\n"),
				{Dockerfile: "FROM a:1\nCOPY . /app\n", Context: map[string]string{"main.go": "x", ".git/HEAD": "x", ".env": "A=b", ".dockerignore": ".git\n.env\n"}, DockerfileOnly: true},
				{Dockerfile: "FROM a:1\nCOPY . /app\n", Context: map[string]string{"main.go": "x", "id_rsa": "x", ".dockerignore": "*\n!main.go\n"}, DockerfileOnly: true},
			},
		},
		{
			ID: "dockerignore-missing", Title: "there is no .dockerignore", Severity: advisory.Low, Category: Files,
			Why:    "Without one, COPY . takes in all that lies beside the Dockerfile, today's files and those of every later day.",
			Remedy: "Write a .dockerignore that excludes .git, .env and whatever the image doesn't need.",
			Source: "https://docs.docker.com/build/concepts/context/#dockerignore-files",
			Check: func(l *Lint) {
				if t, ok := wholeCopy(l); ok && l.Context != nil && l.Context.Ignore == "" {
					l.Report(t.in, "the context has no .dockerignore, and all of it is copied")
				}
			},
			Bad: []Sample{{Dockerfile: "FROM a:1\nCOPY . .\n", Context: map[string]string{"a": "b"}}, {Dockerfile: "FROM a:1 AS b\nADD ./ /src\nFROM a:1\n", Context: map[string]string{"a": "b"}}},
			Good: []Sample{
				file("FROM a:1\nCOPY . .\n"),
				{Dockerfile: "FROM a:1\nCOPY . .\n", Context: map[string]string{".dockerignore": "x"}},
				{Dockerfile: "FROM a:1\nCOPY . .\n", Context: map[string]string{"Dockerfile.dockerignore": "x"}},
				{Dockerfile: "FROM a:1\nCOPY src .\n", Context: map[string]string{"src/a": "b"}},
			},
		},
		{
			ID: "dockerignore-gaps", Title: ".dockerignore lets .git or .env through", Severity: advisory.Low, Category: Files,
			Why:    "The repository's history holds what was once committed by mistake, and .env what was never meant to be.",
			Remedy: "Add the missing lines: .git and **/.env.",
			Source: "https://docs.docker.com/build/concepts/context/#dockerignore-files",
			Check: func(l *Lint) {
				t, ok := wholeCopy(l)
				if !ok || l.Context == nil || l.Context.Ignore == "" {
					return
				}
				var through []string
				for _, name := range []string{".git", ".env"} {
					if !l.Context.Ignores(name) {
						through = append(through, name)
					}
				}
				if len(through) > 0 {
					l.Report(t.in, "%s does not exclude %s", l.Context.Ignore, strings.Join(through, " and "))
				}
			},
			Bad:  []Sample{{Dockerfile: "FROM a:1\nCOPY . .\n", Context: map[string]string{".dockerignore": "*.md\n"}}, {Dockerfile: "FROM a:1\nCOPY . .\n", Context: map[string]string{".dockerignore": ".git\n"}}, {Dockerfile: "FROM a:1\nCOPY . .\n", Context: map[string]string{".dockerignore": "*\n!.env\n"}}},
			Good: []Sample{{Dockerfile: "FROM a:1\nCOPY . .\n", Context: map[string]string{".dockerignore": ".git\n**/.env*\n"}}, {Dockerfile: "FROM a:1\nCOPY . .\n", Context: map[string]string{".dockerignore": "**\n!src\n"}}, {Dockerfile: "FROM a:1\nCOPY src .\n", Context: map[string]string{".dockerignore": "x\n"}}, file("FROM a:1\nCOPY . .\n")},
		},
		{
			ID: "copy-ignored", Title: "a file is copied that .dockerignore excludes", Severity: advisory.Low, Category: Files,
			Peers:  Peers{BuildKit: []string{"CopyIgnoredFile"}},
			Why:    "The builder never sees the file: the copy fails, or a folder is copied without it.",
			Remedy: "Take the file out of .dockerignore (!name), or don't copy it.",
			Source: "https://docs.docker.com/reference/build-checks/copy-ignored-file/",
			Check: func(l *Lint) {
				// With exceptions a folder may be excluded and still have files.
				if l.Context == nil || l.Context.HasExceptions() {
					return
				}
				asked := 0
				for _, t := range transfers(l) {
					for _, s := range t.sources {
						if t.from != "" || s.remote() || s.whole() || !s.known || asked >= maxAsked {
							continue
						}
						asked++
						if l.Context.Ignores(s.path) {
							l.At(t.in, s.text.Whole(), "%s is excluded by %s", s.path, l.Context.Ignore)
						}
					}
				}
			},
			Bad: []Sample{
				{Dockerfile: "FROM a:1\nCOPY dist/app /app\n", Context: map[string]string{".dockerignore": "dist\n", "dist/app": "x"}}, {Dockerfile: "FROM a:1\nADD [\"a.md\", \"/\"]\n", Context: map[string]string{".dockerignore": "*.md\n"}},
			},
			Good: []Sample{
				{Dockerfile: "FROM a:1\nCOPY dist/app /app\n", Context: map[string]string{".dockerignore": "dist\n!dist/app\n"}},
				{Dockerfile: "FROM a:1 AS b\nFROM a:1\nCOPY --from=b dist /\n", Context: map[string]string{".dockerignore": "dist\n"}},
				{Dockerfile: "FROM a:1\nCOPY src /src\nCOPY . /\n", Context: map[string]string{".dockerignore": "dist\n"}},
				{Dockerfile: "FROM a:1\nCOPY <<dist /x\na\ndist\n", Context: map[string]string{".dockerignore": "dist\n"}},
				file("FROM a:1\nCOPY dist /\n"),
			},
		},
	}
}

// maxAsked bounds how many sources are held against the ignore file.
const maxAsked = 2000

// wholeCopy is the first instruction that copies the whole context.
func wholeCopy(l *Lint) (transfer, bool) {
	for _, t := range transfers(l) {
		if t.from == "" && slices.ContainsFunc(t.sources, func(s source) bool { return s.known && s.whole() }) {
			return t, true
		}
	}
	return transfer{}, false
}

func checkWholeContext(l *Lint) {
	var danger string
	var weight advisory.Severity
	if l.Context != nil {
		danger, weight = dangers(l.Context)
	}
	for _, t := range transfers(l) {
		for _, s := range t.sources {
			if t.from != "" || !s.known || !s.whole() {
				continue
			}
			if l.Image != nil && strings.HasPrefix(s.path, "/") {
				continue // history keeps no --from: that is rather a stage's file system
			}
			if l.Context == nil {
				f := l.Report(t.in, "all of the build context that no .dockerignore excludes is copied to %s", t.target.path)
				f.Severity = min(f.Severity, advisory.Low)
				if !f.Final {
					f.Severity = min(f.Severity, advisory.Negligible)
				}
				break
			}
			if danger != "" {
				if f := l.Report(t.in, "all of the build context is copied to %s, %s", t.target.path, danger); f.Final {
					f.Severity = weight
				}
			}
			break
		}
	}
}

// dangers say what of a context should not be copied; empty where nothing is seen and
// an ignore file holds.
func dangers(c *Context) (what string, weight advisory.Severity) {
	files, _ := c.Files()
	var names []string
	git, looked := false, 0
	weight = advisory.Medium
	for _, f := range files {
		if f == ".git" || strings.HasPrefix(f, ".git/") {
			git = true
			continue
		}
		kind, severity := secretFile(f, "")
		if kind == "" || looked >= maxLooked || strings.Contains(f, "/testdata/") || strings.Contains(path.Dir(f), "node_modules") {
			continue
		}
		looked++
		if content, ok := c.Read(f); ok && severity < advisory.High {
			if severity = contentSeverity(content); severity == advisory.Unknown {
				continue
			}
		}
		weight = max(weight, severity)
		names = append(names, f)
	}
	switch n := len(names); {
	case n == 1:
		return names[0] + " with it", weight
	case n > 1:
		return fmt.Sprintf("%s and %d more files of credentials with it", names[0], n-1), weight
	case git:
		return "the repository's history (.git) with it", weight
	case c.Ignore == "":
		return "and no .dockerignore excludes anything", weight
	}
	return "", weight
}
