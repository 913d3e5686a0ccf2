package hygiene

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/dockerfile"
)

// asImage writes the configuration that BuildKit would write for a sample.
func asImage(t *testing.T, s Sample) *v1.ConfigFile {
	t.Helper()
	f, err := dockerfile.Parse("Dockerfile", []byte(s.Dockerfile))
	if err != nil {
		t.Fatal(err)
	}
	c := &v1.ConfigFile{OS: "linux"}
	c.Config.ExposedPorts, c.Config.Volumes, c.Config.Labels = map[string]struct{}{}, map[string]struct{}{}, map[string]string{}
	line := func(text string, empty bool) {
		c.History = append(c.History, v1.History{CreatedBy: text, EmptyLayer: empty})
	}
	words := func(in *dockerfile.Instruction) []string {
		var w []string
		if in.Exec {
			for _, x := range in.Words {
				w = append(w, x.String)
			}
			return w
		}
		return []string{"/bin/sh", "-c", in.Args.String}
	}
	for _, in := range f.Target().All() {
		args, _ := in.Expand(in.Args.String)
		switch in.Keyword {
		case "run":
			text := in.Args.String
			if len(in.Heredocs) > 0 {
				text = in.Heredocs[0].Text.String
			}
			if in.Exec {
				text = strings.Join(words(in), " ")
			} else {
				text = "/bin/sh -c " + text
			}
			line("RUN "+text+" # buildkit", false)
		case "copy", "add":
			line(strings.ToUpper(in.Keyword)+" "+args+" # buildkit", false)
		case "env":
			for _, p := range in.Pairs() {
				v, _ := in.Expand(p.Value)
				c.Config.Env = append(c.Config.Env, p.Name+"="+v)
			}
		case "label":
			for _, p := range in.Pairs() {
				v, _ := in.Expand(p.Value)
				c.Config.Labels[p.Name] = v
			}
		case "expose":
			for _, w := range in.Words {
				v, _ := in.Expand(w.String)
				c.Config.ExposedPorts[v] = struct{}{}
			}
		case "volume":
			for _, w := range in.Words {
				c.Config.Volumes[w.String] = struct{}{}
			}
		case "user":
			c.Config.User = args
			line("USER "+args, true)
		case "workdir":
			c.Config.WorkingDir = args
			line("WORKDIR "+args, false)
		case "shell":
			c.Config.Shell = words(in)
			line("SHELL "+in.Args.String, true)
		case "cmd":
			c.Config.Cmd = words(in)
		case "entrypoint":
			c.Config.Entrypoint = words(in)
		case "onbuild":
			c.Config.OnBuild = append(c.Config.OnBuild, in.Args.String)
		case "healthcheck":
			if w := in.Args.Words(); len(w) > 1 {
				c.Config.Healthcheck = &v1.HealthConfig{Test: []string{"CMD-SHELL", strings.TrimSpace(strings.TrimPrefix(in.Args.String, w[0].String))}}
			}
		}
	}
	return c
}

func input(c *v1.ConfigFile) ImageInput {
	return ImageInput{
		Config: c, History: func(i int) string { return c.History[i].CreatedBy }, Setting: func(_, text string) string { return text },
	}
}

// A rule that speaks of images finds in an image what it finds in the Dockerfile.
func TestRulesOnImages(t *testing.T) {
	for _, r := range Rules() {
		if !r.OnImage {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			found := 0
			for _, s := range r.Bad {
				if s.DockerfileOnly {
					continue
				}
				found++
				if findings := CheckImage(input(asImage(t, s)), Rules(), now); !holds(findings, r.ID) {
					t.Errorf("not raised by the image of\n%s", s.Dockerfile)
				}
			}
			if found == 0 {
				t.Error("no sample is an image's")
			}
			for _, s := range r.Good {
				if !s.DockerfileOnly && holds(CheckImage(input(asImage(t, s)), Rules(), now), r.ID) {
					t.Errorf("raised by the image of\n%s", s.Dockerfile)
				}
			}
		})
	}
}

// Every history line, whatever it holds, is read or counted.
func FuzzImage(f *testing.F) {
	f.Add("RUN |1 A=b /bin/sh -c make <<EOF # buildkit", "A=b c\"d$e", "user", "COPY file:abc in / ")
	f.Add("/bin/sh -c #(nop)  CMD [\"bash\"]", "\x00\\", "a b\\", "SHELL [\"x\"]\nFROM y")
	f.Add("RUN /bin/sh -c PLIMSOLL\nx\\", "=", "", "WORKDIR <<EOF")
	f.Fuzz(func(t *testing.T, run, env, user, other string) {
		c := &v1.ConfigFile{History: []v1.History{{CreatedBy: run}, {CreatedBy: other}, {CreatedBy: "ADD " + other}}}
		c.Config.Env, c.Config.User, c.Config.OnBuild = []string{env, "A=" + other}, user, []string{other}
		c.Config.Cmd, c.Config.Labels = []string{run, env}, map[string]string{env: run}
		c.Config.Healthcheck = &v1.HealthConfig{Test: []string{"CMD-SHELL", run, other}}
		file, image := FromImage(input(c))
		if len(file.Instructions) != len(image.places) {
			t.Fatalf("%d instructions of %d places:\n%s", len(file.Instructions), len(image.places), file.Source)
		}
		CheckImage(input(c), Rules(), now)
	})
}
