package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Clean makes foreign text safe for one line of a terminal. What a terminal
// would obey instead of show is spelled out: control characters and escape
// sequences (\x1b), bidirectional overrides, zero-width and other format
// characters (\u202e), line separators, private-use and unassigned code
// points, and bytes that are not UTF-8 (\xff). Line breaks and tabs become
// spaces. More than two combining marks in a row are dropped, so that no text
// climbs over its neighbours. Everything a person can read stays as it is.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	marks := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case r < utf8.RuneSelf && unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case r == ' ' || (unicode.IsPrint(r) && marks <= 2):
			b.WriteRune(r)
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		case marks > 0:
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}

// plain reports whether s is printable ASCII, as nearly all text is.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// width counts the columns that clean text takes: two for wide characters.
func width(s string) int {
	if plain(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// maxColumn is more bytes than one column of clean text takes: a character of
// four bytes with two combining marks.
const maxColumn = 16

// truncate cuts clean text to a width, the last column saying so with "…".
func truncate(s string, to int) string {
	switch {
	case to <= 0:
		return ""
	case len(s) > (to+1)*maxColumn:
		// Far too long, however it is measured: no need to measure all of it.
		s = strings.ToValidUTF8(s[:(to+1)*maxColumn], "")
	case width(s) <= to:
		return s
	}
	if width(s) < to {
		return s + "…"
	}
	return strings.TrimRight(ansi.Truncate(s, to-1, ""), " ") + "…"
}

// pad fills clean text with spaces up to a width; longer text stays.
func pad(s string, to int) string {
	if gap := to - width(s); gap > 0 {
		return s + strings.Repeat(" ", gap)
	}
	return s
}

// padLeft puts the spaces in front, for numbers.
func padLeft(s string, to int) string {
	if gap := to - width(s); gap > 0 {
		return strings.Repeat(" ", gap) + s
	}
	return s
}

// wrap breaks clean text into lines of a width, between words where it can.
func wrap(s string, to int) []string {
	if to < 1 {
		to = 1
	}
	if width(s) <= to {
		return []string{s}
	}
	return fill(strings.Fields(s), " ", to)
}

// fill puts parts on lines of a width; only a part that is longer than a line
// is broken itself.
func fill(parts []string, separator string, to int) []string {
	var lines []string
	line, used := "", 0
	for _, part := range parts {
		n := width(part)
		if line != "" && used+width(separator)+n <= to {
			line, used = line+separator+part, used+width(separator)+n
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		if n > to {
			pieces := broken(part, separator, to)
			lines, part = append(lines, pieces[:len(pieces)-1]...), pieces[len(pieces)-1]
			n = width(part)
		}
		line, used = part, n
	}
	return append(lines, line)
}

// broken breaks a part that is longer than a line: between words where it has
// several, else anywhere.
func broken(part, separator string, to int) []string {
	if separator != " " && strings.Contains(part, " ") {
		return fill(strings.Fields(part), " ", to)
	}
	return strings.Split(ansi.Hardwrap(part, to, true), "\n")
}

// history shortens a history line to what a Dockerfile's author would know it
// by: "RUN apt-get update", "COPY . /app".
func history(line string) string {
	line = strings.Join(strings.Fields(Clean(line)), " ")
	line = strings.TrimSuffix(line, " # buildkit")
	shell := false
	line, run := strings.CutPrefix(line, "RUN ")
	if rest, ok := strings.CutPrefix(line, "|"); ok {
		// "|2 A=b C=d /bin/sh -c …" is how the classic builder writes build arguments.
		if _, command, found := strings.Cut(rest, " /bin/sh -c "); found {
			line, shell = command, true
		}
	}
	if rest, ok := strings.CutPrefix(line, "/bin/sh -c "); ok {
		line, shell = rest, true
	}
	if rest, ok := strings.CutPrefix(line, "#(nop) "); ok {
		return shortHash(strings.TrimSpace(rest))
	}
	line = withoutSet(line)
	if shell || run || !startsWithInstruction(line) && line != "" && !strings.HasPrefix(line, "#") {
		return "RUN " + line
	}
	return shortHash(line)
}

// withoutSet drops the "set -eux;" that says nothing of what a line installs.
func withoutSet(line string) string {
	rest, ok := strings.CutPrefix(line, "set -")
	if !ok {
		return line
	}
	flags, command, ok := strings.Cut(rest, ";")
	if !ok {
		flags, command, ok = strings.Cut(rest, "&&")
	}
	if !ok || strings.ContainsAny(strings.TrimSpace(flags), " ;&|$'\"") {
		return line
	}
	return strings.TrimSpace(command)
}

// shortHash cuts the checksum that the classic builder writes for what it
// copied: "ADD file:d261a6f69215… in /".
func shortHash(line string) string {
	for _, kind := range []string{"file:", "dir:", "multi:"} {
		before, rest, ok := strings.Cut(line, kind)
		if !ok {
			continue
		}
		hex := 0
		for hex < len(rest) && strings.IndexByte("0123456789abcdef", rest[hex]) >= 0 {
			hex++
		}
		if hex == 64 {
			return before + kind + rest[:12] + "…" + rest[hex:]
		}
	}
	return line
}

// startsWithInstruction reports whether a line's first word is in capitals, as
// BuildKit writes instructions.
func startsWithInstruction(line string) bool {
	word, _, _ := strings.Cut(line, " ")
	return word != "" && strings.ToUpper(word) == word && strings.ToLower(word) != word
}

// count writes a number with its noun: "1 package", "3 packages".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		return number(n) + " " + strings.TrimSuffix(noun, "y") + "ies"
	}
	return number(n) + " " + noun + "s"
}

// number writes an integer with thin groups of three: "12,345".
func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes a length in bytes: "143 MB".
func size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, suffix := float64(n)/unit, 0
	for value >= 999.5 && suffix < len("kMGTPE")-1 {
		value /= unit
		suffix++
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %cB", value, "kMGTPE"[suffix])
	}
	return fmt.Sprintf("%.0f %cB", value, "kMGTPE"[suffix])
}

// short cuts a digest to what tells it apart: "sha256:1d52838af602".
func short(digest string) string {
	algorithm, hex, ok := strings.Cut(digest, ":")
	if !ok || len(hex) <= 12 {
		return digest
	}
	return algorithm + ":" + hex[:12]
}
