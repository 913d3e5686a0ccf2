# Sourced by rebuilds.sh: the images that Dockerfiles begin with, in the registry.

docker() { "$DOCKER" -H "$PLIMSOLL_BUILD_DOCKER_HOST" "$@"; }

# logged NAME COMMAND... shows what a step said only where it failed.
logged() {
	log=$work/$1.log
	shift
	if ! "$@" >"$log" 2>&1; then
		tail -n 40 "$log"
		say "failed: $*"
		exit 1
	fi
}

# publish IMAGE NAME... pushes an image under each name; names of docker.io and
# gcr.io lead to the registry here.
publish() {
	image=$1
	shift
	for name; do
		docker tag "$image" "$name"
		logged push docker push "$name"
	done
}

# mirror PACKAGE: where this machine has Debian from.
mirror() {
	apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' |
		awk -v end="$1" '$3 == "Debian" && $2 ~ end { print $1; exit }'
}

# debian SUITE NAME...: Debian's root as the official images have it, which knows
# where this machine has packages from.
debian() {
	release=$1
	shift
	main=$(mirror '^[a-z]*$') security=$(mirror '-security$')
	: "${main:=http://deb.debian.org/debian}"
	root=$work/root-$release
	printf 'deb %s %s main\n' "$main" "$release" >"$root.list"
	[ -z "$security" ] || printf 'deb %s %s-security main\n' "$security" "$release" >>"$root.list"
	apt-config dump | grep -i '^Acquire::.*proxy' >"$root.proxy" || :
	printf 'APT::Install-Suggests "false";\nAcquire::Languages "none";\n' >>"$root.proxy"
	# Without fsync, as the official images are.
	logged "debian-$release" mmdebstrap --variant=minbase --mode=root --quiet --dpkgopt=force-unsafe-io \
		--customize-hook="cp $root.proxy \"\$1/etc/apt/apt.conf.d/90machine\"" \
		"$release" "$root.tar" "$root.list"
	docker import -c 'CMD ["bash"]' "$root.tar" "debian:$release-slim" >/dev/null
	rm "$root.tar"
	publish "debian:$release-slim" "$@"
}

# npm_package NAME@RANGE FOLDER unpacks a package into the build context.
npm_package() {
	mkdir -p "$context/$2"
	tgz=$(cd "$work/tmp" && npm pack --silent --ignore-scripts "$1")
	tar -xzf "$work/tmp/$tgz" -C "$context/$2" --strip-components=1 --no-same-owner
	rm "$work/tmp/$tgz"
}

# gather puts into the build context what the stand-ins take from the machine.
gather() {
	context=$work/context
	mkdir -p "$context"
	cp tools/rebuilds/bases/* "$context/"
	cp "$work/ca.pem" "$context/"
	case $(uname -m) in
	aarch64) npm_arch=arm64 ;;
	*) npm_arch=x64 ;;
	esac
	npm_package "node-linux-$npm_arch@20" node20
	npm_package "node-linux-$npm_arch@22" node22
	npm_package npm@10 npm
	printf 'registry=%s\ncafile=/usr/local/share/standin/ca.pem\nupdate-notifier=false\nfund=false\naudit=false\n' \
		"$(npm config get registry)" >"$context/npmrc"
}

# frontend publishes BuildKit's reader of Dockerfiles, for "# syntax=" lines.
frontend() {
	version=$($GO list -m -f '{{.Version}}' github.com/moby/buildkit)
	mkdir -p "$work/frontend"
	# A module of its own, since "go install" refuses one with exclude directives.
	logged frontend sh -ec "cd '$work/frontend'; export CGO_ENABLED=0 GOFLAGS= GOWORK=off; $GO mod init frontend; \
		$GO get github.com/moby/buildkit/frontend/dockerfile/cmd/dockerfile-frontend@$version; \
		$GO build -trimpath -o dockerfile-frontend github.com/moby/buildkit/frontend/dockerfile/cmd/dockerfile-frontend"
	# shellcheck disable=SC2016 # not for this shell
	printf 'FROM scratch\nLABEL moby.buildkit.frontend.network.none=true moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts"\nCOPY dockerfile-frontend /bin/\nENTRYPOINT ["/bin/dockerfile-frontend"]\n' >"$work/frontend/Dockerfile"
	logged frontend docker build -t docker/dockerfile:1 "$work/frontend"
	publish docker/dockerfile:1 docker/dockerfile:1 docker/dockerfile:latest
}

# stand_in DOCKERFILE STAGE ARGS NAME... builds one line of bases/list.
stand_in() {
	file=$1 stage=$2 arguments=$3 image=$4
	folder=$context
	shift 3
	set -- "$@" --
	names=
	while [ "$1" != -- ]; do
		names="$names $1"
		shift
	done
	shift
	[ "$stage" = - ] || set -- "$@" --target "$stage"
	if [ "$arguments" != - ]; then
		for argument in $(echo "$arguments" | tr , ' '); do set -- "$@" --build-arg "$argument"; done
	fi
	if [ "$file" = golang ]; then
		folder=$($GO env GOROOT)
		for name in GOPROXY GOSUMDB GONOSUMDB; do set -- "$@" --build-arg "$name=$($GO env "$name")"; done
		set -- "$@" --secret "id=ca,src=$work/ca.pem"
	fi
	logged "base-$file" docker build --network host -t "$image" -f "tools/rebuilds/bases/$file.Dockerfile" "$@" "$folder"
	# shellcheck disable=SC2086 # a list of names
	publish "$image" $names
}

make_bases() {
	say "building the bases"
	debian bookworm debian:bookworm-slim debian:bookworm debian:12 debian:12-slim
	debian trixie debian:trixie-slim debian:trixie debian:13 debian:13-slim debian:latest debian:stable-slim
	gather
	frontend
	while read -r file stage arguments names; do
		case $file in '' | '#'*) continue ;; esac
		# shellcheck disable=SC2086 # a list of names
		stand_in "$file" "$stage" "$arguments" $names
		say "$file $stage $arguments after $(($(date +%s) - began)) s"
	done <tools/rebuilds/bases/list
}
