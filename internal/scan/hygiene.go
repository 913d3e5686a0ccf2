package scan

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/inventory"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
)

// Hygiene holds an image's configuration, history and files against the rules that
// speak of images. Secrets in them are masked: they are findings of their own.
func Hygiene(e *Examined, rules []hygiene.Rule, now time.Time) []hygiene.Finding {
	c := &e.Image.Config
	in := hygiene.ImageInput{
		Config: c, Base: e.Base.Layers,
		History: func(line int) string {
			return e.Veil.Mask(fmt.Sprintf("%s%d", evidence.HistoryPrefix, line), c.History[line].CreatedBy)
		},
		Setting: func(field, text string) string { return e.Veil.Mask(evidence.ConfigPrefix+field, text) },
	}
	for _, ref := range e.History {
		in.Layers = append(in.Layers, ref.Index)
	}
	if c.OS != "windows" { // whose layers have no modes, and other names
		in.Contents = contents(e)
	}
	return hygiene.CheckImage(in, rules, now)
}

// emptyPassword is the detector whose findings hygiene does not repeat.
const emptyPassword = "empty-password"

// contents hands the files to hygiene, with what others say of them: a secret in a file
// and a planted account are findings already.
func contents(e *Examined) *hygiene.Contents {
	owners := sync.OnceValue(func() map[account.Watched]string {
		owners := map[account.Watched]string{}
		for i := range e.Account.Entries {
			if x := &e.Account.Entries[i]; x.Status == account.Intact || x.Status == account.Unverified {
				owners[account.Watched{Path: x.Path, Layer: x.Layer.Index}] = x.Owner
			}
		}
		return owners
	})
	secrets := map[string]bool{}
	for i := range e.Merged.Secrets {
		secrets[e.Merged.Secrets[i].Path] = true
	}
	return &hygiene.Contents{
		Layers: e.Layers, Refs: e.Refs, Base: e.Base.Layers,
		Owner:  func(path string, layer int) string { return owners()[account.Watched{Path: path, Layer: layer}] },
		Secret: func(path string) bool { return secrets[path] },
		Planted: func(path, name string) bool {
			return slices.ContainsFunc(e.Merged.Planted, func(p evidence.PlacedCode) bool {
				return p.Detector == emptyPassword && p.Path == path && p.Excerpt == malware.Printable(name)
			})
		},
	}
}

// hygiene is what a verdict says of it: everything but style, and but for planted
// code, whose findings are in the verdict already.
func (s *Scanner) hygiene(e *Examined) []hygiene.Finding {
	if e.Image == nil { // a list of packages has no configuration
		return nil
	}
	return slices.DeleteFunc(Hygiene(e, hygiene.Rules(), s.Now), func(f hygiene.Finding) bool {
		return f.Severity < advisory.Low || f.Category == hygiene.PlantedCode
	})
}

// Settings are the findings about secrets in an image's configuration and history, for
// who asks about its hygiene alone; a verdict lists them with all other secrets.
func Settings(e *Examined, rules []hygiene.Rule) []hygiene.Finding {
	i := slices.IndexFunc(rules, func(r hygiene.Rule) bool { return r.ID == "secret-value" })
	if i < 0 {
		return nil
	}
	r := &rules[i]
	var all []hygiene.Finding
	for n := range e.Merged.Secrets {
		s := &e.Merged.Secrets[n]
		if s.Place.Liveness != inventory.InConfig || s.Confidence < secret.Likely {
			continue
		}
		where := s.Path
		if line, ok := strings.CutPrefix(where, evidence.HistoryPrefix); ok {
			where = "history line " + line
		} else {
			where = "configuration: " + strings.TrimPrefix(where, evidence.ConfigPrefix)
		}
		all = append(all, hygiene.Finding{
			ID: triage.SecretID(&s.Secret), Rule: r.ID, Title: "a secret is in the image's configuration", Severity: r.Severity, Category: r.Category,
			Message: fmt.Sprintf("%s, %s", s.Title, s.Redacted), Remedy: r.Remedy, Where: where, Final: true,
		})
	}
	return all
}
