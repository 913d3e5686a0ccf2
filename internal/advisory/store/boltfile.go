package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The file format of bbolt, as its internal/common documents it in code:
// fixed-size pages, two meta pages at the front, B+ trees of branch and leaf
// pages, buckets as values of leaf elements, small ones inline.
const (
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
	boltMetaLen    = 64
	boltPageHeader = 16
	boltElement    = 16
	boltBucket     = 16

	boltBranchPage = 0x01
	boltLeafPage   = 0x02
	boltMetaPage   = 0x04

	boltBucketFlag = 0x01

	// boltDepth bounds nesting; a B+ tree of any real size is below ten deep,
	// and trivy-db nests two buckets.
	boltDepth = 64
	// boltTopBuckets bounds the names returned.
	boltTopBuckets = 100_000
	maxBoltPage    = 16 << 20
	// boltHeld bounds the pages held in memory at one moment, those of one
	// path from the root to a leaf.
	boltHeld = 256 << 20
)

// boltMeta is what a meta page says.
type boltMeta struct {
	pageSize, root, pages, txid uint64
}

// boltWalker visits every reachable page of a bbolt file once. bbolt itself
// trusts its file: a cycle makes it loop and a pointer past the end makes it
// fault, so a file from elsewhere is walked before it is opened.
type boltWalker struct {
	ctx     context.Context
	r       io.ReaderAt
	meta    boltMeta
	visited []uint64 // bit per page
	buckets []string
	held    uint64
}

// walkBolt checks the structure and returns the names of the top-level buckets.
func walkBolt(ctx context.Context, r io.ReaderAt, size int64) ([]string, error) {
	meta, err := readBoltMetas(r, size)
	if err != nil {
		return nil, err
	}
	w := &boltWalker{ctx: ctx, r: r, meta: meta, visited: make([]uint64, meta.pages/64+1)}
	w.visited[0] = 0b11 // the meta pages
	if err := w.page(meta.root, 0, true); err != nil {
		return nil, err
	}
	return w.buckets, nil
}

// readBoltMetas reads both meta pages and returns the one that counts.
func readBoltMetas(r io.ReaderAt, size int64) (boltMeta, error) {
	first, err := readBoltMeta(r, 0)
	if err != nil {
		return boltMeta{}, fmt.Errorf("first meta page: %w", err)
	}
	second, err := readBoltMeta(r, int64(first.pageSize))
	if err != nil {
		return boltMeta{}, fmt.Errorf("second meta page: %w", err)
	}
	if first.pageSize != second.pageSize {
		return boltMeta{}, errors.New("meta pages disagree about the page size")
	}
	meta := first
	if second.txid > first.txid {
		meta = second
	}
	// The product can't overflow: pages is bounded by the file's own length.
	if have := uint64(size) / meta.pageSize; meta.pages > have {
		return boltMeta{}, fmt.Errorf("file has %d pages instead of %d: it is cut off", have, meta.pages)
	}
	return meta, nil
}

func readBoltMeta(r io.ReaderAt, at int64) (boltMeta, error) {
	b := make([]byte, boltPageHeader+boltMetaLen)
	if _, err := r.ReadAt(b, at); err != nil {
		return boltMeta{}, err
	}
	flags := binary.LittleEndian.Uint16(b[8:])
	b = b[boltPageHeader:]
	if binary.LittleEndian.Uint32(b) != boltMagic || flags&boltMetaPage == 0 {
		return boltMeta{}, errors.New("not a bbolt file")
	}
	if v := binary.LittleEndian.Uint32(b[4:]); v != boltVersion {
		return boltMeta{}, fmt.Errorf("bbolt format %d", v)
	}
	h := fnv.New64a()
	h.Write(b[:56])
	if h.Sum64() != binary.LittleEndian.Uint64(b[56:]) {
		return boltMeta{}, errors.New("checksum is wrong")
	}
	m := boltMeta{
		pageSize: uint64(binary.LittleEndian.Uint32(b[8:])),
		root:     binary.LittleEndian.Uint64(b[16:]),
		pages:    binary.LittleEndian.Uint64(b[40:]),
		txid:     binary.LittleEndian.Uint64(b[48:]),
	}
	if m.pageSize < 1024 || m.pageSize > maxBoltPage || m.pageSize&(m.pageSize-1) != 0 {
		return boltMeta{}, fmt.Errorf("page size %d", m.pageSize)
	}
	return m, nil
}

