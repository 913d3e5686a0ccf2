package grypedb

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
)

// apkProducts gives the CPE products ("vendor:product") of source packages of
// Alpine and the distributions built with its tools. Their advisories list only
// what was fixed, so grype also asks NVD, by CPEs that it guesses from names;
// these are the ones known to be right (aports' APKBUILD files; NVD's CPE
// dictionary). A version at the end of a name ("python-3.12", "nodejs-18")
// is left out.
var apkProducts = map[string][]string{
	"apache2":         {"apache:http_server"},
	"avahi":           {"avahi:avahi"},
	"bash":            {"gnu:bash"},
	"bind":            {"isc:bind"},
	"binutils":        {"gnu:binutils"},
	"busybox":         {"busybox:busybox"},
	"c-ares":          {"c-ares:c-ares", "c-ares_project:c-ares"},
	"cairo":           {"cairographics:cairo"},
	"composer":        {"getcomposer:composer"},
	"consul":          {"hashicorp:consul"},
	"containerd":      {"linuxfoundation:containerd"},
	"cups":            {"openprinting:cups", "apple:cups"},
	"curl":            {"haxx:curl"},
	"dnsmasq":         {"thekelleys:dnsmasq", "dnsmasq:dnsmasq"},
	"docker":          {"docker:docker"},
	"dovecot":         {"dovecot:dovecot", "open-xchange:dovecot"},
	"e2fsprogs":       {"e2fsprogs_project:e2fsprogs"},
	"erlang":          {"erlang:erlang\\/otp"},
	"exim":            {"exim:exim"},
	"expat":           {"libexpat_project:libexpat"},
	"ffmpeg":          {"ffmpeg:ffmpeg"},
	"file":            {"file_project:file", "file:file"},
	"freetype":        {"freetype:freetype"},
	"gcc":             {"gnu:gcc"},
	"ghostscript":     {"artifex:ghostscript"},
	"giflib":          {"giflib_project:giflib"},
	"git":             {"git-scm:git", "git:git"},
	"glib":            {"gnome:glib"},
	"gnupg":           {"gnupg:gnupg"},
	"gnutls":          {"gnu:gnutls"},
	"go":              {"golang:go"},
	"grafana":         {"grafana:grafana"},
	"graphicsmagick":  {"graphicsmagick:graphicsmagick"},
	"gzip":            {"gnu:gzip"},
	"haproxy":         {"haproxy:haproxy"},
	"harfbuzz":        {"harfbuzz_project:harfbuzz"},
	"imagemagick":     {"imagemagick:imagemagick"},
	"jq":              {"jqlang:jq", "jq_project:jq"},
	"krb5":            {"mit:kerberos_5"},
	"less":            {"greenwoodsoftware:less", "gnu:less"},
	"libarchive":      {"libarchive:libarchive"},
	"libcap":          {"libcap_project:libcap"},
	"libjpeg-turbo":   {"libjpeg-turbo:libjpeg-turbo"},
	"libpcap":         {"tcpdump:libpcap"},
	"libpng":          {"libpng:libpng"},
	"libssh":          {"libssh:libssh"},
	"libssh2":         {"libssh2:libssh2"},
	"libuv":           {"libuv:libuv"},
	"libvpx":          {"webmproject:libvpx"},
	"libxml2":         {"xmlsoft:libxml2"},
	"libxslt":         {"xmlsoft:libxslt"},
	"lighttpd":        {"lighttpd:lighttpd"},
	"linux-pam":       {"linux-pam:linux-pam"},
	"lua":             {"lua:lua"},
	"luajit":          {"luajit:luajit"},
	"mariadb":         {"mariadb:mariadb"},
	"mbedtls":         {"arm:mbed_tls", "mbed-tls:mbedtls"},
	"memcached":       {"memcached:memcached"},
	"mosquitto":       {"eclipse:mosquitto"},
	"musl":            {"musl-libc:musl"},
	"ncurses":         {"gnu:ncurses"},
	"neovim":          {"neovim:neovim"},
	"net-snmp":        {"net-snmp:net-snmp"},
	"nghttp2":         {"nghttp2:nghttp2"},
	"nginx":           {"f5:nginx", "nginx:nginx"},
	"nodejs":          {"nodejs:node.js"},
	"nodejs-current":  {"nodejs:node.js"},
	"openjpeg":        {"uclouvain:openjpeg"},
	"openldap":        {"openldap:openldap"},
	"openssh":         {"openbsd:openssh"},
	"openssl":         {"openssl:openssl"},
	"openvpn":         {"openvpn:openvpn"},
	"pcre2":           {"pcre:pcre2"},
	"perl":            {"perl:perl"},
	"php":             {"php:php"},
	"poppler":         {"freedesktop:poppler"},
	"postfix":         {"postfix:postfix"},
	"postgresql":      {"postgresql:postgresql"},
	"prometheus":      {"prometheus:prometheus"},
	"python":          {"python:python"},
	"qemu":            {"qemu:qemu"},
	"rabbitmq-server": {"vmware:rabbitmq", "broadcom:rabbitmq_server"},
	"redis":           {"redis:redis", "redislabs:redis"},
	"rsync":           {"samba:rsync"},
	"ruby":            {"ruby-lang:ruby"},
	"runc":            {"linuxfoundation:runc"},
	"samba":           {"samba:samba"},
	"sqlite":          {"sqlite:sqlite"},
	"squid":           {"squid-cache:squid"},
	"strongswan":      {"strongswan:strongswan"},
	"subversion":      {"apache:subversion"},
	"sudo":            {"sudo_project:sudo"},
	"systemd":         {"systemd_project:systemd", "freedesktop:systemd"},
	"tar":             {"gnu:tar"},
	"tcpdump":         {"tcpdump:tcpdump"},
	"tiff":            {"libtiff:libtiff"},
	"tmux":            {"tmux_project:tmux"},
	"traefik":         {"traefik:traefik"},
	"unbound":         {"nlnetlabs:unbound"},
	"util-linux":      {"kernel:util-linux"},
	"valkey":          {"linuxfoundation:valkey", "lfprojects:valkey"},
	"varnish":         {"varnish_cache_project:varnish_cache", "varnish-software:varnish_cache"},
	"vault":           {"hashicorp:vault"},
	"vim":             {"vim:vim"},
	"wget":            {"gnu:wget"},
	"wolfssl":         {"wolfssl:wolfssl"},
	"xz":              {"tukaani:xz"},
	"zlib":            {"zlib:zlib"},
}

