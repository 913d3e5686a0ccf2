package lab

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// pythonImage is what differs between two points in time on python:3.8-slim.
type pythonImage struct {
	version, point              string // of CPython and of Debian
	pip, setuptools, wheel      string
	rootfs                      string // digest in the ADD line; empty for that of the stand-in's own files
	based, built                time.Time
	packages                    string
	getPip, getPipSHA256        string
	name, folder, title, follow string
}

// pythonSlim is python:3.8-slim as Docker Hub served it from 19 October 2023:
// CPython 3.8.18 on Debian 12.2. Everything of the time is taken from the
// official images' own record (see data/README.md).
func pythonSlim() recipe {
	return pythonImage{
		version: "3.8.18", point: "12.2",
		pip: "23.0.1", setuptools: "57.5.0", wheel: "0.41.2",
		rootfs:   "55ad846fa191e603f48090eae0e4a7149c4066b94406593ec1898ad2c3347937",
		based:    time.Date(2023, time.October, 11, 18, 34, 50, 0, time.UTC),
		built:    time.Date(2023, time.October, 16, 2, 15, 27, 0, time.UTC),
		packages: "python-packages.tsv",
		getPip:   "https://github.com/pypa/get-pip/raw/c6add47b0abf67511cdfb4734771cbab403af062/public/get-pip.py", getPipSHA256: "22b849a10f86f5ddf7ce148ca2a31214504ee6c83ef626840fde6e5dcd809d11",
		name: "python:3.8-slim", folder: "python-3.8-slim",
		title: "CPython 3.8.18 on Debian 12.2 (bookworm), as of 16 October 2023",
	}.recipe()
}

// pythonRebuilt is the same tag nine months of rebuilds later, as Docker Hub
// served it from 8 July 2024: what a pull and a rebuild would have cleared, and
// what was published afterwards. The record does not give the base's own time.
func pythonRebuilt() recipe {
	built := time.Date(2024, time.July, 8, 1, 49, 54, 0, time.UTC)
	return pythonImage{
		version: "3.8.19", point: "12.6",
		pip: "23.0.1", setuptools: "57.5.0", wheel: "0.43.0",
		based: built, built: built,
		packages: "python-rebuilt-packages.tsv",
		getPip:   "https://github.com/pypa/get-pip/raw/e03e1607ad60522cf34a92e834138eb89f57667c/public/get-pip.py", getPipSHA256: "ee09098395e42eb1f82ef4acb231a767a6ae85504a9cf9983223df0a7cbd35d7",
		name: "python:3.8.19-slim", folder: "python-3.8.19-slim",
		title: "CPython 3.8.19 on Debian 12.6 (bookworm), as of 8 July 2024", follow: "python:3.8-slim",
	}.recipe()
}

func (p pythonImage) recipe() recipe {
	const path = "/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	const key = "E3FF2839C048B25C084DEBE9B26995E310250568"
	debian := sync.OnceValues(func() (*debianSystem, error) {
		return loadDebian(debianRelease{"12", "bookworm", p.point, true}, p.packages, "python-files.tsv")
	})
	layer := func(n int, more ...entry) func() ([]entry, error) {
		return layerOf(debian, func(s *debianSystem) []entry { return append(s.installed(n), more...) })
	}
	base, build := history{at: p.based}, history{at: p.built, buildkit: true}
	env := []string{
		"PATH=" + path, "LANG=C.UTF-8", "GPG_KEY=" + key, "PYTHON_VERSION=" + p.version,
		"PYTHON_PIP_VERSION=" + p.pip, "PYTHON_SETUPTOOLS_VERSION=" + p.setuptools,
		"PYTHON_GET_PIP_URL=" + p.getPip, "PYTHON_GET_PIP_SHA256=" + p.getPipSHA256,
	}
	rootfs := layerOf(debian, (*debianSystem).rootfs)
	digest := p.rootfs
	if digest == "" {
		digest = contentDigest(rootfs)
	}
	steps := []step{
		base.add("ADD file:"+digest+" in /", rootfs),
		base.set(`CMD ["bash"]`),
		build.set("ENV " + env[0]),
		build.set("ENV " + env[1]),
		build.run("set -eux; \tapt-get update; \tapt-get install -y --no-install-recommends \t\tca-certificates \t\tnetbase \t\ttzdata \t; \trm -rf /var/lib/apt/lists/*", layer(1)),
		build.set("ENV " + env[2]),
		build.set("ENV " + env[3]),
		build.run(pythonBuild, layer(2, p.interpreter()...)),
		build.run("set -eux; \tfor src in idle3 pydoc3 python3 python3-config; do \t\tln -svT \"$src\" \"/usr/local/bin/$(echo \"$src\" | tr -d 3)\"; \tdone", fixed(
			link("usr/local/bin/idle", "idle3"), link("usr/local/bin/pydoc", "pydoc3"),
			link("usr/local/bin/python", "python3"), link("usr/local/bin/python-config", "python3-config"))),
	}
	for _, e := range env[4:] {
		steps = append(steps, build.set("ENV "+e))
	}
	// Installing and purging wget rewrites the package database, unchanged.
	steps = append(steps,
		build.run(pipInstall, layerOf(debian, func(s *debianSystem) []entry { return append(p.installers(), s.status(2)) })),
		build.set(`CMD ["python3"]`))
	return recipe{
		name: p.name, folder: p.folder, title: p.title, rebuilds: p.follow,
		created: p.built, config: v1.Config{Env: env, Cmd: []string{"python3"}}, steps: steps,
	}
}

