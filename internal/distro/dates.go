package distro

import "time"

// row is one release of a family with its last days as "2006-01-02"; empty where
// the stage does not exist or is not announced.
type row struct {
	release                 string
	standard, lts, extended string
}

// datesOf looks a release up. Rows are left out rather than guessed: a release
// whose end is not announced to the day or month is not in the table.
func datesOf(f Family, release string) (Dates, bool) {
	if release == "" {
		return Dates{}, false
	}
	if f == Debian {
		release = debianNumber(release)
	}
	for _, r := range rows(f) {
		if r.release == release {
			return Dates{Standard: day(r.standard), LTS: day(r.lts), Extended: day(r.extended)}, true
		}
	}
	return Dates{}, false
}

// day parses a date of the table; a malformed one is a stage not known, and the
// table's test fails on it.
func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

func rows(f Family) []row {
	switch f {
	case Debian:
		return debian()
	case Ubuntu:
		return ubuntu()
	case Alpine:
		return alpine()
	case RHEL:
		return rhel()
	case CentOS, CentOSStream, AlmaLinux, Rocky, Oracle:
		return rhelRelatives(f)
	case Amazon:
		return amazon()
	case Fedora:
		return fedora()
	case SLES:
		return sles()
	case OpenSUSELeap:
		return leap()
	case Photon:
		return photon()
	case Mariner, AzureLinux:
		return azure()
	default:
		return nil
	}
}

// debianNumber maps a codename to the release that it became.
func debianNumber(release string) string {
	switch release {
	case "wheezy":
		return "7"
	case "jessie":
		return "8"
	case "stretch":
		return "9"
	case "buster":
		return "10"
	case "bullseye":
		return "11"
	case "bookworm":
		return "12"
	case "trixie":
		return "13"
	default:
		return release
	}
}

// debian: https://wiki.debian.org/LTS and https://wiki.debian.org/LTS/Extended, and
// the package distro-info-data, debian.csv.
func debian() []row {
	return []row{
		{"7", "2016-04-25", "2018-05-31", "2020-06-30"},
		{"8", "2018-06-17", "2020-06-30", "2025-06-30"},
		{"9", "2020-07-18", "2022-06-30", "2027-06-30"},
		{"10", "2022-09-10", "2024-06-30", "2029-06-30"},
		{"11", "2024-08-14", "2026-08-31", "2031-06-30"},
		{"12", "2026-07-11", "2028-06-30", "2033-06-30"},
		{"13", "2028-08-09", "2030-06-30", "2035-06-30"},
	}
}

// ubuntu: https://ubuntu.com/about/release-cycle, and the package distro-info-data,
// ubuntu.csv. Extended is Ubuntu Pro's ESM; the Legacy add-on beyond it is sold
// apart and leaves no trace in an image.
func ubuntu() []row {
	return []row{
		{"14.04", "2019-04-25", "", "2024-04-25"},
		{"14.10", "2015-07-23", "", ""},
		{"15.04", "2016-02-04", "", ""},
		{"15.10", "2016-07-28", "", ""},
		{"16.04", "2021-04-30", "", "2026-04-23"},
		{"16.10", "2017-07-20", "", ""},
		{"17.04", "2018-01-13", "", ""},
		{"17.10", "2018-07-19", "", ""},
		{"18.04", "2023-05-31", "", "2028-04-26"},
		{"18.10", "2019-07-18", "", ""},
		{"19.04", "2020-01-23", "", ""},
		{"19.10", "2020-07-17", "", ""},
		{"20.04", "2025-05-29", "", "2030-04-23"},
		{"20.10", "2021-07-22", "", ""},
		{"21.04", "2022-01-20", "", ""},
		{"21.10", "2022-07-14", "", ""},
		{"22.04", "2027-06-01", "", "2032-04-21"},
		{"22.10", "2023-07-20", "", ""},
		{"23.04", "2024-01-25", "", ""},
		{"23.10", "2024-07-11", "", ""},
		{"24.04", "2029-05-31", "", "2034-04-25"},
		{"24.10", "2025-07-10", "", ""},
		{"25.04", "2026-01-15", "", ""},
		{"25.10", "2026-07-09", "", ""},
		{"26.04", "2031-05-29", "", "2036-04-23"},
		{"26.10", "2027-07-15", "", ""},
	}
}

