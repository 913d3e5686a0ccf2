package store

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain lets the test binary be a second process that updates a store.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PLIMSOLL_TEST_UPDATER"); dir != "" {
		os.Exit(updaterProcess(dir))
	}
	os.Exit(m.Run())
}

// updaterProcess updates with force and prints the outcomes.
func updaterProcess(dir string) int {
	s, err := Open(dir, WithIndex(testIndex))
	if err == nil {
		var results []Result
		results, err = s.Update(processContext(), UpdateOptions{
			Force:         true,
			TrivyMirrors:  []string{os.Getenv("PLIMSOLL_TEST_MIRROR")},
			GrypeListings: []string{os.Getenv("PLIMSOLL_TEST_LISTING")},
			Keychain:      anonymous{},
		})
		fmt.Println(outcomes(results))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func startUpdater(t *testing.T, p *publisher, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "PLIMSOLL_TEST_UPDATER="+dir, "PLIMSOLL_TEST_MIRROR="+p.mirror(), "PLIMSOLL_TEST_LISTING="+p.latest())
	return cmd
}

func TestTwoUpdatersShareTheWork(t *testing.T) {
	p := newPublisher(t)
	// Archives come slowly, so that the processes meet.
	slow := func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/blobs/") || strings.HasSuffix(r.URL.Path, ".tar.zst") {
			time.Sleep(700 * time.Millisecond)
		}
		return false
	}
	p.set(func() { p.before = slow })
	dir := t.TempDir()
	const processes = 3
	outputs := make([]string, processes)
	var wg sync.WaitGroup
	for i := range processes {
		cmd := startUpdater(t, p, dir)
		wg.Go(func() {
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("process %d: %v: %s", i, err, out)
			}
			outputs[i] = strings.TrimSpace(string(out))
		})
	}
	wg.Wait()
	all := strings.Join(outputs, ", ")
	if n := strings.Count(all, string(Updated)+",") + strings.Count(all+",", ", "+string(Updated)+","); n == 0 {
		t.Errorf("nobody updated: %s", all)
	}
	downloads := 0
	for _, r := range p.requests() {
		if strings.Contains(r, "/blobs/") || strings.HasSuffix(r, ".tar.zst") {
			downloads++
		}
	}
	if downloads != 2 {
		t.Errorf("%d archives were fetched by %d processes: %s", downloads, processes, all)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := s.Verify(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("verify: %v, %v", problems, err)
	}
	assertClean(t, s)
}

func TestAKilledUpdaterLeavesNothingInTheWay(t *testing.T) {
	p := newPublisher(t)
	reached := make(chan struct{})
	release := make(chan struct{})
	var once sync.Once
	stuck := func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(p.trivy)))
		w.Write(p.trivy[:2000])
		w.(http.Flusher).Flush()
		once.Do(func() { close(reached) })
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	}
	p.set(func() { p.before = stuck })
	dir := t.TempDir()
	cmd := startUpdater(t, p, dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	// What a process killed while unpacking leaves behind.
	writeTestFile(t, filepath.Join(dir, TrivyDB, incomingPrefix+"123", trivyFile), []byte("half"))
	writeTestFile(t, filepath.Join(dir, TrivyDB, pointerFile+".new"), []byte("half"))
	cmd.Process.Kill()
	_ = cmd.Wait()
	close(release)
	p.set(func() { p.before = nil })
	s, _ := openStore(t, dir)
	// How far grype-db got before the end is a matter of luck.
	o := p.options()
	o.Force = true
	if got := outcomes(mustUpdate(t, s, o)); !strings.HasPrefix(got, "updated, ") {
		t.Errorf("outcomes: %s", got)
	}
	assertClean(t, s)
}

func processContext() context.Context { return context.Background() }
