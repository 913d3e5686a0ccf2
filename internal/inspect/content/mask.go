package content

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"plimsoll/internal/secret"
)

// hidden are the secrets of one text, whose values nothing that is shown of it may
// give away: not the excerpt of planted code that stands in the same line, which
// may hold a part of one only, nor what it says in words.
type hidden struct {
	values []hiddenValue
	// encoded is set where a secret was found in base64.
	encoded bool
}

// hiddenValue is a value as an excerpt would show it.
type hiddenValue struct{ text, redacted string }

// value takes in the value of a secret.
func (h *hidden) value(v []byte, redacted string) {
	h.values = append(h.values, hiddenValue{shown(v), redacted})
}

// shown is what malware.Printable makes of bytes, whatever their length.
func shown(v []byte) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return '.'
		}
		return r
	}, string(v)))
}

// piece is the length from which a part of a value is masked, in bytes.
const piece = 8

// mask takes the values out of a text.
func (h *hidden) mask(text string) string {
	for _, v := range h.values {
		if len(v.text) >= 4 {
			text = strings.ReplaceAll(text, v.text, v.redacted)
		}
	}
	for _, v := range h.values {
		text = maskPieces(text, v.text)
	}
	if h.encoded {
		text = maskEncoded(text)
	}
	return text
}

// maskPieces masks what of a text stands in a value too: an excerpt may begin or
// end in the middle of one.
func maskPieces(text, value string) string {
	if len(text) < piece || len(value) < piece {
		return text
	}
	places := map[string][]int{}
	for i := 0; i+piece <= len(text); i++ {
		places[text[i:i+piece]] = append(places[text[i:i+piece]], i)
	}
	covered := make([]bool, len(text))
	any := false
	for i := 0; i+piece <= len(value); i++ {
		for _, at := range places[value[i:i+piece]] {
			any = true
			for k := at; k < at+piece; k++ {
				covered[k] = true
			}
		}
	}
	if !any {
		return text
	}
	return replaceCovered(text, covered)
}

// maskEncoded masks what may be base64.
func maskEncoded(text string) string {
	const shortest = 16
	covered := make([]bool, len(text))
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && (inBase64[text[end]] || text[end] == '=') {
			end++
		}
		if end-i >= shortest {
			for k := i; k < end; k++ {
				covered[k] = true
			}
		}
		i = end + 1
	}
	return replaceCovered(text, covered)
}

func replaceCovered(text string, covered []bool) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case !covered[i]:
			b.WriteByte(text[i])
		case i == 0 || !covered[i-1]:
			b.WriteString("[redacted]")
		}
	}
	return strings.ToValidUTF8(b.String(), "")
}

// masked takes secrets out of a text that is shown: those of the file that it is
// from, and what looks like one by itself.
func (s *subject) masked(w where, shown string, hide *hidden) string {
	text := []byte(hide.mask(shown))
	hits := s.secretsOf(w, text)
	slices.SortFunc(hits, func(a, b secret.Hit) int { return cmp.Compare(b.Offset, a.Offset) })
	for _, h := range hits {
		found := h.Secret()
		text = slices.Concat(text[:h.Offset], []byte(found.Redacted), text[h.Offset+int64(len(h.Value)):])
	}
	return string(text)
}

// secretsOf are the secrets of a short text.
func (s *subject) secretsOf(w where, text []byte) []secret.Hit {
	var search *secret.Search
	s.words.Find(text, 0, len(text), func(word, at int) bool {
		if word < s.secretWords {
			if search == nil {
				search = s.opt.Secrets.Begin(s.rulePath(w))
			}
			search.Keyword(text, 0, word, at)
		}
		return true
	})
	if search == nil {
		return nil
	}
	return search.Hits()
}

// inside is the way to a member as it is shown: a name may hold a token too.
func (s *subject) inside(w where) string {
	if w.inside == "" {
		return ""
	}
	name := []byte(w.inside)
	for _, h := range s.secretsOf(where{}, name) {
		if h.Confidence >= secret.Likely {
			name = bytes.ReplaceAll(name, h.Value, []byte(secret.Redact(h.Value, "")))
		}
	}
	return string(name)
}

// printable bounds a member's name and takes out of it what no terminal shows as
// a character: control characters, marks that turn the direction of writing,
// bytes that are no text. "!" parts the steps of the way to a member.
func printable(name string) string {
	const longest = 512
	cut := len(name) > longest
	if cut {
		name = name[:longest]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return -1
		case r == '!':
			return '_'
		}
		return r
	}, name)
	if cut {
		name += "…"
	}
	return name
}
