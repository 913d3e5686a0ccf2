package ospkg

import (
	"strings"
	"testing"

	"plimsoll/internal/inventory"
)

func TestReleaseFiles(t *testing.T) {
	for _, c := range []struct {
		path, content string
		want          inventory.Distribution
	}{
		{
			"usr/lib/os-release",
			`PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
`,
			inventory.Distribution{
				ID: "debian", VersionID: "12", VersionCodename: "bookworm",
				Name: "Debian GNU/Linux", PrettyName: "Debian GNU/Linux 12 (bookworm)",
			},
		},
		{
			"etc/os-release",
			"# comment\nNAME='Rocky Linux'\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.3\"\nCPE_NAME=\"cpe:/o:rocky:rocky:9::baseos\"\nPRETTY_NAME=\"a \\\"quoted\\\" name\"",
			inventory.Distribution{
				ID: "rocky", VersionID: "9.3", Name: "Rocky Linux", PrettyName: `a "quoted" name`,
				IDLike: []string{"rhel", "centos", "fedora"}, CPE: "cpe:/o:rocky:rocky:9::baseos",
			},
		},
		{
			"etc/os-release", "NAME=\"Ubuntu\"\nID=ubuntu\nVERSION_ID=\"16.04\"\nUBUNTU_CODENAME=xenial\n",
			inventory.Distribution{ID: "ubuntu", VersionID: "16.04", Name: "Ubuntu", VersionCodename: "xenial"},
		},
		{"etc/os-release", "NAME=Something\n", inventory.Distribution{ID: "linux", Name: "Something"}},
		{"etc/alpine-release", "3.18.4\n", inventory.Distribution{ID: "alpine", VersionID: "3.18.4", Name: "Alpine Linux"}},
		{"etc/debian_version", "12.4\n", inventory.Distribution{ID: "debian", VersionID: "12", Name: "Debian GNU/Linux"}},
		{"etc/debian_version", "trixie/sid\n", inventory.Distribution{ID: "debian", VersionCodename: "trixie", Name: "Debian GNU/Linux"}},
		{
			"etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\nDISTRIB_CODENAME=precise\nDISTRIB_DESCRIPTION=\"Ubuntu 12.04.5 LTS\"\n",
			inventory.Distribution{ID: "ubuntu", VersionID: "12.04", VersionCodename: "precise", Name: "Ubuntu", PrettyName: "Ubuntu 12.04.5 LTS"},
		},
		{"etc/arch-release", "", inventory.Distribution{ID: "arch", Name: "Arch Linux"}},
		{
			"etc/SuSE-release", "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n",
			inventory.Distribution{ID: "sles", VersionID: "11.4", Name: "SUSE Linux Enterprise Server", PrettyName: "SUSE Linux Enterprise Server 11 (x86_64)"},
		},
		{
			"etc/photon-release", "VMware Photon OS 4.0\nPHOTON_BUILD_NUMBER=c65bc1e\n",
			inventory.Distribution{ID: "photon", VersionID: "4.0", Name: "VMware Photon OS", PrettyName: "VMware Photon OS 4.0"},
		},
	} {
		out, err := look(t, c.path, c.content)
		if err != nil || len(out.Releases) != 1 {
			t.Errorf("%s: %+v, %v", c.path, out, err)
			continue
		}
		same(t, c.path, c.want, out.Releases[0].Distribution)
		same(t, "path", c.path, out.Releases[0].Path)
	}
}

func TestNamedReleases(t *testing.T) {
	for line, want := range map[string]string{
		"CentOS Linux release 7.9.2009 (Core)":                    "centos 7.9.2009",
		"CentOS release 6.10 (Final)":                             "centos 6.10",
		"CentOS Stream release 9":                                 "centos 9",
		"Red Hat Enterprise Linux Server release 6.10 (Santiago)": "rhel 6.10",
		"Red Hat Enterprise Linux release 8.8 (Ootpa)":            "rhel 8.8",
		"Fedora release 38 (Thirty Eight)":                        "fedora 38",
		"AlmaLinux release 9.2 (Turquoise Kodkod)":                "almalinux 9.2",
		"Rocky Linux release 9.2 (Blue Onyx)":                     "rocky 9.2",
		"Oracle Linux Server release 8.8":                         "ol 8.8",
		"Amazon Linux release 2 (Karoo)":                          "amzn 2",
		"Amazon Linux AMI release 2018.03":                        "amzn 2018.03",
		"Amazon Linux release 2023 (Amazon Linux)":                "amzn 2023",
		"CBL-Mariner 2.0.20230407":                                "mariner 2.0.20230407",
		"Microsoft Azure Linux 3.0.20240727":                      "azurelinux 3.0.20240727",
		"openSUSE 13.2 (x86_64)":                                  "opensuse 13.2",
		"Red Hat without a number":                                "rhel ",
	} {
		out, err := look(t, "etc/redhat-release", line+"\n")
		if err != nil || len(out.Releases) != 1 {
			t.Errorf("%q: %+v, %v", line, out, err)
			continue
		}
		d := out.Releases[0].Distribution
		same(t, line, want, d.ID+" "+d.VersionID)
	}
}

