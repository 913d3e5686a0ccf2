package hygiene

import (
	"path"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"

	"mvdan.cc/sh/v3/syntax"
)

// maxBraces bounds what {a,b} in one word is expanded to.
const maxBraces = 64

// cache is what a package manager leaves in the layer.
type cache struct {
	// fills tells whether a command puts something there.
	fills func(*dockerfile.Command) bool
	// cleans tells whether a command takes it away; removal of dirs counts in any case.
	cleans func(*dockerfile.Command) bool
	// dirs are absolute, or begin with "~/". A mount over one, or its removal, is enough.
	dirs []string
	// word stands in the variable or the command that names the folder, for
	// rm -r "$POETRY_CACHE_DIR": "cache". mount stands in the target of a mount that
	// was made for it, wherever that is.
	word, mount string
	// env is a variable of the environment that puts the folder elsewhere.
	env string
}

// moved is the folder that the environment names.
func (k cache) moved(in *dockerfile.Instruction) (string, bool) {
	if k.env == "" {
		return "", false
	}
	v, ok := in.Lookup(k.env)
	return home(v.Value), ok && v.Known && strings.HasPrefix(v.Value, "/")
}

// elsewhere tells whether the folder is in no layer: /dev/null, /dev/shm, or a place
// that is not known.
func (k cache) elsewhere(in *dockerfile.Instruction) bool {
	if k.env == "" {
		return false
	}
	v, ok := in.Lookup(k.env)
	return ok && (!v.Known || strings.HasPrefix(v.Value, "/dev/"))
}

// kept hands out every RUN that fills the cache and does not clean it, with the first
// and the last command that fill it.
func (k cache) kept(l *Lint, do func(first, last *dockerfile.Command)) {
	for _, in := range l.All("run") {
		var first, last *dockerfile.Command
		cleaned := false
		for _, c := range in.Commands() {
			switch {
			case k.fills(c):
				if first == nil {
					first = c
				}
				last, cleaned = c, false
			case k.cleans != nil && k.cleans(c), k.removes(c):
				cleaned = true
			}
		}
		if first == nil || cleaned || k.elsewhere(in) || k.cleansLater(in) {
			continue
		}
		dirs := k.dirs
		if dir, ok := k.moved(in); ok {
			dirs = []string{dir}
		}
		if !mounted(in, dirs, k.mount) {
			do(first, last)
		}
	}
}

