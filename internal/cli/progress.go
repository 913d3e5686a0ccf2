package cli

import (
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

// addBar adds a bar of bytes; label is asked anew each time it is drawn. The
// caller takes the bar away with Abort.
func addBar(bars *mpb.Progress, total int64, label func() string) *mpb.Bar {
	return bars.AddBar(total,
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return label() + " " })),
		mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f")),
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
			p.bar = addBar(p.bars, p.total, func() string { return "reading layers" })
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
