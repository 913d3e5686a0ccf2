package hygiene

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// mountKeptRule is about secrets that are mounted and then written down.
func mountKeptRule() Rule {
	return Rule{
		ID: "secret-mount-kept", Title: "a mounted secret is written to a file that stays", Severity: advisory.High, Category: Secrets,
		Why:    "A secret mount leaves nothing behind, but its copy does: the file is in the layer.",
		Remedy: "Let the mount have the place where it is needed (target=…) or the variable (env=…), and write nothing.",
		Source: "https://docs.docker.com/reference/dockerfile/#run---mounttypesecret",
		Check:  checkMountKept,
		Bad: []Sample{
			file("FROM debian:13\nRUN --mount=type=secret,id=npmrc cp /run/secrets/npmrc /root/.npmrc && npm ci\n"), file("FROM debian:13\nRUN --mount=type=secret,id=t cat /run/secrets/t > /etc/token\n"),
			file("FROM debian:13\nRUN --mount=type=secret,id=t,target=/s/t install -m 600 /s/t /etc/t\n"), file("FROM debian:13\nRUN --mount=type=secret,id=t,env=TOKEN echo \"token=$TOKEN\" >> /etc/app.conf\n"),
			file("FROM debian:13\nRUN --mount=type=secret,id=t git config --global url.\"https://$(cat /run/secrets/t)@github.com/\".insteadOf https://github.com/\n"), file("FROM debian:13\nRUN --mount=type=secret,id=t cat /run/secrets/t | tee /etc/token\n"),
			file("FROM debian:13\nRUN --mount=type=secret,id=t echo \"key: $(cat /run/secrets/t)\" > /app/config.yml\n"),
		},
		Good: []Sample{
			file("FROM debian:13\nRUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci\n"), file("FROM debian:13\nRUN --mount=type=secret,id=t TOKEN=$(cat /run/secrets/t) make > /var/log/make.log\n"),
			file("FROM debian:13\nRUN --mount=type=secret,id=t cp /run/secrets/t /root/.t && ./x && rm -f /root/.t\n"), file("FROM debian:13\nRUN --mount=type=secret,id=t cat /run/secrets/t > /dev/null\n"),
			file("FROM debian:13\nRUN --mount=type=secret,id=t curl -H \"Authorization: Bearer $(cat /run/secrets/t)\" -o /a.tgz https://x.example.com/a.tgz\n"), file("FROM debian:13\nRUN --mount=type=secret,id=t cat /run/secrets/t | ./login --stdin\n"),
			file("FROM debian:13\nRUN --mount=type=secret,id=t --mount=type=tmpfs,target=/tmp cp /run/secrets/t /tmp/t && ./x\n"), file("FROM debian:13\nRUN cp /run/secrets/t /root/t\n"), file("FROM debian:13\nRUN --mount=type=secret,id=t,env=TOK echo $TOKEN > /etc/x\n"),
		},
	}
}

// nearby is how long a pipeline may be to be followed from its beginning to its end,
// and keptFiles how many files of one instruction are.
const nearby, keptFiles = 32, 100

// checkMountKept follows what RUN --mount=type=secret brings.
func checkMountKept(l *Lint) {
	for _, in := range l.All("run") {
		var marks, gone []string
		for _, m := range in.Mounts() {
			switch m["type"] {
			case "secret":
				if m["env"] != "" {
					marks = append(marks, "$"+m["env"], "${"+m["env"]+"}")
				}
				if m["target"] != "" {
					marks = append(marks, m["target"])
				} else if m["id"] != "" && m["env"] == "" {
					marks = append(marks, "/run/secrets/"+m["id"])
				}
			case "tmpfs", "cache":
				gone = append(gone, m["target"])
			}
		}
		if len(marks) == 0 {
			continue
		}
		kept := 0
		for _, c := range in.Commands() {
			for _, file := range keeps(c, marks) {
				if kept++; kept > keptFiles {
					break
				}
				temporary := strings.HasPrefix(file, "/dev/") || strings.HasPrefix(file, "/proc/") || slices.ContainsFunc(gone, func(dir string) bool { return within(file, dir) })
				if !temporary && !slices.Contains(marks, file) && !removed(in, file) {
					l.ReportCommand(c, "%s writes a mounted secret to %s", c.Name, file)
				}
			}
		}
	}
}

