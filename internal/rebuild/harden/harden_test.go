package harden_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/rebuild/harden"
)

// hardened is a file hardened with a context of these files; nil for none.
func hardened(t *testing.T, source string, files map[string]string) *harden.Result {
	t.Helper()
	s := sample{name: t.Name(), dockerfile: "Dockerfile", source: []byte(source)}
	if files == nil {
		return s.harden(t, s.source, nil, options())
	}
	s.files = fstest.MapFS{"Dockerfile": {Data: s.source}}
	for name, content := range files {
		s.files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return s.harden(t, s.source, s.files, options())
}

// plain is a result's text without digests, each comment in one line.
func plain(r *harden.Result) string {
	text := strings.ReplaceAll(string(r.Text), "\n#   ", " ")
	for {
		at := strings.Index(text, "@sha256:")
		if at < 0 || at+72 > len(text) {
			return text
		}
		text = text[:at] + text[at+72:]
	}
}

func TestHarden(t *testing.T) {
	const password = "hT7qWZk2mWv9xLpA"
	tests := []struct {
		name, source string
		files        map[string]string
		want, not    []string
	}{
		{
			name:   "a secret that a RUN reads is mounted for that RUN",
			source: "FROM debian:12\nENV API_TOKEN=" + password + "\nRUN curl -H \"X: $API_TOKEN\" https://x.example.com\nRUN true\nCMD [\"x\"]\n",
			want:   []string{"RUN --mount=type=secret,id=api_token API_TOKEN=$(cat /run/secrets/api_token) && export API_TOKEN && curl", "\nRUN true\n", "TODO(plimsoll): rotate-secret: make a new API_TOKEN"},
			not:    []string{password, "ENV API_TOKEN"},
		},
		{
			name:   "secrets of one RUN are mounted together, and one that was optional stays so",
			source: "FROM debian:12\nARG API_TOKEN\nENV DB_PASSWORD=" + password + "\nRUN --mount=type=cache,target=/c ./fetch $API_TOKEN $DB_PASSWORD\nCMD [\"x\"]\n",
			want: []string{"RUN --mount=type=secret,id=api_token --mount=type=secret,id=db_password --mount=type=cache,target=/c " +
				"API_TOKEN=$(cat /run/secrets/api_token 2>/dev/null || true) && export API_TOKEN && DB_PASSWORD=$(cat /run/secrets/db_password) && export DB_PASSWORD && ./fetch"},
		},
		{
			name:   "a secret that nothing reads is given when the container is started",
			source: "FROM debian:12\nENV A=1 \\\n    DB_PASSWORD=" + password + " \\\n    B=2\nCMD [\"x\"]\n",
			want:   []string{"ENV A=1 \\\n    B=2\n", "give it when the container is started"},
			not:    []string{password},
		},
		{
			name:   "what is put together from a secret goes with it",
			source: "FROM debian:12\nENV DB_PASSWORD=" + password + "\nENV DATABASE_URL=postgres://app:$DB_PASSWORD@db/app\nCMD [\"x\"]\n",
			not:    []string{password, "ENV DATABASE_URL"},
		},
		{
			name:   "an old frontend is raised to one that mounts secrets as variables",
			source: "# syntax=docker/dockerfile:1.4\nFROM debian:12\nARG API_TOKEN=" + password + "\nRUN [\"fetch\", \"API_TOKEN\"]\nCMD [\"x\"]\n",
			want:   []string{"# syntax=docker/dockerfile:1.10\n"},
		},
		{
			name:   "a secret in the text of a RUN is read from a mount",
			source: "FROM debian:12\nRUN export API_TOKEN='" + password + "' && ./fetch\nCMD [\"x\"]\n",
			want:   []string{"--mount=type=secret,id=api_token API_TOKEN=$(cat /run/secrets/api_token) && export API_TOKEN && export API_TOKEN=''\"${API_TOKEN}\"'' && ./fetch"},
			not:    []string{password},
		},
		{
			name:   "recommendations that are needed are named",
			source: "FROM debian:12\nRUN apt-get update && apt-get install -y curl gcc\nCMD [\"x\"]\n",
			want:   []string{"install --no-install-recommends -y curl gcc ca-certificates libc6-dev"},
		},
		{
			name:   "recommendations that are much of a package stay",
			source: "FROM debian:12\nRUN apt-get update && apt-get install -y texlive\nCMD [\"x\"]\n",
			not:    []string{"--no-install-recommends"},
		},
		{
			name:   "lists are fetched where packages are installed",
			source: "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y --no-install-recommends jq\nCMD [\"x\"]\n",
			want:   []string{"RUN apt-get update && apt-get install -y --no-install-recommends jq && rm -rf /var/lib/apt/lists/*\n"},
		},
		{
			name:   "the ARG that is a base gets the digest",
			source: "ARG BASE=debian:12\nFROM ${BASE}\nUSER 1\nCMD [\"x\"]\n",
			want:   []string{"FROM ${BASE}\n"},
			not:    []string{"TODO(plimsoll): pin"},
		},
		{
			name:   "a shell stays where a variable is filled in, and gives way",
			source: "FROM debian:12\nUSER 1\nCMD app --port $PORT\n",
			want:   []string{`CMD ["sh", "-c", "exec app --port $PORT"]`},
		},
		{
			name:   "a pipe stays as it is",
			source: "FROM debian:12\nUSER 1\nCMD app | tee log\n",
			want:   []string{"CMD app | tee log\n"},
		},
		{
			name:   "CMD in shell form stays where an ENTRYPOINT gets it as an argument",
			source: "FROM debian:12\nUSER 1\nENTRYPOINT [\"runner\"]\nCMD app go\n",
			want:   []string{"CMD app go\n"},
		},
		{
			name:   "who needs root keeps it, and a TODO says so",
			source: "FROM debian:12\nCMD [\"cron\", \"-f\"]\n",
			want:   []string{"TODO(plimsoll): user-missing: no USER was added, since cron starts as root"},
			not:    []string{"\nUSER "},
		},
		{
			name:   "an entry script that can't be seen is no reason to guess",
			source: "FROM debian:12\nCOPY start.sh /\nCMD [\"/start.sh\"]\n",
			want:   []string{"what /start.sh does could not be seen"},
			not:    []string{"\nUSER "},
		},
		{
			name:   "an entry script that can be seen is read",
			source: "FROM debian:12\nCOPY start.sh /\nCMD [\"/start.sh\"]\n",
			files:  map[string]string{"start.sh": "#!/bin/sh\nexec sleep 1\n"},
			want:   []string{"\nUSER 10001:10001\n"},
		},
		{
			name:   "a user that the stage makes is the one",
			source: "FROM debian:12\nRUN useradd -r web\nCMD [\"x\"]\n",
			want:   []string{"RUN useradd --uid 10001 -r web", "\nUSER 10001\n"},
		},
		{
			name:   "Alpine makes users in its own way",
			source: "FROM alpine:3.22\nWORKDIR /code\nCMD [\"x\"]\n",
			want:   []string{"RUN adduser -D -H -u 10001 -h /code -s /sbin/nologin app"},
		},
		{
			name:   "npm ci where the lock file fits",
			source: "FROM node:22-alpine\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install --omit=dev\nCOPY server.js .\nCMD [\"node\", \"server.js\"]\n",
			files: map[string]string{
				"package.json":      `{"dependencies":{"a":"^1"}}`,
				"package-lock.json": `{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"^1"}},"node_modules/a":{"version":"1.0.0"}}}`,
				"server.js":         "",
			},
			want: []string{"RUN npm ci --omit=dev"},
		},
		{
			name:   "npm install where it does not",
			source: "FROM node:22-alpine\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install --omit=dev\nCOPY server.js .\nCMD [\"node\", \"server.js\"]\n",
			files: map[string]string{
				"package.json":      `{"dependencies":{"a":"^2"}}`,
				"package-lock.json": `{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"^1"}},"node_modules/a":{"version":"1.0.0"}}}`,
				"server.js":         "",
			},
			want: []string{"RUN npm install --omit=dev"},
		},
		{
			name:   "slim where all that is installed is known to need no more",
			source: "FROM python:3.12\nRUN pip install flask\nCOPY app.py /srv/\nCMD [\"python\", \"/srv/app.py\"]\n",
			files:  map[string]string{"app.py": "import flask\n"},
			want:   []string{"FROM python:3.12 AS build\n", "\nFROM python:3.12-slim\n"},
		},
		{
			name:   "the full image where it is not known",
			source: "FROM python:3.12\nRUN pip install psycopg2\nCOPY app.py /srv/\nCMD [\"python\", \"/srv/app.py\"]\n",
			files:  map[string]string{"app.py": "import psycopg2\n"},
			want:   []string{"\nFROM python:3.12\n", "TODO(plimsoll): stages: this was not split into a build stage and a final one, since of psycopg2"},
		},
		{
			name:   "a library that belongs to a -dev package keeps the stage whole",
			source: "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev && rm -rf /var/lib/apt/lists/*\nRUN pip install --no-cache-dir psycopg2\nCMD [\"python\"]\n",
			want:   []string{"TODO(plimsoll): stages: this was not split"},
			not:    []string{"AS build"},
		},
		{
			name:   "compilers stay behind, other packages come along",
			source: "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y --no-install-recommends gcc tini && rm -rf /var/lib/apt/lists/*\nRUN pip install --no-cache-dir x\nCMD [\"python\"]\n",
			want:   []string{"--no-install-recommends gcc tini", "--no-install-recommends tini"},
		},
		{
			name:   "Go: files that the program may read come along",
			source: "FROM golang:1.25\nWORKDIR /src\nCOPY . .\nRUN go build -o app .\nCMD [\"./app\"]\n",
			files:  map[string]string{"go.mod": "module example.com/app\n", "main.go": "package main\nfunc main() {}\n", "templates/index.html": "", "README.md": ""},
			want:   []string{"FROM gcr.io/distroless/static-debian12:nonroot\n", "COPY --from=build /src/app /src/app\nCOPY --from=build /src/templates /src/templates\n"},
			not:    []string{"README.md"},
		},
		{
			name:   "Go: who starts other programs keeps them",
			source: "FROM golang:1.25\nWORKDIR /src\nCOPY . .\nRUN go build -o app .\nCMD [\"./app\"]\n",
			files:  map[string]string{"go.mod": "module example.com/app\n", "main.go": "package main\nimport _ \"os/exec\"\nfunc main() {}\n"},
			want:   []string{"main.go starts other programs"},
			not:    []string{"distroless"},
		},
		{
			name:   "Rust: the release of Debian has to be told",
			source: "FROM rust:1-bookworm\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\nCMD [\"./target/release/greet\"]\n",
			files:  map[string]string{"Cargo.toml": "[package]\nname = \"greet\"\n", "Cargo.lock": "", "src/main.rs": "fn main() {}\n"},
			want:   []string{"FROM gcr.io/distroless/cc-debian12:nonroot\n", "COPY --from=build /src/target/release/greet /src/target/release/greet"},
		},
		{
			name:   ".NET: the runtime of the same version",
			source: "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY . .\nRUN dotnet publish -c Release -o /out\nENTRYPOINT [\"dotnet\", \"/out/app.dll\"]\n",
			files:  map[string]string{"app.csproj": `<Project Sdk="Microsoft.NET.Sdk">`, "Program.cs": ""},
			want:   []string{"FROM mcr.microsoft.com/dotnet/runtime:8.0\n", "COPY --from=build /out /out", "USER 1654:1654"},
		},
		{
			name:   "PHP: Composer stays behind",
			source: "FROM php:8.3-cli\nCOPY --from=composer:2 /usr/bin/composer /usr/bin/composer\nWORKDIR /app\nCOPY composer.json composer.lock ./\nRUN composer install --no-dev\nCOPY src ./src\nCMD [\"php\", \"src/a.php\"]\n",
			want:   []string{"COPY --from=build --chown=10001:10001 /app/vendor /app/vendor"},
		},
		{
			name:   "comments that lift rules stay beside their instruction",
			source: "FROM debian:12\n# hadolint ignore=DL3008\nRUN apt-get update && apt-get install -y jq\nUSER 1\nCMD [\"x\"]\n",
			want:   []string{"\n# hadolint ignore=DL3008\nRUN apt-get update"},
		},
		{
			name:   "what a comment lifts is left alone",
			source: "FROM debian:12\n# hadolint ignore=DL3015\nRUN apt-get update && apt-get install -y jq\nUSER 1\nCMD [\"x\"]\n",
			not:    []string{"--no-install-recommends"},
		},
		{
			name:   "COPY . becomes names, without what no image needs",
			source: "FROM debian:12\nWORKDIR /app\nCOPY . .\nUSER 1\nCMD [\"./run\"]\n",
			files:  map[string]string{"run": "", "lib/a": "", "lib/b/c": "", ".env": "A=1", ".git/config": "", "Dockerfile.dev": ""},
			want:   []string{"COPY run ./\nCOPY lib ./lib\n", "TODO(plimsoll): credentials"},
			not:    []string{"COPY . .", ".git"},
		},
		{
			name:   "a frontend that mounts secrets as variables is asked for where none is named",
			source: "FROM debian:12\nARG API_TOKEN\nRUN <<EOF\nfetch $API_TOKEN\nEOF\nUSER 1\nCMD [\"x\"]\n",
			want:   []string{"# syntax=docker/dockerfile:1\nFROM debian:12\n", "--mount=type=secret,id=api_token,env=API_TOKEN"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := hardened(t, tt.source, tt.files)
			text := plain(r)
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("it lacks %q:\n%s", want, text)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(text, not) {
					t.Errorf("it has %q:\n%s", not, text)
				}
			}
			if strings.Contains(string(r.Original)+string(r.Shown), password) {
				t.Errorf("a secret is shown:\n%s\n%s", r.Original, r.Shown)
			}
		})
	}
}

