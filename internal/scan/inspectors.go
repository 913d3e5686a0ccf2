package scan

import (
	"fmt"
	"slices"

	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/content"
	"plimsoll/internal/inspect/executables"
	"plimsoll/internal/inspect/langpkg"
	"plimsoll/internal/inspect/ospkg"
	"plimsoll/internal/inspect/runtimes"
	"plimsoll/internal/inspect/users"
	"plimsoll/internal/malware"
	"plimsoll/internal/malware/yara"
	"plimsoll/internal/secret"
)

// Inspectors lists every inspector of the one pass. look is the one that looks
// into files, made by Content or with rules of the user's own.
func Inspectors(look *content.Inspector) []inspect.Inspector {
	return slices.Concat(
		ospkg.All(),
		langpkg.All(),
		[]inspect.Inspector{runtimes.Inspector(), executables.Inspector{}, users.Inspector{}, look},
	)
}

// Rules are what files are looked into with.
type Rules struct {
	// Secrets are all that run; nil for the built-in ones.
	Secrets []secret.Rule
	// YARA are files of the user's own, beside the built-in detectors.
	YARA []*yara.Rules
	// Own tells rules that are not built in apart, by the digests of their
	// files; empty for none.
	Own string
	// Problems are rules that don't run, or not as their author may expect, in
	// words: a verdict says so.
	Problems []string
}

// Content returns the inspector that looks into files. found may be nil; it gets
// every secret with its value.
func Content(r Rules, found func(s *secret.Secret, value []byte)) (*content.Inspector, error) {
	if r.Secrets == nil {
		r.Secrets = secret.Rules()
	}
	secrets, err := secret.NewEngine(r.Secrets)
	if err != nil {
		return nil, fmt.Errorf("prepare the rules of secrets: %w", err)
	}
	planted, err := malware.NewEngine(malware.Detectors())
	if err != nil {
		return nil, fmt.Errorf("prepare the detectors of planted code: %w", err)
	}
	opt := content.Options{Secrets: secrets, Malware: planted, Rules: r.Own, Found: found}
	if len(r.YARA) > 0 {
		opt.Scan = content.YARA(r.YARA)
	}
	return content.New(opt)
}
