package runtimes

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestRealInstallations holds the table against what is installed where the test
// runs: each program says its own version.
func TestRealInstallations(t *testing.T) {
	tests := []struct {
		program string
		ask     []string
		name    string
	}{
		{"node", []string{"--version"}, "node"},
		{"perl", []string{"-e", "print $^V"}, "perl"},
		{"bash", []string{"-c", "echo $BASH_VERSION"}, "bash"},
		{"openssl", []string{"version"}, "openssl"},
		{"curl", []string{"--version"}, "curl"},
		{"git", []string{"--version"}, "git"},
		{"jq", []string{"--version"}, "jq"},
		{"xz", []string{"--version"}, "xz"},
		{"zstd", []string{"--version"}, "zstd"},
		{"gzip", []string{"--version"}, "gzip"},
		{"tar", []string{"--version"}, "tar"},
		{"wget", []string{"--version"}, "wget"},
		{"getopt", []string{"--version"}, "util-linux"},
		{"ssh", []string{"-V"}, "openssh"},
		{"ffmpeg", []string{"-version"}, "ffmpeg"},
		{"postgres", []string{"--version"}, "postgresql"},
		{"python3", []string{"--version"}, "python"},
		{"java", []string{"-version"}, "openjdk"},
		{"go", []string{"version"}, "go"},
	}
	for _, tt := range tests {
		t.Run(tt.program, func(t *testing.T) {
			found, err := exec.LookPath(tt.program)
			if err != nil {
				t.Skipf("%s is not installed here", tt.program)
			}
			file, err := filepath.EvalSymlinks(found)
			if err != nil || runtime.GOOS != "linux" {
				t.Skipf("%s cannot be read here: %v", tt.program, err)
			}
			content, err := os.ReadFile(file)
			if err != nil || !bytes.HasPrefix(content, []byte("\x7fELF")) {
				t.Skipf("%s is no program but a script here", file)
			}
			said, err := exec.Command(found, tt.ask...).CombinedOutput()
			if err != nil {
				t.Skipf("%s does not run here: %v", tt.program, err)
			}
			out := inspectBytes(t, Inspector(), strings.TrimPrefix(file, "/"), content, 128<<10)
			if len(out.Packages) == 0 && tt.program == "python3" {
				t.Skipf("%s keeps its version in a shared library", file)
			}
			if len(out.Packages) != 1 || out.Packages[0].Name != tt.name || !bytes.Contains(said, []byte(out.Packages[0].Version)) {
				t.Errorf("%s says %q; read %+v", file, said, out.Packages)
			}
		})
	}
}

// TestGoToolchain reads GOROOT/VERSION of the toolchain that runs the test.
func TestGoToolchain(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("the go command is not on the path: %v", err)
	}
	content, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "VERSION"))
	if err != nil {
		t.Skipf("no VERSION file in this toolchain: %v", err)
	}
	out := inspectBytes(t, Inspector(), "usr/local/go/VERSION", content, 1<<20)
	if len(out.Packages) != 1 || "go"+out.Packages[0].Version != runtime.Version() {
		t.Errorf("got %+v, want %s", out.Packages, runtime.Version())
	}
}

// TestJVMReleaseOfThisMachine reads the release files of the JVMs installed here.
func TestJVMReleaseOfThisMachine(t *testing.T) {
	files, _ := filepath.Glob("/usr/lib/jvm/*/release")
	if len(files) == 0 {
		t.Skip("no JVM is installed here")
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Skipf("%s: %v", file, err)
		}
		out := inspectBytes(t, Inspector(), strings.TrimPrefix(file, "/"), content, 1<<20)
		if len(out.Packages) != 1 || !bytes.Contains(content, []byte(`="`+out.Packages[0].Version+`"`)) || len(out.Packages[0].CPEs) == 0 {
			t.Errorf("%s: got %+v", file, out.Packages)
		}
	}
}
