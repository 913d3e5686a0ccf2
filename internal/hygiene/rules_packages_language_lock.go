package hygiene

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// project is how one package manager installs the dependencies of a project.
type project struct {
	program, flags string
	manifest       string
	locks          []string
	// installs tells whether a call reads the manifest, and goes on without a lock file.
	installs func(packageCall) bool
}

func projects() []project {
	return []project{
		{"npm", nodeFlags, "package.json", []string{"package-lock.json", "npm-shrinkwrap.json", "yarn.lock"}, func(c packageCall) bool {
			return c.is(npmInstalls...) && len(c.operands) == 0 && !c.HasFlag("-g", "--global")
		}},
		{"yarn", nodeFlags, "package.json", []string{"yarn.lock"}, func(c packageCall) bool {
			return c.is("", "install") && len(c.operands) == 0 && !c.HasFlag("--version", "-v", "--help", "--immutable")
		}},
		{"pnpm", nodeFlags, "package.json", []string{"pnpm-lock.yaml"}, func(c packageCall) bool {
			return c.is("install", "i") && len(c.operands) == 0 && !c.HasFlag("-g", "--global", "--frozen-lockfile")
		}},
		{"composer", composerFlags, "composer.json", []string{"composer.lock"}, func(c packageCall) bool { return c.is("install", "i") }},
		{"bundle", "--gemfile --jobs -j --path --without --with --retry", "Gemfile", []string{"Gemfile.lock"}, func(c packageCall) bool {
			return c.is("", "install") && !c.HasFlag("--version", "--deployment", "--frozen", "--help")
		}},
		{"poetry", "", "pyproject.toml", []string{"poetry.lock"}, func(c packageCall) bool { return c.is("install", "sync") && !c.HasFlag("--only-root") }},
		{"uv", "", "pyproject.toml", []string{"uv.lock"}, func(c packageCall) bool { return c.is("sync") && !c.HasFlag("--locked", "--frozen") }},
		{"pipenv", "", "Pipfile", []string{"Pipfile.lock"}, func(c packageCall) bool {
			return c.is("install") && len(c.operands) == 0 && !c.HasFlag("--deploy", "--ignore-pipfile")
		}},
		{"cargo", cargoFlags, "Cargo.toml", []string{"Cargo.lock"}, func(c packageCall) bool {
			return c.is("build", "b", "fetch") && !c.HasFlag("--locked", "--frozen", "--offline")
		}},
	}
}

// brought is what has come into a stage: by the number of a project its manifest, and
// whether its lock file may have come, too.
type brought struct{ manifest, lock []bool }

func (b brought) clone() brought { return brought{slices.Clone(b.manifest), slices.Clone(b.lock)} }

func (b brought) anything() {
	for i := range b.lock {
		b.lock[i] = true
	}
}

