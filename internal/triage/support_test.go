package triage_test

import (
	"strings"
	"testing"
	"time"

	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
)

func TestAReleasePastItsEndIsAFindingOfItsOwn(t *testing.T) {
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		id, version, extended string
		want                  triage.Disposition
		says                  string
	}{
		{"debian", "13", "", "", ""},
		{"debian", "9", "", triage.Rebuild, "no security updates"},
		{"ubuntu", "20.04", "", triage.Rebuild, "without a subscription"},
		{"ubuntu", "20.04", "esm", "", ""},
		{"alpine", "3.10.2", "", triage.Rebuild, "no security updates"},
		{"wolfi", "20230201", "", "", ""},
		{"unheard-of", "1", "", "", ""},
	} {
		inv := &inventory.Inventory{Distribution: &inventory.Distribution{ID: c.id, VersionID: c.version, Extended: c.extended}}
		f := triage.Support(inv, now)
		if (len(f) > 0) != (c.want != "") {
			t.Errorf("%s %s: %+v", c.id, c.version, f)
			continue
		}
		if len(f) > 0 && (f[0].Disposition != c.want || !strings.Contains(f[0].Title, c.says)) {
			t.Errorf("%s %s: %s %q", c.id, c.version, f[0].Disposition, f[0].Title)
		}
	}
	if f := triage.Support(&inventory.Inventory{}, now); f != nil {
		t.Errorf("no distribution: %+v", f)
	}
}
