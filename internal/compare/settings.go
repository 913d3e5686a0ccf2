package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/evidence"
)

// Setting is a part of the configuration that differs.
type Setting struct {
	// Name is the field as the OCI image-spec writes it (config.md), with the
	// key where it has some: "Env.PATH", "Labels.maintainer", "Cmd".
	Name   string `json:"name"`
	Change Change `json:"change"`
	// Before and After are masked where they hold a secret: then they may read
	// the same and differ.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	Masked bool   `json:"masked,omitempty"`
}

// setting is one value of one image: as it is, and as it may be shown. Values
// that may be empty have a "=" before them.
type setting struct{ raw, shown string }

// settings compares the configurations field by field.
func settings(before, after *Side) []Setting {
	old, now := before.settings(), after.settings()
	out := []Setting{}
	for _, name := range order(old, now) {
		was, had := old[name]
		is, has := now[name]
		s := Setting{Name: name, Before: strings.TrimPrefix(was.shown, "="), After: strings.TrimPrefix(is.shown, "="), Masked: was.raw != was.shown || is.raw != is.shown}
		switch {
		case had && has && was.raw == is.raw:
			continue
		case had && has:
			s.Change = Changed
		case has:
			s.Change = Added
		default:
			s.Change = Removed
		}
		out = append(out, s)
	}
	return out
}

// fields are the names in the order in which they are told.
var fields = []string{
	"os", "architecture", "variant", "os.version", "author", "User", "Env", "Entrypoint", "Cmd", "Shell", "WorkingDir", "ExposedPorts", "Volumes",
	"StopSignal", "Healthcheck", "OnBuild", "Labels", "ArgsEscaped",
}

func order(old, now map[string]setting) []string {
	names := map[string]bool{}
	for name := range old {
		names[name] = true
	}
	for name := range now {
		names[name] = true
	}
	rank := func(name string) int {
		if i := slices.Index(fields, name); i >= 0 {
			return i
		}
		field, _, _ := strings.Cut(name, ".")
		return slices.Index(fields, field)
	}
	sorted := slices.Sorted(maps.Keys(names))
	slices.SortStableFunc(sorted, func(a, b string) int { return rank(a) - rank(b) })
	return sorted
}

func (s *Side) settings() map[string]setting {
	all := map[string]setting{}
	c := &s.Config.Config
	put := func(name, raw, shown string) {
		if raw != "" {
			all[name] = setting{raw, shown}
		}
	}
	plain := func(name, value string) { put(name, value, s.Mask(evidence.ConfigPrefix+name, value)) }
	for name, value := range map[string]string{
		"os": s.Config.OS, "architecture": s.Config.Architecture, "variant": s.Config.Variant, "os.version": s.Config.OSVersion, "author": s.Config.Author,
		"User": c.User, "WorkingDir": c.WorkingDir, "StopSignal": c.StopSignal,
	} {
		plain(name, value)
	}
	for _, variable := range c.Env {
		// A rule knows a secret by the name before it, so both are masked together.
		name, value, _ := strings.Cut(variable, "=")
		_, shown, _ := strings.Cut(s.Mask(evidence.ConfigPrefix+"Env."+name, variable), "=")
		all["Env."+name] = setting{"=" + value, "=" + shown}
	}
	for name, value := range c.Labels {
		all["Labels."+name] = setting{"=" + value, "=" + s.Mask(evidence.ConfigPrefix+"Labels."+name, value)}
	}
	for name, words := range map[string][]string{"Entrypoint": c.Entrypoint, "Cmd": c.Cmd, "Shell": c.Shell, "OnBuild": c.OnBuild} {
		if words != nil {
			put(name, list(words), list(s.masked(name, words)))
		}
	}
	for name, set := range map[string]map[string]struct{}{"ExposedPorts": c.ExposedPorts, "Volumes": c.Volumes} {
		for _, key := range slices.Sorted(maps.Keys(set)) {
			all[name+"."+key] = setting{"=", "="}
		}
	}
	if c.ArgsEscaped {
		put("ArgsEscaped", "true", "true")
	}
	if h := c.Healthcheck; h != nil {
		put("Healthcheck", healthcheck(h, h.Test), healthcheck(h, s.masked("Healthcheck", h.Test)))
	}
	return all
}

func (s *Side) masked(name string, words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = s.Mask(evidence.ConfigPrefix+name, w)
	}
	return out
}

// list writes words as a Dockerfile's exec form.
func list(words []string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(words); err != nil {
		return fmt.Sprint(words)
	}
	return strings.TrimSpace(b.String())
}

func healthcheck(h *v1.HealthConfig, test []string) string {
	text := list(test)
	for _, d := range []struct {
		name string
		fmt.Stringer
		zero bool
	}{
		{"interval", h.Interval, h.Interval == 0}, {"timeout", h.Timeout, h.Timeout == 0}, {"start-period", h.StartPeriod, h.StartPeriod == 0},
	} {
		if !d.zero {
			text += fmt.Sprintf(" --%s=%s", d.name, d.Stringer)
		}
	}
	if h.Retries != 0 {
		text += fmt.Sprintf(" --retries=%d", h.Retries)
	}
	return text
}
