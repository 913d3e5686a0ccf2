package harden

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// venv is where the build stage makes the virtual environment.
const venv = "/opt/venv"

func isPython(w *work, s *dockerfile.Stage) bool {
	return parseReference(s.Image).official() == "python"
}

// planPython installs the dependencies into a virtual environment in the build stage
// and copies that; everything else happens in the final stage as before.
func planPython(w *work, s *dockerfile.Stage) (*plan, string) {
	last := lastInstall(s, isPipInstall)
	if last == nil {
		return nil, ""
	}
	p := &plan{closes: []string{"pip-as-root"}, why: w.closing("pip-as-root") + "the dependencies come from the build stage, in a virtual environment"}
	p.begin = "RUN python -m venv " + venv + w.newline + "ENV PATH=" + venv + "/bin:$PATH" + w.newline
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
				if w.onlyRequirements(in) {
					part.role = inBuild
				}
				if narrow, ok := w.narrowRequirements(in, s, last); ok {
					part.build = narrow
				}
			}
		case "run":
			reason := w.pythonRun(in, before, &part)
			if reason != "" {
				return nil, reason
			}
		}
		if in == last {
			part.final = "COPY --from=@STAGE@ " + venv + " " + venv + w.newline + "ENV PATH=" + venv + "/bin:$PATH" + w.newline
		}
		if strings.Contains(in.Text.String, "/usr/local/bin/") && namesConsoleScript(in.Text.String) || strings.Contains(in.Text.String, "site-packages") {
			return nil, "line " + line(w.originOf(in.StartLine)) + " names a path of installed packages"
		}
		p.parts = append(p.parts, part)
	}
	reason := w.slimPython(s, p)
	w.distroless(s, p, bareOfPython)
	if reason != "" && p.base == "" {
		if !leavesTools(p) {
			return nil, reason + ", so that the final stage would be the same image"
		}
		w.todo(s.From, "slim", "the final stage keeps %s, since %s: python:…-slim is a fifth of its size", w.clean(s.Image), reason)
	}
	return p, ""
}

var reConsole = regexp.MustCompile(`/usr/local/bin/([A-Za-z0-9._-]+)`)

// namesConsoleScript tells whether a text has the path of a program that pip would
// have put into /usr/local/bin.
func namesConsoleScript(text string) bool {
	for _, m := range reConsole.FindAllStringSubmatch(text, -1) {
		if slices.Contains([]string{"gunicorn", "uvicorn", "flask", "celery", "django-admin", "pip", "pip3", "waitress-serve", "hypercorn", "poetry", "supervisord", "jupyter", "streamlit", "alembic"}, m[1]) {
			return true
		}
	}
	return false
}

// lastInstall is the last RUN of a stage with a command that installs.
func lastInstall(s *dockerfile.Stage, is func(*dockerfile.Command) bool) *dockerfile.Instruction {
	for _, in := range slices.Backward(s.Instructions) {
		if in.Keyword == "run" && slices.ContainsFunc(in.Commands(), is) {
			return in
		}
	}
	return nil
}

// isPipInstall tells whether a command is pip install, also as python -m pip.
func isPipInstall(c *dockerfile.Command) bool {
	_, ok := pipInstall(c)
	return ok
}

// pipInstall returns the arguments of a pip install.
func pipInstall(c *dockerfile.Command) ([]dockerfile.Word, bool) {
	args := c.Args
	switch {
	case c.Name == "pip" || c.Name == "pip3":
	case strings.HasPrefix(c.Name, "python") && len(args) > 2 && args[0].Text == "-m" && args[1].Text == "pip":
		args = args[2:]
	default:
		return nil, false
	}
	for i, a := range args {
		if a.Text == "install" {
			return args[i+1:], true
		}
		if !strings.HasPrefix(a.Text, "-") {
			return nil, false
		}
	}
	return nil, false
}

// otherInstallers install in ways that are not understood here.
var otherInstallers = []string{"poetry", "pipenv", "uv", "conda", "mamba", "micromamba", "pdm", "hatch", "easy_install", "virtualenv", "pipx", "pip-sync"}

