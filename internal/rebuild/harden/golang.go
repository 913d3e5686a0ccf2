package harden

import (
	"bytes"
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// The final stages without a shell, from https://github.com/GoogleContainerTools/distroless
// (README, "What images are available?"). nonroot runs as user 65532.
const (
	distrolessStatic = "gcr.io/distroless/static-debian12:nonroot"
	distrolessCC     = "gcr.io/distroless/cc-debian12:nonroot"
)

func isGo(w *work, s *dockerfile.Stage) bool {
	return parseReference(s.Image).official() == "golang"
}

// cgoModules are modules that do nothing, or don't build, without cgo.
var cgoModules = regexp.MustCompile(`(?m)github\.com/(?:mattn/go-sqlite3|confluentinc/confluent-kafka-go|h2non/bimg|davidbyttow/govips|gographics/imagick|libgit2/git2go|linxGnu/grocksdb|tecbot/gorocksdb|godror/godror|hybridgroup/gocv|miekg/pkcs11|veandco/go-sdl2|containers/storage|google/gopacket)\b`)

var (
	reGoWrites = regexp.MustCompile(`\bos\.(?:Create|WriteFile|OpenFile|Mkdir|MkdirAll|Rename)\b|ioutil\.WriteFile|bbolt|badger|sqlite`)
	reGoExec   = regexp.MustCompile(`"os/exec"|"plugin"|\bsyscall\.Exec\b`)
	reImportC  = regexp.MustCompile(`(?m)^\s*(?:import\s+)?"C"\s*$`)
	reModule   = regexp.MustCompile(`(?m)^module\s+(\S+)`)
)

// planGo builds a static program and copies it into an image that has nothing else.
func planGo(w *work, s *dockerfile.Stage) (*plan, string) {
	build := lastInstall(s, func(c *dockerfile.Command) bool {
		return c.Name == "go" && slices.Contains([]string{"build", "install"}, c.Subcommand())
	})
	if build == nil {
		if lastInstruction(s, "cmd", "entrypoint") == nil {
			return nil, ""
		}
		return nil, "nothing here builds the program before it is started"
	}
	if w.files == nil {
		return nil, "the build context is not known: the program may need cgo, a shell or files"
	}
	c := &compiled{
		w: w, s: s, base: distrolessStatic, tools: []string{"go", "git", "make"}, toolVariables: []string{"GO", "CGO_"},
		sources: func(f string) bool {
			return slices.Contains([]string{".go", ".mod", ".sum", ".work", ".s", ".c", ".h", ".proto"}, path.Ext(f)) || strings.HasPrefix(f, "vendor/") || needlessText(f)
		},
		why: "the program alone, static, in an image without a shell",
	}
	if stageRuns(s, "make") {
		return nil, "a Makefile builds the program"
	}
	if reason := w.needsCgo(s); reason != "" {
		return nil, reason
	}
	if f := w.mentions([]string{".go"}, reGoExec); f != "" {
		return nil, w.clean(f) + " starts other programs"
	}
	if f := w.mentions([]string{".go"}, reGoWrites); f != "" {
		return nil, w.clean(f) + " writes files, and it is not known where"
	}
	outputs := c.goOutputs()
	start, words, ok := c.startPath()
	if !ok {
		return nil, "the program is not started in exec form"
	}
	artefact, to, ok := c.match(outputs, words[0], start)
	if !ok {
		return nil, "it is not known which of the built files is started"
	}
	words[0] = to
	if !strings.Contains(to, "/") || path.Dir(to) == "/go/bin" {
		words[0] = "/usr/local/bin/" + path.Base(to)
	}
	c.replace = func(in *dockerfile.Instruction) string {
		if in != start {
			return ""
		}
		form, ok := jsonArray(words)
		if !ok {
			return ""
		}
		return in.Written + " " + form + w.newline
	}
	c.begin = "ENV CGO_ENABLED=0" + w.newline
	return c.plan([][2]string{{artefact, c.absolute(words[0], start)}})
}

// needsCgo says what speaks for cgo; empty where nothing does.
func (w *work) needsCgo(s *dockerfile.Stage) string {
	for _, in := range s.Instructions {
		if strings.Contains(in.Text.String, "CGO_ENABLED=1") || strings.Contains(in.Text.String, "CGO_ENABLED 1") {
			return "line " + line(w.originOf(in.StartLine)) + " builds with cgo, whose libraries have to be in the final image"
		}
	}
	if f := w.mentions([]string{".go"}, reImportC); f != "" {
		return w.clean(f) + " uses cgo, whose libraries have to be in the final image"
	}
	files, _ := w.files.Files()
	for _, f := range files {
		if path.Base(f) != "go.mod" {
			continue
		}
		if content, ok := w.files.Read(f); ok {
			if m := cgoModules.Find(content); m != nil {
				return w.clean(string(m)) + " needs cgo, whose libraries have to be in the final image"
			}
		}
	}
	return ""
}

// goOutputs are the programs that a stage builds, as absolute paths.
func (c *compiled) goOutputs() []string {
	var outputs []string
	for _, in := range c.s.Instructions {
		if in.Keyword != "run" {
			continue
		}
		for _, command := range in.Commands() {
			if command.Name != "go" {
				continue
			}
			operands := command.Operands("-o", "-ldflags", "-tags", "-gcflags", "-asmflags", "-mod", "-p", "-buildmode", "-installsuffix", "-pkgdir", "-C")
			if len(operands) == 0 {
				continue
			}
			name := c.goName(operands[1:])
			switch operands[0].Text {
			case "build":
				out, given := goOutput(command)
				switch {
				case given && !out.Known:
				case given && strings.HasSuffix(out.Text, "/"):
					if name != "" {
						outputs = append(outputs, c.absolute(out.Text+name, in))
					}
				case given:
					outputs = append(outputs, c.absolute(out.Text, in))
				case name != "":
					outputs = append(outputs, c.absolute(name, in))
				}
			case "install":
				if name != "" {
					outputs = append(outputs, "/go/bin/"+name)
				}
			}
		}
	}
	return outputs
}

// goOutput is the value of -o, which Go also takes as -o=file.
func goOutput(command *dockerfile.Command) (dockerfile.Word, bool) {
	for i, a := range command.Args {
		if a.Text == "-o" && i+1 < len(command.Args) {
			return command.Args[i+1], true
		}
		if v, ok := strings.CutPrefix(a.Text, "-o="); ok {
			a.Text = v
			return a, true
		}
	}
	return dockerfile.Word{}, false
}

// goName is what Go calls the program of a package: the last element of its import
// path, a version left out (go help build; https://go.dev/ref/mod#major-version-suffixes).
func (c *compiled) goName(packages []dockerfile.Word) string {
	if len(packages) > 1 {
		return ""
	}
	of := "."
	if len(packages) == 1 {
		of = packages[0].Text
	}
	switch {
	case strings.HasSuffix(of, ".go"):
		return strings.TrimSuffix(path.Base(of), ".go")
	case strings.Contains(of, "..."), strings.Contains(of, "@"):
		return ""
	case path.Clean(of) != ".":
		return path.Base(of)
	}
	content, ok := c.w.files.Read("go.mod")
	if !ok {
		return ""
	}
	m := reModule.FindSubmatch(content)
	if m == nil {
		return ""
	}
	module := string(bytes.Trim(m[1], `"`))
	if base := path.Base(module); regexp.MustCompile(`^v\d+$`).MatchString(base) {
		module = path.Dir(module)
	}
	return path.Base(module)
}

// match finds the built file that a start command names. to is where the final stage
// has it.
func (c *compiled) match(outputs []string, program string, start *dockerfile.Instruction) (from, to string, ok bool) {
	for _, o := range outputs {
		switch {
		case strings.Contains(program, "/"):
			if c.absolute(program, start) == o {
				return o, program, true
			}
		case path.Base(o) == program && slices.Contains([]string{"/go/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/cargo/bin"}, path.Dir(o)):
			return o, cmp.Or(o, program), true
		}
	}
	return "", "", false
}
