package hygiene

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// baseRules are about the images that stages are built FROM.
func baseRules() []Rule {
	return []Rule{
		{
			ID: "base-latest", Title: "the base image's tag is latest", Severity: advisory.Medium, Category: Base,
			Peers:  Peers{Hadolint: []string{"DL3007"}, Trivy: []string{"DS-0001"}, Dockle: []string{"DKL-DI-0006"}},
			Why:    "latest is whatever was pushed last: two builds of the same file can have nothing in common, and no scan of one speaks for the other.",
			Remedy: "Name a version, and pin it by digest: FROM name:1.2@sha256:….",
			Source: "https://docs.docker.com/build/building/best-practices/#pin-base-image-versions",
			Check: func(l *Lint) {
				eachImage(l, func(b baseRef) {
					if b.digest == "" && (b.tag == "latest" || strings.HasPrefix(b.tag, "latest-") || strings.HasSuffix(b.tag, "-latest")) {
						reportUse(l, b, "%s is whatever was pushed last", b.image)
					}
				})
			},
			Bad: []Sample{
				file("FROM python:latest\n"), file("ARG T=latest\nFROM python:$T\n"), file("FROM ghcr.io/acme/base:latest-slim\n"),
				file("FROM alpine:3.23\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv\n"),
			},
			Good: []Sample{
				file("FROM python:3.12\n"), file("FROM python:latest@sha256:4f7f5dd8b1bd1e6be0b1f6d7a8b0a1bd0c3e1c1fb9e0d6f3a2d9e1c2b3a4f5e6\n"),
				file("FROM python:3.12 AS latest\nFROM latest\n"), file("ARG T\nFROM python:$T\n"),
			},
		},
		{
			ID: "base-untagged", Title: "the base image has no tag", Severity: advisory.Medium, Category: Base,
			Peers:  Peers{Hadolint: []string{"DL3006"}, Trivy: []string{"DS-0001"}},
			Why:    "Without a tag the builder takes latest, which is whatever was pushed last.",
			Remedy: "Name a version, and pin it by digest: FROM name:1.2@sha256:….",
			Source: "https://docs.docker.com/reference/dockerfile/#from",
			Check: func(l *Lint) {
				eachImage(l, func(b baseRef) {
					if b.tag == "" && b.digest == "" && !strings.Contains(b.family(), "$") {
						reportUse(l, b, "%s has no tag, so that the builder takes latest", b.image)
					}
				})
			},
			Bad: []Sample{
				file("FROM debian\n"), file("FROM localhost:5000/team/app\n"), file("ARG REG\nFROM $REG/python\n"),
				file("FROM debian:13\nRUN --mount=from=ghcr.io/acme/tools,target=/t /t/run\n"),
			},
			Good: []Sample{
				file("FROM debian:13\n"), file("FROM scratch\n"), file("FROM debian:13 AS base\nFROM base\n"), file("ARG BASE\nFROM $BASE\n"),
				file("FROM debian@sha256:4f7f5dd8b1bd1e6be0b1f6d7a8b0a1bd0c3e1c1fb9e0d6f3a2d9e1c2b3a4f5e6\n"),
				file("FROM debian:13 AS b\nFROM debian:13\nCOPY --from=b /a /a\nCOPY --from=0 /b /b\n"),
			},
		},
		{
			ID: "base-no-digest", Title: "the base image is not pinned by digest", Severity: advisory.Low, Category: Base,
			Why:    "A tag moves: what was examined and what is built next need not be the same image. Only a digest names one.",
			Remedy: "Pin the digest beside the tag: FROM name:1.2@sha256:…; a bot can keep it current.",
			Source: "https://docs.docker.com/build/building/best-practices/#pin-base-image-versions",
			Check: func(l *Lint) {
				seen := map[string]bool{}
				eachImage(l, func(b baseRef) {
					// Without a tag, or with latest, other rules speak.
					pinned := b.digest != "" || b.name == "sha256" || b.tag == "" || strings.Contains(b.tag, "latest")
					if b.known && !pinned && !seen[b.image] {
						seen[b.image] = true
						reportUse(l, b, "%s is a tag, which can be moved to another image", b.image)
					}
				})
			},
			Bad: []Sample{file("FROM python:3.12\n"), file("FROM scratch\nCOPY --from=busybox:1.36 /bin/sh /bin/sh\n")},
			Good: []Sample{
				file("FROM python:3.12@sha256:4f7f5dd8b1bd1e6be0b1f6d7a8b0a1bd0c3e1c1fb9e0d6f3a2d9e1c2b3a4f5e6\n"),
				file("FROM scratch\n"), file("ARG BASE\nFROM python:$BASE\n"),
			},
		},
		{
			ID: "base-registry", Title: "an image comes from a registry that is not allowed", Severity: advisory.Medium, Category: Base,
			Peers:  Peers{Hadolint: []string{"DL3026"}, Dockle: []string{"CIS-DI-0005"}},
			Why:    "Who can push to the registry decides what runs in the image. A list of registries is only worth something when nothing else gets in.",
			Remedy: "Take the image from a registry of the list, or add the registry to it.",
			Reach:  Alike,
			Check: func(l *Lint) {
				if len(l.Registries) == 0 {
					return
				}
				eachImage(l, func(b baseRef) {
					if from := origin(b); !strings.HasPrefix(from, "$") && !allowed(from, l.Registries) {
						l.At(b.from, b.place, "%s is from a registry that is not allowed", b.image)
					}
				})
			},
			Bad: []Sample{
				{Dockerfile: "FROM ghcr.io/acme/x:1\n", Context: map[string]string{".registries": "docker.io registry.example.com"}},
				{Dockerfile: "FROM debian:13\n", Context: map[string]string{".registries": "registry.example.com"}},
				{Dockerfile: "FROM registry.example.com.evil.test/x:1\n", Context: map[string]string{".registries": "registry.example.com"}},
				{Dockerfile: "FROM ghcr.io/other/x:1\n", Context: map[string]string{".registries": "ghcr.io/acme"}},
				{Dockerfile: "FROM debian:13\nCOPY --from=quay.io/x/y:1 /a /a\n", Context: map[string]string{".registries": "docker.io"}},
			},
			Good: []Sample{
				{Dockerfile: "FROM debian:13\nFROM library/debian:13\n", Context: map[string]string{".registries": "docker.io/library"}},
				{Dockerfile: "FROM ghcr.io/acme/x:1 AS a\nFROM a\nCOPY --from=a / /x\n", Context: map[string]string{".registries": "ghcr.io/acme/"}},
				{Dockerfile: "ARG REG\nFROM $REG/x:1\n", Context: map[string]string{".registries": "ghcr.io"}},
				file("FROM ghcr.io/acme/x:1\n"),
			},
		},
		endOfLifeRule(),
	}
}

