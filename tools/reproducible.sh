#!/bin/sh
# Builds the program from two copies of the committed tree in different folders
# and fails where the bytes differ.
set -eu
top=$(git rev-parse --show-toplevel)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in one two/deeper; do
	mkdir -p "$work/$copy"
	git -C "$top" archive HEAD | tar -x -C "$work/$copy"
	(cd "$work/$copy" && CGO_ENABLED=0 go build -trimpath -buildvcs=false '-ldflags=-s -w' -o "$work/$(basename "$copy").bin" ./cmd/plimsoll)
done
cmp "$work/one.bin" "$work/deeper.bin"
echo "reproducible: $(sha256sum <"$work/one.bin" | cut -d' ' -f1)"