// apkProduct returns the products of a source package.
func apkProduct(source string) []string {
	if products, ok := apkProducts[source]; ok {
		return products
	}
	return apkProducts[strings.TrimRight(strings.TrimRight(source, "0123456789."), "-")]
}

// searchApkProducts asks NVD's records about an apk package. They count only
// where the distribution's records are silent, and never say what fixes it:
// NVD knows releases of the product, not of the package.
func (m *matcher) searchApkProducts(p *inventory.Package) ([]finding, error) {
	products := apkProduct(p.SourceName())
	if len(products) == 0 {
		return nil, nil
	}
	settled, err := m.namedBy(p)
	if err != nil {
		return nil, err
	}
	upstream, _, _ := strings.Cut(p.SourceVersion(), "-r")
	var all []finding
	for _, text := range products {
		vendor, product, _ := strings.Cut(text, ":")
		c := cpeName{part: "a", vendor: unquote(vendor), product: unquote(product), version: upstream}
		found, err := m.searchCPE(p, &c, version.Apk)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if slices.ContainsFunc(f.ids(), func(id string) bool { return settled[lower(id)] }) {
				continue
			}
			f.override = true
			if f.state, f.fixes, _ = fixOf(f.spans); f.state == advisory.Fixed {
				f.state, f.fixes = advisory.FixUnknown, nil
			}
			all = append(all, f)
		}
	}
	return all, nil
}

// namedBy returns the identifiers of every record that the distribution has of
// the package, whichever versions it is about.
func (m *matcher) namedBy(p *inventory.Package) (map[string]bool, error) {
	ids := map[string]bool{}
	for _, s := range m.osSearches(p) {
		handles, err := m.lookup(p.Type, s.name, m.oses...)
		if err != nil {
			return nil, err
		}
		for i := range handles {
			v, err := m.vuln(handles[i].vuln)
			if err != nil {
				return nil, err
			}
			f := finding{handle: &handles[i], vuln: v}
			for _, id := range f.ids() {
				ids[lower(id)] = true
			}
		}
	}
	return ids, nil
}
