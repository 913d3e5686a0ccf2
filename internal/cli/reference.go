package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// WriteReference writes docs/cli.md: every command with its help and flags,
// made from the commands themselves.
func WriteReference(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("# Command reference\n\nGenerated from the commands by `make generate`; edit those instead.\n")
	root := newRoot(&app{env: Env{Getenv: func(string) string { return "" }}})
	reference(&b, root)
	_, err := w.Write(b.Bytes())
	return err
}

func reference(b *bytes.Buffer, cmd *cobra.Command) {
	if cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n", cmd.CommandPath(), strings.TrimSpace(strings.ReplaceAll(fence(cmd.Long, cmd.Short), "\n\n\n", "\n\n")))
	if cmd.Runnable() {
		fmt.Fprintf(b, "\n```text\n%s\n```\n", cmd.UseLine())
	}
	if cmd.Example != "" {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", unindent(cmd.Example))
	}
	flags := cmd.NonInheritedFlags()
	if cmd.HasParent() {
		flags = cmd.LocalFlags()
	}
	rows := 0
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if rows == 0 {
			b.WriteString("\n| flag | meaning |\n| --- | --- |\n")
		}
		rows++
		fmt.Fprintf(b, "| `%s` | %s |\n", flagName(f), strings.ReplaceAll(f.Usage, "|", "\\|"))
	})
	for _, sub := range cmd.Commands() {
		reference(b, sub)
	}
}

// fence puts the exit-status list, which is laid out in columns, into a code block.
func fence(long, short string) string {
	if long == "" {
		return short + "."
	}
	return strings.Replace(long, exitStatusHelp, "```text\n"+exitStatusHelp+"\n```", 1)
}

func unindent(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

func flagName(f *pflag.Flag) string {
	s := "--" + f.Name
	if f.Shorthand != "" {
		s = "-" + f.Shorthand + ", " + s
	}
	switch {
	case f.Value.Type() == "bool":
	case f.DefValue != "" && f.DefValue != "[]":
		s += "=" + f.DefValue
	default:
		s += " " + strings.ToUpper(f.Value.Type())
	}
	return s
}
