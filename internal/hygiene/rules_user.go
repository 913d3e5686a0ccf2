package hygiene

import (
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// userRules are about the user that the final image runs as.
func userRules() []Rule {
	const why = "Whoever gets in through the program has root in the container: every file in it, and the kernel's whole surface towards the host."
	return []Rule{
		{
			ID: "user-missing", Title: "no USER is set", Severity: advisory.Medium, Category: User,
			Peers:  Peers{Trivy: []string{"DS-0002"}, Dockle: []string{"CIS-DI-0001"}},
			Why:    why + " Without USER a container runs as its base does, and nearly every base does as root.",
			Remedy: "End the last stage with USER and a numeric identifier other than 0, and give that user what it must write.",
			Source: "https://docs.docker.com/build/building/best-practices/#user",
			Reach:  FinalImage, OnImage: true,
			Check: checkUserMissing,
			Bad: []Sample{
				file("FROM debian:13\nCMD [\"/app\"]\n"), file("FROM scratch\nCOPY app /\nENTRYPOINT [\"/app\"]\n"), file("FROM registry.example.com/base:1\nCMD [\"/app\"]\n"),
				file("FROM debian:13 AS build\nUSER 1000\nFROM debian:13\nCMD [\"x\"]\n"), file("FROM gcr.io/distroless/static-debian12\nCOPY app /\nENTRYPOINT [\"/app\"]\n"),
				{Dockerfile: "FROM postgres:17\nCOPY init.sql /docker-entrypoint-initdb.d/\n", DockerfileOnly: true},
			},
			Good: []Sample{
				file("FROM debian:13\nUSER 65532\n"),
				{Dockerfile: "FROM gcr.io/distroless/static-debian12:nonroot\nCOPY app /\n", DockerfileOnly: true},
				file("FROM debian:13 AS base\nUSER 1000\nFROM base\nCMD [\"x\"]\n"),
				{Dockerfile: "FROM nginxinc/nginx-unprivileged:1.29\n", DockerfileOnly: true},
				{Dockerfile: "FROM cgr.dev/chainguard/python:latest\n", DockerfileOnly: true},
				{Dockerfile: "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled\n", DockerfileOnly: true},
				file("FROM scratch\nCOPY out /\n"), file("ARG UID\nFROM debian:13\nARG UID\nUSER $UID\n"),
				{Dockerfile: "FROM docker.io/bitnami/redis:7\n", DockerfileOnly: true},
			},
		},
		{
			ID: "user-root", Title: "the image runs as root", Severity: advisory.Medium, Category: User,
			Peers:  Peers{Hadolint: []string{"DL3002"}, Trivy: []string{"DS-0002"}, Dockle: []string{"CIS-DI-0001"}},
			Why:    why,
			Remedy: "End the last stage with USER and a numeric identifier other than 0.",
			Source: "https://docs.docker.com/build/building/best-practices/#user",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				in, user, known := finalUser(l)
				if in != nil && known && isRoot(user) {
					f := l.Report(in, "the last USER is %s", user)
					if handsOver(l) {
						f.Severity = advisory.Low
						f.Message += ", and the image holds a program that hands over to another user"
					}
				}
			},
			Bad: []Sample{
				file("FROM debian:13\nUSER root\n"), file("FROM debian:13\nUSER 1000\nUSER 0\n"), file("FROM debian:13\nUSER 0:1000\n"), file("FROM debian:13\nUSER \"root:root\"\n"),
				file("ARG U=root\nFROM debian:13\nARG U\nUSER ${U}\n"), file("FROM debian:13\nENV U=00\nUSER $U\n"), file("FROM mcr.microsoft.com/windows/servercore:ltsc2022\nUSER ContainerAdministrator\n"),
			},
			Good: []Sample{
				file("FROM debian:13\nUSER root\nRUN true\nUSER app\n"), file("FROM debian:13 AS b\nUSER root\nFROM debian:13\nUSER 1000\n"), file("FROM debian:13\nUSER 1000:0\n"),
				{Dockerfile: "FROM debian:13\nARG U\nUSER $U\n", DockerfileOnly: true},
				file("FROM debian:13\nUSER rootless\n"),
			},
		},
		{
			ID: "user-not-numeric", Title: "USER is a name", Severity: advisory.Negligible, Category: User,
			Peers:  Peers{Hadolint: []string{"DL3066"}},
			Why:    "Kubernetes can't tell that a name is not root's, and refuses to start the container where runAsNonRoot is asked for.",
			Remedy: "Write the user's number: USER 65532:65532.",
			Source: "https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				in, user, known := finalUser(l)
				if in == nil || !known || isRoot(user) {
					return
				}
				if name, _, _ := strings.Cut(user, ":"); name != "" && !isDigits(name) && !strings.HasPrefix(strings.ToLower(name), "container") {
					l.Report(in, "%s is a name, of which a cluster can't tell whether it is root's", name)
				}
			},
			Bad:  []Sample{file("FROM debian:13\nUSER app\n"), file("FROM debian:13\nUSER app:1000\n"), file("FROM debian:13\nENV U=www-data\nUSER $U\n")},
			Good: []Sample{file("FROM debian:13\nUSER 1000\n"), file("FROM debian:13\nUSER 1000:app\n"), file("FROM debian:13\nUSER root\n"), file("FROM debian:13\nUSER app\nUSER 1000\n"), {Dockerfile: "FROM debian:13\nARG U\nUSER $U\n", DockerfileOnly: true}},
		},
	}
}

