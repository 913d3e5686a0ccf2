package secret

import (
	"bytes"
	"strings"
)

// placeholder reports values that stand for a secret and are none: examples that
// vendors publish, and words and sequences that people write in their place.
func placeholder(m *Match) bool {
	v := m.Value
	// Keys in PEM and other long values hold any short sequence by chance.
	if len(v) > 512 {
		return bytes.Contains(v, []byte("EXAMPLE")) || bytes.Contains(v, []byte("....")) || bytes.Contains(v, []byte("xxxxxxxx"))
	}
	return placeholderText(v) || ofPassword(m.Rule) && (standsForValue(v) || plainWord(v) || fragment(v))
}

// fragment reports pieces of program text: a name with what closes the expression
// that it stands in, and the wildcards of regular expressions.
func fragment(v []byte) bool {
	end := v[len(v)-1]
	if (end == '}' || end == ')' || end == ']') && !bytes.ContainsAny(v, "{([") {
		s := shapeOf(v)
		return s.wordlike()
	}
	for _, w := range [...]string{".*", ".+", "[^", "(?"} {
		if bytes.Contains(v, []byte(w)) {
			return true
		}
	}
	return false
}

func placeholderText(v []byte) bool {
	return publishedExample(v) || repeats(v) || sequence(v) || standInWord(v)
}

// doubted lowers the confidence of what lies where examples, documentation and test
// data lie, and of passwords in files that look like words or stand in comments. A
// value that proves itself stays certain, but for private keys: packages ship many
// that were made for tests, libraries some to test themselves with.
func doubted(m *Match, c Confidence) Confidence {
	key := strings.Contains(m.Rule.ID, "private-key")
	switch {
	case c <= Possible, c == Certain && !key, m.Path == "":
		return c
	case samplePlace(m.Path), strings.HasSuffix(m.Path, ".py") && documented(m):
		return Possible
	case key && sharedLibrary(m.Path), ofPassword(m.Rule) && (commented(m) || weak(m.Value)):
		return Possible
	}
	return c
}

// ofPassword reports rules whose values people choose, and so write in comments and
// documentation as they come to mind.
func ofPassword(r *Rule) bool { return strings.Contains(r.ID, "password") }

// weak reports values that spell words.
func weak(v []byte) bool {
	s := shapeOf(v)
	return s.length < 16 && !s.foreign && (s.wordlike() || disguised(v))
}

// standInWord reports words that no generator writes and that say what a value is.
// They are long, so that a random value holds one by chance less than once in ten
// million.
func standInWord(v []byte) bool {
	var buffer [512]byte
	lower := buffer[:copy(buffer[:], v)]
	marks := 0
	for i, c := range lower {
		if upper(c) {
			lower[i] = c | 0x20
		}
		if c == '*' || c == '<' || c == '{' || c == '.' || c == '$' {
			marks++
		}
	}
	// The names that RFC 2606 reserves are hosts, which rules about addresses judge.
	for rest := lower; ; {
		at := bytes.Index(rest, []byte("example"))
		if at < 0 {
			break
		}
		if rest = rest[at+len("example"):]; len(rest) == 0 || rest[0] != '.' {
			return true
		}
	}
	for _, w := range standIns {
		if bytes.Contains(lower, w) {
			return true
		}
	}
	// "your" and "my" with a separator: your-token-here, my_api_key.
	for _, w := range [...]string{"your-", "your_", "your.", "<your", "yourtoken", "yourkey", "yoursecret", "yourpass", "yourapi"} {
		if bytes.Contains(lower, []byte(w)) {
			return true
		}
	}
	if marks == 0 {
		return false
	}
	return bytes.Contains(lower, []byte("***")) || bytes.Contains(lower, []byte("...")) || bytes.Contains(lower, []byte("${")) ||
		bytes.Contains(lower, []byte("{{")) || bytes.Contains(lower, []byte("$(")) ||
		lower[0] == '<' && lower[len(lower)-1] == '>'
}

var standIns = [][]byte{
	[]byte("placeholder"), []byte("changeme"), []byte("change-me"), []byte("change_me"), []byte("changethis"), []byte("change-this"),
	[]byte("change_this"), []byte("replaceme"), []byte("replace-me"), []byte("replace_me"), []byte("redacted"), []byte("notarealkey"), []byte("not-a-real"),
	[]byte("not_a_real"), []byte("fakekey"), []byte("faketoken"), []byte("fakesecret"), []byte("dummykey"), []byte("dummytoken"), []byte("dummysecret"),
	[]byte("dummy-"), []byte("dummy_"), []byte("-dummy"), []byte("_dummy"), []byte("foobar"), []byte("xxxxxx"), []byte("insert-"), []byte("insert_"), []byte("sample-"), []byte("sample_"),
	[]byte("-here"), []byte("_here"), []byte("tokenhere"), []byte("keyhere"), []byte("secrethere"), []byte("invalid"), []byte("dont-use"), []byte("donotuse"), []byte("do-not-use"),
	[]byte("do_not_use"), []byte("insecure"), []byte("lorem"), []byte("deadbeef"), []byte("cafebabe"), []byte("todo-"), []byte("mytoken"), []byte("mysecret"), []byte("my-secret"), []byte("my_secret"),
}

// repeats reports values of one byte, of a run that random text doesn't hold, and
// of a short piece again and again.
func repeats(v []byte) bool {
	longest, run := 1, 1
	for i := 1; i < len(v); i++ {
		if v[i] == v[i-1] {
			if run++; run > longest {
				longest = run
			}
		} else {
			run = 1
		}
	}
	if longest >= 8 || longest*2 > len(v) {
		return true
	}
	for size := 2; size <= 8 && size*3 <= len(v); size++ {
		if bytes.Equal(v[size:], v[:len(v)-size]) {
			return true
		}
	}
	return false
}

// sequence reports values that count up or down or walk along a keyboard for the
// larger part, behind whatever a prefix puts before them.
func sequence(v []byte) bool {
	up, down, walk := 0, 0, 0
	longest := 0
	for i := 1; i < len(v); i++ {
		a, b := v[i-1], v[i]
		if upper(a) {
			a |= 0x20
		}
		if upper(b) {
			b |= 0x20
		}
		if b == a+1 || a == '9' && (b == '0' || b == 'a') || a == 'f' && b == '0' || a == 'z' && (b == '0' || b == 'a') {
			up++
		} else {
			up = 0
		}
		if a == b+1 {
			down++
		} else {
			down = 0
		}
		if neighbours(a, b) {
			walk++
		} else {
			walk = 0
		}
		longest = max(longest, up, down, walk)
	}
	return longest >= 9 || longest >= 5 && (longest+1)*2 >= len(v)
}

// neighbours reports keys beside one another in the rows of a keyboard.
func neighbours(a, b byte) bool {
	const rows = "qwertyuiop asdfghjkl zxcvbnm"
	i := strings.IndexByte(rows, a)
	return i >= 0 && a != ' ' && i+1 < len(rows) && rows[i+1] == b
}
