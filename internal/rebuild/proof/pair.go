package proof

import (
	"slices"
	"strings"

	"plimsoll/internal/triage"
)

// pair is a finding of both sides.
type pair struct{ before, after *triage.Finding }

// pairs puts findings together that are the same one: by what stays the same
// across rebuilds first, then in another place, under another identifier, or of
// another value in the same place. What is left is only of one side.
func (w *weighing) pairs(before, after []triage.Finding) (both []pair, gone, come []*triage.Finding) {
	gone, come = pointers(before), pointers(after)
	for _, key := range []func(*side, *triage.Finding) string{
		func(_ *side, f *triage.Finding) string { return f.ID },
		func(s *side, f *triage.Finding) string { return onPackage(s, f, f.Vulnerability) },
		// The same secret, in another place.
		func(_ *side, f *triage.Finding) string {
			if f.Evidence == nil || f.Evidence.Value == "" {
				return ""
			}
			return join(f.Evidence.Rule, f.Evidence.Value)
		},
		// The same planted code, in another file or history line.
		func(_ *side, f *triage.Finding) string {
			if f.Kind != triage.Malware || f.Evidence == nil {
				return ""
			}
			return join(f.Evidence.Rule, f.Evidence.Detail, f.Evidence.Excerpt)
		},
		// Something else of the same kind, in the same place.
		func(_ *side, f *triage.Finding) string {
			if f.Evidence == nil {
				return ""
			}
			return join(string(f.Kind), f.Evidence.Rule, f.Path, f.Evidence.Inside, f.Evidence.Name)
		},
	} {
		known := map[string][]*triage.Finding{}
		for _, f := range gone {
			if k := key(w.before, f); k != "" {
				known[k] = append(known[k], f)
			}
		}
		taken := map[*triage.Finding]bool{}
		come = slices.DeleteFunc(come, func(f *triage.Finding) bool {
			k := key(w.after, f)
			if k == "" || len(known[k]) == 0 {
				return false
			}
			was := known[k][0]
			known[k] = known[k][1:]
			taken[was] = true
			both = append(both, pair{was, f})
			return true
		})
		gone = slices.DeleteFunc(gone, func(f *triage.Finding) bool { return taken[f] })
	}
	both, gone, come = w.aliases(both, gone, come)
	return both, gone, come
}

// aliases pairs vulnerabilities of one package of which one side's identifier is
// among the other's aliases: which databases hold a record decides how it is
// called. An alias that both have in common is not enough, since a vendor's
// advisory covers several.
func (w *weighing) aliases(both []pair, gone, come []*triage.Finding) ([]pair, []*triage.Finding, []*triage.Finding) {
	called, also := map[string][]*triage.Finding{}, map[string][]*triage.Finding{}
	for _, f := range gone {
		if k := onPackage(w.before, f, f.Vulnerability); k != "" {
			called[k] = append(called[k], f)
		}
		for _, id := range f.Aliases {
			if k := onPackage(w.before, f, id); k != "" {
				also[k] = append(also[k], f)
			}
		}
	}
	taken := map[*triage.Finding]bool{}
	first := func(in map[string][]*triage.Finding, key string) *triage.Finding {
		for len(in[key]) > 0 {
			f := in[key][0]
			in[key] = in[key][1:]
			if !taken[f] {
				return f
			}
		}
		return nil
	}
	come = slices.DeleteFunc(come, func(f *triage.Finding) bool {
		was := first(also, onPackage(w.after, f, f.Vulnerability))
		for i := 0; was == nil && i < len(f.Aliases); i++ {
			was = first(called, onPackage(w.after, f, f.Aliases[i]))
		}
		if was == nil {
			return false
		}
		taken[was] = true
		both = append(both, pair{was, f})
		return true
	})
	gone = slices.DeleteFunc(gone, func(f *triage.Finding) bool { return taken[f] })
	return both, gone, come
}

// onPackage is a vulnerability of a package, wherever it lies; empty for what is none.
func onPackage(s *side, f *triage.Finding, id string) string {
	if f.Kind != triage.Vulnerability || id == "" {
		return ""
	}
	typ, _, _ := strings.Cut(strings.TrimPrefix(f.PackageID, "pkg:"), "/")
	if p := s.byID[f.PackageID]; p != nil {
		typ = p.Type
	}
	return join(typ, f.Package, id)
}

func join(parts ...string) string { return strings.Join(parts, "\x00") }

func pointers(list []triage.Finding) []*triage.Finding {
	out := make([]*triage.Finding, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}
