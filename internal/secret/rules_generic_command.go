package secret

import "bytes"

// findCommandPassword finds the password among the arguments of a command that
// takes one there.
func findCommandPassword(w *Window) (Span, bool) {
	b := w.Bytes
	// A command stands at the beginning of a line or behind what separates words.
	if w.Keyword > 0 && namePart(b[w.Keyword-1]) {
		return Span{}, false
	}
	if string(b[w.Keyword:w.KeywordEnd]) == "chpasswd" {
		return findChpasswd(w)
	}
	end := w.KeywordEnd
	for end < len(b) && b[end] != '\n' && b[end] != '|' && b[end] != ';' {
		if b[end] == '\\' && end+1 < len(b) && b[end+1] == '\n' {
			end++
		}
		end++
	}
	command := b[w.Keyword:end]
	flags := flagsOf(command)
	if flags == "" {
		return Span{}, false
	}
	for i := 0; i < len(command); {
		for i < len(command) && command[i] <= ' ' {
			i++
		}
		from := i
		for i < len(command) && command[i] > ' ' {
			i++
		}
		word := command[from:i]
		if len(word) < 2 || word[0] != '-' {
			continue
		}
		start, found := optionValue(command, from, i, flags)
		if !found {
			continue
		}
		if span, ok := argument(command, start, w.Keyword); ok {
			return span, ok
		}
	}
	return Span{}, false
}

// flagsOf are the letters of the options that carry a password in these commands.
func flagsOf(command []byte) string {
	name, _, _ := bytes.Cut(command, []byte(" "))
	switch string(name) {
	case "curl":
		return "u"
	case "sshpass", "docker", "podman", "registry", "skopeo", "buildah", "crane", "oras", "mongosh":
		return "p"
	case "mysql", "mysqldump", "mysqladmin", "mariadb":
		// Attached only: -p alone asks for it.
		return "P"
	case "redis-cli":
		return "a"
	case "smbclient":
		return "U"
	}
	return ""
}

// optionValue returns where the value of the option command[from:to] begins.
func optionValue(command []byte, from, to int, flag string) (int, bool) {
	word := command[from:to]
	long := flag == "u" && (bytes.HasPrefix(word, []byte("--user")) || bytes.HasPrefix(word, []byte("--proxy-user")))
	switch {
	case long:
		if eq := bytes.IndexByte(word, '='); eq > 0 {
			return from + eq + 1, true
		}
		if len(word) != len("--user") && len(word) != len("--proxy-user") {
			return 0, false
		}
	case word[1] == '-':
		return 0, false
	case flag == "P":
		return from + 2, word[1] == 'p' && len(word) > 2
	case word[len(word)-1] == flag[0] && len(word) <= 5:
		// -u value, -fsSu value.
	case word[1] == flag[0] && len(word) > 2:
		return from + 2, true
	default:
		return 0, false
	}
	for to < len(command) && (space(command[to]) || command[to] == '\\' || command[to] == '\n') {
		to++
	}
	return to, to < len(command)
}

// argument is the password in an argument: behind the user's name in user:password
// and user%password.
func argument(command []byte, i, base int) (Span, bool) {
	if i >= len(command) {
		return Span{}, false
	}
	quote := byte(0)
	if quoteByte(command[i]) {
		quote = command[i]
		i++
	}
	end := i
	for end < len(command) && command[end] > ' ' && command[end] != quote && !(quote == 0 && quoteByte(command[end])) {
		end++
	}
	word := command[i:end]
	switch flagsOf(command) {
	case "u", "U":
		cut := bytes.IndexAny(word, ":%")
		if cut < 1 || bytes.HasPrefix(word[cut:], []byte("://")) {
			return Span{}, false
		}
		i += cut + 1
	}
	if end-i < shortestValue || end-i > longestValue || command[i] == '-' {
		return Span{}, false
	}
	return Span{Start: base + i, End: base + end}, true
}

// findChpasswd finds what is piped into chpasswd: echo user:password | chpasswd.
func findChpasswd(w *Window) (Span, bool) {
	b := w.Bytes
	before := bytes.TrimRight(b[:w.Keyword], " \t")
	before = bytes.TrimSuffix(before, []byte("sudo"))
	before = bytes.TrimRight(before, " \t")
	if !bytes.HasSuffix(before, []byte("|")) {
		return Span{}, false
	}
	before = bytes.TrimRight(before[:len(before)-1], " \t\"'")
	start := bytes.LastIndexAny(before, " \t\"'\n") + 1
	colon := bytes.IndexByte(before[start:], ':')
	if colon < 1 || len(before)-start-colon-1 < 4 {
		return Span{}, false
	}
	return Span{Start: start + colon + 1, End: len(before), NameStart: start, NameEnd: start + colon}, true
}

// gradeCommandPassword judges a password on a command line.
func gradeCommandPassword(m *Match) Confidence {
	v, how, ok := valueOf(m)
	if !ok || plainWord(v) || standsForValue(v) {
		return Rejected
	}
	s := shapeOf(v)
	if looksLikeCode(v, &s) || how.written == packed {
		return Rejected
	}
	if s.classes() >= 2 && s.letters() > 0 && !s.wordlike() && (s.digits > 0 || s.others > 0) {
		return how.cap(Likely)
	}
	if how.written == settings {
		return how.cap(Possible)
	}
	return Rejected
}
