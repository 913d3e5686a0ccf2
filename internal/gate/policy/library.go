package policy

import (
	"embed"
	"fmt"
	"slices"
)

// Default is the policy where none is named.
const Default = "standard"

//go:embed library/*.yaml
var library embed.FS

// ReadyNames lists the ready policies, the default first.
func ReadyNames() []string {
	return []string{Default, "strict", "adopt-gradually", "distroless-only", "pci"}
}

// IsReady reports whether a name is a ready policy's.
func IsReady(name string) bool { return slices.Contains(ReadyNames(), name) }

// Source is the file of a ready policy, to start one's own from.
func Source(name string) ([]byte, error) {
	if !IsReady(name) {
		return nil, fmt.Errorf("no ready policy %q", name)
	}
	return library.ReadFile("library/" + name + ".yaml")
}

// Ready returns a ready policy.
func Ready(name string) (*Policy, error) {
	source, err := Source(name)
	if err != nil {
		return nil, err
	}
	p, err := Parse("library/"+name+".yaml", source)
	if err != nil {
		return nil, fmt.Errorf("the ready policy %s: %w", name, err)
	}
	p.From = ""
	return p, nil
}
