package grypedb

import (
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// join walks the records that wait for blobs beside the blobs.
type join struct {
	x       *indexer
	waiting *merger
	rec     []byte // the first that waits; nil after the last
	n       int
	ranges  []byte // of the blob at hand, encoded when a handle asks for it
}

// joinBlobs reads every JSON value once, in the order of the rows, and hands
// it to the records that wait for it.
func (x *indexer) joinBlobs() error {
	waiting, err := x.byBlob.sorted()
	if err != nil {
		return err
	}
	j := &join{x: x, waiting: waiting}
	if err := j.next(); err != nil {
		return err
	}
	err = x.each("select id, value from blobs order by id", func(rows *sql.Rows) error {
		var id int64
		var value sql.RawBytes
		if err := rows.Scan(&id, &value); err != nil {
			return err
		}
		return j.blob(id, value)
	})
	if err != nil {
		return err
	}
	for j.rec != nil { // their blobs are missing
		if err := j.use(nil, false); err != nil {
			return err
		}
	}
	x.byBlob.close()
	return nil
}

// next moves to the next record that waits.
func (j *join) next() error {
	j.n++
	if err := checkEvery(j.x.ctx, j.n); err != nil {
		return err
	}
	rec, err := j.waiting.next()
	if errors.Is(err, io.EOF) {
		rec, err = nil, nil
	}
	j.rec = rec
	return err
}

// blob serves the records that wait for one blob, after those whose blobs were
// missing before it.
func (j *join) blob(id int64, value []byte) error {
	order := blobOrder(id)
	j.ranges = nil
	for j.rec != nil {
		wanted := binary.BigEndian.Uint64(j.rec)
		if wanted > order {
			return nil
		}
		if err := j.use(value, wanted == order); err != nil {
			return fmt.Errorf("blob %d: %w", id, err)
		}
	}
	return nil
}

// use makes of the first waiting record what its kind asks for and moves on.
func (j *join) use(value []byte, found bool) error {
	blob := int64(binary.BigEndian.Uint64(j.rec) ^ 1<<63)
	kind := j.rec[8]
	d := dec{s: string(j.rec[9:])}
	var err error
	switch kind {
	case waitHandle:
		err = j.handle(d.rawHandle(), value, found)
	case waitVuln:
		row := int64(d.uint())
		v := &vuln{name: d.text(), status: d.text(), provider: d.text(), blobID: blob}
		if found {
			if err = v.readBlob(value); err != nil {
				err = fmt.Errorf("of %.100q: %w", v.name, err)
				break
			}
		}
		err = j.x.w.put(vulnKey(row), encodeVuln(v))
	case waitKEV:
		err = j.kev(d.uint(), d.text(), value, found)
	}
	if err != nil {
		return err
	}
	return j.next()
}

// handle passes a handle with its ranges on to the records that it belongs to.
func (j *join) handle(h rawHandle, value []byte, found bool) error {
	ranges := j.x.noRanges
	if found {
		if j.ranges == nil {
			var err error
			if j.ranges, err = encodeBlob(value); err != nil {
				return err
			}
		}
		ranges = j.ranges
	}
	return j.x.addHandle(&h, ranges)
}

func (j *join) kev(row uint64, cve string, value []byte, found bool) error {
	var k struct {
		Added      string `json:"date_added"`
		Due        string `json:"due_date"`
		Ransomware string `json:"known_ransomware_campaign_use"`
	}
	if found {
		if err := json.Unmarshal(value, &k); err != nil {
			return fmt.Errorf("known exploited %.100q: %w", cve, err)
		}
	}
	x := j.x
	x.keyed(textKey(kindCVE, cve), row, 0, 0)
	x.rec.uint(cveKEV)
	x.rec.text(day(k.Added))
	x.rec.text(day(k.Due))
	ransomware := uint64(0)
	if strings.EqualFold(k.Ransomware, "known") {
		ransomware = 1
	}
	x.rec.uint(ransomware)
	return x.byKey.add(x.rec.b)
}

// day cuts a time down to its date.
func day(s string) string {
	if len(s) > 10 && (s[10] == 'T' || s[10] == ' ') {
		return s[:10]
	}
	return s
}

// addHandle adds a handle to its package's record or, where it is found by
// CPE, under the product's name: the handles of CPEs and those of packages
// that have CPEs.
func (x *indexer) addHandle(h *rawHandle, ranges []byte) error {
	if h.byCPE {
		return x.addProduct(h, h.subject, ranges)
	}
	if key, ok := x.packages.get(h.subject); ok {
		x.keyed(appendOS(key, h.os), uint64(h.vuln), h.row, 0)
		x.putHandle(h, ranges)
		if err := x.byKey.add(x.rec.b); err != nil {
			return err
		}
	}
	if h.os != 0 {
		return nil
	}
	for _, cpe := range x.packageCPEs[h.subject] {
		if err := x.addProduct(h, cpe, ranges); err != nil {
			return err
		}
	}
	return nil
}

func (x *indexer) addProduct(h *rawHandle, cpe int64, ranges []byte) error {
	encoded, ok := x.cpes.get(cpe)
	if !ok {
		return nil // a CPE that is missing names no product
	}
	d := dec{s: string(encoded)}
	x.keyed(textKey(kindCPE, d.cpe().product), uint64(h.vuln), uint64(cpe), h.row)
	x.rec.b = append(x.rec.b, encoded...)
	x.putHandle(h, ranges)
	return x.byKey.add(x.rec.b)
}

func (x *indexer) putHandle(h *rawHandle, ranges []byte) {
	x.rec.uint(uint64(h.vuln))
	unaffected := uint64(0)
	if h.unaffected {
		unaffected = 1
	}
	x.rec.uint(unaffected)
	x.rec.b = append(x.rec.b, ranges...)
}
