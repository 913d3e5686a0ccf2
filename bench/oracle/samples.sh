#!/bin/sh
# Builds small images that hold what the real ones of bench/realimages lack:
# programs and libraries of Debian's packages without the packages' records, so
# that they look as if someone had copied or compiled them there, and the
# records of package managers that Debian does not use.
#
#   usage: samples.sh WORKDIR [IMAGE...]      (as root, on Debian or a relative)
set -eu

[ $# -ge 1 ] || { sed -n 's/^#   usage/usage/p' "$0" >&2; exit 2; }
mkdir -p "$1"
work=$(cd "$1" && pwd)
shift
images=${*:-runtimes languages handmade alpine arch rpm ghost toolchains bullseye trixie}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work/debs" "$work/layers" "$work/images" "$work/rootfs"
(cd "$here/../.." && go build -o "$work/realimages" ./bench/realimages)

runtime_packages='python3.11-minimal libpython3.11-minimal libpython3.11 libnode108 nodejs redis-server redis-tools
	nginx haproxy apache2-bin memcached php8.2-cli php8.2-fpm libapache2-mod-php8.2 perl-base libperl5.36 libruby3.1
	ruby3.1 erlang-base elixir busybox bash zsh curl libcurl4 openssl libssl3 postgresql-15 mariadb-server-core
	mariadb-client-core lua5.4 liblua5.4-0 luajit libluajit-5.1-2 r-base-core golang-1.19-go golang-1.19-src openjdk-17-jre-headless
	openjdk-17-jdk-headless libstd-rust-1.63 libsqlite3-0 sqlite3 git gcc-12 cpp-12 ffmpeg libavcodec59 libavutil57 libavformat59
	libswresample4 zlib1g xz-utils zstd gzip jq wget util-linux tcl8.6 libtcl8.6 swi-prolog-core ghc cabal-install
	proftpd-core openvpn bind9 dovecot-core exim4-daemon-light postfix lighttpd varnish squid composer libkrb5-3
	libheimntlm0-heimdal libkrb5-26-heimdal ldap-utils libqt5core5a libqt6core6 imagemagick-6.q16 sudo openssh-server
	rabbitmq-server tini dnsmasq-base unbound samba rsync valkey sqlcipher pypy3 pypy3-lib julia libjulia1 libjulia-dev wp-cli
	grafana prometheus prometheus-node-exporter docker.io containerd runc etcd-server caddy hugo gh podman firefox-esr chromium
	libexpat1 libpcre2-8-0 libpng16-16 libtiff6 libarchive13 libnghttp2-14 libuv1 libgnutls30 libssh-4 libssh2-1 libc6'

language_packages='python3-pip-whl python3-setuptools-whl python3-wheel python3-requests python3-yaml python3-jinja2
	python3-cryptography python3-django python3-flask python3-numpy python3-pil python3-lxml python3-tornado python3-twisted
	python3-certifi python3-idna python3-urllib3 python3-werkzeug python3-paramiko python3-sqlalchemy python3-aiohttp
	libspring-core-java libspring-web-java libspring-context-java libspring-beans-java liblog4j2-java liblog4j1.2-java
	libcommons-collections3-java libcommons-collections4-java libcommons-text-java libcommons-io-java libcommons-fileupload-java
	libcommons-beanutils-java libjackson2-databind-java libjackson2-core-java libguava-java libxstream-java libtomcat9-java
	libnetty-java libdom4j-java libjetty9-java libhttpclient-java libxerces2-java libbcprov-java libjsoup-java libsnakeyaml-java
	libh2-java libpostgresql-jdbc-java libmariadb-java maven libmaven3-core-java libplexus-utils2-java libslf4j-java liblogback-java
	ruby-rack ruby-nokogiri ruby-sinatra ruby-rails ruby-activerecord ruby-actionpack ruby-loofah ruby-sanitize ruby-json
	ruby-bundler bundler rake ruby-puma puma ruby-jwt ruby-redcarpet
	npm node-semver node-lodash node-express node-minimist node-ws node-tar node-json5 node-got node-nopt node-debug
	node-ini node-y18n node-ajv node-yargs-parser node-acorn node-glob-parent node-postcss node-fetch node-undici
	php-pear php-symfony-console php-symfony-http-foundation php-twig php-guzzlehttp-psr7 phpunit
	r-cran-jsonlite r-cran-rcpp r-cran-curl r-cran-xml2'

# fetch PACKAGE...: those that this Debian has.
fetch() {
	(
		cd "$work/debs"
		for package in "$@"; do
			[ -n "$(find . -name "${package}_*.deb" -print -quit)" ] && continue
			apt-get download -q "$package" >/dev/null 2>&1 || echo "no package $package" >&2
		done
	)
}

# unpack ROOT PACKAGE...: files without records.
unpack() {
	root=$1
	shift
	for package in "$@"; do
		for deb in "$work/debs/${package}_"*.deb; do
			[ ! -e "$deb" ] || dpkg-deb -x "$deb" "$root"
		done
	done
}

new_root() {
	root="$work/rootfs/$1"
	rm -rf "$root"
	mkdir -p "$root/etc" "$root/usr/lib"
	printf 'PRETTY_NAME="%s"\nNAME="%s"\nID=%s\nVERSION_ID="%s"\n%s' "$2 $4" "$2" "$3" "$4" "${5:-}" >"$root/usr/lib/os-release"
	ln -s ../usr/lib/os-release "$root/etc/os-release"
}

layer() {
	tar --numeric-owner --owner=0 --group=0 --sort=name --mtime=@0 -cf "$work/layers/$1.tar" -C "$2" .
	gzip -n -1 -f "$work/layers/$1.tar"
}

image() {
	name=$1
	shift
	rm -rf "$work/images/$name"
	"$work/realimages" layout -out "$work/images/$name" -ref "$name" -cmd sh -- "$@"
}

build_runtimes() {
	fetch $runtime_packages
	new_root runtimes "Debian GNU/Linux" debian 12 'VERSION_CODENAME=bookworm
'
	unpack "$root" $runtime_packages
	# Kept under the names that official images have.
	mkdir -p "$root/usr/local/bin" "$root/usr/local/lib" "$root/opt/java"
	for pair in usr/sbin/apache2:httpd usr/bin/php8.2:php usr/sbin/php-fpm8.2:php-fpm usr/bin/ruby3.1:ruby \
		usr/bin/gcc-12:gcc usr/lib/postgresql/15/bin/postgres:postgres; do
		[ ! -e "$root/${pair%:*}" ] || mv "$root/${pair%:*}" "$root/usr/local/bin/${pair#*:}"
	done
	[ ! -e "$root/usr/bin/x86_64-linux-gnu-gcc-12" ] || mv "$root/usr/bin/x86_64-linux-gnu-gcc-12" "$root/usr/local/bin/gcc"
	# What is heavy and says nothing.
	rm -rf "$root/usr/share/doc" "$root/usr/share/locale" "$root/usr/share/man" "$root/usr/lib/ghc/lib" "$root"/usr/lib/chromium/locales "$root"/usr/lib/firefox-esr/*.so \
		"$root"/usr/lib/go-1.19/pkg "$root"/usr/lib/jvm/*/lib/modules "$root"/usr/lib/jvm/*/jmods "$root"/usr/lib/jvm/*/lib/src.zip
	layer runtimes "$root"
	image runtimes "$work/layers/runtimes.tar.gz" "COPY --from=build / /"
}

build_languages() {
	fetch $language_packages
	new_root languages "Debian GNU/Linux" debian 12 'VERSION_CODENAME=bookworm
'
	unpack "$root" $language_packages
	site="$root/usr/local/lib/python3.11/site-packages"
	mkdir -p "$site" "$root/app/WEB-INF/lib" "$root/srv"
	for wheel in "$root"/usr/share/python-wheels/*.whl; do
		[ ! -e "$wheel" ] || python3 -m zipfile -e "$wheel" "$site"
	done
	# A web archive, and one in which everything lies nested twice.
	find "$root/usr/share/java" -type f \( -name 'spring-*.jar' -o -name 'log4j*.jar' -o -name 'commons-*.jar' -o -name 'jackson-*.jar' \
		-o -name 'guava*.jar' -o -name 'netty*.jar' -o -name 'snakeyaml*.jar' \) -exec cp {} "$root/app/WEB-INF/lib/" \;
	(cd "$root/app" && mkdir -p META-INF && printf 'Manifest-Version: 1.0\nImplementation-Title: shop\nImplementation-Version: 1.4.2\n\n' >META-INF/MANIFEST.MF &&
		python3 -m zipfile -c ../srv/shop-1.4.2.war META-INF WEB-INF && python3 -m zipfile -c ../srv/dist.zip WEB-INF/lib/guava*.jar WEB-INF/lib/commons-text*.jar && rm -rf WEB-INF && mkdir lib && cp ../srv/shop-1.4.2.war lib/ &&
		python3 -m zipfile -c ../srv/all.ear META-INF lib && rm -rf "$root/app")
	rm -rf "$root/usr/share/doc" "$root/usr/share/locale" "$root/usr/share/man"
	layer languages "$root"
	image languages "$work/layers/languages.tar.gz" "COPY --from=build / /"
}

# What the package managers of PHP, .NET, conda and others write, in their shape.
build_handmade() {
	new_root handmade "Debian GNU/Linux" debian 12
	cp -r "$here/handmade/." "$root/"
	layer handmade "$root"
	image handmade "$work/layers/handmade.tar.gz" "COPY . /"
}

build_alpine() {
	new_root alpine "Alpine Linux" alpine 3.18.4
	cp -r "$here/alpine/." "$root/"
	layer alpine "$root"
	image alpine "$work/layers/alpine.tar.gz" "ADD file:alpine.tar.gz in / "
}

build_arch() {
	new_root arch "Arch Linux" arch ""
	cp -r "$here/arch/." "$root/"
	layer arch "$root"
	image arch "$work/layers/arch.tar.gz" "ADD arch.tar.gz / "
}

# Packages of a Red Hat relative, made here and installed into a database as
# today's rpm writes it.
build_rpm() {
	top="$work/rpmbuild"
	rm -rf "$top"
	mkdir -p "$top/SPECS"
	while read -r name epoch version release license module; do
		cat >"$top/SPECS/$name.spec" <<-SPEC
			Name: $name
			Epoch: $epoch
			Version: $version
			Release: $release
			Summary: sample
			License: $license
			Vendor: Rocky Enterprise Software Foundation
			BuildArch: x86_64
			%description
			sample
			%files
		SPEC
		[ -z "$module" ] || sed -i "1i ModularityLabel: $module" "$top/SPECS/$name.spec"
		[ "$epoch" != 0 ] || sed -i /^Epoch/d "$top/SPECS/$name.spec"
		rpmbuild --quiet --define "_topdir $top" -bb "$top/SPECS/$name.spec" >/dev/null 2>&1
	done <"$here/rpm.list"
	new_root rpm "Rocky Linux" rocky 9.3 'PLATFORM_ID="platform:el9"
'
	rpm --root "$root" --dbpath /usr/lib/sysimage/rpm --nodeps --noscripts -i "$top"/RPMS/*/*.rpm
	# Every such image holds its distribution's keys, as packages of their own.
	key=$(ls /etc/apt/trusted.gpg.d/*.asc | head -n 1)
	[ ! -e "$key" ] || rpm --root "$root" --dbpath /usr/lib/sysimage/rpm --import "$key"
	layer rpm "$root"
	image rpm "$work/layers/rpm.tar.gz" "ADD rootfs.tar.gz / "
}

# Debian's release before bench/realimages', and the one after.
build_bullseye() { debian_release bullseye; }
build_trixie() { debian_release trixie; }
debian_release() {
	root="$work/rootfs/$1"
	rm -rf "$root"
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 'Created-By: Packages' | awk '$2 == "Debian" { print $1; exit }')
	debootstrap --variant=minbase "$1" "$root" "$mirror" >/dev/null
	rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/dev/*
	layer "$1" "$root"
	image "$1" "$work/layers/$1.tar.gz" "ADD file:rootfs.tar.gz in / "
}

# A database that a later layer deletes while the files stay.
build_ghost() {
	fetch libssl3 zlib1g curl libcurl4 perl-base
	new_root ghost "Debian GNU/Linux" debian 12 'VERSION_CODENAME=bookworm
'
	mkdir -p "$root/var/lib/dpkg/info"
	for package in libssl3 zlib1g curl libcurl4 perl-base; do
		for deb in "$work/debs/${package}_"*.deb; do
			dpkg-deb -x "$deb" "$root"
			{ dpkg-deb -f "$deb" | sed '1a Status: install ok installed'; echo; } >>"$root/var/lib/dpkg/status"
			dpkg-deb -c "$deb" | awk '{ sub(/^\./, "", $6); sub(/\/$/, "", $6); print $6 == "" ? "/." : $6 }' >"$root/var/lib/dpkg/info/$package.list"
		done
	done
	layer ghost "$root"
	rm -rf "$work/rootfs/ghost-top"
	mkdir -p "$work/rootfs/ghost-top/var/lib"
	: >"$work/rootfs/ghost-top/var/lib/.wh.dpkg"
	layer ghost-top "$work/rootfs/ghost-top"
	image ghost "$work/layers/ghost.tar.gz" "ADD rootfs.tar.gz / " "$work/layers/ghost-top.tar.gz" "RUN rm -rf /var/lib/dpkg"
}

# The excerpts of real programs that syft's own classifiers are tested with,
# where syft's source is at hand (SYFT_SOURCE).
build_classifiers() {
	new_root classifiers "Debian GNU/Linux" debian 12
	cp -r "${SYFT_SOURCE:?is the folder of syft's source}/syft/pkg/cataloger/binary/testdata/classifiers" "$root/opt"
	chmod -R u+w "$root/opt"
	# In the folders where the programs are installed.
	find "$root/opt/snippets" -type f | while read -r file; do
		case $file in
		*/java | */jdb | */go) into=bin ;;
		*/application.ini) into=firefox ;;
		*/VERSION | */VERSION.cache) into=go ;;
		*) continue ;;
		esac
		mkdir -p "${file%/*}/$into.d/$into" && mv "$file" "${file%/*}/$into.d/$into/"
	done
	layer classifiers "$root"
	image classifiers "$work/layers/classifiers.tar.gz" "COPY snippets /opt "
}

