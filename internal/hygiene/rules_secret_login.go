package hygiene

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// secretLoginRules are about commands that leave a credential behind.
func secretLoginRules() []Rule {
	return []Rule{
		{
			ID: "secret-login", Title: "a login while building stays in the image", Severity: advisory.High, Category: Secrets,
			Peers:   Peers{Trivy: []string{"DS-0031"}},
			Why:     "The tool writes the credential to a file of its own, and that file is in the layer: whoever can pull the image is logged in.",
			Remedy:  "Mount the tool's credentials for the one command that needs them: RUN --mount=type=secret,id=…,target=….",
			Source:  "https://docs.docker.com/build/building/secrets/",
			OnImage: true,
			Check: func(l *Lint) {
				var last *dockerfile.Instruction
				back := false
				for _, c := range l.Commands() {
					what := login(c)
					if what == "" || onTemporary(c.Instruction) {
						continue
					}
					if c.Instruction != last {
						last, back = c.Instruction, takenBack(c.Instruction)
					}
					if f := l.ReportCommand(c, "%s keeps a credential in the layer", what); back {
						f.Severity = min(f.Severity, advisory.Low)
					}
				}
			},
			Bad: []Sample{
				file("FROM debian:13\nARG K\nRUN aws configure set aws_secret_access_key $K\n"), file("FROM debian:13\nRUN az login --service-principal -u $ID -p $PW --tenant $T\n"),
				file("FROM debian:13\nRUN gcloud auth activate-service-account --key-file=/k.json\n"), file("FROM debian:13\nRUN doctl auth init -t $TOKEN\n"), file("FROM debian:13\nRUN echo $P | docker login -u x --password-stdin r.example.com\n"),
				file("FROM debian:13\nRUN gh auth login --with-token < t\n"), file("FROM node:24\nRUN npm config set //registry.npmjs.org/:_authToken=$NPM_TOKEN\n"), file("FROM node:24\nRUN npm config set '//r.example.com/:_authToken' \"$T\" && npm ci\n"),
				file("FROM node:24\nARG T\nRUN echo \"//registry.npmjs.org/:_authToken=$T\" > .npmrc && npm ci\n"), file("FROM golang:1.26\nRUN git config --global url.\"https://x:${TOKEN}@github.com/\".insteadOf https://github.com/\n"),
				file("FROM debian:13\nRUN echo \"machine github.com login x password $T\" > ~/.netrc\n"), file("FROM debian:13\nRUN sudo docker login -p $P -u u\n"), file("FROM php:8.4\nRUN composer config -g github-oauth.github.com $T\n"),
				file("FROM debian:13\nRUN set -e; if true; then doctl auth init --access-token=$T; fi\n"),
			},
			Good: []Sample{
				file("FROM debian:13\nRUN aws configure set region eu-west-1\n"), file("FROM debian:13\nRUN az login --identity && az acr list\n"), file("FROM debian:13\nRUN gcloud config set project x\n"), file("FROM node:24\nRUN npm config set registry https://r.example.com/\n"),
				file("FROM debian:13\nRUN git config --global user.name x\n"), file("FROM golang:1.26\nRUN git config --global url.\"git@github.com:\".insteadOf https://github.com/\n"), file("FROM debian:13\nRUN echo run docker login first\n"),
				{Dockerfile: "FROM debian:13\nRUN --mount=type=tmpfs,target=/root aws configure set aws_secret_access_key $(cat /run/secrets/k)\n", DockerfileOnly: true},
				file("FROM node:24\nRUN npm config set fund false && npm ci\n"),
				file("FROM debian:13\nCMD [\"docker\", \"login\", \"-p\", \"x\"]\n"),
			},
		},
	}
}