// alpine: https://alpinelinux.org/releases/, the main repository.
func alpine() []row {
	return []row{
		{"3.8", "2020-05-01", "", ""},
		{"3.9", "2020-11-01", "", ""},
		{"3.10", "2021-05-01", "", ""},
		{"3.11", "2021-11-01", "", ""},
		{"3.12", "2022-05-01", "", ""},
		{"3.13", "2022-11-01", "", ""},
		{"3.14", "2023-05-01", "", ""},
		{"3.15", "2023-11-01", "", ""},
		{"3.16", "2024-05-23", "", ""},
		{"3.17", "2024-11-22", "", ""},
		{"3.18", "2025-05-09", "", ""},
		{"3.19", "2025-11-01", "", ""},
		{"3.20", "2026-04-01", "", ""},
		{"3.21", "2026-11-01", "", ""},
		{"3.22", "2027-05-01", "", ""},
		{"3.23", "2027-11-01", "", ""},
	}
}

// rhel: https://access.redhat.com/support/policy/updates/errata. Standard is the end of
// Maintenance Support, Extended that of the Extended Life Cycle Support add-on.
// UBI follows RHEL.
func rhel() []row {
	return []row{
		{"5", "2017-03-31", "", "2020-11-30"},
		{"6", "2020-11-30", "", "2024-06-30"},
		{"7", "2024-06-30", "", "2028-06-30"},
		{"8", "2029-05-31", "", "2032-05-31"},
		{"9", "2032-05-31", "", "2035-05-31"},
		{"10", "2035-05-31", "", ""},
	}
}

func rhelRelatives(f Family) []row {
	switch f {
	case CentOS:
		// https://wiki.centos.org/About/Product; CentOS 8 ended early:
		// https://blog.centos.org/2020/12/future-is-centos-stream/.
		return []row{
			{"5", "2017-03-31", "", ""},
			{"6", "2020-11-30", "", ""},
			{"7", "2024-06-30", "", ""},
			{"8", "2021-12-31", "", ""},
		}
	case CentOSStream:
		// https://www.centos.org/cl-vs-cs/#end-of-life. Stream 10 says "expected" only.
		return []row{
			{"8", "2024-05-31", "", ""},
			{"9", "2027-05-31", "", ""},
		}
	case AlmaLinux:
		// https://wiki.almalinux.org/release-notes/, security support.
		return []row{
			{"8", "2029-03-01", "", ""},
			{"9", "2032-05-31", "", ""},
			{"10", "2035-05-31", "", ""},
		}
	case Rocky:
		// https://wiki.rockylinux.org/rocky/version/.
		return []row{
			{"8", "2029-05-31", "", ""},
			{"9", "2032-05-31", "", ""},
			{"10", "2035-05-31", "", ""},
		}
	case Oracle:
		// https://www.oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf names months; the
		// last day of each is meant. Standard is Premier Support.
		return []row{
			{"5", "2017-06-30", "", "2020-11-30"},
			{"6", "2021-03-31", "", "2024-12-31"},
			{"7", "2024-12-31", "", "2028-06-30"},
			{"8", "2029-07-31", "", "2032-07-31"},
			{"9", "2032-06-30", "", "2035-06-30"},
		}
	default:
		return nil
	}
}

// amazon: https://aws.amazon.com/amazon-linux-2/faqs/,
// https://docs.aws.amazon.com/linux/al2023/ug/release-cadence.html, and for the first one
// https://aws.amazon.com/blogs/aws/update-on-amazon-linux-ami-end-of-life/ (then three
// years of fixes for fewer packages). Amazon Linux 2023's maintenance brings
// all security fixes and counts as standard.
func amazon() []row {
	return []row{
		{"1", "2020-12-31", "2023-12-31", ""},
		{"2", "2026-06-30", "", ""},
		{"2023", "2029-06-30", "", ""},
	}
}

