package distro

import (
	"testing"
	"time"

	"plimsoll/internal/inventory"
)

func TestFamilyAndRelease(t *testing.T) {
	tests := []struct {
		d       inventory.Distribution
		family  Family
		release string
	}{
		{inventory.Distribution{ID: "debian", VersionID: "12", VersionCodename: "bookworm"}, Debian, "12"},
		{inventory.Distribution{ID: "debian", VersionID: "12.5"}, Debian, "12"},
		{inventory.Distribution{ID: "debian", VersionCodename: "trixie", PrettyName: "Debian GNU/Linux trixie/sid"}, Debian, "trixie"},
		{inventory.Distribution{ID: "debian", PrettyName: "Debian GNU/Linux buster/sid"}, Debian, "buster"},
		{inventory.Distribution{ID: "debian", Name: "Distroless", PrettyName: "Distroless"}, Debian, ""},
		{inventory.Distribution{ID: "ubuntu", VersionID: "22.04"}, Ubuntu, "22.04"},
		{inventory.Distribution{ID: "alpine", VersionID: "3.19.1"}, Alpine, "3.19"},
		{inventory.Distribution{ID: "alpine", VersionID: "3.22_alpha20250108"}, Alpine, "edge"},
		{inventory.Distribution{ID: "wolfi", VersionID: "20230201"}, Wolfi, Rolling},
		{inventory.Distribution{ID: "chainguard", VersionID: "20230214"}, Chainguard, Rolling},
		{inventory.Distribution{ID: "rhel", VersionID: "9.4"}, RHEL, "9"},
		{inventory.Distribution{ID: "centos", VersionID: "7", Name: "CentOS Linux"}, CentOS, "7"},
		{inventory.Distribution{ID: "centos", VersionID: "9", Name: "CentOS Stream"}, CentOSStream, "9"},
		{inventory.Distribution{ID: "almalinux", VersionID: "10.0"}, AlmaLinux, "10"},
		{inventory.Distribution{ID: "rocky", VersionID: "8.10"}, Rocky, "8"},
		{inventory.Distribution{ID: "ol", VersionID: "8.9"}, Oracle, "8"},
		{inventory.Distribution{ID: "amzn", VersionID: "2023"}, Amazon, "2023"},
		{inventory.Distribution{ID: "amzn", VersionID: "2023.3.20240108"}, Amazon, "2023"},
		{inventory.Distribution{ID: "amzn", VersionID: "2"}, Amazon, "2"},
		{inventory.Distribution{ID: "amzn", VersionID: "2018.03"}, Amazon, "1"},
		{inventory.Distribution{ID: "fedora", VersionID: "41"}, Fedora, "41"},
		{inventory.Distribution{ID: "sles", VersionID: "15.5"}, SLES, "15.5"},
		{inventory.Distribution{ID: "sles", VersionID: "15"}, SLES, "15"},
		{inventory.Distribution{ID: "sles_sap", VersionID: "12.5"}, SLES, "12.5"},
		{inventory.Distribution{ID: "opensuse-leap", VersionID: "15.6"}, OpenSUSELeap, "15.6"},
		{inventory.Distribution{ID: "opensuse-tumbleweed", VersionID: "20240901"}, OpenSUSETumbleweed, Rolling},
		{inventory.Distribution{ID: "opensuse", VersionID: "42.3", Name: "openSUSE Leap"}, OpenSUSELeap, "42.3"},
		{inventory.Distribution{ID: "opensuse", VersionID: "20180101", Name: "openSUSE Tumbleweed"}, OpenSUSETumbleweed, Rolling},
		{inventory.Distribution{ID: "photon", VersionID: "5.0"}, Photon, "5.0"},
		{inventory.Distribution{ID: "mariner", VersionID: "2.0"}, Mariner, "2.0"},
		{inventory.Distribution{ID: "azurelinux", VersionID: "3.0"}, AzureLinux, "3.0"},
		{inventory.Distribution{ID: "arch"}, Arch, Rolling},
		{inventory.Distribution{ID: "kali", VersionID: "2024.1", IDLike: []string{"debian"}}, Unknown, "2024.1"},
		{inventory.Distribution{}, Unknown, ""},
	}
	for _, tt := range tests {
		if got := FamilyOf(&tt.d); got != tt.family {
			t.Errorf("FamilyOf(%+v) = %q, want %q", tt.d, got, tt.family)
		}
		if got := Release(&tt.d); got != tt.release {
			t.Errorf("Release(%+v) = %q, want %q", tt.d, got, tt.release)
		}
	}
	if FamilyOf(nil) != Unknown || Release(nil) != "" {
		t.Error("no distribution must be an unknown one")
	}
}

