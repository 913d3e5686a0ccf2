package hygiene

import (
	"strings"

	"plimsoll/internal/dockerfile"
)

// userOf is what is known of the user that a base image runs as.
type userOf int

const (
	// userUnknown: nothing is known of the image.
	userUnknown userOf = iota
	// userRoot: the image sets no user, or root.
	userRoot
	// userDrops: the image starts as root, and its entry point hands over to another.
	userDrops
	// userOther: the image sets a user that is not root.
	userOther
)

// plainImages are official images that set no USER
// (https://github.com/docker-library/official-images).
var plainImages = words(`debian ubuntu alpine busybox centos fedora amazonlinux rockylinux almalinux oraclelinux photon archlinux
	buildpack-deps python pypy node golang ruby jruby php openjdk java eclipse-temurin amazoncorretto ibmjava sapmachine maven ant gradle
	groovy clojure rust perl nginx httpd caddy tomcat haskell gcc erlang elixir swift julia r-base rocker/r-ver composer docker bash
	dart hylang swipl alt wordpress drupal nextcloud registry traefik ubuntu-debootstrap debian/eol opensuse/leap opensuse/tumbleweed
	nvidia/cuda clearlinux mageia sl crux hello-world opensuse`)

// droppingImages are official images whose docker-entrypoint.sh hands over to a
// user of its own (gosu, su-exec or setpriv in the repositories of
// https://github.com/docker-library and of their makers).
var droppingImages = words(`postgres mysql mariadb percona mongo redis valkey rabbitmq cassandra couchdb neo4j ghost influxdb arangodb crate zookeeper`)

// otherUserImages set a USER: each in the Dockerfile of its repository under
// https://github.com/docker-library, or of its maker.
var otherUserImages = words(`memcached haproxy jetty varnish solr sonarqube elasticsearch kibana logstash kong spark
	nginxinc/nginx-unprivileged nginx/nginx-unprivileged curlimages/curl grafana/grafana grafana/loki prom/prometheus prom/alertmanager
	prom/node-exporter prometheus/prometheus prometheus/alertmanager prometheus/node-exporter jenkins/jenkins hashicorp/http-echo`)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// baseUser is what is known of the user that an image runs as.
func baseUser(b baseRef) userOf {
	name := b.repository()
	switch {
	case b.image == "scratch":
		return userRoot
	case strings.Contains(b.image, "/distroless/"):
		// https://github.com/GoogleContainerTools/distroless#user: root, and another in
		// the tags that say so.
		if strings.Contains(b.tag, "nonroot") {
			return userOther
		}
		if b.tag == "" && b.digest != "" {
			return userUnknown
		}
		return userRoot
	case b.registry == "cgr.dev" || strings.HasPrefix(name, "chainguard/"):
		// https://edu.chainguard.dev/chainguard/chainguard-images/overview/: images
		// run as nonroot, other than the bare distribution.
		if b.family() == "wolfi-base" || b.family() == "chainguard-base" {
			return userRoot
		}
		return userOther
	case strings.HasPrefix(name, "bitnami/") || strings.HasPrefix(name, "bitnamilegacy/"):
		// https://github.com/bitnami/containers: non-root containers; minideb is a
		// plain Debian.
		if b.family() == "minideb" {
			return userRoot
		}
		return userOther
	case b.registry == "mcr.microsoft.com" && strings.HasPrefix(name, "dotnet/"):
		// https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md
		if strings.Contains(b.tag, "chiseled") || strings.Contains(b.tag, "distroless") {
			return userOther
		}
		if strings.Contains(b.tag, "nanoserver") {
			return userOther
		}
		return userRoot
	case strings.Contains(b.image, "windows/nanoserver"):
		// https://learn.microsoft.com/virtualization/windowscontainers/manage-containers/container-security:
		// Nano Server runs as ContainerUser.
		return userOther
	case strings.Contains(b.image, "mcr.microsoft.com/windows"):
		return userUnknown
	case strings.HasPrefix(name, "ubi"):
		// https://catalog.redhat.com/software/base-images: the bare images run as root,
		// those of a language as 1001.
		switch _, rest, _ := strings.Cut(name, "/"); rest {
		case "", "ubi", "ubi-minimal", "ubi-micro", "ubi-init":
			return userRoot
		}
		return userUnknown
	case otherUserImages[name] && (b.official() || strings.Contains(name, "/")):
		return userOther
	case droppingImages[name] && b.official():
		return userDrops
	case plainImages[name] && (b.official() || strings.Contains(name, "/")):
		return userRoot
	}
	return userUnknown
}

// plainEnvironment tells whether a base image is known to set no variable but PATH.
func plainEnvironment(b baseRef) bool {
	switch b.repository() {
	case "debian", "ubuntu", "alpine", "busybox", "fedora", "centos", "amazonlinux", "rockylinux", "almalinux", "buildpack-deps":
		return b.official()
	}
	return b.image == "scratch"
}

// plainRoots are the stages that go back to such an image.
func plainRoots(l *Lint) map[*dockerfile.Stage]bool {
	plain := map[*dockerfile.Stage]bool{}
	for _, s := range l.File.Stages { // a parent comes before its children
		if s.Parent != nil {
			plain[s] = plain[s.Parent]
		} else {
			plain[s] = plainEnvironment(splitReference(s.Image))
		}
	}
	return plain
}

// official tells whether the image is one of Docker's own, by whatever mirror.
func (b baseRef) official() bool {
	switch b.registry {
	case "", "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		return !strings.Contains(strings.TrimPrefix(b.name, "library/"), "/")
	}
	dir, _, _ := strings.Cut(b.name, "/"+b.family())
	return dir == "library" || strings.HasSuffix(dir, "/library")
}

// repository is the image's name without registry; of an official image what Docker
// calls it, by whatever mirror.
func (b baseRef) repository() string {
	if b.official() {
		return b.family()
	}
	return b.name
}
