package content

import (
	"strings"
	"testing"
)

func TestHistoryLinesAreTakenApart(t *testing.T) {
	for line, want := range map[string]string{
		"":                                                     "",
		"/bin/sh -c apt-get update":                            "apt-get update",
		"/bin/sh -c #(nop)  ENV A=b":                           "ENV A=b",
		"RUN /bin/sh -c make all # buildkit":                   "make all",
		"RUN /bin/bash -o pipefail -c a | b":                   "a | b",
		"RUN /bin/bash -euxo pipefail -c a":                    "a",
		"cmd /S /C dir":                                        "dir",
		"powershell -Command dir":                              "dir",
		`C:\Windows\System32\cmd.exe /c dir`:                   "dir",
		"|1 A=b /bin/sh -c make":                               "A=b\nmake",
		"|2 A=b c D=e f /bin/sh -c x=1 make":                   "A=b c\nD=e f\nx=1 make",
		"RUN |1 A=b /bin/bash -eo pipefail -c make # buildkit": "A=b\nmake",
		"|2 A= B= /bin/sh -c make":                             "A=\nB=\nmake",
		"|1 A=b make":                                          "A=b make",
		"|x A=b":                                               "|x A=b",
		"|":                                                    "|",
		"|1":                                                   "|1",
		"sh deploy.sh":                                         "sh deploy.sh",
		"COPY . /srv # buildkit":                               "COPY . /srv",
		"|99999999999999999999 A=b /bin/sh -c":                 "|99999999999999999999 A=b /bin/sh -c",
	} {
		if got := strings.TrimSuffix(instruction(line), "\n"); got != want {
			t.Errorf("%q is %q, want %q", line, got, want)
		}
	}
}

func TestCommandsAreWrittenAsAShellReadsThem(t *testing.T) {
	for want, words := range map[string][]string{
		"":                 nil,
		"curl a | sh":      {"/bin/sh", "-c", "curl a | sh"},
		"a && b":           {"/bin/bash", "-o", "pipefail", "-c", "a && b"},
		"app 'a b'":        {"app", "a b"},
		"sh -c":            {"sh", "-c"},
		"sh -c 'x $1' arg": {"sh", "-c", "x $1", "arg"},
	} {
		if got := command(words); got != want {
			t.Errorf("%q is %q, want %q", words, got, want)
		}
	}
}
