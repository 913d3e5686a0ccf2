#!/bin/sh
# Builds the images (once), the two floors and plimsoll, and measures them beside the
# peers on PATH in one run. Prints Markdown; docs/benchmarks.md keeps results.
#   BENCH_DIR     work folder (default bench/work)
#   BENCH_IMAGES  images to build and measure (default: all)
#   BENCH_ROUNDS  how often each command runs (default 5)
# Plimsoll uses the databases of $PLIMSOLL_DB_DIR; fetch them first.
set -eu
cd "$(dirname "$0")/.."
work=${BENCH_DIR:-$PWD/bench/work}
mkdir -p "$work/bin"
# shellcheck disable=SC2086
sh bench/realimages/build.sh "$work" ${BENCH_IMAGES:-}
for name in floor compare manyfiles; do
	CGO_ENABLED=0 go build -trimpath -o "$work/bin/$name" "./bench/$name"
done
CGO_ENABLED=0 go build -trimpath '-ldflags=-s -w' -o "$work/bin/plimsoll" ./cmd/plimsoll
if [ -n "${BENCH_IMAGES:-}" ]; then
	set --
	for name in $BENCH_IMAGES; do set -- "$@" "$work/images/$name"; done
else
	set -- "$work"/images/*
	[ -d "$work/images/manyfiles" ] || "$work/bin/manyfiles" "$work/images/manyfiles"
fi
"$work/bin/compare" -rounds "${BENCH_ROUNDS:-5}" -floor "$work/bin/floor" -plimsoll "$work/bin/plimsoll" "$@"
