package grypedb

import (
	"database/sql"
	"fmt"
	"math"
	"time"
)

func (x *indexer) readMeta() error {
	if err := x.readVersion(); err != nil {
		return err
	}
	x.meta.EcosystemAliases = map[string]string{}
	x.meta.ArchAliases = map[string]string{}
	return firstError(
		x.readOperatingSystems, x.readOverrides,
		func() error {
			return x.optional("select ecosystem, replacement_ecosystem from package_specifier_overrides", func(rows *sql.Rows) error {
				var from string
				var to sql.NullString
				err := rows.Scan(&from, &to)
				// The first of several replacements is the one that counts.
				if _, ok := x.meta.EcosystemAliases[lower(from)]; !ok && to.Valid {
					x.meta.EcosystemAliases[lower(from)] = to.String
				}
				return err
			})
		},
		func() error {
			return x.optional("select alias, canonical from architecture_aliases", func(rows *sql.Rows) error {
				var alias, canonical string
				err := rows.Scan(&alias, &canonical)
				x.meta.ArchAliases[alias] = canonical
				return err
			})
		},
		func() error {
			return x.optional("select cast(date as text) from epss_metadata", func(rows *sql.Rows) error {
				var date string
				err := rows.Scan(&date)
				x.meta.EPSSDate = day(date)
				return err
			})
		},
	)
}

func (x *indexer) readVersion() error {
	var built string
	var model, revision, addition int
	err := x.db.QueryRowContext(x.ctx,
		"select cast(build_timestamp as text), model, revision, addition from db_metadata").
		Scan(&built, &model, &revision, &addition)
	if err != nil {
		return err
	}
	if model != Model {
		return fmt.Errorf("schema model %d, want %d: %w", model, Model, ErrSchema)
	}
	x.meta.Schema = fmt.Sprintf("v%d.%d.%d", model, revision, addition)
	if x.meta.Built = parseTime(built); x.meta.Built.IsZero() {
		x.meta.Built = time.Unix(0, 0).UTC()
	}
	return nil
}

func (x *indexer) readOperatingSystems() error {
	return x.each(`select id, coalesce(name,''), coalesce(release_id,''), coalesce(major_version,''), coalesce(minor_version,''),
		coalesce(label_version,''), coalesce(codename,''), coalesce(channel,'') from operating_systems order by id`,
		func(rows *sql.Rows) error {
			var o operatingSystem
			err := rows.Scan(&o.ID, &o.Name, &o.ReleaseID, &o.Major, &o.Minor, &o.Label, &o.Codename, &o.Channel)
			x.meta.OSes = append(x.meta.OSes, o)
			return err
		})
}

func (x *indexer) readOverrides() error {
	return x.optional(`select alias, coalesce(version,''), coalesce(version_pattern,''), coalesce(codename,''),
		replacement, replacement_major_version, replacement_minor_version, replacement_label_version, replacement_channel,
		coalesce(rolling,0), coalesce(applicable_client_db_schemas,'')
		from operating_system_specifier_overrides order by rowid`,
		func(rows *sql.Rows) error {
			var o osOverride
			err := rows.Scan(&o.Alias, &o.Version, &o.Pattern, &o.Codename,
				&o.Name, &o.Major, &o.Minor, &o.Label, &o.Channel, &o.Rolling, &o.Schemas)
			x.meta.OSOverrides = append(x.meta.OSOverrides, o)
			return err
		})
}

func (c *cveRecord) encode() []byte {
	var e enc
	e.uint(uint64(len(c.epss)))
	for _, f := range c.epss {
		e.uint(math.Float64bits(f))
	}
	flags := uint64(0)
	if c.kev {
		flags = 1
	}
	if c.ransomware {
		flags |= 2
	}
	e.uint(flags)
	e.text(c.added)
	e.text(c.due)
	e.texts(c.cwes)
	return e.b
}

func decodeCVE(value []byte) (*cveRecord, error) {
	d := dec{s: string(value)}
	c := &cveRecord{}
	for range d.count() {
		c.epss = append(c.epss, math.Float64frombits(d.uint()))
	}
	flags := d.uint()
	c.kev, c.ransomware = flags&1 != 0, flags&2 != 0
	c.added, c.due = d.text(), d.text()
	c.cwes = d.texts()
	if d.bad {
		return nil, fmt.Errorf("CVE record: %w", ErrCorrupt)
	}
	return c, nil
}

// cve returns what the database adds to a CVE; empty where it adds nothing.
func (db *DB) cve(id string) (*cveRecord, error) {
	value, err := db.lookup.get(textKey(kindCVE, id))
	if err != nil || value == nil {
		return &cveRecord{}, err
	}
	return decodeCVE(value)
}
