#!/bin/sh
# Builds real container images, as OCI layouts, from Debian packages, npm and Go
# modules; README.md says what each holds. Finished steps are kept, so a second
# run does only what is missing.
#
#   usage: build.sh WORKDIR [IMAGE...]      (as root, on Debian or a relative)
set -eu

[ $# -ge 1 ] || { sed -n 's/^#   usage/usage/p' "$0" >&2; exit 2; }
mkdir -p "$1"
work=$(cd "$1" && pwd)
shift
images=${*:-debian debian-full node go large}
here=$(cd "$(dirname "$0")" && pwd)
suite=bookworm

mkdir -p "$work/rootfs" "$work/layers" "$work/images" "$work/tmp"
say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*" >&2; }

# once NAME COMMAND...: runs the step unless an earlier run finished it; two
# runs at the same time share the work.
once() (
	step=$1
	shift
	exec 9>"$work/.lock-$step"
	flock 9
	[ ! -e "$work/.done-$step" ] || exit 0
	say "$step"
	"$@"
	: >"$work/.done-$step"
)

# The Debian mirror is the one that this machine already uses.
debian_mirror() {
	apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' |
		awk -v suite="$suite" '$2 == suite && $3 == "Debian" { print $1; exit }'
}

need() {
	command -v "$1" >/dev/null || { say "install $2"; apt-get install -y -q --no-install-recommends "$2" >/dev/null; }
}

compile_tool() {
	(cd "$here/../.." && go build -o "$work/realimages" ./bench/realimages)
}

# in_chroot ROOT COMMAND...: with /proc and the usual devices.
in_chroot() {
	root=$1
	shift
	mount -t proc proc "$root/proc"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	for device in null zero full random urandom tty; do cp -a "/dev/$device" "$root/dev/$device"; done
	ln -s /proc/self/fd "$root/dev/fd"
	code=0
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		chroot "$root" "$@" || code=$?
	umount "$root/dev" "$root/proc"
	return $code
}

# install ROOT PACKAGE...: what a Dockerfile's RUN apt-get install leaves.
install() {
	root=$1
	shift
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	apt-config dump | grep -i '^Acquire::.*proxy' >"$root/etc/apt/apt.conf.d/99build" || :
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	in_chroot "$root" apt-get update -q
	in_chroot "$root" apt-get install -y -q --no-install-recommends "$@"
	in_chroot "$root" apt-get clean
	rm -rf "$root"/var/lib/apt/lists/* "$root/etc/apt/apt.conf.d/99build" "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf"
}

# pack LAYER NEW [OLD]: the entries of NEW that OLD lacks or has otherwise, with
# whiteouts for what is gone, as an uncompressed tar.
pack() {
	layer=$1 new=$2 old=${3:-}
	wh="$work/tmp/$layer.whiteouts"
	rm -rf "$wh"
	mkdir -p "$wh"
	"$work/realimages" diff -new "$new" -old "$old" -whiteouts "$wh" >"$work/tmp/$layer.list"
	set -- --numeric-owner --xattrs --no-recursion --null --format=posix --pax-option=delete=atime,delete=ctime
	tar "$@" -cf "$work/layers/$layer.tar" -C "$new" -T "$work/tmp/$layer.list"
	(cd "$wh" && find . -type f -print0) >"$work/tmp/$layer.wh.list"
	if [ -s "$work/tmp/$layer.wh.list" ]; then
		tar "$@" -rf "$work/layers/$layer.tar" -C "$wh" -T "$work/tmp/$layer.wh.list"
	fi
}

with_gzip() {
	gzip -n -6 -f "$work/layers/$1.tar"
}
with_zstd() {
	zstd -q -f -T1 -6 --rm "$work/layers/$1.tar" -o "$work/layers/$1.tar.zst"
}

base_root() {
	rm -rf "$work/rootfs/base"
	debootstrap --variant=minbase "$suite" "$work/rootfs/base" "$(debian_mirror)" >"$work/tmp/debootstrap.log"
	rm -rf "$work"/rootfs/base/var/cache/apt/archives/*.deb "$work"/rootfs/base/var/lib/apt/lists/* \
		"$work"/rootfs/base/var/log/bootstrap.log "$work"/rootfs/base/dev/* "$work/rootfs/base/etc/resolv.conf" \
		"$work/rootfs/base/etc/hostname"
}

copy_root() {
	umount "$work/rootfs/$2/dev" "$work/rootfs/$2/proc" 2>/dev/null || : # of a run that was killed
	rm -rf "$work/rootfs/$2"
	cp -a "$work/rootfs/$1" "$work/rootfs/$2"
}

full_packages='python3 python3-requests python3-yaml python3-jinja2 python3-cryptography perl openssh-client git curl
	ca-certificates default-jre-headless libspring-core-java libspring-web-java libspring-context-java liblog4j2-java
	liblog4j1.2-java libcommons-collections3-java libcommons-text-java libjackson2-databind-java libguava-java
	libxstream-java libtomcat9-java libnetty-java ruby ruby-rack ruby-nokogiri ruby-sinatra php-cli php-symfony-console
	php-symfony-http-foundation php-twig composer nginx-light redis-server'
large_packages='build-essential golang-go cmake gdb linux-headers-amd64 mariadb-server python3-pandas'

full_root() {
	copy_root base full
	install "$work/rootfs/full" $full_packages
}
large_root() {
	copy_root full large
	install "$work/rootfs/large" $large_packages
}

# A web application with its tools, at versions with known advisories among them.
node_root() {
	rm -rf "$work/rootfs/node"
	mkdir -p "$work/rootfs/node/app"
	cat >"$work/rootfs/node/app/package.json" <<-'JSON'
		{
		  "name": "shop", "version": "1.4.2", "private": true,
		  "dependencies": {
		    "lodash": "4.17.15", "express": "4.17.1", "next": "13.5.6", "react": "18.2.0", "react-dom": "18.2.0",
		    "axios": "0.21.0", "jsonwebtoken": "8.5.1", "minimist": "1.2.5", "ws": "7.4.5", "moment": "2.29.1",
		    "@babel/traverse": "7.22.0", "sequelize": "6.28.0"
		  },
		  "devDependencies": {
		    "webpack": "5.75.0", "webpack-cli": "5.0.1", "webpack-dev-server": "4.11.1", "eslint": "8.36.0",
		    "jest": "29.5.0", "typescript": "5.0.2", "@storybook/react": "7.0.2", "gulp": "4.0.2", "mocha": "10.2.0"
		  }
		}
	JSON
	(cd "$work/rootfs/node/app" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error --cache "$work/tmp/npm")
	printf 'require("express")().listen(3000)\n' >"$work/rootfs/node/app/server.js"
	chown -R 0:0 "$work/rootfs/node"
}

go_commands='github.com/google/go-containerregistry/cmd/crane@v0.15.2 github.com/mikefarah/yq/v4@v4.33.3
	github.com/prometheus/node_exporter@v1.6.1 github.com/caddyserver/caddy/v2/cmd/caddy@v2.10.0'

go_binaries() {
	rm -rf "$work/rootfs/gobin"
	mkdir -p "$work/rootfs/gobin/usr/bin"
	for command in $go_commands; do
		say "go install $command"
		(cd "$work/tmp" && CGO_ENABLED=0 GOBIN="$work/rootfs/gobin/usr/bin" GOFLAGS=-trimpath go install "$command")
	done
}

# A root without a package manager: status.d, as distroless images have it.
static_root() {
	root="$work/rootfs/static"
	rm -rf "$root"
	mkdir -p "$root/etc/ssl/certs" "$root/var/lib/dpkg/status.d" "$root/tmp" "$root/home/nonroot" "$root/usr/lib"
	chmod 1777 "$root/tmp"
	cp "$work/rootfs/base/usr/lib/os-release" "$root/usr/lib/os-release"
	ln -s ../usr/lib/os-release "$root/etc/os-release"
	printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$root/etc/passwd"
	[ ! -e "$work/rootfs/full/etc/ssl/certs/ca-certificates.crt" ] ||
		cp "$work/rootfs/full/etc/ssl/certs/ca-certificates.crt" "$root/etc/ssl/certs/"
	for package in base-files netbase tzdata libc6 libssl3; do
		awk -v RS= -v want="Package: $package" '{ split($0, l, "\n"); if (l[1] == want) print }' \
			"$work/rootfs/full/var/lib/dpkg/status" >"$root/var/lib/dpkg/status.d/$package"
		[ -s "$root/var/lib/dpkg/status.d/$package" ] || rm "$root/var/lib/dpkg/status.d/$package"
	done
}

# Steps stand on lines of their own: in a list joined by && the shell would not
# stop at an error inside.
layer_base() {
	once rootfs-base base_root
	once pack-base pack base "$work/rootfs/base"
	once compress-base with_gzip base
}
layer_full() {
	layer_base
	once rootfs-full full_root
	once pack-full pack full "$work/rootfs/full" "$work/rootfs/base"
	once compress-full with_zstd full
}
layer_large() {
	layer_full
	once rootfs-large large_root
	once pack-large pack large "$work/rootfs/large" "$work/rootfs/full"
	once compress-large with_gzip large
}
layer_node() {
	once rootfs-node node_root
	once pack-node pack node "$work/rootfs/node"
	once compress-node with_gzip node
}
layer_go() {
	once rootfs-gobin go_binaries
	once pack-gobin pack gobin "$work/rootfs/gobin"
	once compress-gobin with_gzip gobin
}
layer_static() {
	layer_full
	once rootfs-static static_root
	once pack-static pack static "$work/rootfs/static"
	once compress-static with_gzip static
}

# assemble NAME [FLAG...] -- LAYER HISTORY ...
assemble() {
	name=$1
	shift
	rm -rf "$work/images/$name" "$work/images/$name.new"
	"$work/realimages" layout -out "$work/images/$name.new" -ref "$name" "$@"
	mv "$work/images/$name.new" "$work/images/$name"
}

base_line="/bin/sh -c #(nop) ADD file:debian.tar.gz in / "
full_line="RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends $(echo $full_packages) && rm -rf /var/lib/apt/lists/* # buildkit"
large_line="RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends $(echo $large_packages) && rm -rf /var/lib/apt/lists/* # buildkit"
node_line="COPY /app /app # buildkit"
go_line="COPY /out/ /usr/bin/ # buildkit"

build() {
	case $1 in
	debian)
		layer_base
		once image-debian assemble debian -cmd bash -- "$work/layers/base.tar.gz" "$base_line"
		;;
	debian-full)
		layer_full
		once image-debian-full assemble debian-full -cmd bash -env JAVA_HOME=/usr/lib/jvm/default-java -- \
			"$work/layers/base.tar.gz" "$base_line" "$work/layers/full.tar.zst" "$full_line"
		;;
	node)
		layer_base
		layer_node
		once image-node assemble node -cmd "node server.js" -env NODE_ENV=production -workdir /app -port 3000 -- \
			"$work/layers/base.tar.gz" "$base_line" "$work/layers/node.tar.gz" "$node_line"
		;;
	go)
		layer_go
		layer_static
		once image-go assemble go -cmd /usr/bin/caddy -user 65532 -port 443 -- \
			"$work/layers/static.tar.gz" "bazel build //base:static" "$work/layers/gobin.tar.gz" "$go_line"
		;;
	large)
		layer_full
		layer_large
		layer_node
		layer_go
		once image-large assemble large -cmd bash -env JAVA_HOME=/usr/lib/jvm/default-java -- \
			"$work/layers/base.tar.gz" "$base_line" "$work/layers/full.tar.zst" "$full_line" \
			"$work/layers/large.tar.gz" "$large_line" "$work/layers/node.tar.gz" "$node_line" "$work/layers/gobin.tar.gz" "$go_line"
		;;
	*)
		echo "no image $1: there are debian, debian-full, node, go and large" >&2
		exit 2
		;;
	esac
}

need debootstrap debootstrap
need zstd zstd
compile_tool
for image in $images; do
	build "$image"
done
"$work/realimages" sizes "$work/images"
