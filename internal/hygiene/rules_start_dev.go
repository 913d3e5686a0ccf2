package hygiene

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// devRules are about images that start as a developer would start them.
func devRules() []Rule {
	return []Rule{
		{
			ID: "debugger-started", Title: "the container starts a debugger that anybody can use", Severity: advisory.High, Category: Start,
			Why:    "A debugger, a debug console or a notebook without a password runs any code for whoever reaches its port.",
			Remedy: "Start the program alone; keep debugging to an image of its own, bound to 127.0.0.1.",
			Source: "https://nodejs.org/en/learn/getting-started/debugging",
			Reach:  FinalImage, OnImage: true,
			Check: debuggers,
			Bad: []Sample{
				file("FROM node:22\nCMD [\"node\", \"--inspect=0.0.0.0:9229\", \"server.js\"]\n"), file("FROM node:22\nENTRYPOINT node --inspect-brk=0.0.0.0 server.js\n"),
				file("FROM node:22\nENV NODE_OPTIONS=--inspect=0.0.0.0:9229\n"), file("FROM node:22\nENTRYPOINT [\"node\"]\nCMD [\"--inspect=[::]:9229\", \"x.js\"]\n"),
				file("FROM python:3\nCMD [\"python\", \"-m\", \"debugpy\", \"--listen\", \"0.0.0.0:5678\", \"app.py\"]\n"), file("FROM python:3\nCMD python -m ptvsd --host 0.0.0.0 --port 5678 app.py\n"),
				file("FROM eclipse-temurin:21\nENV JAVA_TOOL_OPTIONS=\"-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005\"\n"),
				file("FROM eclipse-temurin:21\nCMD [\"java\", \"-Xrunjdwp:server=y,transport=dt_socket,address=0.0.0.0:8000\", \"-jar\", \"x.jar\"]\n"),
				file("FROM tomcat:10\nENV JPDA_ADDRESS=*:8000\nCMD [\"catalina.sh\", \"jpda\", \"run\"]\n"),
				file("FROM golang:1\nCMD [\"dlv\", \"exec\", \"/app\", \"--headless\", \"--listen=:2345\"]\n"),
				file("FROM python:3\nENV FLASK_DEBUG=1\nCMD [\"flask\", \"run\", \"--host=0.0.0.0\"]\n"), file("FROM python:3\nCMD [\"flask\", \"run\", \"--debug\", \"-h\", \"0.0.0.0\"]\n"),
				file("FROM jupyter/x:1\nCMD [\"jupyter\", \"lab\", \"--ip=0.0.0.0\", \"--ServerApp.token=''\"]\n"),
				file("FROM a:1\nCMD [\"gdbserver\", \":1234\", \"/app\"]\n"), file("FROM a:1\nCMD [\"java\", \"-Dcom.sun.management.jmxremote.port=1099\", \"-Dcom.sun.management.jmxremote.authenticate=false\", \"-jar\", \"x.jar\"]\n"),
				file("FROM a:1\nCMD [\"chromium\", \"--headless\", \"--remote-debugging-address=0.0.0.0\", \"--remote-debugging-port=9222\"]\n"),
			},
			Good: []Sample{
				file("FROM node:22\nCMD [\"node\", \"server.js\"]\n"), file("FROM node:22\nCMD [\"node\", \"--inspect\", \"server.js\"]\n"), file("FROM node:22\nCMD [\"node\", \"--inspect=127.0.0.1:9229\", \"server.js\"]\n"),
				file("FROM python:3\nCMD [\"python\", \"-m\", \"debugpy\", \"--listen\", \"5678\", \"app.py\"]\n"), file("FROM golang:1\nCMD [\"dlv\", \"exec\", \"/app\", \"--headless\"]\n"),
				file("FROM python:3\nENV FLASK_DEBUG=0\nCMD [\"flask\", \"run\", \"--host=0.0.0.0\"]\n"), file("FROM eclipse-temurin:21\nENV JAVA_TOOL_OPTIONS=-Xmx1g\n"),
				file("FROM node:22 AS debug\nCMD [\"node\", \"--inspect=0.0.0.0\", \"server.js\"]\nFROM node:22\nCMD [\"node\", \"server.js\"]\n"),
				file("FROM python:3\nENV FLASK_DEBUG=1\nCMD [\"gunicorn\", \"app:app\"]\n"), file("FROM a:1\nCMD [\"java\", \"-agentlib:jdwp=transport=dt_socket,server=n,address=127.0.0.1:5005\"]\n"),
			},
		},
		{
			ID: "debugger-local", Title: "the container starts a debugger", Severity: advisory.Low, Category: Start,
			Why:    "It listens at the container's own loopback address alone, but any process in the container reaches it, and one option more opens it.",
			Remedy: "Start the program alone.",
			Source: "https://github.com/microsoft/debugpy/wiki/Command-Line-Reference",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				eachDebugger(l, func(d debugger) {
					if !d.open {
						l.At(d.in, d.at, "%s is started", d.name)
					}
				})
			},
			Bad: []Sample{
				file("FROM node:22\nCMD [\"node\", \"--inspect\", \"server.js\"]\n"), file("FROM python:3\nCMD [\"python\", \"-m\", \"debugpy\", \"--listen\", \"5678\", \"app.py\"]\n"),
				file("FROM golang:1\nCMD [\"dlv\", \"exec\", \"/app\", \"--headless\"]\n"), file("FROM eclipse-temurin:21\nENV JAVA_TOOL_OPTIONS=\"-agentlib:jdwp=transport=dt_socket,server=y,address=localhost:5005\"\n"),
			},
			Good: []Sample{file("FROM node:22\nCMD [\"node\", \"inspect.js\"]\n"), file("FROM python:3\nCMD [\"python\", \"debugpy.py\"]\n"), file("FROM python:3\nRUN pip install debugpy\n")},
		},
		{
			ID: "dev-server", Title: "the container starts a development server", Severity: advisory.Medium, Category: Start,
			Why:    "Development servers show source and stack traces, reload what changes, and are built for one user who is trusted; their own documentation says not to use them for anything else.",
			Remedy: "Start a server that is made for it: gunicorn or uvicorn without --reload, node with the built files, php-fpm, nginx for static files.",
			Source: "https://flask.palletsprojects.com/en/stable/deploying/",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				eachStart(l, func(s start) {
					if what := devServer(s.words); what != "" {
						f := l.At(s.in, s.at, "%s is a development server", what)
						if what == "--reload" || strings.HasSuffix(what, " --reload") {
							f.Message = what + " reloads code that changes"
							f.Severity = min(f.Severity, advisory.Low)
						}
					}
				})
			},
			Bad: []Sample{
				file("FROM python:3\nCMD [\"flask\", \"run\", \"--host\", \"0.0.0.0\"]\n"), file("FROM python:3\nCMD python manage.py runserver 0.0.0.0:8000\n"), file("FROM python:3\nENTRYPOINT [\"python\", \"-m\", \"flask\"]\nCMD [\"run\"]\n"),
				file("FROM python:3\nCMD [\"uvicorn\", \"app:app\", \"--reload\"]\n"), file("FROM node:22\nCMD [\"npm\", \"run\", \"dev\"]\n"), file("FROM node:22\nCMD [\"yarn\", \"dev\"]\n"),
				file("FROM node:22\nCMD [\"npx\", \"nodemon\", \"x.js\"]\n"), file("FROM php:8\nCMD [\"php\", \"-S\", \"0.0.0.0:80\"]\n"), file("FROM php:8\nCMD php artisan serve --host=0.0.0.0\n"),
				file("FROM node:22\nCMD [\"sh\", \"-c\", \"npm install && npm run start:dev\"]\n"), file("FROM node:22\nCMD [\"ng\", \"serve\"]\n"), file("FROM a:1\nENTRYPOINT [\"tini\", \"--\"]\nCMD [\"fastapi\", \"dev\", \"x.py\"]\n"),
				file("FROM a:1\nCMD [\"dotnet\", \"watch\", \"run\"]\n"), file("FROM a:1\nCMD [\"rails\", \"server\", \"-e\", \"development\"]\n"),
			},
			Good: []Sample{
				file("FROM python:3\nCMD [\"gunicorn\", \"app:app\"]\n"), file("FROM node:22\nCMD [\"npm\", \"start\"]\n"), file("FROM node:22\nCMD [\"next\", \"start\"]\n"), file("FROM node:22\nCMD [\"npm\", \"run\", \"start:prod\"]\n"),
				file("FROM php:8\nCMD [\"php\", \"worker.php\", \"-S\"]\n"), file("FROM python:3\nCMD [\"python\", \"manage.py\", \"migrate\"]\n"), file("FROM node:22 AS dev\nCMD [\"npm\", \"run\", \"dev\"]\nFROM node:22\nCMD [\"node\", \"x.js\"]\n"),
				file("FROM node:22\nRUN npm run dev\n"), file("FROM a:1\nCMD [\"vite\", \"build\"]\n"), file("FROM a:1\nCMD [\"fastapi\", \"run\", \"x.py\"]\n"),
			},
		},
		{
			ID: "dev-mode", Title: "the image runs in development mode", Severity: advisory.Medium, Category: Start,
			Why:    "In this mode frameworks show stack traces, settings and source to every visitor, and some a console in which to run code.",
			Remedy: "Set the production value, or leave the variable out and set it where a developer starts the container.",
			Source: "https://docs.djangoproject.com/en/stable/ref/settings/#debug",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				t := l.File.Target()
				if t == nil {
					return
				}
				for _, v := range t.Env() {
					if sev := devMode(v.Name, v.Value); v.Known && sev > 0 {
						l.At(v.Instruction, pairPlace(v), "%s=%s is for development", short(v.Name), short(v.Value)).Severity = sev
					}
				}
			},
			Bad: []Sample{
				file("FROM python:3\nENV FLASK_DEBUG=1\n"), file("FROM python:3\nENV FLASK_ENV=development\n"), file("FROM node:22\nENV NODE_ENV development\n"), file("FROM ruby:3\nENV RAILS_ENV=development\n"),
				file("FROM mcr.microsoft.com/dotnet/aspnet:8.0\nENV ASPNETCORE_ENVIRONMENT=Development\n"), file("FROM python:3\nENV DJANGO_DEBUG=True\n"), file("FROM php:8\nENV APP_DEBUG=true APP_ENV=local\n"),
				file("FROM php:8\nENV XDEBUG_MODE=debug\n"),
			},
			Good: []Sample{
				file("FROM node:22\nENV NODE_ENV=production\n"), file("FROM node:22\nENV NODE_ENV=development\nRUN npm ci\nENV NODE_ENV=production\n"), file("FROM node:22\nARG NODE_ENV=development\nRUN npm ci\n"),
				file("FROM node:22 AS dev\nENV NODE_ENV=development\nFROM node:22\n"), file("FROM python:3\nENV FLASK_DEBUG=0 DJANGO_DEBUG=False\n"), file("FROM node:22\nRUN NODE_ENV=development npm ci\n"), file("FROM php:8\nENV XDEBUG_MODE=off\n"),
			},
		},
	}
}

