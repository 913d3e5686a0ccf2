package content

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/evidence"
	"plimsoll/internal/secret"
)

// Veil masks the secrets that were found in one image's configuration and
// history, so that its texts can be shown. It holds their values: it lives as
// long as the image is looked at, and is never written anywhere.
type Veil struct {
	// hidden are values, longest first, so that one that holds another goes first.
	hidden []veiled
	// wrapped are places whose secret was found in an encoded form.
	wrapped map[string]bool
}

type veiled struct{ path, value, redacted string }

// wordy is the length from which a value is masked wherever it stands; a
// shorter one may be a word that means something else elsewhere.
const wordy = 8

// Veiled is Configuration with the veil over what it found.
func (i *Inspector) Veiled(ctx context.Context, c *v1.ConfigFile) (*evidence.Fragment, *Veil) {
	v := &Veil{wrapped: map[string]bool{}}
	looking := &Inspector{opt: i.opt, words: i.words, secretWords: i.secretWords, blocks: sync.Pool{New: i.blocks.New}}
	looking.opt.Found = func(s *secret.Secret, value []byte) {
		if i.opt.Found != nil {
			i.opt.Found(s, value)
		}
		if s.Encoding != "" {
			v.wrapped[s.Path] = true
		}
		if len(value) > 0 {
			v.hidden = append(v.hidden, veiled{s.Path, string(value), s.Redacted})
		}
	}
	found := looking.Configuration(ctx, c)
	slices.SortStableFunc(v.hidden, func(a, b veiled) int { return cmp.Compare(len(b.value), len(a.value)) })
	v.hidden = slices.Compact(v.hidden)
	return found, v
}

// encoded is what a value in another form looks like.
var encoded = regexp.MustCompile(`[A-Za-z0-9+/_\-]{16,}={0,2}`)

// Mask returns the text of a place (evidence.ConfigPrefix+"Env.NAME",
// evidence.HistoryPrefix+"3") without the secrets in it.
func (v *Veil) Mask(path, text string) string {
	if v == nil {
		return text
	}
	for _, h := range v.hidden {
		if len(h.value) >= wordy || h.path == path {
			text = strings.ReplaceAll(text, h.value, h.redacted)
		}
	}
	if v.wrapped[path] {
		text = encoded.ReplaceAllString(text, "[masked]")
	}
	return text
}

// EnvPath is the place of a variable of the environment.
func EnvPath(name string) string { return evidence.ConfigPrefix + "Env." + printable(name) }

// LabelPath is the place of a label.
func LabelPath(name string) string { return evidence.ConfigPrefix + "Labels." + printable(name) }
