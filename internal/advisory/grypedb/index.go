package grypedb

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxBlob bounds one JSON value of the database; the largest published ones
// are under 1 MB.
const maxBlob = 8 << 20

// Index writes the lookup file beside the database at path (the file, or the
// folder that holds it). It does nothing where a valid one is there already,
// replaces any other at once, and may run while other processes read.
func Index(ctx context.Context, path string) error {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		path = filepath.Join(path, FileName)
	}
	st, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("index grype DB: %w", err)
	}
	target := filepath.Join(filepath.Dir(path), LookupName)
	if l, err := openLookup(target, st.Size()); err == nil {
		return l.close()
	}
	if err := index(ctx, path, target, st.Size()); err != nil {
		return fmt.Errorf("index %s: %w", path, err)
	}
	return nil
}

// sqliteHeader starts every SQLite file; checking it gives a better message
// than the library's.
const sqliteHeader = "SQLite format 3\x00"

func index(ctx context.Context, path, target string, size int64) error {
	if err := checkHeader(path); err != nil {
		return err
	}
	db, err := openSQLite(path)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // only read
	x := &indexer{ctx: ctx, db: db}
	if err := x.read(); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	w, err := newLookupWriter(target)
	if err != nil {
		return err
	}
	defer w.abandon()
	x.w = w
	if err := x.write(); err != nil {
		return err
	}
	return w.finish(size)
}

func checkHeader(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	b := make([]byte, len(sqliteHeader))
	if _, err := f.ReadAt(b, 0); err != nil || string(b) != sqliteHeader {
		return fmt.Errorf("not an SQLite file: %w", ErrCorrupt)
	}
	return nil
}

// rawHandle is a row of one of the four handle tables: package is a row of
// packages or, where byCPE is set, of cpes.
type rawHandle struct {
	vuln, os, subject, blob int64
	unaffected, byCPE       bool
}

type rawPackage struct{ ecosystem, name string }

type rawKEV struct {
	cve  string
	blob int64
}

// cveRecord is what the database adds to one CVE.
type cveRecord struct {
	epss       []float64 // probability, percentile; empty where absent
	kev        bool
	added, due string
	ransomware bool
	cwes       []string
}

// indexer holds the database's rows without its prose: some 16 bytes a handle
// and 100 a blob.
type indexer struct {
	ctx context.Context
	db  *sql.DB
	w   *lookupWriter

	meta        meta
	packages    map[int64]rawPackage
	cpes        map[int64]cpeName
	packageCPEs map[int64][]int64 // package to CPEs
	handles     []rawHandle
	vulns       map[int64]*vuln
	vulnsByBlob map[int64][]*vuln
	cves        map[string]*cveRecord
	kevs        map[int64]rawKEV // by blob
	blobs       map[int64][]byte // encoded
}

