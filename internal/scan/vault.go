package scan

import (
	"bytes"
	"context"
	"sync"

	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
)

// Vault keeps the values of secrets in memory while one command runs, for the one
// purpose of asking their providers about them. Nothing of it is written anywhere.
type Vault struct {
	mu     sync.Mutex
	values map[string][]byte
	// beside are the values of one file by rule, since some are only good together.
	beside map[string]map[string][]byte
}

// maxVault bounds the values kept.
const maxVault = 10_000

// NewVault returns an empty vault.
func NewVault() *Vault {
	return &Vault{values: map[string][]byte{}, beside: map[string]map[string][]byte{}}
}

// Keep is Content's found.
func (v *Vault) Keep(s *secret.Secret, value []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.values) >= maxVault {
		return
	}
	value = bytes.Clone(value)
	v.values[triage.SecretID(s)] = value
	if v.beside[s.Path] == nil {
		v.beside[s.Path] = map[string][]byte{}
	}
	v.beside[s.Path][s.Rule] = value
}

// Verify is how a provider is asked: the rule, the value, and the values found
// beside it by their rules. It returns the answer in words, and whether the
// credential is known to work, or known not to.
type Verify func(ctx context.Context, rule string, value []byte, beside map[string][]byte) (words string, works, refused bool)

// verify asks about every secret that is likely or certain, each value once.
func (s *Scanner) verify(ctx context.Context, findings []triage.Finding) error {
	if s.Verify == nil || s.Vault == nil {
		return nil
	}
	for i := range findings {
		f := &findings[i]
		if f.Kind != triage.Secret || f.Evidence.Confidence < secret.Likely {
			continue
		}
		value, kept := s.Vault.values[f.ID]
		if !kept {
			continue
		}
		words, works, refused := s.Verify(ctx, f.Evidence.Rule, value, s.Vault.beside[f.Path])
		if err := ctx.Err(); err != nil {
			return err
		}
		f.Verified(words, works, refused)
	}
	return nil
}
