#!/bin/sh
# Holds the account of executables against real package managers: rpm and pacman,
# which Debian packages. Where they are missing they are installed; what the
# machine can't do is said and left out.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}"

suite=packagers
. tools/need.sh

[ "$(uname)" = Linux ] || skip "they run on Linux"
[ "$(id -u)" = 0 ] || skip "installing into another root needs root"

need rpmbuild:rpm pacman:pacman-package-manager bsdtar:libarchive-tools

$GO test -count=1 -v -run 'TestRealPackageManagersRecords|TestOnARealSystem' ./internal/account