// login says which login a command is; empty for none.
func login(c *dockerfile.Command) string {
	sub := func(words ...string) bool { return inOrder(c.Args, words) }
	mentions := func(parts ...string) bool {
		return slices.ContainsFunc(c.Args, func(w dockerfile.Word) bool {
			return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(w.Text, p) })
		})
	}
	switch c.Name {
	case "aws":
		if sub("configure", "set") && mentions("aws_access_key_id", "aws_secret_access_key", "aws_session_token") || sub("configure", "import") {
			return "aws configure"
		}
	case "az":
		if sub("login") && c.HasFlag("-p", "--password", "--federated-token", "--certificate") {
			return "az login"
		}
	case "gcloud":
		if sub("auth", "activate-service-account") || sub("auth", "login") && mentions("--cred-file") {
			return "gcloud auth"
		}
	case "doctl":
		if sub("auth", "init") {
			return "doctl auth init"
		}
	case "docker", "podman", "buildah", "nerdctl", "skopeo", "crane", "oras", "regctl":
		if sub("login") && c.HasFlag("-p", "--password", "--password-stdin", "--pass-stdin") {
			return c.Name + " login"
		}
	case "helm":
		if sub("registry", "login") || sub("repo", "add") && c.HasFlag("--password") {
			return "helm"
		}
	case "gh":
		if sub("auth", "login") {
			return "gh auth login"
		}
	case "glab":
		if sub("auth", "login") {
			return "glab auth login"
		}
	case "npm", "pnpm", "yarn":
		if sub("config", "set") && mentions("_authToken", "_auth", "_password", "npmAuthToken", "npmAuthIdent") || sub("set") && mentions("_authToken") {
			return c.Name + " config set"
		}
	case "composer":
		if sub("config") && mentions("http-basic", "github-oauth", "gitlab-token", "gitlab-oauth", "bearer.") {
			return "composer config"
		}
	case "poetry":
		if sub("config") && mentions("http-basic.", "pypi-token.") {
			return "poetry config"
		}
	case "git":
		if sub("config") && mentions(".insteadOf", ".insteadof", ".extraheader", ".extraHeader") && mentions("://") && urlCredential(c) || sub("config") && mentions("extraheader", "extraHeader") && mentions("Authorization", "AUTHORIZATION", "authorization") {
			return "git config"
		}
	case "dotnet":
		if sub("nuget", "add", "source") && c.HasFlag("--password", "-p") || sub("nuget", "update", "source") && c.HasFlag("--password", "-p") {
			return "dotnet nuget"
		}
	case "huggingface-cli", "hf":
		if sub("login") && c.HasFlag("--token") {
			return c.Name + " login"
		}
	case "kubectl":
		if sub("config", "set-credentials") {
			return "kubectl config set-credentials"
		}
	case "oc", "vault", "ibmcloud", "snyk", "cargo", "wandb", "subscription-manager":
		return otherLogin(c, sub)
	case "echo", "printf", "cat", "tee":
		return writtenLogin(c)
	}
	return ""
}

func otherLogin(c *dockerfile.Command, sub func(...string) bool) string {
	switch {
	case c.Name == "subscription-manager" && sub("register") && c.HasFlag("--password", "--activationkey"),
		c.Name == "snyk" && sub("auth") && len(c.Operands()) > 1,
		c.Name == "oc" && sub("login") && c.HasFlag("--token", "-p", "--password"),
		c.Name == "vault" && sub("login") && len(c.Operands()) > 1,
		c.Name == "ibmcloud" && sub("login") && c.HasFlag("--apikey", "-p"),
		c.Name == "cargo" && sub("login") && len(c.Operands()) > 1,
		c.Name == "wandb" && sub("login") && len(c.Operands()) > 1:
		return c.Name
	}
	return ""
}

// writtenLogin is a file of credentials that is written by hand.
func writtenLogin(c *dockerfile.Command) string {
	if len(targets(c)) == 0 {
		return ""
	}
	text := c.Line()
	for _, r := range redirects(c) {
		if r.Hdoc != nil {
			text += printed(r.Hdoc)
		}
	}
	switch {
	case strings.Contains(text, ":_authToken="), strings.Contains(text, ":_password="):
		return ".npmrc"
	case strings.Contains(text, "machine ") && strings.Contains(text, "password "):
		return ".netrc"
	}
	return ""
}

// urlCredential tells whether a word holds an address with a credential in it.
func urlCredential(c *dockerfile.Command) bool {
	for _, w := range c.Args {
		_, rest, ok := strings.Cut(w.Text, "://")
		if !ok {
			continue
		}
		if user, _, at := strings.Cut(rest, "@"); at && !strings.Contains(user, "/") && (strings.ContainsAny(user, ":$") || len(user) > 16) {
			return true
		}
	}
	return false
}

// inOrder tells whether the operands begin with words, flags between them aside.
func inOrder(args []dockerfile.Word, want []string) bool {
	for _, a := range args {
		if len(want) == 0 {
			return true
		}
		switch {
		case a.Text == want[0]:
			want = want[1:]
		case !strings.HasPrefix(a.Text, "-") && len(want) > 0 && !strings.ContainsAny(a.Text, "/.:=$"):
			return false
		}
	}
	return len(want) == 0
}

// onTemporary tells whether the home folder is not in the layer.
func onTemporary(in *dockerfile.Instruction) bool {
	return slices.ContainsFunc(in.Mounts(), func(m map[string]string) bool {
		return (m["type"] == "tmpfs" || m["type"] == "cache") && (m["target"] == "/root" || strings.HasPrefix(m["target"], "/home") || strings.HasPrefix(m["target"], "/root/."))
	})
}

// takenBack tells whether the same instruction logs out or deletes such a file.
func takenBack(in *dockerfile.Instruction) bool {
	for _, c := range in.Commands() {
		if c.Name == "rm" || c.Name == "shred" {
			for _, a := range c.Operands() {
				for _, f := range []string{".npmrc", ".netrc", ".docker", ".aws", ".azure", ".config", ".gitconfig", ".git-credentials", ".kube", ".yarnrc", ".composer"} {
					if strings.Contains(a.Text, f) {
						return true
					}
				}
			}
		}
		if c.Has("logout", "revoke", "unregister", "--unset", "--remove-section", "--unset-all") || inOrder(c.Args, []string{"config", "delete"}) || inOrder(c.Args, []string{"config", "rm"}) {
			return true
		}
	}
	return false
}
