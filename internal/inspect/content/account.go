package content

import (
	"context"
	"io"
	"sync/atomic"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/zipread"
)

// What archives may cost is counted for each file and for each layer. The bound of
// a file leaves room for any honest archive; that of a layer is what keeps many
// small bombs from adding up: what its archives unpack to is at most eight times
// its own bytes, and a fixed sum besides. Archives of programs and their sources
// unpack to three to five times their size, so that a hostile layer of 100 MB takes
// about twice as long as an honest one of its size that holds nothing else. What
// costs more than reading is charged accordingly.
const (
	// layerCredit is what every layer may unpack, creditRatio what each byte of
	// it adds.
	layerCredit = 256 << 20
	creditRatio = 8
	// memberCost is what a member of an archive costs besides its bytes, hitCost
	// what a word does that leads to a rule, and bzip2Cost how much more than others
	// a byte out of bzip2 does.
	memberCost = 1 << 10
	hitCost    = 32
	bzip2Cost  = 4
	// fileCredit is what every file may unpack, whatever its size: Go's sources hold
	// an honest one in bzip2 of 400 KB that unpacks to 59 MB.
	fileCredit = 256 << 20
)

// maxListed bounds what is listed of one layer: secrets, places of planted code, and
// problems, of each so many. An honest layer has some dozens.
const maxListed = 20_000

// account is what the archives of one layer may still cost, in bytes, and how much
// was listed of it.
type account struct {
	left                       atomic.Int64
	secrets, planted, problems atomic.Int64
	saidSecrets, saidPlanted   atomic.Bool
}

// room counts one more and says whether it may be listed.
func room(count *atomic.Int64) bool { return count.Add(1) <= maxListed }

func newAccount() *account {
	a := &account{}
	a.left.Store(layerCredit)
	return a
}

// purse is what one file may still cost, archives inside it included.
type purse struct {
	*zipread.Budget
	// taken is what it held at first.
	taken int64
}

// spendable returns the purse of the file.
func (s *subject) spendable() *purse {
	if s.purse == nil {
		b := zipread.NewBudget(s.file.Size)
		b.Inflaters = &s.inflaters
		b.Inflated = min(max(b.Inflated, fileCredit), s.account.left.Load())
		s.purse = &purse{b, b.Inflated}
	}
	return s.purse
}

// settle takes what the file cost from the layer's account.
func (s *subject) settle() {
	if s.purse != nil {
		s.account.left.Add(s.purse.Inflated - s.purse.taken)
	}
}

// hits charges the words that were found in a member of an archive.
func (s *subject) hits(w where, n int) {
	if w.depth > 0 {
		s.purse.Inflated -= int64(n) * hitCost
	}
}

// enter charges a member of an archive; false: no more may be opened.
func (p *purse) enter() bool {
	p.Entries--
	p.Inflated -= memberCost
	return p.Entries >= 0 && p.Inflated > 0
}

// charged reads within what may be spent. Each byte costs so many.
type charged struct {
	r    io.Reader
	p    *purse
	cost int64
}

func (c *charged) Read(p []byte) (int, error) {
	if c.p.Inflated <= 0 {
		return 0, zipread.ErrBudget
	}
	n, err := c.r.Read(p)
	c.p.Inflated -= int64(n) * c.cost
	return n, err
}

// ForLayer implements inspect.LayerInspector.
func (i *Inspector) ForLayer() inspect.Inspector { return &ofLayer{i, newAccount()} }

// ofLayer is the inspector for one layer, whose files share an account.
type ofLayer struct {
	*Inspector
	account *account
}

// Inspect implements inspect.WholeInspector.
func (o *ofLayer) Inspect(ctx context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	return o.inspect(ctx, f, content, o.account, out)
}

// Open implements inspect.StreamInspector.
func (o *ofLayer) Open(ctx context.Context, f *inspect.File, out *evidence.Fragment) inspect.Sink {
	return o.open(ctx, f, o.account, out)
}
