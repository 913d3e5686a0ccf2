package lab

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the "sqlite" driver
)

// grypeSchemaVersion is what db_metadata says: model, revision, addition.
const grypeSchemaVersion = "v6.1.10"

// sqliteTime is how grype DB's builder writes a time.
const sqliteTime = "2006-01-02 15:04:05-07:00"

// grypeTables are the tables of schema 6, with the columns, keys and types of
// the published files (which carry no secondary index: clients add them).
var grypeTables = []string{
	"CREATE TABLE `blobs` (`id` integer PRIMARY KEY AUTOINCREMENT,`value` text NOT NULL)",
	"CREATE TABLE `db_metadata` (`build_timestamp` datetime NOT NULL,`model` integer NOT NULL,`revision` integer NOT NULL,`addition` integer NOT NULL)",
	"CREATE TABLE `providers` (`id` text,`version` text,`processor` text,`date_captured` datetime,`input_digest` text,PRIMARY KEY (`id`))",
	"CREATE TABLE `vulnerability_handles` (`id` integer PRIMARY KEY AUTOINCREMENT,`name` text NOT NULL,`status` text NOT NULL,`published_date` datetime,`modified_date` datetime,`withdrawn_date` datetime,`provider_id` text NOT NULL,`blob_id` integer,CONSTRAINT `fk_vulnerability_handles_provider` FOREIGN KEY (`provider_id`) REFERENCES `providers`(`id`))",
	"CREATE TABLE `vulnerability_aliases` (`name` text,`alias` text NOT NULL,PRIMARY KEY (`name`,`alias`))",
	"CREATE TABLE `packages` (`id` integer PRIMARY KEY AUTOINCREMENT,`ecosystem` text,`name` text)",
	"CREATE TABLE `operating_systems` (`id` integer PRIMARY KEY AUTOINCREMENT,`name` text,`release_id` text,`major_version` text,`minor_version` text,`label_version` text,`codename` text,`channel` text,`eol_date` datetime,`eoas_date` datetime)",
	"CREATE TABLE `affected_package_handles` (`id` integer PRIMARY KEY AUTOINCREMENT,`vulnerability_id` integer NOT NULL,`operating_system_id` integer,`package_id` integer,`blob_id` integer,CONSTRAINT `fk_affected_package_handles_package` FOREIGN KEY (`package_id`) REFERENCES `packages`(`id`),CONSTRAINT `fk_affected_package_handles_vulnerability` FOREIGN KEY (`vulnerability_id`) REFERENCES `vulnerability_handles`(`id`),CONSTRAINT `fk_affected_package_handles_operating_system` FOREIGN KEY (`operating_system_id`) REFERENCES `operating_systems`(`id`))",
	"CREATE TABLE `unaffected_package_handles` (`id` integer PRIMARY KEY AUTOINCREMENT,`vulnerability_id` integer NOT NULL,`operating_system_id` integer,`package_id` integer,`blob_id` integer,CONSTRAINT `fk_unaffected_package_handles_vulnerability` FOREIGN KEY (`vulnerability_id`) REFERENCES `vulnerability_handles`(`id`),CONSTRAINT `fk_unaffected_package_handles_operating_system` FOREIGN KEY (`operating_system_id`) REFERENCES `operating_systems`(`id`),CONSTRAINT `fk_unaffected_package_handles_package` FOREIGN KEY (`package_id`) REFERENCES `packages`(`id`))",
	"CREATE TABLE `operating_system_specifier_overrides` (`alias` text,`version` text,`version_pattern` text,`codename` text,`channel` text,`replacement` text,`replacement_major_version` text,`replacement_minor_version` text,`replacement_label_version` text,`replacement_channel` text,`rolling` numeric,`applicable_client_db_schemas` text,PRIMARY KEY (`alias`,`version`,`version_pattern`,`replacement`,`replacement_major_version`,`replacement_minor_version`,`replacement_label_version`,`replacement_channel`,`rolling`))",
	"CREATE TABLE `cpes` (`id` integer PRIMARY KEY AUTOINCREMENT,`part` text NOT NULL,`vendor` text,`product` text NOT NULL,`edition` text,`language` text,`software_edition` text,`target_hardware` text,`target_software` text,`other` text)",
	"CREATE TABLE `package_cpes` (`cpe_id` integer,`package_id` integer,PRIMARY KEY (`cpe_id`,`package_id`),CONSTRAINT `fk_package_cpes_cpe` FOREIGN KEY (`cpe_id`) REFERENCES `cpes`(`id`),CONSTRAINT `fk_package_cpes_package` FOREIGN KEY (`package_id`) REFERENCES `packages`(`id`))",
	"CREATE TABLE `package_specifier_overrides` (`ecosystem` text,`replacement_ecosystem` text,PRIMARY KEY (`ecosystem`,`replacement_ecosystem`))",
	"CREATE TABLE `architecture_aliases` (`alias` text,`canonical` text NOT NULL,PRIMARY KEY (`alias`))",
	"CREATE TABLE `affected_cpe_handles` (`id` integer PRIMARY KEY AUTOINCREMENT,`vulnerability_id` integer NOT NULL,`cpe_id` integer,`blob_id` integer,CONSTRAINT `fk_affected_cpe_handles_vulnerability` FOREIGN KEY (`vulnerability_id`) REFERENCES `vulnerability_handles`(`id`),CONSTRAINT `fk_affected_cpe_handles_cpe` FOREIGN KEY (`cpe_id`) REFERENCES `cpes`(`id`))",
	"CREATE TABLE `unaffected_cpe_handles` (`id` integer PRIMARY KEY AUTOINCREMENT,`vulnerability_id` integer NOT NULL,`cpe_id` integer,`blob_id` integer,CONSTRAINT `fk_unaffected_cpe_handles_vulnerability` FOREIGN KEY (`vulnerability_id`) REFERENCES `vulnerability_handles`(`id`),CONSTRAINT `fk_unaffected_cpe_handles_cpe` FOREIGN KEY (`cpe_id`) REFERENCES `cpes`(`id`))",
	"CREATE TABLE `known_exploited_vulnerability_handles` (`id` integer PRIMARY KEY AUTOINCREMENT,`cve` text NOT NULL,`blob_id` integer)",
	"CREATE TABLE `epss_handles` (`id` integer PRIMARY KEY AUTOINCREMENT,`cve` text NOT NULL,`epss` real NOT NULL,`percentile` real NOT NULL)",
	"CREATE TABLE `epss_metadata` (`date` datetime NOT NULL)",
	"CREATE TABLE `cwe_handles` (`id` integer PRIMARY KEY AUTOINCREMENT,`cve` text NOT NULL,`cwe` text NOT NULL,`source` text,`type` text)",
	"CREATE TABLE `ssvc_handles` (`id` integer PRIMARY KEY AUTOINCREMENT,`cve` text NOT NULL,`source` text,`role` text,`version` text,`timestamp` datetime,`exploitation` text,`automatable` text,`technical_impact` text)",
}

