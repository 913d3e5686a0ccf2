package harden

import (
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// packageLists fetches apt's lists in the RUN that installs: fetched in one of their
// own they stay as old as that layer, and deleting them later makes nothing smaller.
func packageLists(w *work) error {
	for _, s := range w.file.Stages {
		for i, in := range s.Instructions {
			if i+1 < len(s.Instructions) && onlyUpdates(in) {
				w.joinUpdate(in, s.Instructions[i+1])
			}
		}
	}
	return nil
}

// onlyUpdates tells whether a RUN does nothing but fetch apt's lists.
func onlyUpdates(in *dockerfile.Instruction) bool {
	if in.Keyword != "run" || in.Exec || len(in.Flags) > 0 || len(in.Heredocs) > 0 {
		return false
	}
	commands := in.Commands()
	return len(commands) == 1 && (commands[0].Name == "apt-get" || commands[0].Name == "apt") && commands[0].Subcommand(aptValues...) == "update" &&
		len(commands[0].Through) == 0 && !strings.ContainsAny(in.Args.String, "&|;<>")
}

func (w *work) joinUpdate(update, in *dockerfile.Instruction) {
	if in.Keyword != "run" || in.Exec || len(in.Heredocs) > 0 || in.Trigger != nil {
		return
	}
	commands := in.Commands()
	if len(commands) == 0 || !slices.ContainsFunc(commands, isAptInstall) || strings.HasPrefix(in.Args.String, "set ") {
		return
	}
	if len(w.file.CommentsAbove(in)) > 0 && strings.TrimSpace(w.file.Line(update.EndLine+1)) == "" {
		return // what stands between the two may be about either
	}
	from, _ := in.Args.Offsets()
	c := Change{
		Title: "fetch apt's lists where packages are installed", Closes: []string{"package-index-alone"},
		Why: "in a RUN of its own the lists are as old as the builder's cache, and stay in the image",
	}
	w.change(update, c, "", w.lines(update, ""), edit{From: from, To: from, New: update.Args.String + " && "})
}

// lockFiles installs what the lock file says, where it is known to fit.
func lockFiles(w *work) error {
	project, ok := w.project()
	if !ok || project.lock == nil || !project.locked {
		return nil
	}
	for _, s := range w.file.Stages {
		for _, in := range s.Instructions {
			if in.Keyword != "run" || !w.bringsLock(s, in) {
				continue
			}
			for _, c := range in.Commands() {
				// npm ci takes no names of packages, and needs the lock file beside package.json
				// (https://docs.npmjs.com/cli/v10/commands/npm-ci).
				if c.Name != "npm" || !isNodeInstall(c) || c.Subcommand() == "ci" || len(c.Operands()) != 1 {
					continue
				}
				operands := c.Operands()
				from, to, ok := operands[0].Offsets()
				if !ok {
					continue
				}
				w.change(in, Change{
					Title: "install what the lock file says", Closes: []string{"lock-file-missing", "npm-unpinned"},
					Why: "npm install may take newer packages than those that were tested",
				}, "npm ci installs what package-lock.json says, and nothing else", edit{From: from, To: to, New: "ci"})
			}
		}
	}
	return nil
}

// bringsLock tells whether package-lock.json is there when a RUN installs.
func (w *work) bringsLock(s *dockerfile.Stage, run *dockerfile.Instruction) bool {
	for _, in := range s.Instructions {
		if in.Index >= run.Index || in.Keyword != "copy" && in.Keyword != "add" || len(in.Froms()) > 0 || len(in.Words) < 2 {
			continue
		}
		dir, _ := w.workdirAt(run)
		if !w.copiesInto(in, dir) {
			continue
		}
		for _, word := range in.Words[:len(in.Words)-1] {
			if slices.Contains(w.files.Matches(word.String), "package-lock.json") {
				return true
			}
		}
	}
	return false
}
