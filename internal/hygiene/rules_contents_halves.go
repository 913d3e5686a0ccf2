package hygiene

import (
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
)

// fileHalf is what a rule of Dockerfiles says of the files of a built image.
type fileHalf struct {
	rule      string
	files     func(*FileView)
	bad, good []SampleImage
}

// join adds the half to its rule.
func (h *fileHalf) join(rules []Rule) {
	for i := range rules {
		if r := &rules[i]; r.ID == h.rule {
			r.Files, r.BadFiles, r.GoodFiles = h.files, h.bad, h.good
		}
	}
}

// fileWords are titles and remedies where what files show is not what the rule itself
// says.
var fileWords = map[string]struct{ title, remedy string }{
	"setuid": {
		"programs of the image are setuid or setgid",
		"Leave out the packages that bring them, or take the bit away where they are installed: chmod a-s. A port below 1024 needs a capability alone: setcap cap_net_bind_service=+ep.",
	},
	"world-writable": {
		"everybody may write to files of the image",
		"Give them to the user who needs them (COPY --chown, chown) and take the write bit away: chmod o-w.",
	},
	"secret-file-copied": {
		"a file is named like one that holds credentials",
		"Where it holds some, take it out of the layer and mount it (RUN --mount=type=secret, or when the container starts); what was pulled with it is known and has to be replaced.",
	},
	"ssh-server": {
		"an SSH server is in the image",
		"Leave it out: docker exec or kubectl exec opens a shell. A client alone is openssh-client.",
	},
	"network-tool-left": {
		"tools of network attacks are in the image",
		"Leave them out. A health check can use the application's own client, wget or curl; waiting for another service is for the orchestrator.",
	},
}

// fileHalves are the rules of which an image's files say more than its history: what
// was removed, moved or never installed by a command that history shows.
func fileHalves() []fileHalf {
	halves := []fileHalf{
		{
			rule: "setuid", files: setuidFiles,
			bad: []SampleImage{
				{{entry("bin/su", 0o4755, 9)}},
				{nil, {entry("usr/local/bin/x", 0o4755, 9)}},
				{nil, {entry("usr/bin/x", 0o2755, 9)}},
				{nil, {SampleFile{Path: "usr/bin/sudo", Mode: 0o4755, Size: 9, Owner: "sudo 1.9"}}},
			},
			good: []SampleImage{
				{{entry("srv/shared/", 0o2775, 0), entry("usr/bin/x", 0o755, 9), entry("var/lock", 0o2644, 9)}},
				{{entry("bin/su", 0o4755, 9)}, {entry("bin/su", 0o755, 9)}},
				{{entry("bin/su", 0o4755, 9)}, {entry("bin/.wh.su", 0, 0)}},
			},
		},
		{
			rule: "world-writable", files: writableFiles,
			bad: []SampleImage{
				{nil, {entry("app/run.sh", 0o777, 9)}}, {nil, {entry("data/", 0o777, 0)}}, {nil, {entry("etc/app.conf", 0o666, 9)}}, {{entry("opt/x", 0o666, 9)}},
			},
			good: []SampleImage{
				{nil, {entry("tmp/", 0o1777, 0), entry("var/tmp/x", 0o666, 9), entry("var/spool/x/", 0o1777, 0), entry("dev/null", 0o666, 0), entry("app/x", 0o664, 9)}},
				{nil, {entry("data/", 0o777, 0)}, {entry("data/", 0o755, 0)}},
				{nil, {entry("tmp/", 0o777, 0)}},
			},
		},
		{
			rule: "secret-file-copied", files: credentialFilesLeft,
			bad: []SampleImage{
				{nil, {entry("app/server.p12", 0o600, 900)}}, {nil, {entry("root/.ssh/id_ed25519", 0o600, 400)}}, {nil, {entry("root/.netrc", 0o600, 40)}, {entry("root/.wh..netrc", 0, 0)}},
			},
			good: []SampleImage{
				{nil, {entry("root/.ssh/id_ed25519.pub", 0o644, 90), entry("app/truststore.jks", 0o644, 9), entry("usr/lib/node_modules/x/test.p12", 0o644, 9), entry("root/.netrc", 0o600, 0)}},
				{nil, {SampleFile{Path: "root/.ssh/id_rsa", Mode: 0o600, Size: 1700, Secret: true}}},
			},
		},
		{
			rule: "build-tools-left",
			files: func(v *FileView) {
				v.tools(weights{advisory.Low, advisory.Low}, ToolBuild)
			},
			bad: []SampleImage{
				{nil, {entry("usr/bin/x86_64-linux-gnu-gcc-12", 0o755, 900), entry("usr/bin/make", 0o755, 90)}}, {nil, {entry("usr/local/go/bin/go", 0o755, 900)}}, {{entry("usr/lib/jvm/java-21/bin/javac", 0o755, 90)}},
			},
			good: []SampleImage{
				{nil, {entry("usr/share/bash-completion/completions/make", 0o644, 9), entry("usr/bin/makedev", 0o755, 9), entry("bin/go", 0o644, 9)}},
				{nil, {entry("usr/bin/gcc-12", 0o755, 900)}, {entry("usr/bin/.wh.gcc-12", 0, 0)}},
			},
		},
		{
			rule: "network-tool-left",
			files: func(v *FileView) {
				v.tools(weights{advisory.Low, advisory.Negligible}, ToolNetwork)
			},
			bad:  []SampleImage{{nil, {entry("bin/nc.openbsd", 0o755, 90)}}, {nil, {entry("usr/bin/socat", 0o755, 90), entry("usr/bin/nmap", 0o755, 90)}}},
			good: []SampleImage{{nil, {entry("usr/bin/curl", 0o755, 90), entry("usr/share/nmap/nmap", 0o755, 9), entry("usr/share/bin/nc.txt", 0o755, 9)}}},
		},
		{
			rule: "ssh-server",
			files: func(v *FileView) {
				v.tools(weights{advisory.Medium, advisory.Low}, ToolSSHServer)
			},
			bad:  []SampleImage{{nil, {SampleFile{Path: "usr/sbin/sshd", Mode: 0o755, Size: 90, Owner: "openssh-server 1:9.2p1"}}}, {{entry("usr/sbin/dropbear", 0o755, 90)}}},
			good: []SampleImage{{nil, {entry("usr/bin/ssh", 0o755, 90), entry("etc/init.d/sshd", 0o755, 9)}}},
		},
		{
			rule: "package-manager-left",
			files: func(v *FileView) {
				v.tools(weights{advisory.Negligible, advisory.Negligible}, ToolSystemPackages, ToolLanguagePackages)
			},
			bad:  []SampleImage{{{entry("usr/bin/apt-get", 0o755, 90), entry("usr/bin/dpkg", 0o755, 90)}}, {nil, {entry("usr/local/bin/pip3.12", 0o755, 9)}}},
			good: []SampleImage{{{entry("etc/cron.daily/apt", 0o755, 9), entry("etc/apt/apt.conf", 0o644, 9)}}, {{entry("sbin/apk", 0o755, 9)}, {entry("sbin/.wh.apk", 0, 0)}}},
		},
	}
	return slices.Concat(halves, cacheHalves())
}