// pythonRun decides about one RUN.
func (w *work) pythonRun(in *dockerfile.Instruction, before bool, p *part) string {
	commands := in.Commands()
	where := "line " + line(w.originOf(in.StartLine))
	if len(commands) == 0 {
		return where + " could not be read"
	}
	installs := false
	for _, c := range commands {
		args, ok := pipInstall(c)
		if slices.Contains(otherInstallers, c.Name) {
			return where + " installs with " + c.Name
		}
		if strings.HasPrefix(c.Name, "python") && slices.ContainsFunc(c.Args, func(a dockerfile.Word) bool {
			return a.Text == "venv" || a.Text == "virtualenv" || path.Base(a.Text) == "setup.py"
		}) {
			return where + " makes an environment or a package of its own"
		}
		if !ok {
			continue
		}
		installs = true
		for i, a := range args {
			name, _, _ := strings.Cut(a.Text, "=")
			switch {
			case slices.Contains([]string{"--user", "--target", "-t", "--prefix", "--root", "-e", "--editable", "--src"}, name):
				return where + " installs with " + name
			case !a.Known:
				return where + " installs what is not known before the build"
			case slices.Contains(otherInstallers, name) && (i == 0 || args[i-1].Text != "-r"):
				return where + " installs " + name + ", which installs in its own way"
			}
		}
	}
	if !installs {
		if names, only := systemInstall(in); only {
			made, reason := w.splitInstall(in, names, before)
			*p = made
			if reason != "" {
				return reason
			}
			return ""
		}
		if slices.ContainsFunc(commands, func(c *dockerfile.Command) bool {
			return slices.Contains([]string{"gcc", "g++", "cc", "make", "cmake", "git", "pip", "pip3", "cargo"}, c.Name)
		}) {
			return where + " builds something of its own"
		}
		if before && !onlyAccounts(commands) {
			p.role = inBoth
		}
		return ""
	}
	for _, c := range commands {
		if !isPipInstall(c) && !slices.Contains([]string{"pip", "pip3", "set", "true", "rm", "cd", "export"}, c.Name) && !strings.HasPrefix(c.Name, "python") {
			return where + " does more than install Python packages"
		}
	}
	p.role = inBuild
	return ""
}

// onlyAccounts tells whether commands only make users and folders, which the build
// stage does not need.
func onlyAccounts(commands []*dockerfile.Command) bool {
	return !slices.ContainsFunc(commands, func(c *dockerfile.Command) bool {
		return !slices.Contains([]string{"useradd", "groupadd", "adduser", "addgroup", "chown", "chmod", "set", "true"}, c.Name)
	})
}

var reRequirements = regexp.MustCompile(`(?i)^(requirements|constraints)[a-z0-9._-]*\.(txt|in)$`)

// onlyRequirements tells whether a COPY brings nothing but lists of dependencies.
func (w *work) onlyRequirements(in *dockerfile.Instruction) bool {
	if len(in.Words) < 2 || len(in.Froms()) > 0 || len(in.Heredocs) > 0 {
		return false
	}
	for _, word := range in.Words[:len(in.Words)-1] {
		if !reRequirements.MatchString(path.Base(word.String)) {
			return false
		}
	}
	return true
}

// narrowRequirements is a COPY . for the build stage, where the requirements files
// are all that the build needs of it.
func (w *work) narrowRequirements(in *dockerfile.Instruction, s *dockerfile.Stage, last *dockerfile.Instruction) (string, bool) {
	if !w.copiesAll(in) || w.files == nil || len(in.Flags) > 0 {
		return "", false
	}
	files, ok := w.requirementFiles(s)
	if !ok || len(files) == 0 {
		return "", false
	}
	for _, other := range s.Instructions {
		if other.Keyword == "run" && other.Index < last.Index && other.Index > in.Index {
			if _, only := systemInstall(other); !only && !slices.ContainsFunc(other.Commands(), isPipInstall) {
				return "", false
			}
		}
	}
	to := strings.TrimSuffix(in.Words[1].String, "/") + "/"
	for _, f := range files {
		if strings.Contains(f, "/") {
			return "", false
		}
	}
	return "COPY " + strings.Join(files, " ") + " " + to + w.newline, true
}

// requirementFiles lists the files that pip reads with -r, and those that they name;
// false where packages come from the context itself.
func (w *work) requirementFiles(s *dockerfile.Stage) ([]string, bool) {
	requirements, files, ok := w.requirements(s)
	if !ok {
		return nil, false
	}
	for _, r := range requirements {
		if strings.HasPrefix(r, ".") || strings.HasPrefix(r, "/") || strings.HasPrefix(r, "-") {
			return nil, false
		}
	}
	return files, true
}

