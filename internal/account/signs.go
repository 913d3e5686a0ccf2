package account

import (
	"fmt"
	"path"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

// sign is one way in which an executable stands where an honest one does not,
// told from its owner and its place alone.
type sign struct {
	id, title, rationale string
	techniques           []string
	// judge returns Rejected where the entry is none of it.
	judge func(e *Entry) (c secret.Confidence, s advisory.Severity, detail string)
}

// signs lists them. The identifiers of techniques are those of MITRE ATT&CK
// (attack.mitre.org): T1548.001 setuid and setgid, T1548 abuse of elevation
// control, T1564.001 hidden files and directories, T1105 ingress tool transfer.
func signs() []sign {
	return []sign{
		{
			id: "setuid-added", title: "Setuid or setgid program that no package brought",
			rationale:  "Whoever can start it gets its owner's rights; distributions ship a short list of such programs, each owned by a package.",
			techniques: []string{"T1548.001"},
			judge: func(e *Entry) (secret.Confidence, advisory.Severity, string) {
				switch {
				case !(e.setuid() || e.setgid()) || !e.Status.Open() || e.Kind == evidence.Library:
					return secret.Rejected, 0, ""
				case e.setuid() && e.UID == 0:
					return secret.Likely, advisory.High, e.Mode + " root"
				case e.setuid():
					return secret.Likely, advisory.Medium, fmt.Sprintf("%s, user %d", e.Mode, e.UID)
				}
				return secret.Possible, advisory.Medium, e.Mode
			},
		},
		{
			id: "setuid-interpreter", title: "Setuid on a program that runs what it is told",
			rationale:  "A shell, an interpreter or a copying tool with setuid root is root for everybody; no distribution ships one.",
			techniques: []string{"T1548.001"},
			judge: func(e *Entry) (secret.Confidence, advisory.Severity, string) {
				if !e.setuid() || e.UID != 0 || !escapes[interpreterName(e.Path)] {
					return secret.Rejected, 0, ""
				}
				return secret.Certain, advisory.Critical, e.Mode + " root"
			},
		},
		{
			id: "capabilities-added", title: "File capabilities that no package brought",
			rationale:  "Capabilities on a file are root's rights in part, and are seen by nobody who looks for setuid alone.",
			techniques: []string{"T1548"},
			judge: func(e *Entry) (secret.Confidence, advisory.Severity, string) {
				switch {
				case e.Capabilities == "" || (!e.Status.Open() && !escapes[interpreterName(e.Path)]):
					return secret.Rejected, 0, ""
				case strings.Contains(e.Capabilities, "cap_setuid"), strings.Contains(e.Capabilities, "cap_sys_admin"),
					strings.Contains(e.Capabilities, "cap_dac_override"), strings.Contains(e.Capabilities, "cap_sys_ptrace"),
					strings.Contains(e.Capabilities, "cap_sys_module"), strings.Contains(e.Capabilities, "cap_setfcap"):
					return secret.Likely, advisory.High, e.Capabilities
				case strings.TrimSuffix(e.Capabilities, "=ep") == "cap_net_bind_service":
					// A server that listens on a low port without root is built so.
					return secret.Possible, advisory.Low, e.Capabilities
				}
				return secret.Possible, advisory.Medium, e.Capabilities
			},
		},
		{
			id: "executable-temporary", title: "Executable in a folder for temporary files",
			rationale:  "Nothing that an image needs lies there; every user can write to it, and what is dropped at run time or left behind is found there.",
			techniques: []string{"T1105"},
			judge: func(e *Entry) (secret.Confidence, advisory.Severity, string) {
				if !Temporary(path.Dir(e.Path)) || !e.Status.Open() || e.Kind == evidence.Bytecode {
					return secret.Rejected, 0, ""
				}
				if strings.HasPrefix(e.Path, "dev/") || Hidden(e.Path) {
					return secret.Likely, advisory.High, string(e.Kind)
				}
				// A build that leaves its sources behind leaves their scripts too.
				if strings.Count(e.Path, "/") > 2 || e.Kind == evidence.Script {
					return secret.Possible, advisory.Low, string(e.Kind)
				}
				return secret.Possible, advisory.Medium, string(e.Kind)
			},
		},
		{
			id: "executable-hidden", title: "Executable in a hidden folder",
			rationale:  "A name that begins with a dot keeps a file out of listings; packages put no programs there.",
			techniques: []string{"T1564.001"},
			judge: func(e *Entry) (secret.Confidence, advisory.Severity, string) {
				if !Hidden(e.Path) || Temporary(path.Dir(e.Path)) || !e.Status.Open() || e.Kind == evidence.Bytecode {
					return secret.Rejected, 0, ""
				}
				if system := !strings.HasPrefix(e.Path, "home/") && !strings.HasPrefix(e.Path, "root/"); system && e.Kind == evidence.Program {
					return secret.Likely, advisory.High, "a program"
				}
				return secret.Possible, advisory.Medium, string(e.Kind)
			},
		},
	}
}

// escapes are programs that run other code, or read and write any file, for who
// starts them.
var escapes = words(`sh bash dash ash zsh ksh mksh csh tcsh fish busybox python perl ruby lua node php tclsh expect gdb awk gawk mawk
	find vi vim nano ed env cp mv dd tar rsync less more nmap socat nc ncat docker make xargs tee cat install strace`)

func interpreterName(file string) string {
	return strings.TrimRight(path.Base(file), "0123456789.")
}

// Planted returns what the account shows of planted code: executables that stand
// where, or with rights, that no package gives.
func (a *Account) Planted() []evidence.PlacedCode {
	var found []evidence.PlacedCode
	for i := range a.Entries {
		e := &a.Entries[i]
		if e.Liveness != inventory.Visible {
			continue
		}
		for _, s := range signs() {
			c, severity, detail := s.judge(e)
			if c == secret.Rejected {
				continue
			}
			found = append(found, evidence.PlacedCode{
				Finding: malware.Finding{
					Detector: s.id, Title: s.title, Rationale: s.rationale, Techniques: s.techniques,
					Path: e.Path, Detail: detail, Confidence: c, Severity: severity,
				},
				Place: evidence.Place{Layer: e.Layer, Liveness: e.Liveness, By: e.By},
			})
		}
	}
	return found
}
