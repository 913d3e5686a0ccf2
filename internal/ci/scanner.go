package ci

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/dockerfile"
)

// call is one run of a scanner, by a command or by an action.
type call struct {
	job  *Job
	step *Step
	// tool is the scanner's name.
	tool string
	at   dockerfile.Range
	// command is nil for an action.
	command *dockerfile.Command
	// fails is set where a finding fails the step, and fixable where only one with a
	// fix does; settled where a file or a variable decides that isn't looked at.
	fails, fixable, settled bool
	// linter is set for what judges files, not packages.
	linter bool
	// masked says what swallows its exit status; "" for nothing.
	masked string
	// how names the flag that fails, and the one that keeps to what has a fix.
	how, howFixable string
}

// maxCalls bounds the scanners of one job that are looked at.
const maxCalls = 300

// calls lists the scanners that a job runs.
func (a *audit) calls(j *Job) []call {
	all, ok := a.known[j]
	if !ok {
		all = a.findCalls(j)
		if a.known == nil {
			a.known = map[*Job][]call{}
		}
		a.known[j] = all
	}
	return all
}

func (a *audit) findCalls(j *Job) []call {
	var all []call
	for _, s := range j.Steps {
		if len(all) >= maxCalls {
			break
		}
		if c, ok := actionCall(s); ok {
			c.job, c.step, c.at = j, s, s.Uses.Range
			all = append(all, c)
		}
		sc := s.parsed(a.Workflow, j)
		for _, cmd := range sc.commands() {
			if len(all) >= maxCalls {
				break
			}
			env := func(name string) string { return a.variable(j, s, cmd, name) }
			if c, ok := commandCall(cmd, env); ok {
				c.job, c.step, c.command, c.at = j, s, cmd, sc.place(cmd.Range())
				c.masked = a.masked(j, s, cmd)
				all = append(all, c)
			}
		}
	}
	return all
}

// masked says what swallows a command's exit status.
func (a *audit) masked(j *Job, s *Step, c *dockerfile.Command) string {
	shell := firstOf(s.Shell, j.Defaults.Shell, a.Defaults.Shell)
	// "bash" alone is run as bash --noprofile --norc -eo pipefail, nothing as bash -e,
	// and sh as sh -e.
	pipefail := shell == "bash" || strings.Contains(shell, "pipefail")
	strict := shell == "" || shell == "bash" || shell == "sh" || strings.Contains(shell, " -e")
	return masked(c, pipefail, strict)
}

// variable is what the environment of a command has under a name.
func (a *audit) variable(j *Job, s *Step, c *dockerfile.Command, name string) string {
	if c != nil {
		if v, ok := c.Assigned[name]; ok {
			return v
		}
	}
	for _, env := range [][]Pair{s.Env, j.Env, a.Env} {
		for _, p := range env {
			if p.Key == name {
				return p.Value.Value
			}
		}
	}
	return ""
}

