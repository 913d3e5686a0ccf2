package scan

import (
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// Below returns what the image's first layers hold, without those above them.
func (e *Examined) Below(layers int) *inventory.Inventory {
	n := min(max(layers, 0), len(e.Layers))
	return &evidence.Merge(e.Layers[:n], e.Refs[:n]).Inventory
}
