package hygiene

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// systemPackageRules are about the package managers of distributions other than
// apt, and what all of them share.
func systemPackageRules() []Rule {
	return slices.Concat(
		[]Rule{indexAlone(), releaseUpgrade(), apkCache(), apkUnpinned()},
		rpmRules(),
	)
}

// apkFlags are those flags of apk(8) that take the next argument.
const apkFlags = "-t --virtual -p --root -X --repository --repositories-file --keys-dir --cache-dir --cache-max-age --wait --arch --progress-fd --timeout"

// systemManagers are the programs that install a distribution's packages, with
// their subcommands: those that fetch the index alone, and those that use it.
var systemManagers = map[string]struct{ flags, index, uses string }{
	"apt-get":  {aptFlags, "update", "install upgrade dist-upgrade full-upgrade build-dep source download reinstall"},
	"apt":      {aptFlags, "update", "install upgrade dist-upgrade full-upgrade build-dep source download reinstall list search show policy"},
	"aptitude": {aptFlags, "update", "install upgrade dist-upgrade full-upgrade safe-upgrade build-dep source download reinstall search show"},
	"apk":      {apkFlags, "update", "add upgrade fix fetch search"},
	"yum":      {rpmFlags, "makecache check-update", rpmInstalls},
	"dnf":      {rpmFlags, "makecache check-update", rpmInstalls},
	"microdnf": {rpmFlags, "makecache", rpmInstalls},
	"zypper":   {zypperFlags, "refresh ref", "install in update up patch dist-upgrade dup source-install si search se install-new-recommends inr"},
}

func indexAlone() Rule {
	return Rule{
		ID: "package-index-alone", Title: "the package index is fetched in a RUN of its own", Severity: advisory.Low, Category: Packages,
		Peers:  Peers{Hadolint: []string{"DL3009"}, Trivy: []string{"DS-0017"}, Dockle: []string{"CIS-DI-0007"}},
		Why:    "The builder keeps the layer, and with it the index of that day: a RUN added later installs from it old versions, or ones that are gone.",
		Remedy: "Fetch the index and install in one RUN: apt-get update && apt-get install ….",
		Source: "https://docs.docker.com/build/building/best-practices/#apt-get",
		Check: func(l *Lint) {
			readers := map[string]*callReader{}
			for name, m := range systemManagers {
				readers[name] = newCallReader(m.flags)
			}
			for _, in := range l.All("run") {
				if index := loneIndex(in, readers); index != nil {
					l.ReportCommand(index, "%s %s is alone in its RUN, which the builder keeps", index.Name, index.Subcommand(strings.Fields(systemManagers[index.Name].flags)...))
				}
			}
		},
		Bad: []Sample{
			file("FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n"),
			file("FROM debian:12\nRUN apt-get -qq update && apt-get clean\n"),
			file("FROM alpine:3.22\nRUN apk update\n"),
			file("FROM fedora:42\nRUN dnf -y makecache\nRUN dnf install -y git\n"),
			file("FROM opensuse/leap:15.6\nRUN zypper --gpg-auto-import-keys refresh\nRUN zypper -n in git\n"),
			file("FROM debian:12\nRUN echo 'deb https://example.com/ a main' > /etc/apt/sources.list.d/a.list && apt-get update\n"),
		},
		Good: []Sample{
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n"),
			file("FROM debian:12\nRUN apt-get update; apt-get upgrade -y\n"),
			file("FROM debian:12\nRUN <<EOF\napt-get update\napt-get install -y curl\nEOF\n"),
			file("FROM alpine:3.22\nRUN apk update && apk add --no-cache curl\n"),
			file("FROM fedora:42\nRUN yum update -y\n"),
			file("FROM debian:12\nRUN apt-get update && ./install-packages.sh\n"),
			file("FROM debian:12\nRUN apt-get update && npx playwright install --with-deps\n"),
			file("FROM debian:12\nRUN apt-get update && bash /tmp/setup\n"),
			{Dockerfile: "FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt apt-get update\n"},
		},
	}
}

