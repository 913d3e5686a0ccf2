package version

import "strings"

// pythonVersion is PEP 440's [N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local].
type pythonVersion struct {
	epoch   string
	release []string
	// pre is 'a', 'b' or 'r' (rc); 0 where absent.
	pre       byte
	preNumber string
	post, dev string // "" where absent
	local     string
	hasLocal  bool
}

func parsePython(raw string) (pythonVersion, bool) {
	var v pythonVersion
	s := strings.ToLower(strings.TrimSpace(raw))
	s = strings.TrimPrefix(s, "v")
	s, v.local, v.hasLocal = strings.Cut(s, "+")
	if v.hasLocal && !validLocal(v.local) {
		return v, false
	}
	if i := strings.IndexByte(s, '!'); i >= 0 {
		if v.epoch = s[:i]; !allDigits(v.epoch) {
			return v, false
		}
		s = s[i+1:]
	}
	if v.release, s = leadingNumbers(s); len(v.release) == 0 {
		return v, false
	}
	s = v.parsePre(s)
	s = v.parsePost(s)
	s = v.parseDev(s)
	return v, s == ""
}

// pythonPre lists the spellings of pre-releases; longer ones stand first.
var pythonPre = [...]struct {
	word string
	rank byte
}{
	{"alpha", 'a'}, {"preview", 'r'}, {"beta", 'b'}, {"pre", 'r'}, {"rc", 'r'}, {"a", 'a'}, {"b", 'b'}, {"c", 'r'},
}

func (v *pythonVersion) parsePre(s string) string {
	t := trimSeparator(s)
	for _, p := range pythonPre {
		if rest, ok := strings.CutPrefix(t, p.word); ok {
			number, rest := pythonNumber(rest)
			v.pre, v.preNumber = p.rank, number
			return rest
		}
	}
	return s
}

func (v *pythonVersion) parsePost(s string) string {
	if len(s) > 1 && s[0] == '-' && isDigit(s[1]) { // "1.0-1" is a post-release
		n := digitsLen(s[1:])
		v.post = s[1 : 1+n]
		return s[1+n:]
	}
	t := trimSeparator(s)
	for _, word := range [...]string{"post", "rev", "r"} {
		if rest, ok := strings.CutPrefix(t, word); ok {
			v.post, rest = pythonNumber(rest)
			return rest
		}
	}
	return s
}

func (v *pythonVersion) parseDev(s string) string {
	if rest, ok := strings.CutPrefix(trimSeparator(s), "dev"); ok {
		v.dev, rest = pythonNumber(rest)
		return rest
	}
	return s
}

func trimSeparator(s string) string {
	if s != "" && strings.IndexByte("-_.", s[0]) >= 0 {
		return s[1:]
	}
	return s
}

// pythonNumber reads an optional number; without one it is 0.
func pythonNumber(s string) (number, rest string) {
	t := trimSeparator(s)
	n := digitsLen(t)
	if n == 0 {
		return "0", s
	}
	return t[:n], t[n:]
}

func validLocal(s string) bool {
	if s == "" {
		return false
	}
	for part := range strings.FieldsFuncSeq("x"+s+"x", isLocalSeparator) {
		for i := 0; i < len(part); i++ {
			if !isDigit(part[i]) && !isLetter(part[i]) {
				return false
			}
		}
	}
	return !isLocalSeparator(rune(s[0])) && !isLocalSeparator(rune(s[len(s)-1]))
}

func isLocalSeparator(r rune) bool { return r == '.' || r == '-' || r == '_' }

// compare compares the public parts; the local label counts only where o, the
// side a range names, has one (PEP 440, "version specifiers").
func (v pythonVersion) compare(o order) int {
	w, _ := o.(pythonVersion)
	if c := v.comparePublic(w); c != 0 || !w.hasLocal {
		return c
	}
	return compareLocal(v.local, w.local)
}

func (v pythonVersion) comparePublic(w pythonVersion) int {
	if c := compareDigits(v.epoch, w.epoch); c != 0 {
		return c
	}
	for i := range max(len(v.release), len(w.release)) {
		var a, b string
		if i < len(v.release) {
			a = v.release[i]
		}
		if i < len(w.release) {
			b = w.release[i]
		}
		if c := compareDigits(a, b); c != 0 {
			return c
		}
	}
	if c := sign(v.preRank() - w.preRank()); c != 0 {
		return c
	}
	if c := compareDigits(v.preNumber, w.preNumber); c != 0 {
		return c
	}
	if c := compareOptional(v.post, w.post, -1); c != 0 {
		return c
	}
	return compareOptional(v.dev, w.dev, 1)
}

// preRank sorts a bare dev release before pre-releases, and those before the
// final one.
func (v pythonVersion) preRank() int {
	switch {
	case v.pre != 0:
		return int(v.pre)
	case v.post == "" && v.dev != "":
		return 0
	}
	return 255
}

// compareOptional compares two numbers of which either may be absent; absent
// is the sign of an absent one against any number.
func compareOptional(a, b string, absent int) int {
	switch {
	case a == "" && b == "":
		return 0
	case a == "":
		return absent
	case b == "":
		return -absent
	}
	return compareDigits(a, b)
}

func compareLocal(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = cutLocal(a)
		y, b = cutLocal(b)
		xn, yn := allDigits(x), allDigits(y)
		var c int
		switch {
		case x == y:
		case x == "":
			return -1
		case y == "":
			return 1
		case xn && yn:
			c = compareDigits(x, y)
		case xn:
			c = 1
		case yn:
			c = -1
		default:
			c = strings.Compare(x, y)
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

func cutLocal(s string) (part, rest string) {
	if i := strings.IndexFunc(s, isLocalSeparator); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}
