package hygiene

import (
	"fmt"
	"strings"
	"sync"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
	"plimsoll/internal/keyword"
	"plimsoll/internal/secret"
)

// secretValueRules look at values, with the rules that images are searched with. An
// image's own are reported with all its other secrets, so that the rule is about
// Dockerfiles alone.
func secretValueRules() []Rule {
	return []Rule{{
		ID: "secret-value", Title: "a secret is written in the Dockerfile", Severity: advisory.High, Category: Secrets,
		Why:    "What is written here is in the image's configuration or history, in the build's cache, and in the repository: whoever reads one of them has it.",
		Remedy: "Take the value out and rotate it; give it with RUN --mount=type=secret while building, or when the container is started.",
		Source: "https://docs.docker.com/build/building/secrets/",
		Reach:  Alike,
		Check:  checkSecretValues,
		Bad: []Sample{
			file("FROM debian:13\nENV DB_PASSWORD=hT7q$Zk2mWv9x\n"), file("FROM debian:13\nENV PAYMENTS_API_KEY=9fKz27QxWm41LpVt8sRbNc63\n"),
			file("FROM debian:13\nENV DB_PASSWORD hT7qWZk2mWv9x\n"), file("FROM debian:13\nENV A=b \\\n  DB_PASSWORD=\"hT7qWZk2mWv9x\"\n"), file("ARG MYSQL_ROOT_PASSWORD=hT7q-Zk2mWv9x\nFROM debian:13\n"),
			file("FROM debian:13\nRUN curl -u admin:hT7qWZk2mWv9x https://x.example.com/a\n"), file("FROM debian:13\nRUN <<EOF\ncurl -u admin:hT7qWZk2mWv9x https://x.example.com/a\nEOF\n"),
			file("FROM debian:13\nCMD [\"app\", \"--dsn\", \"postgres://app:hT7qWZk2mWv9x@db.prod.internal/app\"]\n"), file("FROM debian:13\nLABEL db=postgres://app:hT7qWZk2mWv9x@db.prod.internal/app\n"),
			file("FROM debian:13\nCOPY <<EOF /app/.env\nDB_PASSWORD=hT7qWZk2mWv9x\nEOF\n"), file("FROM debian:13 AS b\nRUN echo 'root:hT7qWZk2mWv9x' | chpasswd\nFROM scratch\n"),
			file("FROM debian:13\nONBUILD ENV DB_PASSWORD=hT7qWZk2mWv9x\n"),
		},
		Good: []Sample{
			file("FROM debian:13\nENV DB_PASSWORD=changeme\n"), file("FROM debian:13\nARG TOKEN\nENV TOKEN=$TOKEN\n"), file("FROM debian:13\nRUN --mount=type=secret,id=t TOKEN=$(cat /run/secrets/t) make\n"),
			file("FROM debian:13\nENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D\n"), file("FROM debian:13\nENV PASSWORD_FILE=/run/secrets/password\n"),
			file("FROM debian:13\nRUN echo \"deb [signed-by=/etc/apt/keyrings/x.gpg] https://x.example.com/ stable main\" > /etc/apt/sources.list.d/x.list\n"),
			file("FROM debian@sha256:4f7f5dd8b1bd1e6be0b1f6d7a8b0a1bd0c3e1c1fb9e0d6f3a2d9e1c2b3a4f5e6\n"),
			file("FROM debian:13\nADD --checksum=sha256:4f7f5dd8b1bd1e6be0b1f6d7a8b0a1bd0c3e1c1fb9e0d6f3a2d9e1c2b3a4f5e6 https://x.example.com/a /a\n"),
		},
	}}
}

func checkSecretValues(l *Lint) {
	for _, in := range l.All() {
		if in.Trigger != nil || in.Keyword == "from" {
			continue
		}
		for _, p := range in.Pairs() {
			for _, h := range pairSecrets(p) {
				message := fmt.Sprintf("%s holds a secret: %s, %s", p.Name, lowerFirst(h.Title), h.Redacted)
				if len(in.Missing(p.Value)) > 0 {
					message += "; the builder reads the part behind $ as a variable, so that the image holds something else than was written"
				}
				weigh(l.At(in, p.ValueText.Whole(), "%s", message), h)
			}
		}
		eachText(in, func(t dockerfile.Text) {
			for _, h := range secretsIn(t.String) {
				s := h.Secret()
				from := int(h.Offset)
				weigh(l.At(in, t.Range(from, from+len(h.Value)), "%s holds a secret: %s, %s", upper(in.Keyword), lowerFirst(s.Title), s.Redacted), s)
			}
		})
	}
}

// weigh lowers what is a secret by its shape alone, and what opens little.
func weigh(f *Finding, s secret.Secret) {
	if s.Confidence < secret.Likely || s.Severity < advisory.High {
		f.Severity = min(f.Severity, advisory.Medium)
	}
}

func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s // "AWS access key"
	}
	if word, _, _ := strings.Cut(s, " "); strings.ToLower(word[1:]) != word[1:] {
		return s // "GitHub token"
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// searcher is the engine of the built-in rules with the set of its words.
type searcher struct {
	engine *secret.Engine
	words  *keyword.Set
}

// builtin is made once: it takes some 15 ms, more than all rules over a file.
var builtin = sync.OnceValues(func() (*searcher, error) {
	engine, err := secret.NewEngine(secret.Rules())
	if err != nil {
		return nil, err
	}
	set, err := keyword.New(engine.Words())
	if err != nil {
		return nil, err
	}
	return &searcher{engine, set}, nil
})

// secretsIn finds the secrets of a text, their values still with them.
func secretsIn(text string) []secret.Hit {
	s, err := builtin()
	if err != nil {
		return nil // package secret's tests would have failed
	}
	b := []byte(text)
	var search *secret.Search
	s.words.Find(b, 0, len(b), func(word, at int) bool {
		if search == nil {
			search = s.engine.Begin("")
		}
		search.Keyword(b, 0, word, at)
		return true
	})
	if search == nil {
		return nil
	}
	return search.Hits()
}

// pairSecrets finds the secrets of one name and value.
func pairSecrets(p dockerfile.Pair) []secret.Secret {
	if !p.Set || p.Value == "" {
		return nil
	}
	var found []secret.Secret
	for _, h := range secretsIn(p.Name + "=" + p.Value) {
		found = append(found, h.Secret())
	}
	return found
}