// commandCall tells scanners by their names and reads their flags as their manuals
// have them: trivy.dev/docs/latest/references/configuration/cli, Grype's README,
// docs.docker.com/reference/cli/docker/scout/cves, Snyk's CLI reference.
func commandCall(c *dockerfile.Command, env func(string) string) (call, bool) {
	name, words := c.Name, c.Args
	if name == "docker" || name == "podman" {
		if inner, rest, ok := inContainer(c); ok {
			name, words = inner, rest
		}
	}
	f := flags(words)
	switch name {
	case "trivy":
		return trivyCall(f, env)
	case "grype":
		if f.sub == "db" || f.sub == "version" || f.sub == "explain" || f.sub == "config" || f.sub == "completion" || f.sub == "" || f.has("--version", "--help", "-h") {
			return call{}, false
		}
		return call{
			tool: "grype", fails: f.has("--fail-on", "-f") || env("GRYPE_FAIL_ON_SEVERITY") != "", fixable: f.has("--only-fixed") || isTrue(env("GRYPE_ONLY_FIXED")),
			settled: f.has("--config", "-c"), how: "--fail-on high", howFixable: "--only-fixed",
		}, true
	case "plimsoll":
		switch f.sub {
		case "gate":
			// Its policy decides, and no ready one fails on what has no fix.
			return call{tool: "plimsoll", fails: true, fixable: true, how: "plimsoll gate"}, true
		case "scan":
			level := f.value("--fail-on")
			return call{tool: "plimsoll", fails: level != "", fixable: level == "" || strings.HasPrefix(level, "fixable"), how: "--fail-on fixable-high, or plimsoll gate", howFixable: "--fail-on fixable-high"}, true
		case "lint":
			return call{tool: "plimsoll lint", linter: true, fails: f.value("--fail-on") != "never", how: "--fail-on high"}, true
		}
	case "docker":
		if f.sub == "scout" && len(f.operands) > 1 && (f.operands[1] == "cves" || f.operands[1] == "quickview") {
			return call{tool: "docker scout", fails: f.has("--exit-code", "-e"), fixable: f.has("--only-fixed"), how: "--exit-code", howFixable: "--only-fixed"}, true
		}
	case "snyk":
		if f.sub == "container" || f.sub == "test" {
			return call{tool: "snyk", fails: true, fixable: f.has("--fail-on"), settled: f.has("--policy-path"), howFixable: "--fail-on=upgradable"}, true
		}
	case "hadolint":
		return call{tool: "hadolint", linter: true, fails: !f.has("--no-fail"), how: "no --no-fail"}, true
	case "dockle":
		return call{tool: "dockle", linter: true, fails: f.has("--exit-code"), how: "--exit-code 1"}, true
	}
	return call{}, false
}

func trivyCall(f args, env func(string) string) (call, bool) {
	c := call{tool: "trivy", how: "--exit-code 1", howFixable: "--ignore-unfixed"}
	switch f.sub {
	case "image", "i", "filesystem", "fs", "rootfs", "repository", "repo", "vm", "sbom":
	case "config", "conf":
		c.tool, c.linter = "trivy config", true
	default:
		return c, false
	}
	code := firstOf(f.value("--exit-code"), env("TRIVY_EXIT_CODE"))
	c.fails = code != "" && code != "0"
	c.fixable = f.on("--ignore-unfixed") || isTrue(env("TRIVY_IGNORE_UNFIXED")) || f.has("--ignore-status") || env("TRIVY_IGNORE_STATUS") != ""
	c.settled = f.has("--config", "-c") || env("TRIVY_CONFIG") != "" || f.has("--ignore-policy")
	if s := f.value("--scanners"); s != "" && !strings.Contains(s, "vuln") {
		c.fixable = true // secrets and licences have no fix to wait for
	}
	if f.has("--download-db-only", "--help", "-h") {
		return c, false
	}
	return c, true
}

// actionCall tells the scanners' own actions.
func actionCall(s *Step) (call, bool) {
	name, _ := action(s.Uses.Value)
	input := func(n string) string { v, _ := s.Input(n); return v.Value }
	env := func(n string) string {
		for _, p := range s.Env {
			if p.Key == n {
				return p.Value.Value
			}
		}
		return ""
	}
	switch {
	case name == "aquasecurity/trivy-action":
		code := firstOf(input("exit-code"), env("TRIVY_EXIT_CODE"))
		c := call{
			tool: "trivy", fails: code != "" && code != "0", fixable: isTrue(firstOf(input("ignore-unfixed"), env("TRIVY_IGNORE_UNFIXED"))),
			settled: input("trivy-config") != "", how: "exit-code: '1'", howFixable: "ignore-unfixed: true",
		}
		if t := input("scan-type"); t == "config" {
			c.tool, c.linter = "trivy config", true
		}
		return c, true
	case name == "anchore/scan-action":
		return call{tool: "grype", fails: !strings.EqualFold(input("fail-build"), "false"), fixable: isTrue(input("only-fixed")), settled: input("config") != "", how: "fail-build: true", howFixable: "only-fixed: true"}, true
	case name == "docker/scout-action":
		return call{tool: "docker scout", fails: isTrue(input("exit-code")), fixable: isTrue(input("only-fixed")), how: "exit-code: true", howFixable: "only-fixed: true"}, true
	case name == "hadolint/hadolint-action":
		return call{tool: "hadolint", linter: true, fails: !isTrue(input("no-fail")) && input("failure-threshold") != "none", how: "no-fail: false"}, true
	case strings.HasPrefix(name, "snyk/actions/"):
		return call{tool: "snyk", fails: true, fixable: strings.Contains(input("args"), "--fail-on"), howFixable: "args: --fail-on=upgradable"}, true
	}
	return call{}, false
}

