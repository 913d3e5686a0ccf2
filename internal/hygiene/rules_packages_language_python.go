package hygiene

import (
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// pipFlags are those flags of pip install, uv pip install and pipx install that take
// the next argument.
const pipFlags = "-r --requirement -c --constraint -e --editable -t --target -i --index-url --extra-index-url -f --find-links --platform --python-version --implementation --abi --root --prefix --src -b --build --upgrade-strategy --config-settings -C --global-option --install-option --no-binary --only-binary --progress-bar --root-user-action --report --cache-dir --log --proxy --retries --timeout --exists-action --trusted-host --cert --client-cert --python -p --use-feature --use-deprecated --keyring-provider --group --index --default-index --index-strategy --overrides --override --build-constraint --torch-backend --extra --with --resolution --prerelease --link-mode --exclude-newer --spec --suffix --pip-args --directory --project --config-file --color"

var (
	pipProgram    = regexp.MustCompile(`^pip([23](\.\d+)?)?$`)
	pythonProgram = regexp.MustCompile(`^(python|pypy)([23](\.\d+)?)?$`)
)

func pythonRules() []Rule { return []Rule{pipUnpinned(), pipCache(), pipAsRoot()} }

// pipCall is a call of pip. uv is set for uv pip, pipx for pipx.
type pipCall struct {
	packageCall
	uv, pipx bool
}

// readPip reads a command as pip, python -m pip, uv pip or pipx.
func readPip(r *callReader, c *dockerfile.Command) (pipCall, bool) {
	switch {
	case !strings.HasPrefix(c.Name, "p") && c.Name != "uv":
		return pipCall{}, false
	case pipProgram.MatchString(c.Name):
		return pipCall{packageCall: r.read(c, 0)}, true
	case c.Name == "pipx":
		return pipCall{packageCall: r.read(c, 0), pipx: true}, true
	case pythonProgram.MatchString(c.Name):
		for i, a := range c.Args {
			switch {
			case a.Text == "-m" && i+1 < len(c.Args) && c.Args[i+1].Text == "pip":
				return pipCall{packageCall: r.read(c, i+2)}, true
			case !strings.HasPrefix(a.Text, "-"):
				return pipCall{}, false
			}
		}
	case c.Name == "uv":
		for i, a := range c.Args {
			switch {
			case a.Text == "pip":
				return pipCall{packageCall: r.read(c, i+1), uv: true}, true
			case !strings.HasPrefix(a.Text, "-"):
				return pipCall{}, false
			}
		}
	}
	return pipCall{}, false
}

// pinnedPython tells whether a requirement (PEP 508) names a version, a range with
// an upper bound, or something that is no package of an index.
func pinnedPython(spec string) bool {
	if _, ref, ok := strings.Cut(spec, "git+"); ok {
		// git+ssh://git@host/repository@revision: the first @ is the user's.
		_, location, _ := strings.Cut(ref, "://")
		_, inRepository, _ := strings.Cut(location, "/")
		return strings.Contains(inRepository, "@")
	}
	spec, _, _ = strings.Cut(spec, ";")
	lower := strings.ToLower(spec)
	for _, suffix := range []string{".whl", ".zip", ".tar.gz", ".txt"} {
		if strings.HasSuffix(lower, suffix) {
			return true
		}
	}
	return strings.ContainsAny(spec, "/\\@<") || strings.HasPrefix(spec, ".") || strings.Contains(spec, "==") || strings.Contains(spec, "~=")
}

func pipUnpinned() Rule {
	return Rule{
		ID: "pip-unpinned", Title: "Python packages without a version", Severity: advisory.Low, Category: Packages,
		Peers:   Peers{Hadolint: []string{"DL3013"}},
		Why:     whyUnpinned,
		Remedy:  "Write package==version, or keep a requirements file with hashes and install it with --require-hashes.",
		Source:  "https://pip.pypa.io/en/stable/topics/repeatable-installs/",
		OnImage: true,
		Check: func(l *Lint) {
			r := newCallReader(pipFlags)
			for _, c := range l.Commands() {
				call, ok := readPip(r, c)
				if !ok || !call.is("install") || call.open {
					continue
				}
				if call.HasFlag("-c", "--constraint", "--require-hashes", "--no-index", "--dry-run") || given(c, "PIP_CONSTRAINT") || given(c, "UV_CONSTRAINT") {
					continue
				}
				loose := without(call.operands, pinnedPython)
				if len(loose) == 0 {
					continue
				}
				f := l.ReportCommand(c, "%s %s installed at whatever version is newest", names(loose), isOrAre(loose))
				if !slices.ContainsFunc(loose, func(w dockerfile.Word) bool { return !slices.Contains([]string{"pip", "setuptools", "wheel"}, w.Text) }) {
					f.Severity = min(f.Severity, advisory.Negligible)
				}
			}
		},
		Bad: []Sample{
			file("FROM python:3.12\nRUN pip install flask\n"),
			file("FROM python:3.12\nRUN pip install --no-cache-dir flask==3.1.0 requests\n"),
			file("FROM python:3.12\nRUN python3 -m pip install -U 'uvicorn[standard]>=0.30'\n"),
			file("FROM python:3.12\nRUN pip3.12 install -r requirements.txt gunicorn\n"),
			file("FROM python:3.12\nRUN pip install git+https://github.com/example/tool.git\n"),
			file("FROM python:3.12\nRUN uv pip install --system flask && pipx install poetry\n"),
			file("FROM python:3.12\nRUN pip install --upgrade pip\n"),
		},
		Good: []Sample{
			file("FROM python:3.12\nRUN pip install flask==3.1.0 'requests~=2.32' 'numpy>=1.26,<2'\n"),
			file("FROM python:3.12\nRUN pip install -r requirements.txt && pip install --requirement=dev.txt\n"),
			file("FROM python:3.12\nRUN pip install . && pip install -e . && pip install .[all] ./lib /wheels/*.whl\n"),
			file("FROM python:3.12\nRUN pip install -c constraints.txt flask\n"),
			file("FROM python:3.12\nENV PIP_CONSTRAINT=/c.txt\nRUN pip install flask\n"),
			file("FROM python:3.12\nARG V\nRUN pip install flask==$V \"tool @ https://example.com/tool.zip\" $EXTRA\n"),
			file("FROM python:3.12\nRUN pip install git+ssh://git@github.com/example/tool.git@v1.2\n"),
			file("FROM python:3.12\nRUN pip install --no-index --find-links=/wheels flask\n"),
			file("FROM python:3.12\nRUN pip install --index-url https://example.com/simple flask==3.1.0\n"),
			file("FROM python:3.12\nRUN python -m build && python setup.py install && pip uninstall -y flask && pip list\n"),
		},
	}
}

func pipCache() Rule {
	return Rule{
		ID: "pip-cache", Title: "pip's cache stays in the layer", Severity: advisory.Low, Category: Packages,
		Peers:  Peers{Hadolint: []string{"DL3042"}},
		Why:    whyCache,
		Remedy: "Add --no-cache-dir, set PIP_NO_CACHE_DIR=1, or mount a cache over /root/.cache/pip.",
		Source: "https://pip.pypa.io/en/stable/topics/caching/",
		Reach:  FinalImage, OnImage: true,
		Check: func(l *Lint) {
			r := newCallReader(pipFlags)
			configured := since(l, func(in *dockerfile.Instruction) bool {
				return (in.Keyword == "run" || in.Keyword == "copy") && (says(in, "global.no-cache-dir") || says(in, "pip.conf"))
			})
			kept := cache{
				fills: func(c *dockerfile.Command) bool {
					call, ok := readPip(r, c)
					return ok && !call.uv && !call.pipx && call.is("install", "wheel", "download") && !call.open && len(call.Args) > 1 && !noPipCache(call)
				},
				cleans: func(c *dockerfile.Command) bool {
					call, ok := readPip(r, c)
					return ok && call.is("cache") && len(call.operands) > 0 && call.operands[0].Text == "purge"
				},
				dirs: []string{"~/.cache/pip"}, word: "pip", mount: "pip",
			}
			kept.kept(l, func(_, last *dockerfile.Command) {
				if configured(last.Instruction) {
					return
				}
				call, _ := readPip(r, last)
				f := l.ReportCommand(last, "pip %s has no --no-cache-dir", call.sub)
				unsureOnImage(l, f)
				for _, c := range last.Instruction.Commands() {
					if call, ok := readPip(r, c); ok && kept.fills(c) {
						f.Edits = append(f.Edits, call.behindVerb("--no-cache-dir")...)
					}
				}
			})
		},
		Bad: []Sample{
			file("FROM python:3.12\nRUN pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN python3 -m pip install -r requirements.txt\n"),
			file("FROM python:3.12\nRUN pip install -r requirements.txt && rm -rf /tmp/*\n"),
			file("FROM python:3.12\nRUN pip install --no-cache-dir a==1 && pip install b==1\n"),
			file("FROM python:3.12\nRUN pip install a==1\nRUN pip cache purge\n"),
			file("FROM python:3.12\nENV PIP_NO_CACHE_DIR=\nRUN pip install a==1\n"),
		},
		Good: []Sample{
			file("FROM python:3.12\nRUN pip install --no-cache-dir flask==3.1.0\n"),
			file("FROM python:3.12\nRUN pip --no-cache-dir install flask==3.1.0 && pip install --no-cache flask\n"),
			file("FROM python:3.12\nENV PIP_NO_CACHE_DIR=1\nRUN pip install flask==3.1.0\n"),
			file("FROM python:3.12\nENV PIP_NO_CACHE_DIR=off\nRUN pip install flask==3.1.0\n"),
			{Dockerfile: "FROM python:3.12\nARG PIP_NO_CACHE_DIR=1\nRUN pip install flask==3.1.0\n", DockerfileOnly: true},
			file("FROM python:3.12\nRUN PIP_NO_CACHE_DIR=1 pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN export PIP_NO_CACHE_DIR=1 && pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN pip install flask==3.1.0 && rm -rf ~/.cache\n"),
			file("FROM python:3.12\nRUN pip install flask==3.1.0 && rm -rf \"$(pip cache dir)\"\n"),
			file("FROM python:3.12\nRUN pip install flask==3.1.0; pip cache purge\n"),
			{Dockerfile: "FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache/pip pip install flask==3.1.0\n", DockerfileOnly: true},
			{Dockerfile: "FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache pip install flask==3.1.0\n", DockerfileOnly: true},
			{Dockerfile: "FROM python:3.12 AS build\nRUN pip install flask==3.1.0\nFROM scratch\nCOPY --from=build /x /x\n", DockerfileOnly: true},
			file("FROM python:3.12\nRUN pip config set global.no-cache-dir true && pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN pip --version && pip list && uv pip install flask==3.1.0\n"),
		},
	}
}

// noPipCache tells whether a call keeps no cache. pip takes PIP_NO_CACHE_DIR for set
// whatever its value is, "off" included (pip._internal.cli.cmdoptions), and any
// beginning of a flag that names no other.
func noPipCache(call pipCall) bool {
	return call.HasFlag("--no-cache-dir", "--no-cache-di", "--no-cache-d", "--no-cache-", "--no-cache", "--no-index", "--cache-dir") ||
		given(call.Command, "PIP_NO_CACHE_DIR")
}

// distributions are the last components of base images whose Python is the
// distribution's own.
var distributions = []string{
	"debian", "ubuntu", "alpine", "fedora", "centos", "rockylinux", "almalinux", "oraclelinux", "amazonlinux",
	"leap", "tumbleweed", "ubi", "ubi-minimal", "ubi8", "ubi9", "ubi10",
}

// ownUser are parts of the names of base images that do not run as root, that know no
// root, or whose Python is an environment of its own.
var ownUser = []string{"conda", "mamba", "jupyter", "bitnami", "chainguard", "cgr.dev", "distroless", "/ubi8/python", "/ubi9/python", "s2i-", "nonroot", "cimg/", "windows", "nanoserver"}

func pipAsRoot() Rule {
	return Rule{
		ID: "pip-as-root", Title: "pip installs as root, outside a virtual environment", Severity: advisory.Low, Category: Packages,
		Why:     "pip writes over files that the distribution's package manager holds for its own, so that neither knows any longer what is installed; and a package's build script runs as root.",
		Remedy:  "Make a virtual environment (python -m venv /opt/venv, ENV PATH=/opt/venv/bin:$PATH) and install into that.",
		Source:  "https://packaging.python.org/en/latest/specifications/externally-managed-environments/",
		OnImage: true,
		Check: func(l *Lint) {
			r := newCallReader(pipFlags)
			user := usersOf(l)
			environment := since(l, entersEnvironment)
			ofDistribution := since(l, func(in *dockerfile.Instruction) bool {
				return in.Keyword == "run" && (says(in, "python3-pip") || says(in, "py3-pip") || says(in, "python-pip") || says(in, "python3-full"))
			})
			for _, c := range l.Commands() {
				call, ok := readPip(r, c)
				if !ok || call.pipx || !call.is("install") || call.open || l.Image == nil && c.Instruction.Stage == nil {
					continue
				}
				if call.uv && !call.HasFlag("--system", "--break-system-packages") && !switchedOn(c, "UV_SYSTEM_PYTHON") {
					// Outside an environment uv refuses.
					continue
				}
				if call.HasFlag("--target", "-t", "--prefix", "--user", "--root", "--python", "-p", "--root-user-action", "--dry-run") || !pipRunsAsRoot(c, user(c.Instruction)) {
					continue
				}
				if environment(c.Instruction) || inEnvironment(c) || baseHasOwn(c.Instruction.Stage) {
					continue
				}
				f := l.ReportCommand(c, "pip installs into the system's Python as root")
				if !call.HasFlag("--break-system-packages") && !ofDistribution(c.Instruction) && !onDistribution(c.Instruction.Stage) {
					// An image of Python has it for nothing else: nobody's files are in the way.
					f.Severity = min(f.Severity, advisory.Negligible)
				}
			}
		},
		Bad: []Sample{
			file("FROM debian:12\nRUN apt-get update && apt-get install -y python3-pip && pip install --break-system-packages flask==3.1.0\n"),
			file("FROM ubuntu:22.04\nRUN pip3 install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN pip install -r requirements.txt\nUSER app\n"),
			file("FROM python:3.12\nUSER app\nRUN sudo pip install flask==3.1.0\n"),
			file("FROM python:3.12\nUSER app\nUSER root\nRUN python -m pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN uv pip install --system flask==3.1.0\n"),
		},
		Good: []Sample{
			file("FROM python:3.12\nRUN useradd app\nUSER app\nRUN pip install flask==3.1.0\n"),
			file("FROM python:3.12\nUSER 1000:0\nRUN pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN python -m venv /opt/venv\nENV PATH=/opt/venv/bin:$PATH\nRUN pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN python3 -m venv /v && /v/bin/pip install flask==3.1.0\n"),
			file("FROM python:3.12\nENV VIRTUAL_ENV=/opt/venv\nRUN pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN . /opt/app/bin/activate && pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN /opt/app/bin/pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN pip install --prefix=/install flask==3.1.0 && pip install --target /deps flask==3.1.0 && pip install --user flask==3.1.0\n"),
			file("FROM python:3.12\nRUN pip install --root-user-action=ignore flask==3.1.0\n"),
			file("FROM python:3.12\nRUN uv venv && uv pip install flask==3.1.0\n"),
			{Dockerfile: "FROM continuumio/miniconda3:25.1.1-2\nRUN pip install flask==3.1.0\n", DockerfileOnly: true},
			file("FROM python:3.12 AS base\nUSER app\nFROM base\nRUN pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN su app -c 'pip install flask==3.1.0'; gosu app pip install flask==3.1.0\n"),
			file("FROM python:3.12\nRUN pip list && pip download flask==3.1.0\n"),
		},
	}
}

// usersOf tells for an instruction which user holds there: the last USER before it;
// "" where the file names none.
func usersOf(l *Lint) func(*dockerfile.Instruction) string {
	at := map[*dockerfile.Instruction]string{}
	last := map[*dockerfile.Stage]string{}
	started := map[*dockerfile.Stage]bool{}
	for _, in := range l.instructions {
		if s := in.Stage; s != nil && !started[s] {
			started[s] = true
			last[s] = last[s.Parent]
		}
		if in.Keyword == "user" && len(in.Words) > 0 && in.Within == nil {
			name, _ := in.Expand(in.Words[0].String)
			name, _, _ = strings.Cut(name, ":")
			last[in.Stage] = name
		}
		at[in] = last[in.Stage]
	}
	return func(in *dockerfile.Instruction) string { return at[in] }
}

// pipRunsAsRoot tells whether a command runs as root where user holds.
func pipRunsAsRoot(c *dockerfile.Command, user string) bool {
	for _, t := range c.Through {
		switch t {
		case "sudo", "doas":
			return true
		case "gosu", "su-exec", "chroot":
			return false
		}
	}
	if c.Script != nil && c.Script.Nested && strings.Contains(beginning(c.Instruction.Args.String), "su ") {
		return false
	}
	return user == "" || user == "root" || user == "0"
}

// entersEnvironment tells whether an instruction makes a virtual environment, or
// points pip to a folder of its own.
func entersEnvironment(in *dockerfile.Instruction) bool {
	switch in.Keyword {
	case "env", "arg":
		for _, p := range in.Pairs() {
			switch p.Name {
			case "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT_USER_ACTION", "PYTHONUSERBASE", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT":
				return true
			case "PATH":
				if strings.Contains(p.Value, "env/bin") || strings.Contains(p.Value, "conda") || strings.Contains(p.Value, "VENV") {
					return true
				}
			}
		}
	case "run":
		for _, c := range in.Commands() {
			switch {
			case c.Name == "virtualenv", (c.Name == "source" || c.Name == ".") && len(c.Args) > 0 && strings.HasSuffix(c.Args[0].Text, "/activate"),
				c.Name == "uv" && c.Subcommand() == "venv",
				pythonProgram.MatchString(c.Name) && (c.Has("venv") || c.Has("virtualenv")) && c.Has("-m"),
				c.Name == "conda" || c.Name == "mamba" || c.Name == "micromamba":
				return true
			}
		}
	}
	return false
}

// inEnvironment tells whether the program itself lies in one: /opt/venv/bin/pip.
func inEnvironment(c *dockerfile.Command) bool {
	if len(c.Words) == 0 {
		return false
	}
	dir, _, ok := strings.Cut(c.Words[0].Text, "/bin/")
	return ok && dir != "" && dir != "/usr" && dir != "/usr/local"
}

func baseHasOwn(s *dockerfile.Stage) bool {
	if s == nil {
		return false
	}
	image := strings.ToLower(s.Root().Image)
	return slices.ContainsFunc(ownUser, func(part string) bool { return strings.Contains(image, part) })
}

func onDistribution(s *dockerfile.Stage) bool {
	return s != nil && slices.Contains(distributions, splitReference(s.Root().Image).family())
}
