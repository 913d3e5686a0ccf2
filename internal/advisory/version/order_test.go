package version_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/osv-scalibr/semantic"

	"plimsoll/internal/advisory/version"
)

// TestOrder lists versions of each scheme from oldest to newest.
func TestOrder(t *testing.T) {
	ascending := map[version.Scheme][]string{
		version.Deb: {
			"1.0~~", "1.0~~a", "1.0~", "1.0", "1.0-0+b1", "1.0-1", "1.0-1+deb12u1", "1.0-1.1", "1.0a", "1.0+dfsg",
			"1.2", "1.10", "2", "1:0.1", "2:0",
		},
		version.Apk: {
			"1.2_alpha", "1.2_alpha2", "1.2_beta", "1.2_pre", "1.2_rc1", "1.2", "1.2-r1", "1.2-r10", "1.2_git20200101", "1.2_p1",
			"1.2a", "1.2b", "1.2.0", "1.2.3", "1.10",
		},
		version.RPM: {
			"1.0~rc1-1", "1.0-1", "1.0-1.el9_2", "1.0-1.el9_2.1", "1.0-2", "1.0^git1-1", "1.0.1-1", "1.10-1", "1:0.1-1",
		},
		version.Segmented: {
			"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
			"1.0.0.1", "1.2", "1.10.0", "2",
		},
		version.Go:     {"v0.0.0-20200101000000-abcdef012345", "v0.1.0", "1.9.0-rc1", "go1.9", "1.22.3", "v2.0.0+incompatible"},
		version.Python: {"1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.1.dev1", "1.1", "1!0.1"},
		version.Maven:  {"1.0-alpha1", "1.0-beta", "1.0-rc1", "1.0-SNAPSHOT", "1.0", "1.0.1", "1.10"},
		version.Gem:    {"1.0.0.pre1", "1.0.0.rc1", "1.0.0", "1.0.1", "1.10"},
		version.JVM:    {"1.7.0_80", "1.8.0", "1.8.0_202-b08", "8.0.302", "1.8.0_312", "11.0.2", "17.0.1+12", "17.0.2"},
		version.Alpm:   {"1.0-1", "1.0-2", "1.0.1-1", "1:0.5-1"},
		version.Unknown: {
			"1.0.0-rc1", "1.0.0", "1.2.0", "1.10.0", "4.2p9", "4.2p15", "5.7.33",
		},
	}
	for scheme, list := range ascending {
		for i := range list {
			for j := range list {
				a, b := parse(t, scheme, list[i]), parse(t, scheme, list[j])
				got, err := a.Compare(b)
				want := 0
				if i < j {
					want = -1
				} else if i > j {
					want = 1
				}
				if err != nil || got != want {
					t.Errorf("%s: %q and %q: %d (%v), want %d", scheme, list[i], list[j], got, err, want)
				}
			}
		}
	}
}

