package secret

import "strings"

// Alphabets of credentials, in the order of their digits where they are numerals.
const (
	base62    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	base64Std = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	base58    = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	base36    = "0123456789abcdefghijklmnopqrstuvwxyz"
	upper36   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	base32Std = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	lowerHex  = "0123456789abcdef"
	decimal   = "0123456789"
)

// tokenEnd ends a pattern: what follows a token is no part of one. Patterns that
// use it put the token itself into a group.
const tokenEnd = `(?:[^0-9A-Za-z_-]|\z)`

// made is a value for a sample: n letters of an alphabet, the same in every run.
// Samples are made when rules are, so that neither the source nor the compiled
// program holds what looks like a credential.
func made(alphabet string, n int) string {
	b := make([]byte, n)
	x := uint64(n)*0x9e3779b97f4a7c15 + uint64(len(alphabet))
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = alphabet[x%uint64(len(alphabet))]
	}
	return string(b)
}

// madeUUID is a random UUID (RFC 9562, version 4) for a sample.
func madeUUID() string {
	h := made(lowerHex, 32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

// bytesOf tells the bytes of an alphabet from others.
func bytesOf(alphabet string) *[256]bool {
	var set [256]bool
	for _, c := range []byte(alphabet) {
		set[c] = true
	}
	return &set
}

const (
	// longestName bounds a variable's or key's name on either side of a keyword.
	longestName = 48
	// namedBefore is the Before of rules whose Find is named: the name, and a byte
	// that shows where it begins.
	namedBefore = longestName + 1
	// namedAfter is their After: the rest of the name, an operator and a value.
	namedAfter = 320
)

// secretKinds are the words by which a name says that its value is secret.
var secretKinds = []string{"token", "secret", "key", "password", "passwd", "pat", "auth", "credential"}

// named finds a value that is assigned to a name that holds the rule's keyword
// and a word that says it is secret: NAME=value, "name": "value", name = 'value',
// <name>value</name>, --name=value. Providers whose keys have no shape of their
// own are found by it, and an assignment is asked for since their names stand in
// prose as well. The value is least to most letters of an alphabet and not part
// of a longer word.
func named(alphabet string, least, most int) func(*Window) (Span, bool) {
	return namedAs(secretKinds, alphabet, least, most)
}

// namedAs is named for names that hold one of these words; for any name where
// there are none.
func namedAs(kinds []string, alphabet string, least, most int) func(*Window) (Span, bool) {
	letters := bytesOf(alphabet)
	return func(w *Window) (Span, bool) {
		b := w.Bytes
		start, end := w.Keyword, w.KeywordEnd
		for start > 0 && w.Keyword-start < longestName && inName(b[start-1]) {
			start--
		}
		for end < len(b) && end-w.KeywordEnd < longestName && inName(b[end]) {
			end++
		}
		if len(kinds) > 0 && !holdsWord(b[start:end], kinds) {
			return Span{}, false
		}
		at, ok := assignment(b, end)
		if !ok {
			return Span{}, false
		}
		stop := at
		for stop < len(b) && letters[b[stop]] {
			stop++
		}
		if stop-at < least || stop-at > most || (stop < len(b) && inName(b[stop])) {
			return Span{}, false
		}
		return Span{Start: at, End: stop, NameStart: start, NameEnd: end}, true
	}
}

func inName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

// holdsWord reports whether a name holds one of the words in either case.
func holdsWord(name []byte, words []string) bool {
	lower := strings.ToLower(string(name))
	for _, w := range words {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}

// assignment steps over what stands between a name that ends at i and its value.
func assignment(b []byte, i int) (int, bool) {
	i = skipQuote(b, i)
	i = skipSpace(b, i)
	switch {
	case i+1 < len(b) && (string(b[i:i+2]) == ":=" || string(b[i:i+2]) == "=>"):
		i += 2
	case i < len(b) && (b[i] == '=' || b[i] == ':' || b[i] == '>'):
		i++
	default:
		return 0, false
	}
	i = skipSpace(b, i)
	return skipQuote(b, i), true
}

// skipQuote steps over a quote, which may be escaped: a file's text within JSON.
func skipQuote(b []byte, i int) int {
	if i+1 < len(b) && b[i] == '\\' && (b[i+1] == '"' || b[i+1] == '\'') {
		return i + 2
	}
	if i < len(b) && (b[i] == '"' || b[i] == '\'' || b[i] == '`') {
		return i + 1
	}
	return i
}

func skipSpace(b []byte, i int) int {
	for n := 0; n < 8 && i < len(b) && (b[i] == ' ' || b[i] == '\t'); n++ {
		i++
	}
	return i
}

// mixed keeps a rule's confidence for values that hold both letters and digits,
// as random ones of some length do and words do not.
func mixed(m *Match) Confidence {
	var letter, digit bool
	for _, c := range m.Value {
		switch {
		case c >= '0' && c <= '9':
			digit = true
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letter = true
		}
	}
	if letter && digit {
		return m.Rule.Confidence
	}
	return Rejected
}
