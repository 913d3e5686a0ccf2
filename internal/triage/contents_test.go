package triage_test

import (
	"strings"
	"testing"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
)

func placed(path string, layer int, live inventory.Liveness, mark uint16) evidence.PlacedSecret {
	return evidence.PlacedSecret{
		Secret: secret.Secret{Rule: "key", Title: "Key", Path: path, Redacted: "[40 redacted]", Confidence: secret.Likely, Severity: advisory.Critical, Mark: mark},
		Place:  evidence.Place{Layer: inventory.LayerRef{Index: layer}, Liveness: live},
	}
}

func TestASecretInSeveralLayersIsOneFindingOfTheNearestCopy(t *testing.T) {
	findings := triage.Secrets([]evidence.PlacedSecret{
		placed("app/.env", 1, inventory.Shadowed, 7), placed("app/.env", 3, inventory.Visible, 7), placed("app/.env", 3, inventory.Visible, 8),
	}, nil)
	if len(findings) != 2 || findings[0].Liveness != inventory.Visible || strings.Join(findings[0].Evidence.Also, " ") != "shadowed in layer 1" {
		t.Errorf("%+v", findings)
	}
	if findings[0].ID == findings[1].ID || findings[0].Severity != advisory.Critical || findings[0].Disposition != triage.Rebuild {
		t.Errorf("%+v", findings)
	}
}

func TestEnvironmentAndTheLineThatSetItAreOneFinding(t *testing.T) {
	findings := triage.Secrets([]evidence.PlacedSecret{
		placed("history.4", 2, inventory.InConfig, 7), placed("config.Env.TOKEN", -1, inventory.InConfig, 7),
	}, nil)
	if len(findings) != 1 || findings[0].Path != "config.Env.TOKEN" || strings.Join(findings[0].Evidence.Also, " ") != "history.4" {
		t.Errorf("%+v", findings)
	}
}

func TestWhatWasDeletedIsNoLongerCritical(t *testing.T) {
	f := triage.Secrets([]evidence.PlacedSecret{placed("app/key", 1, inventory.Deleted, 7)}, nil)[0]
	if f.Severity != advisory.High || f.Disposition != triage.Rebuild {
		t.Errorf("severity %s, disposition %s", f.Severity, f.Disposition)
	}
}

// TestAnOwnerLowersASecretAndNoPlantedCode: what a distribution publishes is no
// secret, but whoever plants code can write a record for it.
func TestAnOwnerLowersASecretAndNoPlantedCode(t *testing.T) {
	owners := account.Publishers{{Path: "usr/lib/x.so", Layer: 0}: "x 1"}
	s := triage.Secrets([]evidence.PlacedSecret{placed("usr/lib/x.so", 0, inventory.Visible, 7)}, owners)[0]
	if s.Evidence.Confidence != secret.Possible || s.Disposition != triage.Defer || s.Evidence.PublishedBy != "x 1" {
		t.Errorf("secret: %+v", s.Evidence)
	}
	p := triage.Planted([]evidence.PlacedCode{{
		Finding: malware.Finding{Detector: "reverse-shell", Path: "usr/lib/x.so", Confidence: secret.Likely, Severity: advisory.Critical},
		Place:   evidence.Place{Liveness: inventory.Visible},
	}}, owners)[0]
	if p.Evidence.Confidence != secret.Likely || p.Severity != advisory.Critical || p.Disposition != triage.Rebuild {
		t.Errorf("planted code: %+v", p)
	}
}

func TestAProvidersAnswerDecides(t *testing.T) {
	for answer, want := range map[string]triage.Disposition{"active": triage.Rebuild, "inactive": triage.Defer, "unknown": triage.Rebuild} {
		f := triage.Secrets([]evidence.PlacedSecret{placed("app/key", 1, inventory.Visible, 7)}, nil)[0]
		f.Verified(answer, answer == "active", answer == "inactive")
		if f.Disposition != want || f.Evidence.Verified != answer {
			t.Errorf("%s: %s", answer, f.Disposition)
		}
	}
}