func TestReleaseFilesThatSayNothing(t *testing.T) {
	for path, content := range map[string]string{
		"etc/os-release":     "\x00\x01\n",
		"etc/alpine-release": "edge\n",
		"etc/debian_version": "\n",
		"etc/redhat-release": "Welcome\n",
		"etc/lsb-release":    "LSB_VERSION=1\n",
	} {
		if out, err := look(t, path, content); err != nil || len(out.Releases) != 0 {
			t.Errorf("%s: %+v, %v", path, out, err)
		}
	}
}

func TestReleaseFileOfUnreasonableSizeIsAnError(t *testing.T) {
	if _, err := look(t, "etc/os-release", strings.Repeat("ID=debian\n", maxRelease)); err == nil {
		t.Error("no error")
	}
}

func TestContentSets(t *testing.T) {
	sets := []string{"rhel-8-for-x86_64-baseos-rpms", "rhel-8-for-x86_64-appstream-rpms"}
	for path, content := range map[string]string{
		"root/buildinfo/content_manifests/ubi8-container-8.9-1028.json": `{
  "metadata": {"icm_version": 1, "image_layer_index": 0},
  "content_sets": ["rhel-8-for-x86_64-baseos-rpms", "rhel-8-for-x86_64-appstream-rpms"],
  "image_contents": []}`,
		"usr/share/buildinfo/content-sets.json": `{"content_sets": ["rhel-8-for-x86_64-baseos-rpms", "rhel-8-for-x86_64-appstream-rpms"]}`,
	} {
		out, err := look(t, path, content)
		if err != nil || len(out.Releases) != 1 {
			t.Errorf("%s: %+v, %v", path, out, err)
			continue
		}
		same(t, path, inventory.Distribution{ContentSets: sets}, out.Releases[0].Distribution)
	}
	for _, other := range []string{`{"name": "labels"}`, `["a"]`, `{"content_sets": "no list"}`} {
		if out, err := look(t, "usr/share/buildinfo/labels.json", other); err != nil || len(out.Releases) != 0 {
			t.Errorf("%s: %+v, %v", other, out, err)
		}
	}
	if _, err := look(t, "usr/share/buildinfo/content-sets.json", `{"content_sets": [`); err == nil {
		t.Error("no error for a manifest that breaks off")
	}
}

func TestUbuntuPro(t *testing.T) {
	for content, want := range map[string]string{
		`{"attached": true, "services": [{"name": "esm-infra", "status": "enabled"}, {"name": "fips", "status": "disabled"}]}`: "esm",
		`{"attached": true, "services": [{"name": "esm-apps", "status": "enabled"}]}`:                                          "esm",
		`{"attached": true, "services": [{"name": "esm-infra", "status": "disabled"}]}`:                                        "",
		`{"attached": false, "services": [{"name": "esm-infra", "status": "enabled"}]}`:                                        "",
		`{}`: "",
	} {
		out, err := look(t, "var/lib/ubuntu-advantage/status.json", content)
		got := ""
		for _, r := range out.Releases {
			got += r.Extended
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, %v", content, got, err)
		}
	}
	if _, err := look(t, "var/lib/ubuntu-advantage/status.json", "{"); err == nil {
		t.Error("no error for a status that breaks off")
	}
}

func FuzzRelease(f *testing.F) {
	f.Add([]byte("ID=debian\nNAME=\"a\\\"b\"\nX='\n"))
	f.Add([]byte("Oracle Linux Server release 8.8 (x\n"))
	f.Add([]byte(`{"content_sets": ["a"], "attached": true, "services": [{"name": "esm-apps", "status": "enabled"}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, path := range []string{
			"etc/os-release", "etc/lsb-release", "etc/alpine-release", "etc/debian_version", "etc/redhat-release",
			"etc/SuSE-release", "usr/share/buildinfo/a.json", "var/lib/ubuntu-advantage/status.json",
		} {
			_, _ = look(t, path, string(content))
		}
	})
}
