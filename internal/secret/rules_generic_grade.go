package secret

import (
	"bytes"
	"encoding/base64"
)

// gradePassword judges a value whose name says that it is a password. People choose
// those, so a value of several classes of bytes that is no word counts for one.
func gradePassword(m *Match) Confidence {
	v, how, ok := valueOf(m)
	if !ok {
		return Rejected
	}
	s := shapeOf(v)
	if looksLikeCode(v, &s) || plainWord(v) {
		return Rejected
	}
	mixed := s.length >= 8 && s.classes() >= 3 && !s.wordlike()
	if m.Path != "" && s.length < 16 && (disguised(v) || identifier(v)) {
		how.most = Possible
	}
	switch {
	case s.random() || mixed && how.written != source && how.written != unknown:
		return how.cap(Likely)
	case mixed && s.digits > 0 && s.letters() > 0:
		return how.cap(Likely)
	case how.written == settings, mixed && s.distinct >= 7:
		return how.cap(Possible)
	case how.written == data:
		// One word that begins with a capital is a translation.
		if s.digits == 0 && s.others == 0 && s.wordlike() {
			return Rejected
		}
		return how.cap(Possible)
	case s.length >= 8 && s.classes() >= 2 && s.digits > 0 && !s.wordlike() && (how.written == source || how.written == unknown):
		return how.cap(Possible)
	}
	return Rejected
}

// gradeSecret judges a value whose name says that it is a key, a token or a secret.
// Programs make those, so the value must look drawn at random.
func gradeSecret(m *Match) Confidence {
	v, how, ok := valueOf(m)
	if !ok || len(v) < 8 {
		return Rejected
	}
	if uuid(v) {
		if how.written == packed || how.written == prose {
			return Rejected
		}
		return how.cap(Possible)
	}
	s := shapeOf(v)
	if looksLikeCode(v, &s) || plainWord(v) {
		return Rejected
	}
	switch {
	case s.random() && s.length >= 16:
		return how.cap(Likely)
	case s.random():
		return how.cap(Possible)
	case s.letters() == 0:
		return Rejected
	case how.written == settings && s.classes() > 1 && (s.digits > 0 || s.others > 0) && !s.wordlike():
		return how.cap(Possible)
	case m.Path == "" && s.length >= 8:
		return Possible
	}
	return Rejected
}

// written is how and where a value stands.
type written struct {
	written manner
	// least is what it can be at most.
	most Confidence
}

func (w written) cap(c Confidence) Confidence { return min(c, w.most) }

// valueOf looks at the place of a value, false where it holds no literal.
func valueOf(m *Match) ([]byte, written, bool) {
	v := m.Value
	how := written{written: mannerOf(m.Path), most: Likely}
	if standsForValue(v) {
		return nil, how, false
	}
	b := m.Bytes
	quoted := m.Span.Start > 0 && quoteByte(b[m.Span.Start-1])
	switch how.written {
	case packed, prose:
		how.most = Possible
	case unknown:
		if holdsControl(b) {
			how.most = Possible
		}
	case source:
		// What follows a literal shows whether it is one part of an expression.
		if quoted && m.Span.End+1 < len(b) {
			if rest := bytes.TrimLeft(b[m.Span.End+1:], " \t"); len(rest) > 0 && (rest[0] == '+' || rest[0] == '.' || rest[0] == '%') {
				how.most = Possible
			}
		}
	}
	switch {
	case cryptHash(v), encodesWords(v), hasFold(v, "0x"):
		// Hashes, and keys that a device has put in a form of its own.
		how.most = Possible
	case m.Path == "":
	case sampleName(m.Name), commented(m):
		how.most = Possible
	}
	return v, how, true
}

// commented reports values in a line that begins as comments do in most languages.
func commented(m *Match) bool {
	line := m.Bytes[:m.Span.Start]
	line = bytes.TrimLeft(line[bytes.LastIndexByte(line, '\n')+1:], " \t")
	for _, mark := range [...]string{"#", "//", "* ", "/*", "; ", "<!--", "--", "%", "REM ", "rem ", "::"} {
		if bytes.HasPrefix(line, []byte(mark)) {
			return true
		}
	}
	return false
}

// documented reports values within one of Python's strings of several lines, which
// document what stands before them.
func documented(m *Match) bool {
	text, at := m.Around(MaxReach)
	before := text[:at]
	last := max(bytes.LastIndex(before, []byte(`"""`)), bytes.LastIndex(before, []byte("'''")))
	if last < 0 {
		return false
	}
	head := bytes.Trim(before[bytes.LastIndexByte(before[:last], '\n')+1:last], " \t")
	tail, _, more := bytes.Cut(before[last+3:], []byte{'\n'})
	switch {
	case len(bytes.TrimSpace(tail)) > 0 || !more:
		// What begins a string has nothing before it but an assignment.
		return true
	case len(head) > 0:
		return len(head) == 1 || bytes.IndexByte([]byte("=(,:"), head[len(head)-1]) >= 0 || bytes.HasSuffix(head, []byte("= r"))
	}
	// Alone on its line: it begins a string below a line that asks for one.
	above := bytes.TrimRight(before[:last], " \t\r\n")
	return len(above) > 0 && bytes.IndexByte([]byte(":=("), above[len(above)-1]) >= 0
}

