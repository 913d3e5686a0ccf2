// Command plimsoll judges a container image that works: it runs — what else is in it?
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"plimsoll/internal/cli"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Run(ctx, cli.FromProcess())
}
