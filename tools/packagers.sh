#!/bin/sh
# Holds the account of executables against real package managers: rpm and pacman,
# which Debian packages. Where they are missing they are installed; what the
# machine can't do is said and left out.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}"

skip() {
	echo "packagers: skipped: $*"
	exit 0
}

[ "$(uname)" = Linux ] || skip "they run on Linux"
[ "$(id -u)" = 0 ] || skip "installing into another root needs root"

missing=
for pair in rpmbuild:rpm pacman:pacman-package-manager bsdtar:libarchive-tools; do
	command -v "${pair%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
	command -v apt-get >/dev/null || skip "not installed:$missing"
	echo "packagers: installing$missing"
	log=$(mktemp)
	# shellcheck disable=SC2086 # a list of names
	if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
		tail -n 5 "$log"
		rm -f "$log"
		skip "could not install$missing"
	fi
	rm -f "$log"
fi

$GO test -count=1 -v -run 'TestRealPackageManagersRecords|TestOnARealSystem' ./internal/account
