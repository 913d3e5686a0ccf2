package policy_test

import (
	"testing"

	"plimsoll/internal/gate/policy"
)

func TestReadyPoliciesAreSound(t *testing.T) {
	for _, name := range policy.ReadyNames() {
		p, err := policy.Ready(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if p.Name != name || p.Description == "" {
			t.Errorf("%s calls itself %q", name, p.Name)
		}
		for _, w := range p.Warnings {
			t.Errorf("%s: %s", name, w)
		}
	}
}
