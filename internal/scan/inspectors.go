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
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

// Inspectors lists every inspector of the one pass. look is the one that looks
// into files, made by Content or with rules of the user's own.
func Inspectors(look *content.Inspector) []inspect.Inspector {
	return slices.Concat(
		ospkg.All(),
		langpkg.All(),
		[]inspect.Inspector{runtimes.Inspector(), executables.Inspector{}, look},
	)
}

// Content returns the inspector that looks into files with the built-in rules.
func Content() (*content.Inspector, error) {
	secrets, err := secret.NewEngine(secret.Rules())
	if err != nil {
		return nil, fmt.Errorf("prepare the rules of secrets: %w", err)
	}
	planted, err := malware.NewEngine(malware.Detectors())
	if err != nil {
		return nil, fmt.Errorf("prepare the detectors of planted code: %w", err)
	}
	return content.New(content.Options{Secrets: secrets, Malware: planted})
}
