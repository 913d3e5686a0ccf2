package runtimes

// webServers are web servers, proxies and caches.
func webServers() []classifier {
	return []classifier{
		{
			id:    "nginx-binary",
			globs: []string{"nginx", "nginx-debug", "openresty"},
			find:  []pattern{near("nginx version: ", `nginx version: [^/\x00\n]{1,24}/([0-9]+\.[0-9]+\.[0-9]+)`)},
			name:  "nginx", cpes: []string{"f5:nginx", "nginx:nginx"},
			source:   "nginx src/core/nginx.c: ngx_show_version_info",
			verified: "Debian 12 nginx 1.22.1",
			tests: []sample{
				{"usr/sbin/nginx", "\x00nginx version: nginx/1.22.1\n\x00", "1.22.1"},
				{"usr/local/openresty/nginx/sbin/nginx", "nginx version: openresty/1.21.4.1\n", "1.21.4"},
				{"usr/sbin/nginx", "Server: nginx/1.22.1\r\n", ""},
			},
		},
		{
			id:    "openresty-binary",
			globs: []string{"nginx", "openresty"},
			find:  []pattern{near("nginx version: openresty/", `openresty/([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)`)},
			name:  "openresty", cpes: []string{"openresty:openresty"},
			source:   "OpenResty's nginx build: NGINX_VER with the bundle's version",
			verified: "none at hand",
			tests: []sample{
				{"usr/local/openresty/nginx/sbin/nginx", "nginx version: openresty/1.21.4.1\n", "1.21.4.1"},
				{"usr/sbin/nginx", "nginx version: nginx/1.22.1\n", ""},
			},
		},
		{
			id:    "httpd-binary",
			globs: []string{"httpd", "apache2"},
			find:  []pattern{near("Apache/2.", `Apache/(2\.[0-9]+\.[0-9]+)\b`)},
			name:  "httpd", cpes: []string{"apache:http_server"},
			source:   "httpd include/ap_release.h: AP_SERVER_BASEVERSION",
			verified: "Debian 12 apache2-bin 2.4.71",
			tests: []sample{
				{"usr/local/apache2/bin/httpd", "<address>\x00Apache/2.4.71\x00 Server at", "2.4.71"},
				{"usr/sbin/httpd", "Apache/2.x", ""},
			},
		},
		{
			id:    "lighttpd-binary",
			globs: []string{"lighttpd"},
			find:  []pattern{near("lighttpd/1.", `lighttpd/(1\.[0-9]+\.[0-9]+)\b`)},
			name:  "lighttpd", cpes: []string{"lighttpd:lighttpd"},
			source:   "lighttpd src/first.h: PACKAGE_DESC",
			verified: "Debian 12 lighttpd 1.4.69",
			tests: []sample{
				{"usr/sbin/lighttpd", "support\n\x00lighttpd/1.4.69\x00server", "1.4.69"},
				{"usr/sbin/lighttpd", "/usr/lib/lighttpd/mod_proxy", ""},
			},
		},
		{
			id:    "haproxy-binary",
			globs: []string{"haproxy"},
			find: []pattern{
				near(", released 20", ` version ([0-9]+\.[0-9]+(?:\.|-dev|-rc)[0-9]+)[-+.~a-z0-9]*, released 20`),
				near("HA-Proxy version ", `HA-Proxy version ([0-9]+\.[0-9]+(?:\.|-dev|-rc)[0-9]+)`),
				within("HAProxy version", 64, 0, `([0-9]+\.[0-9]+(?:\.|-dev|-rc)[0-9]+)[-+.~A-Za-z0-9]*\x00+HAProxy version`),
			},
			name: "haproxy", cpes: []string{"haproxy:haproxy"},
			source:   "HAProxy src/haproxy.c: display_version",
			verified: "Debian 12 haproxy 2.6.12; 1.5.14, 2.7.3, 3.1-dev0",
			tests: []sample{
				{"usr/local/sbin/haproxy", " version 2.6.12-1+deb12u4, released 2026/10/17\x00", "2.6.12"},
				{"usr/local/sbin/haproxy", "\x00HA-Proxy version 1.8.22 2019/10/25\x00", "1.8.22"},
				{"usr/local/sbin/haproxy", "\x002.7.3-1065b10\x00\x00\x00HAProxy version follows", "2.7.3"},
				{"usr/local/sbin/haproxy", "HAProxy version follows\x00", ""},
			},
		},
		{
			id:    "varnish-binary",
			globs: []string{"varnishd"},
			find:  []pattern{near("varnish-", `varnish-(?:plus-)?([0-9]+\.[0-9]+\.[0-9]+) revision `)},
			name:  "varnish", cpes: []string{"varnish_cache_project:varnish_cache", "varnish-software:varnish_cache"},
			source:   "Varnish lib/libvarnish/version.c: VCS_String",
			verified: "Debian 12 varnish 7.1.1",
			tests: []sample{
				{"usr/sbin/varnishd", "\x00varnish-7.1.1 revision 7cee1c58", "7.1.1"},
				{"usr/sbin/varnishd", "varnish-modules", ""},
			},
		},
		{
			id:    "squid-binary",
			globs: []string{"squid"},
			find:  []pattern{near("squid/", `\x00squid/([0-9]+\.[0-9]+(?:\.[0-9]+)?)\x00`)},
			name:  "squid", cpes: []string{"squid-cache:squid"},
			source:   "Squid include/version.h and src/globals.h: APP_FULLNAME",
			verified: "Debian 12 squid 5.7",
			tests: []sample{
				{"usr/sbin/squid", "in '\x00squid/5.7\x00;\t ", "5.7"},
				{"usr/sbin/squid", "/var/run/squid/5.pid", ""},
			},
		},
		{
			id:    "envoy-binary",
			globs: []string{"envoy"},
			find: []pattern{
				within("DeltaDiscoveryResponse.removed_resources\x00", 0, 16, `removed_resources\x00(1\.[0-9]+\.[0-9]+(?:-dev)?)\x00`),
				within("\x001.", 1000, 1000, `(?:envoy[_./][^\x00]*|\[source/[^\x00]*)\x00(?:[^\x00]*\x00){0,12}(1\.[1-4][0-9]\.[0-9]+(?:-dev)?)\x00|`+
					`\x00(1\.[1-4][0-9]\.[0-9]+(?:-dev)?)\x00(?:[^\x00]*\x00){0,24}?[^\x00]*(?:envoy[_./:]|ValidationError|Unable to convert YAML|TLS client send_)`),
				near("\x00RELEASE\x00", `\x00(1\.[0-9]\.[0-9]+)\x00RELEASE\x00`),
			},
			name: "envoy", cpes: []string{"envoyproxy:envoy"},
			source:   "Envoy source/common/version/version.h: BUILD_VERSION_NUMBER, a literal among Envoy's own names",
			verified: "Envoy 1.6.0 to 1.40.1, parts of the official binaries",
			tests: []sample{
				{"usr/local/bin/envoy", "ResourceErrors\x001.36.4\x00. This configuration\x00envoy_reloadable_features", "1.36.4"},
				{"usr/local/bin/envoy", "failure: {}\x001.6.0\x00RELEASE\x00{}", "1.6.0"},
				{"usr/local/bin/envoy", "deflate\x001.2.13\x00need dictionary", ""},
			},
		},
		{
			id:    "traffic-server",
			globs: []string{"traffic_server"},
			find:  []pattern{near("ATS/", `ATS/([0-9]+\.[0-9]+\.[0-9]+)\b`)},
			name:  "trafficserver", cpes: []string{"apache:traffic_server"},
			source:   "Apache Traffic Server: default of proxy.config.http.response_server_str",
			verified: "Debian 12 trafficserver 9.2.9",
			tests: []sample{
				{"opt/ats/bin/traffic_server", "\x00ATS/9.2.5\x00", "9.2.5"},
				{"opt/ats/bin/traffic_server", "ATS/x", ""},
			},
		},
		{
			id:    "privoxy",
			globs: []string{"privoxy"},
			find:  []pattern{near("Privoxy version ", `Privoxy version ([0-9]+\.[0-9]+\.[0-9]+)\b`)},
			name:  "privoxy", cpes: []string{"privoxy:privoxy"},
			source:   "Privoxy jcc.c: usage",
			verified: "Debian 12 privoxy 3.0.34",
			tests: []sample{
				{"usr/sbin/privoxy", "\x00Privoxy version 3.0.34 (https://www.privoxy.org/)\n", "3.0.34"},
				{"usr/sbin/privoxy", "Privoxy version %s", ""},
			},
		},
		{
			id:    "icecast",
			globs: []string{"icecast", "icecast2"},
			find:  []pattern{near("Icecast 2.", `\x00Icecast (2\.[0-9]+\.[0-9]+)\x00`)},
			name:  "icecast", cpes: []string{"xiph:icecast"},
			source:   "Icecast src/cfgfile.c: ICECAST_VERSION_STRING",
			verified: "Debian 12 icecast2 2.4.4",
			tests: []sample{
				{"usr/bin/icecast2", "Earth\x00Icecast 2.4.4\x00icemaster", "2.4.4"},
				{"usr/bin/icecast2", "Icecast 2.x", ""},
			},
		},
		{
			id:    "fluent-bit",
			globs: []string{"fluent-bit"},
			find: []pattern{
				within("Fluent Bit", 32, 0, `\x00([0-9]+\.[0-9]+\.[0-9]+)\x00+(?:\x1b\[1m\x00)?(?:%s)?Fluent Bit`),
			},
			purlType: "github", namespace: "fluent", name: "fluent-bit", cpes: []string{"treasuredata:fluent_bit"},
			source:   "Fluent Bit src/fluent-bit.c: flb_version",
			verified: "Fluent Bit 1.3.10, 2.2.1, 3.0.2",
			tests: []sample{
				{"fluent-bit/bin/fluent-bit", "type: \x003.0.2\x00%sFluent Bit v%s%s\n", "3.0.2"},
				{"fluent-bit/bin/fluent-bit", "\x00Fluent Bit v%s\n", ""},
			},
		},
	}
}
