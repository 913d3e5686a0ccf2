package harden

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

func isRuby(w *work, s *dockerfile.Stage) bool {
	return parseReference(s.Image).official() == "ruby"
}

// gems is where Ruby's official images have gems, with their programs and Bundler's
// settings (GEM_HOME and BUNDLE_APP_CONFIG in
// https://github.com/docker-library/ruby/blob/master/Dockerfile.template).
const gems = "/usr/local/bundle"

// systemGems are gems that link a library, or call a program, which slim images lack.
var systemGems = []string{
	"pg", "mysql2", "mysql", "sqlite3", "rmagick", "mini_magick", "image_processing", "ruby-vips", "charlock_holmes", "curb", "rugged", "tiny_tds", "ruby-ldap", "snappy",
	"rdkafka", "ruby-oci8", "ruby-odbc", "unf_ext", "hiredis", "lmdb", "leveldb", "typhoeus", "ethon", "ffi-hunspell", "rbczmq", "ffi-rzmq", "wkhtmltopdf-binary", "wicked_pdf",
	"pdfkit", "grover", "git", "open3", "seven_zip_ruby", "maxminddb", "geoip", "libxml-ruby", "kgio", "eventmachine", "execjs", "mini_racer", "therubyracer", "sassc", "gpgme",
}

// planRuby installs gems in the build stage and copies them; everything else happens
// in the final stage as before.
func planRuby(w *work, s *dockerfile.Stage) (*plan, string) {
	isInstall := func(c *dockerfile.Command) bool {
		return (c.Name == "bundle" || c.Name == "bundler") && slices.Contains([]string{"install", ""}, c.Subcommand())
	}
	last := lastInstall(s, isInstall)
	if last == nil {
		return nil, ""
	}
	p := &plan{why: "the gems come from the build stage"}
	for _, in := range s.Instructions {
		before := in.Index <= last.Index
		part := part{in: in}
		switch in.Keyword {
		case "arg", "workdir", "shell":
			if before {
				part.role = inBoth
			}
		case "env":
			if before {
				part.role = inBoth
			}
			for _, pair := range in.Pairs() {
				if slices.Contains([]string{"GEM_HOME", "BUNDLE_PATH", "BUNDLE_APP_CONFIG", "GEM_PATH"}, pair.Name) {
					return nil, "gems are installed to a place of its own choice"
				}
			}
		case "user":
			if before {
				return nil, "gems are installed as another user than root"
			}
		case "copy", "add":
			if before {
				part.role = inBoth
			}
		case "run":
			if reason := w.rubyRun(in, before, &part); reason != "" {
				return nil, reason
			}
		}
		if in == last {
			part.final = w.fromBuild(gems, gems)
		}
		p.parts = append(p.parts, part)
	}
	reason := w.slimRuby(s, p)
	if reason != "" && p.base == "" {
		if !leavesTools(p) {
			return nil, reason + ", so that the final stage would be the same image"
		}
		w.todo(s.From, "slim", "the final stage keeps %s, since %s: ruby:…-slim is a quarter of its size", w.clean(s.Image), reason)
	}
	return p, ""
}

func (w *work) rubyRun(in *dockerfile.Instruction, before bool, p *part) string {
	commands := in.Commands()
	where := "line " + line(w.originOf(in.StartLine))
	if len(commands) == 0 {
		return where + " could not be read"
	}
	ours := false
	for _, c := range commands {
		switch c.Name {
		case "bundle", "bundler", "gem":
			if c.Subcommand() == "exec" {
				if before {
					return where + " runs a program of the gems before all are installed"
				}
				return ""
			}
			ours = true
			if c.HasFlag("--path", "--deployment", "--binstubs", "--standalone", "--install-dir", "-i", "--user-install") || c.Subcommand() == "config" && (c.Has("path", "deployment", "without") && c.Has("path", "deployment")) {
				return where + " installs gems to a place of its own choice"
			}
		}
	}
	if !ours {
		if names, only := systemInstall(in); only {
			made, reason := w.splitInstall(in, names, before)
			*p = made
			return reason
		}
		if before && !onlyAccounts(commands) {
			p.role = inBoth
		}
		return ""
	}
	for _, c := range commands {
		if !slices.Contains([]string{"bundle", "bundler", "gem", "set", "true", "rm"}, c.Name) {
			return where + " does more than install gems"
		}
	}
	p.role = inBuild
	return ""
}

var reGem = regexp.MustCompile(`(?m)^ {4}([A-Za-z0-9_.-]+) \(`)

// slimRuby chooses a slim final stage for a full base.
func (w *work) slimRuby(s *dockerfile.Stage, p *plan) string {
	r := parseReference(s.Image)
	if strings.Contains(r.tag, "slim") || strings.Contains(r.tag, "alpine") {
		return ""
	}
	tag, ok := slimTag(r.tag) // ruby's tags are like python's (https://hub.docker.com/_/ruby)
	if !ok || s.From.Words[0].String != s.Image {
		return "its tag does not tell the slim one"
	}
	if w.files == nil {
		return "the build context is not known"
	}
	content, ok := w.files.Read("Gemfile.lock")
	if !ok {
		return "without Gemfile.lock it is not known which libraries its gems need"
	}
	if strings.Contains(string(content), "\nGIT\n") || strings.HasPrefix(string(content), "GIT\n") {
		return "gems come from Git, and Bundler asks for it"
	}
	for _, m := range reGem.FindAllStringSubmatch(string(content), -1) {
		if slices.Contains(systemGems, m[1]) {
			return "the gem " + m[1] + " needs a library or a program that the slim image lacks"
		}
	}
	if file := cmp.Or(w.mentions([]string{".rb"}, regexp.MustCompile("Open3|\\bsystem[ (]|%x\\{|`[a-z]")), w.mentions([]string{".sh"}, reTools)); file != "" {
		return w.clean(file) + " starts other programs"
	}
	p.base = r.withTag(tag)
	p.why += "; slim, since nothing here needs compilers and their libraries"
	return ""
}
