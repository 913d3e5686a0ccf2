package hygiene

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// Mask returns a Dockerfile's text, fit to be shown: the values of secrets are
// replaced by their redacted form, wherever they stand.
func Mask(source []byte) []byte {
	type value struct {
		plain    []byte
		redacted string
	}
	var values []value
	keep := func(plain, redacted string) {
		if len(plain) > 0 && !slices.ContainsFunc(values, func(v value) bool { return string(v.plain) == plain }) {
			values = append(values, value{[]byte(plain), redacted})
		}
	}
	for _, h := range secretsIn(string(source)) {
		keep(string(h.Value), h.Secret().Redacted)
	}
	if f, err := dockerfile.Parse("", source); err == nil {
		for _, in := range f.Instructions {
			for _, p := range in.Pairs() {
				for _, h := range pairSecrets(p) {
					keep(strings.Trim(p.Value, `"'`), h.Redacted)
				}
			}
		}
	}
	slices.SortStableFunc(values, func(a, b value) int { return cmp.Compare(len(b.plain), len(a.plain)) })
	for _, v := range values {
		source = bytes.ReplaceAll(source, v.plain, []byte(v.redacted))
	}
	return source
}
