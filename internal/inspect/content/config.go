package content

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// Configuration looks at an image's configuration and history: environment,
// labels, commands, health check, triggers, and each history line, in which
// builders leave the values of build arguments ("|1 TOKEN=… /bin/sh -c …").
func (i *Inspector) Configuration(ctx context.Context, c *v1.ConfigFile) *evidence.Fragment {
	out := &evidence.Fragment{}
	account, told := newAccount(), map[string]bool{}
	look := func(out *evidence.Fragment, path, text string) {
		if text == "" {
			return
		}
		s := i.subject(ctx, &inspect.File{Path: path, Size: int64(len(text))}, out, account)
		s.config, s.told = true, told
		s.look(where{path: path}, []byte(text))
		s.settle()
	}
	named := func(path, name, text string) {
		before := len(out.Secrets)
		look(out, path, text)
		for n := before; n < len(out.Secrets); n++ {
			if found := &out.Secrets[n]; found.Name == "" {
				found.Name = printable(name)
			}
		}
	}
	for _, variable := range c.Config.Env {
		name, _, _ := strings.Cut(variable, "=")
		named(EnvPath(name), name, variable)
	}
	for _, name := range sortedKeys(c.Config.Labels) {
		named(LabelPath(name), name, name+"="+c.Config.Labels[name])
	}
	look(out, evidence.ConfigPrefix+"Entrypoint", command(c.Config.Entrypoint))
	look(out, evidence.ConfigPrefix+"Cmd", command(c.Config.Cmd))
	if len(c.Config.Entrypoint) > 0 && len(c.Config.Cmd) > 0 {
		// What runs is both together: ENTRYPOINT ["sh", "-c"], CMD ["…"].
		together := &evidence.Fragment{}
		look(together, evidence.ConfigPrefix+"Cmd", command(slices.Concat(c.Config.Entrypoint, c.Config.Cmd)))
		if len(out.Planted) == 0 {
			out.Planted = together.Planted
		}
	}
	if h := c.Config.Healthcheck; h != nil && len(h.Test) > 1 {
		test := h.Test[1:]
		if h.Test[0] == "CMD-SHELL" {
			look(out, evidence.ConfigPrefix+"Healthcheck", strings.Join(test, "\n"))
		} else {
			look(out, evidence.ConfigPrefix+"Healthcheck", command(test))
		}
	}
	look(out, evidence.ConfigPrefix+"Shell", strings.Join(c.Config.Shell, " "))
	for n, trigger := range c.Config.OnBuild {
		look(out, fmt.Sprintf("%sOnBuild.%d", evidence.ConfigPrefix, n), instruction(trigger))
	}
	for n, h := range c.History {
		look(out, fmt.Sprintf("%s%d", evidence.HistoryPrefix, n), instruction(h.CreatedBy))
		look(out, fmt.Sprintf("%s%d.comment", evidence.HistoryPrefix, n), h.Comment)
	}
	return out
}

// command writes an exec form as the shell would read it; of a shell's -c the
// script itself.
func command(words []string) string {
	if len(words) > 2 {
		if script := len(words) - 1; shellWords(words[:script]) == script {
			return words[script]
		}
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		q, err := syntax.Quote(w, syntax.LangBash)
		if err != nil {
			q = w
		}
		quoted[i] = q
	}
	return strings.Join(quoted, " ")
}

// shellWords is how many words at the beginning of a command are a shell up to
// the option behind which the script stands: ["/bin/bash", "-o", "pipefail",
// "-c"], ["cmd", "/S", "/C"]. It is 0 for another command.
func shellWords(words []string) int {
	if len(words) == 0 {
		return 0
	}
	program := strings.ToLower(words[0][strings.LastIndexAny(words[0], `/\`)+1:])
	switch strings.TrimSuffix(program, ".exe") {
	case "sh", "bash", "ash", "dash", "zsh", "ksh", "cmd", "powershell", "pwsh":
	default:
		return 0
	}
	const mostOptions = 16
	for i, w := range words[1:min(len(words), mostOptions)] {
		switch option := strings.ToLower(w); {
		case option == "/c", option == "-command", strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && len(w) <= 6 && strings.HasSuffix(w, "c"):
			return i + 2
		}
	}
	return 0
}

// instruction takes the shell out of a history line: what a builder writes
// around the command is none of its code. Build arguments stay, a line each, as
// assignments are written.
func instruction(line string) string {
	line = strings.TrimSuffix(line, " # buildkit")
	rest := strings.TrimPrefix(line, "RUN ")
	arguments := ""
	if strings.HasPrefix(rest, "|") {
		arguments, rest = buildArguments(rest)
	}
	rest = withoutShell(rest)
	rest = strings.TrimPrefix(rest, "#(nop) ")
	return arguments + strings.TrimSpace(rest)
}

// withoutShell takes a shell from the beginning of a line.
func withoutShell(line string) string {
	const longest = 512
	words := strings.Split(line[:min(len(line), longest)], " ")
	at := 0
	for _, w := range words[:shellWords(words)] {
		at += len(w) + 1
	}
	return line[min(at, len(line)):]
}

// buildArguments parts a history line of a builder's, "|2 A=b C=d e /bin/sh -c
// make", into the arguments, a line each, and the command. Their number stands
// before them; values are not quoted and may hold spaces, so that one ends where
// the next assignment or the shell begins.
func buildArguments(line string) (arguments, command string) {
	count, rest, ok := strings.Cut(line[1:], " ")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 1 {
		return "", line
	}
	var b strings.Builder
	for at := 0; ; {
		end := strings.IndexByte(rest[at:], ' ')
		word := rest[at:]
		if end >= 0 {
			word = rest[at : at+end]
		}
		switch {
		case n > 0 && assignment.MatchString(word):
			if n--; b.Len() > 0 {
				b.WriteByte('\n')
			}
		case b.Len() == 0:
			return "", line
		case n == 0 && withoutShell(rest[at:]) != rest[at:]:
			return b.String() + "\n", rest[at:]
		default:
			b.WriteByte(' ')
		}
		b.WriteString(word)
		if end < 0 {
			return b.String() + "\n", ""
		}
		at += end + 1
	}
}

// assignment is the beginning of a build argument.
var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.\-]*=`)

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
