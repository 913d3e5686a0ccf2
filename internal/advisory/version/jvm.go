package version

import "strings"

// parseJVM reads both spellings of Java's own versions: "1.8.0_302-b08", from
// before JEP 223, is 8.0.302; "17.0.2+8" is what it says.
func parseJVM(raw string) (segmented, bool) {
	s := strings.TrimSpace(raw)
	if rest, ok := strings.CutPrefix(s, "1."); ok {
		s = rest
	}
	numbers, rest := leadingNumbers(s)
	if len(numbers) == 0 {
		return segmented{}, false
	}
	update, rest := javaUpdate(rest)
	for len(numbers) < 3 {
		numbers = append(numbers, "0")
	}
	if update != "" && strings.Trim(numbers[2], "0") == "" {
		numbers[2] = update
	}
	rest = strings.TrimPrefix(rest, ".")
	if b := strings.Index(rest, "-b"); b >= 0 && digitsLen(rest[b+2:]) > 0 {
		rest = rest[:b] // a build number, not a pre-release
	}
	return parseSegmented(strings.Join(numbers, ".")+rest, false)
}

func leadingNumbers(s string) (numbers []string, rest string) {
	for {
		n := digitsLen(s)
		if n == 0 {
			return numbers, s
		}
		numbers = append(numbers, s[:n])
		s = s[n:]
		if len(s) < 2 || s[0] != '.' || !isDigit(s[1]) {
			return numbers, s
		}
		s = s[1:]
	}
}

// javaUpdate reads "_302", "-update302", "-update_302" or "u302".
func javaUpdate(s string) (update, rest string) {
	t := s
	switch {
	case strings.HasPrefix(t, "_"), strings.HasPrefix(t, "u") && !strings.HasPrefix(t, "update"):
		t = t[1:]
	case strings.HasPrefix(t, "-update"):
		t = t[1:]
	default:
		return "", s
	}
	t = strings.TrimPrefix(strings.TrimPrefix(t, "update"), "_")
	n := digitsLen(t)
	if n == 0 {
		return "", s
	}
	return t[:n], t[n:]
}
