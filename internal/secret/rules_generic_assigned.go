package secret

import "bytes"

// assigned reads what follows a name.
type assigned struct {
	w *Window
	// start and end bound the name.
	start, end int
	// quote closes the name, 0 where it isn't quoted; escaped where a backslash precedes its quotes.
	quote   byte
	escaped bool
}

func (a *assigned) before() byte {
	if a.start == 0 {
		return '\n'
	}
	return a.w.Bytes[a.start-1]
}

// value returns the bounds of the value.
func (a *assigned) value() (from, to int, ok bool) {
	b := a.w.Bytes
	i := a.end
	if i+1 < len(b) && b[i] == '\\' && (b[i+1] == '"' || b[i+1] == '\'') {
		a.escaped = true
		i++
	}
	if i < len(b) && quoteByte(b[i]) {
		// A name that isn't quoted as a whole is the end of a sentence.
		if a.before() != b[i] {
			return 0, 0, false
		}
		a.quote = b[i]
		i++
		if i < len(b) && b[i] == ']' {
			i++
		}
	}
	spaces := i
	for i < len(b) && space(b[i]) {
		i++
	}
	spaced := i > spaces
	if i+1 >= len(b) {
		return 0, 0, false
	}
	next := b[i+1]
	switch b[i] {
	case '=':
		switch next {
		case '=', '~':
			return 0, 0, false
		case '>':
			i++
		}
		return a.operand(i+1, '=', spaced)
	case ':':
		switch next {
		case ':':
			return 0, 0, false
		case '=':
			i++
		}
		return a.operand(i+1, ':', spaced)
	case '?', '|':
		// "?=" of make, "?:" of TypeScript, "??" and "||" before what is used in its
		// absence, "||=" of Ruby.
		if next != '=' && next != ':' && next != b[i] {
			return 0, 0, false
		}
		if i += 2; i < len(b) && b[i] == '=' {
			i++
		}
		return a.quoted(a.skip(i))
	case ',':
		if a.quote == 0 {
			return 0, 0, false
		}
		if from, to, ok := a.pair(i); ok {
			return from, to, ok
		}
		// put("password", "…"); a list of words otherwise.
		if a.start < 2 || b[a.start-2] != '(' {
			return 0, 0, false
		}
		return a.quoted(a.skip(i + 1))
	case '(':
		if spaced || !a.setter() {
			return 0, 0, false
		}
		return a.quoted(a.skip(i + 1))
	case '>':
		return a.element(i + 1)
	}
	if from, to, ok := a.pair(i); ok {
		return from, to, ok
	}
	if spaced && a.quote == 0 && a.option() {
		return a.operand(i, ' ', true)
	}
	return 0, 0, false
}

func quoteByte(c byte) bool { return c == '"' || c == '\'' || c == '`' }

func (a *assigned) skip(i int) int {
	b := a.w.Bytes
	for i < len(b) && space(b[i]) {
		i++
	}
	return i
}

// setter reports names of functions that take a secret: setPassword(, .password(.
func (a *assigned) setter() bool {
	b := a.w.Bytes
	name := b[a.start:a.end]
	dot := bytes.LastIndexByte(name, '.')
	last := name[dot+1:]
	return dot >= 0 && a.w.Keyword == a.start+dot+1 || hasFold(last, "set") || hasFold(last, "with")
}

func hasFold(b []byte, start string) bool {
	return len(b) >= len(start) && bytes.EqualFold(b[:len(start)], []byte(start))
}

// option reports names that a value follows without an operator: --password x,
// ENV PASSWORD x, requirepass x.
func (a *assigned) option() bool {
	b := a.w.Bytes
	name := b[a.start:a.end]
	if len(name) > 3 && name[0] == '-' && name[1] == '-' {
		return true
	}
	line := a.line()
	switch string(bytes.TrimSpace(line)) {
	case "ENV", "ARG":
		return true
	case "":
		return hasFold(name, "requirepass") || hasFold(name, "masterauth")
	}
	return false
}

// line is what precedes the name on its line.
func (a *assigned) line() []byte {
	before := a.w.Bytes[:a.start]
	return before[bytes.LastIndexByte(before, '\n')+1:]
}