// A secret's value is in no part of the result.
func TestSecretIsNotShown(t *testing.T) {
	const value = "hT7qWZk2mWv9xLpA"
	for _, source := range []string{
		"FROM debian:12\nENV DB_PASSWORD=" + value + "\nCMD [\"x\"]\n",
		"FROM debian:12\nENV DB_PASSWORD " + value + "\nCMD [\"x\"]\n",
		"FROM debian:12\nARG API_TOKEN=\"" + value + "\"\nRUN ./fetch $API_TOKEN\nCMD [\"x\"]\n",
		"FROM debian:12\nRUN echo 'root:" + value + "' | chpasswd\nCMD [\"x\"]\n",
	} {
		r := hardened(t, source, nil)
		shown := string(r.Text) + string(r.Original) + string(r.Shown)
		for _, c := range r.Changes {
			shown += c.Title + c.Why
		}
		for _, todo := range r.Todos {
			shown += todo.Text
		}
		for _, l := range r.Left {
			shown += l.What + l.Why
		}
		if strings.Contains(shown, value) {
			t.Errorf("%q shows the value:\n%s", source, shown)
		}
		if !strings.Contains(string(r.Original), "[redacted]") {
			t.Errorf("%q: the input is not masked:\n%s", source, r.Original)
		}
	}
}