// holdsControl reports control bytes that text has not.
func holdsControl(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b {
			return true
		}
	}
	return false
}

// sampleName reports names that say that their value is for tests.
func sampleName(name string) bool {
	for _, w := range [...]string{"test", "example", "sample", "dummy", "fake", "mock", "demo", "default", "encrypted"} {
		for i := 0; i+len(w) <= len(name); i++ {
			if hasFold([]byte(name[i:]), w) {
				return true
			}
		}
	}
	return false
}

// plainWord reports values of settings that are words of a programming language
// or name what a setting asks for.
func plainWord(v []byte) bool {
	if len(v) > 24 {
		return false
	}
	switch string(bytes.ToLower(v)) {
	case "true", "false", "null", "none", "nil", "undefined", "string", "text", "password", "passwd", "secret", "token", "required", "optional", "disabled", "enabled",
		"default", "unset", "empty", "hidden", "integer", "boolean", "number", "object", "function", "varchar", "bearer", "basic", "digest", "username",
		"credentials", "apikey", "api_key", "api-key", "confidential", "sensitive", "protected", "unknown", "prompt", "auto", "generate", "generated", "random",
		"current-password", "new-password", "one-time-code", "off", "user:pass", "username:password", "user:password", "test123", "test1234", "testing123",
		"testpass", "testpassword", "testtest", "testtoken", "testsecret", "mypassword", "my_password", "my-password", "somepassword", "some_password", "some-password",
		"thepassword", "yourpassword", "newpassword", "oldpassword", "userpassword", "dbpassword", "pa55word", "hashed_password", "hashedpassword", "dummy",
		"integration", "password123", "password1", "passw0rd", "p@ssw0rd", "p@ssword", "p4ssw0rd":
		return true
	}
	return false
}

// identifier reports names of variables: letters, digits and underscores, of which
// no digit stands between letters.
func identifier(v []byte) bool {
	for i, c := range v {
		if !letter(c) && !digit(c) && c != '_' {
			return false
		}
		if digit(c) && i > 0 && i+1 < len(v) && letter(v[i-1]) && letter(v[i+1]) {
			return false
		}
	}
	return true
}

// findAuthorization finds the credential of an Authorization header, as it is
// written in requests, commands and programs.
func findAuthorization(w *Window) (Span, bool) {
	b := w.Bytes
	i := w.KeywordEnd
	if i >= len(b) || namePart(b[i]) {
		return Span{}, false
	}
	for n := 0; n < 8 && i < len(b) && (quoteByte(b[i]) || space(b[i]) || b[i] == ':' || b[i] == '=' || b[i] == ',' || b[i] == '>' || b[i] == ']' || b[i] == '\\' || b[i] == '(' || b[i] == '$'); n++ {
		i++
	}
	scheme := i
	for i < len(b) && letter(b[i]) {
		i++
	}
	if i == w.KeywordEnd || i == scheme || i >= len(b) || b[i] != ' ' {
		return Span{}, false
	}
	switch string(bytes.ToLower(b[scheme:i])) {
	case "bearer", "basic", "token", "apikey", "key", "bot", "splunk", "genie":
	default:
		return Span{}, false
	}
	i = skipSpaces(b, i)
	start := i
	for i < len(b) && (letter(b[i]) || digit(b[i]) || bytes.IndexByte([]byte("-._~+/=:$%{<"), b[i]) >= 0) {
		i++
	}
	if i-start < 8 {
		return Span{}, false
	}
	return Span{Start: start, End: i, NameStart: w.Keyword, NameEnd: w.KeywordEnd}, true
}

func skipSpaces(b []byte, i int) int {
	for i < len(b) && space(b[i]) {
		i++
	}
	return i
}

// gradeAuthorization judges the credential of a header: of the scheme Basic (RFC
// 7617) the password in it, of others the randomness.
func gradeAuthorization(m *Match) Confidence {
	v, how, ok := valueOf(m)
	if !ok {
		return Rejected
	}
	scheme := m.Bytes[m.Span.NameEnd:m.Span.Start]
	if bytes.Contains(bytes.ToLower(scheme), []byte("basic")) {
		_, password, ok := basic(v)
		if !ok || plainWord(password) || standsForValue(password) || len(password) < 6 || repeats(password) || sequence(password) || standInWord(password) {
			return Rejected
		}
		if s := shapeOf(password); !s.wordlike() && s.classes() >= 2 {
			return how.cap(Likely)
		}
		return how.cap(Possible)
	}
	if s := shapeOf(v); s.random() && s.length >= 16 {
		return how.cap(Likely)
	}
	return Rejected
}

// basic decodes user:password.
func basic(v []byte) (user, password []byte, ok bool) {
	text, err := base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(v, "=")))
	if err != nil {
		return nil, nil, false
	}
	for _, c := range text {
		if c < ' ' || c >= 0x7f {
			return nil, nil, false
		}
	}
	return bytes.Cut(text, []byte(":"))
}
