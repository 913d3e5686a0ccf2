//go:build unix

package cli

import (
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

var highWater = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// peakMemory is the most memory that this process had in use, in bytes. Where
// there is a /proc it is asked, since getrusage(2) counts what the parent had
// in use when it forked.
func peakMemory() int64 {
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		if m := highWater.FindSubmatch(status); m != nil {
			n, _ := strconv.ParseInt(string(m[1]), 10, 64)
			return n * 1024
		}
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) * 1024
}

// makePipe: pipe PATH makes a named pipe and reads it in the background.
func makePipe(ts *testscript.TestScript, args []string) error {
	path := ts.MkAbs(args[0])
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return err
	}
	content := make(chan []byte, 1)
	pipes.Store(path, content)
	go func() {
		// Opening waits until somebody writes.
		r, err := os.Open(path)
		if err != nil {
			content <- nil
			return
		}
		raw, _ := io.ReadAll(r)
		r.Close()
		content <- raw
	}()
	return nil
}
