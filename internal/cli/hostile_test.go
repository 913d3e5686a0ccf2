package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/lab"
	"plimsoll/internal/verdict"
)

// hostile is one image made to hurt, and what must come of it.
type hostile struct {
	// make writes the image below dir and returns its reference.
	make func(dir string) (string, error)
	// status is the exit status, or one of several that are right.
	status []int
	// says are texts that standard output or error holds.
	says []string
	// memory is the most that the process may need, in MB; 256 where it is 0.
	memory int64
	// heavy ones are left out with -short.
	heavy bool
}

// hang is the time after which a scan counts as hung. It says nothing about
// how fast a scan should be.
const hang = 2 * time.Minute

func TestHostileImages(t *testing.T) {
	if err := shared.build(); err != nil {
		t.Fatal(err)
	}
	for name, h := range hostileImages() {
		t.Run(name, func(t *testing.T) {
			if h.heavy && testing.Short() {
				t.Skip("heavy")
			}
			t.Parallel()
			h.run(t)
		})
	}
}

func (h hostile) run(t *testing.T) {
	dir := t.TempDir()
	ref, err := h.make(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "verdict.json")
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, "plimsoll", "scan", "--all", "-o", "table", "-o", "json="+out, ref)
	peakIn := filepath.Join(dir, "peak")
	cmd.Env = append(os.Environ(), peakFile+"="+peakIn, "PLIMSOLL_DB_DIR="+shared.store, "PLIMSOLL_CACHE_DIR="+filepath.Join(dir, "cache"),
		"SOURCE_DATE_EPOCH="+strconv.FormatInt(lab.AsOf.Unix(), 10), "HOME="+dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err = cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("it hung for %s", hang)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	peak := int64(0)
	if raw, err := os.ReadFile(peakIn); err == nil {
		peak, _ = strconv.ParseInt(string(raw), 10, 64)
	}
	peak >>= 20
	t.Logf("exit %d after %s, %d MB: %.300s", cmd.ProcessState.ExitCode(), time.Since(began).Round(time.Millisecond), peak, stderr.String())

	if code := cmd.ProcessState.ExitCode(); !slices.Contains(h.status, code) {
		t.Errorf("exit status %d, want one of %v\n%.2000s\n%.2000s", code, h.status, stderr.String(), stdout.String())
	}
	most := h.memory
	if most == 0 {
		most = 256
	}
	if peak > most {
		t.Errorf("it needed %d MB, at most %d are right", peak, most)
	}
	both := stdout.String() + stderr.String()
	said := strings.Join(strings.Fields(both), " ") // the table's lines put together again
	if strings.Contains(both, "panic:") || strings.Contains(both, "goroutine ") {
		t.Errorf("it panicked:\n%.3000s", stderr.String())
	}
	if err := obeyed(stdout.String()); err != nil {
		t.Errorf("standard output: %v", err)
	}
	if err := obeyed(stderr.String()); err != nil {
		t.Errorf("standard error: %v", err)
	}
	for _, says := range h.says {
		if !strings.Contains(said, says) {
			t.Errorf("nothing says %q\n%.2000s\n%.3000s", says, stderr.String(), stdout.String())
		}
	}
	checkReport(t, out, cmd.ProcessState.ExitCode())
}

// checkReport: what was written agrees with the exit status; an incomplete scan
// is never green, and a scan that failed writes nothing.
func checkReport(t *testing.T, file string, code int) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if code == 0 || code == 1 {
			t.Error("no report was written")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := obeyed(string(raw)); err != nil {
		t.Errorf("JSON: %v", err)
	}
	var r verdict.Report
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if r.Status != code {
		t.Errorf("the report says status %d", r.Status)
	}
	for _, v := range r.Verdicts {
		if v.Coverage.Complete != (code != 3) {
			t.Errorf("coverage.complete is %v with exit status %d", v.Coverage.Complete, code)
		}
		if !v.Coverage.Complete && !strings.Contains(v.Headline.Text, "could not be examined") {
			t.Errorf("the headline of an incomplete verdict is %q", v.Headline.Text)
		}
	}
}
