package grypedb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// What an item of a CVE's record adds, its first number.
const (
	cveEPSS = iota
	cveKEV
	cveCWE
)

// keyed starts an item of the record of key: items sort by key, within it by
// the three numbers. What follows is the item's value.
func (x *indexer) keyed(key []byte, first, second, third uint64) {
	x.rec.b = binary.AppendUvarint(x.rec.b[:0], uint64(len(key)))
	x.rec.b = append(x.rec.b, key...)
	for _, n := range [...]uint64{first, second, third} {
		x.rec.b = appendOrdered(x.rec.b, n)
	}
}

// appendOrdered appends a number so that the bytes sort as the numbers do:
// its length, then its bytes from the highest.
func appendOrdered(b []byte, n uint64) []byte {
	var all [8]byte
	binary.BigEndian.PutUint64(all[:], n)
	skip := 0
	for skip < 8 && all[skip] == 0 {
		skip++
	}
	return append(append(b, byte(8-skip)), all[skip:]...)
}

// splitKeyed takes an item apart again. It reads what this process wrote.
func splitKeyed(rec []byte) (key, value []byte) {
	n, used := binary.Uvarint(rec)
	key, value = rec[used:used+int(n)], rec[used+int(n):]
	for range 3 {
		value = value[1+int(value[0]):]
	}
	return key, value
}

// group gathers the items of one key.
type group struct {
	key   []byte
	count int
	items []byte
	cve   cveRecord
}

// writeKeyed writes one record for each key.
func (x *indexer) writeKeyed() error {
	items, err := x.byKey.sorted()
	if err != nil {
		return err
	}
	var g group
	for n := 0; ; n++ {
		if err := checkEvery(x.ctx, n); err != nil {
			return err
		}
		rec, err := items.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		key, value := splitKeyed(rec)
		if !bytes.Equal(key, g.key) {
			if err := x.writeGroup(&g); err != nil {
				return err
			}
			g.start(key)
		}
		if err := g.add(value); err != nil {
			return err
		}
	}
	x.byKey.close()
	return x.writeGroup(&g)
}

func (g *group) start(key []byte) {
	g.key = append(g.key[:0], key...)
	g.count, g.items = 0, g.items[:0]
	g.cve = cveRecord{}
}

func (g *group) add(value []byte) error {
	g.count++
	if g.key[0] == kindCVE {
		return g.cve.add(value)
	}
	if g.items = append(g.items, value...); len(g.items) > maxRecord {
		return fmt.Errorf("record %.100q of more than %d bytes: %w", g.key, maxRecord, ErrCorrupt)
	}
	return nil
}

func (x *indexer) writeGroup(g *group) error {
	switch {
	case g.count == 0:
		return nil
	case g.key[0] == kindCVE:
		return x.w.put(g.key, g.cve.encode())
	}
	value := binary.AppendUvarint(x.rec.b[:0], uint64(g.count))
	x.rec.b = append(value, g.items...)
	return x.w.put(g.key, x.rec.b)
}

// cveRecord is what the database adds to one CVE.
type cveRecord struct {
	epss       []float64 // probability, percentile; empty where absent
	kev        bool
	added, due string
	ransomware bool
	cwes       []string
}

// add adds one item; a later row replaces what an earlier one says.
func (c *cveRecord) add(item []byte) error {
	d := dec{s: string(item)}
	switch d.uint() {
	case cveEPSS:
		c.epss = []float64{math.Float64frombits(d.uint()), math.Float64frombits(d.uint())}
	case cveKEV:
		c.kev = true
		c.added, c.due, c.ransomware = d.text(), d.text(), d.uint() == 1
	case cveCWE:
		if cwe := d.text(); !slices.Contains(c.cwes, cwe) {
			c.cwes = append(c.cwes, cwe)
		}
	}
	if d.bad {
		return fmt.Errorf("item of a CVE: %w", ErrCorrupt)
	}
	return nil
}
