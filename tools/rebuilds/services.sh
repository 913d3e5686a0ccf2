# Sourced by rebuilds.sh: the registry and the engine.

# Where docker.io and gcr.io are inside the suite: an address of loopback of this
# process alone, so that several suites run beside one another.
registry_host=127.80.$(($$ / 250 % 250)).$(($$ % 250 + 1))
registry_names='docker.io index.docker.io registry-1.docker.io auth.docker.io gcr.io'

# registry_config LISTEN [MORE]: a registry without accounts over the one store.
registry_config() {
	cat <<-END
		version: 0.1
		log: {level: info}
		storage: {filesystem: {rootdirectory: $work/registry}, delete: {enabled: true}}
		http: {addr: "$1"${2:-}}
	END
}

plain_registry() {
	PLIMSOLL_BUILD_REGISTRY=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/plain.log" | head -n 1)
	[ -n "$PLIMSOLL_BUILD_REGISTRY" ]
}

tls_registry() { curl -sf --max-time 2 -o "$work/answer" https://registry-1.docker.io/v2/; }

engine() { curl -sf --max-time 2 -o "$work/answer" --unix-socket "$work/docker.sock" http://engine/_ping; }

start_services() {
	say "starting"
	mkdir -p "$work/tls" "$work/docker-config" "$work/tmp"
	# The toolchain's own generator: a certificate that is its own authority.
	generator=$($GO env GOROOT)/src/crypto/tls/generate_cert.go
	(cd "$work/tls" && $GO run "$generator" -ca -ecdsa-curve P256 -host "$(echo "$registry_names" | tr ' ' ,)" 2>"$work/tls.log")
	machine=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
	cp "$machine" "$work/ca.pem"
	cat "$machine" "$work/tls/cert.pem" >"$work/trusted.pem"
	{
		cat /etc/hosts
		echo "$registry_host $registry_names"
	} >"$work/hosts"
	mount --bind "$work/hosts" /etc/hosts

	export SSL_CERT_FILE="$work/trusted.pem" CURL_CA_BUNDLE="$work/trusted.pem"
	export DOCKER_CONFIG="$work/docker-config" TMPDIR="$work/tmp" DOCKER_BUILDKIT=1 BUILDKIT_PROGRESS=plain
	unset DOCKER_HOST DOCKER_CONTEXT
	echo '{}' >"$DOCKER_CONFIG/config.json"

	registry_config 127.0.0.1:0 >"$work/plain.yml"
	registry_config "$registry_host:443" ", tls: {certificate: $work/tls/cert.pem, key: $work/tls/key.pem}" >"$work/tls.yml"
	start plain docker-registry serve "$work/plain.yml"
	start tls docker-registry serve "$work/tls.yml"
	until_true plain plain_registry
	until_true tls tls_registry

	driver=overlay2
	mkdir -p "$work/try/a" "$work/try/b" "$work/try/w" "$work/try/m"
	mount -t overlay -o "lowerdir=$work/try/a,upperdir=$work/try/b,workdir=$work/try/w" overlay "$work/try/m" 2>/dev/null && umount "$work/try/m" || driver=vfs
	start docker dockerd --storage-driver "$driver" --bridge=none --iptables=false --ip6tables=false \
		--data-root "$work/docker/data" --exec-root "$work/docker/exec" --pidfile "$work/docker/pid" --host "unix://$work/docker.sock"
	until_true docker engine
	say "Docker $("$DOCKER" -H "unix://$work/docker.sock" version --format '{{.Server.Version}}') with $driver"

	export PLIMSOLL_BUILD_DOCKER="$DOCKER" PLIMSOLL_BUILD_DOCKER_HOST="unix://$work/docker.sock" PLIMSOLL_BUILD_REGISTRY
}
