#!/bin/sh
# Unpacks Debian's packages into a folder without running anything of them, and
# notes each in var/lib/dpkg/status.d. What they depend on and the system lacks
# comes along.
#
#   usage: distroless.sh ROOT PACKAGE...
set -eu
root=$1
shift
apt-get install -y -q --download-only --reinstall --no-install-recommends "$@" >/dev/null
mkdir -p "$root/var/lib/dpkg/status.d" "$root/etc" "$root/home/nonroot" "$root/tmp"
chmod 1777 "$root/tmp"
chown 65532:65532 "$root/home/nonroot"
for deb in /var/cache/apt/archives/*.deb; do
	dpkg-deb -x "$deb" "$root"
	name=$(dpkg-deb -f "$deb" Package)
	{ dpkg-deb -f "$deb"; echo "Status: install ok installed"; } >"$root/var/lib/dpkg/status.d/$name"
	dpkg-deb --fsys-tarfile "$deb" | tar -t >"$root/var/lib/dpkg/status.d/$name.list"
done
rm -rf "$root/usr/share/man" "$root/usr/share/lintian" "$root/usr/share/bug"
certificates=$root/usr/share/ca-certificates/mozilla
if [ -d "$certificates" ]; then
	mkdir -p "$root/etc/ssl/certs"
	cat "$certificates"/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
	printf 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\nnonroot:x:65532:\n' >"$root/etc/group"
	mkdir -p "$root/root"
	chmod 700 "$root/root"
fi