// within tells whether a file lies in a folder.
func within(file, dir string) bool {
	return dir != "" && (file == dir || strings.HasPrefix(file, strings.TrimSuffix(dir, "/")+"/"))
}

// keeps are the files that a command writes a secret to.
func keeps(c *dockerfile.Command, marks []string) []string {
	if c.Name == "git" && inOrder(c.Args, []string{"config"}) && marked(c.Line(), marks) {
		return []string{".gitconfig"}
	}
	switch c.Name {
	case "cp", "mv", "install", "ln":
		operands := c.Operands("-m", "-o", "-g", "--mode", "--owner", "--group")
		if n := len(operands); n > 1 && c.Name != "ln" && slices.ContainsFunc(operands[:n-1], func(w dockerfile.Word) bool { return marked(w.Text, marks) }) {
			return []string{operands[n-1].Text}
		}
		return nil
	case "echo", "printf", "cat", "sed", "envsubst", "base64", "jq", "tr", "tee":
	default:
		return nil // what a program of its own prints need not be the secret
	}
	text := c.Line()
	for _, r := range redirects(c) {
		if r.Hdoc != nil {
			text += printed(r.Hdoc)
		} else if r.Op == syntax.RdrIn {
			text += " " + printed(r.Word)
		}
	}
	for i := max(0, c.At-nearby); i < c.At; i++ {
		switch c.Pipe[i].Name {
		case "echo", "printf", "cat", "sed", "base64", "jq", "tr":
			text += " " + c.Pipe[i].Line()
		}
	}
	if !marked(text, marks) {
		return nil
	}
	return targets(c)
}

// marked tells whether a text names a secret.
func marked(text string, marks []string) bool {
	return slices.ContainsFunc(marks, func(m string) bool {
		for at := 0; ; {
			i := strings.Index(text[at:], m)
			if i < 0 {
				return false
			}
			at += i + len(m)
			if at == len(text) || !isNameByte(text[at]) || m[len(m)-1] == '}' {
				return true
			}
		}
	})
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// removed tells whether the same instruction deletes the file again.
func removed(in *dockerfile.Instruction, file string) bool {
	for _, c := range in.Commands() {
		if c.Name != "rm" && c.Name != "shred" && (c.Name != "git" || !c.HasFlag("--unset", "--unset-all", "--remove-section")) {
			continue
		}
		for _, w := range c.Operands() {
			if w.Text == file || within(file, w.Text) || strings.HasSuffix(w.Text, "/"+file) || strings.HasSuffix(w.Text, "/*") && within(file, strings.TrimSuffix(w.Text, "/*")) {
				return true
			}
		}
		if c.Name == "git" {
			return true
		}
	}
	return false
}

// redirects are those of the command itself.
func redirects(c *dockerfile.Command) []*syntax.Redirect {
	if c.Statement == nil {
		return nil
	}
	return c.Statement.Redirs
}

// targets are the files that a command's output goes to.
func targets(c *dockerfile.Command) []string {
	var files []string
	for _, r := range redirects(c) {
		switch r.Op {
		case syntax.RdrOut, syntax.AppOut, syntax.RdrAll, syntax.AppAll, syntax.RdrClob:
			if r.N == nil || r.N.Value == "1" {
				files = append(files, printed(r.Word))
			}
		}
	}
	if c.Name == "tee" {
		for _, w := range c.Operands() {
			files = append(files, w.Text)
		}
	}
	if len(c.Pipe) > nearby {
		return files
	}
	if t, ok := c.PipesInto("tee"); ok {
		for _, w := range t.Operands() {
			files = append(files, w.Text)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// printed is a word as it is written, without the quotes around it.
func printed(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	var b strings.Builder
	if err := syntax.NewPrinter().Print(&b, w); err != nil {
		return ""
	}
	return strings.Trim(b.String(), `"'`)
}
