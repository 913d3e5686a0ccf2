package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
)

// networkRules are the keys of networks, directories and hosts.
func networkRules() []Rule {
	password := made(base62, 17)
	return []Rule{
		with(fileRule("wifi-key", "Key of a wireless network", advisory.Medium,
			"https://w1.fi/cgit/hostap/plain/wpa_supplicant/wpa_supplicant.conf; https://networkmanager.dev/docs/api/latest/nm-settings-keyfile.html",
			files("wpa_supplicant*.conf", "*.nmconnection", "system-connections/*", "hostapd*.conf", "*.psk"), "etc/wpa_supplicant/wpa_supplicant.conf", "=",
			func(name string) bool {
				return slices.Contains([]string{"psk", "wpa_psk", "wpa_passphrase", "sae_password", "password", "passphrase", "wep_key0", "wep-key0", "leap-password"}, name)
			}, "psk=", "wpa_psk", "passphrase", "password", "wep_key0", "wep-key0"),
			[]string{"network={\n\tssid=\"home\"\n\tpsk=\"" + password + "\"\n}\n"},
			[]string{"#psk=\"" + password + "\"\n", "psk=\n", "key_mgmt=WPA-PSK\n"}),
		{
			ID: "ldap-bind-password", Title: "Password with which a host binds to its directory",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"bindpw", "rootbindpw", "ldap_default_authtok", "olcRootPW", "rootpw"}, Bound: true, Before: 128, After: 200,
			Find: findSetting(" \t=:", func(name string) bool {
				return slices.Contains([]string{"bindpw", "rootbindpw", "ldap_default_authtok", "olcrootpw", "rootpw"}, name)
			}), Check: judgeDirectoryPassword, Opaque: true,
			Paths: func(name string) bool {
				return strings.HasSuffix(name, ".conf") || strings.HasSuffix(name, ".ldif") || strings.HasPrefix(name, "etc/")
			},
			Source: "https://arthurdejong.org/nss-pam-ldapd/nslcd.conf.5; sssd-ldap(5); slapd.conf(5)",
			True:   []string{"uri ldap://dir.internal\nbinddn cn=app\nbindpw " + password + "\n", "ldap_default_authtok = " + password + "\n", "rootpw {SSHA}" + made(base62, 38) + "==\n"},
			False:  []string{"#bindpw secret\n", "ldap_default_authtok_type = password\n", "bindpw ${LDAP_PASSWORD}\n"}, SamplePath: "etc/nslcd.conf",
		},
		{
			ID: "kerberos-keytab", Title: "Kerberos keytab (the long-term keys of a service)",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"\x05\x02\x00\x00"}, Before: 1, After: 512, Find: findKeytab, Exact: true, Opaque: true,
			Paths:  files("*.keytab", "krb5.keytab*", "*.keytab.*"),
			Source: "https://web.mit.edu/kerberos/krb5-latest/doc/formats/keytab_file_format.html",
			True:   []string{sampleKeytab()},
			False:  []string{"\x05\x02\x00\x00", "x" + sampleKeytab(), sampleKeytab()[:30]}, SamplePath: "etc/krb5.keytab",
		},
		{
			ID: "systemd-credential", Title: "Credential written into a unit of systemd",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"SetCredential="}, Bound: true, After: 300, Pattern: `SetCredential=(?P<name>[\w.@-]+):(?P<secret>[^\r\n]{4,250})`,
			Check: judgePassword, Opaque: true,
			Paths:  files("*.service", "*.socket", "*.mount", "*.conf", "*.container"),
			Source: "https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#SetCredential=ID:VALUE",
			True:   []string{"[Service]\nSetCredential=db.password:" + password + "\n"},
			False:  []string{"SetCredentialEncrypted=db:" + password + "\n", "SetCredential=\n", "SetCredential=db:%d\n"}, SamplePath: "etc/systemd/system/app.service",
		},
	}
}

// judgeDirectoryPassword takes hashes too, which RFC 3112 writes as {SCHEME}value.
func judgeDirectoryPassword(m *Match) Confidence {
	if scheme, hash, ok := bytes.Cut(m.Value, []byte("}")); ok && scheme[0] == '{' && len(hash) >= 16 {
		for _, known := range []string{"{SSHA", "{SHA", "{SMD5", "{MD5", "{CRYPT", "{ARGON2", "{PBKDF2"} {
			if bytes.HasPrefix(bytes.ToUpper(scheme), []byte(known)) {
				return Likely
			}
		}
	}
	return judgePassword(m)
}

// findKeytab reads the first entry of a keytab: version 5.2 at the file's
// beginning, a size, components of a principal, a key.
func findKeytab(w *Window) (Span, bool) {
	if w.Keyword != 0 {
		return Span{}, false
	}
	r := wire{rest: w.Bytes[2:]}
	entry := octets{rest: r.text()}
	if r.broken || len(entry.rest) < 20 {
		return Span{}, false
	}
	components := entry.octet()<<8 | entry.octet()
	if components > 16 {
		return Span{}, false
	}
	for range components + 1 {
		entry.skip(entry.octet()<<8 | entry.octet())
	}
	// Name type, timestamp, version of the key; then its type and its bytes.
	entry.skip(4 + 4 + 1 + 2)
	length := entry.octet()<<8 | entry.octet()
	if entry.broken || length < 8 || length > len(entry.rest) {
		return Span{}, false
	}
	end := len(w.Bytes) - len(r.rest) - len(entry.rest) + length
	return Span{Start: end - length, End: end}, true
}

