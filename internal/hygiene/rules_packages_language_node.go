package hygiene

import (
	"regexp"
	"strings"

	"plimsoll/internal/dockerfile"
)

// nodeFlags are those flags of npm, yarn, pnpm and bun that take the next argument.
const nodeFlags = "--prefix --registry --cache --loglevel --omit --include --only --workspace -w --userconfig --tag --dir -C --filter -F --store-dir --network-timeout --cwd --cache-folder --mutex --modules-folder --network-concurrency --before --location -p --package --fetch-retries --fetch-timeout --maxsockets"

func nodeRules() []Rule { return []Rule{npmUnpinned(), npmCache(), yarnCache()} }

// npmInstalls are npm's subcommands that install, as people write and mistype them.
var npmInstalls = []string{"install", "i", "in", "ins", "inst", "insta", "instal", "isnt", "isntall", "add"}

// nodePackages are the packages that a call takes from the registry.
func nodePackages(c packageCall) []dockerfile.Word {
	switch c.Name {
	case "npm":
		if c.is(npmInstalls...) {
			return c.operands
		}
		if c.is("exec", "x") && len(c.operands) > 0 {
			return tagged(c.operands[:1])
		}
	case "npx", "bunx":
		// What is in node_modules is taken from there: only a tag always asks the registry.
		return tagged([]dockerfile.Word{c.verb})
	case "yarn":
		if c.is("global") && len(c.operands) > 1 && c.operands[0].Text == "add" {
			return c.operands[1:]
		}
		if c.is("add") {
			return c.operands
		}
	case "pnpm", "bun":
		if c.is("add", "install", "i") {
			return c.operands
		}
	case "corepack":
		if c.is("prepare", "use", "install") {
			return tagged(c.operands)
		}
	}
	if c.is("dlx") && len(c.operands) > 0 {
		return c.operands[:1]
	}
	return nil
}

// tagged are the words that name a tag behind an @.
func tagged(words []dockerfile.Word) []dockerfile.Word {
	var all []dockerfile.Word
	for _, w := range words {
		if strings.LastIndexByte(w.Text, '@') > 0 {
			all = append(all, w)
		}
	}
	return all
}

// pinnedNode tells whether npm's package-spec
// (https://docs.npmjs.com/cli/using-npm/package-spec) names a version or a range of
// one; a tag (latest) is none.
func pinnedNode(spec string) bool {
	for _, prefix := range []string{".", "/", "~", "file:", "http://", "https://", "link:", "workspace:"} {
		if strings.HasPrefix(spec, prefix) {
			return true
		}
	}
	if strings.HasSuffix(spec, ".tgz") || strings.HasSuffix(spec, ".tar.gz") || strings.Contains(spec, "*.") {
		return true
	}
	if strings.HasPrefix(spec, "git") && strings.Contains(spec, ":") || !strings.HasPrefix(spec, "@") && strings.Contains(spec, "/") && !strings.Contains(spec, "@") {
		_, revision, _ := strings.Cut(spec, "#")
		return revision != ""
	}
	at := strings.LastIndexByte(spec, '@')
	return at > 0 && strings.ContainsAny(spec[at:], "0123456789$")
}

func npmUnpinned() Rule {
	return unpinned{
		id: "npm-unpinned", title: "packages of npm's registry without a version",
		peers:  Peers{Hadolint: []string{"DL3016"}},
		remedy: "Write package@version, or name the package in package.json and install by its lock file with npm ci.",
		source: "https://docs.npmjs.com/cli/commands/npm-install", flags: nodeFlags,
		programs: []string{"npm", "npx", "yarn", "pnpm", "bun", "bunx", "corepack"},
		loose:    func(c packageCall) []dockerfile.Word { return without(nodePackages(c), pinnedNode) },
		bad: []Sample{
			file("FROM node:22\nRUN npm install -g typescript\n"),
			file("FROM node:22\nRUN npm i --save @scope/tool express@4.21.2\n"),
			file("FROM node:22\nRUN npm install -g npm@latest\n"),
			file("FROM node:22\nRUN yarn global add serve && pnpm add -g turbo\n"),
			file("FROM node:22\nRUN npm install example/tool\n"),
			file("FROM node:22\nRUN npx create-thing@latest . && pnpm dlx tool\n"),
			file("FROM node:22\nRUN corepack prepare pnpm@latest --activate\n"),
		},
		good: []Sample{
			file("FROM node:22\nRUN npm install -g typescript@5.8.2 @scope/tool@^1.2 yarn@1\n"),
			file("FROM node:22\nCOPY package.json package-lock.json ./\nRUN npm ci && npm install && npm run build\n"),
			file("FROM node:22\nARG V\nRUN npm install -g tool@$V \"tool@${V}\" $EXTRA\n"),
			file("FROM node:22\nRUN npm install ./lib /tmp/*.tgz https://example.com/x.tgz example/tool#v1.2\n"),
			file("FROM node:22\nRUN npm install --prefix /app --registry https://example.com/\n"),
			file("FROM node:22\nRUN npx tsc && yarn install --frozen-lockfile && yarn build add && pnpm install -r\n"),
			file("FROM node:22\nRUN corepack enable pnpm && corepack prepare pnpm@9.15.0 --activate\n"),
		},
	}.rule()
}

