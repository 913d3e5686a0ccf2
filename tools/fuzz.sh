#!/bin/sh
# Runs every fuzz target of the module for FUZZTIME, one after the other. Inputs
# that widen coverage are minimised briefly: by default Go spends whole minutes on it.
set -eu
: "${GO:=go}" "${FUZZTIME:=20s}"
for pkg in $($GO list ./...); do
	for target in $($GO test -list '^Fuzz' "$pkg" | grep '^Fuzz' || true); do
		echo "== $pkg $target"
		$GO test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 20x "$pkg"
	done
done
