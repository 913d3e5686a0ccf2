#!/bin/sh
# Opens the HTML report in a real headless Chromium: pages of the tests' images,
# hostile ones among them, and of the images that plimsoll demo builds, scanned. Where
# Debian's package of the browser is missing it is installed; elsewhere give a
# Chromium or a Chrome: BROWSER=/path/to/chrome. BROWSER_SHOTS=FOLDER leaves pictures.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}" "${BROWSER:=}"

suite=browser
. tools/need.sh

if [ -z "$BROWSER" ]; then
	[ "$(uname)" = Linux ] || skip "give a browser with BROWSER="
	need chromium:chromium
	BROWSER=$(command -v chromium)
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP PIPE
mkdir "$work/pages"
export PLIMSOLL_CACHE_DIR="$work/cache" PLIMSOLL_DB_DIR="$work/db"

echo "browser: writing the pages"
$GO test ./internal/report -count=1 -run '^TestHTMLPagesForABrowser$' -html-pages "$work/pages"
CGO_ENABLED=0 $GO build -o "$work/plimsoll" ./cmd/plimsoll
"$work/plimsoll" -q demo --keep "$work/lab" >"$work/demo"
tar -C "$work/lab/trivy-db" -czf "$work/db.tar.gz" trivy.db metadata.json
tar -C "$work/lab/grype-db" -czf "$work/vulnerability-db.tar.gz" vulnerability.db
for db in db vulnerability-db; do "$work/plimsoll" -q db import "$work/$db.tar.gz"; done
for index in "$work"/lab/images/*/index.json; do
	layout=${index%/index.json}
	page=$work/pages/demo-$(basename "$layout").html
	# What the scan finds is none of this suite's business.
	"$work/plimsoll" -q scan -o html --output "$page" "oci:$layout" || [ -s "$page" ]
done

export BROWSER BROWSER_PAGES="$work/pages"
case ${BROWSER_SHOTS:-} in "" | /*) ;; *) export BROWSER_SHOTS="$PWD/$BROWSER_SHOTS" ;; esac
cd tools/browser
$GO test -count=1 -v -timeout 10m .
