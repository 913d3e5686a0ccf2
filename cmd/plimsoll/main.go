// Command plimsoll judges a container image that works: it runs — what else is in it?
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"plimsoll/internal/cli"
)

// gcPercent trades memory for time: a scan lives for seconds and holds tens of
// megabytes, so the collector may wait twice as long as usual. It saves a
// twentieth of the processor time and adds a third to the peak (docs/benchmarks.md).
const gcPercent = 200

func main() { os.Exit(run()) }

func run() int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Run(ctx, cli.FromProcess())
}
