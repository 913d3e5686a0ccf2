#!/bin/sh
# Builds Dockerfiles for real: a Docker Engine and a registry, started on loopback in
# a temporary folder and ended with it, and stand-ins of the images that Dockerfiles
# begin with, made of Debian's packages (tools/rebuilds/bases). Inside the suite
# docker.io and gcr.io are that registry, for the engine and for the tests alike.
# Where Debian's packages of what is needed are missing they are installed; what the
# machine can't do is said and left out.
#
#   usage: rebuilds.sh [go test argument...]     (default: every suite that builds)
#
# The tests find the engine and the registry by PLIMSOLL_BUILD_DOCKER_HOST,
# PLIMSOLL_BUILD_DOCKER and PLIMSOLL_BUILD_REGISTRY; see internal/rebuild/buildtest.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}"

suite=rebuilds
. tools/need.sh

[ "$(uname)" = Linux ] || skip "engines run on Linux"
[ "$(id -u)" = 0 ] || skip "starting engines needs root"

# In a mount namespace of its own, so that other names lead to loopback for this
# suite alone, and every mount goes with it.
if [ -z "${REBUILDS_INSIDE:-}" ]; then
	unshare --mount true 2>/dev/null || skip "mount namespaces are not to be had"
	REBUILDS_INSIDE=1 exec unshare --mount sh "tools/$(basename "$0")" "$@"
fi

need dockerd:docker.io docker-registry:docker-registry mmdebstrap:mmdebstrap npm:npm curl:curl
DOCKER=docker
[ -x /usr/bin/docker ] && DOCKER=/usr/bin/docker
command -v "$DOCKER" >/dev/null || need docker:docker-cli
# From 23 on the client builds with a plugin of its own package.
if [ "$("$DOCKER" --version | sed -n 's/^Docker version \([0-9]*\)\..*/\1/p')" -ge 23 ] && ! "$DOCKER" buildx version >/dev/null 2>&1; then
	need docker-buildx:docker-buildx
fi

work=$(mktemp -d /tmp/rebuilds.XXXXXX)
pids=
finish() {
	trap - EXIT INT TERM HUP PIPE
	# shellcheck disable=SC2086 # a list of numbers
	for pid in $pids; do kill "$pid" 2>/dev/null || true; done
	for pid in $pids; do wait "$pid" 2>/dev/null || true; done
	awk -v under="$work/" 'index($2, under) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
	umount /etc/hosts 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP PIPE

say() { echo "rebuilds: $*"; }

# start NAME COMMAND... runs a service in the background; its log is NAME.log.
start() {
	log=$work/$1.log
	shift
	"$@" >"$log" 2>&1 &
	pids="$pids $!"
}

# until_true NAME COMMAND... waits for a service.
until_true() {
	name=$1
	shift
	for _ in $(seq 60); do
		if "$@"; then return 0; fi
		sleep 0.5
	done
	say "$name did not start: $(tail -n 5 "$work/$name.log")"
	exit 1
}

. tools/rebuilds/services.sh
. tools/rebuilds/bases.sh

began=$(date +%s)
start_services
make_bases
say "bases after $(($(date +%s) - began)) s"

[ $# -gt 0 ] || set -- -run 'TestBuild' ./internal/rebuild/... ./internal/cli
$GO test -count=1 -timeout 40m -v "$@"
say "done after $(($(date +%s) - began)) s"
