package cli

import (
	"fmt"
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"plimsoll/internal/scan"
)

// progress draws a bar on standard error while layers are read, if that is a
// terminal and nobody asked for quiet.
type progress struct {
	mu    sync.Mutex
	bars  *mpb.Progress
	bar   *mpb.Bar
	total int64
}

// drawing reports whether progress may be drawn.
func (a *app) drawing() bool {
	_, tty := terminal(a.env.Stderr)
	return tty && !a.quiet && a.env.Getenv("CI") == ""
}

func (a *app) newProgress() *progress {
	p := &progress{}
	if a.drawing() {
		p.bars = newBars(a.env.Stderr)
	}
	return p
}

func newBars(w io.Writer) *mpb.Progress {
	return mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
}

// addBar adds a bar of bytes; label is asked anew each time it is drawn. Its
// total is set later, and the caller takes it away with Abort: a bar with a
// total from the start would complete by itself and stay on the screen.
func addBar(bars *mpb.Progress, label func() string) *mpb.Bar {
	return bars.AddBar(0,
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return label() + " " })),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
			if s.Total <= 0 {
				return ""
			}
			return fmt.Sprintf("%.1f / %.1f MB", float64(s.Current)/1e6, float64(s.Total)/1e6)
		})),
	)
}

func (p *progress) event(e scan.Event) {
	if p.bars == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Kind {
	case scan.LayerStarted:
		p.total += max(e.Bytes, 0)
		if p.bar == nil {
			p.bar = addBar(p.bars, func() string { return "reading layers" })
		}
		p.bar.SetTotal(p.total, false)
	case scan.LayerRead:
		if p.bar != nil {
			p.bar.IncrInt64(e.Bytes)
		}
	}
}

// close takes the bar away.
func (p *progress) close() {
	if p.bars == nil {
		return
	}
	p.mu.Lock()
	if p.bar != nil {
		p.bar.Abort(true)
	}
	p.mu.Unlock()
	p.bars.Wait()
}