func TestStageOfARelease(t *testing.T) {
	debian := func(v string) inventory.Distribution { return inventory.Distribution{ID: "debian", VersionID: v} }
	tests := []struct {
		d       inventory.Distribution
		at      string
		want    Support
		covered bool
	}{
		{debian("12"), "2026-07-11", SupportStandard, true},
		{debian("12"), "2026-07-12", SupportLTS, true},
		{debian("10"), "2024-06-30", SupportLTS, true},
		{debian("10"), "2024-07-01", SupportExtended, false},
		{debian("7"), "2020-07-01", SupportEnded, false},
		{inventory.Distribution{ID: "debian", VersionCodename: "buster"}, "2024-07-01", SupportExtended, false},
		{inventory.Distribution{ID: "debian", VersionCodename: "sid"}, "2026-01-01", SupportStandard, true},
		{inventory.Distribution{ID: "debian", VersionCodename: "forky"}, "2026-01-01", SupportUnknown, true},
		{inventory.Distribution{ID: "ubuntu", VersionID: "18.04"}, "2025-01-01", SupportExtended, false},
		{inventory.Distribution{ID: "ubuntu", VersionID: "18.04", Extended: "esm"}, "2025-01-01", SupportExtended, true},
		{inventory.Distribution{ID: "ubuntu", VersionID: "23.10"}, "2025-01-01", SupportEnded, false},
		{inventory.Distribution{ID: "alpine", VersionID: "3.15.11"}, "2023-11-02", SupportEnded, false},
		{inventory.Distribution{ID: "alpine", VersionID: "3.23_alpha20251016"}, "2030-01-01", SupportStandard, true},
		{inventory.Distribution{ID: "centos", VersionID: "8", Name: "CentOS Linux"}, "2022-01-01", SupportEnded, false},
		{inventory.Distribution{ID: "centos", VersionID: "8", Name: "CentOS Stream"}, "2022-01-01", SupportStandard, true},
		{inventory.Distribution{ID: "rhel", VersionID: "7.9"}, "2025-01-01", SupportExtended, false},
		{inventory.Distribution{ID: "amzn", VersionID: "2018.03"}, "2022-01-01", SupportLTS, true},
		{inventory.Distribution{ID: "amzn", VersionID: "2"}, "2026-07-01", SupportEnded, false},
		{inventory.Distribution{ID: "wolfi", VersionID: "20230201"}, "2030-01-01", SupportStandard, true},
		{inventory.Distribution{ID: "kali", VersionID: "2024.1"}, "2030-01-01", SupportUnknown, true},
	}
	for _, tt := range tests {
		at := day(tt.at).Add(12 * time.Hour)
		if got := EndedBy(&tt.d, at); got != tt.want {
			t.Errorf("EndedBy(%+v, %s) = %s, want %s", tt.d, tt.at, got, tt.want)
		}
		if got := Covered(&tt.d, at); got != tt.covered {
			t.Errorf("Covered(%+v, %s) = %t, want %t", tt.d, tt.at, got, tt.covered)
		}
	}
	if EndedBy(nil, day("2025-01-01")) != SupportUnknown {
		t.Error("no distribution must be in no known stage")
	}
}

// TestTheTableIsSound holds every row to valid dates in the order of the stages,
// and to a release that Release itself would write.
func TestTheTableIsSound(t *testing.T) {
	ids := map[Family]string{
		Debian: "debian", Ubuntu: "ubuntu", Alpine: "alpine", RHEL: "rhel", CentOS: "centos", AlmaLinux: "almalinux",
		Rocky: "rocky", Oracle: "ol", Amazon: "amzn", Fedora: "fedora", SLES: "sles", OpenSUSELeap: "opensuse-leap",
		Photon: "photon", Mariner: "mariner", AzureLinux: "azurelinux",
	}
	for family, id := range ids {
		if len(rows(family)) == 0 {
			t.Errorf("%s has no row", family)
		}
		seen := map[string]bool{}
		for _, r := range rows(family) {
			if seen[r.release] {
				t.Errorf("%s %s is listed twice", family, r.release)
			}
			seen[r.release] = true
			if got := Release(&inventory.Distribution{ID: id, VersionID: r.release}); got != r.release {
				t.Errorf("%s %s is looked up as %q", family, r.release, got)
			}
			checkOrder(t, family, r)
		}
	}
	for _, r := range rows(CentOSStream) {
		checkOrder(t, CentOSStream, r)
	}
}

func checkOrder(t *testing.T, family Family, r row) {
	t.Helper()
	last := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, s := range []string{r.standard, r.lts, r.extended} {
		if s == "" && i > 0 {
			continue
		}
		at := day(s)
		if at.IsZero() || !at.After(last) || at.Year() > 2045 {
			t.Errorf("%s %s: date %q is malformed or out of order", family, r.release, s)
		}
		last = at
	}
}
