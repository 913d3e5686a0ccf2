package grypedb_test

import (
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

// TestAlpineIsAlsoAskedByProduct: what Alpine's advisories are silent about
// comes from NVD, without a fix, and never against Alpine's own word.
func TestAlpineIsAlsoAskedByProduct(t *testing.T) {
	db := openAuthentic(t)
	alpine := &inventory.Distribution{ID: "alpine", VersionID: "3.18.4"}
	apk := func(name, v, source string) inventory.Package {
		return inventory.Package{
			ID: "apk/" + name, Type: "apk", Name: name, Version: v,
			Source: &inventory.Source{Name: source, Version: v},
		}
	}
	python := apk("python3", "3.11.4-r0", "python3")
	o := match(t, db, alpine, python)
	m := find(o, python.ID, "CVE-2023-41105")
	if m == nil || m.By != advisory.ByCPE || m.State != advisory.FixUnknown || len(m.FixedIn) > 0 {
		t.Errorf("CVE-2023-41105 of python3 3.11.4-r0: %+v, want a match by CPE without a fix", m)
	}
	if m := find(o, python.ID, "CVE-2023-40217"); m == nil || m.By == advisory.ByCPE || m.State != advisory.Fixed {
		t.Errorf("CVE-2023-40217 of python3 3.11.4-r0: %+v, want Alpine's own record with its fix", m)
	}
	// 8.2.1-r0 is what Alpine's advisory names as fixed; NVD has the product's 8.1.2 and before.
	if o := match(t, db, alpine, apk("curl", "8.1.2-r0", "curl")); find(o, "apk/curl", "CVE-2023-27533") != nil {
		t.Error("a record that Alpine settled came back through NVD")
	}
	if o := match(t, db, alpine, apk("libcurl", "8.2.1-r0", "curl")); find(o, "apk/libcurl", "CVE-2024-11053") == nil {
		t.Error("libcurl is not judged as its source package curl")
	}
	unknown := apk("some-tool", "1.0-r0", "some-tool")
	if o := match(t, db, alpine, unknown); len(o.Matches) > 0 {
		t.Errorf("a package of no known product has %d matches", len(o.Matches))
	}
}
