package hygiene

import (
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// otherLanguageRules are about Ruby, Go, Rust, PHP, conda, uv and Poetry.
func otherLanguageRules() []Rule {
	return []Rule{
		gemUnpinned(), goUnpinned(), cargoUnpinned(), cargoCache(), composerUnpinned(), composerCache(),
		condaUnpinned(), condaCache(), uvUnpinned(), uvCache(), poetryUnpinned(), poetryCache(),
	}
}

func gemUnpinned() Rule {
	return unpinned{
		id: "gem-unpinned", title: "gems without a version",
		peers:    Peers{Hadolint: []string{"DL3028"}},
		remedy:   "Write gem install name:version, or keep a Gemfile.lock and use bundle install.",
		source:   "https://guides.rubygems.org/command-reference/#gem-install",
		flags:    "-v --version -i --install-dir -n --bindir -s --source -p --http-proxy -P --trust-policy -g --file --platform --build-root -B --config-file",
		programs: []string{"gem"},
		loose: func(c packageCall) []dockerfile.Word {
			if !c.is("install", "i", "inst") || c.open || c.HasFlag("-v", "--version", "-g", "--file", "--local", "-l") {
				return nil
			}
			return without(c.operands, func(s string) bool {
				return strings.ContainsAny(s, ":/*") || strings.HasSuffix(s, ".gem")
			})
		},
		bad: []Sample{
			file("FROM ruby:3.4\nRUN gem install rails\n"),
			file("FROM ruby:3.4\nRUN gem install --no-document bundler rake:13.2.1\n"),
		},
		good: []Sample{
			file("FROM ruby:3.4\nRUN gem install rails:8.0.1 && gem install bundler -v 2.6.3\n"),
			file("FROM ruby:3.4\nARG V\nRUN gem install bundler --version \"$V\" && gem install rake:$V\n"),
			file("FROM ruby:3.4\nRUN gem install ./tool.gem && gem update --system 3.6.2 && bundle install\n"),
		},
	}.rule()
}

func goUnpinned() Rule {
	return unpinned{
		id: "go-unpinned", title: "Go modules without a version",
		peers:    Peers{Hadolint: []string{"DL3062"}},
		remedy:   "Write go install module@v1.2.3, or list the tool in go.mod and leave the version to it.",
		source:   "https://go.dev/ref/mod#version-queries",
		flags:    "-C -o -p -tags -ldflags -gcflags -asmflags -mod -modfile -overlay -pgo -toolexec -exec -buildmode -compiler -pkgdir -installsuffix",
		programs: []string{"go"},
		loose: func(c packageCall) []dockerfile.Word {
			switch {
			case c.is("run") && len(c.operands) > 0:
				return without(c.operands[:1], pinnedGo)
			case c.is("install"):
				return without(c.operands, pinnedGo)
			case c.is("get"):
				return without(c.operands, func(s string) bool {
					host, _, _ := strings.Cut(s, "/")
					remote := strings.Contains(host, ".") && !strings.HasPrefix(s, ".") && strings.Contains(s, "/")
					return pinnedGo(s) && (strings.Contains(s, "@") || !remote || strings.HasSuffix(s, "..."))
				})
			}
			return nil
		},
		bad: []Sample{
			file("FROM golang:1.24\nRUN go install golang.org/x/tools/cmd/goimports@latest\n"),
			file("FROM golang:1.24\nRUN go run example.com/tool@main ./...\n"),
			file("FROM golang:1.24\nRUN go get -u example.com/tool\n"),
			file("FROM golang:1.24\nRUN CGO_ENABLED=0 go install -ldflags '-s -w' example.com/tool@master\n"),
		},
		good: []Sample{
			file("FROM golang:1.24\nRUN go install golang.org/x/tools/cmd/goimports@v0.31.0\n"),
			file("FROM golang:1.24\nARG V\nRUN go install example.com/tool@$V && go install example.com/tool@${V}\n"),
			file("FROM golang:1.24\nRUN go install ./cmd/... && go install example.com/tool && go build -o /app ./cmd/app\n"),
			file("FROM golang:1.24\nRUN go get -d -v ./... && go get && go get example.com/tool@v1.2.3 && go run . && go mod download\n"),
			file("FROM golang:1.24\nRUN go install example.com/tool@4f2d1c9e8b7a\n"),
		},
	}.rule()
}

// pinnedGo tells whether a package path names a version, or leaves it to go.mod; a
// branch, latest, upgrade and patch are none.
func pinnedGo(s string) bool {
	_, query, ok := strings.Cut(s, "@")
	return !ok || !slices.Contains([]string{"", "latest", "upgrade", "patch", "main", "master", "HEAD", "develop", "dev", "trunk", "tip"}, query)
}

const cargoFlags = "--version --vers --git --branch --tag --rev --path --root --index --registry --target --target-dir --profile -F --features -j --jobs --bin --example --config --color --message-format -Z -p --package --manifest-path --bins -C"

func cargoUnpinned() Rule {
	return unpinned{
		id: "cargo-unpinned", title: "crates without a version",
		remedy: "Write cargo install --locked crate@version; for a repository add --rev.",
		source: "https://doc.rust-lang.org/cargo/commands/cargo-install.html", flags: cargoFlags,
		programs: []string{"cargo", "cargo-binstall"},
		loose: func(c packageCall) []dockerfile.Word {
			crates := c.operands
			switch {
			case c.Name == "cargo-binstall" && c.sub != "":
				crates = append([]dockerfile.Word{c.verb}, crates...)
			case !c.is("install", "binstall"):
				return nil
			}
			if c.open || c.HasFlag("--version", "--vers", "--path", "--rev", "--tag", "--list") {
				return nil
			}
			if w, ok := c.FlagValue("--git"); ok && w.Known {
				return []dockerfile.Word{w}
			}
			return without(crates, func(s string) bool { return strings.ContainsAny(s, "@/") })
		},
		bad: []Sample{
			file("FROM rust:1.85\nRUN cargo install cargo-chef\n"),
			file("FROM rust:1.85\nRUN cargo install --locked sccache trunk@0.21.7\n"),
			file("FROM rust:1.85\nRUN cargo install --git https://github.com/example/tool --branch main\n"),
			file("FROM rust:1.85\nRUN cargo binstall -y cargo-nextest\n"),
		},
		good: []Sample{
			file("FROM rust:1.85\nRUN cargo install --locked cargo-chef@0.1.71 && cargo install trunk --version 0.21.7 --root /usr\n"),
			file("FROM rust:1.85\nARG V\nRUN cargo install tool --version=$V && cargo install tool@$V\n"),
			file("FROM rust:1.85\nRUN cargo install --path . && cargo install --git https://github.com/example/tool --rev 4f2d1c9\n"),
			file("FROM rust:1.85\nRUN cargo build --release && cargo +nightly fetch\n"),
		},
	}.rule()
}

func cargoCache() Rule {
	return languageCache{
		id: "cargo-cache", title: "Cargo's registry stays in the final image",
		remedy: "Build in a stage of its own and copy the program out of it, or mount a cache over $CARGO_HOME/registry.",
		source: "https://doc.rust-lang.org/cargo/guide/cargo-home.html", flags: cargoFlags,
		cache:    cache{dirs: []string{"/usr/local/cargo/registry", "~/.cargo/registry"}, word: "cargo", mount: "cargo"},
		programs: []string{"cargo"},
		fills: func(c packageCall) bool {
			return c.is("build", "b", "install", "fetch", "chef") && !c.HasFlag("--offline", "--frozen", "--list")
		},
		cleans: func(c packageCall) bool { return c.is("cache") },
		bad: []Sample{
			file("FROM rust:1.85\nCOPY . .\nRUN cargo build --release\nCMD [\"target/release/app\"]\n"),
			file("FROM rust:1.85\nRUN cargo install --locked trunk@0.21.7\n"),
		},
		good: []Sample{
			{Dockerfile: "FROM rust:1.85 AS build\nRUN cargo build --release\nFROM debian:12\nCOPY --from=build /x /x\n", DockerfileOnly: true},
			{Dockerfile: "FROM rust:1.85\nRUN --mount=type=cache,target=/usr/local/cargo/registry cargo build --release\n", DockerfileOnly: true},
			file("FROM rust:1.85\nRUN cargo install --locked trunk@0.21.7 && rm -rf /usr/local/cargo/registry\n"),
			file("FROM rust:1.85\nRUN cargo install --locked trunk@0.21.7 && rm -rf $CARGO_HOME/registry\n"),
			file("FROM rust:1.85\nRUN cargo --version && cargo test\n"),
		},
	}.rule()
}

const composerFlags = "-d --working-dir --prefer-install --stability -s --repository --apcu-autoloader-prefix --ignore-platform-req"

func composerUnpinned() Rule {
	return unpinned{
		id: "composer-unpinned", title: "Composer's packages without a version",
		remedy: "Write composer require vendor/package:version, or keep composer.lock and use composer install.",
		source: "https://getcomposer.org/doc/03-cli.md#require-r", flags: composerFlags,
		programs: []string{"composer", "composer.phar"},
		loose: func(c packageCall) []dockerfile.Word {
			packages := c.operands
			switch {
			case c.is("global") && len(packages) > 1 && packages[0].Text == "require":
				packages = packages[1:]
			case c.is("update", "upgrade", "u"):
				if c.HasFlag("--lock", "--dry-run") {
					return nil
				}
				if len(packages) == 0 {
					return []dockerfile.Word{{Text: "every package of composer.json", Known: true}}
				}
				return packages
			case !c.is("require", "r"):
				return nil
			}
			return without(packages, func(s string) bool {
				return strings.ContainsAny(s, ":=* ") || !strings.Contains(s, "/") || strings.HasPrefix(s, "/")
			})
		},
		bad: []Sample{
			file("FROM php:8.4\nRUN composer require monolog/monolog\n"),
			file("FROM php:8.4\nRUN composer global require phpunit/phpunit:^11 vendor/tool\n"),
			file("FROM php:8.4\nRUN composer update --no-dev\n"),
		},
		good: []Sample{
			file("FROM php:8.4\nRUN composer require monolog/monolog:3.8.1 vendor/tool=1.2\n"),
			file("FROM php:8.4\nCOPY composer.json composer.lock ./\nRUN composer install --no-dev && composer dump-autoload -o\n"),
			file("FROM php:8.4\nRUN composer global config allow-plugins true && composer self-update 2.8.6\n"),
		},
	}.rule()
}

func composerCache() Rule {
	return languageCache{
		id: "composer-cache", title: "Composer's cache stays in the layer",
		remedy: "Add --no-cache, end the RUN with composer clear-cache, or mount a cache over /tmp/cache.",
		source: "https://getcomposer.org/doc/03-cli.md#global-options", flags: composerFlags,
		cache:    cache{dirs: []string{"~/.composer/cache", "~/.cache/composer", "/tmp/cache"}, word: "composer", mount: "composer", env: "COMPOSER_CACHE_DIR"},
		programs: []string{"composer", "composer.phar"},
		fills: func(c packageCall) bool {
			installs := c.is("install", "i", "update", "upgrade", "u", "require", "r", "create-project") || c.is("global") && len(c.operands) > 0 && slices.Contains([]string{"require", "install", "update"}, c.operands[0].Text)
			return installs && !c.open && !c.HasFlag("--no-cache", "--dry-run") && !switchedOn(c.Command, "COMPOSER_NO_CACHE")
		},
		cleans: func(c packageCall) bool { return c.is("clear-cache", "clearcache", "cc") },
		bad: []Sample{
			file("FROM php:8.4\nRUN composer install --no-dev\n"),
			file("FROM php:8.4\nRUN composer clear-cache && composer install\n"),
		},
		good: []Sample{
			file("FROM php:8.4\nRUN composer install --no-dev --no-cache\n"),
			file("FROM php:8.4\nRUN composer install && composer clear-cache && rm -rf /tmp/*\n"),
			file("FROM php:8.4\nRUN composer install && rm -rf ~/.composer\n"),
			file("FROM php:8.4\nENV COMPOSER_CACHE_DIR=/dev/null\nRUN composer install\n"),
			{Dockerfile: "FROM php:8.4\nRUN --mount=type=cache,target=/tmp/cache composer install\n", DockerfileOnly: true},
			{Dockerfile: "FROM composer:2.8 AS build\nRUN composer install\nFROM php:8.4\nCOPY --from=build /app /app\n", DockerfileOnly: true},
		},
	}.rule()
}

const condaFlags = "-n --name -p --prefix -c --channel -f --file --repodata-fn --solver --clone --subdir --platform -r --root-prefix --rc-file --experimental"

var condaPrograms = []string{"conda", "mamba", "micromamba"}

func condaUnpinned() Rule {
	return unpinned{
		id: "conda-unpinned", title: "conda packages without a version",
		remedy: "Write package=version, or install from a lock file that conda-lock or conda list --explicit made.",
		source: "https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/pkg-specs.html", flags: condaFlags,
		programs: condaPrograms,
		loose: func(c packageCall) []dockerfile.Word {
			if !c.is("install", "create") || c.open || c.HasFlag("--revision", "--dry-run") {
				return nil
			}
			return without(c.operands, func(s string) bool {
				return strings.ContainsAny(strings.ReplaceAll(s, ">=", ""), "=<~/*") || strings.HasSuffix(s, ".conda") || strings.HasSuffix(s, ".tar.bz2")
			})
		},
		bad: []Sample{
			file("FROM condaforge/miniforge3:25.1.1-0\nRUN conda install -y numpy\n"),
			file("FROM condaforge/miniforge3:25.1.1-0\nRUN mamba create -y -n app -c conda-forge python=3.12 scipy\n"),
			file("FROM mambaorg/micromamba:2.0.5\nRUN micromamba install -y 'numpy>=2'\n"),
		},
		good: []Sample{
			file("FROM condaforge/miniforge3:25.1.1-0\nRUN conda install -y -c conda-forge numpy=2.2.3 'scipy<1.16' conda-forge::jq==1.7.1\n"),
			file("FROM condaforge/miniforge3:25.1.1-0\nRUN conda env create -f environment.yml && conda install -y --file requirements.txt\n"),
			file("FROM condaforge/miniforge3:25.1.1-0\nRUN conda create -n app --clone base && conda run -n app install numpy\n"),
		},
	}.rule()
}

func condaCache() Rule {
	return languageCache{
		id: "conda-cache", title: "conda's packages stay in the layer a second time",
		remedy: "End the RUN with conda clean --all --yes, or mount a cache over /opt/conda/pkgs.",
		source: "https://docs.conda.io/projects/conda/en/stable/commands/clean.html", flags: condaFlags,
		cache: cache{
			dirs: []string{"/opt/conda/pkgs", "~/miniconda3/pkgs", "~/anaconda3/pkgs", "~/.conda/pkgs", "/opt/miniconda3/pkgs", "/opt/miniconda/pkgs", "~/micromamba/pkgs"},
			word: "conda", mount: "pkgs",
		},
		programs: condaPrograms,
		fills: func(c packageCall) bool {
			return (c.is("install", "create", "update", "upgrade") || c.is("env") && len(c.operands) > 0 && slices.Contains([]string{"create", "update"}, c.operands[0].Text)) && !c.HasFlag("--dry-run")
		},
		cleans: func(c packageCall) bool { return c.is("clean") },
		edit: func(c packageCall) []Edit {
			return appended(c.Instruction, sudo(c.Command)+c.Name+" clean --all --yes")
		},
		bad: []Sample{
			file("FROM condaforge/miniforge3:25.1.1-0\nRUN conda install -y numpy=2.2.3\n"),
			file("FROM condaforge/miniforge3:25.1.1-0\nRUN conda env create -f environment.yml\nRUN conda clean -afy\n"),
		},
		good: []Sample{
			file("FROM condaforge/miniforge3:25.1.1-0\nRUN conda install -y numpy=2.2.3 && conda clean -afy\n"),
			file("FROM condaforge/miniforge3:25.1.1-0\nRUN mamba env update -f e.yml; conda config --show; mamba clean --all --yes\n"),
			file("FROM condaforge/miniforge3:25.1.1-0\nRUN conda install -y numpy=2.2.3 && rm -rf /opt/conda/pkgs/*\n"),
			{Dockerfile: "FROM condaforge/miniforge3:25.1.1-0\nRUN --mount=type=cache,target=/opt/conda/pkgs conda install -y numpy=2.2.3\n", DockerfileOnly: true},
			{Dockerfile: "FROM condaforge/miniforge3:25.1.1-0 AS build\nRUN conda install -y numpy=2.2.3\nFROM scratch\nCOPY --from=build /x /x\n", DockerfileOnly: true},
		},
	}.rule()
}

func uvUnpinned() Rule {
	return unpinned{
		id: "uv-unpinned", title: "tools and dependencies that uv takes without a version",
		remedy: "Write uv tool install name==version; for a project keep uv.lock and use uv sync --locked.",
		source: "https://docs.astral.sh/uv/concepts/tools/", flags: pipFlags + " --from -w --package --refresh-package",
		programs: []string{"uv", "uvx"},
		loose: func(c packageCall) []dockerfile.Word {
			pinned := func(s string) bool {
				if name, version, ok := strings.Cut(s, "@"); ok && !strings.Contains(name, "git+") && !strings.Contains(version, "/") {
					return version != "latest" && version != ""
				}
				return pinnedPython(s)
			}
			if w, ok := c.FlagValue("--from"); ok && (c.Name == "uvx" || c.is("tool")) {
				return without([]dockerfile.Word{w}, pinned)
			}
			switch {
			case c.HasFlag("-c", "--constraint", "--constraints", "--no-index"):
				return nil
			case c.Name == "uvx" && c.sub != "":
				return without([]dockerfile.Word{c.verb}, pinned)
			case c.is("add"):
				return without(c.operands, pinned)
			case c.is("tool") && len(c.operands) > 1 && (c.operands[0].Text == "install" || c.operands[0].Text == "run"):
				return without(c.operands[1:2], pinned)
			}
			return nil
		},
		bad: []Sample{
			file("FROM python:3.12\nRUN uv tool install ruff\n"),
			file("FROM python:3.12\nRUN uvx ruff@latest check\n"),
			file("FROM python:3.12\nRUN uv add fastapi 'httpx>=0.28'\n"),
		},
		good: []Sample{
			file("FROM python:3.12\nRUN uv tool install ruff==0.9.10 && uvx ruff@0.9.10 check && uvx --from 'ruff==0.9.10' ruff\n"),
			file("FROM python:3.12\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --locked && uv run app && uv build\n"),
			file("FROM python:3.12\nRUN uv add fastapi==0.115.11 'httpx<1' && uv add --editable ./lib\n"),
		},
	}.rule()
}

func uvCache() Rule {
	return languageCache{
		id: "uv-cache", title: "uv's cache stays in the layer",
		remedy: "Add --no-cache, set UV_NO_CACHE=1, or mount a cache over /root/.cache/uv.",
		source: "https://docs.astral.sh/uv/guides/integration/docker/#caching", flags: "--directory --project --color --config-file",
		cache:    cache{dirs: []string{"~/.cache/uv"}, word: "uv", mount: "uv", env: "UV_CACHE_DIR"},
		programs: []string{"uv"},
		fills: func(c packageCall) bool {
			installs := c.is("sync", "add") || len(c.operands) > 0 && (c.is("pip") && (c.operands[0].Text == "install" || c.operands[0].Text == "sync") || c.is("tool") && c.operands[0].Text == "install")
			return installs && !c.open && !c.HasFlag("--no-cache", "--no-cache-dir", "-n", "--cache-dir", "--dry-run", "--offline") &&
				!switchedOn(c.Command, "UV_NO_CACHE")
		},
		cleans: func(c packageCall) bool {
			return c.is("cache") && len(c.operands) > 0 && (c.operands[0].Text == "clean" || c.operands[0].Text == "prune")
		},
		edit: func(c packageCall) []Edit {
			if e, ok := Insert(c.Words[0], " --no-cache"); ok {
				return []Edit{e}
			}
			return nil
		},
		bad: []Sample{
			file("FROM python:3.12\nRUN uv sync --locked\n"),
			file("FROM python:3.12\nRUN uv pip install --system -r requirements.txt\n"),
			file("FROM python:3.12\nRUN uv tool install ruff==0.9.10\nRUN uv cache clean\n"),
		},
		good: []Sample{
			file("FROM python:3.12\nRUN uv sync --locked --no-cache && uv pip install --no-cache-dir flask==3.1.0\n"),
			file("FROM python:3.12\nENV UV_NO_CACHE=1\nRUN uv sync --locked\n"),
			file("FROM python:3.12\nRUN uv sync --locked && uv cache clean\n"),
			file("FROM python:3.12\nRUN uv sync --locked && rm -rf /root/.cache\n"),
			{Dockerfile: "FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache/uv uv sync --locked\n", DockerfileOnly: true},
			{Dockerfile: "FROM python:3.12 AS build\nRUN uv sync --locked\nFROM python:3.12\nCOPY --from=build /app /app\n", DockerfileOnly: true},
			file("FROM python:3.12\nRUN uv venv && uv --version && uv run app\n"),
		},
	}.rule()
}

func poetryUnpinned() Rule {
	return unpinned{
		id: "poetry-unpinned", title: "dependencies that Poetry adds without a version",
		remedy: "Keep pyproject.toml and poetry.lock and use poetry install, or write poetry add name==version.",
		source: "https://python-poetry.org/docs/cli/", flags: "-G --group -E --extras --source --python --platform --markers -C --directory -P --project",
		programs: []string{"poetry"},
		loose: func(c packageCall) []dockerfile.Word {
			switch {
			case c.is("add"):
				return without(c.operands, func(s string) bool {
					if name, version, ok := strings.Cut(s, "@"); ok && !strings.Contains(name, "git+") && !strings.Contains(version, "/") {
						return version != "latest" && version != ""
					}
					return pinnedPython(s)
				})
			case c.is("update") && len(c.operands) == 0 && !c.HasFlag("--lock", "--dry-run"):
				return []dockerfile.Word{{Text: "every dependency of pyproject.toml", Known: true}}
			}
			return nil
		},
		bad: []Sample{
			file("FROM python:3.12\nRUN poetry add flask\n"),
			file("FROM python:3.12\nRUN poetry add flask@latest uvicorn==0.34.0\n"),
			file("FROM python:3.12\nRUN poetry update --no-interaction\n"),
		},
		good: []Sample{
			file("FROM python:3.12\nRUN poetry install --only main && poetry build\n"),
			file("FROM python:3.12\nRUN poetry add flask==3.1.0 uvicorn@^0.34 ./lib\n"),
		},
	}.rule()
}

func poetryCache() Rule {
	return languageCache{
		id: "poetry-cache", title: "Poetry's cache stays in the layer",
		remedy: "Add --no-cache, or mount a cache over /root/.cache/pypoetry.",
		source: "https://python-poetry.org/docs/cli/#global-options", flags: "--only --with --without -E --extras -C --directory -P --project",
		cache:    cache{dirs: []string{"~/.cache/pypoetry/cache", "~/.cache/pypoetry/artifacts"}, word: "cache", mount: "poetry", env: "POETRY_CACHE_DIR"},
		programs: []string{"poetry"},
		fills: func(c packageCall) bool {
			return c.is("install", "add", "update", "sync") && !c.open && !c.HasFlag("--no-cache", "--dry-run", "--lock")
		},
		cleans: func(c packageCall) bool {
			return c.is("cache") && len(c.operands) > 0 && c.operands[0].Text == "clear"
		},
		edit: func(c packageCall) []Edit { return c.behindVerb("--no-cache") },
		bad: []Sample{
			file("FROM python:3.12\nRUN poetry install --only main\n"),
			file("FROM python:3.12\nRUN poetry install && rm -rf /tmp/x\n"),
		},
		good: []Sample{
			file("FROM python:3.12\nRUN poetry install --no-cache\n"),
			file("FROM python:3.12\nRUN poetry install --only main && rm -rf $POETRY_CACHE_DIR\n"),
			file("FROM python:3.12\nENV POETRY_CACHE_DIR=/tmp/poetry_cache\nRUN poetry install && rm -rf $POETRY_CACHE_DIR\n"),
			file("FROM python:3.12\nRUN poetry install && rm -rf /root/.cache/pypoetry\n"),
			file("FROM python:3.12\nRUN poetry install && poetry cache clear --all pypi\n"),
			{Dockerfile: "FROM python:3.12\nRUN --mount=type=cache,target=/tmp/poetry poetry install\n", DockerfileOnly: true},
			{Dockerfile: "FROM python:3.12 AS build\nRUN poetry install\nFROM python:3.12\nCOPY --from=build /app /app\n", DockerfileOnly: true},
		},
	}.rule()
}
