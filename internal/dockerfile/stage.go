package dockerfile

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Stage is one build stage.
type Stage struct {
	File  *File
	Index int
	From  *Instruction
	// Name is in lower case, as the builder compares names; empty without one.
	Name string
	// Base and Platform are as written; Image is Base with ARG defaults filled in,
	// and Known is false where a variable without a default is left in it.
	Base, Platform string
	Image          string
	Known          bool
	// Parent is the earlier stage that Base names; nil for an image.
	Parent *Stage
	// Instructions follow the FROM.
	Instructions []*Instruction
	// Sources are other stages that this one takes files from, by COPY or ADD --from
	// and RUN --mount.
	Sources []*Stage

	variables map[string][]Variable
	lineage   int
	// root is the stage whose base is an image; shells are the stage's own SHELL
	// instructions, inherited the one that holds where it begins.
	root      *Stage
	shells    []*Instruction
	inherited *Instruction
}

// Target is the stage that is built; the last one unless Retarget chose another.
// It is nil for a file without stages.
func (f *File) Target() *Stage {
	for _, s := range f.Stages {
		if s.lineage == 1 {
			return s
		}
	}
	return nil
}

// Retarget chooses the stage that is built by its name or number, as docker build
// --target does.
func (f *File) Retarget(name string) error {
	s := f.StageNamed(name, len(f.Stages))
	if s == nil {
		return fmt.Errorf("%s has no stage %q", f.Name, name)
	}
	f.target(s)
	return nil
}

func (f *File) target(s *Stage) {
	for _, other := range f.Stages {
		other.lineage = 0
	}
	for n := 1; s != nil; s, n = s.Parent, n+1 {
		s.lineage = n
	}
}

// StageNamed finds a stage before number end by name, else by number; nil for none.
func (f *File) StageNamed(name string, end int) *Stage {
	all := f.named[strings.ToLower(name)]
	if i := sort.Search(len(all), func(i int) bool { return all[i].Index >= end }); i > 0 {
		return all[i-1]
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < min(end, len(f.Stages)) {
		return f.Stages[i]
	}
	return nil
}

// InFinal tells whether what the stage's instructions make is in the final image:
// it is the target or the target is built FROM it.
func (s *Stage) InFinal() bool { return s.lineage > 0 }

// IsTarget tells whether the stage is the one that is built.
func (s *Stage) IsTarget() bool { return s.lineage == 1 }

// Used tells whether the target needs the stage at all; BuildKit builds no other.
func (s *Stage) Used() bool {
	t := s.File.Target()
	return t != nil && needs(t, s, map[*Stage]bool{})
}

func needs(from, s *Stage, seen map[*Stage]bool) bool {
	stack := []*Stage{from}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if at == s {
			return true
		}
		if at == nil || seen[at] {
			continue
		}
		seen[at] = true
		stack = append(append(stack, at.Parent), at.Sources...)
	}
	return false
}

// Lineage lists the stages that make up this one, the first base first.
func (s *Stage) Lineage() []*Stage {
	var line []*Stage
	for at := s; at != nil; at = at.Parent {
		line = append(line, at)
	}
	for i, j := 0, len(line)-1; i < j; i, j = i+1, j-1 {
		line[i], line[j] = line[j], line[i]
	}
	return line
}

// Root is the stage whose base is an image.
func (s *Stage) Root() *Stage { return s.root }

// All are the instructions that make up the stage, those of its parents first.
func (s *Stage) All() []*Instruction {
	var all []*Instruction
	for _, at := range s.Lineage() {
		all = append(all, at.Instructions...)
	}
	return all
}

// Last is the last instruction of a kind that holds in the stage, its parents'
// included; nil for none.
func (s *Stage) Last(keyword string) *Instruction {
	for at := s; at != nil; at = at.Parent {
		for i := len(at.Instructions) - 1; i >= 0; i-- {
			if at.Instructions[i].Keyword == keyword {
				return at.Instructions[i]
			}
		}
	}
	return nil
}

// Title names the stage in messages: "build", or its number.
func (s *Stage) Title() string {
	if s.Name != "" {
		return s.Name
	}
	return strconv.Itoa(s.Index)
}

// tie resolves bases and variables once all instructions are there.
func (f *File) tie() {
	f.setGlobals()
	f.named = map[string][]*Stage{}
	for _, s := range f.Stages {
		if s.Name != "" {
			f.named[s.Name] = append(f.named[s.Name], s)
		}
	}
	for _, s := range f.Stages {
		s.resolveBase()
		s.setVariables()
	}
	if n := len(f.Stages); n > 0 {
		f.target(f.Stages[n-1])
	}
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			for _, name := range in.Froms() {
				if src := f.StageNamed(name, s.Index); src != nil {
					s.Sources = append(s.Sources, src)
				}
			}
		}
	}
}

func (s *Stage) resolveBase() {
	if f := s.From; len(f.Words) > 0 {
		s.Image, s.Known = f.Expand(s.Base)
	}
	s.Parent, s.root, s.inherited = nil, s, nil
	if parent := s.File.StageNamed(s.Image, s.Index); parent != nil && !isNumber(s.Image) {
		s.Parent, s.root, s.inherited = parent, parent.root, parent.inherited
		if n := len(parent.shells); n > 0 {
			s.inherited = parent.shells[n-1]
		}
	}
	s.shells = nil
	for _, in := range s.Instructions {
		if in.Keyword == "shell" && in.Exec {
			s.shells = append(s.shells, in)
		}
	}
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// Froms are the stages and images that an instruction takes files from, as written
// but with known variables filled in.
func (in *Instruction) Froms() []string {
	var from []string
	switch in.Keyword {
	case "copy", "add":
		if v, ok := in.Flag("from"); ok {
			v, _ = in.Expand(v)
			from = append(from, v)
		}
	case "run":
		for _, m := range in.Mounts() {
			if m["from"] != "" {
				v, _ := in.Expand(m["from"])
				from = append(from, v)
			}
		}
	}
	return from
}

// Mounts are the options of each --mount of a RUN; an option without a value has
// the value "true".
func (in *Instruction) Mounts() []map[string]string {
	var mounts []map[string]string
	for _, f := range in.Flags {
		if f.Name != "mount" {
			continue
		}
		m := map[string]string{}
		for _, field := range strings.Split(f.Value, ",") {
			k, v, ok := strings.Cut(field, "=")
			if !ok {
				v = "true"
			}
			switch k = strings.ToLower(strings.TrimSpace(k)); k {
			case "dst", "destination":
				k = "target"
			case "src":
				k = "source"
			}
			m[k] = v
		}
		if m["type"] == "" {
			m["type"] = "bind"
		}
		mounts = append(mounts, m)
	}
	return mounts
}