// page reads one page of a tree with what follows it; top says that its
// elements are those of the root bucket.
func (w *boltWalker) page(id uint64, depth int, top bool) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	if depth > boltDepth {
		return fmt.Errorf("page %d is nested deeper than %d", id, boltDepth)
	}
	head := make([]byte, boltPageHeader)
	if id >= w.meta.pages {
		return fmt.Errorf("page %d is beyond the last", id)
	}
	if _, err := w.r.ReadAt(head, int64(id*w.meta.pageSize)); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	if own := binary.LittleEndian.Uint64(head); own != id {
		return fmt.Errorf("page %d says it is page %d", id, own)
	}
	overflow := uint64(binary.LittleEndian.Uint32(head[12:]))
	if overflow >= w.meta.pages-id {
		return fmt.Errorf("page %d reaches beyond the last", id)
	}
	for p := id; p <= id+overflow; p++ {
		if w.visited[p/64]&(1<<(p%64)) != 0 {
			return fmt.Errorf("page %d is used twice", p)
		}
		w.visited[p/64] |= 1 << (p % 64)
	}
	length := (overflow + 1) * w.meta.pageSize
	if w.held += length; w.held > boltHeld {
		return fmt.Errorf("page %d is too long", id)
	}
	defer func() { w.held -= length }()
	b := make([]byte, length)
	if _, err := w.r.ReadAt(b, int64(id*w.meta.pageSize)); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	if err := w.elements(b, depth, top); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// elements follows what a page, or an inline bucket, holds.
func (w *boltWalker) elements(b []byte, depth int, top bool) error {
	if len(b) < boltPageHeader {
		return errors.New("too short for a page")
	}
	flags, count := binary.LittleEndian.Uint16(b[8:]), int(binary.LittleEndian.Uint16(b[10:]))
	if boltPageHeader+count*boltElement > len(b) {
		return fmt.Errorf("claims %d elements", count)
	}
	for i := range count {
		at := boltPageHeader + i*boltElement
		var err error
		switch flags {
		case boltBranchPage:
			err = w.branch(b, at, depth, top)
		case boltLeafPage:
			err = w.leaf(b, at, depth, top)
		default:
			err = fmt.Errorf("has type %#x", flags)
		}
		if err != nil {
			return err
		}
	}
	if flags != boltBranchPage && flags != boltLeafPage || flags == boltBranchPage && count == 0 {
		return fmt.Errorf("has type %#x with %d elements", flags, count)
	}
	return nil
}

func (w *boltWalker) branch(b []byte, at, depth int, top bool) error {
	pos, ksize := uint64(binary.LittleEndian.Uint32(b[at:])), uint64(binary.LittleEndian.Uint32(b[at+4:]))
	if uint64(at)+pos+ksize > uint64(len(b)) {
		return errors.New("key reaches out of the page")
	}
	return w.page(binary.LittleEndian.Uint64(b[at+8:]), depth+1, top)
}

func (w *boltWalker) leaf(b []byte, at, depth int, top bool) error {
	flags := binary.LittleEndian.Uint32(b[at:])
	start := uint64(at) + uint64(binary.LittleEndian.Uint32(b[at+4:]))
	ksize, vsize := uint64(binary.LittleEndian.Uint32(b[at+8:])), uint64(binary.LittleEndian.Uint32(b[at+12:]))
	if start+ksize+vsize > uint64(len(b)) {
		return errors.New("value reaches out of the page")
	}
	if flags&boltBucketFlag == 0 {
		return nil
	}
	if top {
		if len(w.buckets) == boltTopBuckets {
			return fmt.Errorf("more than %d buckets", boltTopBuckets)
		}
		w.buckets = append(w.buckets, string(b[start:start+ksize]))
	}
	value := b[start+ksize : start+ksize+vsize]
	if len(value) < boltBucket {
		return errors.New("bucket is too short")
	}
	if root := binary.LittleEndian.Uint64(value); root != 0 {
		return w.page(root, depth+1, false)
	}
	if depth+1 > boltDepth {
		return fmt.Errorf("buckets are nested deeper than %d", boltDepth)
	}
	return w.elements(value[boltBucket:], depth+1, false)
}
