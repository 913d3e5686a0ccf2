package secret

import (
	"bytes"
	"encoding/base64"
)

// shape is what the bytes of a value say about themselves.
type shape struct {
	length                       int
	lower, upper, digits, others int
	// distinct counts the different bytes, turns how often the class of bytes changes.
	distinct, turns int
	// wordy are the letters that stand in runs which read like words.
	wordy int
	// foreign is set for spaces, control bytes and what is not ASCII.
	foreign bool
	hex     bool
}

func (s *shape) letters() int { return s.lower + s.upper }

// classes counts the classes of bytes: lower case, upper case, digits, others.
func (s *shape) classes() int {
	n := 0
	for _, c := range [...]int{s.lower, s.upper, s.digits, s.others} {
		if c > 0 {
			n++
		}
	}
	return n
}

// shapeOf looks at each byte of a value once.
func shapeOf(v []byte) shape {
	s := shape{length: len(v), hex: len(v) > 0}
	var seen [256]bool
	class := 0
	for _, c := range v {
		if !seen[c] {
			seen[c] = true
			s.distinct++
		}
		k := 0
		switch {
		case c >= 'a' && c <= 'z':
			s.lower++
			k = 1
		case c >= 'A' && c <= 'Z':
			s.upper++
			k = 2
		case c >= '0' && c <= '9':
			s.digits++
			k = 3
		default:
			s.others++
			k = 4
			if c <= ' ' || c >= 0x7f {
				s.foreign = true
			}
		}
		if class != 0 && k != class {
			s.turns++
		}
		class = k
		if !hexDigit(c) {
			s.hex = false
		}
	}
	s.wordy = wordyLetters(v)
	return s
}

// random reports whether the value looks drawn by a generator: letters and digits
// that alternate, few repetitions and no words.
func (s *shape) random() bool {
	if s.foreign || s.length < 12 || s.letters() == 0 || s.digits == 0 {
		return false
	}
	if s.hex {
		// Of 16 digits a run of 24 shows some twelve, in either case of letters.
		return s.length >= 24 && s.distinct >= 9 && (s.lower == 0 || s.upper == 0) && s.turns >= s.length/5
	}
	if s.turns < 4 || s.turns*6 < s.length || s.distinct*2 < min(s.length, 24) {
		return false
	}
	return s.wordy*10 < s.letters()*5 && s.others*4 <= s.length
}

// wordlike reports values whose letters read like words for the most part.
func (s *shape) wordlike() bool { return s.letters() > 0 && s.wordy*10 >= s.letters()*6 }

// wordyLetters counts the letters in runs of three and more that read like words.
// A capital after a small letter begins a new run, as names in code are written.
func wordyLetters(v []byte) int {
	n := 0
	for i := 0; i < len(v); {
		if !letter(v[i]) {
			i++
			continue
		}
		end := i + 1
		for end < len(v) && letter(v[end]) && (upper(v[end-1]) || !upper(v[end])) {
			// "HTTPServer": the last capital belongs to the word behind it.
			if end+1 < len(v) && upper(v[end-1]) && upper(v[end]) && v[end+1] >= 'a' && v[end+1] <= 'z' {
				break
			}
			end++
		}
		if word := v[i:end]; len(word) >= 3 && readsLikeWord(word) {
			n += len(word)
		}
		i = end
	}
	return n
}

// disguised reports values that are words once the digits and signs that people
// write for letters are read as those: p4ssw0rd, S3cr3t!.
func disguised(v []byte) bool {
	var buffer [longestValue]byte
	plain := buffer[:copy(buffer[:], v)]
	for i, c := range plain {
		switch c {
		case '4', '@':
			c = 'a'
		case '3':
			c = 'e'
		case '1', '!', '|':
			c = 'i'
		case '0':
			c = 'o'
		case '5', '$':
			c = 's'
		case '7':
			c = 't'
		}
		if upper(c) {
			c |= 0x20
		}
		plain[i] = c
	}
	letters := 0
	for _, c := range plain {
		if letter(c) {
			letters++
		}
	}
	return wordyLetters(plain)*10 >= letters*6 || bytes.Contains(plain, []byte("passw")) || bytes.Contains(plain, []byte("secret"))
}

func readsLikeWord(word []byte) bool {
	usual := 0
	for i := range len(word) - 1 {
		if usualPairs[word[i]|0x20-'a']>>(word[i+1]|0x20-'a')&1 != 0 {
			usual++
		}
	}
	// Long runs are words with fewer usual pairs: chance makes less of them.
	if len(word) >= 8 {
		return usual*20 >= (len(word)-1)*13
	}
	return usual*10 >= (len(word)-1)*7
}

// usualPairs holds for each letter the letters that often follow it in words: bit
// 0 for a to bit 25 for z. Together they are a third of all pairs, and make up
// 86 % of the pairs in the words of source text (Go, Python, JavaScript and English
// documentation); of random letters 2 % of runs of eight pass for a word.
var usualPairs = [26]uint32{
	0x13ebd4e, 0x0164911, 0x01e4d95, 0x0164919, 0x1eeb97f, 0x0124931, 0x0066991, 0x0084111, 0x22ef87f,
	0x0000000, 0x0000110, 0x11c4919, 0x014d111, 0x01c617d, 0x07ef86e, 0x01ec991, 0x0100000, 0x11ef95d,
	0x11cc995, 0x11ec995, 0x00eb937, 0x0000111, 0x0000111, 0x0080000, 0x0048000, 0x0000010,
}

