package scan

import (
	"fmt"

	"plimsoll/internal/evidence"
	"plimsoll/internal/history"
	"plimsoll/internal/triage"
)

// History tells how an image that was examined was made.
func History(e *Examined, order triage.Order, opt history.Options) *history.History {
	in := history.Input{
		Image: e.Description, Lines: e.History, Layers: e.Layers, Refs: e.Refs,
		Merged: e.Merged, Account: e.Account, Publishers: e.publishers, Order: order,
		Stored: make([]int64, len(e.Image.Layers)), History: make([]history.Told, len(e.Image.Config.History)),
	}
	for i, l := range e.Image.Layers {
		in.Stored[i] = l.Size
	}
	for i, h := range e.Image.Config.History {
		in.History[i] = history.Told{
			Created: h.Created.Time, Empty: h.EmptyLayer,
			Comment: plain(e.Veil.Mask(fmt.Sprintf("%s%d.comment", evidence.HistoryPrefix, i), h.Comment)),
		}
	}
	return history.Of(in, opt)
}
