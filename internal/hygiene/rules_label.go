package hygiene

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/util/suggest"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

const annotations = "https://github.com/opencontainers/image-spec/blob/main/annotations.md"

// labelRules are about labels, most of all those that the OCI image specification
// gives a meaning.
func labelRules() []Rule {
	return slices.Concat(labelKeyRules(), labelValueRules())
}

func labelKeyRules() []Rule {
	return []Rule{
		{
			ID: "label-key", Title: "a label's name is not well formed", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{Hadolint: []string{"DL3048"}},
			Why:    "Tools that filter by labels expect lower-case names with dots and hyphens; com.docker, io.docker and org.dockerproject are reserved.",
			Remedy: "Write the name in lower case, with a domain of your own before it.",
			Source: "https://docs.docker.com/engine/manage-resources/labels/#key-format-recommendations",
			Check: func(l *Lint) {
				eachLabel(l, func(b label) {
					switch {
					case reservedLabel.MatchString(b.name):
						l.At(b.in, b.pair.NameText.Whole(), "%s begins with what is reserved for docker", b.name)
					case !labelName.MatchString(b.name):
						l.At(b.in, b.pair.NameText.Whole(), "%s is no name of lower-case letters, digits, dots and hyphens", b.name)
					}
				})
			},
			Bad:  []Sample{file("FROM a:1\nLABEL Vendor=x\n"), file("FROM a:1\nLABEL com.docker.x=y\n"), file("FROM a:1\nLABEL a..b=x\n"), file("FROM a:1\nLABEL \"a b\"=x\n"), file("FROM a:1\nLABEL -a=x\n")},
			Good: []Sample{file("FROM a:1\nLABEL vendor=x\n"), file("FROM a:1\nLABEL com.example.build-date=x org.opencontainers.image.ref.name=y\n"), file("FROM a:1\nARG K\nLABEL $K=x\n"), file("FROM a:1\nLABEL maintainer x\n")},
		},
		{
			ID: "label-missing", Title: "no label says where the image's source is", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{Hadolint: []string{"DL3049"}},
			Why:    "Whoever finds the image, or a vulnerability in it, can't tell which repository it was built from.",
			Remedy: "Set LABEL org.opencontainers.image.source=https://….",
			Source: annotations, Reach: FinalImage,
			Check: func(l *Lint) {
				t := l.File.Target()
				if t == nil {
					return
				}
				found := false
				eachLabel(l, func(b label) {
					found = found || b.in.Stage != nil && b.in.Stage.InFinal() && (b.name == ociPrefix+"source" || b.name == "org.label-schema.vcs-url")
				})
				if !found {
					l.ReportTarget("no org.opencontainers.image.source is set")
				}
			},
			Bad:  []Sample{file("FROM a:1\nLABEL a=b\n"), file("FROM a:1 AS b\nLABEL org.opencontainers.image.source=https://example.com/x\nFROM a:1\n")},
			Good: []Sample{file("FROM a:1\nLABEL org.opencontainers.image.source=https://example.com/x\n"), file("FROM a:1 AS b\nLABEL org.opencontainers.image.source=https://example.com/x\nFROM b\n")},
		},
		{
			ID: "label-unknown", Title: "a label's name is none that the specification has", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{Hadolint: []string{"DL3050"}},
			Why:    "org.opencontainers.image is the specification's own: a name that it does not have means nothing to any tool. Names of org.label-schema gave way to it in 2019.",
			Remedy: "Use a name of the specification, or a domain of your own.",
			Source: annotations,
			Check: func(l *Lint) {
				looked := 0
				eachLabel(l, func(b label) {
					if strings.HasPrefix(b.name, "org.label-schema.") {
						l.At(b.in, b.pair.NameText.Whole(), "%s gave way to org.opencontainers.image", b.name)
						return
					}
					key, ok := strings.CutPrefix(b.name, ociPrefix)
					if !ok || slices.Contains(ociKeys, key) || strings.Contains(key, "$") {
						return
					}
					near := ""
					if looked++; looked <= maxSuggested && len(key) < 40 {
						if s, ok := suggest.Search(key, ociKeys, false); ok {
							near = ", is " + s + " meant?"
						}
					}
					l.At(b.in, b.pair.NameText.Whole(), "%s is no name of the specification%s", b.name, near)
				})
			},
			Bad:  []Sample{file("FROM a:1\nLABEL org.opencontainers.image.license=MIT\n"), file("FROM a:1\nLABEL org.opencontainers.image.maintainer=x\n"), file("FROM a:1\nLABEL org.label-schema.name=x\n")},
			Good: []Sample{file("FROM a:1\nLABEL org.opencontainers.image.licenses=MIT\n"), file("FROM a:1\nLABEL org.opencontainers.image.base.name=debian:13\n"), file("FROM a:1\nLABEL com.example.license=MIT\n")},
		},
		{
			ID: "label-empty", Title: "a label is empty", Severity: advisory.Negligible, Category: Form,
			Peers:  Peers{Hadolint: []string{"DL3051"}},
			Why:    "An empty label says nothing, and hides that something should be there.",
			Remedy: "Give it a value, or leave it out.",
			Source: annotations,
			Check: func(l *Lint) {
				eachLabel(l, func(b label) {
					if b.known && b.value == "" && !strings.Contains(b.pair.Value, "$") {
						l.At(b.in, b.pair.Text.Whole(), "%s has no value", b.name)
					}
				})
			},
			Bad:  []Sample{file("FROM a:1\nLABEL a=\n"), file("FROM a:1\nLABEL a=\"\" b=c\n")},
			Good: []Sample{file("FROM a:1\nLABEL a=b\n"), file("FROM a:1\nARG V=\nLABEL a=$V\n")},
		},
	}
}

