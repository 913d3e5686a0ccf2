package content_test

import (
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/evidence"
	"plimsoll/internal/secret"
)

func TestTheConfigurationIsLookedInto(t *testing.T) {
	i, _ := inspector(t)
	value := token(t)
	tests := []struct {
		name   string
		config v1.ConfigFile
		path   string
		named  string
	}{
		{"a variable", v1.ConfigFile{Config: v1.Config{Env: []string{"PATH=/bin", "DEPLOY=" + value}}}, "Env.DEPLOY", "DEPLOY"},
		{"a label", v1.ConfigFile{Config: v1.Config{Labels: map[string]string{"com.example.build": value}}}, "Labels.com.example.build", "com.example.build"},
		{"a command", v1.ConfigFile{Config: v1.Config{Cmd: []string{"app", "--token", value}}}, "Cmd", ""},
		{"a command of a shell", v1.ConfigFile{Config: v1.Config{Cmd: []string{"/bin/bash", "-o", "pipefail", "-c", "app " + value}}}, "Cmd", ""},
		{"an entry point", v1.ConfigFile{Config: v1.Config{Entrypoint: []string{"app", "--token=" + value}}}, "Entrypoint", ""},
		{"a health check", v1.ConfigFile{Config: v1.Config{Healthcheck: &v1.HealthConfig{Test: []string{"CMD", "curl", "-H", "Authorization: token " + value, "http://localhost"}}}}, "Healthcheck", ""},
		{"a health check of a shell", v1.ConfigFile{Config: v1.Config{Healthcheck: &v1.HealthConfig{Test: []string{"CMD-SHELL", "curl -H 'Authorization: token " + value + "' http://localhost"}}}}, "Healthcheck", ""},
		{"a trigger", v1.ConfigFile{Config: v1.Config{OnBuild: []string{"RUN git clone https://" + value + "@github.com/o/r"}}}, "OnBuild.0", ""},
		{"a shell", v1.ConfigFile{Config: v1.Config{Shell: []string{"/bin/sh", "-c", "T=" + value}}}, "Shell", ""},
		{"a comment", v1.ConfigFile{History: []v1.History{{Comment: "with " + value}}}, "0.comment", ""},
		{"a line of history", v1.ConfigFile{History: []v1.History{{}, {CreatedBy: "/bin/sh -c git clone https://" + value + "@github.com/o/r"}}}, "1", ""},
		{"an argument's default", v1.ConfigFile{History: []v1.History{{CreatedBy: "ARG GH=" + value}}}, "0", ""},
		{"an old builder's line", v1.ConfigFile{History: []v1.History{{CreatedBy: "/bin/sh -c #(nop)  ENV GH=" + value}}}, "0", ""},
		{"an argument", v1.ConfigFile{History: []v1.History{{CreatedBy: "|2 A=b c d GH=" + value + " /bin/sh -c make"}}}, "0", ""},
		{"an argument before one with spaces", v1.ConfigFile{History: []v1.History{{CreatedBy: "RUN |2 GH=" + value + " OTHER=a b /bin/bash -o pipefail -c make all # buildkit"}}}, "0", ""},
		{"a script of several lines", v1.ConfigFile{History: []v1.History{{CreatedBy: "RUN /bin/sh -c <<EOF\nset -e\ncurl -H 'Authorization: token " + value + "' http://localhost\nEOF # buildkit"}}}, "0", ""},
		{"Windows", v1.ConfigFile{History: []v1.History{{CreatedBy: `cmd /S /C set GH=` + value}}}, "0", ""},
		{"a long line", v1.ConfigFile{History: []v1.History{{CreatedBy: "RUN /bin/sh -c " + string(prose(1, 1<<20)) + " " + value + " " + string(prose(2, 1<<20))}}}, "0", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := i.Configuration(t.Context(), &tt.config)
			k := slices.IndexFunc(found.Secrets, func(s secret.Secret) bool { return s.Rule == "github-classic-token" })
			if k < 0 {
				t.Fatalf("not found; %v", list(found))
			}
			s := found.Secrets[k]
			if !strings.HasPrefix(s.Path, evidence.ConfigPrefix) && !strings.HasPrefix(s.Path, evidence.HistoryPrefix) ||
				!strings.HasSuffix(s.Path, tt.path) || tt.named != "" && s.Name != tt.named {
				t.Errorf("at %q, named %q", s.Path, s.Name)
			}
		})
	}
}

func TestManyVariablesAreLookedInto(t *testing.T) {
	i, _ := inspector(t)
	c := &v1.ConfigFile{}
	c.Config.Env = slices.Repeat([]string{"GITHUB_TOKEN=" + token(t)}, 10_000)
	found := i.Configuration(t.Context(), c)
	if n := len(found.Secrets); n == 0 || n > 2000 || len(found.Problems) != 1 {
		t.Errorf("%d secrets, %d problems", n, len(found.Problems))
	}
}