func sampleKeytab() string {
	field := func(s string) string { return "\x00" + string(rune(len(s))) + s }
	entry := "\x00\x01" + field("A.INVALID") + field("svc") + "\x00\x00\x00\x01" + "\x00\x00\x00\x00" + "\x02" + "\x00\x12" + field(made(base62, 32))
	return "\x05\x02\x00\x00\x00" + string(rune(len(entry))) + entry
}

// storeRules are the secrets of clients of clouds and of file stores.
func storeRules() []Rule {
	refresh := "1//0" + made(base64URL, 90)
	return []Rule{
		{
			ID: "google-user-credential", Title: "Refresh token of a Google Cloud user",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{`"authorized_user"`}, Before: 1 << 10, After: 1 << 10, Apart: true,
			Pattern: `"(?P<name>refresh_token)"\s*:\s*"(?P<secret>[0-9A-Za-z/_.-]{20,})"`, Opaque: true,
			Source: "https://cloud.google.com/docs/authentication/application-default-credentials#personal",
			True:   []string{`{"client_id": "x", "client_secret": "y", "refresh_token": "` + refresh + `", "type": "authorized_user"}`},
			False:  []string{`{"type": "authorized_user", "refresh_token": ""}`, `{"type": "authorized_user", "refresh_token": "your-refresh-token-here"}`},
		},
		{
			ID: "azure-cli-token", Title: "Token that Azure's command line has stored",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{`"refreshToken"`, `"secret"`, `"accessToken"`, `"client_secret"`}, After: 6 << 10,
			Pattern: `"(?P<name>refreshToken|secret|accessToken|client_secret)"\s*:\s*"(?P<secret>[0-9A-Za-z_.~-]{32,})"`, Opaque: true,
			Paths:  files("accessTokens.json", "msal_token_cache.json", "service_principal_entries.json", "azureProfile.json"),
			Source: "https://learn.microsoft.com/cli/azure/authenticate-azure-cli",
			True:   []string{`[{"tokenType":"Bearer","refreshToken":"0.A` + made(base64URL, 300) + `"}]`},
			False:  []string{`[{"refreshToken":""}]`, `{"secret":"x"}`}, SamplePath: "root/.azure/accessTokens.json",
		},
		{
			ID: "rclone-password", Title: "Password in a configuration of rclone (obscured, not encrypted)",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"pass = ", "password = ", "password2 = ", "key_file_pass = "}, Before: 64, After: 300,
			Find: findSetting("=", nil), Exact: true, Opaque: true,
			Check: func(m *Match) Confidence {
				if text, ok := rcloneReveal(m.Value); !ok || !printable(text) {
					return Rejected
				}
				return Certain
			},
			Paths:  files("rclone.conf", ".rclone.conf", "rclone/*.conf"),
			Source: "https://rclone.org/commands/rclone_obscure/; fs/config/obscure/obscure.go",
			True:   []string{"[nas]\ntype = sftp\nuser = app\npass = " + rcloneObscure(made(base62, 12)) + "\n"},
			False:  []string{"pass = " + made(base64URL, 60) + "\n", "# pass = " + rcloneObscure("x") + "\n", "pass = op://vault/nas/password\n"}, SamplePath: "root/.config/rclone/rclone.conf",
		},
		{
			ID: "filezilla-password", Title: "Password of a server stored by FileZilla",
			Severity: advisory.Medium, Confidence: Certain,
			Keywords: []string{`<Pass encoding="base64">`}, After: 200, Find: findElement, Exact: true, Opaque: true,
			Check: func(m *Match) Confidence {
				b, ok := base64Bytes(m.Value)
				return rejectedIf(m, !ok || !printable(b) || len(b) < 4)
			},
			Source: "https://wiki.filezilla-project.org/Password; src/commonui/xml_file.cpp",
			True:   []string{`<Server><Host>h</Host><User>u</User><Pass encoding="base64">` + encoded(made(base62, 11)) + `</Pass></Server>`},
			False:  []string{`<Pass encoding="base64"></Pass>`, `<Pass encoding="base64">not base64!</Pass>`},
		},
	}
}

// rcloneCipher is the public key with which rclone hides passwords from a glance;
// its documentation says that this is no encryption.
func rcloneCipher() cipher.Block {
	block, err := aes.NewCipher([]byte("\x9c\x93\x5b\x48\x73\x0a\x55\x4d\x6b\xfd\x7c\x63\xc8\x86\xa9\x2b\xd3\x90\x19\x8e\xb8\x12\x8a\xfb\xf4\xde\x16\x2b\x8b\x95\xf6\x38"))
	if err != nil {
		panic(err) // the key's length is fixed
	}
	return block
}

func rcloneReveal(value []byte) ([]byte, bool) {
	b, err := base64.RawURLEncoding.DecodeString(string(value))
	if err != nil || len(b) <= aes.BlockSize {
		return nil, false
	}
	text := make([]byte, len(b)-aes.BlockSize)
	cipher.NewCTR(rcloneCipher(), b[:aes.BlockSize]).XORKeyStream(text, b[aes.BlockSize:])
	return text, true
}

func rcloneObscure(text string) string {
	b := append([]byte(made(base62, aes.BlockSize)), text...)
	cipher.NewCTR(rcloneCipher(), b[:aes.BlockSize]).XORKeyStream(b[aes.BlockSize:], []byte(text))
	return base64.RawURLEncoding.EncodeToString(b)
}