// pairPlace is where a variable is set.
func pairPlace(v dockerfile.Variable) dockerfile.Range {
	for _, p := range v.Instruction.Pairs() {
		if p.Name == v.Name {
			return p.Text.Whole()
		}
	}
	return v.Instruction.Range()
}

// devMode weighs a variable: https://flask.palletsprojects.com/en/stable/config/,
// https://laravel.com/docs/errors, https://symfony.com/doc/current/configuration.html,
// https://guides.rubyonrails.org/configuring.html, https://xdebug.org/docs/all_settings,
// https://learn.microsoft.com/aspnet/core/fundamentals/environments.
func devMode(name, value string) advisory.Severity {
	v := strings.ToLower(value)
	development := v == "development" || v == "dev" || v == "local" || v == "debug"
	switch name {
	case "FLASK_DEBUG", "DJANGO_DEBUG", "APP_DEBUG":
		if isOn(value) {
			return advisory.Medium
		}
	case "FLASK_ENV", "RAILS_ENV", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "APP_ENV":
		if development {
			return advisory.Medium
		}
	case "NODE_ENV", "RACK_ENV", "GIN_MODE", "MIX_ENV":
		if development {
			return advisory.Low
		}
	case "XDEBUG_MODE":
		if strings.Contains(v, "debug") {
			return advisory.Low
		}
	}
	return 0
}