// pair finds the value in another field: name: X, value: Y as Kubernetes and
// .NET write it.
func (a *assigned) pair(i int) (from, to int, ok bool) {
	b := a.w.Bytes
	c := b[i]
	if c != '\n' && c != '\r' && c != ',' && c != 'v' && c != 'V' {
		return 0, 0, false
	}
	for limit := i + 40; i < len(b) && i < limit && (space(b[i]) || b[i] == '\n' || b[i] == '\r' || b[i] == ','); {
		i++
	}
	if i < len(b) && quoteByte(b[i]) {
		i++
	}
	if i+6 >= len(b) || !hasFold(b[i:], "value") {
		return 0, 0, false
	}
	i += len("value")
	if quoteByte(b[i]) {
		i++
	}
	i = a.skip(i)
	if i >= len(b) || b[i] != ':' && b[i] != '=' || !a.namedField() {
		return 0, 0, false
	}
	i = a.skip(i + 1)
	if i < len(b) && quoteByte(b[i]) {
		return a.quoted(i)
	}
	if mannerOf(a.w.Path) != settings {
		return 0, 0, false
	}
	return a.bare(i, false)
}

// namedField reports that the name is itself the value of a field "name" or "key".
func (a *assigned) namedField() bool {
	b := a.w.Bytes[:a.start]
	for len(b) > 0 && (quoteByte(b[len(b)-1]) || space(b[len(b)-1])) {
		b = b[:len(b)-1]
	}
	if len(b) == 0 || b[len(b)-1] != ':' && b[len(b)-1] != '=' {
		return false
	}
	b = b[:len(b)-1]
	for len(b) > 0 && (quoteByte(b[len(b)-1]) || space(b[len(b)-1])) {
		b = b[:len(b)-1]
	}
	for _, field := range [...]string{"name", "key"} {
		if len(b) >= len(field) && bytes.EqualFold(b[len(b)-len(field):], []byte(field)) {
			return true
		}
	}
	return false
}

// element is the text of an XML element, whose name or whose attribute's value the name is.
func (a *assigned) element(i int) (from, to int, ok bool) {
	b := a.w.Bytes
	if a.quote == 0 && a.before() != '<' || a.quote != 0 && !a.namedField() {
		return 0, 0, false
	}
	for to = i; to < len(b) && to-i <= longestValue; to++ {
		switch c := b[to]; {
		case c == '<':
			return i, to, to+1 < len(b) && b[to+1] == '/'
		case c <= ' ':
			return 0, 0, false
		}
	}
	return 0, 0, false
}

// operand is what stands right of an operator.
func (a *assigned) operand(i int, operator byte, spaced bool) (from, to int, ok bool) {
	b := a.w.Bytes
	adjacent := i
	i = a.skip(i)
	if i+shortestValue > len(b) {
		return 0, 0, false
	}
	spaced = spaced || i > adjacent
	c := b[i]
	switch {
	case quoteByte(c):
		return a.quoted(i)
	case c == '\\' && quoteByte(b[i+1]):
		return a.quoted(i)
	case (letter(c) || c == '@' || c == '$') && quoteByte(b[i+1]):
		// Prefixes of literals: b"", r'', @"".
		return a.quoted(i + 1)
	case c <= ' ' || c == '<' || c == ',' || c == ';' || c == ')' || c == '(' || c == '}' || c == '>':
		return 0, 0, false
	}
	if operator == ':' && letter(c) {
		// password: str = "…"; one line of a type and no more.
		for k := i; k < len(b) && k < i+40 && b[k] != '\n' && !quoteByte(b[k]); k++ {
			if b[k] == '=' {
				if v := a.skip(k + 1); v < len(b) && quoteByte(b[v]) {
					return a.quoted(v)
				}
				break
			}
		}
	}
	if a.quote != 0 && !(operator == ':' && a.quote != '`') {
		return 0, 0, false
	}
	embedded := a.embedded() && !spaced && operator == '='
	if from, to, ok = a.bare(i, embedded); !ok || to-from < shortestValue {
		return 0, 0, false
	}
	if embedded {
		return from, to, true
	}
	switch mannerOf(a.w.Path) {
	case settings:
		return from, to, a.begins(operator, spaced)
	case unknown:
		return from, to, operator == '=' && !spaced && a.begins(operator, spaced) && a.quote == 0
	}
	return 0, 0, false
}