func TestHardenRefuses(t *testing.T) {
	for source, want := range map[string]error{
		"# nothing\nARG A=1\n":   harden.ErrNoStage,
		"FROM a:1\nEXPOSE\n":     harden.ErrRefused,
		"RUN true\nFROM a:1\n":   harden.ErrRefused,
		"FROM a:1\nCOPY onlyone": harden.ErrRefused,
	} {
		f, err := dockerfile.Parse("Dockerfile", []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := harden.Harden(t.Context(), f, nil, options()); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", source, err, want)
		}
	}
}

// The proposal keeps credentials out, and nothing that is copied by name.
func TestDockerignore(t *testing.T) {
	r := hardened(t, "FROM node:22\nCOPY certs/tls.key /etc/\nCOPY . /app\nUSER 1\nCMD [\"x\"]\n", map[string]string{
		"certs/tls.key": "", "server.pem": "-----BEGIN PRIVATE KEY-----", "ca.pem": "-----BEGIN CERTIFICATE-----", "node_modules/a/index.js": "",
	})
	proposal := "\n" + string(r.Dockerignore)
	for want, has := range map[string]bool{"**/.git": true, "**/.env": true, "server.pem": true, "ca.pem": false, "**/*.key": false, "**/node_modules": false} {
		if strings.Contains(proposal, "\n"+want+"\n") != has {
			t.Errorf("%s: want %v in\n%s", want, has, proposal)
		}
	}
	good := hardened(t, "FROM debian:12\nCOPY . /app\nUSER 1\nCMD [\"x\"]\n", map[string]string{".dockerignore": ".git\n.env\n", "a": ""})
	if good.Dockerignore != nil {
		t.Errorf("a good one is replaced by\n%s", good.Dockerignore)
	}
}

