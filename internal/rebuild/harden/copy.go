package harden

import (
	"path"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// maxNarrow bounds how many names COPY . is replaced by.
const maxNarrow = 12

// copies names what COPY . takes, where the context is known, so that a file that
// lies around tomorrow does not get into the image.
func copies(w *work) error {
	for _, s := range w.file.Stages {
		if !s.InFinal() {
			continue
		}
		for _, in := range s.Instructions {
			if w.copiesAll(in) {
				w.narrow(in)
			}
		}
	}
	return nil
}

// copiesAll tells whether an instruction copies the whole context.
func (w *work) copiesAll(in *dockerfile.Instruction) bool {
	if in.Keyword != "copy" && in.Keyword != "add" || len(in.Froms()) > 0 || len(in.Words) != 2 || len(in.Heredocs) > 0 {
		return false
	}
	return path.Clean(in.Words[0].String) == "."
}

func (w *work) narrow(in *dockerfile.Instruction) {
	if w.files == nil {
		return
	}
	files, complete := w.files.Files()
	if !complete || len(files) == 0 {
		return
	}
	to, known := in.Expand(in.Words[1].String)
	if !known || strings.ContainsAny(to, " \t\"'") {
		return
	}
	var plain, folders []string
	for _, f := range files {
		top, _, inFolder := strings.Cut(f, "/")
		if w.needless(f) || w.needless(top) || slices.Contains(w.keys, f) && !inFolder {
			continue
		}
		if !reCopyName.MatchString(top) {
			return
		}
		if inFolder {
			folders = append(folders, top)
		} else {
			plain = append(plain, f)
		}
	}
	folders = slices.Compact(folders)
	if n := len(plain) + len(folders); n == 0 || n > maxNarrow {
		w.leave("COPY . in line "+line(w.originOf(in.StartLine)), "%d names would take its place: the proposed .dockerignore keeps out what does not belong there", n)
		return
	}
	w.sayCredentials(in)
	dir := strings.TrimSuffix(to, "/") + "/"
	flags := ""
	for _, f := range in.Flags {
		flags += f.Text.String + " "
	}
	var b strings.Builder
	if len(plain) > 0 {
		b.WriteString("COPY " + flags + strings.Join(plain, " ") + " " + dir + w.newline)
	}
	for _, f := range folders {
		b.WriteString("COPY " + flags + f + " " + dir + f + w.newline)
	}
	w.change(in, Change{
		Title: "copy what is needed by name", Closes: []string{"copy-whole-context", "dockerignore-missing", "secret-file-copied"},
		Why: "with COPY . everything that lies in the folder when the image is built is in it, credentials and history included",
	}, w.closing("copy-whole-context")+"by name, as the build context was when this was written", w.lines(in, b.String()))
}

// sayCredentials says which credentials the image had and has no more.
func (w *work) sayCredentials(in *dockerfile.Instruction) {
	names := slices.Clone(w.keys)
	if w.has(".env") {
		names = append(names, ".env")
	}
	if len(names) > 0 {
		w.todo(in, "credentials", "the image had %s: give the container what is in it when it is started", strings.Join(names, ", "))
	}
}

// needless are files that no image needs, as .dockerignore has them.
func (w *work) needless(name string) bool {
	base := path.Base(name)
	switch {
	case name == "Dockerfile", strings.HasPrefix(base, "Dockerfile."), strings.HasSuffix(base, ".Dockerfile"), base == "Containerfile", base == path.Base(w.file.Name),
		strings.HasSuffix(base, ".dockerignore"), strings.HasPrefix(base, "docker-compose"), base == "compose.yaml", base == "compose.yml":
		return true
	}
	return (slices.Contains(ignored, base) || slices.Contains(ignored, base+"/")) && w.madeAnew(base)
}

// madeAnew tells whether a folder of dependencies is filled while the image is built;
// where nothing does so it is the context's that counts.
func (w *work) madeAnew(folder string) bool {
	var programs []string
	switch folder {
	case "node_modules":
		programs = []string{"npm", "yarn", "pnpm", "bun"}
	case "venv", ".venv":
		programs = []string{"pip", "pip3", "python", "python3", "uv", "poetry", "pipenv"}
	default:
		return true
	}
	return slices.ContainsFunc(w.file.Stages, func(s *dockerfile.Stage) bool { return stageRuns(s, programs...) })
}
