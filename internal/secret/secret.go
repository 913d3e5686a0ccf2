// Package secret owns what a credential looks like: rules as data, the engine
// that finds them in a run of bytes, the checks of structure that tell a real
// one from a look-alike, the allow-lists of known examples, and the form in which
// a secret may be shown.
//
// It never reads an image, walks nothing, and asks nothing over a network. A
// secret's value is in memory while it is judged and in nothing that leaves the
// package: Secret, which reports and caches hold, has its redacted form only.
package secret

import (
	"fmt"

	"plimsoll/internal/advisory"
)

// Confidence says how sure it is that a match is a working credential's value.
type Confidence int

const (
	// Rejected is what a check returns for what is none.
	Rejected Confidence = iota
	// Possible: the shape is right, and so is that of much else; a person decides.
	Possible
	// Likely: a name, a place or a rare shape says that it is one.
	Likely
	// Certain: the value carries its own proof (a checksum, a structure that
	// decodes, a key that fits its certificate).
	Certain
)

// String returns the word that reports use.
func (c Confidence) String() string {
	switch c {
	case Possible:
		return "possible"
	case Likely:
		return "likely"
	case Certain:
		return "certain"
	}
	return "rejected"
}

// ParseConfidence reads the word that String writes.
func ParseConfidence(s string) (Confidence, error) {
	for c := Possible; c <= Certain; c++ {
		if c.String() == s {
			return c, nil
		}
	}
	return Rejected, fmt.Errorf("unknown confidence %q", s)
}

// MarshalText implements encoding.TextMarshaler.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Confidence) UnmarshalText(b []byte) (err error) {
	*c, err = ParseConfidence(string(b))
	return err
}

// Secret is a credential that was found, without its value.
type Secret struct {
	// Rule is the identifier of the rule that found it, Title what it is in words.
	Rule  string `json:"rule"`
	Title string `json:"title"`
	// Path is the file relative to the image's root without a leading slash;
	// of the image's configuration, where in it: "config.Env[GITHUB_TOKEN]".
	Path string `json:"path"`
	// Inside says where in an archive, step by step: "app.jar!application.yml".
	Inside string `json:"inside,omitempty"`
	// Line counts from 1; 0 where the file has no lines. Offset counts bytes
	// from 0, within the innermost file.
	Line   int   `json:"line,omitempty"`
	Offset int64 `json:"offset"`
	// Name is the variable, key or field that names the value, where there is one.
	Name string `json:"name,omitempty"`
	// Redacted stands for the value: what is public of it (a fixed prefix) and its length.
	Redacted string `json:"redacted"`
	// Key is the fingerprint of a private key's public half (KeyFingerprint).
	Key string `json:"key,omitempty"`
	// Encoding is how it was wrapped: "base64", "utf-16"; empty for plain bytes.
	Encoding   string            `json:"encoding,omitempty"`
	Confidence Confidence        `json:"confidence"`
	Severity   advisory.Severity `json:"severity"`
	// Mark tells values in the same place apart without giving them away: 16
	// bits of a digest, too few to confirm a guess.
	Mark uint16 `json:"-"`
}

// Rule is one kind of credential. A rule of Paths alone, without keywords, is
// about files as such: Engine.File reports them by their path.
type Rule struct {
	// ID is lower case with hyphens and never changes: exceptions name it.
	ID string
	// Title is the credential in words: "GitHub personal access token".
	Title string
	// Severity is by what the credential opens.
	Severity advisory.Severity
	// Confidence holds where the pattern matches, the entropy suffices and Check
	// (if any) says nothing else.
	Confidence Confidence
	// Keywords are literals of which one stands in every match. Short ones (3 or 4
	// bytes) are found only where no letter, digit or underscore precedes them;
	// Bound asks the same of longer ones. Fold finds them in either case.
	Keywords []string
	Fold     bool
	Bound    bool
	// Company are words of which one must stand anywhere in the same text, in
	// either case, for a match to count; nil where the match is enough.
	Company []string
	// Pattern is an RE2 expression. The value is what Group matches; where that is
	// 0 the group named "secret", else the first group that is not empty, else the
	// whole match. A group named "name" is the key.
	// With Before 0 it is matched at the keyword's first byte and nowhere else,
	// which is by far the fastest; otherwise anywhere in the window, where the
	// match must touch the keyword.
	Pattern string
	Group   int
	// Apart lets the match lie anywhere in the window, beside the keyword too.
	// It asks for a Before above 0.
	Apart bool
	// Before and After bound the window in bytes around the keyword; After 0
	// means DefaultAfter. Neither is more than MaxReach.
	Before, After int
	// Find takes the place of Pattern where an expression is too slow or too weak.
	Find func(w *Window) (Span, bool)
	// Paths limits the rule to files for which it returns true; nil for all.
	// Configuration and history have no path and are asked about as "".
	Paths func(path string) bool
	// Entropy is the least Shannon entropy of the value in bits for each byte.
	Entropy float64
	// Check judges the structure of a match; nil keeps Confidence.
	Check func(m *Match) Confidence
	// Allowed reports values that are none; it is asked before Check. nil for none.
	Allowed func(m *Match) bool
	// Exact rules are spared the general allow-lists (placeholders, test data).
	Exact bool
	// Opaque keeps the keyword out of the redacted form, where it may hold bytes
	// of the value that are not the same in every value of its kind.
	Opaque bool
	// Source is where the shape is documented.
	Source string
	// True and False are samples: the first must be found by this rule at its
	// Confidence or above, the second must not be found by it. Each is the
	// content of a file; SamplePath is its name where the rule asks for one.
	True, False []string
	SamplePath  string
}

const (
	// DefaultAfter is how far behind a keyword a match may reach.
	DefaultAfter = 320
	// MaxReach bounds every window on either side of its keyword, in bytes: an
	// RSA key of 8,192 bits takes 6.4 KB in PEM.
	MaxReach = 12 << 10
)

// Window is what a rule sees around a keyword.
type Window struct {
	// Path is the file's path, empty for configuration and history.
	Path string
	// Bytes is the window; Keyword is where in it the keyword begins and
	// KeywordEnd where it ends.
	Bytes               []byte
	Keyword, KeywordEnd int
	// text holds the window at the offset at, and what else is at hand around it;
	// search is charged for looking there.
	text   []byte
	at     int
	search *Search
}

// Span is where in a window a value stands, the name beside it, and the whole
// match that they are part of (both 0 where it is the value).
type Span struct {
	Start, End         int
	NameStart, NameEnd int
	From, To           int
}

// Match is a value to be judged.
type Match struct {
	*Window
	Rule *Rule
	Span Span
	// Value is the matched value.
	Value []byte
	// Name is the key beside it, empty where there is none.
	Name string
}

// Hit is a match that was judged to be a secret, its value still with it. It
// stays in memory and is not written anywhere.
type Hit struct {
	Rule       *Rule
	Confidence Confidence
	// Offset is where the value begins, in bytes from the beginning of the text.
	Offset int64
	Value  []byte
	Name   string
	// keyword is the literal that led to it, empty where it may not be shown;
	// company are the words of which one must stand in the text.
	keyword string
	company []int
}

// Secret returns the hit without its value. The caller adds where it is.
func (h *Hit) Secret() Secret {
	s := Secret{
		Rule: h.Rule.ID, Title: h.Rule.Title, Name: h.Name, Offset: h.Offset,
		Confidence: h.Confidence, Severity: h.Rule.Severity, Mark: markOf(h.Value),
	}
	if len(h.Value) > 0 {
		s.Redacted = Redact(h.Value, h.keyword)
	}
	return s
}