// eachImage hands out every base, and every image that files are taken from.
func eachImage(l *Lint, do func(baseRef)) {
	eachBase(l, do)
	for _, in := range l.All("copy", "add", "run") {
		if in.Stage == nil {
			continue
		}
		for _, name := range in.Froms() {
			if l.File.StageNamed(name, in.Stage.Index) != nil || name == "scratch" || !strings.ContainsAny(name, "/:@") {
				continue
			}
			b := splitReference(name)
			b.from, b.stage, b.known = in, in.Stage, !strings.Contains(name, "$")
			b.place = fromFlag(in)
			do(b)
		}
	}
}

// fromFlag is where an instruction names the stage or image that it takes files from.
func fromFlag(in *dockerfile.Instruction) dockerfile.Range {
	for _, f := range in.Flags {
		if f.Name == "from" || f.Name == "mount" && strings.Contains(f.Value, "from=") {
			return f.Text.Whole()
		}
	}
	return in.Range()
}

// reportUse reports an image; one that only files are taken from weighs less than
// the one that a stage is built on.
func reportUse(l *Lint, b baseRef, format string, args ...any) {
	f := l.At(b.from, b.place, format, args...)
	if b.from.Keyword != "from" {
		f.Severity = min(f.Severity, advisory.Low)
	}
}

// origin is the registry and path of an image, as a list of registries writes them.
func origin(b baseRef) string {
	switch b.registry {
	case "", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		b.registry = "docker.io"
	}
	if b.registry == "docker.io" && !strings.Contains(b.name, "/") {
		b.name = "library/" + b.name
	}
	if strings.HasPrefix(b.name, "$") && b.registry == "docker.io" {
		return b.name
	}
	return b.registry + "/" + b.name
}

func allowed(from string, registries []string) bool {
	return slices.ContainsFunc(registries, func(r string) bool {
		r = strings.TrimSuffix(r, "/")
		return from == r || strings.HasPrefix(from, r+"/")
	})
}