// loneIndex is the command that fetches an index which nothing in its RUN uses; nil
// for none. A script that cannot be seen may use it.
func loneIndex(in *dockerfile.Instruction, readers map[string]*callReader) *dockerfile.Command {
	var index *dockerfile.Command
	for _, c := range in.Commands() {
		m, ok := systemManagers[c.Name]
		if !ok {
			if index != nil && runsFile(c) {
				return nil
			}
			continue
		}
		sub := readers[c.Name].read(c, 0).sub
		switch {
		case index == nil && slices.Contains(strings.Fields(m.index), sub):
			index = c
		case index != nil && (slices.Contains(strings.Fields(m.uses), sub) || strings.HasPrefix(sub, "$")):
			return nil
		}
	}
	if index != nil && mounted(in, []string{aptListDir, "/var/cache/apk", "/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5", "/var/cache/zypp"}, "") {
		return nil
	}
	return index
}

func releaseUpgrade() Rule {
	return Rule{
		ID: "release-upgrade", Title: "the whole distribution is upgraded", Severity: advisory.Low, Category: Packages,
		Peers:   Peers{Hadolint: []string{"DL3035"}, Trivy: []string{"DS-0024"}, Dockle: []string{"DKL-DI-0003"}},
		Why:     "Such an upgrade may remove packages and move to another release, so that the image is no longer what its base says, and differs with every build.",
		Remedy:  "Name a newer base image. Where its fixes come too late, apt-get upgrade or zypper patch take them in without removing anything.",
		Source:  "https://manpages.debian.org/stable/apt/apt-get.8.en.html",
		OnImage: true,
		Check: func(l *Lint) {
			readers := map[string]*callReader{}
			for name, m := range systemManagers {
				readers[name] = newCallReader(m.flags)
			}
			for _, c := range l.Commands("apt-get", "apt", "aptitude", "zypper", "dnf", "do-release-upgrade") {
				if c.Name == "do-release-upgrade" {
					l.ReportCommand(c, "do-release-upgrade moves to another release than the base image's")
					continue
				}
				call := readers[c.Name].read(c, 0)
				upgrades := call.is("dist-upgrade", "full-upgrade") && c.Name != "dnf" || call.is("dup") && c.Name == "zypper" || call.is("system-upgrade") && c.Name == "dnf"
				if upgrades && !dryRun(call) {
					l.ReportCommand(c, "%s %s may remove packages and change the release", c.Name, call.sub)
				}
			}
		},
		Bad: []Sample{
			file("FROM debian:12\nRUN apt-get update && apt-get dist-upgrade -y\n"),
			file("FROM debian:12\nRUN apt-get -y -o Dpkg::Options::=--force-confold dist-upgrade\n"),
			file("FROM debian:12\nRUN apt full-upgrade -y\n"),
			file("FROM opensuse/leap:15.6\nRUN zypper --non-interactive dup\n"),
			file("FROM opensuse/leap:15.6\nRUN zypper -n dist-upgrade --no-recommends\n"),
			file("FROM ubuntu:24.04\nRUN do-release-upgrade -f DistUpgradeViewNonInteractive\n"),
		},
		Good: []Sample{
			file("FROM debian:12\nRUN apt-get update && apt-get upgrade -y\n"),
			file("FROM debian:12\nRUN apt-get install -y dist-upgrade\n"),
			file("FROM opensuse/leap:15.6\nRUN zypper -n patch && zypper -n update\n"),
			file("FROM fedora:42\nRUN dnf upgrade -y\n"),
			file("FROM debian:12\nRUN apt-get -s dist-upgrade && echo apt-get dist-upgrade\n"),
		},
	}
}