func npmCache() Rule {
	return languageCache{
		id: "npm-cache", title: "npm's cache stays in the layer",
		remedy: "End the RUN with npm cache clean --force, or mount a cache over /root/.npm.",
		source: "https://docs.npmjs.com/cli/commands/npm-cache", flags: nodeFlags,
		cache:    cache{dirs: []string{"~/.npm/_cacache"}, word: "npm", mount: "npm", env: "NPM_CONFIG_CACHE"},
		programs: []string{"npm"},
		fills: func(c packageCall) bool {
			return c.is(append([]string{"ci", "clean-install", "update"}, npmInstalls...)...) && !c.open && !c.HasFlag("--cache", "--offline", "--dry-run", "--package-lock-only") && !given(c.Command, "npm_config_cache")
		},
		cleans: func(c packageCall) bool {
			return c.is("cache") && len(c.operands) > 0 && c.operands[0].Text != "verify"
		},
		edit: func(c packageCall) []Edit { return appended(c.Instruction, sudo(c.Command)+"npm cache clean --force") },
		bad: []Sample{
			file("FROM node:22\nRUN npm ci --omit=dev\n"),
			file("FROM node:22\nRUN npm install -g typescript@5.8.2\nRUN npm cache clean --force\n"),
			file("FROM node:22\nRUN npm cache clean --force && npm ci\n"),
		},
		good: []Sample{
			file("FROM node:22\nRUN npm ci && npm cache clean --force\n"),
			file("FROM node:22\nRUN npm ci && npm run build && rm -rf /root/.npm\n"),
			file("FROM node:22\nENV NPM_CONFIG_CACHE=/dev/shm/npm\nRUN npm ci\n"),
			{Dockerfile: "FROM node:22\nRUN --mount=type=cache,target=/root/.npm npm ci\n", DockerfileOnly: true},
			{Dockerfile: "FROM node:22 AS build\nRUN npm ci\nFROM scratch\nCOPY --from=build /x /x\n", DockerfileOnly: true},
			file("FROM node:22\nRUN npm run build && npm --version\n"),
		},
	}.rule()
}

// berry is what a file says of Yarn 2 and later, whose cache can be what the program
// runs from (https://yarnpkg.com/features/pnp).
var berry = regexp.MustCompile(`(?i)\.yarnrc\.yml|\.yarn\b|\.pnp|corepack|set version|berry|yarn@[2-9]|--immutable|workspaces focus|yarn dlx`)

func yarnCache() Rule {
	rule := languageCache{
		id: "yarn-cache", title: "Yarn's cache stays in the layer",
		peers:  Peers{Hadolint: []string{"DL3060"}},
		remedy: "End the RUN with yarn cache clean, or mount a cache and name it with --cache-folder.",
		source: "https://classic.yarnpkg.com/en/docs/cli/cache", flags: nodeFlags,
		cache:    cache{dirs: []string{"/usr/local/share/.cache/yarn/v6", "~/.cache/yarn/v6"}, word: "yarn", mount: "yarn", env: "YARN_CACHE_FOLDER"},
		programs: []string{"yarn", "yarnpkg"},
		fills: func(c packageCall) bool {
			installs := c.is("install", "add", "upgrade") || c.is("global") && len(c.operands) > 0 && c.operands[0].Text == "add" || c.sub == "" && !c.HasFlag("--version", "-v", "--help", "-h")
			return installs && !c.open && !c.HasFlag("--cache-folder", "--offline")
		},
		cleans: func(c packageCall) bool { return c.is("cache") && len(c.operands) > 0 && c.operands[0].Text == "clean" },
		edit: func(c packageCall) []Edit {
			// Flags that Yarn 2 and later refuse tell that it is Yarn 1.
			if c.is("global") || c.HasFlag("--pure-lockfile", "--production", "--prod", "--non-interactive", "--ignore-engines", "--ignore-optional") {
				return appended(c.Instruction, sudo(c.Command)+"yarn cache clean")
			}
			return nil
		},
		bad: []Sample{
			file("FROM node:22\nRUN yarn install --frozen-lockfile\n"),
			file("FROM node:22\nRUN yarn\n"),
			file("FROM node:22\nRUN yarn global add serve@14.2.4\n"),
			file("FROM node:22\nRUN yarn install --production\nRUN yarn cache clean\n"),
		},
		good: []Sample{
			file("FROM node:22\nRUN yarn install --frozen-lockfile && yarn cache clean\n"),
			file("FROM node:22\nRUN yarn install; yarn build; rm -rf $(yarn cache dir)\n"),
			file("FROM node:22\nRUN yarn install && rm -rf /usr/local/share/.cache\n"),
			file("FROM node:22\nCOPY .yarnrc.yml ./\nRUN yarn install\n"),
			file("FROM node:22\nRUN yarn install --immutable\n"),
			file("FROM node:22\nRUN yarn --version && yarn build\n"),
			file("FROM node:22\nENV YARN_CACHE_FOLDER=/dev/shm/yarn\nRUN yarn install\n"),
			{Dockerfile: "FROM node:22\nRUN --mount=type=cache,target=/usr/local/share/.cache/yarn yarn install\n", DockerfileOnly: true},
			{Dockerfile: "FROM node:22 AS build\nRUN yarn\nFROM scratch\nCOPY --from=build /x /x\n", DockerfileOnly: true},
		},
	}
	made := rule.rule()
	check := made.Check
	made.Check = func(l *Lint) {
		if len(l.Commands(rule.programs...)) == 0 {
			return
		}
		// One that is copied or chosen anywhere is what every RUN calls.
		for _, in := range l.All("copy", "run", "add") {
			if matches(in, berry) {
				return
			}
		}
		check(l)
	}
	return made
}
