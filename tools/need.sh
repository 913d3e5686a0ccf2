# Sourced by the suites that need more than Go: suite is the name of the one.

# skip ends the suite and says why.
skip() {
	echo "$suite: skipped: $*"
	exit 0
}

# need installs Debian's packages of what is not there; each argument is
# program:package.
need() {
	missing=
	for pair; do
		command -v "${pair%:*}" >/dev/null || missing="$missing ${pair#*:}"
	done
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null || skip "not installed:$missing"
	echo "$suite: installing$missing"
	log=$(mktemp)
	# shellcheck disable=SC2086 # a list of names
	if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
		tail -n 5 "$log"
		rm -f "$log"
		skip "could not install$missing"
	fi
	rm -f "$log"
}