// inContainer reads "docker run … IMAGE args" where the image is a scanner's.
func inContainer(c *dockerfile.Command) (name string, rest []dockerfile.Word, ok bool) {
	if c.Subcommand() != "run" {
		return "", nil, false
	}
	for i, w := range c.Args {
		if len(w.Text) == 0 || w.Text[0] == '-' || strings.HasPrefix(w.Text, ".") {
			continue
		}
		repository, _, _ := strings.Cut(w.Text, "@")
		repository, _, _ = strings.Cut(repository, ":")
		if base := path.Base(repository); strings.Contains(repository, "/") && (base == "trivy" || base == "grype") && !strings.HasPrefix(repository, "/") {
			return base, c.Args[i+1:], true
		}
	}
	return "", nil, false
}

// args are a command's words: flags with their values, and what are none.
type args struct {
	sub      string
	operands []string
	words    []string
}

func flags(words []dockerfile.Word) args {
	a := args{}
	for _, w := range words {
		a.words = append(a.words, w.Text)
		if len(w.Text) == 0 || w.Text[0] != '-' {
			a.operands = append(a.operands, w.Text)
		}
	}
	if len(a.operands) > 0 {
		a.sub = a.operands[0]
	}
	return a
}

func (a args) has(names ...string) bool {
	for _, w := range a.words {
		for _, n := range names {
			if w == n || strings.HasPrefix(w, n+"=") {
				return true
			}
		}
	}
	return false
}

// on tells whether a boolean flag is given, and not as false.
func (a args) on(name string) bool { return a.has(name) && a.value(name) != "false" }

// value is a flag's value, "" without one.
func (a args) value(name string) string {
	for i, w := range a.words {
		if v, ok := strings.CutPrefix(w, name+"="); ok {
			return v
		}
		if w == name && i+1 < len(a.words) {
			return a.words[i+1]
		}
	}
	return ""
}

// masked says what keeps a scanner's exit status from failing its step; "" for
// nothing. pipefail and strict say what the step's shell begins with.
func masked(c *dockerfile.Command, pipefail, strict bool) string {
	if c.Script == nil || c.Script.File == nil || c.Statement == nil {
		return ""
	}
	m := &masking{target: c.Statement, pipefail: pipefail, strict: strict}
	m.list(c.Script.File.Stmts, true)
	return firstOf(m.why, m.handled)
}

// masking walks a script to the target and keeps what stands around it.
type masking struct {
	target           *syntax.Stmt
	pipefail, strict bool
	why              string
	found            bool
	// handled says what took the failure in, unless the script exits later; lax what
	// keeps it from ending the script, unless it is the script's last command.
	handled, lax string
}

// list looks at statements in turn; last tells whether the status of the last one is
// the script's.
func (m *masking) list(stmts []*syntax.Stmt, last bool) {
	for i, s := range stmts {
		if m.found {
			return
		}
		m.options(s)
		strict := m.strict
		if !contains(s, m.target) {
			continue
		}
		m.statement(s)
		if !strict {
			m.lax = firstOf(m.lax, "set +e lets the script go on, and its end decides")
		}
		end := last && i == len(stmts)-1
		switch {
		case exits(stmts[i+1:]):
			m.handled, m.lax = "", ""
		case m.why == "" && m.lax != "" && !end:
			m.why = m.lax
		}
		return
	}
}