// labelValueRules hold the values of the specification's labels against it.
func labelValueRules() []Rule {
	value := func(id, title, peer, why, remedy string, keys []string, wrong func(string) bool, what string, bad, good []Sample) Rule {
		return Rule{
			ID: id, Title: title, Severity: advisory.Negligible, Category: Form, Peers: Peers{Hadolint: []string{peer}},
			Why: why, Remedy: remedy, Source: annotations, OnImage: true,
			Check: func(l *Lint) {
				eachLabel(l, func(b label) {
					if b.known && b.value != "" && !isTemplate(b.value) && slices.Contains(keys, b.name) && wrong(b.value) {
						l.At(b.in, b.pair.Text.Whole(), "%s is no %s", b.name, what)
					}
				})
			},
			Bad: bad, Good: good,
		}
	}
	oci := func(keys ...string) []string {
		for i := range keys {
			keys[i] = ociPrefix + keys[i]
		}
		return keys
	}
	one := func(key string, values ...string) []Sample {
		var s []Sample
		for _, v := range values {
			s = append(s, file("FROM a:1\nLABEL "+ociPrefix+key+"=\""+v+"\"\n"))
		}
		return s
	}
	return []Rule{
		value("label-url", "a label that names an address is none", "DL3052", "Registries and catalogues show the label as a link.", "Write a whole address: https://….",
			oci("url", "documentation", "source"), func(v string) bool {
				u, err := url.Parse(v)
				return err != nil || u.Scheme == "" || u.Host == ""
			}, "address", one("url", "example.com", "see the wiki"), one("source", "https://example.com/x", "$X")),
		value("label-created", "the label of the image's date is none", "DL3053", "Tools read it as a time, to tell how old the image is.", "Write it as RFC 3339 has it: 2026-01-31T12:00:00Z.",
			oci("created"), func(v string) bool {
				_, err := time.Parse(time.RFC3339, v)
				return err != nil
			}, "time as RFC 3339 writes it", one("created", "2026-01-31", "yesterday", "Sat Jan 31 12:00:00 UTC 2026"), one("created", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+02:00", "${DATE}")),
		value("label-licence", "the label of the licence is no SPDX expression", "DL3054", "Licence checks read it as an SPDX expression, and pass over what they can't read.", "Write SPDX identifiers: Apache-2.0, MIT OR GPL-3.0-only.",
			oci("licenses"), func(v string) bool { return !isLicence(v) }, "SPDX expression", one("licenses", "Apache 2.0", "GPLv3", "BSD", "MIT License", "MIT,ISC", "(MIT"), one("licenses", "Apache-2.0", "MIT OR (GPL-3.0-only AND BSD-3-Clause)", "GPL-2.0-or-later WITH Classpath-exception-2.0", "LicenseRef-acme", "$L")),
		value("label-revision", "the label of the revision names no commit", "DL3055", "Only a commit says which source the image was built from; a branch goes on.", "Write the commit's identifier.",
			oci("revision"), func(v string) bool { return !commit.MatchString(v) }, "commit", one("revision", "main", "v1.2"), one("revision", "4f7f5dd", "4f7f5dd8b1bd1e6be0b1f6d7a8b0a1bd0c3e1c1f", "$GIT_SHA")),
		value("label-version", "the label of the version is no semantic version", "DL3056", "Tools that order versions read it as a semantic version.", "Write three numbers: 1.4.0.",
			oci("version"), func(v string) bool { return !semantic.MatchString(v) }, "semantic version", one("version", "1.0", "latest", "01.2.3"), one("version", "1.0.0", "v2.1.0-rc.1+build.5", "${VERSION}")),
		value("label-email", "the label of the authors holds no valid address", "DL3058", "Whoever finds a vulnerability in the image writes there.", "Write name@domain, with the name before it if you like.",
			append(oci("authors"), "maintainer", "maintainers"), func(v string) bool {
				if !strings.Contains(v, "@") || strings.Contains(v, "://") || strings.Contains(v, " @") || strings.HasPrefix(v, "@") {
					return false // a name, a page, an account
				}
				return !slices.ContainsFunc(strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ';' }), func(part string) bool {
					_, err := mail.ParseAddress(strings.TrimSpace(part))
					return err == nil
				})
			}, "address of electronic mail", one("authors", "a@", "x <a@b", "a@@b.example"), one("authors", "a@b.example", "A B <a@b.example>", "The team", "$A", "A <a@b.example>, C <c@d.example>", "https://example.com/@team")),
	}
}

