//go:build !unix

package cli

import (
	"errors"

	"github.com/rogpeppe/go-internal/testscript"
)

// peakMemory is not told by this system.
func peakMemory() int64 { return 0 }

// makePipe is not possible: scripts that need it ask for [unix].
func makePipe(*testscript.TestScript, []string) error { return errors.ErrUnsupported }