// embedded reports names inside of a connection string or an address.
func (a *assigned) embedded() bool {
	switch a.before() {
	case ';', '&', '?':
		return true
	case ' ':
		return a.start > 1 && a.w.Bytes[a.start-2] == ';'
	}
	return false
}

// begins reports that an assignment of a bare value can begin where the name does.
func (a *assigned) begins(operator byte, spaced bool) bool {
	if a.quote != 0 {
		// "password": bare, in YAML.
		line := bytes.TrimLeft(a.line(), " \t-{")
		return len(line) == 1
	}
	line := a.line()
	if operator == '=' && !spaced {
		switch a.before() {
		case '\n', ' ', '\t', '"', '\'', ';', '&', '?', ':', '{', ',', '/', '-', '`', '(':
			return true
		}
		return a.w.Path == "" && len(line) == 0
	}
	line = bytes.TrimSpace(line)
	switch string(line) {
	case "", "-", "#", "//", "export", "set", "ENV", "ARG", "export -", ";", "{":
		return true
	}
	return operator == ' '
}

// quoted is the text of the literal whose quote stands at i.
func (a *assigned) quoted(i int) (from, to int, ok bool) {
	b := a.w.Bytes
	escaped := false
	if i+1 < len(b) && b[i] == '\\' {
		escaped = true
		i++
	}
	if i+shortestValue >= len(b) || !quoteByte(b[i]) {
		return 0, 0, false
	}
	q := b[i]
	from = i + 1
	for to = from; to < len(b) && to-from <= longestValue+1; to++ {
		switch c := b[to]; {
		case c == '\n':
			return 0, 0, false
		case c == '\\':
			if escaped && to+1 < len(b) && b[to+1] == q {
				return from, to, true
			}
			to++
		case c == q:
			return from, to, !escaped
		}
	}
	return 0, 0, false
}

// bare is a value without quotes: to the next space, and nothing but a comment or
// another argument behind it.
func (a *assigned) bare(i int, embedded bool) (from, to int, ok bool) {
	b := a.w.Bytes
	for to = i; to < len(b) && to-i <= longestValue; to++ {
		c := b[to]
		if c <= ' ' || quoteByte(c) || c == '<' || c == '>' {
			break
		}
		if (embedded || a.w.Path == "") && (c == ';' || c == '&' || c == '|') {
			break
		}
		if c == '\\' && to+1 < len(b) && (quoteByte(b[to+1]) || b[to+1] == 'n' || b[to+1] == 'r' || b[to+1] == 'u') {
			break
		}
	}
	if to-i > longestValue {
		return 0, 0, false
	}
	// What closes an expression around the value is no part of it.
	for to > i {
		end := b[to-1]
		closes := end == ')' && bytes.IndexByte(b[i:to], '(') < 0 || end == '}' && bytes.IndexByte(b[i:to], '{') < 0 || end == ']' && bytes.IndexByte(b[i:to], '[') < 0
		if end != ';' && end != ',' && !closes {
			break
		}
		to--
	}
	if embedded || a.w.Path == "" || to >= len(b) || !space(b[to]) {
		return i, to, true
	}
	rest := a.skip(to)
	if rest >= len(b) || b[rest] == '\n' || b[rest] == '\r' || b[rest] == '#' || b[rest] == ';' || b[rest] == '&' || b[rest] == '|' || b[rest] == '\\' || b[rest] == '-' || b[rest] == '}' {
		return i, to, true
	}
	// A=b C=d, and A=b command, of shells; sentences otherwise.
	word := b[rest:]
	if n := bytes.IndexAny(word, " \t\n"); n >= 0 {
		word = word[:n]
	}
	return i, to, bytes.IndexByte(word, '=') > 0 || a.option()
}
