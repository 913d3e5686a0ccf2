package runtimes

// goPrograms are written in Go and get their version from the linker (-X), so that
// the build information of the module says "(devel)" or nothing. Such a
// string stands between NULs in the data of the program.
func goPrograms() []classifier {
	beats := []pattern{
		near("insetupTest ", `insetupTest ([0-9]+\.[0-9]+\.[0-9]+)[a-z%]`),
		near("plugin", `plugin(?:output)?([0-9]+\.[0-9]+\.[0-9]+)[-a-z]`),
		near("5m.rate", `5m\.rate([0-9]+\.[0-9]+\.[0-9]+)-`),
	}
	const istioVersion = `1\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc|snapshot)\.[0-9]+|-dev)?`
	istio := []pattern{
		within("\x001.", 0, 80, `\A\x00`+istioVersion+`\x00+(`+istioVersion+`)\x00`),
		within("Clean\x00", 0, 32, `\AClean\x00+(1\.[0-9]+\.[0-9]+(?:-[a-z]+(?:\.[0-9]+)?)?)\x00`),
		within("Modified\x00", 0, 32, `\AModified\x00+(1\.[0-9]+-dev)\x00`),
		within("\x001.", 0, 40, `\A\x00(1\.[0-9]+\.[0-9]+-snapshot\.[0-9]+)\x00`),
	}
	const grafana = `([0-9]{1,2}\.[0-9]+\.[0-9]+(?:-(?:beta[0-9]|preview|test|[0-9]{6,}))?)`
	rows := []classifier{
		{
			id: "traefik-binary", globs: []string{"traefik"},
			find: []pattern{
				within("3.", 2, 24, `(?:[^0-9.a-z]|\A)(3\.[0-9]+\.[0-9]+(?:-(?:ea|rc|beta|alpha)\.?[0-9]+)?)\x00`),
				within("2.", 2, 24, `(?:[^0-9.a-z]|\A)(2\.[0-9]+\.[0-9]+(?:-(?:ea|rc|beta|alpha)\.?[0-9]+)?)\x00`),
				within("\x00v1.", 0, 24, `\A\x00v(1\.[0-9]+\.[0-9]+(?:-(?:ea|rc|beta|alpha)\.?[0-9]+)?)\x00`),
			},
			name: "traefik", cpes: []string{"traefik:traefik"},
			source: "Traefik pkg/version/version.go: Version, set by the linker", verified: "Traefik 1.7.34, 2.9.6, 2.10.7, 3.0.4, 3.6.8 (parts of the official binaries)",
			tests: []sample{
				{"usr/local/bin/traefik", "banon\x00\x00\x002.9.6\x00\x00\x00", "2.9.6"},
				{"usr/local/bin/traefik", "\x93\x84\x1c3.0.4\x00\x00\x00", "3.0.4"},
				{"traefik", "\x00v1.7.34\x00\xaf\x1a", "1.7.34"},
				{"traefik", "1.3.6.1.4.1.311.2.1.14\x00go1.22.4\x00", ""},
			},
		},
		{
			id: "consul-binary", globs: []string{"consul"},
			find: []pattern{
				near("CONSUL_VERSION: ", `CONSUL_VERSION: ([0-9]+\.[0-9]+\.[0-9]+)`),
				near("version.GitDescribe=", `GitDescribe=v?([0-9]+\.[0-9]+\.[0-9]+)`),
				within("\x00v1.", 0, 16, `\A\x00v(1\.[0-9]+\.[0-9]+)\x00`),
			},
			purlType: "golang", namespace: "github.com/hashicorp", name: "consul", cpes: []string{"hashicorp:consul"},
			source: "Consul version/version.go and the UI's index.html", verified: "Consul 1.7.14, 1.12.9, 1.15.2 (parts of the official binaries)",
			tests: []sample{
				{"bin/consul", "<!-- CONSUL_VERSION: 1.15.2\n -->", "v1.15.2"},
				{"bin/consul", "consul/version.GitDescribe=1.12.9\"\nbuild", "v1.12.9"},
				{"bin/consul", "<!-- CONSUL_VERSION: {{.Version}} -->", ""},
			},
		},
		{
			id: "vault-binary", globs: []string{"vault"},
			find: []pattern{
				near("revoke1.", `revoke(1\.[0-9]+\.[0-9]+)(?:[^0-9.]|\z)`),
				near("index_state1.", `index_state(1\.[0-9]+\.[0-9]+-rc[0-9]+)`),
				near("0x%016x1.", `0x%016x(1\.1[134]\.[0-9]{1,2})`),
				within("\x001.", 0, 16, `\A\x00(1\.[0-9]{1,2}\.[0-9]{1,2})\x00`),
			},
			purlType: "golang", namespace: "github.com/hashicorp", name: "vault", cpes: []string{"hashicorp:vault"},
			source: "Vault version/version_base.go: Version, set by the linker or among Go's merged literals", verified: "Vault 1.11.6 to 1.21.0-rc1 (parts of the official binaries)",
			tests: []sample{
				{"bin/vault", "cloud:%s.%s:revoke1.19.4)(nil))(%#v)", "v1.19.4"},
				{"bin/vault", "\x001.11.6\x00\x00\x00", "v1.11.6"},
				{"bin/vault", "%s0.0.0.00x%016x1.14.101.49.22123-abc", "v1.14.10"},
				{"bin/vault", "/sys/revoke1\x001.2.840.113549\x00", ""},
			},
		},
		{
			id: "helm-binary", globs: []string{"helm"},
			find: []pattern{
				helmMajor("4"), helmMajor("3"), helmMajor("2"),
			},
			purlType: "golang", namespace: "helm.sh", name: "helm", cpes: []string{"helm:helm"},
			source: "Helm internal/version/version.go: version, set by the linker", verified: "Helm 2.17.0-rc.1, 3.10.3, 3.15.2, 4.1.4 (parts of the official binaries)",
			tests: []sample{
				{"usr/local/bin/helm", "@\x8f@v3.15.2\x00\x00\xd0O\x03\x00", "v3.15.2"},
				{"usr/local/bin/helm", "\x00v2.0.0-beta.2\x00\x00", "v2.0.0-beta.2"},
				{"usr/local/bin/helm", "helm.sh/helm/v3\x00k8s.io/api@v0.29.0", ""},
			},
		},
		{
			id: "nginx-ingress-controller", globs: []string{"nginx-ingress-controller"},
			find: []pattern{
				within("v1.", 0, 24, `\Av(1\.[0-9]+\.[0-9]+(?:-(?:alpha|beta)\.[0-9]+)?)\x00\x00`),
				within("0.", 1, 24, `\A[^0-9.](0\.[0-9]+\.[0-9]+)\x00`),
			},
			name: "nginx-ingress-controller", cpes: []string{"kubernetes:ingress-nginx"},
			source: "ingress-nginx version/version.go: RELEASE, set by the linker", verified: "ingress-nginx 0.33.0 to 1.15.1 (parts of the official binaries)",
			tests: []sample{
				{"nginx-ingress-controller", "\xa0Lv1.9.6\x00\x00$a\xcdc\x01", "1.9.6"},
				{"nginx-ingress-controller", "\x00\x000.33.0\x00\x00\x00", "0.33.0"},
				{"nginx-ingress-controller", "api v1.19.0\n", ""},
			},
		},
		{
			id: "grafana-binary", globs: []string{"grafana", "grafana-server"},
			find: []pattern{
				near("\x00release-", `\x00release-([0-9]+\.[0-9]+\.[0-9]+(?:-[a-z]+[0-9]*)?)(?:\+security-[0-9]+)?\x00`),
				near("+security-", `([0-9]+\.[0-9]+\.[0-9]+)\+security-[0-9]+\x00`),
				within("HEAD\x00", 0, 96, `(?s)\AHEAD\x00.{0,56}?\x00`+grafana+`\x00`),
				within("\x00/usr/local/go\x00", 48, 0, `\x00`+grafana+`\x00+/usr/local/go\x00`),
				within(".x\x00", 40, 0, `[^0-9.]`+grafana+`\x00+v[0-9]+\.[0-9]+\.x\x00`),
				within("\x00go1.", 0, 64, `\A\x00go1\.[0-9.]+\x00+`+grafana+`\x00`),
				within("\x00go1.", 40, 8, `(?s)[^0-9.](1[0-9]\.[0-9]+\.[0-9]+)\x00.{1,5}\x00+go1\.`),
				within("\x00$a\xcd", 40, 0, `[^0-9.]`+grafana+`\x00+\$a`),
				within("\x00call frame too large", 64, 0, `\x00`+grafana+`\x00+call frame`),
			},
			name: "grafana", cpes: []string{"grafana:grafana"},
			source: "Grafana pkg/cmd/grafana/main.go: version, set by the linker", verified: "Grafana 6.7.6 to 12.4.0 (parts of the official binaries)",
			tests: []sample{
				{"usr/share/grafana/bin/grafana-server", "HEAD\x00\x00\x00\x00m\x00\x00\x01\x13\x03\x13\x00\x006.7.6\x00\x00\x00.", "6.7.6"},
				{"usr/share/grafana/bin/grafana", "78f0340031\x00\x00\x00\x009.3.0-beta1\x00\x00\x00/usr/local/go\x00", "9.3.0-beta1"},
				{"usr/share/grafana/bin/grafana", "\xff\x7f\xff9.5.21\x00\x00v9.5.x\x00\x00", "9.5.21"},
				{"usr/share/grafana/bin/grafana", "\x00go1.21.8\x00\x00\x0011.0.0-preview\x00\x00\x0f", "11.0.0-preview"},
				{"usr/share/grafana/bin/grafana", "\x00\x00>\xc010.3.12\x000\r\x9f\t\x00\x00go1.22.7\x00", "10.3.12"},
				{"usr/share/grafana/bin/grafana", "\x7f\xff11.0.0\x00\x00$a\xcdc\x01", "11.0.0"},
				{"usr/share/grafana/bin/grafana", "\x0012.4.0-22081664032\x00\x00call frame too large\x00", "12.4.0-22081664032"},
				{"usr/share/grafana/bin/grafana", "\x00\x00release-12.3.1\x00\x00", "12.3.1"},
				{"usr/share/grafana/bin/grafana", "\x0011.0.5+security-01\x00\x00", "11.0.5"},
				{"usr/share/grafana/bin/grafana", "\x00release-notes\x00", ""},
			},
		},
		{
			id: "grafana-version-file", globs: []string{"grafana/VERSION"},
			find: []pattern{within(".", 4, 16, `\A([0-9]+\.[0-9]+\.[0-9]+)(?:-[-a-z0-9]+)?(?:\+security-[0-9]+)?\s*\z`)},
			name: "grafana", cpes: []string{"grafana:grafana"},
			source: "Grafana's tarball: VERSION beside bin and conf", verified: "none at hand",
			tests: []sample{
				{"usr/share/grafana/VERSION", "10.4.1\n", "10.4.1"},
				{"usr/share/grafana/VERSION", "see grafana 10.4.1 of today", ""},
			},
		},
		{
			id: "istio-pilot-agent", globs: []string{"pilot-agent"},
			find: istio, name: "istio", cpes: []string{"istio:istio"},
			source: "Istio pkg/version: buildVersion and buildTag, set by the linker", verified: "Istio 1.0.0-snapshot.0 to 1.29.0 (parts of the official binaries)",
			tests: []sample{
				{"usr/local/bin/pilot-agent", "amd64\x00\x00\x001.26.8\x00\x001.26.8\x00\x00$a", "1.26.8"},
				{"usr/local/bin/pilot-agent", "Clean\x00\x00\x001.1.17\x00\x00", "1.1.17"},
				{"usr/local/bin/pilot-agent", "\x001.26\x00", ""},
			},
		},
		{
			id: "istio-pilot-discovery", globs: []string{"pilot-discovery"},
			find: istio, name: "istio", cpes: []string{"istio:istio"},
			source: "Istio pkg/version: buildVersion and buildTag, set by the linker", verified: "Istio, as pilot-agent",
			tests: []sample{
				{"usr/local/bin/pilot-discovery", "\x001.15.0-beta.0\x00\x00\x001.15.0-beta.0\x00", "1.15.0-beta.0"},
				{"usr/local/bin/pilot-discovery", "\x001.15.0-beta.0\x00", ""},
			},
		},
		{
			id: "elastic-agent", globs: []string{"elastic-agent"},
			find: []pattern{
				near("enroll", `enroll(?:: true)?([0-9]+\.[0-9]+\.[0-9]+)-?header`),
				near("3:04PM", `PM([0-9]+\.[0-9]+\.[0-9]+):https`),
			},
			name: "elastic-agent", cpes: []string{"elastic:elastic_agent"},
			source: "Elastic Agent version/version.go: a literal among Go's merged ones", verified: "Elastic Agent 8.11.2, 8.19.4, 9.0.0, 9.4.2 (parts of the official binaries)",
			tests: []sample{
				{"usr/share/elastic-agent/elastic-agent", "config/statsenroll8.19.4headeruint16", "8.19.4"},
				{"usr/share/elastic-agent/elastic-agent", "enrollheader", ""},
			},
		},
	}
	for _, name := range []string{"filebeat", "metricbeat", "heartbeat", "packetbeat", "auditbeat"} {
		rows = append(rows, classifier{
			id: name + "-binary", globs: []string{name}, find: beats, name: name, cpes: []string{"elastic:" + name},
			source: "Beats libbeat/version: a literal among Go's merged ones", verified: "Beats 8.11.2, 8.18.4, 9.4.2 (parts of the official binaries)",
			tests: []sample{
				{"usr/share/" + name + "/" + name, "exportconfigcreateplugin8.18.4globalclient", "8.18.4"},
				{"usr/share/" + name + "/" + name, "createplugin.", ""},
			},
		})
	}
	return rows
}

// helmMajor matches one major line of Helm; other modules' versions begin with 0 or 1.
func helmMajor(major string) pattern {
	return within("v"+major+".", 1, 24, `(?:[^a-z/]|\A)v(`+major+`\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)\.[0-9]+)?)\x00`)
}
