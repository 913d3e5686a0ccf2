#!/bin/sh
# Makes the fixture databases in this folder: it builds a few small packages,
# installs them into an empty root and writes what `rpm -qa` says about them.
# That database is SQLite. The same headers are then written as NDB by rpm's
# own rpmpkg.c (distributions build rpm with one form or the other), and as
# Berkeley DB, which rpm no longer writes, by Berkeley DB's own tool, in both
# byte orders. Needs root, rpm 4.16 or later with rpmbuild, db5.3_load, cc,
# python3, and rpm's unpacked source in the folder RPM_SOURCE.
set -eu
: "${RPM_SOURCE:?the folder of rpm's unpacked source}"
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=1700000000

spec() { # name epoch version release arch extra-header files-section
	cat >"$work/$1.spec" <<EOF
Name: $1
${2:+Epoch: $2}
Version: $3
Release: $4
Summary: fixture
License: MIT and (GPLv2+ or Artistic)
BuildArch: $5
$6
%description
fixture
%install
$7
EOF
	rpmbuild -bb --quiet --target "$5" --define "_topdir $work/build" --define "_buildhost build.example" \
		--define "vendor Example Linux" --define "_binary_payload w9.gzdio" --define "debug_package %{nil}" \
		--define "use_source_date_epoch_as_buildtime 1" --define "__os_install_post %{nil}" "$work/$1.spec"
}

spec libexample "" 2.34 60.el9 x86_64 "Provides: libexample.so.6()(64bit)" '
mkdir -p %{buildroot}/usr/lib64 && echo lib >%{buildroot}/usr/lib64/libexample.so.6
%files
/usr/lib64/libexample.so.6'
spec example-tool 1 5.1.8 6.el9_1 x86_64 "Requires: libexample.so.6()(64bit), example-data >= 2, /bin/sh
ModularityLabel: example:8.1:8050020211018150001:b4937e53" '
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/doc/example-tool %{buildroot}/var/log
echo tool >%{buildroot}/usr/bin/example-tool
ln -s example-tool %{buildroot}/usr/bin/example
echo read >%{buildroot}/usr/share/doc/example-tool/README
%files
/usr/bin/example-tool
/usr/bin/example
%dir /usr/share/doc/example-tool
%doc /usr/share/doc/example-tool/README
%ghost /var/log/example.log'
# A header of some 100 kB: several pages in every form.
spec example-data 0 2023c 1 noarch "" '
for i in $(seq 1 900); do
	d=%{buildroot}/usr/share/example-data/zone$((i %% 30)); mkdir -p $d; echo $i >$d/entry-number-$i.dat
done
%files
/usr/share/example-data'
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	spec "example-part$i" "" "1.$i" 3 noarch "Requires: example-data" "
mkdir -p %{buildroot}/opt/part && echo $i >%{buildroot}/opt/part/$i
%files
/opt/part/$i"
done

format='%{NAME}\t%{EVR}\t%{ARCH}\t%{SOURCERPM}\t%{VENDOR}\t%{LICENSE}\t%{MODULARITYLABEL}\n'
root="$work/root"
mkdir -p "$root/var/lib/rpm"
set -- --root "$root" --dbpath /var/lib/rpm --define "_db_backend sqlite"
rpm "$@" --initdb
rpm "$@" -i --nodeps --excludedocs --ignorearch "$work"/build/RPMS/*/*.rpm
rpm "$@" -e --nodeps example-part7 # leaves its pages free
rpm "$@" -qa --qf "$format" | LC_ALL=C sort >packages.tsv
gzip -9nc "$root/var/lib/rpm/rpmdb.sqlite" >rpmdb.sqlite.gz

# NDB's writer, rpmpkg.c, needs nothing else of rpm but these few names.
mkdir -p "$work/ndb/rpm"
cat >"$work/ndb/system.h" <<'EOF'
#include <stdlib.h>
#include <string.h>
#define _(s) (s)
#define xcalloc calloc
#define xmalloc malloc
#define xrealloc realloc
#define xstrdup strdup
EOF
cat >"$work/ndb/rpm/rpmlog.h" <<'EOF'
#define RPMLOG_ERR 3
#define RPMLOG_WARNING 4
#define rpmlog(level, ...) ((void)0)
EOF
cat >"$work/ndb/put.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "rpmpkg.h"
/* put DATABASE FILE...: stores each file as the next package, then deletes the fourth. */
int main(int argc, char **argv) {
	rpmpkgdb db;
	static unsigned char blob[1 << 24];
	if (rpmpkgOpen(&db, argv[1], O_RDWR | O_CREAT, 0644) || rpmpkgLock(db, 1)) return 1;
	for (int i = 2; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		if (!f) return 1;
		if (rpmpkgPut(db, i - 1, blob, fread(blob, 1, sizeof(blob), f))) return 1;
		fclose(f);
	}
	/* The fourth goes and comes back at the end: a slot that was free in between. */
	FILE *f = fopen(argv[5], "rb");
	if (!f || rpmpkgDel(db, 4) || rpmpkgPut(db, argc, blob, fread(blob, 1, sizeof(blob), f)) || rpmpkgVerify(db)) return 1;
	rpmpkgUnlock(db, 1);
	rpmpkgClose(db);
	return 0;
}
EOF
cc -w -D_GNU_SOURCE -I"$work/ndb" -I"$RPM_SOURCE/lib/backend/ndb" -o "$work/ndb/put" "$work/ndb/put.c" "$RPM_SOURCE/lib/backend/ndb/rpmpkg.c"

python3 - "$root/var/lib/rpm/rpmdb.sqlite" "$work" <<'EOF'
import sqlite3, struct, sys
rows = sqlite3.connect(sys.argv[1]).execute("SELECT hnum, blob FROM Packages ORDER BY hnum").fetchall()
for number, blob in rows:
    with open(f"{sys.argv[2]}/{number:04}.blob", "wb") as out:
        out.write(blob)
for name, form in (("little", "<I"), ("big", ">I")):
    with open(f"{sys.argv[2]}/{name}.dump", "w") as dump:
        dump.write("VERSION=3\nformat=bytevalue\ntype=hash\nHEADER=END\n")
        pack = lambda n: struct.pack(form, n)
        for key, value in [(pack(0), pack(rows[-1][0]))] + [(pack(n), blob) for n, blob in rows]:
            dump.write(f" {key.hex()}\n {value.hex()}\n")
        dump.write("DATA=END\n")
EOF
"$work/ndb/put" "$work/Packages.db" "$work"/*.blob
gzip -9nc "$work/Packages.db" >Packages.db.gz
db5.3_load -c db_lorder=1234 -c db_pagesize=4096 -f "$work/little.dump" "$work/Packages.le"
db5.3_load -c db_lorder=4321 -c db_pagesize=4096 -f "$work/big.dump" "$work/Packages.be"
gzip -9nc "$work/Packages.le" >Packages-little-endian.gz
gzip -9nc "$work/Packages.be" >Packages-big-endian.gz
ls -l