// finalUser is the USER that holds in the final image; in is nil for none.
func finalUser(l *Lint) (in *dockerfile.Instruction, user string, known bool) {
	t := l.File.Target()
	if t == nil {
		return nil, "", false
	}
	in = t.Last("user")
	if in == nil {
		return nil, "", false
	}
	user, known = in.Expand(in.Args.String)
	return in, strings.TrimSpace(user), known
}

// isRoot tells whether USER names root, or who is root's like on Windows
// (https://learn.microsoft.com/virtualization/windowscontainers/manage-containers/container-security).
func isRoot(user string) bool {
	name, _, _ := strings.Cut(user, ":")
	name = strings.ToLower(strings.TrimSpace(name))
	return name == "root" || name == "containeradministrator" || name != "" && strings.Trim(name, "0") == ""
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func checkUserMissing(l *Lint) {
	t := l.File.Target()
	if t == nil || t.Last("user") != nil {
		return
	}
	b := splitReference(t.Root().Image)
	b.known = t.Root().Known
	starts := t.Last("cmd") != nil || t.Last("entrypoint") != nil
	if !starts && (l.Image != nil || b.image == "scratch") {
		return // files to be taken out, or from: nothing runs
	}
	if l.Image != nil {
		l.ReportTarget("no USER is set: the image runs as root")
		return
	}
	user := baseUser(b)
	if !b.known && user != userOther {
		user = userUnknown
	}
	switch {
	case user == userOther:
	case user == userDrops && t.Last("entrypoint") == nil:
		l.ReportTarget("no USER is set: the image starts as root, and the entry point of %s hands over to another user", b.image).Severity = advisory.Low
	case handsOver(l):
		l.ReportTarget("no USER is set: the image starts as root, and holds a program that hands over to another user").Severity = advisory.Low
	case b.image == "scratch":
		l.ReportTarget("no USER is set: without one, an image from scratch runs as root")
	case user == userUnknown:
		l.ReportTarget("no USER is set: the image runs as root unless %s says otherwise", b.image)
	default:
		l.ReportTarget("no USER is set: the image runs as root, as %s does", b.image)
	}
}

// handsOver tells whether the final image gets a program whose use is to start
// something as another user than root.
func handsOver(l *Lint) bool {
	programs := []string{"gosu", "su-exec", "setpriv", "chpst", "s6-setuidgid"}
	mentions := func(text string) bool {
		for _, p := range programs {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	for _, in := range l.All("run", "copy", "add", "entrypoint", "cmd") {
		if in.Stage != nil && in.Stage.InFinal() && mentions(in.Args.String) {
			return true
		}
	}
	return false
}