# What this machine has outside its package manager, built by the projects
# themselves: the image differs from machine to machine.
build_toolchains() {
	new_root toolchains "Debian GNU/Linux" debian 12 'VERSION_CODENAME=bookworm
'
	mkdir -p "$root/usr/local/bin" "$root/opt"
	for python in "$HOME"/.pyenv/versions/*; do
		[ ! -d "$python" ] || cp -a --parents "$python"/bin/python[23]* "$python"/lib/libpython* "$python"/lib/python*/site-packages "$root/opt" 2>/dev/null || :
	done
	for program in node docker terraform traefik consul vault helm; do
		at=$(command -v "$program") && cp -L "$at" "$root/usr/local/bin/$program" || :
	done
	mkdir -p "$root/usr/local/go/bin"
	cp "$(go env GOROOT)/VERSION" "$root/usr/local/go/"
	cp "$(go env GOROOT)/bin/go" "$root/usr/local/go/bin/"
	for rust in "$HOME"/.rustup/toolchains/*; do
		[ ! -d "$rust" ] || cp -a --parents "$rust"/lib/libstd-* "$root/opt" 2>/dev/null || :
	done
	for java in /usr/lib/jvm/*; do
		[ -L "$java" ] || [ ! -e "$java/release" ] || { mkdir -p "$root/opt/${java##*/}/bin" && cp -L "$java/release" "$root/opt/${java##*/}/" && cp -L "$java/bin/java" "$root/opt/${java##*/}/bin/"; }
	done
	layer toolchains "$root"
	image toolchains "$work/layers/toolchains.tar.gz" "COPY --from=build / /"
}

for name in $images; do
	"build_$name"
done
