package hygiene

import (
	"strings"

	"plimsoll/internal/advisory"
)

// baseRules are about the images that stages are built FROM.
func baseRules() []Rule {
	return []Rule{
		{
			ID: "base-latest", Title: "the base image's tag is latest", Severity: advisory.Medium, Category: Base,
			Peers:  Peers{Hadolint: []string{"DL3007"}, Trivy: []string{"DS-0001"}, Dockle: []string{"DKL-DI-0006"}},
			Why:    "latest is whatever was pushed last: two builds of the same file can have nothing in common, and no scan of one speaks for the other.",
			Remedy: "Name a version, and pin it by digest: FROM name:1.2@sha256:….",
			Check: func(l *Lint) {
				eachBase(l, func(b baseRef) {
					if b.tag == "latest" && b.digest == "" {
						l.At(b.from, b.place, "%s is whatever was pushed last", b.image)
					}
				})
			},
			Bad:  []Sample{file("FROM python:latest\n"), file("ARG T=latest\nFROM python:$T\n")},
			Good: []Sample{file("FROM python:3.12\n"), file("FROM python:latest AS a\nFROM scratch\n"), file("FROM python:3.12 AS latest\nFROM latest\n")},
		},
	}
}

var _ = strings.TrimSpace
