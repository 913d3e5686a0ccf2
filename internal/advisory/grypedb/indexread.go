package grypedb

import (
	"database/sql"
	"encoding/binary"
	"math"
	"strings"
)

// Kinds of records that wait for a blob, the byte behind its number.
const (
	waitHandle = 'h'
	waitVuln   = 'v'
	waitKEV    = 'k'
)

// rawHandle is a row of one of the four handle tables: subject is a row of
// packages or, where byCPE is set, of cpes.
type rawHandle struct {
	vuln, os, subject int64
	unaffected, byCPE bool
	row               uint64
}

// each runs a query and calls scan for every row.
func (x *indexer) each(query string, scan func(rows *sql.Rows) error) error {
	rows, err := x.db.QueryContext(x.ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	for rows.Next() {
		x.rows++
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
	x.meta.Ecosystems = map[string]int{}
	err := x.each("select id, coalesce(ecosystem,''), coalesce(name,'') from packages order by id", func(rows *sql.Rows) error {
		var id int64
		var ecosystem, name string
		if err := rows.Scan(&id, &ecosystem, &name); err != nil {
			return err
		}
		x.rec.b = appendPackage(x.rec.b[:0], ecosystem, name)
		x.packages.add(id, x.rec.b)
		x.meta.Ecosystems[lower(ecosystem)]++
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
	return x.each(`select id, part, coalesce(vendor,''), product, coalesce(edition,''), coalesce(language,''),
		coalesce(software_edition,''), coalesce(target_hardware,''), coalesce(target_software,''), coalesce(other,'')
		from cpes order by id`, func(rows *sql.Rows) error {
		var id int64
		var c cpeName
		if err := rows.Scan(&id, &c.part, &c.vendor, &c.product, &c.edition, &c.language,
			&c.softwareEdition, &c.targetHardware, &c.targetSoftware, &c.other); err != nil {
			return err
		}
		x.rec.b = x.rec.b[:0]
		c.encode(&x.rec)
		x.cpes.add(id, x.rec.b)
		return nil
	})
}

// waitFor starts a record that waits for a blob, so that records sort in the
// order of the blobs' rows.
func (x *indexer) waitFor(blob int64, kind byte) {
	x.rec.b = binary.BigEndian.AppendUint64(x.rec.b[:0], blobOrder(blob))
	x.rec.b = append(x.rec.b, kind)
}

// blobOrder maps a row's number to an unsigned one of the same order.
func blobOrder(row int64) uint64 { return uint64(row) ^ 1<<63 }

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
		h := rawHandle{unaffected: table.unaffected, byCPE: byCPE}
		var blob int64
		err := read(query, func(rows *sql.Rows) error {
			if err := rows.Scan(&h.vuln, &h.os, &h.subject, &blob); err != nil {
				return err
			}
			h.row = x.rows
			x.waitFor(blob, waitHandle)
			h.encode(&x.rec)
			return x.byBlob.add(x.rec.b)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (h *rawHandle) encode(e *enc) {
	var flags uint64
	if h.unaffected {
		flags = 1
	}
	if h.byCPE {
		flags |= 2
	}
	e.uint(flags)
	e.uint(uint64(h.vuln))
	e.uint(uint64(h.os))
	e.uint(uint64(h.subject))
	e.uint(h.row)
}

func (d *dec) rawHandle() rawHandle {
	flags := d.uint()
	return rawHandle{
		unaffected: flags&1 != 0, byCPE: flags&2 != 0,
		vuln: int64(d.uint()), os: int64(d.uint()), subject: int64(d.uint()), row: d.uint(),
	}
}

func (x *indexer) readVulns() error {
	return x.each("select id, name, status, provider_id, coalesce(blob_id,0) from vulnerability_handles", func(rows *sql.Rows) error {
		var id int64
		var v vuln
		if err := rows.Scan(&id, &v.name, &v.status, &v.provider, &v.blobID); err != nil {
			return err
		}
		x.waitFor(v.blobID, waitVuln)
		x.rec.uint(uint64(id))
		x.rec.text(v.name)
		x.rec.text(v.status)
		x.rec.text(v.provider)
		if err := x.byBlob.add(x.rec.b); err != nil {
			return err
		}
		x.keyed(textKey(kindName, v.name), uint64(id), x.rows, 0)
		x.rec.uint(uint64(id))
		return x.byKey.add(x.rec.b)
	})
}

func (x *indexer) readKEV() error {
	return x.optional("select cve, coalesce(blob_id,0) from known_exploited_vulnerability_handles", func(rows *sql.Rows) error {
		var cve string
		var blob int64
		if err := rows.Scan(&cve, &blob); err != nil {
			return err
		}
		x.waitFor(blob, waitKEV)
		x.rec.uint(x.rows)
		x.rec.text(cve)
		return x.byBlob.add(x.rec.b)
	})
}

func (x *indexer) readEPSS() error {
	return x.optional("select cve, epss, percentile from epss_handles", func(rows *sql.Rows) error {
		var cve string
		var p, q float64
		if err := rows.Scan(&cve, &p, &q); err != nil {
			return err
		}
		x.keyed(textKey(kindCVE, cve), x.rows, 0, 0)
		x.rec.uint(cveEPSS)
		x.rec.uint(math.Float64bits(p))
		x.rec.uint(math.Float64bits(q))
		return x.byKey.add(x.rec.b)
	})
}

func (x *indexer) readCWEs() error {
	return x.optional("select cve, cwe from cwe_handles order by id", func(rows *sql.Rows) error {
		var cve, cwe string
		if err := rows.Scan(&cve, &cwe); err != nil {
			return err
		}
		x.keyed(textKey(kindCVE, cve), x.rows, 0, 0)
		x.rec.uint(cveCWE)
		x.rec.text(cwe)
		return x.byKey.add(x.rec.b)
	})
}