const ociPrefix = "org.opencontainers.image."

// ociKeys are the specification's own.
var ociKeys = []string{
	"created", "authors", "url", "documentation", "source", "version", "revision", "vendor", "licenses", "ref.name", "title",
	"description", "base.digest", "base.name",
}

var (
	labelName     = regexp.MustCompile(`^[a-z0-9]+(?:[.\-/_][a-z0-9]+)*$`)
	reservedLabel = regexp.MustCompile(`^(?:com\.docker|io\.docker|org\.dockerproject)\.`)
	commit        = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)
	// semantic is https://semver.org with the v that tags have before it.
	semantic = regexp.MustCompile(`^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.\-]+)?(\+[0-9A-Za-z.\-]+)?$`)
	licence  = regexp.MustCompile(`^(?:DocumentRef-[A-Za-z0-9.\-]+:)?[A-Za-z0-9][A-Za-z0-9.\-]*\+?$`)
)

// notLicences are words that are often written and are no identifiers of the SPDX list.
var notLicences = words(`apache apache2 apache-2 apachev2 apache2.0 apache-v2 asl asl2 asl-2.0 gpl gpl2 gpl3 gplv2 gplv3 gpl-2 gpl-3 gplv2+ gplv3+ lgpl lgpl2 lgpl3
	lgplv2 lgplv3 lgpl-3 agpl agpl3 agplv3 agpl-3 bsd bsd2 bsd3 bsd-2 bsd-3 bsd3-clause new-bsd mpl mpl2 mplv2 mpl-2 cc0 cc-by cc-by-sa epl eplv1 eplv2 eupl
	proprietary commercial private public-domain publicdomain none unknown other free opensource open-source mit-license license licence expat`)

// isLicence reads an SPDX expression (SPDX 2.3, annex D) as far as it can be read
// without the list of licences.
func isLicence(text string) bool {
	depth, wantsName := 0, true
	for _, token := range strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text)) {
		switch {
		case token == "(":
			if !wantsName {
				return false
			}
			depth++
		case token == ")":
			if depth--; depth < 0 || wantsName {
				return false
			}
		case token == "AND" || token == "OR" || token == "WITH":
			if wantsName {
				return false
			}
			wantsName = true
		default:
			if !wantsName || !licence.MatchString(token) || notLicences[strings.ToLower(token)] {
				return false
			}
			wantsName = false
		}
	}
	return depth == 0 && !wantsName
}

// isTemplate tells whether something else than the builder fills a value in.
func isTemplate(value string) bool {
	return strings.HasPrefix(value, "$") || strings.Contains(value, "{{") || strings.Contains(value, "<%") || strings.HasPrefix(value, "@") && strings.HasSuffix(value, "@") || strings.HasPrefix(value, "%%")
}

// label is one label with its value as the builder reads it.
type label struct {
	in   *dockerfile.Instruction
	pair dockerfile.Pair
	// name has no quotes; value is Known where all its variables are.
	name, value string
	known       bool
}

// eachLabel hands out every label.
func eachLabel(l *Lint, do func(label)) {
	for _, in := range l.All("label") {
		for _, p := range in.Pairs() {
			b := label{in: in, pair: p, name: strings.Trim(p.Name, `"'`)}
			if strings.Contains(b.name, "$") || b.name == "" {
				continue
			}
			b.value, b.known = in.Expand(p.Value)
			b.value = strings.TrimSpace(b.value)
			do(b)
		}
	}
}
