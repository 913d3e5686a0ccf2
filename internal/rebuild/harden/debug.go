package harden

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// debugPortRules find ports that an image for production does not offer.
var debugPortRules = []string{"expose-debug-port", "expose-admin-port"}

// debugging takes debuggers out: their ports, and what starts them.
func debugging(w *work) error {
	w.debugPorts()
	for _, s := range w.file.Stages {
		if !s.InFinal() {
			continue
		}
		for _, in := range s.Instructions {
			switch in.Keyword {
			case "cmd", "entrypoint":
				w.debugStart(in)
			case "env":
				w.debugVariables(in)
			}
		}
	}
	return nil
}

// debugPorts takes words out of EXPOSE.
func (w *work) debugPorts() {
	gone := map[*dockerfile.Instruction]map[int]bool{}
	rules := map[*dockerfile.Instruction][]string{}
	for _, f := range w.standing() {
		in := w.instructionAt(f.Range.Start.Line)
		if !slices.Contains(debugPortRules, f.Rule) || in == nil || in.Keyword != "expose" {
			continue
		}
		for i, word := range in.Words {
			if word.Whole() == f.Range && !strings.Contains(word.String, "-") {
				if gone[in] == nil {
					gone[in] = map[int]bool{}
				}
				gone[in][i] = true
				rules[in] = merge(rules[in], []string{f.Rule})
			}
		}
	}
	for _, in := range w.file.Instructions {
		if len(gone[in]) == 0 {
			continue
		}
		var edits []edit
		var ports []string
		for i, word := range in.Words {
			if !gone[in][i] {
				continue
			}
			ports = append(ports, word.String)
			from, to := word.Offsets()
			if i > 0 {
				_, from = in.Words[i-1].Offsets()
			} else if len(in.Words) > 1 {
				to, _ = in.Words[1].Offsets()
			}
			edits = append(edits, edit{From: from, To: to})
		}
		if len(ports) == len(in.Words) {
			edits = []edit{w.lines(in, "")}
		}
		w.change(in, Change{
			Title: "offer no debugger's port", Closes: rules[in],
			Why: "whoever reaches a debugger runs what he likes in the program",
		}, "closes "+strings.Join(rules[in], ", ")+": port "+strings.Join(ports, ", ")+" is not offered any more", edits...)
	}
}

var (
	reInspect = regexp.MustCompile(`^--inspect(-brk|-wait|-port)?(=.*)?$`)
	reJDWP    = regexp.MustCompile(`^-(agentlib:jdwp|Xrunjdwp)[=:]`)
)

// debugStart takes a debugger out of an exec form, or a shell form of plain words.
func (w *work) debugStart(in *dockerfile.Instruction) {
	words, offsets := startWords(in)
	if len(words) == 0 {
		return
	}
	drop := debugWords(words)
	if len(drop) == 0 {
		return
	}
	kept := []string{}
	var edits []edit
	var gone []string
	for i, word := range words {
		if !drop[i] {
			kept = append(kept, word)
			continue
		}
		gone = append(gone, word)
		if !in.Exec {
			e := edit{From: offsets[i][0], To: offsets[i][1]}
			if i > 0 {
				e.From = offsets[i-1][1]
			}
			edits = append(edits, e)
		}
	}
	if len(kept) == 0 {
		return
	}
	if in.Exec {
		text, ok := jsonArray(kept)
		if !ok {
			return
		}
		from, to := in.Args.Offsets()
		edits = []edit{{From: from, To: to, New: text}}
	}
	w.change(in, Change{
		Title: "start without a debugger", Closes: w.rulesAt(in, "debug"),
		Why: "a debugger, or a server that reloads and shows its insides, lets whoever reaches it into the program",
	}, "without "+strings.Join(gone, " "), edits...)
}

// startWords are a start command's words with their places.
func startWords(in *dockerfile.Instruction) (words []string, offsets [][2]int) {
	commands := in.Commands()
	if len(commands) != 1 || len(in.Heredocs) > 0 {
		return nil, nil
	}
	for _, word := range commands[0].Words {
		from, to, ok := word.Offsets()
		if !ok || !word.Known && !in.Exec {
			return nil, nil
		}
		words = append(words, word.Text)
		offsets = append(offsets, [2]int{from, to})
	}
	if in.Exec && len(words) != len(in.Words) {
		return nil, nil // a wrapper, which would be lost
	}
	return words, offsets
}