func apkCache() Rule {
	return Rule{
		ID: "apk-cache", Title: "apk's index stays in the layer", Severity: advisory.Low, Category: Packages,
		Peers:  Peers{Hadolint: []string{"DL3019"}, Trivy: []string{"DS-0025"}, Dockle: []string{"DKL-DI-0004"}},
		Why:    "Without --no-cache apk keeps the index of every repository in the image, where it goes stale and is of no use to what runs.",
		Remedy: "Use apk add --no-cache, which needs no apk update before it.",
		Source: "https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper",
		Reach:  FinalImage, OnImage: true,
		Check: func(l *Lint) {
			r := newCallReader(apkFlags)
			index := cache{
				fills: func(c *dockerfile.Command) bool {
					if c.Name != "apk" {
						return false
					}
					call := r.read(c, 0)
					return call.is("add", "update", "upgrade") && !call.open && !call.HasFlag("--no-cache", "--no-network", "--simulate", "-s", "--cache-dir")
				},
				dirs: []string{"/var/cache/apk", "/etc/apk/cache"}, word: "cache",
			}
			index.kept(l, func(first, last *dockerfile.Command) {
				call := r.read(last, 0)
				f := l.ReportCommand(last, "apk %s has no --no-cache", call.sub)
				unsureOnImage(l, f)
				if first == last && call.is("add") {
					f.Edits = call.behindVerb("--no-cache")
				}
			})
		},
		Bad: []Sample{
			file("FROM alpine:3.22\nRUN apk add curl\n"),
			file("FROM alpine:3.22\nRUN apk add --update curl\n"),
			file("FROM alpine:3.22\nRUN apk update && apk add --no-cache curl\n"),
			file("FROM alpine:3.22\nRUN apk -U upgrade\n"),
			file("FROM alpine:3.22\nRUN apk add -t .build gcc && apk add --no-cache curl && apk del .build\n"),
		},
		Good: []Sample{
			file("FROM alpine:3.22\nRUN apk add --no-cache curl\n"),
			file("FROM alpine:3.22\nRUN apk --no-cache --update add curl\n"),
			file("FROM alpine:3.22\nRUN apk add --update curl && rm -rf /var/cache/apk/*\n"),
			file("FROM alpine:3.22\nRUN apk update && apk add curl; rm -f /var/cache/apk/*\n"),
			{Dockerfile: "FROM alpine:3.22\nRUN --mount=type=cache,target=/var/cache/apk apk add curl\n", DockerfileOnly: true},
			{Dockerfile: "FROM alpine:3.22\nRUN --mount=type=cache,target=/etc/apk/cache apk add curl\n", DockerfileOnly: true},
			file("FROM alpine:3.22\nARG APK_FLAGS\nRUN apk add $APK_FLAGS curl\n"),
			{Dockerfile: "FROM alpine:3.22 AS build\nRUN apk add gcc\nFROM scratch\nCOPY --from=build /x /x\n", DockerfileOnly: true},
			file("FROM alpine:3.22\nRUN apk del curl && apk info\n"),
		},
	}
}

func apkUnpinned() Rule {
	return Rule{
		ID: "apk-unpinned", Title: "apk packages without a version", Severity: advisory.Negligible, Category: Packages,
		Peers:   Peers{Hadolint: []string{"DL3018"}},
		Why:     "Two builds of the same file install different versions, and only the image tells which. Alpine deletes a version when it publishes the next, so an exact one breaks the build instead.",
		Remedy:  "Write package~1.2, which takes fixes in and no other release, or accept what the release of Alpine has.",
		Source:  "https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper",
		OnImage: true,
		Check: func(l *Lint) {
			r := newCallReader(apkFlags)
			for _, c := range l.Commands("apk") {
				call := r.read(c, 0)
				if !call.is("add") || call.HasFlag("-s", "--simulate") {
					continue
				}
				var loose []dockerfile.Word
				for _, w := range call.operands {
					if w.Known && !strings.ContainsAny(w.Text, "=~<>/*!") && !strings.HasSuffix(w.Text, ".apk") && !strings.HasPrefix(w.Text, ".") {
						loose = append(loose, w)
					}
				}
				if len(loose) > 0 {
					l.ReportCommand(c, "%s %s installed at whatever version the release has", names(loose), isOrAre(loose))
				}
			}
		},
		Bad: []Sample{
			file("FROM alpine:3.22\nRUN apk add --no-cache curl\n"),
			file("FROM alpine:3.22\nRUN apk add --no-cache --virtual .build gcc=14.2.0-r6 make\n"),
			file("FROM alpine:3.22\nRUN apk add --no-cache curl@edge\n"),
		},
		Good: []Sample{
			file("FROM alpine:3.22\nRUN apk add --no-cache curl=8.14.1-r1 'git~2.49' 'jq>1.7'\n"),
			file("FROM alpine:3.22\nARG V\nRUN apk add --no-cache \"curl=$V\" -t .build\n"),
			file("FROM alpine:3.22\nRUN apk add --allow-untrusted /tmp/tool.apk\n"),
			file("FROM alpine:3.22\nRUN apk add --no-cache $(cat packages)\n"),
		},
	}
}
