package hygiene

import (
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
)

// Identifiers of rules that areas name.
const (
	cachesLeft     = "caches-left"
	repositoryLeft = "repository-left"
	deskLeft       = "desk-files-left"
)

// contentRules are about the files of a built image, where no rule of Dockerfiles is
// about the same thing; see fileHalves for those.
func contentRules() []Rule {
	return []Rule{
		{
			ID: "id-shared", Title: "several accounts or groups have the same number", Severity: advisory.Low, Category: User,
			Peers:  Peers{Dockle: []string{"DKL-LI-0002"}},
			Why:    "The kernel knows the number alone: whoever runs as one of the names owns the files of the others, whatever the names promise.",
			Remedy: "Give each account and group a number of its own: useradd -u, groupadd -g.",
			Source: "https://man7.org/linux/man-pages/man5/passwd.5.html",
			Files: func(v *FileView) {
				for i := range v.users {
					v.sharedIDs(&v.users[i])
				}
			},
			BadFiles: []SampleImage{
				{{accountsFile("passwd", "root:x:0:0::/root:/bin/sh\n")}, {accountsFile("passwd", "root:x:0:0::/root:/bin/sh\nweb:x:101:101::/:\napp:x:101:101::/:\n")}},
				{{accountsFile("group", "root:x:0:\nwheel:x:0:app\n")}},
			},
			GoodFiles: []SampleImage{
				{{accountsFile("passwd", "root:x:0:0::/root:/bin/sh\nweb:x:101:101::/:\napp:x:102:101::/:\n"), accountsFile("group", "root:x:0:\nweb:x:101:\n")}},
				// A later layer put it right; planted accounts are findings of their own.
				{{accountsFile("passwd", "web:x:101:101::/:\napp:x:101:101::/:\n")}, {accountsFile("passwd", "web:x:101:101::/:\n")}},
				{{accountsFile("passwd", "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n")}},
			},
		},
		{
			ID: "password-empty", Title: "an account needs no password", Severity: advisory.Low, Category: User,
			Peers:  Peers{Dockle: []string{"DKL-LI-0001"}},
			Why:    "Today nobody can log in to it, because its shell lets nobody in; one change of the shell, or a service that doesn't ask for it, opens the account to everybody.",
			Remedy: "Lock the account: passwd -l, or ! in the second field.",
			Source: "https://man7.org/linux/man-pages/man5/passwd.5.html",
			Files: func(v *FileView) {
				for i := range v.users {
					v.emptyPasswords(&v.users[i])
				}
			},
			BadFiles:  []SampleImage{{{accountsFile("passwd", "root:x:0:0::/root:/bin/sh\n")}, {accountsFile("passwd", "root:x:0:0::/root:/bin/sh\napp::101:101::/:/sbin/nologin\n")}}},
			GoodFiles: []SampleImage{{{accountsFile("passwd", "root:x:0:0::/root:/bin/sh\napp:!:101:101::/:/sbin/nologin\n")}}, {{accountsFile("group", "root::0:\n")}}},
		},
		{
			ID: cachesLeft, Title: "what compilers and package managers cached stays in the image", Severity: advisory.Low, Category: Leftovers,
			Why:    whyCache,
			Remedy: "Mount a cache over the folder (RUN --mount=type=cache), or build in a stage of its own and copy what was built.",
			Source: "https://docs.docker.com/build/cache/optimize/#use-cache-mounts",
			Files:  func(v *FileView) { v.areas(weights{advisory.Low, advisory.Negligible}, worthwhile) },
			BadFiles: []SampleImage{
				{{entry("etc/os-release", 0o644, 9)}, {entry("root/.cache/go-build/00/00a1-d", 0o644, 2_000_000)}},
				{nil, {entry("go/pkg/mod/golang.org/x/sys@v0.1.0/a.go", 0o444, 3_000_000)}},
				{nil, {entry("home/app/.m2/repository/org/a/1/a-1.jar", 0o644, 5_000_000)}},
				{nil, {entry("app/node_modules/.cache/babel/x.json", 0o644, 1_000_000)}},
				{nil, {entry("var/cache/apt/archives/curl_8_amd64.deb", 0o644, 3)}, {entry("var/cache/apt/archives/.wh.curl_8_amd64.deb", 0, 0)}},
			},
			GoodFiles: []SampleImage{{{entry("root/.cache/motd", 0o644, 9), entry("var/cache/apt/archives/lock", 0o640, 0), entry("app/go/pkg/model/a.go", 0o644, 9)}}},
		},
		{
			ID: repositoryLeft, Title: "a repository's history is in the image", Severity: advisory.Low, Category: Leftovers,
			Peers:  Peers{Dockle: []string{"DKL-LI-0003"}},
			Why:    "It holds every version of every file, what was committed by mistake and deleted since included; and a web server that serves the folder above serves it too.",
			Remedy: "Exclude .git in .dockerignore, or copy the files that are needed by name. Where a RUN clones, delete the folder in the same RUN.",
			Source: "https://docs.docker.com/build/concepts/context/#dockerignore-files",
			Files:  func(v *FileView) { v.areas(weights{advisory.Low, advisory.Low}, 0) },
			BadFiles: []SampleImage{
				{nil, {entry("app/.git/HEAD", 0o644, 23), entry("app/.git/objects/ab/cdef", 0o444, 900)}},
				{nil, {entry("srv/.hg/store/data/a.i", 0o644, 9)}},
				{nil, {entry("app/.git/HEAD", 0o644, 23)}, {entry("app/.wh..git", 0, 0)}},
			},
			GoodFiles: []SampleImage{{nil, {entry("app/.gitkeep", 0o644, 1), entry("app/.github/workflows/a.yml", 0o644, 9), entry("app/node_modules/a/.git/HEAD", 0o644, 9)}}},
		},
		{
			ID: deskLeft, Title: "files of whoever built the image are in it", Severity: advisory.Low, Category: Leftovers,
			Peers:  Peers{Dockle: []string{"DKL-LI-0003"}},
			Why:    "Nothing that runs needs them, and they tell of what surrounds the image: how it is built, with which services and accounts, and what somebody typed.",
			Remedy: "Exclude them in .dockerignore, or copy the files that are needed by name.",
			Source: "https://docs.docker.com/build/concepts/context/#dockerignore-files",
			Files:  deskFiles,
			BadFiles: []SampleImage{
				{nil, {entry("app/Dockerfile", 0o644, 300), entry("app/docker-compose.yml", 0o644, 200)}},
				{nil, {entry("root/.bash_history", 0o600, 80)}},
				{nil, {entry("root/.vimrc", 0o644, 8)}},
				{nil, {entry("app/.vscode/settings.json", 0o644, 90)}},
				{nil, {entry("root/.aws/config", 0o644, 90)}},
				{nil, {entry("app/Dockerfile.dev", 0o644, 9)}},
			},
			GoodFiles: []SampleImage{
				{nil, {entry("app/node_modules/a/Dockerfile", 0o644, 9), entry("usr/share/doc/a/examples/Dockerfile", 0o644, 9), entry("app/dockerfile.go", 0o644, 9)}},
				{nil, {entry("root/.bash_history", 0o600, 0)}},
				{nil, {entry("app/Dockerfile", 0o644, 9)}, {entry("app/.wh.Dockerfile", 0, 0)}},
			},
		},
	}
}