func lockFileMissing() Rule {
	return Rule{
		ID: "lock-file-missing", Title: "a project's dependencies are installed without its lock file", Severity: advisory.Low, Category: Packages,
		Why:    "The manifest alone is copied, so that every build takes the newest versions that it allows, down to dependencies of dependencies that nobody ever looked at.",
		Remedy: "Copy the lock file beside the manifest, and use the command that refuses to go on without it: npm ci, yarn install --frozen-lockfile, uv sync --locked, ….",
		Source: "https://docs.npmjs.com/cli/configuring-npm/package-lock-json",
		Check: func(l *Lint) {
			all := projects()
			readers := make([]*callReader, len(all))
			for i, p := range all {
				readers[i] = newCallReader(p.flags)
			}
			stages := map[*dockerfile.Stage]brought{}
			for _, in := range l.instructions {
				if in.Stage == nil || in.Within != nil {
					continue
				}
				b, ok := stages[in.Stage]
				if !ok {
					b = brought{make([]bool, len(all)), make([]bool, len(all))}
					if parent, ok := stages[in.Stage.Parent]; ok && in.Stage.Parent != nil {
						b = parent.clone()
					}
					stages[in.Stage] = b
				}
				switch in.Keyword {
				case "copy", "add":
					b.copied(in, all)
				case "run":
					b.run(l, in, all, readers)
				}
			}
		},
		Bad: []Sample{
			file("FROM node:22\nCOPY package.json ./\nRUN npm install\nCOPY . .\n"),
			file("FROM node:22 AS deps\nCOPY package.json tsconfig.json /app/\nRUN cd /app && npm i --omit=dev\n"),
			file("FROM node:22\nCOPY [\"package.json\", \"./\"]\nRUN yarn\n"),
			file("FROM ruby:3.4\nCOPY Gemfile ./\nRUN bundle install\n"),
			file("FROM python:3.12\nCOPY pyproject.toml README.md ./\nRUN poetry install --no-root\n"),
			file("FROM php:8.4\nCOPY composer.json /app/\nRUN composer install\n"),
			file("FROM rust:1.85\nCOPY Cargo.toml ./\nRUN cargo build --release\n"),
		},
		Good: []Sample{
			file("FROM node:22\nCOPY package.json package-lock.json ./\nRUN npm install\n"),
			file("FROM node:22\nCOPY package*.json ./\nRUN npm install\n"),
			file("FROM node:22\nCOPY package.json ./\nRUN npm ci\n"),
			file("FROM node:22\nCOPY . .\nRUN npm install\n"),
			file("FROM node:22\nCOPY package.json ./\nCOPY app /app\nRUN npm install\n"),
			file("FROM node:22\nCOPY package.json ./\nRUN npm install -g typescript@5.8.2 && npm run build\n"),
			file("FROM node:22\nCOPY package.json ./\nRUN --mount=type=bind,source=package-lock.json,target=package-lock.json npm install\n"),
			file("FROM node:22 AS base\nCOPY package.json yarn.lock ./\nFROM base\nRUN yarn install\n"),
			file("FROM node:22\nCOPY package.json ./\nCOPY --from=0 /x /\nRUN npm install\n"),
			file("FROM node:22\nCOPY package.json $LOCK ./\nRUN npm install\n"),
			file("FROM ruby:3.4\nCOPY Gemfile* ./\nRUN bundle install\n"),
			file("FROM python:3.12\nCOPY pyproject.toml poetry.loc[k] ./\nRUN poetry install\n"),
			file("FROM node:22\nRUN npm install\n"),
		},
	}
}

// copied takes in what a COPY or ADD brings.
func (b brought) copied(in *dockerfile.Instruction, all []project) {
	if len(in.Words) < 2 {
		return
	}
	if _, ok := in.Flag("from"); ok {
		b.anything()
		return
	}
	for _, w := range in.Words[:len(in.Words)-1] {
		source, known := in.Expand(w.String)
		base := path.Base(source)
		if !known || base == "." || base == ".." || strings.HasSuffix(source, "/") || strings.Contains(source, "://") {
			b.anything()
			return
		}
		manifest := false
		for i, p := range all {
			if ok, _ := path.Match(base, p.manifest); ok {
				b.manifest[i], manifest = true, true
			}
			for _, lock := range p.locks {
				if ok, _ := path.Match(base, lock); ok {
					b.lock[i] = true
				}
			}
		}
		// A name without an ending may be a folder, an archive holds anything.
		if !manifest && (!strings.Contains(base, ".") || strings.Contains(base, ".t") && in.Keyword == "add") {
			b.anything()
		}
	}
}

// run takes in what a RUN may bring, and reports what it installs without a lock file.
func (b brought) run(l *Lint, in *dockerfile.Instruction, all []project, readers []*callReader) {
	if len(in.Mounts()) > 0 {
		for _, m := range in.Mounts() {
			if m["type"] == "bind" {
				return
			}
		}
	}
	for _, c := range in.Commands() {
		switch c.Name {
		case "git", "curl", "wget", "tar", "unzip", "svn", "cp", "mv", "rsync", "touch", "echo", "cat":
			b.anything()
			return
		}
		for i, p := range all {
			if c.Name != p.program || !b.manifest[i] || b.lock[i] {
				continue
			}
			if call := readers[i].read(c, 0); p.installs(call) && !call.open {
				l.ReportCommand(c, "%s is not copied before %s %s", p.locks[0], c.Name, cmp.Or(call.sub, "install"))
				b.lock[i] = true
			}
		}
	}
}
