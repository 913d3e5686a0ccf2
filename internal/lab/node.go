package lab

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	nodeVersion = "14.21.3"
	yarnVersion = "1.22.19"
)

// node14 is node:14 as Docker Hub served it from 17 February 2023: Node.js
// 14.21.3, the last of its line, with npm 6.14.18 and Yarn 1.22.19, on
// buildpack-deps of Debian 10.13. See data/README.md for where it is from.
func node14() recipe {
	debian := sync.OnceValues(func() (*debianSystem, error) {
		return loadDebian(debianRelease{"10", "buster", "10.13", false}, "node-packages.tsv", "node-files.tsv")
	})
	layer := func(n int) func() ([]entry, error) {
		return layerOf(debian, func(s *debianSystem) []entry { return s.installed(n) })
	}
	// The record gives the time of the last line only. The base is of the day
	// on which it was made for the other architectures, and the digest in its
	// line that of the stand-in's own files.
	base := history{at: time.Date(2023, time.February, 9, 0, 0, 0, 0, time.UTC)}
	build := history{at: time.Date(2023, time.February, 17, 18, 30, 3, 0, time.UTC)}
	rootfs := layerOf(debian, (*debianSystem).rootfs)
	return recipe{
		name: "node:14", folder: "node-14",
		title:   "Node.js 14.21.3 on Debian 10.13 (buster), as of 17 February 2023",
		created: build.at,
		config: v1.Config{
			Env: []string{
				"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
				"NODE_VERSION=" + nodeVersion, "YARN_VERSION=" + yarnVersion,
			},
			Entrypoint: []string{"docker-entrypoint.sh"}, Cmd: []string{"node"},
		},
		steps: []step{
			base.add("ADD file:"+contentDigest(rootfs)+" in /", rootfs),
			base.set(`CMD ["bash"]`),
			base.run("set -eux; \tapt-get update; \tapt-get install -y --no-install-recommends \t\tca-certificates \t\tcurl \t\tnetbase \t\twget \t; \trm -rf /var/lib/apt/lists/*", layer(1)),
			base.run("set -ex; \tif ! command -v gpg > /dev/null; then \t\tapt-get update; \t\tapt-get install -y --no-install-recommends \t\t\tgnupg \t\t\tdirmngr \t\t; \t\trm -rf /var/lib/apt/lists/*; \tfi", layer(2)),
			base.run("apt-get update && apt-get install -y --no-install-recommends \t\tgit \t\tmercurial \t\topenssh-client \t\tsubversion \t\t\t\tprocps \t&& rm -rf /var/lib/apt/lists/*", layer(3)),
			base.run(buildpackInstall, layer(4)),
			build.run("groupadd --gid 1000 node   && useradd --uid 1000 --gid node --shell /bin/bash --create-home node", fixed(nodeUser()...)),
			build.set("ENV NODE_VERSION=" + nodeVersion),
			build.run(nodeInstall, nodeFiles),
			build.set("ENV YARN_VERSION=" + yarnVersion),
			build.run(yarnInstall, fixed(yarnFiles()...)),
			build.add("COPY file:4d192565a7220e135cab6c77fbc1c73211b69f3d9fb37e62857b2c6eb9363d51 in /usr/local/bin/",
				fixed(executable("usr/local/bin/docker-entrypoint.sh", "#!/bin/sh\nexec \"$@\"\n"))),
			build.set(`ENTRYPOINT ["docker-entrypoint.sh"]`),
			build.set(`CMD ["node"]`),
		},
	}
}