// start is one command that the container starts, in words.
type start struct {
	in    *dockerfile.Instruction
	at    dockerfile.Range
	words []string
}

// eachStart hands out what ENTRYPOINT and CMD start: each alone, and the two
// together where both are in exec form.
func eachStart(l *Lint, do func(start)) {
	t := l.File.Target()
	if t == nil {
		return
	}
	entry, cmd := t.Last("entrypoint"), t.Last("cmd")
	for _, in := range []*dockerfile.Instruction{entry, cmd} {
		if in == nil {
			continue
		}
		for _, c := range in.Commands() {
			do(start{in, c.Range(), program(wordTexts(c.Words))})
		}
	}
	if entry != nil && cmd != nil && entry.Exec && cmd.Exec && !isShellName(firstOf(entry.Words)) {
		// Options of the entrypoint alone have been seen; what follows is new.
		do(start{cmd, cmd.Args.Whole(), program(append(texts(entry.Words), texts(cmd.Words)...))})
	}
}

func firstOf(words []dockerfile.Text) string {
	if len(words) == 0 {
		return ""
	}
	return words[0].String
}

func wordTexts(words []dockerfile.Word) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.Text
	}
	return all
}

var reVersioned = regexp.MustCompile(`^(python|php|node|ruby|perl)[0-9][0-9.]*$`)

