#!/bin/sh
# Builds the image from two clones of the commit in different folders and fails
# where a byte of the layouts differs; then holds it against the strictest policy
# and the rules of hygiene, on both platforms. The databases are those of the
# demonstration, so that nothing is downloaded.
#
#   usage: image.sh      (./plimsoll is the program that judges)
set -eu
: "${GO:=go}"
top=$(git rev-parse --show-toplevel)
plimsoll=$top/plimsoll
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in one two/deeper; do
	mkdir -p "$(dirname "$work/$copy")"
	git clone -q --shared "$top" "$work/$copy"
	make -s -C "$work/$copy" image GO="$GO"
done
diff -r "$work/one/dist/image" "$work/two/deeper/dist/image"
image=$work/one/dist/image

export PLIMSOLL_DB_DIR="$work/db" PLIMSOLL_CACHE_DIR="$work/cache"
"$plimsoll" demo --keep "$work/demo" >/dev/null 2>&1
tar -cf "$work/trivy.tar" -C "$work/demo/trivy-db" trivy.db metadata.json
tar -cf "$work/grype.tar" -C "$work/demo/grype-db" vulnerability.db
for db in trivy grype; do
	"$plimsoll" -q db import "$work/$db.tar"
done

# An SBOM that names none of the modules would satisfy every policy.
"$plimsoll" -q sbom --platform linux/arm64 "$image" | grep -q 'pkg:golang/github.com/google/go-containerregistry@' ||
	{ echo "the image's packages are not seen" >&2; exit 1; }
"$plimsoll" lint --fail-on low --platform all "$image"
"$plimsoll" gate --policy strict --exceptions "$top/tools/image/exceptions.yaml" --platform all "$image"
echo "reproducible: $(sed -n 's/.*"digest": "\(sha256:[0-9a-f]*\)".*/\1/p' "$image/index.json" | head -n 1)"
