package grypedb_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"plimsoll/internal/advisory/grypedb"
	"plimsoll/internal/inventory"
)

// sample is one package name of the database with versions at the edges of
// its affected ranges.
type sample struct{ name, version string }

var bound = regexp.MustCompile(`[<>=]=? *([^ ,|]+)`)

// samples takes every nth package of an ecosystem (and release) and the
// versions that its ranges name.
func samples(t testing.TB, dir, ecosystem, release string, limit int) []sample {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, grypedb.FileName)+"?mode=ro&immutable=1")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // only read
	query := `select p.name, b.value from affected_package_handles a
		join (select id, name from packages where ecosystem = ? order by (id * 7919) % 1000003 limit ?) p on p.id = a.package_id
		join blobs b on b.id = a.blob_id
		left join operating_systems o on o.id = a.operating_system_id
		where coalesce(o.name || o.major_version || '.' || o.minor_version, '') = ?`
	rows, err := db.QueryContext(context.Background(), query, ecosystem, limit*3/2, release)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	var out []sample
	seen := map[string]bool{}
	for rows.Next() && len(out) < limit {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		if seen[name] {
			continue
		}
		var blob struct {
			Ranges []struct{ Version struct{ Constraint string } }
		}
		if err := json.Unmarshal([]byte(value), &blob); err != nil {
			t.Fatal(err)
		}
		for _, r := range blob.Ranges {
			if m := bound.FindStringSubmatch(r.Version.Constraint); m != nil {
				seen[name] = true
				out = append(out, sample{name, m[1]})
				break
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// earlier makes an older-looking version of the same shape, so that ranges
// which start at a version hold as well as ranges that end there.
func earlier(v string) string {
	if i := strings.LastIndexAny(v, "123456789"); i > 0 {
		return v[:i] + string(v[i]-1) + v[i+1:]
	}
	return v
}

func largeInventory(t testing.TB) *inventory.Inventory {
	t.Helper()
	dir := authenticDir(t)
	inv := &inventory.Inventory{Distribution: &inventory.Distribution{ID: "debian", VersionID: "12", VersionCodename: "bookworm"}}
	for i, s := range samples(t, dir, "deb", "debian12.", 430) {
		inv.Packages = append(inv.Packages, inventory.Package{
			ID: fmt.Sprintf("deb/%d", i), Type: "deb", Name: "lib" + s.name, Version: earlier(s.version),
			Source: &inventory.Source{Name: s.name, Version: earlier(s.version)},
		})
	}
	for i, s := range samples(t, dir, "npm", "", 1000) {
		namespace, name := "", s.name
		if j := strings.LastIndexByte(name, '/'); j > 0 {
			namespace, name = name[:j], name[j+1:]
		}
		inv.Packages = append(inv.Packages, inventory.Package{
			ID: fmt.Sprintf("npm/%d", i), Type: "npm", Namespace: namespace, Name: name, Version: earlier(s.version),
		})
	}
	return inv
}
