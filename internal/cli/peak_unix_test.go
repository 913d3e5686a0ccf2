//go:build unix

package cli

import (
	"os"
	"regexp"
	"runtime"
	"strconv"
	"syscall"
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
