package grypedb_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"plimsoll/internal/advisory/grypedb"
)

// childDir names the folder that a copy of this test program indexes alone;
// childFileMB, where set, is the size beyond which its files must not grow.
const (
	childDir    = "PLIMSOLL_TEST_INDEX_DIR"
	childFileMB = "PLIMSOLL_TEST_INDEX_FILE_MB"
)

// TestIndexChild is what the tests below run as a process of its own.
func TestIndexChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		t.Skip("runs as a child of other tests")
	}
	var mb uint64
	if _, err := fmt.Sscan(os.Getenv(childFileMB), &mb); err == nil {
		signal.Ignore(syscall.SIGXFSZ) // writes fail with an error in its place
		limit := syscall.Rlimit{Cur: mb << 20, Max: mb << 20}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Skip(err)
		}
	}
	if err := grypedb.Index(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Println(childPeak, peak)
}

// childPeak stands before the peak of the child's resident memory in kB. (What
// the system tells the parent of its child begins with the parent's own.)
const childPeak = "peak memory:"

func indexChild(t testing.TB, dir string, env ...string) (output string, peakMB int, err error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestIndexChild$")
	cmd.Env = append(append(os.Environ(), childDir+"="+dir), env...)
	b, err := cmd.CombinedOutput()
	if _, peak, ok := strings.Cut(string(b), childPeak); ok {
		_, _ = fmt.Sscan(peak, &peakMB)
		peakMB >>= 10
	}
	return string(b), peakMB, err
}

// TestIndexMemory: the authentic database of 175 MB is indexed within 110 MB;
// one ten times as large needs some 40 MB more.
func TestIndexMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("indexes a whole database")
	}
	output, peak, err := indexChild(t, linked(t))
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if peak == 0 {
		t.Skipf("this system does not tell the peak: %s", output)
	}
	t.Logf("peak %d MB", peak)
	if peak > 110 {
		t.Errorf("peak %d MB", peak)
	}
}

// TestFullDisk: where the files cannot grow, Index says which and why, does not
// blame the database, and leaves nothing.
func TestFullDisk(t *testing.T) {
	for _, mb := range []string{"1", "20", "40"} { // temporary files, records, slots
		dir := linked(t)
		output, _, err := indexChild(t, dir, childFileMB+"="+mb)
		if strings.Contains(output, "SKIP") {
			t.Skip(output)
		}
		if err == nil || !strings.Contains(output, "needs room") || !strings.Contains(output, filepath.Join(dir, grypedb.LookupName)) ||
			strings.Contains(output, grypedb.ErrCorrupt.Error()) {
			t.Errorf("%s MB: %v: %s", mb, err, output)
		}
		onlyDatabase(t, dir)
	}
}
