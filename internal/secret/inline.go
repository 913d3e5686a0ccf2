package secret

import "bytes"

// allowComment on the line of a secret says that it is meant to be there, as
// gitleaks reads it (detect/detect.go, gitleaksAllowSignature). Whoever made an
// image can write it, so that it lowers a finding and hides none.
const allowComment = "gitleaks:allow"

// allowedInline reports whether the line of a match carries the comment.
func allowedInline(m *Match) bool { return bytes.Contains(m.Line(), []byte(allowComment)) }

// Whole is all that the rule's expression matched, of which the value is a part.
func (m *Match) Whole() []byte {
	if m.Span.To > m.Span.From {
		return m.Bytes[m.Span.From:m.Span.To]
	}
	return m.Value
}

// Around is the text on both sides of the match, at most reach bytes of each and
// never more than MaxReach, and where in it the match begins. Looking there is
// charged to the search, so that a text of nothing but matches stays cheap.
func (m *Match) Around(reach int) (text []byte, at int) {
	from, to := m.place()
	low, high := max(0, from-min(reach, MaxReach)), min(len(m.surroundings()), to+min(reach, MaxReach))
	m.charge(high - low)
	return m.surroundings()[low:high], from - low
}

// Line holds the lines on which the match begins and ends, without the line
// break behind it; of a long line what lies within MaxReach of the match.
func (m *Match) Line() []byte {
	from, to := m.place()
	text := m.surroundings()
	before := text[max(0, from-MaxReach):from]
	after := text[to:min(len(text), to+MaxReach)]
	start := from - len(before)
	if n := bytes.LastIndexByte(before, '\n'); n >= 0 {
		start += n + 1
	}
	end := to + len(after)
	if n := bytes.IndexByte(after, '\n'); n >= 0 {
		end = to + n
	}
	m.charge((end - start) / 16)
	return text[start:end]
}

// place is where the whole match stands in what surrounds it.
func (m *Match) place() (from, to int) {
	from, to = m.Span.From, m.Span.To
	if to <= from {
		from, to = m.Span.Start, m.Span.End
	}
	if m.text == nil {
		return from, to
	}
	return m.at + from, m.at + to
}

func (m *Match) surroundings() []byte {
	if m.text == nil {
		return m.Bytes
	}
	return m.text
}

func (m *Match) charge(n int) {
	if m.search != nil {
		m.search.tried += n
	}
}
