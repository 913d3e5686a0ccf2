package harden

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

func isRust(w *work, s *dockerfile.Stage) bool {
	return parseReference(s.Image).official() == "rust"
}

// rustBases are the final stages by the end of the builder's tag: a program that is
// linked against a release's C library runs on that release. Alpine's target is
// static by default (https://doc.rust-lang.org/reference/linkage.html#static-and-dynamic-c-runtimes).
func rustBase(tag string) (string, bool) {
	switch {
	case strings.HasSuffix(tag, "bookworm"):
		return distrolessCC, true
	case strings.Contains(tag, "alpine"):
		return distrolessStatic, true
	}
	return "", false
}

var (
	reSysCrate   = regexp.MustCompile(`(?m)^name = "([a-z0-9_-]+-sys)"`)
	reCrateName  = regexp.MustCompile(`(?ms)^\[package\].*?^name\s*=\s*"([^"]+)"`)
	reRustWrites = regexp.MustCompile(`File::create|fs::write|OpenOptions|create_dir|rusqlite|sled::`)
	reRustExec   = regexp.MustCompile(`process::Command|Command::new`)
)

// harmlessSys are -sys crates that are bound to what every system has, or link
// nothing on Linux.
var harmlessSys = []string{"linux-raw-sys", "windows-sys", "core-foundation-sys", "security-framework-sys", "js-sys", "web-sys", "system-configuration-sys", "zstd-sys", "fsevent-sys", "inotify-sys", "kqueue-sys", "dirs-sys", "android_system_properties-sys"}

// planRust copies the program into an image that has the C library and nothing else.
func planRust(w *work, s *dockerfile.Stage) (*plan, string) {
	builds := lastInstall(s, func(c *dockerfile.Command) bool { return c.Name == "cargo" || c.Name == "rustc" })
	if builds == nil {
		return nil, ""
	}
	base, ok := rustBase(parseReference(s.Image).tag)
	if !ok {
		return nil, "the tag does not tell which release of Debian the program is linked against: name it, as in rust:1-bookworm"
	}
	if w.files == nil {
		return nil, "the build context is not known: the program may need libraries or files"
	}
	c := &compiled{
		w: w, s: s, base: base, tools: []string{"cargo", "rustc", "rustup", "strip"}, toolVariables: []string{"CARGO_", "RUST", "CC", "CXX"},
		sources: func(f string) bool {
			return slices.Contains([]string{".rs", ".lock"}, path.Ext(f)) || path.Base(f) == "Cargo.toml" || path.Base(f) == "rust-toolchain.toml" || firstOf(f) == "target" || needlessText(f)
		},
		why: "the program alone, in an image without a shell",
	}
	if content, ok := w.files.Read("Cargo.lock"); ok {
		for _, m := range reSysCrate.FindAllStringSubmatch(string(content), -1) {
			if !slices.Contains(harmlessSys, m[1]) {
				return nil, m[1] + " may link a library that the final image lacks"
			}
		}
	} else if _, cargo := w.files.Read("Cargo.toml"); cargo {
		return nil, "without Cargo.lock it is not known which libraries the program links"
	}
	if f := w.mentions([]string{".rs"}, reRustExec); f != "" {
		return nil, w.clean(f) + " starts other programs"
	}
	if f := w.mentions([]string{".rs"}, reRustWrites); f != "" {
		return nil, w.clean(f) + " writes files, and it is not known where"
	}
	start, words, ok := c.startPath()
	if !ok {
		return nil, "the program is not started in exec form"
	}
	artefact, to, ok := c.match(c.rustOutputs(), words[0], start)
	if !ok {
		return nil, "it is not known which of the built files is started"
	}
	words[0] = to
	if path.Dir(to) == "/usr/local/cargo/bin" {
		words[0] = "/usr/local/bin/" + path.Base(to)
	}
	c.replace = func(in *dockerfile.Instruction) string {
		form, ok := jsonArray(words)
		if in != start || !ok {
			return ""
		}
		return in.Written + " " + form + w.newline
	}
	return c.plan([][2]string{{artefact, c.absolute(words[0], start)}})
}

// rustOutputs are the programs that a stage builds, as absolute paths.
func (c *compiled) rustOutputs() []string {
	name := ""
	if content, ok := c.w.files.Read("Cargo.toml"); ok {
		if m := reCrateName.FindSubmatch(content); m != nil {
			name = string(m[1])
		}
	}
	var outputs []string
	for _, in := range c.s.Instructions {
		if in.Keyword != "run" {
			continue
		}
		for _, command := range in.Commands() {
			switch {
			case command.Name == "rustc":
				if o, ok := command.FlagValue("-o"); ok && o.Known {
					outputs = append(outputs, c.absolute(o.Text, in))
				}
			case command.Name == "cargo" && command.Subcommand() == "build" && name != "":
				folder := "target/debug"
				if command.HasFlag("--release", "-r") {
					folder = "target/release"
				}
				if t, ok := command.FlagValue("--target"); ok && t.Known {
					folder = strings.Replace(folder, "target/", "target/"+t.Text+"/", 1)
				}
				outputs = append(outputs, c.absolute(folder+"/"+name, in))
			case command.Name == "cargo" && command.Subcommand() == "install" && name != "":
				outputs = append(outputs, "/usr/local/cargo/bin/"+name)
			}
		}
	}
	return outputs
}