// requirements are the requirements that a stage installs, of command lines and of
// files. ok is false where not all of them could be read.
func (w *work) requirements(s *dockerfile.Stage) (all, files []string, ok bool) {
	for _, in := range s.Instructions {
		if in.Keyword != "run" {
			continue
		}
		for _, c := range in.Commands() {
			args, is := pipInstall(c)
			if !is {
				continue
			}
			for i := 0; i < len(args); i++ {
				text := args[i].Text
				switch {
				case text == "-r" || text == "--requirement" || text == "-c" || text == "--constraint":
					i++
					if i >= len(args) || !w.readRequirements(args[i].Text, &all, &files, 0) {
						return nil, nil, false
					}
				case strings.HasPrefix(text, "-r") && len(text) > 2:
					if !w.readRequirements(text[2:], &all, &files, 0) {
						return nil, nil, false
					}
				case slices.Contains([]string{"-i", "--index-url", "--extra-index-url", "--trusted-host", "-f", "--find-links", "--timeout", "--retries", "--cache-dir", "--only-binary", "--no-binary", "--root-user-action", "--progress-bar"}, text):
					i++
				case strings.HasPrefix(text, "-"):
				default:
					all = append(all, text)
				}
			}
		}
	}
	return all, files, true
}

func (w *work) readRequirements(word string, all, files *[]string, depth int) bool {
	if w.files == nil || depth > 5 || len(*files) > 50 {
		return false
	}
	// The file has the path in the image; in the context it most likely has the same name.
	name := w.contextName(word)
	if name == "" {
		return false
	}
	content, ok := w.files.Read(name)
	if !ok {
		return false
	}
	if !slices.Contains(*files, name) {
		*files = append(*files, name)
	}
	for row := range strings.Lines(string(content)) {
		row, _, _ = strings.Cut(strings.TrimSpace(row), " #")
		row = strings.TrimSpace(strings.TrimSuffix(row, `\`))
		switch {
		case row == "" || strings.HasPrefix(row, "#") || strings.HasPrefix(row, "--hash"):
		case strings.HasPrefix(row, "-r ") || strings.HasPrefix(row, "-c ") || strings.HasPrefix(row, "--requirement ") || strings.HasPrefix(row, "--constraint "):
			_, other, _ := strings.Cut(row, " ")
			if !w.readRequirements(path.Join(path.Dir(name), strings.TrimSpace(other)), all, files, depth+1) {
				return false
			}
		case strings.HasPrefix(row, "--"):
		default:
			*all = append(*all, row)
		}
	}
	return true
}

// pureOrBundled are widely used packages that need no library or program of the full
// image: they are pure Python, or their wheels for Linux bring what they need
// (manylinux, https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/).
var pureOrBundled = []string{
	"aiohttp", "alembic", "amqp", "annotated-types", "anyio", "apscheduler", "asgiref", "async-timeout", "asyncpg", "attrs", "babel", "bcrypt", "beautifulsoup4",
	"billiard", "blinker", "boto3", "botocore", "cachetools", "celery", "certifi", "cffi", "charset-normalizer", "click", "colorama", "cryptography", "debugpy",
	"dj-database-url", "django", "django-cors-headers", "django-environ", "django-filter", "django-redis", "djangorestframework", "dnspython", "email-validator",
	"fastapi", "filelock", "flask", "flask-caching", "flask-cors", "flask-jwt-extended", "flask-login", "flask-migrate", "flask-restful", "flask-sqlalchemy", "flask-wtf",
	"gevent", "google-api-core", "google-auth", "google-cloud-storage", "greenlet", "grpcio", "gunicorn", "h11", "httpcore", "httptools", "httpx", "hypercorn", "idna",
	"importlib-metadata", "itsdangerous", "jinja2", "jmespath", "jsonschema", "kombu", "loguru", "lxml", "mako", "markdown", "markupsafe", "marshmallow", "motor",
	"msgpack", "multidict", "mypy-extensions", "numpy", "oauthlib", "openai", "openpyxl", "opentelemetry-api", "opentelemetry-sdk", "orjson", "packaging", "pandas",
	"passlib", "pillow", "pip", "prometheus-client", "prompt-toolkit", "protobuf", "psutil", "psycopg-binary", "psycopg2-binary", "pyasn1", "pycparser", "pydantic",
	"pydantic-core", "pydantic-settings", "pygments", "pyjwt", "pymongo", "pymysql", "pyparsing", "python-dateutil", "python-decouple", "python-dotenv", "python-jose",
	"python-json-logger", "python-multipart", "pytz", "pyyaml", "redis", "regex", "requests", "requests-oauthlib", "rich", "rq", "rsa", "s3transfer", "scikit-learn",
	"scipy", "sentry-sdk", "setuptools", "simplejson", "six", "slack-sdk", "sniffio", "soupsieve", "sqlalchemy", "sqlparse", "starlette", "stripe", "structlog",
	"tenacity", "tornado", "tqdm", "typer", "typing-extensions", "tzdata", "tzlocal", "ujson", "urllib3", "uvicorn", "uvloop", "vine", "waitress", "watchfiles",
	"wcwidth", "websockets", "werkzeug", "wheel", "whitenoise", "wtforms", "yarl", "zipp",
}

var reRequirementName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*([<>=!~;@ ].*)?$`)

// slimPython chooses a slim final stage for a full base, where nothing that is
// installed needs what slim leaves out. It says why not otherwise.
func (w *work) slimPython(s *dockerfile.Stage, p *plan) string {
	r := parseReference(s.Image)
	if strings.Contains(r.tag, "slim") || strings.Contains(r.tag, "alpine") {
		return ""
	}
	tag, ok := slimTag(r.tag)
	if !ok || s.From.Words[0].String != s.Image {
		return "its tag does not tell the slim one"
	}
	if w.files == nil {
		return "the build context is not known"
	}
	all, _, ok := w.requirements(s)
	if !ok {
		return "its requirements could not all be read"
	}
	for _, one := range all {
		m := reRequirementName.FindStringSubmatch(one)
		if m == nil {
			return "of " + w.clean(one) + " it is not known what it needs"
		}
		name := strings.ToLower(regexp.MustCompile(`[-_.]+`).ReplaceAllString(m[1], "-"))
		if !slices.Contains(pureOrBundled, name) && !(name == "psycopg" && strings.Contains(m[2], "binary")) {
			return "of " + w.clean(m[1]) + " it is not known which libraries it needs"
		}
	}
	if file := cmp.Or(w.mentions([]string{".py"}, reSubprocess), w.mentions([]string{".sh"}, reTools)); file != "" {
		return w.clean(file) + " starts other programs"
	}
	p.base = r.withTag(tag)
	p.why += "; slim, since nothing here needs compilers and their libraries"
	return ""
}

// reSubprocess finds Python that starts programs or opens libraries by itself, reTools
// the programs that scripts call and slim images lack.
var (
	reSubprocess = regexp.MustCompile(`\bsubprocess\b|os\.system|os\.popen|os\.exec|\bpexpect\b|\bctypes\b`)
	reTools      = regexp.MustCompile(`(?m)(?:^|[\s;&|($])(?:git|curl|wget|ssh|convert|gcc|make|python3?|psql|mysql|hg|svn)\s`)
)

var reVersionTag = regexp.MustCompile(`^(?:latest|\d+(?:\.\d+){0,2})$`)

// debianSuites are the suites that tags of official images end in.
var debianSuites = []string{"buster", "bullseye", "bookworm", "trixie"}

// slimTag is the tag of an official image's slim variant: 3.12 has 3.12-slim, and
// 3.12-bookworm has 3.12-slim-bookworm (https://hub.docker.com/_/python).
func slimTag(tag string) (string, bool) {
	version, suite, suited := strings.Cut(tag, "-")
	switch {
	case tag == "" || tag == "latest":
		return "slim", true
	case !reVersionTag.MatchString(version), suited && !slices.Contains(debianSuites, suite):
		return "", false
	case suited:
		return version + "-slim-" + suite, true
	}
	return version + "-slim", true
}

// mentions is a file of the context, with one of the endings, in which a pattern is
// found; tests are left out.
func (w *work) mentions(endings []string, pattern *regexp.Regexp) string {
	if w.files == nil {
		return ""
	}
	files, complete := w.files.Files()
	if !complete {
		return "the build context, which is too large to be read,"
	}
	budget := 32 << 20
	for _, f := range files {
		if !slices.Contains(endings, path.Ext(f)) || isTest(f) {
			continue
		}
		content, ok := w.files.Read(f)
		if budget -= len(content); budget < 0 {
			return "the build context, which is too large to be read,"
		}
		if ok && pattern.Match(content) {
			return f
		}
	}
	return ""
}

var reTest = regexp.MustCompile(`(?i)(^|/)(tests?|__tests__|spec|testdata|node_modules|vendor|\.venv|venv)/|_test\.go$|\.(test|spec)\.[jt]sx?$|(^|/)test_[^/]*\.py$`)

func isTest(file string) bool { return reTest.MatchString(file) }
