package content

import (
	"context"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// LookWhole judges a file as a whole, whatever its length.
func (i *Inspector) LookWhole(ctx context.Context, f *inspect.File, content []byte, out *evidence.Fragment) {
	i.subject(ctx, f, out, newAccount()).look(where{path: f.Path}, content)
}

// LookInBlocks searches a file block by block, whatever its length.
func (i *Inspector) LookInBlocks(ctx context.Context, f *inspect.File, pieces [][]byte, out *evidence.Fragment) {
	x := i.subject(ctx, f, out, newAccount()).scan(where{path: f.Path})
	defer x.release()
	for _, p := range pieces {
		x.Write(p)
	}
	x.finish()
}

// BlockSize, Carry and Small are the bounds that claims about borders speak of.
const (
	BlockSize = blockSize
	Carry     = carry
	Small     = small
	MaxDepth  = maxDepth
)