// The rows that are the same in every grype DB, as far as they concern these images.
var (
	grypeEcosystems = [][2]string{{"dpkg", "deb"}, {"javascript", "npm"}, {"pypi", "python"}, {"python", "python"}}
	grypeArchs      = [][2]string{{"aarch64", "arm64"}, {"x64", "amd64"}, {"x86_64", "amd64"}}
)

// grypeProviders are the providers of the facts, with the day on which each
// was captured.
var grypeProviders = []struct{ id, version, captured string }{
	{"debian", "1", "2025-02-12 18:06:49+00:00"},
	{"epss", "1", "2026-08-16 11:16:02+00:00"},
	{"github", "1", "2025-02-19 18:06:42+00:00"},
	{"kev", "1", "2025-08-25 17:04:19+00:00"},
	{"nvd", "2", "2025-02-12 16:46:00+00:00"},
}

const epssDate = "2026-08-16 00:00:00+00:00"

// debianReleases are the operating systems of the facts: scope, major version, code name.
var debianReleases = [][3]string{{"debian 10", "10", "buster"}, {"debian 12", "12", "bookworm"}}

// buildGrypeDB writes vulnerability.db, as Anchore's builder lays it out, into dir.
func buildGrypeDB(ctx context.Context, dir string, f *facts) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, "vulnerability.db")
	// The journal would be for a crash that leaves nothing worth keeping.
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: "_pragma=journal_mode(off)&_pragma=synchronous(off)"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	w := newGrypeWriter(ctx, tx)
	w.all(f)
	if w.err != nil {
		return errors.Join(w.err, tx.Rollback())
	}
	return tx.Commit()
}

// grypeWriter inserts rows; the first error stops everything after it.
type grypeWriter struct {
	ctx        context.Context
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	err        error
	ids        map[string]int64 // what is inserted once: blobs, packages, CPEs, vulnerabilities
	systems    map[string]int64
	records    map[string]grypeRecord
}

func newGrypeWriter(ctx context.Context, tx *sql.Tx) *grypeWriter {
	return &grypeWriter{
		ctx: ctx, tx: tx, statements: map[string]*sql.Stmt{},
		ids: map[string]int64{}, systems: map[string]int64{}, records: map[string]grypeRecord{},
	}
}

// insert adds a row and returns its id.
func (w *grypeWriter) insert(into string, values ...any) int64 {
	if w.err != nil {
		return 0
	}
	s := w.statements[into]
	if s == nil {
		query := "INSERT INTO " + into + " VALUES (?" + strings.Repeat(",?", len(values)-1) + ")"
		if s, w.err = w.tx.PrepareContext(w.ctx, query); w.err != nil {
			return 0
		}
		w.statements[into] = s
	}
	result, err := s.ExecContext(w.ctx, values...)
	if err != nil {
		w.err = fmt.Errorf("insert into %s: %w", into, err)
		return 0
	}
	id, err := result.LastInsertId()
	w.err = err
	return id
}

