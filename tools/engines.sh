#!/bin/sh
# Holds plimsoll against real engines: Docker, Podman and a registry, started on
# loopback in a temporary folder and ended with it. Where Debian's packages of
# them are missing they are installed; what the machine can't do is said and left
# out. For a newer Docker beside Debian's, give its daemon: DOCKERD=/path/dockerd
# (its containerd and runc are looked for beside it, then in PATH).
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}" "${DOCKERD:=}"

suite=engines
. tools/need.sh

[ "$(uname)" = Linux ] || skip "engines run on Linux"
[ "$(id -u)" = 0 ] || skip "starting engines needs root"

need dockerd:docker.io podman:podman skopeo:skopeo docker-registry:docker-registry curl:curl

# Sockets have short paths; a user without rights must be able to reach them.
work=$(mktemp -d /tmp/engines.XXXXXX)
chmod 711 "$work"
pids=
finish() {
	trap - EXIT INT TERM HUP PIPE
	# shellcheck disable=SC2086 # a list of numbers
	for pid in $pids; do kill "$pid" 2>/dev/null || true; done
	for pid in $pids; do wait "$pid" 2>/dev/null || true; done
	awk -v under="$work/" 'index($2, under) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
	rm -rf "$work"
}
trap finish EXIT
# A reader of our output that goes away must not leave the services behind.
trap 'exit 130' INT TERM HUP PIPE

# start NAME COMMAND... runs a service in the background; its log is NAME.log.
start() {
	log=$work/$1.log
	shift
	"$@" >"$log" 2>&1 &
	pids="$pids $!"
}

# answers NAME SOCKET waits until an engine answers.
answers() {
	for _ in $(seq 60); do
		if curl -sf --max-time 2 --unix-socket "$2" http://engine/_ping >"$work/ping"; then return 0; fi
		sleep 0.5
	done
	echo "engines: $1 did not start: $(tail -n 3 "$work/$1.log")"
	return 1
}

# docker_daemon NAME DAEMON FEATURES starts a Docker Engine that leaves the
# network alone.
docker_daemon() {
	mkdir -p "$work/$1"
	printf '%s\n' "$3" >"$work/$1/daemon.json"
	start "$1" env PATH="$(dirname "$2"):$PATH" "$2" --config-file "$work/$1/daemon.json" \
		--bridge=none --iptables=false --ip6tables=false \
		--data-root "$work/$1/data" --exec-root "$work/$1/exec" --pidfile "$work/$1/pid" --host "unix://$work/$1.sock"
	answers "$1" "$work/$1.sock"
}

export DOCKER_CONFIG="$work/docker-config" TMPDIR="$work/tmp" PLIMSOLL="$work/plimsoll"
export PLIMSOLL_CACHE_DIR="$work/cache" PLIMSOLL_DB_DIR="$work/db"
# A client newer than the engine would want the buildx plugin for BuildKit.
DOCKER=docker
[ -x /usr/bin/docker ] && DOCKER=/usr/bin/docker
export DOCKER
mkdir -p "$DOCKER_CONFIG" "$TMPDIR" "$work/podman"
chmod 711 "$TMPDIR"
echo '{}' >"$DOCKER_CONFIG/config.json"

echo "engines: building"
CGO_ENABLED=0 $GO build -o "$PLIMSOLL" ./cmd/plimsoll
CGO_ENABLED=0 $GO build -o "$work/program" ./bench/floor # to put into images
$GO test -c -o "$work/engines.test" ./tools/engines
"$PLIMSOLL" demo --keep "$work/lab" >/dev/null
tar -C "$work/lab/trivy-db" -czf "$work/db.tar.gz" trivy.db metadata.json
tar -C "$work/lab/grype-db" -czf "$work/vulnerability-db.tar.gz" vulnerability.db
for db in db vulnerability-db; do "$PLIMSOLL" -q db import "$work/$db.tar.gz"; done

echo "engines: starting"
cat >"$work/registry.yml" <<-END
	version: 0.1
	log: {level: info}
	storage: {filesystem: {rootdirectory: $work/registry}, delete: {enabled: true}}
	http: {addr: "127.0.0.1:0"}
END
start registry docker-registry serve "$work/registry.yml"
start podman podman --root "$work/podman/data" --runroot "$work/podman/run" --tmpdir "$work/podman/tmp" \
	--storage-driver vfs --cgroup-manager cgroupfs --events-backend file \
	system service --time=0 "unix://$work/podman.sock"
ENGINES_DOCKER= ENGINES_PODMAN= ENGINES_CONTAINERD= ENGINES_REGISTRY=
debian=$(command -v dockerd)
if docker_daemon docker "$debian" '{"storage-driver":"vfs"}'; then ENGINES_DOCKER=unix://$work/docker.sock; fi
if answers podman "$work/podman.sock"; then ENGINES_PODMAN=unix://$work/podman.sock; fi
if [ -z "$DOCKERD" ]; then
	major=$("$debian" --version | sed -n 's/^Docker version \([0-9]*\)\..*/\1/p')
	[ "${major:-0}" -ge 24 ] && DOCKERD=$debian
fi
if [ -z "$DOCKERD" ]; then
	echo "engines: skipped: Docker's containerd image store needs Docker 24 or later; $("$debian" --version); give a newer one with DOCKERD="
elif docker_daemon newer "$DOCKERD" '{"features":{"containerd-snapshotter":true}}'; then
	ENGINES_CONTAINERD=unix://$work/newer.sock
fi
for _ in $(seq 20); do
	ENGINES_REGISTRY=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/registry.log" | head -n 1)
	[ -n "$ENGINES_REGISTRY" ] && break
	sleep 0.5
done
export ENGINES_DOCKER ENGINES_PODMAN ENGINES_CONTAINERD ENGINES_REGISTRY ENGINES_WORK="$work"

cd tools/engines
"$work/engines.test" -test.v -test.timeout 5m
