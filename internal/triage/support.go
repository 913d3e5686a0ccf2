package triage

import (
	"time"

	"plimsoll/internal/inventory"
)

func Supported(inv *inventory.Inventory, now time.Time) []Finding { return nil }
