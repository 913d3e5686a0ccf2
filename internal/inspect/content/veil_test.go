package content_test

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect/content"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

func TestAVeilMasksWhatWasFoundWhereverItStands(t *testing.T) {
	secrets, err := secret.NewEngine(secret.Rules())
	if err != nil {
		t.Fatal(err)
	}
	planted, err := malware.NewEngine(malware.Detectors())
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	look, err := content.New(content.Options{Secrets: secrets, Malware: planted, Found: func(*secret.Secret, []byte) { told++ }})
	if err != nil {
		t.Fatal(err)
	}
	const key = "Zq8vTr4mWx2nLk9pJh6bYc3dFg5sAe7uXo1iQw0z"
	c := &v1.ConfigFile{
		Config:  v1.Config{Env: []string{"GCS_SECRET_ACCESS_KEY=" + key, "PATH=/bin"}, Cmd: []string{"curl", key}},
		History: []v1.History{{CreatedBy: "|1 GCS_SECRET_ACCESS_KEY=" + key + " /bin/sh -c make"}, {CreatedBy: "RUN echo " + key}},
	}
	found, veil := look.Veiled(t.Context(), c)
	if len(found.Secrets) == 0 || told == 0 {
		t.Fatalf("%d secrets, %d told", len(found.Secrets), told)
	}
	for path, text := range map[string]string{
		content.EnvPath("GCS_SECRET_ACCESS_KEY"): c.Config.Env[0],
		evidence.ConfigPrefix + "Cmd":            c.Config.Cmd[1],
		evidence.HistoryPrefix + "0":             c.History[0].CreatedBy,
		evidence.HistoryPrefix + "1":             c.History[1].CreatedBy,
	} {
		if got := veil.Mask(path, text); strings.Contains(got, key) || !strings.Contains(got, "redacted]") {
			t.Errorf("%s: %q", path, got)
		}
	}
	if got := veil.Mask(content.EnvPath("PATH"), "PATH=/bin"); got != "PATH=/bin" {
		t.Errorf("what is no secret became %q", got)
	}
	var none *content.Veil
	if got := none.Mask("x", "text"); got != "text" {
		t.Errorf("no veil made %q", got)
	}
}