// cleansLater tells whether a function or a trap, whose text stands before, cleans.
func (k cache) cleansLater(in *dockerfile.Instruction) bool {
	for _, s := range in.Scripts() {
		if s.File == nil || !strings.Contains(s.Text.String, "()") && !strings.Contains(s.Text.String, "trap") && !strings.Contains(s.Text.String, "function ") {
			continue
		}
		for _, c := range in.Commands() {
			if c.Name == "trap" && len(c.Args) > 1 && strings.Contains(c.Args[0].Text, "rm ") && k.mentions(c.Args[0].Text) {
				return true
			}
		}
		found := false
		syntax.Walk(s.File, func(n syntax.Node) bool {
			if f, ok := n.(*syntax.FuncDecl); ok {
				body := s.Text.String[min(int(f.Pos().Offset()), len(s.Text.String)):min(int(f.End().Offset()), len(s.Text.String))]
				found = found || strings.Contains(body, "rm ") && k.mentions(body)
				return false
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

func (k cache) mentions(text string) bool {
	for _, d := range k.dirs {
		if strings.Contains(text, strings.TrimPrefix(d, "~")) {
			return true
		}
	}
	return false
}

// removes tells whether a command empties one of the folders.
func (k cache) removes(c *dockerfile.Command) bool {
	switch c.Name {
	case "rm":
		recursive := c.HasFlag("-r", "-R", "--recursive")
		for _, w := range c.Operands() {
			if (recursive || strings.Contains(w.Text, "*")) && k.covered(c, w) {
				return true
			}
		}
	case "find":
		if !c.Has("-delete") && !c.Has("rm") && !c.Has("/bin/rm") {
			return false
		}
		for _, w := range c.Args {
			if strings.HasPrefix(w.Text, "-") {
				break
			}
			if k.covered(c, w) {
				return true
			}
		}
	}
	return false
}

// covered tells whether a word names one of the folders, one above it, or what is in it.
func (k cache) covered(c *dockerfile.Command, w dockerfile.Word) bool {
	for _, operand := range braces(w.Text) {
		operand = home(operand)
		if !w.Known && !strings.HasPrefix(operand, "~/") && !strings.HasPrefix(operand, "/") {
			// A variable that is set in the script, or named for the cache.
			if k.word != "" && strings.Contains(strings.ToLower(operand), k.word) || c.Script != nil && k.mentions(beginning(c.Script.Text.String)) {
				return true
			}
			continue
		}
		if dir, ok := k.moved(c.Instruction); ok && covers(operand, dir) {
			return true
		}
		for _, dir := range k.dirs {
			if covers(operand, dir) {
				return true
			}
		}
	}
	return false
}

// covers tells whether the removal of pattern empties dir.
func covers(pattern, dir string) bool {
	if base := path.Base(pattern); strings.Contains(base, "*") {
		// Some of what is in it: /var/lib/apt/lists/*_dists_*.
		if ok, _ := path.Match(path.Dir(pattern), dir); ok {
			return true
		}
	}
	pattern = strings.TrimRight(pattern, "/")
	if pattern == "" {
		return false
	}
	for at := dir; at != "/" && at != "." && at != "~"; at = path.Dir(at) {
		if ok, _ := path.Match(pattern, at); ok || pattern == at {
			return true
		}
	}
	return false
}

// home writes a path below a home folder as ~/….
func home(p string) string {
	for _, prefix := range []string{"$HOME/", "${HOME}/", "/root/"} {
		if rest, ok := strings.CutPrefix(p, prefix); ok {
			return "~/" + rest
		}
	}
	if rest, ok := strings.CutPrefix(p, "/home/"); ok {
		if _, below, ok := strings.Cut(rest, "/"); ok {
			return "~/" + below
		}
	}
	return p
}

// braces expands {a,b}; a word with more of them than anybody writes stays as it is.
func braces(s string) []string {
	all := []string{""}
	for rest := s; ; {
		open := strings.IndexByte(rest, '{')
		end := strings.IndexByte(rest[max(open, 0):], '}') + open
		if open < 0 || end < open || open > 0 && rest[open-1] == '$' {
			for i := range all {
				all[i] += rest
			}
			return all
		}
		var next []string
		for _, part := range strings.Split(rest[open+1:end], ",") {
			for _, head := range all {
				next = append(next, head+rest[:open]+part)
			}
			if len(next) > maxBraces {
				return []string{s}
			}
		}
		all, rest = next, rest[end+1:]
	}
}

// mounted tells whether a cache or a tmpfs is mounted over one of the folders, or on
// a target with this word in it; a target that is not known may be one.
func mounted(in *dockerfile.Instruction, dirs []string, word string) bool {
	for _, m := range in.Mounts() {
		if m["type"] != "cache" && m["type"] != "tmpfs" {
			continue
		}
		target, known := in.Expand(m["target"])
		if !known {
			return true
		}
		if word != "" && strings.Contains(target, word) {
			return true
		}
		target = home(path.Clean(target) + "/")
		for _, dir := range dirs {
			if strings.HasPrefix(dir+"/", target) {
				return true
			}
		}
	}
	return false
}

// appended is an edit that lets a RUN end with one more command; nil where the end
// is not plain: a document, an exec form, a job in the background, a trailing ";".
func appended(in *dockerfile.Instruction, command string) []Edit {
	scripts := in.Scripts()
	if in.Exec || len(in.Heredocs) > 0 || len(scripts) == 0 || scripts[0].File == nil || in.File == nil {
		return nil
	}
	s := scripts[0]
	text := strings.TrimRight(s.Text.String, " \t\r\n")
	stmts := s.File.Stmts
	if len(stmts) == 0 {
		return nil
	}
	last := stmts[len(stmts)-1]
	if last.Background || last.Coprocess || last.Semicolon.IsValid() || int(last.End().Offset()) != len(text) {
		return nil
	}
	_, to := s.Text.Slice(0, len(text)).Offsets()
	joint := " && "
	if in.StartLine != in.EndLine {
		joint = " " + string(in.File.Escape) + "\n    && "
	}
	return []Edit{{to, to, joint + command}}
}

// unsureOnImage weighs a cache less on an image: history does not tell what was
// mounted while the RUN ran.
func unsureOnImage(l *Lint, f *Finding) {
	if l.Image != nil {
		f.Severity = min(f.Severity, advisory.Negligible)
	}
}