// The long lines of the official Dockerfile, cut down to what they install.
const (
	pythonBuild = "set -eux; \tsavedAptMark=\"$(apt-mark showmanual)\"; \tapt-get update; \tapt-get install -y --no-install-recommends \t\tdpkg-dev gcc gnupg libbz2-dev libc6-dev libdb-dev libexpat1-dev libffi-dev libgdbm-dev liblzma-dev libncursesw5-dev libreadline-dev libsqlite3-dev libssl-dev make tk-dev uuid-dev wget xz-utils zlib1g-dev; \twget -O python.tar.xz \"https://www.python.org/ftp/python/${PYTHON_VERSION%%[a-z]*}/Python-$PYTHON_VERSION.tar.xz\"; \t./configure --enable-optimizations --enable-shared --with-system-expat --without-ensurepip; \tmake install; \tapt-get purge -y --auto-remove; \trm -rf /var/lib/apt/lists/*; \tpython3 --version"
	pipInstall  = "set -eux; \tapt-get update; \tapt-get install -y --no-install-recommends wget; \twget -O get-pip.py \"$PYTHON_GET_PIP_URL\"; \techo \"$PYTHON_GET_PIP_SHA256 *get-pip.py\" | sha256sum -c -; \tapt-get purge -y --auto-remove; \trm -rf /var/lib/apt/lists/*; \tpython get-pip.py --no-cache-dir \"pip==$PYTHON_PIP_VERSION\" \"setuptools==$PYTHON_SETUPTOOLS_VERSION\"; \trm -f get-pip.py; \tpip --version"
)

// interpreter is what "make install" leaves, as far as it names its version.
func (p pythonImage) interpreter() []entry {
	const bin, lib = "usr/local/bin/", "usr/local/lib/"
	return []entry{
		executable(bin+"python3.8", inertELF("/"+bin+"python3.8", p.version)),
		link(bin+"python3", "python3.8"),
		link(bin+"idle3", "idle3.8"),
		link(bin+"pydoc3", "pydoc3.8"),
		link(bin+"python3-config", "python3.8-config"),
		executable(lib+"libpython3.8.so.1.0", inertELF("/"+lib+"libpython3.8.so.1.0", p.version, "Python "+p.version)),
		link(lib+"libpython3.8.so", "libpython3.8.so.1.0"),
		file("usr/local/include/python3.8/patchlevel.h", fmt.Sprintf("#define PY_VERSION\t\"%s\"\n", p.version)),
	}
}

// installers are pip and what get-pip installs beside it.
func (p pythonImage) installers() []entry {
	var entries []entry
	pip := inertELF("/usr/local/bin/pip3.8")
	sum := sha256.Sum256([]byte(pip))
	scripts := map[string]string{"pip": fmt.Sprintf("../../../bin/pip3.8,sha256=%s,%d\n", base64.RawURLEncoding.EncodeToString(sum[:]), len(pip))}
	for _, d := range [][2]string{{"pip", p.pip}, {"setuptools", p.setuptools}, {"wheel", p.wheel}} {
		dir := fmt.Sprintf("%s-%s.dist-info/", d[0], d[1])
		const site = "usr/local/lib/python3.8/site-packages/"
		entries = append(entries,
			file(site+dir+"METADATA", fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\nClassifier: License :: OSI Approved :: MIT License\n", d[0], d[1])),
			file(site+dir+"INSTALLER", "pip\n"),
			file(site+dir+"RECORD", scripts[d[0]]+dir+"INSTALLER,,\n"+dir+"METADATA,,\n"+dir+"RECORD,,\n"))
	}
	return append(entries, executable("usr/local/bin/pip3.8", pip),
		link("usr/local/bin/pip3", "pip3.8"), link("usr/local/bin/pip", "pip3.8"))
}