// The long lines of the official Dockerfiles; those that fetch and verify are
// cut down to what they install.
const (
	buildpackInstall = "set -ex; \tapt-get update; \tapt-get install -y --no-install-recommends \t\tautoconf \t\tautomake \t\tbzip2 \t\tdpkg-dev \t\tfile \t\tg++ \t\tgcc \t\timagemagick \t\tlibbz2-dev \t\tlibc6-dev \t\tlibcurl4-openssl-dev \t\tlibdb-dev \t\tlibevent-dev \t\tlibffi-dev \t\tlibgdbm-dev \t\tlibglib2.0-dev \t\tlibgmp-dev \t\tlibjpeg-dev \t\tlibkrb5-dev \t\tliblzma-dev \t\tlibmagickcore-dev \t\tlibmagickwand-dev \t\tlibmaxminddb-dev \t\tlibncurses5-dev \t\tlibncursesw5-dev \t\tlibpng-dev \t\tlibpq-dev \t\tlibreadline-dev \t\tlibsqlite3-dev \t\tlibssl-dev \t\tlibtool \t\tlibwebp-dev \t\tlibxml2-dev \t\tlibxslt-dev \t\tlibyaml-dev \t\tmake \t\tpatch \t\tunzip \t\txz-utils \t\tzlib1g-dev \t\tdefault-libmysqlclient-dev \t; \trm -rf /var/lib/apt/lists/*"
	nodeInstall      = "set -ex   && curl -fsSLO --compressed \"https://nodejs.org/dist/v$NODE_VERSION/node-v$NODE_VERSION-linux-x64.tar.xz\"   && grep \" node-v$NODE_VERSION-linux-x64.tar.xz\\$\" SHASUMS256.txt | sha256sum -c -   && tar -xJf \"node-v$NODE_VERSION-linux-x64.tar.xz\" -C /usr/local --strip-components=1 --no-same-owner   && ln -s /usr/local/bin/node /usr/local/bin/nodejs   && node --version   && npm --version"
	yarnInstall      = "set -ex   && curl -fsSLO --compressed \"https://yarnpkg.com/downloads/$YARN_VERSION/yarn-v$YARN_VERSION.tar.gz\"   && mkdir -p /opt   && tar -xzf yarn-v$YARN_VERSION.tar.gz -C /opt/   && ln -s /opt/yarn-v$YARN_VERSION/bin/yarn /usr/local/bin/yarn   && ln -s /opt/yarn-v$YARN_VERSION/bin/yarnpkg /usr/local/bin/yarnpkg   && yarn --version"
)

// nodeUser rewrites the account files of the layer below.
func nodeUser() []entry {
	passwd := debianPasswd + "node:x:1000:1000::/home/node:/bin/bash\n"
	return []entry{
		file("etc/passwd", passwd),
		file("etc/group", debianGroup+"node:x:1000:\n"),
		{path: "etc/shadow", mode: 0o640, content: shadowOf(passwd)},
		{path: "home/node/", mode: 0o755, uid: 1000},
	}
}

func nodeFiles() ([]entry, error) {
	const bin = "usr/local/bin/"
	major, rest, _ := strings.Cut(nodeVersion, ".")
	minor, patch, _ := strings.Cut(rest, ".")
	entries := []entry{
		executable(bin+"node", inertELF("/"+bin+"node", "node.js/v"+nodeVersion, "v"+nodeVersion)),
		link(bin+"nodejs", "/usr/local/bin/node"),
		link(bin+"npm", "../lib/node_modules/npm/bin/npm-cli.js"),
		link(bin+"npx", "../lib/node_modules/npm/bin/npx-cli.js"),
		file("usr/local/include/node/node_version.h", fmt.Sprintf(
			"#define NODE_MAJOR_VERSION %s\n#define NODE_MINOR_VERSION %s\n#define NODE_PATCH_VERSION %s\n", major, minor, patch)),
	}
	bundle, err := loadTable("npm-6.14.18.tsv", "folder", "name", "version", "license")
	if err != nil {
		return nil, err
	}
	for _, r := range bundle.rows {
		entries = append(entries, file(path.Join("usr/local/lib/node_modules/npm", r[0], "package.json"), packageJSON(r[1], r[2], r[3])))
	}
	return entries, nil
}

func yarnFiles() []entry {
	const dir = "opt/yarn-v" + yarnVersion
	return []entry{
		file(dir+"/package.json", packageJSON("yarn", yarnVersion, "BSD-2-Clause")),
		link("usr/local/bin/yarn", "/"+dir+"/bin/yarn"),
		link("usr/local/bin/yarnpkg", "/"+dir+"/bin/yarnpkg"),
	}
}

func packageJSON(name, version, license string) string {
	b, _ := json.MarshalIndent(struct { // three strings always encode
		Name    string `json:"name"`
		Version string `json:"version"`
		License string `json:"license,omitempty"`
	}{name, version, license}, "", "  ")
	return string(b) + "\n"
}
