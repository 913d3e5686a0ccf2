package hygiene

import (
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// platformRules are about FROM --platform.
func platformRules() []Rule {
	const checks = "https://docs.docker.com/reference/build-checks/"
	return []Rule{
		{
			ID: "platform-constant", Title: "FROM names one platform", Severity: advisory.Negligible, Category: Stages,
			Peers:  Peers{Hadolint: []string{"DL3029"}, BuildKit: []string{"FromPlatformFlagConstDisallowed"}},
			Why:    "The image is of that platform whatever docker build --platform asks for, and under another name runs emulated or not at all.",
			Remedy: "Leave --platform out, or use $BUILDPLATFORM for a stage that only builds.",
			Source: checks + "from-platform-flag-const-disallowed/",
			Check: func(l *Lint) {
				for _, s := range l.File.Stages {
					flag, ok := platformFlag(s)
					if !ok || strings.Contains(flag.Value, "BUILDPLATFORM") || strings.Contains(flag.Value, "TARGETPLATFORM") {
						continue
					}
					value, known := s.From.Expand(flag.Value)
					os, rest, _ := strings.Cut(value, "/")
					arch, _, _ := strings.Cut(rest, "/")
					// A stage that is called after its platform is meant for it.
					if !known || strings.Contains(s.Name, os) || arch != "" && strings.Contains(s.Name, arch) {
						continue
					}
					l.At(s.From, flag.Text.Whole(), "the stage is of %s whatever platform is asked for", value)
				}
			},
			Bad:  []Sample{file("FROM --platform=linux/amd64 a:1\n"), file("ARG P=linux/arm64\nFROM --platform=$P a:1\n")},
			Good: []Sample{file("FROM --platform=$BUILDPLATFORM a:1\n"), file("FROM --platform=${TARGETPLATFORM} a:1\n"), file("FROM --platform=linux/amd64 a:1 AS base-amd64\n"), file("FROM a:1\n"), file("ARG P\nFROM --platform=$P a:1\n"), file("FROM --platform=${BUILDPLATFORM:-linux/amd64} a:1\n")},
		},
		{
			ID: "platform-redundant", Title: "FROM asks for the platform that it has anyway", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{Hadolint: []string{"DL3065"}, BuildKit: []string{"RedundantTargetPlatform"}},
			Why:    "A stage is of the target platform where nothing else is said.",
			Remedy: "Leave --platform=$TARGETPLATFORM out.",
			Source: checks + "redundant-target-platform/",
			Check: func(l *Lint) {
				for _, s := range l.File.Stages {
					flag, ok := platformFlag(s)
					if !ok || flag.Value != "$TARGETPLATFORM" && flag.Value != "${TARGETPLATFORM}" || declares(l, "TARGETPLATFORM") {
						continue
					}
					f := l.At(s.From, flag.Text.Whole(), "%s is what a stage has anyway", flag.Value)
					from, to := flag.Text.Offsets()
					if to < len(l.File.Source) && l.File.Source[to] == ' ' {
						f.Edits = []Edit{{from, to + 1, ""}}
					}
				}
			},
			Bad:  []Sample{file("FROM --platform=$TARGETPLATFORM a:1\n"), file("FROM --platform=${TARGETPLATFORM} a:1 AS b\n")},
			Good: []Sample{file("FROM --platform=$BUILDPLATFORM a:1\n"), file("FROM a:1\n"), file("ARG TARGETPLATFORM=linux/arm64\nFROM --platform=$TARGETPLATFORM a:1\n"), file("FROM --platform=linux/$TARGETARCH a:1\n")},
		},
		{
			ID: "base-platform", Title: "the base image is of another platform than the stage", Severity: advisory.Low, Category: Base,
			Peers:  Peers{BuildKit: []string{"InvalidBaseImagePlatform"}},
			Why:    "A base of one architecture under a stage of another builds an image that says the one and is the other.",
			Remedy: "Take the image that has all platforms (debian, not arm64v8/debian), or name the same platform twice.",
			Source: checks + "invalid-base-image-platform/; https://github.com/docker-library/official-images#architectures-other-than-amd64",
			Check: func(l *Lint) {
				eachBase(l, func(b baseRef) {
					org, _, ok := strings.Cut(b.name, "/")
					want := orgPlatforms[org]
					if !ok || want == "" || b.registry != "" && b.registry != "docker.io" {
						return
					}
					flag, given := platformFlag(b.stage)
					if !given {
						l.At(b.from, b.place, "%s is of %s only, whatever platform is built", b.image, want)
						return
					}
					value, known := b.from.Expand(flag.Value)
					if known && value != want && !strings.HasPrefix(value, want+"/") && !strings.HasPrefix(want, value+"/") {
						l.At(b.from, b.place, "%s is of %s, and the stage of %s", b.image, want, value)
					}
				})
			},
			Bad:  []Sample{file("FROM arm64v8/alpine:3.23\n"), file("FROM --platform=linux/amd64 arm32v7/debian:13\n"), file("FROM docker.io/i386/debian:13\n")},
			Good: []Sample{file("FROM --platform=linux/arm64 arm64v8/alpine:3.23\n"), file("FROM --platform=linux/arm/v7 arm32v7/debian:13\n"), file("FROM debian:13\n"), file("FROM --platform=$TARGETPLATFORM arm64v8/debian:13\n"), file("FROM ghcr.io/amd64/x:1\n")},
		},
	}
}

// orgPlatforms are Docker's organisations that hold the official images of one
// platform each (https://github.com/docker-library/official-images#architectures-other-than-amd64).
var orgPlatforms = map[string]string{
	"amd64": "linux/amd64", "arm32v5": "linux/arm/v5", "arm32v6": "linux/arm/v6", "arm32v7": "linux/arm/v7", "arm64v8": "linux/arm64",
	"i386": "linux/386", "mips64le": "linux/mips64le", "ppc64le": "linux/ppc64le", "riscv64": "linux/riscv64", "s390x": "linux/s390x",
}

func platformFlag(s *dockerfile.Stage) (dockerfile.Flag, bool) {
	for _, f := range s.From.Flags {
		if f.Name == "platform" {
			return f, true
		}
	}
	return dockerfile.Flag{}, false
}

// declares tells whether an ARG before the first FROM gives a variable a value.
func declares(l *Lint, name string) bool {
	for _, in := range l.File.Args {
		for _, p := range in.Pairs() {
			if p.Name == name && p.Set {
				return true
			}
		}
	}
	return false
}