// program puts the program that runs first: a module of Python's -m, what npx,
// poetry and the like run, without its folder and version.
func program(words []string) []string {
	for range 4 {
		if len(words) == 0 {
			return nil
		}
		name := path.Base(words[0])
		if m := reVersioned.FindStringSubmatch(name); m != nil {
			name = m[1]
		}
		words = append([]string{name}, words[1:]...)
		rest := words[1:]
		switch {
		case name == "python" && slices.Contains(rest, "-m"):
			words = rest[slices.Index(rest, "-m")+1:]
		case name == "python" && len(rest) > 0 && strings.HasSuffix(rest[0], "manage.py"):
			words = rest
		case name == "npx" || name == "bunx" || name == "pnpx":
			words = withoutFlags(rest)
		case len(rest) > 1 && (rest[0] == "run" || rest[0] == "exec") && slices.Contains([]string{"poetry", "pipenv", "uv", "pdm", "hatch", "bundle", "rye"}, name),
			len(rest) > 1 && rest[0] == "exec" && slices.Contains([]string{"npm", "yarn", "pnpm"}, name):
			words = withoutFlags(rest[1:])
		case slices.Contains([]string{"tini", "dumb-init", "docker-entrypoint.sh", "entrypoint.sh"}, name) && len(rest) > 0:
			words = withoutFlags(rest)
		default:
			return words
		}
	}
	return words
}

func withoutFlags(words []string) []string {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		words = words[1:]
	}
	return words
}

// devServer names the development server that a command starts; "" for none.
func devServer(words []string) string {
	if len(words) == 0 {
		return ""
	}
	name, rest := words[0], words[1:]
	operand := func(n int) string {
		for _, w := range rest {
			if strings.HasPrefix(w, "-") {
				continue
			}
			if n == 0 {
				return w
			}
			n--
		}
		return ""
	}
	does := func(what ...string) bool { return slices.Contains(what, operand(0)) }
	switch name {
	case "flask":
		if slices.Contains(rest, "run") {
			return "flask run"
		}
	case "manage.py", "django-admin":
		if does("runserver", "runserver_plus") {
			return "manage.py runserver"
		}
	case "uvicorn", "gunicorn", "hypercorn", "granian", "daphne":
		if slices.Contains(rest, "--reload") {
			return name + " --reload"
		}
	case "fastapi", "next", "nuxt", "nuxi", "remix", "astro", "svelte-kit", "wrangler":
		if does("dev", "develop") {
			return name + " dev"
		}
	case "npm", "yarn", "pnpm", "bun":
		script := operand(0)
		if script == "run" || script == "run-script" {
			script = operand(1)
		}
		if script == "dev" || script == "develop" || script == "watch" || strings.HasSuffix(script, ":dev") || strings.HasPrefix(script, "dev:") || strings.HasSuffix(script, ":watch") {
			return name + " run " + short(script)
		}
	case "nodemon", "ts-node-dev", "tsnd", "webpack-dev-server", "live-server", "browser-sync":
		return name
	case "node":
		if slices.Contains(rest, "--watch") {
			return "node --watch"
		}
	case "ng", "vue-cli-service", "webpack", "ember", "gatsby", "react-scripts", "hugo", "mkdocs", "jekyll", "parcel":
		if does("serve", "server", "develop") || name == "react-scripts" && does("start") {
			return name + " " + operand(0)
		}
	case "vite":
		if operand(0) == "" || does("dev", "serve") {
			return "vite"
		}
	case "php":
		if len(rest) > 0 && slices.Contains(rest[:1], "-S") {
			return "php -S"
		}
		if operand(0) == "artisan" && operand(1) == "serve" {
			return "php artisan serve"
		}
	case "symfony":
		if does("serve", "server:start", "local:server:start") {
			return "symfony serve"
		}
	case "rails":
		if does("server", "s") && (slices.Contains(rest, "development") || slices.Contains(rest, "--environment=development")) {
			return "rails server -e development"
		}
	case "dotnet":
		if does("watch") {
			return "dotnet watch"
		}
	case "air", "reflex", "CompileDaemon":
		return name
	case "cargo":
		if does("watch") {
			return "cargo watch"
		}
	case "mvn", "mvnw", "gradle", "gradlew":
		for _, w := range rest {
			if w == "spring-boot:run" || w == "quarkus:dev" || w == "bootRun" || w == "quarkusDev" || w == "jetty:run" {
				return name + " " + w
			}
		}
	}
	return ""
}
