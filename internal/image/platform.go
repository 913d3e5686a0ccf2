package image

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// AllPlatforms, as Options.Platform, asks for one Image per platform.
const AllPlatforms = "all"

// ParsePlatform parses "linux/arm64" or "linux/arm64/v8".
func ParsePlatform(s string) (Platform, error) {
	parts := strings.Split(strings.ToLower(strings.TrimSpace(s)), "/")
	if len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
		return Platform{}, fmt.Errorf("%w: platform %q: write os/architecture[/variant], as in linux/arm64, or %q", ErrReference, s, AllPlatforms)
	}
	p := Platform{OS: parts[0], Architecture: parts[1]}
	if len(parts) == 3 {
		p.Variant = parts[2]
	}
	switch p.Architecture {
	case "x86_64", "x86-64":
		p.Architecture = "amd64"
	case "aarch64":
		p.Architecture = "arm64"
	}
	return p, nil
}

// hostPlatform is what this host runs: containers are Linux's unless the host
// says otherwise.
func hostPlatform() Platform {
	return Platform{OS: "linux", Architecture: runtime.GOARCH}
}

// satisfies reports whether an image of platform p may be given to one who
// asked for want. A variant that wasn't asked for may be any; the default
// variants v8 (arm64) and v1 (amd64) equal none.
func (p Platform) satisfies(want Platform) bool {
	if p.OS != want.OS || p.Architecture != want.Architecture {
		return false
	}
	return want.Variant == "" || p.canonicalVariant() == want.canonicalVariant()
}

func (p Platform) canonicalVariant() string {
	switch {
	case p.Architecture == "arm64" && p.Variant == "v8", p.Architecture == "amd64" && p.Variant == "v1":
		return ""
	}
	return p.Variant
}

func (p Platform) known() bool {
	return p.OS != "" && p.Architecture != "" && p.OS != "unknown"
}

func platformOf(p *v1.Platform) Platform {
	if p == nil {
		return Platform{}
	}
	return Platform{OS: p.OS, Architecture: p.Architecture, Variant: p.Variant}
}

// platformList returns "linux/amd64, linux/arm64" for people, without repeats.
func platformList(ps []Platform) string {
	var names []string
	for _, p := range ps {
		name := "unknown"
		if p.known() {
			name = printable(p.String())
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return shorten(names, 40)
}

// shorten joins names, saying how many were left out beyond limit.
func shorten(names []string, limit int) string {
	if len(names) > limit {
		return strings.Join(names[:limit], ", ") + fmt.Sprintf(" and %d more", len(names)-limit)
	}
	return strings.Join(names, ", ")
}

// choice is which of several offered platforms to take.
type choice struct {
	all      bool
	explicit bool
	want     Platform
}

func parseChoice(s string) (choice, error) {
	switch s {
	case "":
		return choice{want: hostPlatform()}, nil
	case AllPlatforms:
		return choice{all: true}, nil
	}
	p, err := ParsePlatform(s)
	return choice{explicit: true, want: p}, err
}

// pick returns the indexes of the platforms to take out of offered, and a note
// that says so aloud.
func (c choice) pick(offered []Platform) ([]int, string, error) {
	if c.all {
		all := make([]int, len(offered))
		for i := range all {
			all[i] = i
		}
		return all, "", nil
	}
	best := -1
	for i, p := range offered {
		if p.satisfies(c.want) && (best < 0 || c.better(p, offered[best])) {
			best = i
		}
	}
	switch {
	case best >= 0 && len(offered) == 1:
		return []int{0}, "", nil
	case best >= 0:
		return []int{best}, c.note(offered, best), nil
	case len(offered) == 1 && !offered[0].known():
		return []int{0}, "", nil
	case !c.explicit && len(offered) == 1:
		return []int{0}, fmt.Sprintf("platform %s: the only one offered (this host is %s)", platformList(offered), c.want), nil
	}
	return nil, "", fmt.Errorf("%w: %s is not offered; choose with --platform one of: %s", ErrNoPlatform, c.want, platformList(offered))
}

// better prefers, where no variant was asked, none before any and then the
// highest; of equals the first listed stays.
func (c choice) better(p, than Platform) bool {
	if c.want.Variant != "" || p.canonicalVariant() == than.canonicalVariant() {
		return false
	}
	if p.canonicalVariant() == "" || than.canonicalVariant() == "" {
		return p.canonicalVariant() == ""
	}
	return p.Variant > than.Variant
}

func (c choice) note(offered []Platform, best int) string {
	same := 0
	for _, p := range offered {
		if p == offered[best] {
			same++
		}
	}
	why := "this host's"
	if c.explicit {
		why = "as asked"
	}
	text := fmt.Sprintf("platform %s (%s) out of %s", offered[best], why, platformList(offered))
	if same > 1 {
		text += fmt.Sprintf("; the first of %d manifests for it", same)
	}
	return text
}
