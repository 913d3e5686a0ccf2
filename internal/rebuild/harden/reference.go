package harden

import (
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// reference is an image reference taken apart: registry is empty where none is
// written, repository has no registry.
type reference struct {
	registry, repository, tag, digest string
}

// parseReference follows the grammar of https://github.com/distribution/reference.
func parseReference(image string) reference {
	var r reference
	rest, digest, _ := strings.Cut(image, "@")
	r.digest = digest
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		rest, r.tag = rest[:i], rest[i+1:]
	}
	r.repository = rest
	if host, name, ok := strings.Cut(rest, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		r.registry, r.repository = host, name
	}
	return r
}

// official is the repository's name where it is one of Docker's official images
// ("python" of "docker.io/library/python"), wherever it is mirrored to; empty otherwise.
func (r reference) official() string {
	switch r.registry {
	case "", "docker.io", "index.docker.io", "public.ecr.aws", "mirror.gcr.io", "registry-1.docker.io":
	default:
		if !strings.HasPrefix(r.repository, "library/") {
			return ""
		}
	}
	name := strings.TrimPrefix(r.repository, "docker/")
	name = strings.TrimPrefix(name, "library/")
	if strings.Contains(name, "/") {
		return ""
	}
	return name
}

// withTag is the same repository with another tag, written as this one is.
func (r reference) withTag(tag string) string {
	s := r.repository
	if r.registry != "" {
		s = r.registry + "/" + s
	}
	return s + ":" + tag
}

// distribution is a family of distributions, as far as it matters which commands an
// image has.
type distribution int

const (
	unknownDistribution distribution = iota
	debianLike
	alpine
	rpmLike
	busybox
	// bare has no shell: scratch and distroless.
	bare
	windows
)

// Debian's releases, and Ubuntu's, as tags name them.
var debianNames = []string{
	"debian", "ubuntu", "stretch", "buster", "bullseye", "bookworm", "trixie", "sid", "slim",
	"bionic", "focal", "jammy", "noble",
}

// debianImages are official images that are Debian or Ubuntu unless their tag says
// otherwise (the "supported tags" of each on https://hub.docker.com/u/library).
var debianImages = []string{
	"debian", "ubuntu", "python", "node", "golang", "ruby", "php", "rust", "perl", "eclipse-temurin", "buildpack-deps",
	"maven", "gradle", "nginx", "httpd", "postgres", "mysql", "mariadb", "redis", "mongo", "tomcat", "jetty", "gcc",
	"elixir", "erlang", "haskell", "julia", "pypy", "r-base", "swift", "composer", "wordpress", "rabbitmq", "memcached",
}

// redHatImages are those with rpm.
var redHatImages = []string{"fedora", "centos", "rockylinux", "almalinux", "amazonlinux", "oraclelinux", "amazoncorretto", "redhat"}

// distributionOf tells from an image's name.
func distributionOf(image string) distribution {
	r := parseReference(image)
	name := r.official()
	tag := strings.ToLower(r.tag)
	last := r.repository[strings.LastIndexByte(r.repository, '/')+1:]
	switch {
	case image == "scratch", r.registry == "gcr.io" && strings.HasPrefix(r.repository, "distroless/") && !strings.Contains(tag, "debug"):
		return bare
	case strings.Contains(tag, "windows"), strings.Contains(tag, "nanoserver"), strings.Contains(r.repository, "windows/"), strings.Contains(last, "nanoserver"):
		return windows
	case strings.Contains(tag, "alpine"), strings.HasPrefix(last, "alpine"), name == "docker" && !strings.Contains(tag, "dind-rootless"):
		return alpine
	case name == "busybox":
		return busybox
	case slices.Contains(redHatImages, name), strings.HasPrefix(last, "ubi"), strings.Contains(r.repository, "fedora"), strings.Contains(r.repository, "centos"),
		strings.Contains(tag, "ubi8"), strings.Contains(tag, "ubi9"), name == "openjdk" && !hasAny(tag, debianNames):
		return rpmLike
	case slices.Contains(debianImages, name), hasAny(tag, debianNames), strings.HasPrefix(last, "debian"), strings.HasPrefix(last, "ubuntu"):
		return debianLike
	case strings.HasPrefix(r.repository, "dotnet/") && r.registry == "mcr.microsoft.com":
		if hasAny(tag, []string{"azurelinux", "mariner", "cbl-", "chiseled"}) {
			return unknownDistribution
		}
		return debianLike
	}
	return unknownDistribution
}

func hasAny(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// distributionOf a stage goes by its base, and by the package managers that it calls.
func (w *work) distributionOf(s *dockerfile.Stage) distribution {
	if d := distributionOf(s.Root().Image); d != unknownDistribution {
		return d
	}
	for _, in := range s.All() {
		if in.Keyword != "run" {
			continue
		}
		for _, c := range in.Commands() {
			switch c.Name {
			case "apt-get", "apt":
				return debianLike
			case "apk":
				return alpine
			case "yum", "dnf", "microdnf":
				return rpmLike
			}
		}
	}
	return unknownDistribution
}

func isNumeral(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
