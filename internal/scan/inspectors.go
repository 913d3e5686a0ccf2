package scan

import (
	"slices"

	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/langpkg"
	"plimsoll/internal/inspect/ospkg"
	"plimsoll/internal/inspect/runtimes"
)

// Inspectors lists every inspector of the one pass.
func Inspectors() []inspect.Inspector {
	return slices.Concat(
		ospkg.All(),
		langpkg.All(),
		[]inspect.Inspector{runtimes.Inspector()},
	)
}
