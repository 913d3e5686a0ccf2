//go:build !unix

package main

import "time"

var started = time.Now()

// processorTime is the time since the process began where no other is to be had.
func processorTime() time.Duration { return time.Since(started) }
