package gitleaks

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"plimsoll/internal/secret"
)

// TestTheirOwnConfigurationRuns reads the configuration that gitleaks ships, from
// the module cache of whoever has it there; nothing of it is kept here.
func TestTheirOwnConfigurationRuns(t *testing.T) {
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Skipf("the module cache is not known: %v", err)
	}
	file := filepath.Join(strings.TrimSpace(string(out)), "github.com/zricethezav/gitleaks/v8@v8.30.1/config/gitleaks.toml")
	src, err := os.ReadFile(file)
	if err != nil {
		t.Skip("gitleaks is not in the module cache; go mod download github.com/zricethezav/gitleaks/v8@v8.30.1 outside of this module puts it there")
	}
	rules, problems, err := Load("gitleaks.toml", src, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for _, p := range problems {
		t.Log(p)
		if p.Dropped {
			dropped++
		}
	}
	e, err := secret.NewEngine(rules)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rules run, %d do not; %d words are looked for", len(rules), dropped, len(e.Words()))
	// One rule rests on two characters in the middle of a word.
	if len(rules) < 221 || dropped > 1 {
		t.Errorf("%d rules run, %d do not", len(rules), dropped)
	}
}
