package dockerfile

import (
	"regexp"
	"strconv"
	"strings"
)

// CreatedBy is what a builder wrote into a line of an image's history (OCI
// image-spec, config.md, created_by).
type CreatedBy struct {
	// Run is set for a command, of which the builder's shell is taken off.
	Run bool
	// Arguments are the build arguments of a command, "NAME=value" each.
	Arguments []string
	// Command is the command, or the instruction as it was written.
	Command string
}

// ReadCreatedBy reads the forms of BuildKit ("RUN |1 A=b /bin/sh -c make # buildkit",
// "COPY . /app # buildkit") and of the builder before it ("/bin/sh -c make",
// "/bin/sh -c #(nop) COPY file:… in /app").
func ReadCreatedBy(line string) CreatedBy {
	var c CreatedBy
	line = strings.TrimSuffix(line, " # buildkit")
	rest, run := strings.CutPrefix(line, "RUN ")
	if strings.HasPrefix(rest, "|") {
		c.Arguments, rest = buildArguments(rest)
		run = true
	}
	command := withoutShell(rest)
	command, nop := strings.CutPrefix(command, "#(nop) ")
	c.Command = strings.TrimSpace(command)
	c.Run = run || (command != rest && !nop)
	return c
}

// ShellWords is how many words at the beginning of a command are a shell up to
// the option behind which the script stands: ["/bin/bash", "-o", "pipefail",
// "-c"], ["cmd", "/S", "/C"]. It is 0 for another command.
func ShellWords(words []string) int {
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

// withoutShell takes a shell from the beginning of a line.
func withoutShell(line string) string {
	const longest = 512
	words := strings.Split(line[:min(len(line), longest)], " ")
	at := 0
	for _, w := range words[:ShellWords(words)] {
		at += len(w) + 1
	}
	return line[min(at, len(line)):]
}

// assignment is the beginning of a build argument.
var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.\-]*=`)

// buildArguments parts a history line of a builder's, "|2 A=b C=d e /bin/sh -c
// make", into the arguments and the command. Their number stands before them;
// values are not quoted and may hold spaces, so that one ends where the next
// assignment or the shell begins.
func buildArguments(line string) (arguments []string, command string) {
	count, rest, ok := strings.Cut(line[1:], " ")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 1 {
		return nil, line
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
				arguments = append(arguments, b.String())
				b.Reset()
			}
		case b.Len() == 0:
			return nil, line
		case n == 0 && withoutShell(rest[at:]) != rest[at:]:
			return append(arguments, b.String()), rest[at:]
		default:
			b.WriteByte(' ')
		}
		b.WriteString(word)
		if end < 0 {
			return append(arguments, b.String()), ""
		}
		at += end + 1
	}
}
