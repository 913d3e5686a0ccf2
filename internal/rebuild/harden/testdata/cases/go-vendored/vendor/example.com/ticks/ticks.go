// Package ticks counts.
package ticks

import "time"

// Since returns the whole seconds since t.
func Since(t time.Time) int { return int(time.Since(t).Seconds()) }
