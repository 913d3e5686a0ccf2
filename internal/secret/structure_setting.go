package secret

import (
	"bytes"
	"strings"
)

// lineOf returns where the line around the keyword begins and ends, as far as
// the window shows it.
func lineOf(w *Window) (begin, end int) {
	begin = bytes.LastIndexAny(w.Bytes[:w.Keyword], "\r\n\x00") + 1
	end = len(w.Bytes)
	if n := bytes.IndexAny(w.Bytes[w.KeywordEnd:], "\r\n\x00"); n >= 0 {
		end = w.KeywordEnd + n
	}
	return begin, end
}

// commentLine reports whether a line is a comment of an ini, shell, YAML or
// properties file.
func commentLine(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	return len(line) > 0 && (bytes.IndexByte([]byte("#;!"), line[0]) >= 0 || bytes.HasPrefix(line, []byte("//")) || bytes.HasPrefix(line, []byte("<!--")))
}

// findSetting spans the value of a line "name = value" whose name holds the
// keyword. separators are the bytes that may stand between the two. wanted
// chooses among names, in lower case; nil takes all.
func findSetting(separators string, wanted func(name string) bool) func(*Window) (Span, bool) {
	return func(w *Window) (Span, bool) {
		begin, end := lineOf(w)
		if commentLine(w.Bytes[begin:end]) {
			return Span{}, false
		}
		cut := bytes.IndexAny(w.Bytes[w.Keyword:end], separators)
		if cut <= 0 {
			return Span{}, false
		}
		nameEnd := w.Keyword + cut
		name := trimmed(w.Bytes, begin, nameEnd, "\"'` \t,{-")
		for _, word := range []string{"export ", "ENV ", "ARG ", "set "} {
			if bytes.HasPrefix(w.Bytes[name.Start:name.End], []byte(word)) {
				name.Start += len(word)
			}
		}
		if name.Start > w.Keyword || !plainName(w.Bytes[name.Start:name.End]) {
			return Span{}, false
		}
		if wanted != nil && !wanted(strings.ToLower(string(w.Bytes[name.Start:name.End]))) {
			return Span{}, false
		}
		value := settingValue(w.Bytes, nameEnd, end, separators)
		value.NameStart, value.NameEnd = name.Start, name.End
		return value, value.End > value.Start
	}
}

// settingValue spans what follows a name, without its separators and quotes.
func settingValue(b []byte, from, to int, separators string) Span {
	for from < to && (strings.IndexByte(separators, b[from]) >= 0 || b[from] == ' ' || b[from] == '\t') {
		from++
	}
	if from < to && (b[from] == '"' || b[from] == '\'') {
		if n := bytes.IndexByte(b[from+1:to], b[from]); n >= 0 {
			return Span{Start: from + 1, End: from + 1 + n}
		}
	}
	// A comment may follow what is not quoted.
	if n := bytes.Index(b[from:to], []byte(" #")); n >= 0 {
		to = from + n
	}
	return trimmed(b, from, to, " \t\"',")
}

// trimmed spans b[from:to] without these bytes at its ends.
func trimmed(b []byte, from, to int, cut string) Span {
	for from < to && strings.IndexByte(cut, b[from]) >= 0 {
		from++
	}
	for from < to && strings.IndexByte(cut, b[to-1]) >= 0 {
		to--
	}
	return Span{Start: from, End: to}
}

func plainName(name []byte) bool {
	for _, c := range name {
		if !inName(c) && c != '/' && c != '[' && c != ']' {
			return false
		}
	}
	return len(name) > 0
}

// trivialPasswords are what people write where nothing is to be protected, and
// what software is delivered with.
const trivialPasswords = " password passwd passw0rd p@ssw0rd p@ssword pass pwd pw secret secrets root toor admin administrator user username " +
	"guest test testing tester demo default changeme changeit change_me change-me example postgres postgresql mysql mariadb mongo mongodb redis " +
	"rabbitmq foobared letmein qwerty abc123 hunter2 foo bar baz foobar welcome minioadmin dev development local docker app db token key none " +
	"null nil true false yes no mypass mypassword mysecretpassword my-secret-pw mysecret supersecret topsecret sa x xx xxx unknown empty optional " +
	"required prompt string value dummy fake sample placeholder redacted removed hidden insecure hello "

func trivialWord(word string) bool {
	return word != "" && !strings.Contains(word, " ") && strings.Contains(trivialPasswords, " "+word+" ")
}

// trivial reports passwords that protect nothing: those that everybody uses,
// digits in order, and the name of the user.
func trivial(user string, password []byte) bool {
	word := strings.ToLower(string(password))
	if trivialWord(word) || word == strings.ToLower(user) {
		return true
	}
	stem := strings.TrimRight(word, "0123456789!")
	return stem == "" && len(word) <= 8 || stem != word && trivialWord(stem)
}

// judgePassword is the Check of passwords that a file's place or a name's words
// make likely: references are none, and trivial ones are for a person to judge.
func judgePassword(m *Match) Confidence {
	switch {
	case len(m.Value) < 4 || standsForValue(m.Value) || bytes.IndexByte(m.Value, '<') >= 0:
		return Rejected
	case trivial("", m.Value):
		if name := strings.ToLower(m.Name); name == "user" || name == "username" {
			return Rejected
		}
		return Possible
	}
	if m.Rule.Exact {
		// The place makes such a rule sure, and some places make it less so.
		return doubted(m, m.Rule.Confidence)
	}
	return m.Rule.Confidence
}
