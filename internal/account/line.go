package account

import (
	"fmt"
	"strings"

	"plimsoll/internal/inventory"
)

// Line states the account in one line: "1,284 executables: 1,271 owned and
// intact, 9 added by COPY --from=build, 1 altered: /usr/sbin/cron, 3 unaccounted".
func (a *Account) Line() string {
	if a.Executables == 0 {
		return "no executables"
	}
	var parts []string
	for _, s := range Statuses() {
		n := a.ByStatus[s]
		switch {
		case n == 0:
		case s == Altered && n <= 3:
			parts = append(parts, fmt.Sprintf("%d altered: %s", n, strings.Join(a.paths(Altered), ", ")))
		case s == Built:
			parts = append(parts, a.built()...)
		default:
			parts = append(parts, thousands(n)+" "+statusWords[s])
		}
	}
	noun := " executables: "
	if a.Executables == 1 {
		noun = " executable: "
	}
	return thousands(a.Executables) + noun + strings.Join(parts, ", ")
}

// statusWords are the statuses in words, as they follow a number.
var statusWords = map[Status]string{
	Intact: "owned and intact", Unverified: "owned without a digest to compare", Runtime: "of recognised runtimes",
	Generated: "generated", Built: "added by the build", Altered: "altered", Unaccounted: "unaccounted",
}

// Words is a status in words.
func (s Status) Words() string { return statusWords[s] }

// built says which history lines added executables, the first few by name.
func (a *Account) built() []string {
	const named = 3
	var parts []string
	rest := 0
	for i, s := range a.BuiltBy {
		if i >= named && len(a.BuiltBy) > named+1 {
			rest += s.Executables
			continue
		}
		parts = append(parts, fmt.Sprintf("%s added by %s", thousands(s.Executables), Instruction(s.Layer)))
	}
	if rest > 0 {
		parts = append(parts, thousands(rest)+" by other steps")
	}
	return parts
}

// Instruction is a layer's history line as its author would know it, short.
func Instruction(r inventory.LayerRef) string {
	line := strings.Join(strings.Fields(instruction(r.CreatedBy)), " ")
	if line == "" {
		return fmt.Sprintf("layer %d", r.Index)
	}
	return shortened(line, 40)
}

// shortened cuts a text to a number of characters.
func shortened(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// paths lists the visible executables of a status, largest risk first.
func (a *Account) paths(s Status) []string {
	var list []string
	for i := range a.Entries {
		if e := &a.Entries[i]; e.Status == s && e.Liveness == inventory.Visible {
			list = append(list, "/"+e.Path)
		}
	}
	return list
}

// thousands writes an integer in groups of three.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