func entry(path string, mode uint32, size int64) SampleFile {
	return SampleFile{Path: path, Mode: mode, Size: size}
}

func accountsFile(name, content string) SampleFile {
	return SampleFile{Path: "etc/" + name, Mode: 0o644, Size: int64(len(content)), Content: content}
}

// sharedIDs reports the numbers of one file. An account of the user ID 0 beside root
// counts as planted.
func (v *FileView) sharedIDs(u *userFile) {
	what := "GID"
	if u.Path == "etc/passwd" {
		what = "UID"
	}
	for _, base := range []bool{false, true} {
		var texts []string
		for _, s := range u.shared(base) {
			if what == "UID" && s.ID == 0 {
				continue
			}
			texts = append(texts, fmt.Sprintf("%s have the %s %d", listed(shorts(s.Names)), what, s.ID))
		}
		if len(texts) > 0 {
			v.report(base, v.userWeight(base), "%s: %s", u.Path, listed(texts))
		}
	}
}

func (v *FileView) emptyPasswords(u *userFile) {
	for _, base := range []bool{false, true} {
		names := slices.DeleteFunc(u.passwordless(base), func(name string) bool { return v.contents.Planted != nil && v.contents.Planted(u.Path, name) })
		if len(names) > 0 {
			v.report(base, v.userWeight(base), "%s: the password of %s is empty", u.Path, listed(shorts(names)))
		}
	}
}

func (v *FileView) userWeight(base bool) advisory.Severity {
	if base {
		return advisory.Negligible
	}
	return v.l.rule.Severity
}

func shorts(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, short(n))
	}
	return out
}

// deskFiles reports single files and whole folders together.
func deskFiles(v *FileView) {
	for _, base := range []bool{false, true} {
		var texts []string
		weight := advisory.Negligible
		for _, h := range v.heaps {
			if h.area.rule == deskLeft && h.base == base && !h.hidden {
				texts = append(texts, shownPath(h.root))
				weight = advisory.Low
			}
		}
		for i := range v.files {
			if f := &v.files[i]; f.traits&desk != 0 && f.base == base {
				texts = append(texts, shownPath(f.path))
				weight = max(weight, f.weight)
			}
		}
		if len(texts) == 0 {
			continue
		}
		if base {
			weight = advisory.Negligible
		}
		slices.SortStableFunc(texts, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
		v.report(base, weight, "%s", listed(texts))
	}
}
