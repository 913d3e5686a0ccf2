package pin

import (
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// findDockerfile lists the images that stages are built from and that files are
// copied from, and the frontend that "# syntax=" names.
func findDockerfile(name string, source []byte) ([]Reference, error) {
	f, err := dockerfile.Parse(name, source)
	if err != nil {
		return nil, err
	}
	d := &inDockerfile{file: f, seen: map[int]bool{}}
	if s, ok := f.Directives["syntax"]; ok {
		line := f.Line(s.Range.Start.Line)
		if at := strings.LastIndex(line, s.Value); at >= 0 {
			from := f.LineStart(s.Range.Start.Line) + at
			d.add(Reference{Image: s.Value, Where: "syntax", from: from, to: from + len(s.Value)})
		}
	}
	for _, s := range f.Stages {
		if len(s.From.Words) > 0 && s.Parent == nil {
			d.reference(s.From, s.From.Words[0], "FROM")
		}
	}
	for _, in := range f.Instructions {
		d.sources(in)
	}
	slices.SortStableFunc(d.refs, func(a, b Reference) int { return a.from - b.from })
	return d.refs, nil
}

type inDockerfile struct {
	file *dockerfile.File
	refs []Reference
	// seen are the offsets of references that are listed already: two stages may be
	// built from one ARG.
	seen map[int]bool
}

func (d *inDockerfile) add(r Reference) {
	if d.seen[r.from] {
		return
	}
	d.seen[r.from] = true
	at := d.file.Position(r.from)
	r.Line, r.Column = at.Line, at.Column
	d.refs = append(d.refs, r)
}

// sources adds the images of COPY --from and RUN --mount=from=.
func (d *inDockerfile) sources(in *dockerfile.Instruction) {
	if in.Stage == nil {
		return
	}
	for _, f := range in.Flags {
		var value string
		switch {
		case f.Name == "from" && (in.Keyword == "copy" || in.Keyword == "add"):
			value = f.Value
		case f.Name == "mount" && in.Keyword == "run":
			for _, option := range strings.Split(f.Value, ",") {
				if v, ok := strings.CutPrefix(option, "from="); ok {
					value = v
				}
			}
		}
		if value == "" {
			continue
		}
		if image, _ := in.Expand(value); in.File.StageNamed(image, in.Stage.Index) != nil || in.File.StageNamed(image, len(in.File.Stages)) != nil {
			continue // a stage, or one that comes too late
		}
		at := strings.LastIndex(f.Text.String, value)
		if at < 0 {
			continue
		}
		d.reference(in, f.Text.Slice(at, at+len(value)), strings.ToUpper(in.Keyword)+" --"+f.Name)
	}
}

// reference adds what a word names. A word that is one variable is followed to its
// ARG's default.
func (d *inDockerfile) reference(in *dockerfile.Instruction, w dockerfile.Text, where string) {
	text := strings.Trim(w.String, `"'`)
	at := strings.Index(w.String, text)
	w = w.Slice(at, at+len(text))
	image, known := in.Expand(text)
	if image == "scratch" || image == "" {
		return
	}
	r := Reference{Image: image, Where: where}
	r.from, r.to = w.Offsets()
	if !strings.ContainsAny(text, `$\`) {
		d.add(r)
		return
	}
	if !known {
		r.Skipped = "a variable in it is given when the image is built"
		d.add(r)
		return
	}
	if v, ok := in.Lookup(variableOf(text)); ok && v.Instruction != nil {
		for _, p := range v.Instruction.Pairs() {
			if p.Name != v.Name || !p.Set {
				continue
			}
			value := strings.Trim(p.Value, `"'`)
			if strings.ContainsAny(value, `$\`) || !strings.ContainsAny(value, ":/@") && !onlyName(value) {
				break
			}
			from := strings.Index(p.ValueText.String, value)
			r.Where += " through ARG " + v.Name
			r.from, r.to = p.ValueText.Slice(from, from+len(value)).Offsets()
			d.add(r)
			return
		}
	}
	r.Skipped = "it is put together from variables: write it out, or keep the whole reference in one ARG"
	d.add(r)
}

// onlyName tells a name such as "alpine" from a version such as "3.19".
func onlyName(s string) bool { return s != "" && (s[0] < '0' || s[0] > '9') }

// variableOf is NAME of $NAME and ${NAME}; "" for anything else.
func variableOf(s string) string {
	s, ok := strings.CutPrefix(s, "$")
	if !ok {
		return ""
	}
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		if s, ok = strings.CutSuffix(inner, "}"); !ok {
			return ""
		}
	}
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return ""
		}
	}
	return s
}