func parse(t *testing.T, s version.Scheme, raw string) version.Version {
	t.Helper()
	v, err := version.Parse(s, raw)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestEqual lists spellings of one version.
func TestEqual(t *testing.T) {
	for _, tt := range []struct {
		s    version.Scheme
		a, b string
	}{
		{version.Deb, "0:1.0", "1.0-0"},
		{version.Deb, "1.00", "1.0"},
		{version.RPM, "0:1.0-1", "1.0-1"},
		{version.RPMLoose, "3:1.0-1", "1.0-1"},
		{version.Segmented, "v1.0", "1.0.0"},
		{version.Segmented, "5.0.0.beta1", "5.0.0-beta1"},
		{version.Python, "1.0", "1.0.0"},
		{version.Python, "1.0-1", "1.0.post1"},
		{version.Python, "1.0+local.1", "1.0"},
		{version.Python, "1.0PREVIEW2", "1.0rc2"},
		{version.Maven, "12.10.2.jre11", "12.10.2"},
		{version.Gem, "1.15.4-x86_64-linux", "1.15.4"},
		{version.JVM, "1.8.0_302-b08", "8.0.302"},
		{version.Bitnami, "1.2.3-4", "1.2.3"},
		{version.Go, "go1.22.3", "1.22.3"},
		{version.Go, "v9.6.0-b1", "9.6.0b1"},
	} {
		if c, err := parse(t, tt.s, tt.a).CompareTo(tt.b); err != nil || c != 0 {
			t.Errorf("%s: %q and %q: %d, %v", tt.s, tt.a, tt.b, c, err)
		}
	}
}

// TestNotComparable lists what no order can place.
func TestNotComparable(t *testing.T) {
	for _, tt := range []struct {
		s   version.Scheme
		raw string
	}{
		{version.Deb, ""},
		{version.Deb, "a:1"},
		{version.Deb, "x1"},
		{version.Deb, "1 2"},
		{version.Apk, "1.2-"},
		{version.Apk, "1..2"},
		{version.Apk, "1.2_foo"},
		{version.RPM, ""},
		{version.RPM, "x:1-1"},
		{version.Segmented, "latest"},
		{version.Segmented, "1."},
		{version.Segmented, "99999999999999999999"},
		{version.Npm, "1.2"},
		{version.Npm, "v1.2.3"},
		{version.Go, "(devel)"},
		{version.Python, "1.0-foo"},
		{version.Python, "dev"},
		{version.Gem, "1..2"},
		{version.Gem, ""},
		{version.Maven, ""},
		{version.Segmented, strings.Repeat("1.", 500) + "1"},
	} {
		if _, err := version.Parse(tt.s, tt.raw); !errors.Is(err, version.ErrInvalid) {
			t.Errorf("%s %.40q: %v", tt.s, tt.raw, err)
		}
	}
}

// TestOrdersAgreeWithSemantic holds the orders written here against
// osv-scalibr's.
func TestOrdersAgreeWithSemantic(t *testing.T) {
	for _, tt := range []struct {
		s         version.Scheme
		ecosystem string
		list      []string
	}{
		{version.Deb, "Debian", []string{
			"3.0.11-1~deb12u2", "3.0.13-1~deb12u1", "2.36-9+deb12u3", "2.36-9+deb12u10", "1:1.2.13.dfsg-1", "1:1.3.dfsg-3.1",
			"5.36.0-7", "5.36.0-7+deb12u1", "0.5.0-1.1", "252.17-1~deb12u1", "252.6-1", "9.1-4", "7.88.1-10", "2.1.1+git1",
		}},
		{version.Apk, "Alpine", []string{
			"3.1.1-r1", "3.1.2-r0", "1.36.1-r0", "1.36.1-r15", "1.2.13-r1", "2.38.1-r8", "8.4_p20230716-r0", "1.2.4_git20230717-r4", "0.7.2-r5", "6.4_p20231125-r0",
		}},
		{version.RPM, "Red Hat", []string{
			"1.1.1k-7.el8_6", "1.1.1k-9.el8_7", "1:1.1.1k-9.el8_7", "2.34-60.el9", "2.34-60.el9_2.7", "2.34-100.el9", "0:2.34-83.el9.7", "4.18.0-477.10.1.el8_8",
		}},
		{version.Python, "PyPI", []string{"1.0", "1.0.0", "1.0a1", "1.0.dev3", "1.0.post2", "2!1.0", "1.10", "1.9", "2023.7.22", "1.0rc1", "1.0b2.dev1"}},
	} {
		for _, a := range tt.list {
			for _, b := range tt.list {
				want, err := semantic.MustParse(a, tt.ecosystem).CompareStr(b)
				if err != nil {
					t.Fatal(err)
				}
				got, err := parse(t, tt.s, a).CompareTo(b)
				if err != nil || got != want {
					t.Errorf("%s: %q and %q: %d (%v), semantic says %d", tt.s, a, b, got, err, want)
				}
			}
		}
	}
}
