package harden

import (
	"regexp"
	"strings"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
)

var reDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// resolved is what Resolve said of a reference.
type resolved struct {
	digest string
	err    error
}

// resolve asks once for each reference.
func (w *work) resolve(ref string) (string, error) {
	if r, ok := w.digests[ref]; ok {
		return r.digest, r.err
	}
	var r resolved
	r.digest, r.err = w.opt.Resolve(w.ctx, ref)
	if r.err == nil && !reDigest.MatchString(r.digest) {
		r.digest = ""
	}
	w.digests[ref] = r
	return r.digest, r.err
}

// pinned are what a digest closes.
var pinned = []string{"base-no-digest", "base-latest", "base-untagged"}

// pins adds digests to bases and to the images that files are copied from.
func pins(w *work) error {
	for _, s := range w.file.Stages {
		if isImage(s) && len(s.From.Words) > 0 && !strings.Contains(s.Image, "@") {
			w.pin(s.From, s.From.Words[0], s.Image, s.Known)
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
		for _, in := range s.Instructions {
			w.pinSources(in)
		}
	}
	return nil
}

// pinSources pins the images that COPY --from and RUN --mount=from= name.
func (w *work) pinSources(in *dockerfile.Instruction) {
	for _, f := range in.Flags {
		var name string
		switch {
		case f.Name == "from" && (in.Keyword == "copy" || in.Keyword == "add"):
			name = f.Value
		case f.Name == "mount" && in.Keyword == "run":
			for _, field := range strings.Split(f.Value, ",") {
				if v, ok := strings.CutPrefix(field, "from="); ok {
					name = v
				}
			}
		}
		if name == "" || name == "scratch" || strings.ContainsAny(name, `@$"'\`) || w.file.StageNamed(name, in.Stage.Index) != nil || isNumeral(name) {
			continue
		}
		at := strings.LastIndex(f.Text.String, name)
		if at < 0 {
			continue
		}
		w.pin(in, f.Text.Slice(at, at+len(name)), name, true)
	}
}

func isNumeral(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// pin adds a digest to one reference, whose text stands in the file.
func (w *work) pin(in *dockerfile.Instruction, text dockerfile.Text, image string, known bool) {
	const about = "pin"
	switch {
	case !known:
		w.todo(in, about, "%s is chosen when the image is built: give a name with tag@sha256:… there", text.String)
		return
	case w.opt.Resolve == nil:
		w.todo(in, about, "%s is not pinned, since no registry was asked: add its @sha256:… digest", image)
		return
	}
	digest, err := w.resolve(image)
	if digest == "" {
		reason := "its registry gave no digest"
		if err != nil {
			reason = err.Error()
		}
		w.leave("pinning "+image, "%s", reason)
		w.todo(in, about, "%s is not pinned, since its digest could not be read: add its @sha256:… digest", image)
		return
	}
	c := Change{Title: "pin the base by digest", Why: "a tag can be moved to other content; a digest can't", Closes: pinned}
	suffix := "@" + digest
	if parseReference(image).tag == "" {
		suffix = ":latest" + suffix
	}
	if text.String == image {
		_, to := text.Offsets()
		w.change(in, c, "", hygiene.Edit{From: to, To: to, New: suffix})
		return
	}
	if arg, ok := w.wholeArg(in, text); ok {
		_, to := arg.ValueText.Offsets()
		w.change(in, c, "", hygiene.Edit{From: to, To: to, New: suffix})
		return
	}
	w.todo(in, about, "a digest here would void the variables of %s; %s is @%s today", text.String, image, digest)
}

var reLastVariable = regexp.MustCompile(`\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))$`)

// wholeArg finds the ARG whose default ends the reference, where nothing else uses
// it: a digest put behind its value pins the base.
func (w *work) wholeArg(in *dockerfile.Instruction, text dockerfile.Text) (dockerfile.Pair, bool) {
	m := reLastVariable.FindStringSubmatch(text.String)
	if m == nil || in.Keyword != "from" {
		return dockerfile.Pair{}, false
	}
	name := m[1] + m[2]
	if strings.Count(text.String, "$") > 1 {
		// The other variables could be overridden, and then the digest would not fit.
		return dockerfile.Pair{}, false
	}
	if len(reWord(name).FindAllIndex(w.file.Source, 3)) != 2 {
		return dockerfile.Pair{}, false // its ARG, this FROM, and something else
	}
	for _, arg := range w.file.Args {
		for _, p := range arg.Pairs() {
			if p.Name == name && p.Set && p.Value != "" && !strings.ContainsAny(p.Value, `$"'\`) {
				return p, true
			}
		}
	}
	return dockerfile.Pair{}, false
}

// reWord finds a variable's name as a word.
func reWord(name string) *regexp.Regexp {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`)
}
