package runtimes

import "strings"

// networkServers are servers of names, mail, files, time and tunnels.
func networkServers() []classifier {
	return []classifier{
		{
			id: "bind-named", globs: []string{"named"},
			find: []pattern{near("libisc-9.", `libisc-(9\.[0-9]+\.[0-9]+)[^\x00/]*\.so`)},
			name: "bind", cpes: []string{"isc:bind"},
			source: "BIND 9.16 and later: libraries carry the release in their names", verified: "Debian 12 bind9 9.18.49",
			tests: []sample{
				{"usr/local/sbin/named", "\x00libisc-9.18.49-1~deb12u3-Debian.so\x00", "9.18.49"},
				{"usr/local/sbin/named", "\x00libisc.so.1100\x00", ""},
			},
		},
		{
			id: "unbound", globs: []string{"unbound"},
			find: []pattern{near("unbound 1.", `\x00unbound (1\.[0-9]+\.[0-9]+)[.\x00]`)},
			name: "unbound", cpes: []string{"nlnetlabs:unbound"},
			source: "Unbound: PACKAGE_STRING, used by daemon/daemon.c", verified: "Debian 12 unbound 1.17.1",
			tests: []sample{
				{"opt/unbound/sbin/unbound", "READY=1\x00unbound 1.17.1\x00start of service", "1.17.1"},
				{"opt/unbound/sbin/unbound", "unbound 1.x", ""},
			},
		},
		{
			id: "nsd", globs: []string{"nsd"},
			find: []pattern{near("NSD ", `\x00NSD ([0-9]+\.[0-9]+\.[0-9]+)\x00`)},
			name: "nsd", cpes: []string{"nlnetlabs:nsd"},
			source: "NSD: PACKAGE_STRING, the dnstap version", verified: "Debian 12 nsd 4.6.1",
			tests: []sample{
				{"usr/sbin/nsd", "dnstap.Dnstap\x00NSD 4.6.1\x00closing", "4.6.1"},
				{"usr/sbin/nsd", "NSD version", ""},
			},
		},
		{
			id: "knot-dns", globs: []string{"knotd"},
			find: []pattern{near("Knot DNS ", `Knot DNS ([0-9]+\.[0-9]+\.[0-9]+)\b`)},
			name: "knot-dns", cpes: []string{"nic:knot_dns"},
			source: "Knot DNS: PACKAGE_STRING", verified: "Debian 12 knot 3.2.6",
			tests: []sample{
				{"usr/sbin/knotd", "\x00Knot DNS 3.2.6\x00ZONE", "3.2.6"},
				{"usr/sbin/knotd", "Knot DNS daemon", ""},
			},
		},
		{
			id: "pdns-recursor", globs: []string{"pdns_recursor"},
			find: []pattern{near("pdns-recursor ", `\x00pdns-recursor ([0-9]+\.[0-9]+\.[0-9]+)\x00`)},
			name: "pdns-recursor", cpes: []string{"powerdns:recursor"},
			source: "PowerDNS Recursor: PACKAGE_STRING", verified: "Debian 12 pdns-recursor 4.8.8",
			tests: []sample{
				{"usr/sbin/pdns_recursor", "char>]\x00pdns-recursor 4.8.8\x00Error", "4.8.8"},
				{"usr/sbin/pdns_recursor", "/etc/pdns-recursor ", ""},
			},
		},
		{
			id: "dnsmasq", globs: []string{"dnsmasq"},
			find: []pattern{near("dnsmasq-", `\x00dnsmasq-([0-9]+\.[0-9]+)\x00`)},
			name: "dnsmasq", cpes: []string{"thekelleys:dnsmasq", "dnsmasq:dnsmasq"},
			source: "dnsmasq src/option.c: answer to version.bind", verified: "Debian 12 dnsmasq-base 2.90",
			tests: []sample{
				{"usr/sbin/dnsmasq", "dnsmasq.conf\x00dnsmasq-2.90\x00version.bind", "2.90"},
				{"usr/sbin/dnsmasq", "\x00dnsmasq-dhcp\x00", ""},
			},
		},
		{
			id: "chrony", globs: []string{"chronyd"},
			find: []pattern{near("--version\x00", `--version\x00([0-9]+\.[0-9]+(?:\.[0-9]+)?)\x00`)},
			name: "chrony", cpes: []string{"tuxfamily:chrony"},
			source: "chrony main.c: CHRONY_VERSION follows the option", verified: "Debian 12 chrony 4.3",
			tests: []sample{
				{"usr/sbin/chronyd", "--help\x00--version\x004.3\x0046df:F:", "4.3"},
				{"usr/sbin/chronyd", "--version\x00%s\x00", ""},
			},
		},
		{
			id: "postfix", globs: []string{"postfix/*/master", "postfix/master", "postconf"},
			find: []pattern{near("mail_version=", `\x00mail_version=([0-9]+\.[0-9]+\.[0-9]+)\x00`)},
			name: "postfix", cpes: []string{"postfix:postfix"},
			source: "Postfix src/global/mail_version.h: MAIL_VERSION_STAMP", verified: "Debian 12 postfix 3.7.11",
			tests: []sample{
				{"usr/sbin/postconf", "\x00mail_version=3.7.11\x00MAIL_VERBOSE", "3.7.11"},
				{"usr/sbin/postconf", "mail_version=%s", ""},
			},
		},
		{
			id: "exim", globs: []string{"exim", "exim4", "exim-[0-9]*"},
			find: []pattern{near("<<eximversion>>", `\x00([0-9]+\.[0-9]+(?:\.[0-9]+)?)[-_A-Za-z0-9]*\x00<<eximversion>>`)},
			name: "exim", cpes: []string{"exim:exim"},
			source: "Exim src/version.c: version_init", verified: "Debian 12 exim4-daemon-light 4.96",
			tests: []sample{
				{"usr/sbin/exim", "<<eximcnumber>>\x004.96\x00<<eximversion>>\x00", "4.96"},
				{"usr/sbin/exim", "<<eximversion>>\x004.96\x00", ""},
			},
		},
		{
			id: "dovecot", globs: []string{"dovecot", "libdovecot.so*"},
			find: []pattern{
				near("Dovecot v", `Dovecot v([0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)?)\b`),
				near("DOVECOT_VERSION\x00", `DOVECOT_VERSION\x00([0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)?)\x00`),
			},
			name: "dovecot", cpes: []string{"dovecot:dovecot"},
			source: "Dovecot src/master/main.c and lib-master/master-service.c", verified: "Debian 12 dovecot-core 2.3.19.1",
			tests: []sample{
				{"usr/sbin/dovecot", "\x00Dovecot v2.3.19.1 (9b53102964) starting up", "2.3.19.1"},
				{"usr/lib/dovecot/libdovecot.so.0.0.0", "DOVECOT_VERSION\x002.3.19.1\x00SOCKET", "2.3.19.1"},
				{"usr/sbin/dovecot", "Dovecot v%s", ""},
			},
		},
		{
			id: "proftpd", globs: []string{"proftpd"},
			find: []pattern{near("ProFTPD Version ", `\x00ProFTPD Version ([0-9]+\.[0-9]+\.[0-9]+[a-z]?)`)},
			name: "proftpd", cpes: []string{"proftpd:proftpd"},
			source: "ProFTPD src/main.c", verified: "Debian 12 proftpd-core 1.3.8",
			tests: []sample{
				{"usr/sbin/proftpd", "\x00ProFTPD Version 1.3.8\x00LANG", "1.3.8"},
				{"usr/sbin/proftpd", "ProFTPD Version: %s", ""},
			},
		},
		{
			id: "vsftpd", globs: []string{"vsftpd"},
			find: []pattern{near("vsftpd: version ", `vsftpd: version ([0-9]+\.[0-9]+\.[0-9]+)`)},
			name: "vsftpd", cpes: []string{"vsftpd_project:vsftpd"},
			source: "vsftpd main.c", verified: "Debian 12 vsftpd 3.0.3",
			tests: []sample{
				{"usr/sbin/vsftpd", "\x00vsftpd: version 3.0.3\n\x00", "3.0.3"},
				{"usr/sbin/vsftpd", "vsftpd: version \x00", ""},
			},
		},
		{
			id: "samba", globs: []string{"smbd", "samba", "winbindd"},
			find: []pattern{near("SAMBA_4.", `\x00SAMBA_(4\.[0-9]+\.[0-9]+)[_\x00]`)},
			name: "samba", cpes: []string{"samba:samba"},
			source: "Samba: private libraries' symbol version", verified: "Debian 12 samba 4.17.12",
			tests: []sample{
				{"usr/local/samba/sbin/smbd", "\x00SAMBA_4.17.12_DEBIAN_SAMBA4\x00", "4.17.12"},
				{"usr/local/samba/sbin/smbd", "\x00SAMBA_4.conf\x00", ""},
			},
		},
		{
			id: "mosquitto", globs: []string{"mosquitto"},
			find: []pattern{near("\x00mosquitto version", `\x00([0-9]+\.[0-9]+\.[0-9]+)\x00mosquitto version`)},
			name: "mosquitto", cpes: []string{"eclipse:mosquitto"},
			source: "Mosquitto src/conf.c and mosquitto.c: VERSION", verified: "Debian 12 mosquitto 2.0.11",
			tests: []sample{
				{"usr/sbin/mosquitto", "remapping.\x002.0.11\x00mosquitto version %s\n", "2.0.11"},
				{"usr/sbin/mosquitto", "\x00mosquitto version %s", ""},
			},
		},
		{
			id: "openssh", globs: []string{"sshd", "ssh", "sshd-session"},
			find: []pattern{near("OpenSSH_", `OpenSSH_([0-9]+\.[0-9]+(?:\.[0-9]+)?p[0-9]+)`)},
			name: "openssh", cpes: []string{"openbsd:openssh"}, cpeVersion: opensshCPEVersion,
			source: "OpenSSH version.h: SSH_RELEASE", verified: "Debian 12 openssh 9.2p1",
			tests: []sample{
				{"usr/sbin/sshd", "verifier\x00OpenSSH_9.2p1\x00SSH-%d.%d", "9.2p1"},
				{"usr/sbin/sshd", "OpenSSH_4*,OpenSSH_5*", ""},
			},
		},
		{
			id: "openvpn", globs: []string{"openvpn"},
			find: []pattern{near("OpenVPN 2.", `\x00OpenVPN (2\.[0-9]+\.[0-9]+) [a-z0-9_]+-`)},
			name: "openvpn", cpes: []string{"openvpn:openvpn"},
			source: "OpenVPN src/openvpn/options.c: title_string", verified: "Debian 12 openvpn 2.6.14",
			tests: []sample{
				{"usr/sbin/openvpn", "\x00OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)]", "2.6.14"},
				{"usr/sbin/openvpn", "OpenVPN 2.0 P2MP", ""},
			},
		},
		{
			id: "strongswan", globs: []string{"charon", "charon-systemd"},
			find: []pattern{near("strongSwan ", `\(strongSwan ([0-9]+\.[0-9]+\.[0-9]+)`)},
			name: "strongswan", cpes: []string{"strongswan:strongswan"},
			source: "strongSwan src/charon/charon.c", verified: "Debian 12 strongswan-charon 5.9.8",
			tests: []sample{
				{"usr/lib/ipsec/charon", "IKE charon daemon (strongSwan 5.9.8, %s %s, %s)", "5.9.8"},
				{"usr/lib/ipsec/charon", "Linux strongSwan %s", ""},
			},
		},
		{
			id: "stunnel", globs: []string{"stunnel", "stunnel4"},
			find: []pattern{near("stunnel ", `\x00stunnel ([0-9]+\.[0-9]+) on [a-z0-9_]+-`)},
			name: "stunnel", cpes: []string{"stunnel:stunnel"},
			source: "stunnel src/version.h: STUNNEL_BANNER", verified: "Debian 12 stunnel4 5.68",
			tests: []sample{
				{"usr/bin/stunnel", "\x00stunnel 5.68 on x86_64-pc-linux-gnu platform\x00", "5.68"},
				{"usr/bin/stunnel", "stunnel 5 on", ""},
			},
		},
		{
			id: "keepalived", globs: []string{"keepalived"},
			find: []pattern{near("Keepalived v", `Keepalived v([0-9]+\.[0-9]+\.[0-9]+)\b`)},
			name: "keepalived", cpes: []string{"keepalived:keepalived"},
			source: "Keepalived lib/vers.h: VERSION_STRING", verified: "Debian 12 keepalived 2.2.7",
			tests: []sample{
				{"usr/sbin/keepalived", "\x00Keepalived v2.2.7 (01/16,2022)\x00", "2.2.7"},
				{"usr/sbin/keepalived", "Keepalived v%d", ""},
			},
		},
		{
			id: "tor", globs: []string{"tor"},
			find: []pattern{near("\x00tor 0.", `\x00tor (0\.[0-9]+\.[0-9]+\.[0-9]+)[-.a-z0-9]*\x00`)},
			name: "tor", cpes: []string{"torproject:tor"},
			source: "Tor: the name of the build, src/app/config", verified: "Debian 12 tor 0.4.9.11",
			tests: []sample{
				{"usr/bin/tor", "FD\x00tor 0.4.9.11\x00\x00\x00INTERNAL", "0.4.9.11"},
				{"usr/bin/tor", "\x00tor 0.x\x00", ""},
			},
		},
		{
			id: "coturn", globs: []string{"turnserver"},
			find: []pattern{near("Coturn-", `Coturn-([0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)?) '`)},
			name: "coturn", cpes: []string{"coturn_project:coturn"},
			source: "coturn src/apps/relay: TURN_SOFTWARE", verified: "Debian 12 coturn 4.6.1",
			tests: []sample{
				{"usr/bin/turnserver", "TURN Server\x00Coturn-4.6.1 'Gorst'\x00", "4.6.1"},
				{"usr/bin/turnserver", "Coturn-'x'", ""},
			},
		},
		{
			id: "freeradius", globs: []string{"freeradius", "radiusd"},
			find: []pattern{near("FreeRADIUS Version ", `FreeRADIUS Version ([0-9]+\.[0-9]+\.[0-9]+)\b`)},
			name: "freeradius", cpes: []string{"freeradius:freeradius"},
			source: "FreeRADIUS src/main/version.c: radiusd_version", verified: "Debian 12 freeradius 3.2.1",
			tests: []sample{
				{"usr/sbin/freeradius", "\x00FreeRADIUS Version 3.2.1, for host x86_64", "3.2.1"},
				{"usr/sbin/freeradius", "FreeRADIUS Version %s", ""},
			},
		},
		{
			id: "kamailio", globs: []string{"kamailio"},
			find: []pattern{near("kamailio (", `kamailio \(([0-9]+\.[0-9]+\.[0-9]+) \(`)},
			name: "kamailio", cpes: []string{"kamailio:kamailio"},
			source: "Kamailio src/core/config.h: SERVER_HDR", verified: "Debian 12 kamailio 5.6.3",
			tests: []sample{
				{"usr/sbin/kamailio", "\x00Server: kamailio (5.6.3 (x86_64/linux))\x00", "5.6.3"},
				{"usr/sbin/kamailio", "kamailio (%s)", ""},
			},
		},
		{
			id: "zabbix-server", globs: []string{"zabbix_server", "zabbix_agentd", "zabbix_proxy"},
			find: []pattern{near("Zabbix ", `\x00Zabbix ([0-9]+\.[0-9]+\.[0-9]+)(?:rc[0-9]+)?\x00`)},
			name: "zabbix", cpes: []string{"zabbix:zabbix"},
			source: "Zabbix: user agent of HTTP checks", verified: "Debian 12 zabbix-server-mysql 6.0.14",
			tests: []sample{
				{"usr/sbin/zabbix_server", "/%s\x00Zabbix 6.0.14\x00Cannot", "6.0.14"},
				{"usr/sbin/zabbix_server", "Zabbix server", ""},
			},
		},
		{
			id: "openldap-ldapsearch", globs: []string{"ldapsearch", "slapd"},
			find: []pattern{near("$OpenLDAP: ", `\$OpenLDAP: (?:ldapsearch|slapd) ([0-9]+\.[0-9]+\.[0-9]+)`)},
			name: "openldap", cpes: []string{"openldap:openldap"},
			source: "OpenLDAP build/version.h: the what(1) string", verified: "Debian 12 ldap-utils and slapd 2.5.13",
			tests: []sample{
				{"opt/openldap/bin/ldapsearch", "@(#) $OpenLDAP: ldapsearch 2.5.13+dfsg-5 (Feb", "2.5.13"},
				{"opt/openldap/bin/ldapsearch", "$OpenLDAP$", ""},
			},
		},
		{
			id: "rsync", globs: []string{"rsync"},
			find:  []pattern{within("\x003.", 0, 12, `\A\x00(3\.[0-9]+\.[0-9]+)(?:pre[0-9]+)?\x00`)},
			needs: "/etc/rsyncd.conf",
			name:  "rsync", cpes: []string{"samba:rsync"},
			source: "rsync usage.c: rsync_version", verified: "Debian 12 rsync 3.5.0",
			tests: []sample{
				{"usr/bin/rsync", "%s\"\x003.5.0\x00copyright /etc/rsyncd.conf", "3.5.0"},
				{"usr/bin/rsync", "\x003.5.0\x00", ""},
			},
		},
	}
}

// opensshCPEVersion splits the portable release off: openssh:9.2:p1.
func opensshCPEVersion(version string) (v, update string) {
	if i := strings.IndexByte(version, 'p'); i > 0 {
		return version[:i], version[i:]
	}
	return version, ""
}
