package trivydb

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
)

// stream says how one distribution release is keyed.
type stream struct {
	// subject is the release as it is said in a Gap ("debian 12").
	subject string
	// bucket is the top-level bucket; family the prefix that all releases'
	// buckets share, to tell an unknown release from an unknown distribution.
	bucket, family string
	purlType       string
	scheme         version.Scheme
	// bySource: looked up by source package; otherwise by binary package.
	bySource bool
	// sourceVersion: the source package's version is compared; otherwise the
	// binary's.
	sourceVersion bool
	// modular: names carry the module ("nodejs:12::npm").
	modular bool
	// entriesByArch: a record is a list of entries, one per architectures.
	entriesByArch bool
	// flavoured: Oracle's FIPS and ksplice builds have advisories of their own.
	flavoured bool
	redHat    bool
}

// distributions lists every distribution that trivy's client can match, by
// os-release ID. Facts: trivy-db pkg/vulnsrc/bucket for the names of buckets,
// trivy pkg/detector/ospkg for which name and version is compared.
var distributions = map[string]func(d *inventory.Distribution) stream{
	"debian": func(d *inventory.Distribution) stream {
		return debLike("debian", debianRelease(d))
	},
	"ubuntu": func(d *inventory.Distribution) stream { return debLike("ubuntu", d.VersionID) },
	"echo":   func(*inventory.Distribution) stream { return rolling(debLike("echo", "")) },
	"alpine": func(d *inventory.Distribution) stream { return apkLike("alpine", alpineRelease(d.VersionID)) },
	"wolfi":  func(*inventory.Distribution) stream { return rolling(apkLike("wolfi", "")) },
	"chainguard": func(*inventory.Distribution) stream {
		return rolling(apkLike("chainguard", ""))
	},
	"minimos": func(*inventory.Distribution) stream { return rolling(apkLike("minimos", "")) },
	"rhel":    redHat,
	"centos":  redHat,
	"almalinux": func(d *inventory.Distribution) stream {
		s := rpmLike("alma ", major(d.VersionID))
		s.modular = true
		return s
	},
	"rocky": func(d *inventory.Distribution) stream {
		s := rpmLike("rocky ", major(d.VersionID))
		s.modular, s.entriesByArch = true, true
		return s
	},
	"ol": func(d *inventory.Distribution) stream {
		s := rpmLike("Oracle Linux ", major(d.VersionID))
		s.entriesByArch, s.flavoured = true, true
		return s
	},
	"amzn": func(d *inventory.Distribution) stream {
		return rpmLike("amazon linux ", amazonRelease(d.VersionID))
	},
	"sles":     func(d *inventory.Distribution) stream { return rpmLike("SUSE Linux Enterprise ", d.VersionID) },
	"sles_sap": func(d *inventory.Distribution) stream { return rpmLike("SUSE Linux Enterprise ", d.VersionID) },
	"sle-micro": func(d *inventory.Distribution) stream {
		return rpmLike("SUSE Linux Enterprise Micro ", d.VersionID)
	},
	"sle-micro-rancher": func(d *inventory.Distribution) stream {
		return rpmLike("SUSE Linux Enterprise Micro ", d.VersionID)
	},
	"sl-micro": func(d *inventory.Distribution) stream {
		return rpmLike("SUSE Linux Enterprise Micro ", d.VersionID)
	},
	"opensuse-leap":       func(d *inventory.Distribution) stream { return rpmLike("openSUSE Leap ", d.VersionID) },
	"opensuse-leap-micro": func(d *inventory.Distribution) stream { return rpmLike("openSUSE Leap Micro ", d.VersionID) },
	"opensuse-tumbleweed": func(*inventory.Distribution) stream { return rolling(rpmLike("openSUSE Tumbleweed", "")) },
	"photon": func(d *inventory.Distribution) stream {
		s := rpmLike("Photon OS ", minor(d.VersionID))
		s.bySource = true
		return s
	},
	"azurelinux": func(d *inventory.Distribution) stream { return azure("Azure Linux ", d.VersionID) },
	"mariner":    func(d *inventory.Distribution) stream { return azure("CBL-Mariner ", d.VersionID) },
}

func debLike(family, release string) stream {
	return stream{
		bucket: family + " " + release, family: family + " ", purlType: "deb",
		scheme: version.Deb, bySource: true, sourceVersion: true,
	}
}

func apkLike(family, release string) stream {
	return stream{
		bucket: family + " " + release, family: family + " ", purlType: "apk",
		scheme: version.Apk, bySource: true, sourceVersion: release != "",
	}
}

func rpmLike(family, release string) stream {
	return stream{bucket: family + release, family: family, purlType: "rpm", scheme: version.RPM}
}

// rolling drops the release: the distribution has one bucket.
func rolling(s stream) stream {
	s.bucket = strings.TrimSpace(s.family)
	s.family = s.bucket
	return s
}

func azure(family, release string) stream {
	s := rpmLike(family, minor(release))
	s.bySource, s.sourceVersion = true, true
	return s
}

// redHat has one bucket for all releases; the products an image draws from
// choose among its entries.
func redHat(*inventory.Distribution) stream {
	s := rpmLike("Red Hat", "")
	s.modular, s.redHat = true, true
	return s
}

// streamOf finds the release's keys; ok is false where trivy's client has no
// matching for the distribution.
func streamOf(d *inventory.Distribution) (stream, bool) {
	subject := strings.TrimSpace(d.ID + " " + d.VersionID)
	find, ok := distributions[d.ID]
	if !ok {
		return stream{subject: subject}, false
	}
	s := find(d)
	s.subject = subject
	return s, true
}

func major(v string) string {
	m, _, _ := strings.Cut(v, ".")
	return m
}

func minor(v string) string {
	parts := strings.SplitN(v, ".", 3)
	return strings.Join(parts[:min(len(parts), 2)], ".")
}

// debianReleases gives the number for images of testing, whose os-release has
// no VERSION_ID.
var debianReleases = map[string]string{
	"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15",
}

func debianRelease(d *inventory.Distribution) string {
	if d.VersionID != "" {
		return major(d.VersionID)
	}
	return debianReleases[d.VersionCodename]
}

func alpineRelease(v string) string {
	if strings.Contains(v, "_alpha") || v == "edge" {
		return "edge"
	}
	return minor(v)
}

// amazonRelease: everything but 2, 2022 and 2023 is the first Amazon Linux,
// whose versions look like "2018.03".
func amazonRelease(v string) string {
	if fields := strings.Fields(v); len(fields) > 0 {
		v = major(fields[0])
	}
	if slices.Contains([]string{"2", "2022", "2023"}, v) {
		return v
	}
	return "1"
}

// moduleName puts the first two parts of a modularity label before the name:
// "nodejs:12:8030020201124152102:229f0a1c" and "npm" make "nodejs:12::npm".
func moduleName(name, label string) string {
	parts := strings.SplitN(label, ":", 3)
	if len(parts) < 3 {
		return name
	}
	return parts[0] + ":" + parts[1] + "::" + name
}

// oracleFlavour tells the builds apart that Oracle fixes separately.
func oracleFlavour(v string) string {
	v = strings.ToLower(v)
	if strings.HasSuffix(v, "_fips") {
		return "fips"
	}
	for part := range strings.SplitSeq(v, ".") {
		if strings.HasPrefix(part, "ksplice") {
			return "ksplice"
		}
	}
	return "normal"
}