// fedora: https://docs.fedoraproject.org/en-US/releases/eol/. The day is fixed a few
// weeks ahead, so that releases not yet ended are not listed.
func fedora() []row {
	return []row{
		{"28", "2019-05-28", "", ""},
		{"29", "2019-11-26", "", ""},
		{"30", "2020-05-26", "", ""},
		{"31", "2020-11-24", "", ""},
		{"32", "2021-05-25", "", ""},
		{"33", "2021-11-30", "", ""},
		{"34", "2022-06-07", "", ""},
		{"35", "2022-12-13", "", ""},
		{"36", "2023-05-16", "", ""},
		{"37", "2023-12-05", "", ""},
		{"38", "2024-05-21", "", ""},
		{"39", "2024-11-26", "", ""},
		{"40", "2025-05-13", "", ""},
		{"41", "2025-12-15", "", ""},
		{"42", "2026-05-28", "", ""},
	}
}

// sles: https://www.suse.com/lifecycle. Standard is general support, Extended LTSS.
func sles() []row {
	return []row{
		{"11.4", "2019-03-31", "", "2022-03-31"},
		{"12", "2016-06-30", "", "2019-07-01"},
		{"12.1", "2017-05-31", "", "2020-05-31"},
		{"12.2", "2018-03-31", "", "2021-03-31"},
		{"12.3", "2019-06-30", "", "2022-06-30"},
		{"12.4", "2020-06-30", "", "2023-06-30"},
		{"12.5", "2024-10-31", "", "2027-10-31"},
		{"15", "2019-12-31", "", "2022-12-31"},
		{"15.1", "2021-01-31", "", "2024-01-31"},
		{"15.2", "2021-12-31", "", "2024-12-31"},
		{"15.3", "2022-12-31", "", "2025-12-31"},
		{"15.4", "2023-12-31", "", "2026-12-31"},
		{"15.5", "2024-12-31", "", "2027-12-31"},
		{"15.6", "2025-12-31", "", "2028-12-31"},
		{"15.7", "2031-07-31", "", "2034-07-31"},
		{"16.0", "2027-11-30", "", "2030-11-30"},
	}
}

// leap: https://en.opensuse.org/Lifetime.
func leap() []row {
	return []row{
		{"42.1", "2017-05-17", "", ""},
		{"42.2", "2018-01-26", "", ""},
		{"42.3", "2019-07-01", "", ""},
		{"15.0", "2019-12-03", "", ""},
		{"15.1", "2021-02-02", "", ""},
		{"15.2", "2022-01-04", "", ""},
		{"15.3", "2022-12-31", "", ""},
		{"15.4", "2023-12-07", "", ""},
		{"15.5", "2024-12-31", "", ""},
		{"15.6", "2026-04-30", "", ""},
		{"16.0", "2027-10-31", "", ""},
	}
}

// photon: https://blogs.vmware.com/vsphere/2022/01/photon-1-x-end-of-support-announcement.html
// for 1.0 and 2.0 (a month for 2.0); since then support follows vSphere, as its maintainers say in
// endoflife-date/endoflife.date pull request 9025.
func photon() []row {
	return []row{
		{"1.0", "2022-02-28", "", ""},
		{"2.0", "2022-12-31", "", ""},
		{"3.0", "2025-10-02", "", ""},
		{"4.0", "2027-10-11", "", ""},
	}
}

// azure: https://learn.microsoft.com/azure/azure-linux/release-cadence-lifecycle; for 3.0
// only a season is announced.
func azure() []row {
	return []row{
		{"1.0", "2023-08-31", "", ""},
		{"2.0", "2025-07-31", "", ""},
	}
}