// standsForValue reports values that refer to a secret in place of holding it:
// variables, templates, format verbs, calls, references into a store of secrets.
func standsForValue(v []byte) bool {
	if len(v) == 0 {
		return true
	}
	switch v[0] {
	case '$':
		if len(v) > 1 && (letter(v[1]) || v[1] == '{' || v[1] == '(' || v[1] == '_' || v[1] == '$') && !cryptHash(v) {
			return true
		}
	case '%':
		if v[len(v)-1] == '%' {
			return true
		}
	case '<', '[', '{', '(':
		if end := v[len(v)-1]; end == v[0]+1 || end == v[0]+2 {
			return true
		}
	case '@', '&', '*', '#':
		// "@" alone may begin a password; "@name@" is a template.
		if len(v) > 1 && v[len(v)-1] == v[0] {
			return true
		}
	}
	for _, mark := range references {
		if bytes.Contains(v, mark) {
			return true
		}
	}
	for _, start := range referenceStarts {
		if len(v) >= len(start) && bytes.EqualFold(v[:len(start)], start) {
			return true
		}
	}
	return false
}

// references are marks of templates and stores that are found anywhere in a value.
var references = [][]byte{
	[]byte("${"), []byte("$("), []byte("{{"), []byte("}}"), []byte("<%"), []byte("%>"), []byte("#{"), []byte("{0}"),
	[]byte("%("), []byte("%s"), []byte("%d"), []byte("%v"), []byte("***"), []byte("..."), []byte("process.env"),
	[]byte("os.environ"), []byte("getenv"), []byte("://"), []byte("</"), []byte("/>"), []byte("__"), []byte("()"),
}

// referenceStarts are beginnings of references, in either case.
var referenceStarts = [][]byte{
	[]byte("enc("), []byte("enc["), []byte("!vault"), []byte("vault:"), []byte("op://"), []byte("ref+"), []byte("arn:"), []byte("file:"),
	[]byte("env:"), []byte("env."), []byte("secret:"), []byte("secretref:"), []byte("aws-ssm:"), []byte("ssm:"), []byte("{cipher}"),
	[]byte("{resolve:"), []byte("gcp-sm:"), []byte("sm://"), []byte("akv:"), []byte("@microsoft.keyvault"), []byte("classpath:"),
	[]byte("data:"), []byte("resolve:"), []byte("projects/"), []byte("sha256-"), []byte("sha384-"), []byte("sha512-"), []byte("sha1-"),
	[]byte("sha256:"), []byte("bundle:"), []byte("system."), []byte("var."), []byte("local."), []byte("module."), []byte("this."), []byte("self."),
}

// cryptHash reports the forms of crypt(5): $1$, $2y$, $5$, $6$, $y$, $apr1$, also
// behind a user's name.
func cryptHash(v []byte) bool {
	if i := bytes.IndexByte(v, '$'); i == 0 || i > 0 && v[i-1] == ':' {
		v = v[i+1:]
		n := bytes.IndexByte(v, '$')
		return n > 0 && n <= 4
	}
	return false
}

// encodesWords reports base64 of text whose letters read like words.
func encodesWords(v []byte) bool {
	text, err := base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(v, "=")))
	if err != nil || len(text) < 6 {
		return false
	}
	for _, c := range text {
		if c < ' ' && c != '\n' || c >= 0x7f {
			return false
		}
	}
	s := shapeOf(text)
	return s.wordlike() || placeholderText(text)
}

// looksLikeCode reports values that are pieces of source text, expressions or
// addresses: paths, dotted names, calls, regular expressions, selectors.
func looksLikeCode(v []byte, s *shape) bool {
	if s.foreign {
		return true
	}
	brackets, slashes, dots := 0, 0, 0
	for i, c := range v {
		switch c {
		case '(', ')', '[', ']', '{', '}', '<', '>':
			brackets++
		case '/':
			slashes++
		case '.':
			dots++
		case '\\':
			// Escapes of expressions and of text.
			if i+1 < len(v) && bytes.IndexByte([]byte("dwsbnrtDWSB.xu[("), v[i+1]) >= 0 {
				return true
			}
		case '"', '\'', '`':
			return true
		}
	}
	switch {
	case brackets > 0 && s.wordlike():
		return true
	case v[0] == '/' || v[0] == '.' || v[0] == '~' || v[0] == '-':
		return s.wordlike() || slashes > 1
	case slashes > 0 && s.wordlike(), dots > 0 && s.wordlike() && s.digits*3 < s.length:
		return true
	}
	return false
}

// uuid reports the form of RFC 9562.
func uuid(v []byte) bool {
	if len(v) != 36 {
		return false
	}
	for i, c := range v {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !hexDigit(c) {
			return false
		}
	}
	return true
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

func hexDigit(c byte) bool { return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func space(c byte) bool { return c == ' ' || c == '\t' }

// namePart is a byte of the names that values are assigned to.
func namePart(c byte) bool { return letter(c) || digit(c) || c == '_' || c == '-' || c == '.' }