// cacheHalves are the rules of one package manager's cache each.
func cacheHalves() []fileHalf {
	var halves []fileHalf
	for _, a := range areas() {
		if a.own || a.rule == cachesLeft || slices.ContainsFunc(halves, func(h fileHalf) bool { return h.rule == a.rule }) {
			continue
		}
		folder := strings.Replace(a.path, "~/", "root/", 1)
		halves = append(halves, fileHalf{
			rule:  a.rule,
			files: func(v *FileView) { v.areas(weights{advisory.Low, advisory.Negligible}, worthwhile) },
			bad: []SampleImage{
				{nil, {entry(folder+"/deep/x", 0o644, 4_000_000)}},
				{nil, {entry(folder+"/x", 0o644, 4_000_000)}, {entry(folder+"/.wh..wh..opq", 0, 0)}},
			},
			good: []SampleImage{{nil, {entry(folder+"/lock", 0o640, 0), entry(folder+"x/y", 0o644, 4_000_000)}}},
		})
	}
	return halves
}

func setuidFiles(v *FileView) {
	v.each(func(f *imageFile) bool { return f.traits&privileged != 0 }, func(files []imageFile, base bool) {
		// What nobody vouches for stands first.
		var owned, others []imageFile
		for i := range files {
			if v.owner(&files[i]) != "" {
				owned = append(owned, files[i])
			} else {
				others = append(others, files[i])
			}
		}
		weight := advisory.Medium
		switch {
		case len(others) == 0 && base:
			weight = advisory.Negligible
		case len(others) == 0, base:
			weight = advisory.Low
		}
		all := slices.Concat(others, owned)
		v.report(base, weight, "%s%s%s", v.atLeast(privileged), v.paths(all), v.by(all))
	})
}

// writableFiles weighs what a program or a setting of the system can be made of more
// than data.
func writableFiles(v *FileView) {
	v.each(func(f *imageFile) bool { return f.traits&writable != 0 }, func(files []imageFile, base bool) {
		weight, folders := advisory.Low, 0
		for i := range files {
			f := &files[i]
			switch {
			case f.folder:
				folders++
			case f.mode&0o111 != 0:
				weight = advisory.Medium
			}
			if allIn([]string{"/" + f.path}, systemDirectories) {
				weight = advisory.Medium
			}
		}
		if base {
			weight = advisory.Negligible
		}
		var counts []string
		if n := len(files) - folders; n > 0 {
			counts = append(counts, counted(n, "file", "files"))
		}
		if folders > 0 {
			counts = append(counts, counted(folders, "folder", "folders"))
		}
		v.report(base, weight, "%s%s: %s%s", v.atLeast(writable), strings.Join(counts, " and "), writablePaths(files), v.by(files))
	})
}

// systemDirectories hold what every program uses.
var systemDirectories = slices.Concat(programDirectories, []string{"/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"})

// writablePaths lists the topmost of the files, with their modes: what lies in a
// folder that is listed goes without saying.
func writablePaths(files []imageFile) string {
	var texts []string
	top := ""
	for i := range files {
		f := &files[i]
		if top != "" && strings.HasPrefix(f.path, top) {
			continue
		}
		if f.folder {
			top = f.path + "/"
		}
		texts = append(texts, fmt.Sprintf("%s (%03o)", shownPath(f.path), f.mode.Perm()))
	}
	return listed(texts)
}

func credentialFilesLeft(v *FileView) {
	v.each(func(f *imageFile) bool { return f.traits&credential != 0 }, func(files []imageFile, base bool) {
		weight := advisory.Unknown
		var texts []string
		for i := range files {
			f := &files[i]
			kind, _ := secretFile(f.path, "/"+f.path)
			if kind == "" || v.contents.Secret != nil && v.contents.Secret(f.path) {
				continue
			}
			weight = max(weight, f.weight)
			text := shownPath(f.path) + " is " + kind + " by its name"
			if f.hidden {
				text += fmt.Sprintf(", still in layer %d below what hides it", f.layer)
			}
			texts = append(texts, strings.Replace(text, " by its name by its name", " by its name", 1))
		}
		if len(texts) == 0 {
			return
		}
		if base {
			weight = min(weight, advisory.Low)
		}
		v.report(base, weight, "%s", listed(texts))
	})
}
