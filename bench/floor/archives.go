package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/inspect/inflate"
	"plimsoll/internal/inspect/zipread"
)

// The bounds are those of the pass (internal/inspect/content): how deep archives are
// opened, what a file may unpack to, and what a layer may, to which each byte of it adds.
const (
	maxDepth    = 5
	fileCredit  = 256 << 20
	layerCredit = 256 << 20
	creditRatio = 8
	maxWindow   = 32 << 20
)

// headSize is how much of a file is looked at to tell an archive: a tar's first header.
const headSize = 512

// archives unpacks the archives of a layer once, and those in them, and looks at
// nothing that is in them. It uses the decoders of the pass and opens what the pass
// does, but for Git's objects and zips behind a script: a little less than it must.
type archives struct {
	// left is what the layer may still unpack, file what the file may, in bytes.
	left, file int64
	budget     *zipread.Budget
	// opened and members count archives and what is in them, bytes what came out.
	opened, members int
	bytes           int64

	inflaters sync.Pool
	gzips     []*gzipSource
	zstds     []*zstd.Decoder

	heads [maxDepth + 1][headSize]byte
	rest  [64 << 10]byte
}

type gzipSource struct {
	inflate.Gzip
	in *bufio.Reader
}

func newArchives() *archives { return &archives{left: layerCredit} }

// open looks into a file of the layer.
func (a *archives) open(r io.Reader, size int64) {
	a.left += creditRatio * size
	a.file = min(max(fileCredit, 64<<20+30*size), a.left)
	before := a.file
	a.budget = zipread.NewBudget(size)
	a.budget.Inflaters = &a.inflaters
	a.inside(r, 0)
	a.left -= before - a.file
}

// inside reads what a file begins with and, where that is an archive, unpacks it.
func (a *archives) inside(r io.Reader, depth int) {
	n, _ := io.ReadFull(r, a.heads[depth][:])
	head := a.heads[depth][:n]
	kind := kindOf(head)
	if kind == 0 || depth == maxDepth {
		return
	}
	a.opened++
	whole := io.MultiReader(bytes.NewReader(head), r)
	switch kind {
	case 'P':
		// What is damaged or too much ends the archive, here as in the pass.
		_ = zipread.Stream(context.Background(), whole, a.budget, &zipMembers{a, depth})
	case 'g':
		a.gunzip(whole, depth)
	case 'z':
		a.unzstd(whole, depth)
	case 'b':
		a.member(bzip2.NewReader(whole), depth)
	case 't':
		for t := tar.NewReader(whole); a.file > 0; {
			h, err := t.Next()
			if err != nil {
				return
			}
			if h.Typeflag == tar.TypeReg {
				a.member(t, depth)
			}
		}
	}
}

// member reads a member of an archive to its end.
func (a *archives) member(r io.Reader, depth int) {
	a.members++
	in := &counted{a, r}
	a.inside(in, depth+1)
	for {
		if _, err := in.Read(a.rest[:]); err != nil {
			return
		}
	}
}

// counted reads within what the file may unpack.
type counted struct {
	a *archives
	r io.Reader
}

func (c *counted) Read(p []byte) (int, error) {
	if c.a.file <= 0 {
		return 0, errTooMuch
	}
	n, err := c.r.Read(p)
	c.a.file -= int64(n)
	c.a.bytes += int64(n)
	return n, err
}

var errTooMuch = errors.New("more than is unpacked")

type zipMembers struct {
	*archives
	depth int
}

func (z *zipMembers) Want(name []byte) bool { return len(name) > 0 && name[len(name)-1] != '/' }

func (z *zipMembers) Entry(_ string, body *zipread.Body) { z.member(body, z.depth) }

func (z *zipMembers) Problem(string, bool) {}

func (a *archives) gunzip(r io.Reader, depth int) {
	var z *gzipSource
	if n := len(a.gzips); n > 0 {
		z, a.gzips = a.gzips[n-1], a.gzips[:n-1]
	} else {
		z = &gzipSource{in: bufio.NewReaderSize(nil, 16<<10)}
	}
	z.in.Reset(r)
	if z.Reset(z.in) == nil {
		a.member(&z.Gzip, depth)
	}
	a.gzips = append(a.gzips, z)
}

func (a *archives) unzstd(r io.Reader, depth int) {
	var z *zstd.Decoder
	if n := len(a.zstds); n > 0 {
		z, a.zstds = a.zstds[n-1], a.zstds[:n-1]
	} else {
		z, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	}
	if z.Reset(r) == nil {
		a.member(z, depth)
	}
	a.zstds = append(a.zstds, z)
}

// kindOf tells an archive from its first bytes, 0 for none.
func kindOf(b []byte) byte {
	switch {
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		return 'P'
	case bytes.HasPrefix(b, []byte("\x1f\x8b\x08")):
		return 'g'
	case bytes.HasPrefix(b, []byte("\x28\xb5\x2f\xfd")):
		return 'z'
	case len(b) > 8 && string(b[:3]) == "BZh" && string(b[4:8]) == "1AY&":
		return 'b'
	case len(b) == headSize && b[0] != 0 && tarSum(b):
		return 't'
	}
	return 0
}

// tarSum compares a tar header's sum, of whose own field every byte counts as a blank.
func tarSum(b []byte) bool {
	want, err := strconv.ParseUint(string(bytes.Trim(b[148:156], " \x00")), 8, 32)
	sum := uint64(8 * ' ')
	for i, c := range b {
		if i < 148 || i >= 156 {
			sum += uint64(c)
		}
	}
	return err == nil && want == sum
}