// A file of many instructions, each with something to change, takes no more than its
// length asks for.
func TestHardenLongFile(t *testing.T) {
	var b strings.Builder
	b.WriteString("FROM debian:12\n")
	for i := range 400 {
		if i%8 == 0 {
			fmt.Fprintf(&b, "ENV API_TOKEN_%d=hT7qWZk2mWv9xLpA%d\n", i/8, i/8)
		}
		fmt.Fprintf(&b, "# step %d\nRUN apt-get update && apt-get install -y jq && fetch $API_TOKEN_%d\nRUN chmod 777 /opt/x%d\n", i, i/8, i)
	}
	b.WriteString("CMD app\n")
	begin := time.Now()
	r := hardened(t, b.String(), nil)
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	if strings.Contains(string(r.Text), "hT7qWZk2mWv9xLpA") {
		t.Error("a secret is left")
	}
	f, err := dockerfile.Parse("Dockerfile", []byte("FROM debian:12\n"+strings.Repeat("RUN true\n", 3000)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := harden.Harden(t.Context(), f, nil, options()); !errors.Is(err, harden.ErrTooLong) {
		t.Errorf("%v", err)
	}
}

// Without a registry, and where it does not answer, a TODO takes a digest's place.
func TestPinsWithoutRegistry(t *testing.T) {
	f, err := dockerfile.Parse("Dockerfile", []byte("FROM debian:12\nUSER 1\nCMD [\"x\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, opt := range []harden.Options{{}, {Resolve: func(context.Context, string) (string, error) { return "", errors.New("no route") }}, {Resolve: func(context.Context, string) (string, error) { return "garbage", nil }}} {
		r, err := harden.Harden(t.Context(), f, nil, opt)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(r.Text), "# TODO(plimsoll): pin: debian:12 is not pinned") || !strings.Contains(string(r.Text), "\nFROM debian:12\n") {
			t.Errorf("%s", r.Text)
		}
	}
}

// What comes out parses, is accepted by the builder, and is hardened already.
func FuzzHarden(f *testing.F) {
	for _, folder := range []string{"cases", "text-only"} {
		for _, s := range samples(f, folder) {
			f.Add(s.source, false)
		}
	}
	f.Add([]byte("FROM a\nENV PASSWORD=x$y\nRUN --mount=type=cache,target=/x echo $PASSWORD\nCMD x $A && y"), true)
	f.Fuzz(func(t *testing.T, source []byte, distroless bool) {
		file, err := dockerfile.Parse("Dockerfile", source)
		if err != nil || len(source) > 64<<10 {
			return
		}
		opt := options()
		opt.Distroless = distroless
		files, err := hygiene.NewContext(fstest.MapFS{"app.py": {Data: []byte("x")}, "go.mod": {Data: []byte("module a.b/c")}, "main.go": {Data: source}, "package.json": {Data: []byte("{}")}, "requirements.txt": {Data: source}}, "Dockerfile")
		if err != nil {
			t.Fatal(err)
		}
		for _, build := range []*hygiene.Context{nil, files} {
			r, err := harden.Harden(t.Context(), file, build, opt)
			if errors.Is(err, harden.ErrNoStage) || errors.Is(err, harden.ErrRefused) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := dockerfile.Parse("Dockerfile", r.Text)
			if err != nil || len(again.Refused) > 0 {
				t.Fatalf("it does not parse any more: %v %v\n%s", err, again, r.Text)
			}
			twice, err := harden.Harden(t.Context(), again, build, opt)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(r.Text, twice.Text) {
				t.Fatalf("hardened again it differs:\n%s\n---\n%s", r.Text, twice.Text)
			}
		}
	})
}
