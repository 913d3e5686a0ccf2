package harden

import (
	"path"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

func isPHP(w *work, s *dockerfile.Stage) bool {
	return parseReference(s.Image).official() == "php"
}

// planPHP runs Composer in the build stage and copies vendor; extensions and settings
// stay as they are in the final stage, and are made in both, since Composer looks for
// the extensions.
func planPHP(w *work, s *dockerfile.Stage) (*plan, string) {
	isInstall := func(c *dockerfile.Command) bool {
		return (c.Name == "composer" || c.Name == "composer.phar") && slices.Contains([]string{"install", "i"}, c.Subcommand("-d", "--working-dir"))
	}
	last := lastInstall(s, isInstall)
	if last == nil {
		return nil, ""
	}
	dir, ok := w.workdirAt(last)
	if !ok || slices.Contains(systemFolders, dir) {
		return nil, "the folder that Composer works in is not known"
	}
	p := &plan{why: "the packages come from the build stage, without Composer"}
	for _, in := range s.Instructions {
		before := in.Index <= last.Index
		part := part{in: in}
		switch in.Keyword {
		case "arg", "env", "workdir", "shell":
			if before {
				part.role = inBoth
			}
		case "user":
			if before {
				return nil, "packages are installed as another user than root"
			}
		case "copy", "add":
			if before {
				part.role = inBoth
				if slices.ContainsFunc(in.Froms(), func(f string) bool { return parseReference(f).official() == "composer" }) {
					part.role = inBuild
				}
			}
		case "run":
			if reason := w.phpRun(in, before, isInstall, &part); reason != "" {
				return nil, reason
			}
		}
		if in == last {
			part.final = w.fromBuild(dir+"/vendor", dir+"/vendor")
		}
		p.parts = append(p.parts, part)
	}
	return p, ""
}

func (w *work) phpRun(in *dockerfile.Instruction, before bool, isInstall func(*dockerfile.Command) bool, p *part) string {
	commands := in.Commands()
	where := "line " + line(w.originOf(in.StartLine))
	if len(commands) == 0 {
		return where + " could not be read"
	}
	composer, only := false, true
	for _, c := range commands {
		name := path.Base(c.Name)
		installer := strings.HasPrefix(name, "composer")
		composer = composer || installer
		if installer && !isInstall(c) && !slices.Contains([]string{"dump-autoload", "dumpautoload", "clear-cache", "config"}, c.Subcommand()) {
			return where + " uses Composer for more than installing"
		}
		if installer && (c.HasFlag("-d", "--working-dir") || c.Subcommand() == "config" || c.Subcommand() == "global") {
			return where + " uses Composer in another folder, or for all projects"
		}
		only = only && (installer || slices.Contains([]string{"set", "true", "rm", "php"}, c.Name))
	}
	switch {
	case composer && only && before:
		p.role = inBuild
	case composer:
		return where + " does more than install packages"
	case before && slices.ContainsFunc(commands, func(c *dockerfile.Command) bool { return c.Name == "php" || c.Name == "curl" || c.Name == "wget" }):
		// Composer's own installer, most likely.
		if !strings.Contains(in.Text.String, "composer") {
			p.role = inBoth
			return ""
		}
		p.role = inBuild
	case before && !onlyAccounts(commands):
		p.role = inBoth
	}
	return ""
}
