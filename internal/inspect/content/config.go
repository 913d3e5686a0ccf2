package content

import (
	"context"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/dockerfile"
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
		if script := len(words) - 1; dockerfile.ShellWords(words[:script]) == script {
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

// instruction takes the shell out of a history line: what a builder writes
// around the command is none of its code. Build arguments stay, a line each, as
// assignments are written.
func instruction(line string) string {
	c := dockerfile.ReadCreatedBy(line)
	if len(c.Arguments) == 0 {
		return c.Command
	}
	return strings.Join(c.Arguments, "\n") + "\n" + c.Command
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