func (x *indexer) read() error {
	return errors.Join(firstError(
		x.readMeta, x.readPackages, x.readCPEs, x.readHandles, x.readVulns, x.readCVEs, x.readBlobs,
	))
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// each runs a query and calls scan for every row.
func (x *indexer) each(query string, scan func(rows *sql.Rows) error) error {
	rows, err := x.db.QueryContext(x.ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// optional is each over a table or columns that older or newer schemas lack.
func (x *indexer) optional(query string, scan func(rows *sql.Rows) error) error {
	err := x.each(query, scan)
	if err != nil && (strings.Contains(err.Error(), "no such table") || strings.Contains(err.Error(), "no such column")) {
		return nil
	}
	return err
}

func (x *indexer) readPackages() error {
	x.packages = map[int64]rawPackage{}
	x.meta.Ecosystems = map[string]int{}
	err := x.each("select id, coalesce(ecosystem,''), coalesce(name,'') from packages", func(rows *sql.Rows) error {
		var id int64
		var p rawPackage
		if err := rows.Scan(&id, &p.ecosystem, &p.name); err != nil {
			return err
		}
		x.packages[id] = p
		x.meta.Ecosystems[lower(p.ecosystem)]++
		return nil
	})
	if err != nil {
		return err
	}
	x.packageCPEs = map[int64][]int64{}
	return x.optional("select package_id, cpe_id from package_cpes", func(rows *sql.Rows) error {
		var p, c int64
		err := rows.Scan(&p, &c)
		x.packageCPEs[p] = append(x.packageCPEs[p], c)
		return err
	})
}

func (x *indexer) readCPEs() error {
	x.cpes = map[int64]cpeName{}
	return x.each(`select id, part, coalesce(vendor,''), product, coalesce(edition,''), coalesce(language,''),
		coalesce(software_edition,''), coalesce(target_hardware,''), coalesce(target_software,''), coalesce(other,'')
		from cpes`, func(rows *sql.Rows) error {
		var id int64
		var c cpeName
		err := rows.Scan(&id, &c.part, &c.vendor, &c.product, &c.edition, &c.language,
			&c.softwareEdition, &c.targetHardware, &c.targetSoftware, &c.other)
		x.cpes[id] = c
		return err
	})
}

func (x *indexer) readHandles() error {
	for _, table := range []struct {
		name, subject string
		unaffected    bool
	}{
		{"affected_package_handles", "package_id", false},
		{"unaffected_package_handles", "package_id", true},
		{"affected_cpe_handles", "cpe_id", false},
		{"unaffected_cpe_handles", "cpe_id", true},
	} {
		byCPE := table.subject == "cpe_id"
		os := "coalesce(operating_system_id,0)"
		if byCPE {
			os = "0"
		}
		query := "select vulnerability_id, " + os + ", coalesce(" + table.subject + ",0), coalesce(blob_id,0) from " + table.name
		read := x.each
		if table.unaffected {
			read = x.optional // schema 6.0 had none
		}
		err := read(query, func(rows *sql.Rows) error {
			h := rawHandle{unaffected: table.unaffected, byCPE: byCPE}
			err := rows.Scan(&h.vuln, &h.os, &h.subject, &h.blob)
			x.handles = append(x.handles, h)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *indexer) readVulns() error {
	x.vulns = map[int64]*vuln{}
	x.vulnsByBlob = map[int64][]*vuln{}
	return x.each("select id, name, status, provider_id, coalesce(blob_id,0) from vulnerability_handles", func(rows *sql.Rows) error {
		var id int64
		v := &vuln{}
		if err := rows.Scan(&id, &v.name, &v.status, &v.provider, &v.blobID); err != nil {
			return err
		}
		x.vulns[id] = v
		x.vulnsByBlob[v.blobID] = append(x.vulnsByBlob[v.blobID], v)
		return nil
	})
}

func (x *indexer) cve(name string) *cveRecord {
	key := lower(name)
	c := x.cves[key]
	if c == nil {
		c = &cveRecord{}
		x.cves[key] = c
	}
	return c
}

func (x *indexer) readCVEs() error {
	x.cves = map[string]*cveRecord{}
	x.kevs = map[int64]rawKEV{}
	return firstError(
		func() error {
			return x.optional("select cve, epss, percentile from epss_handles", func(rows *sql.Rows) error {
				var cve string
				var p, q float64
				err := rows.Scan(&cve, &p, &q)
				x.cve(cve).epss = []float64{p, q}
				return err
			})
		},
		func() error {
			return x.optional("select cve, coalesce(blob_id,0) from known_exploited_vulnerability_handles", func(rows *sql.Rows) error {
				var k rawKEV
				err := rows.Scan(&k.cve, &k.blob)
				x.cve(k.cve).kev = true
				x.kevs[k.blob] = k
				return err
			})
		},
		func() error {
			return x.optional("select cve, cwe from cwe_handles order by id", func(rows *sql.Rows) error {
				var cve, cwe string
				err := rows.Scan(&cve, &cwe)
				if c := x.cve(cve); !slices.Contains(c.cwes, cwe) {
					c.cwes = append(c.cwes, cwe)
				}
				return err
			})
		},
	)
}

// readBlobs reads every JSON value once, in the file's order, and keeps what
// its role needs.
func (x *indexer) readBlobs() error {
	x.blobs = map[int64][]byte{0: mustEncode("{}")}
	wanted := make(map[int64]bool, len(x.handles))
	for _, h := range x.handles {
		wanted[h.blob] = true
	}
	return x.each("select id, value from blobs", func(rows *sql.Rows) error {
		var id int64
		var value sql.RawBytes
		if err := rows.Scan(&id, &value); err != nil {
			return err
		}
		if len(value) > maxBlob {
			return fmt.Errorf("blob %d: %d bytes", id, len(value))
		}
		if wanted[id] {
			b, err := encodeBlob(value)
			if err != nil {
				return fmt.Errorf("blob %d: %w", id, err)
			}
			x.blobs[id] = b
		}
		for _, v := range x.vulnsByBlob[id] {
			if err := v.readBlob(value); err != nil {
				return fmt.Errorf("blob %d of %s: %w", id, v.name, err)
			}
		}
		if k, ok := x.kevs[id]; ok {
			return x.readKEV(k.cve, value)
		}
		return nil
	})
}

func mustEncode(empty string) []byte {
	b, err := encodeBlob([]byte(empty))
	if err != nil {
		panic(err) // a constant
	}
	return b
}

func (x *indexer) readKEV(cve string, value []byte) error {
	var k struct {
		Added      string `json:"date_added"`
		Due        string `json:"due_date"`
		Ransomware string `json:"known_ransomware_campaign_use"`
	}
	if err := json.Unmarshal(value, &k); err != nil {
		return fmt.Errorf("known exploited %s: %w", cve, err)
	}
	c := x.cve(cve)
	c.added, c.due = day(k.Added), day(k.Due)
	c.ransomware = strings.EqualFold(k.Ransomware, "known")
	return nil
}

// day cuts a time down to its date.
func day(s string) string {
	if len(s) > 10 && (s[10] == 'T' || s[10] == ' ') {
		return s[:10]
	}
	return s
}

func (x *indexer) write() error {
	return firstError(x.writeMeta, x.writePackages, x.writeProducts, x.writeVulns, x.writeCVEs)
}

func (x *indexer) writeMeta() error {
	b, err := json.Marshal(x.meta)
	if err != nil {
		return err
	}
	return x.w.put([]byte{kindMeta}, b)
}

// writeHandles writes one record for each run of handles with the same key.
func (x *indexer) writeHandles(handles []rawHandle, key func(h *rawHandle) []byte, each func(e *enc, h *rawHandle)) error {
	var current []byte
	var e enc
	n := 0
	flush := func() error {
		if n == 0 {
			return nil
		}
		var head enc
		head.uint(uint64(n))
		return x.w.put(current, append(head.b, e.b...))
	}
	for i := range handles {
		h := &handles[i]
		if k := key(h); string(k) != string(current) {
			if err := flush(); err != nil {
				return err
			}
			current, e.b, n = k, e.b[:0], 0
		}
		each(&e, h)
		n++
	}
	return flush()
}

func (x *indexer) putHandle(e *enc, h *rawHandle) {
	e.uint(uint64(h.vuln))
	unaffected := uint64(0)
	if h.unaffected {
		unaffected = 1
	}
	e.uint(unaffected)
	body, ok := x.blobs[h.blob]
	if !ok {
		body = x.blobs[0]
	}
	e.b = append(e.b, body...)
}

func (x *indexer) writePackages() error {
	type keyed struct {
		key string
		h   rawHandle
	}
	var list []keyed
	for _, h := range x.handles {
		if p, ok := x.packages[h.subject]; ok && !h.byCPE {
			list = append(list, keyed{string(packageKey(p.ecosystem, p.name, h.os)), h})
		}
	}
	slices.SortStableFunc(list, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.h.vuln, b.h.vuln))
	})
	handles := make([]rawHandle, len(list))
	for i := range list {
		handles[i] = list[i].h
	}
	return x.writeHandles(handles, func(h *rawHandle) []byte {
		p := x.packages[h.subject]
		return packageKey(p.ecosystem, p.name, h.os)
	}, x.putHandle)
}

// writeProducts writes the records found by CPE, under the product's name:
// those of CPEs and those of packages that have CPEs.
func (x *indexer) writeProducts() error {
	var list []rawHandle
	for _, h := range x.handles {
		if h.byCPE {
			list = append(list, h)
			continue
		}
		if h.os != 0 {
			continue
		}
		for _, cpe := range x.packageCPEs[h.subject] {
			h.subject = cpe
			list = append(list, h)
		}
	}
	slices.SortStableFunc(list, func(a, b rawHandle) int {
		return cmp.Or(
			cmp.Compare(lower(x.cpes[a.subject].product), lower(x.cpes[b.subject].product)),
			cmp.Compare(a.vuln, b.vuln), cmp.Compare(a.subject, b.subject),
		)
	})
	return x.writeHandles(list, func(h *rawHandle) []byte {
		return textKey(kindCPE, x.cpes[h.subject].product)
	}, func(e *enc, h *rawHandle) {
		c := x.cpes[h.subject]
		c.encode(e)
		x.putHandle(e, h)
	})
}

func (x *indexer) writeVulns() error {
	rows := make([]int64, 0, len(x.vulns))
	for id := range x.vulns {
		rows = append(rows, id)
	}
	slices.Sort(rows)
	byName := map[string][]int64{}
	for _, id := range rows {
		v := x.vulns[id]
		name := lower(v.name)
		byName[name] = append(byName[name], id)
		if err := x.w.put(vulnKey(id), encodeVuln(v)); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(byName) {
		var e enc
		e.uint(uint64(len(byName[name])))
		for _, id := range byName[name] {
			e.uint(uint64(id))
		}
		if err := x.w.put(textKey(kindName, name), e.b); err != nil {
			return err
		}
	}
	return nil
}

func (x *indexer) writeCVEs() error {
	for _, name := range sortedKeys(x.cves) {
		if err := x.w.put(textKey(kindCVE, name), x.cves[name].encode()); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
