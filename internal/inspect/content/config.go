package content

import (
	"context"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// Configuration looks at an image's configuration and history: environment,
// labels, commands, health check, and each history line, in which builders leave
// the values of build arguments ("|1 TOKEN=… /bin/sh -c …").
func (i *Inspector) Configuration(ctx context.Context, c *v1.ConfigFile) *evidence.Fragment {
	out := &evidence.Fragment{}
	look := func(path, text string) {
		if text == "" {
			return
		}
		s := i.subject(ctx, &inspect.File{Path: path, Size: int64(len(text))}, out)
		s.config = true
		s.look(where{path: path}, []byte(text))
	}
	for _, variable := range c.Config.Env {
		name, _, _ := strings.Cut(variable, "=")
		look(evidence.ConfigPrefix+"Env."+printable(name), variable)
	}
	for _, name := range sortedKeys(c.Config.Labels) {
		look(evidence.ConfigPrefix+"Labels."+printable(name), name+"="+c.Config.Labels[name])
	}
	look(evidence.ConfigPrefix+"Entrypoint", command(c.Config.Entrypoint))
	look(evidence.ConfigPrefix+"Cmd", command(c.Config.Cmd))
	if len(c.Config.Entrypoint) > 0 && len(c.Config.Cmd) > 0 {
		// What runs is both together: ENTRYPOINT ["sh", "-c"], CMD ["…"].
		together := &evidence.Fragment{}
		s := i.subject(ctx, &inspect.File{Path: evidence.ConfigPrefix + "Cmd"}, together)
		s.config = true
		s.look(where{path: evidence.ConfigPrefix + "Cmd"}, []byte(command(slices.Concat(c.Config.Entrypoint, c.Config.Cmd))))
		if len(out.Planted) == 0 {
			out.Planted = together.Planted
		}
	}
	if h := c.Config.Healthcheck; h != nil && len(h.Test) > 1 {
		test := h.Test[1:]
		if h.Test[0] == "CMD-SHELL" {
			look(evidence.ConfigPrefix+"Healthcheck", strings.Join(test, "\n"))
		} else {
			look(evidence.ConfigPrefix+"Healthcheck", command(test))
		}
	}
	for n, h := range c.History {
		look(fmt.Sprintf("%s%d", evidence.HistoryPrefix, n), instruction(h.CreatedBy))
		if h.Comment != "" {
			look(fmt.Sprintf("%s%d.comment", evidence.HistoryPrefix, n), h.Comment)
		}
	}
	return out
}

// command writes an exec form as the shell would read it; of a shell's -c the
// script itself.
func command(words []string) string {
	if len(words) == 3 && words[1] == "-c" {
		switch words[0][strings.LastIndexByte(words[0], '/')+1:] {
		case "sh", "bash", "ash", "dash", "zsh", "ksh":
			return words[2]
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

// instruction takes the shell out of a history line: what a builder writes
// around the command is none of its code. Build arguments stay, a line each, as
// assignments are written.
func instruction(line string) string {
	line = strings.TrimSuffix(line, " # buildkit")
	rest := strings.TrimPrefix(line, "RUN ")
	arguments := ""
	if strings.HasPrefix(rest, "|") {
		before, script, ok := strings.Cut(rest, " /bin/sh -c ")
		if _, values, found := strings.Cut(before, " "); ok && found {
			arguments, rest = strings.ReplaceAll(values, " ", "\n")+"\n", script
		}
	}
	rest = strings.TrimPrefix(rest, "/bin/sh -c ")
	rest = strings.TrimPrefix(rest, "#(nop) ")
	return arguments + strings.TrimSpace(rest)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
