package harden

import (
	"path"
	"slices"
	"strings"
)

// ignored are names that no image needs, whatever it is made of; folders end in a
// slash. Secrets come first, since they are what it is about.
var ignored = []string{
	".env", ".env.local", ".netrc", ".npmrc.local", ".aws/", ".ssh/", ".gnupg/", ".kube/", ".docker/", "id_rsa", "id_ed25519", "id_ecdsa", ".git-credentials", ".htpasswd",
	".git/", ".gitignore", ".gitattributes", ".github/", ".gitlab-ci.yml", ".circleci/", ".hg/", ".svn/", ".travis.yml",
	".idea/", ".vscode/", ".DS_Store", ".editorconfig",
	"__pycache__/", ".venv/", "venv/", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/", ".tox/", ".coverage",
	"node_modules/", ".npm/", "npm-debug.log", "yarn-error.log",
}

// patterns are what the proposed .dockerignore has, in groups.
var patterns = []struct {
	title string
	names []string
}{
	{"credentials, which must never get into an image", []string{
		"**/.env", "**/.env.*", "!**/.env.example", "**/.netrc", "**/.aws", "**/.ssh", "**/.gnupg", "**/.kube", "**/.docker", "**/id_rsa", "**/id_ed25519", "**/id_ecdsa",
		"**/*.key", "**/*.p12", "**/.git-credentials", "**/.htpasswd",
	}},
	{"version control, editors and what describes the build", []string{
		"**/.git", "**/.gitignore", "**/.gitattributes", "**/.github", "**/.hg", "**/.svn", "**/.idea", "**/.vscode", "**/.DS_Store",
		"**/Dockerfile*", "**/Containerfile*", "**/*.Dockerfile", "**/.dockerignore", "**/docker-compose*.y*ml", "**/compose.y*ml",
	}},
	{"what is made anew", []string{
		"**/__pycache__", "**/*.py[co]", "**/.venv", "**/venv", "**/.pytest_cache", "**/.mypy_cache", "**/.tox", "**/.coverage", "**/node_modules", "**/npm-debug.log*",
	}},
}

// mustIgnore are names that a good .dockerignore keeps out.
var mustIgnore = []string{".git/config", ".env"}

// satisfied are rules that a .dockerignore satisfies.
var satisfied = []string{"dockerignore-missing", "dockerignore-gaps", "copy-whole-context"}

// proposeIgnore writes a .dockerignore, or adds to the one there is; nil where that
// is good, or nothing is copied from the context at all.
func (w *work) proposeIgnore() []byte {
	if !w.copies {
		return nil
	}
	var own string
	if w.files != nil && w.files.Ignore != "" {
		good := true
		for _, name := range mustIgnore {
			good = good && w.files.Ignores(name)
		}
		if good || w.files.HasExceptions() {
			return nil
		}
		content, _ := w.files.Read(w.files.Ignore)
		own = strings.TrimRight(string(content), "\n") + "\n\n"
	}
	taken := w.taken()
	var b strings.Builder
	b.WriteString(own)
	for i, g := range patterns {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString("# " + g.title + "\n")
		for _, p := range g.names {
			if w.madeAnew(strings.TrimPrefix(p, "**/")) && !slices.ContainsFunc(taken, func(name string) bool { return matchesPattern(p, name) }) {
				b.WriteString(p + "\n")
			}
		}
	}
	if keys := w.privateKeys(); len(keys) > 0 {
		b.WriteString("\n# private keys in this context\n" + strings.Join(keys, "\n") + "\n")
	}
	return []byte(b.String())
}

// privateKeys are files of the context that hold one and whose names don't say so;
// those that the input copies by name left out.
func (w *work) privateKeys() []string {
	if w.files == nil || w.keysRead {
		return w.keys
	}
	w.keysRead = true
	taken := w.taken()
	files, _ := w.files.Files()
	for _, f := range files {
		if ext := path.Ext(f); ext != ".pem" && ext != ".crt" && ext != ".cer" || len(w.keys) >= 100 || !reFolder.MatchString("/"+f) || slices.Contains(taken, path.Base(f)) {
			continue
		}
		if content, ok := w.files.Read(f); ok && strings.Contains(string(content), "PRIVATE KEY-----") {
			w.keys = append(w.keys, f)
		}
	}
	return w.keys
}

// copiesFolders tells whether any COPY or ADD takes a folder of the context.
func (w *work) copiesFolders() bool {
	for _, in := range w.file.Instructions {
		if in.Trigger != nil {
			in = in.Trigger
		}
		if in.Keyword == "run" {
			for _, m := range in.Mounts() {
				if m["type"] == "bind" && m["from"] == "" {
					return true
				}
			}
		}
		if in.Keyword != "copy" && in.Keyword != "add" || len(in.Froms()) > 0 || len(in.Words) < 2 {
			continue
		}
		for _, word := range in.Words[:len(in.Words)-1] {
			switch {
			case strings.Contains(word.String, "://"):
			case w.files == nil || strings.ContainsAny(word.String, "*?[$"):
				return true
			default:
				if _, ok := w.files.Read(word.String); !ok {
					return true
				}
			}
		}
	}
	return false
}

// taken are the names that instructions ask for, which must not be ignored.
func (w *work) taken() []string {
	var names []string
	for _, in := range w.file.Instructions {
		if in.Trigger != nil {
			in = in.Trigger
		}
		if in.Keyword != "copy" && in.Keyword != "add" || len(in.Froms()) > 0 || len(in.Words) < 2 {
			continue
		}
		for _, word := range in.Words[:len(in.Words)-1] {
			v, _ := in.Expand(word.String)
			names = append(names, strings.Split(v, "/")...)
		}
	}
	return names
}

// matchesPattern tells whether a component of a path that COPY names would be kept
// out by a pattern of ours.
func matchesPattern(pattern, name string) bool {
	pattern = strings.TrimPrefix(strings.TrimPrefix(pattern, "!"), "**/")
	if name == "" || name == "." || name == "*" {
		return false
	}
	ok, err := pathMatch(pattern, name)
	if err == nil && ok {
		return true
	}
	// A pattern of COPY ("*.key", "*.pem") against one of ours.
	if strings.ContainsAny(name, "*?[") {
		ok, err = pathMatch(name, strings.ReplaceAll(pattern, "*", "x"))
		return err == nil && ok
	}
	return false
}