func (m *masking) statement(s *syntax.Stmt) {
	if s == m.target {
		m.found = true
		switch {
		case s.Negated:
			m.why = "! turns its exit status round"
		case s.Background:
			m.why = "& leaves it in the background, where nobody sees its exit status"
		}
		return
	}
	switch x := s.Cmd.(type) {
	case *syntax.BinaryCmd:
		m.binary(x)
	case *syntax.Subshell:
		m.list(x.Stmts, true)
		m.lax = "" // its status is one command's again
	case *syntax.Block:
		m.list(x.Stmts, true)
	case *syntax.ForClause:
		m.list(x.Do, true)
	case *syntax.IfClause:
		if containsAny(x.Cond, m.target) {
			m.found = true
			branches := x.Then
			for e := x.Else; e != nil; e = e.Else {
				branches = append(branches[:len(branches):len(branches)], e.Then...)
			}
			if !exits(branches) {
				m.handled = "the if around it takes its failure in, and nothing exits with one"
			}
			return
		}
		m.list(x.Then, true)
		if !m.found && x.Else != nil {
			m.list(x.Else.Then, true)
		}
	default:
		m.found = true
	}
	if m.found && m.why == "" && s.Background {
		m.why = "& leaves it in the background, where nobody sees its exit status"
	}
}

func (m *masking) binary(x *syntax.BinaryCmd) {
	switch {
	case contains(x.X, m.target):
		m.statement(x.X)
		if m.why != "" {
			return
		}
		switch x.Op {
		case syntax.OrStmt:
			if word := harmless(x.Y); word != "" {
				m.why = "|| " + word + " turns its failure into success"
			} else if assigns(x.Y) {
				m.handled = "|| takes its failure into a variable, and nothing exits with it"
			}
		case syntax.AndStmt:
			m.lax = "a failure before && doesn't end the script"
		case syntax.Pipe, syntax.PipeAll:
			if !m.pipefail {
				m.why = "a pipe takes the exit status of its last command, and pipefail is not set"
			}
		}
	default:
		m.statement(x.Y)
	}
}

// options follows set -e, set +e and set -o pipefail.
func (m *masking) options(s *syntax.Stmt) {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) < 2 || call.Args[0].Lit() != "set" {
		return
	}
	for i, w := range call.Args[1:] {
		text := w.Lit()
		if len(text) < 2 || text[0] != '-' && text[0] != '+' {
			continue
		}
		on := text[0] == '-'
		if strings.Contains(text[1:], "e") {
			m.strict = on
		}
		if strings.HasSuffix(text, "o") && i+2 < len(call.Args) {
			switch call.Args[i+2].Lit() {
			case "pipefail":
				m.pipefail = on
			case "errexit":
				m.strict = on
			}
		}
	}
}

// assigns tells a statement that sets variables and nothing else.
func assigns(s *syntax.Stmt) bool {
	c, ok := s.Cmd.(*syntax.CallExpr)
	return ok && len(c.Args) == 0 && len(c.Assigns) > 0
}

// harmless is the first word of what always succeeds; "" for what may not.
func harmless(s *syntax.Stmt) string {
	switch x := s.Cmd.(type) {
	case *syntax.CallExpr:
		if len(x.Args) == 0 {
			return ""
		}
		switch word := x.Args[0].Lit(); word {
		case "true", ":", "echo", "printf":
			return word
		case "exit", "return":
			if len(x.Args) > 1 && x.Args[1].Lit() == "0" {
				return word + " 0"
			}
		}
	case *syntax.Block:
		if n := len(x.Stmts); n > 0 {
			return harmless(x.Stmts[n-1])
		}
	case *syntax.Subshell:
		if n := len(x.Stmts); n > 0 {
			return harmless(x.Stmts[n-1])
		}
	}
	return ""
}

// exits tells whether statements may end the script with a failure of their own.
func exits(stmts []*syntax.Stmt) bool {
	found := false
	for _, s := range stmts {
		syntax.Walk(s, func(n syntax.Node) bool {
			c, ok := n.(*syntax.CallExpr)
			if !ok || len(c.Args) == 0 {
				return !found
			}
			switch c.Args[0].Lit() {
			case "exit", "return":
				found = found || len(c.Args) > 1 && c.Args[1].Lit() != "0"
			case "false", "test", "[":
				found = true // its status may be the script's
			}
			return !found
		})
	}
	return found
}

// contains compares places: a walk for each scanner of a long script would take its
// length squared.
func contains(s, target *syntax.Stmt) bool {
	return s == target || s.Pos().Offset() <= target.Pos().Offset() && target.End().Offset() <= s.End().Offset()
}

func containsAny(list []*syntax.Stmt, target *syntax.Stmt) bool {
	for _, s := range list {
		if contains(s, target) {
			return true
		}
	}
	return false
}