// once inserts a row the first time that a key is seen.
func (w *grypeWriter) once(key string, insert func() int64) int64 {
	if id, ok := w.ids[key]; ok {
		return id
	}
	id := insert()
	w.ids[key] = id
	return id
}

func (w *grypeWriter) all(f *facts) {
	for _, create := range grypeTables {
		if _, err := w.tx.ExecContext(w.ctx, create); err != nil {
			w.err = fmt.Errorf("create table: %w", err)
			return
		}
	}
	w.constants()
	for _, r := range f.grypeRecords {
		w.records[r.Provider+" "+r.ID] = r
	}
	for _, a := range f.grypeAffected {
		w.affected(a)
	}
	for _, r := range f.grypeRecords {
		for _, alias := range r.Aliases {
			w.insert("vulnerability_aliases(name,alias)", r.ID, alias)
		}
	}
	for _, c := range f.cves {
		w.cve(c)
	}
}

func (w *grypeWriter) constants() {
	w.insert("db_metadata(build_timestamp,model,revision,addition)", AsOf.Format(sqliteTime), 6, 1, 10)
	for _, p := range grypeProviders {
		w.insert("providers(id,version,processor,date_captured,input_digest)", p.id, p.version, "plimsoll-lab", p.captured, "")
	}
	for _, r := range debianReleases {
		w.systems[r[0]] = w.insert("operating_systems(name,release_id,major_version,minor_version,label_version,codename,channel)",
			"debian", "debian", r[1], "", "", r[2], "")
	}
	w.insert("operating_system_specifier_overrides(alias,version,version_pattern,codename,channel,replacement,rolling)",
		"raspbian", "", "", "", "", "debian", 0)
	for _, e := range grypeEcosystems {
		w.insert("package_specifier_overrides(ecosystem,replacement_ecosystem)", e[0], e[1])
	}
	for _, a := range grypeArchs {
		w.insert("architecture_aliases(alias,canonical)", a[0], a[1])
	}
	w.insert("epss_metadata(date)", epssDate)
}

// blob inserts a JSON document once and returns its id. The published ones end in a line break.
func (w *grypeWriter) blob(value any) int64 {
	text, err := encodeBlob(value)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return 0
	}
	return w.once("blob "+text, func() int64 { return w.insert("blobs(value)", text) })
}

func (w *grypeWriter) affected(a grypeAffected) {
	vulnerability := w.vulnerability(a)
	if a.Scope == cpeScope {
		id := w.once("cpe "+a.Package, func() int64 { return w.cpe(a.Package) })
		w.insert("affected_cpe_handles(vulnerability_id,cpe_id,blob_id)", vulnerability, id, w.blob(a.blob()))
		return
	}
	ecosystem, system := a.Scope, any(nil)
	if id, ok := w.systems[a.Scope]; ok {
		ecosystem, system = "deb", id
	}
	id := w.once("package "+ecosystem+" "+a.Package, func() int64 {
		return w.insert("packages(ecosystem,name)", ecosystem, a.Package)
	})
	w.insert("affected_package_handles(vulnerability_id,operating_system_id,package_id,blob_id)", vulnerability, system, id, w.blob(a.blob()))
}

// vulnerability inserts the handle of one provider's record. One provider can
// hold several for one identifier where the severity differs by package.
func (w *grypeWriter) vulnerability(a grypeAffected) int64 {
	key := a.Provider + " " + a.ID
	return w.once("vulnerability "+key+" "+formatSeverities(a.Severities), func() int64 {
		r, ok := w.records[key]
		if !ok {
			w.err = errors.Join(w.err, fmt.Errorf("grype-vulnerabilities.tsv has no %s of provider %s", a.ID, a.Provider))
			return 0
		}
		return w.insert("vulnerability_handles(name,status,published_date,modified_date,provider_id,blob_id)",
			a.ID, r.Status, orNull(r.Published), orNull(r.Modified), a.Provider, w.blob(r.blob(a.Severities)))
	})
}

func (w *grypeWriter) cpe(fields string) int64 {
	p := strings.Split(fields, ":")
	if len(p) != 9 {
		w.err = errors.Join(w.err, fmt.Errorf("CPE %q has %d fields instead of 9", fields, len(p)))
		return 0
	}
	values := make([]any, len(p))
	for i, v := range p {
		values[i] = v
	}
	return w.insert("cpes(part,vendor,product,edition,language,software_edition,target_hardware,target_software,other)", values...)
}

func (w *grypeWriter) cve(c cveFact) {
	if c.EPSS > 0 {
		w.insert("epss_handles(cve,epss,percentile)", c.ID, c.EPSS, c.Percentile)
	}
	for _, x := range c.CWEs {
		w.insert("cwe_handles(cve,cwe,source,type)", c.ID, x.ID, x.Source, x.Type)
	}
	if c.KEV != nil {
		w.insert("known_exploited_vulnerability_handles(cve,blob_id)", c.ID, w.blob(c.KEV.blob(c.ID)))
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