// debugWords tells which words start a debugger.
func debugWords(words []string) map[int]bool {
	drop := map[int]bool{}
	name := path.Base(words[0])
	python := strings.HasPrefix(name, "python")
	for i := 1; i < len(words); i++ {
		word := words[i]
		switch {
		case name == "node" && reInspect.MatchString(word), name == "java" && reJDWP.MatchString(word):
			drop[i] = true
		case python && word == "-m" && i+1 < len(words) && words[i+1] == "debugpy":
			drop[i], drop[i+1] = true, true
			for i += 2; i < len(words); i++ {
				switch words[i] {
				case "--listen", "--connect", "--log-to":
					drop[i], drop[i+1] = true, true
					i++
					continue
				case "--wait-for-client", "--log-to-stderr":
					drop[i] = true
					continue
				}
				break
			}
			return drop
		}
	}
	if slices.Contains(words, "flask") && slices.Contains(words, "run") {
		for i, word := range words {
			drop[i] = drop[i] || word == "--debug" || word == "--debugger" || word == "--reload"
		}
	}
	if name == "uvicorn" || name == "gunicorn" || name == "hypercorn" || python && (slices.Contains(words, "uvicorn") || slices.Contains(words, "gunicorn")) {
		for i, word := range words {
			drop[i] = drop[i] || word == "--reload"
		}
	}
	for i := range drop {
		if !drop[i] {
			delete(drop, i)
		}
	}
	return drop
}

// rulesAt are the rules with a finding at an instruction whose name has a word in it.
func (w *work) rulesAt(in *dockerfile.Instruction, word string) []string {
	var rules []string
	for _, f := range w.standing() {
		if strings.Contains(f.Rule, word) && w.instructionAt(f.Range.Start.Line) == in {
			rules = merge(rules, []string{f.Rule})
		}
	}
	return rules
}

// debugSettings are variables that switch a debugger or a mode for development on,
// with what takes their place.
var debugSettings = []struct {
	name   string
	values []string
	with   string
}{
	// https://flask.palletsprojects.com/en/stable/config/#DEBUG; FLASK_ENV is of
	// versions before 2.3.
	{"FLASK_DEBUG", []string{"1", "true", "True", "TRUE", "on", "yes"}, "0"},
	{"FLASK_ENV", []string{"development"}, "production"},
	{"DJANGO_DEBUG", []string{"1", "true", "True", "TRUE", "on", "yes"}, "0"},
	{"ASPNETCORE_ENVIRONMENT", []string{"Development"}, "Production"},
	{"DOTNET_ENVIRONMENT", []string{"Development"}, "Production"},
}

// debugVariables changes variables of ENV that switch debugging on.
func (w *work) debugVariables(in *dockerfile.Instruction) {
	for i, p := range in.Pairs() {
		value := strings.Trim(p.Value, `"'`)
		for _, d := range debugSettings {
			if d.name != p.Name || !slices.Contains(d.values, value) {
				continue
			}
			from, to := p.ValueText.Offsets()
			w.changeVariable(in, p.Name+" is "+d.with, edit{From: from, To: to, New: d.with})
		}
		switch {
		case p.Name == "NODE_ENV" && value == "development" && !w.installsAfter(in):
			from, to := p.ValueText.Offsets()
			w.changeVariable(in, "NODE_ENV is production", edit{From: from, To: to, New: "production"})
		case slices.Contains([]string{"JAVA_TOOL_OPTIONS", "JAVA_OPTS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CATALINA_OPTS"}, p.Name) && jdwpWord.MatchString(value):
			w.dropJDWP(in, i, p)
		}
	}
}

func (w *work) changeVariable(in *dockerfile.Instruction, comment string, edits ...edit) {
	w.change(in, Change{
		Title: "switch debugging off", Closes: w.rulesAt(in, "debug"),
		Why: "a mode for development shows the program's insides, and may let anybody run code in it",
	}, comment, edits...)
}

var jdwpWord = regexp.MustCompile(`\s*-(?:agentlib:jdwp|Xrunjdwp)[=:][^\s"']*`)

func (w *work) dropJDWP(in *dockerfile.Instruction, i int, p dockerfile.Pair) {
	rest := strings.TrimSpace(strings.Trim(jdwpWord.ReplaceAllString(p.Value, ""), `"'`))
	if rest != "" {
		from, to := p.ValueText.Offsets()
		w.changeVariable(in, "without Java's debugger", edit{From: from, To: to, New: strings.TrimLeft(jdwpWord.ReplaceAllString(p.Value, ""), " ")})
		return
	}
	pairs := in.Pairs()
	if len(pairs) == 1 {
		w.changeVariable(in, p.Name+" started Java's debugger, and nothing else", w.lines(in, ""))
		return
	}
	w.changeVariable(in, "without Java's debugger", takePairs(pairs, map[int]bool{i: true})...)
}

// installsAfter tells whether a RUN behind an instruction installs Node packages,
// which goes by NODE_ENV.
func (w *work) installsAfter(in *dockerfile.Instruction) bool {
	for _, other := range in.Stage.Instructions {
		if other.Index <= in.Index || other.Keyword != "run" {
			continue
		}
		for _, c := range other.Commands() {
			if slices.Contains([]string{"npm", "yarn", "pnpm", "npx", "node"}, c.Name) {
				return true
			}
		}
	}
	return false
}
