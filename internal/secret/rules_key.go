package secret

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
)

// keyRules are private keys in their own formats, and signed tokens. Binary key
// stores (JKS, PKCS #12) hold no literal to find them by and are not read.
func keyRules() []Rule {
	return slices.Concat(pemRules(), keyFileRules(), webKeyRules(), tokenRules())
}

// pemReach is what precedes "PRIVATE KEY-----" in the line that opens a block.
const pemReach = 32

func pemRules() []Rule {
	const source = "RFC 7468; RFC 5958; RFC 8017 appendix A.1; RFC 5915"
	opening := func(label string) string { return pemBegin + label + pemDash + "\n" }
	closing := func(label string) string { return "\n" + pemEnd + label + pemDash + "\n" }
	block := func(label, body string) string { return opening(label) + body + closing(label) }
	host := block("OPENSSH PRIVATE KEY", sampleOpenSSH)
	return []Rule{
		{
			ID: "ssh-host-private-key", Title: "SSH host key (anyone who has it can pose as the host)",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"PRIVATE KEY" + pemDash}, Before: pemReach, After: MaxReach,
			Find: findPEM, Check: openKey, Exact: true,
			Paths: func(path string) bool {
				base := baseName(path)
				return strings.HasPrefix(base, "ssh_host_") && strings.HasSuffix(base, "_key")
			},
			Source:     "sshd(8), FILES, https://man.openbsd.org/sshd#FILES; OpenSSH PROTOCOL.key",
			True:       []string{host},
			False:      []string{block("OPENSSH PRIVATE KEY", "..."), block("ENCRYPTED PRIVATE KEY", sampleEncryptedEd25519)},
			SamplePath: "etc/ssh/ssh_host_ed25519_key",
		},
		{
			ID: "private-key-encrypted", Title: "Private key protected by a passphrase",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"PRIVATE KEY" + pemDash}, Before: pemReach, After: MaxReach,
			Find: findPEM, Exact: true,
			Check:  lockedKey,
			Source: "RFC 5958 section 3; RFC 1421 section 4.6 (Proc-Type, DEK-Info); OpenSSH PROTOCOL.key",
			True: []string{
				block("ENCRYPTED PRIVATE KEY", sampleEncryptedEd25519),
				block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,5AB3F6CE6E07CBB3C5B8CB2B2E7E4A06\n\n"+
					"q2p/a0Uy0CXm4vXr1Jw9nB6kQm8F0ZtVYb3o5uHcG7d1LsKxR2TjWiNfPeAgSvDy\n"+"cZ4hJ8lMzO9wEqX+rIoUaB=="),
			},
			False: []string{block("PRIVATE KEY", sampleEd25519), block("ENCRYPTED PRIVATE KEY", "MIGbMFcGCSqGSIb3DQ")},
		},
		{
			ID: "ssh-private-key", Title: "SSH private key (OpenSSH)",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"OPENSSH PRIVATE KEY" + pemDash}, Before: pemReach, After: MaxReach,
			Find: findPEM, Check: openKey, Exact: true,
			Source: "https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key",
			True:   []string{host, "key: |\n  " + strings.ReplaceAll(host, "\n", "\n  ")},
			False: []string{
				block("OPENSSH PRIVATE KEY", "b3BlbnNzaC1rZXktdjEAAAAA\n..."),
				block("OPENSSH PRIVATE KEY", sampleOpenSSH[:140]),
				block("PRIVATE KEY", sampleEd25519),
			},
		},
		{
			ID: "private-key", Title: "Private key (PEM)",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"PRIVATE KEY" + pemDash}, Before: pemReach, After: MaxReach,
			Find: findPEM, Check: openKey, Exact: true,
			Source: source,
			True: []string{
				block("PRIVATE KEY", sampleEd25519),
				block("EC PRIVATE KEY", sampleEC),
				`{"private_key": "` + strings.ReplaceAll(block("PRIVATE KEY", sampleEd25519), "\n", `\n`) + `"}`,
				"tls:\n  key: |\n    " + strings.ReplaceAll(block("EC PRIVATE KEY", sampleEC), "\n", "\n    "),
				`k := "` + strings.ReplaceAll(block("EC PRIVATE KEY", sampleEC), "\n", `\n" +`+"\n\t\t"+`"`) + `"`,
				"// " + strings.ReplaceAll(block("PRIVATE KEY", sampleEd25519), "\n", "\n# "),
			},
			False: []string{
				block("RSA PRIVATE KEY", "..."),
				block("RSA PRIVATE KEY", "MIIEowIBAAKCAQEA"+"<your key here>"),
				block("RSA PRIVATE KEY", "MIIEowIBAAKCAQEAv"+"3hJ2kXv1p0d"),
				opening("PRIVATE KEY") + sampleEd25519,
				block("PUBLIC KEY", sampleEd25519),
				"if strings.Contains(s, \"-----BEGIN PRIVATE KEY-----\") || strings.Contains(s, \"-----END PRIVATE KEY-----\")",
			},
		},
	}
}

// Keys made for these samples and used for nothing.
const (
	sampleEd25519 = "MC4CAQAwBQYDK2VwBCIEIAxE" + "YXCUUbbas/QdnoQ/pB8q97rUYIM7W7SEfua3hfw0"
	sampleEC      = "MHcCAQEEIIRXvxYIAFI2V7eFzn0x3hAcL37I" + "gBl4D4BA+HKjKdHCoAoGCCqGSM49\n" +
		"AwEHoUQDQgAESyDHkOvivlLFMZ0np9a0L/ZBKfEb" + "iuobIZ6InsPdZxnYNG9HLWCl\n" +
		"TMuRlXBb+rCZL5sT9SMyv+llxuT9zdmGVA=="
	sampleEncryptedEd25519 = "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQ" + "EFDDAcBAirZ6WNDXsdAAICCAAw\n" +
		"DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDd1" + "fZvQRzNJ4Rubipe7MT0EQH00\n" +
		"YNt0FGROfvZlzsv5fDxXmWsjEHwdHuT9k8lCChCf" + "6BX+XbunzXJ7MsyqzNh+qZZ/\n" +
		"SsuT+6i7+PkwVfA1GBc="
	sampleOpenSSH = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAA" + "AAAAABAAAAMwAAAAtzc2gtZW\n" +
		"QyNTUxOQAAACArF3elbArGRJhBa7pLpcsSr+vxk59200P6" + "pYhZ1sEa/QAAAIigKgl+oCoJ\n" +
		"fgAAAAtzc2gtZWQyNTUxOQAAACArF3elbArGRJhBa7pLpc" + "sSr+vxk59200P6pYhZ1sEa/Q\n" +
		"AAAEDs1i2oRiAFPAWl8aREOeXNtXmAFj+GxL3GxNaGS1qf" + "oisXd6VsCsZEmEFrukulyxKv\n" +
		"6/GTn3bTQ/qliFnWwRr9AAAAAAECAwQF"
	samplePGP = "\nlFgEawa0bRYJKwYBBAHaRw8BAQdAUfU35GA1O4a69g" + "/ySYZnqjKWeGis2iy/ns2l\n" +
		"4fIziegAAQD6I+vxNCHBofVjHoBY3tv0d/Vs0ChZUNHi" + "Yh1tCNdEMxEatA9hIDxh\n" +
		"QGIuaW52YWxpZD6IkAQTFggAOBYhBOtzeHHLRBLJlnyl" + "CaKiSGfi3N4FBQJrBrRt\n" +
		"AhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEKKi" + "SGfi3N4FFFIBAPV/ktES\n" +
		"irxdH4GhBnKJZL0JOGFRlXEBeldiXt7FP3pQAQDvzqqU" + "QQCIr/J8Bj9YyqHhegmV\n" +
		"v8j0oIUJeNooHCgUCw==\n=rpmf"
)

// findPEM spans the block whose opening line ends with the keyword.
func findPEM(w *Window) (Span, bool) {
	begin := bytes.LastIndex(w.Bytes[:w.Keyword], []byte(pemBegin))
	if begin < 0 {
		return Span{}, false
	}
	closing := pemEnd + pemLabel(w.Bytes[begin:]) + pemDash
	n := bytes.Index(w.Bytes[w.KeywordEnd:], []byte(closing))
	if n <= 0 {
		return Span{}, false
	}
	return Span{Start: begin, End: w.KeywordEnd + n + len(closing)}, true
}

// pemLabel is what a block that begins with "-----BEGIN " calls itself.
func pemLabel(block []byte) string {
	rest := block[len(pemBegin):]
	n := bytes.Index(rest[:min(len(rest), 64)], []byte(pemDash))
	return string(rest[:max(n, 0)])
}

// openKey accepts keys that need no passphrase. The rules of keys are spared what
// tells placeholders by their bytes, since a key that decodes is none; where
// packages keep keys for their tests is asked about here.
func openKey(m *Match) Confidence {
	switch key, ok := parsePrivateKey(m.Value, pemLabel(m.Value)); {
	case !ok || key.encrypted:
		return Rejected
	case key.proven:
		return doubted(m, Certain)
	}
	return doubted(m, Likely)
}

// lockedKey accepts keys that need one.
func lockedKey(m *Match) Confidence {
	switch key, ok := parsePrivateKey(m.Value, pemLabel(m.Value)); {
	case !ok || !key.encrypted:
		return Rejected
	case key.proven:
		return doubted(m, Certain)
	}
	return doubted(m, Likely)
}

func keyFileRules() []Rule {
	const (
		pgp     = "PGP PRIVATE KEY BLOCK"
		publics = "AAAAC3NzaC1lZDI1NTE5AAAAIHvNkZ/vv0Cq" + "A9A4ewnYUW+XRXW2vnfTEQOmr7F+\naWpO\n"
		plain   = puttyHeader + "3: ssh-ed25519\nEncryption: none\nComment: k\nPublic-Lines: 2\n" + publics +
			"Private-Lines: 1\n" + "AAAAIOG6kDrGcchVsuNN" + "gXOasHsXDvxrNY58T2P3dtqpWxA2\n" +
			"Private-MAC: 69be78ff0fcba4c2f2ac0b48c50ad0cd" + "670f758f179d4c145c8c48a85af7c0a8\n"
		locked = puttyHeader + "3: ssh-ed25519\nEncryption: aes256-cbc\nComment: k\nPublic-Lines: 2\n" + publics +
			"Key-Derivation: Argon2id\nArgon2-Memory: 8192\nArgon2-Passes: 13\nArgon2-Parallelism: 1\n" +
			"Argon2-Salt: c0fc96f0dfd5060cca1bd74511cd98a3\nPrivate-Lines: 1\n" +
			"yraQCohToG13QfLRysZF6Y1eG9X8cddYkXXv" + "BFb9Wukza0kzyZwsHMYzQeQdEugA\n" +
			"Private-MAC: 88b9194ce0560017708d2d8019115" + "46c54cea6fbe601cf3ee4701503bb6c73a8\n"
		ssh2Begin = "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n"
		ssh2End   = "\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n"
		ssh2Plain = ssh2Begin + "Comment: \"k\"\n" +
			"P2/56wAAAIsAAAA3aWYtbW9kbntzaWdue3JzYS1wa2NzMS1zaGExfSxlbmNyeXB0e3JzYS1wa2NzMXYyLW9hZXB9fQAAAARub25l" +
			"AAAAPIgiXTwvNf2XgjVuV/3pDVLiiibUhtgBTcGLiyKApRONoogdgFhiDLdo6j+XF393rz7kAm8EORca0G3IrQ==" + ssh2End
		ssh2Locked = ssh2Begin +
			"P2/56wAAAI8AAAA3aWYtbW9kbntzaWdue3JzYS1wa2NzMS1zaGExfSxlbmNyeXB0e3JzYS1wa2NzMXYyLW9hZXB9fQAAAAgzZGVz" +
			"LWNiYwAAADyIG3OP/CZ7udbX4OAjDeJ/qS25KcDxZWSU2ZtrTXOmhXfcLftIg49UWUh/4yxeHttOjhCM+23VW9Pgy+c=" + ssh2End
		puttySource = "https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html"
		pgpSource   = "RFC 9580 sections 5.5.3 and 6.2"
	)
	armoured := pemBegin + pgp + pemDash + "\n" + samplePGP + "\n" + pemEnd + pgp + pemDash + "\n"
	const pgpLockedBody = "\nlIYEZ0RKbBYJKwYBBAHaRw8BAQdAUfU35GA1O4a69g" + "/ySYZnqjKWeGis2iy/ns2l4fIzieg="
	return []Rule{
		{
			ID: "pgp-private-key", Title: "OpenPGP private key without a passphrase",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{pgp + pemDash}, Before: pemReach, After: MaxReach,
			Find: findOpenPGP, Check: openPGPCheck(secretOpen), Exact: true,
			Source: pgpSource,
			True:   []string{armoured},
			False:  []string{pemBegin + pgp + pemDash + "\n\n...\n" + pemEnd + pgp + pemDash, pemBegin + pgp + pemDash + "\nVersion: 1\n\n" + pgpLockedBody[:30]},
		},
		{
			ID: "pgp-private-key-encrypted", Title: "OpenPGP private key protected by a passphrase",
			Severity: advisory.Medium, Confidence: Certain,
			Keywords: []string{pgp + pemDash}, Before: pemReach, After: MaxReach,
			Find: findOpenPGP, Check: openPGPCheck(secretLocked), Exact: true,
			Source: pgpSource,
			True:   []string{pemBegin + pgp + pemDash + "\n" + sampleLockedPGP + "\n" + pemEnd + pgp + pemDash},
			False:  []string{armoured},
		},
		{
			ID: "putty-private-key", Title: "PuTTY private key",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{puttyHeader}, After: MaxReach, Find: findPutty, Exact: true,
			Check: func(m *Match) Confidence {
				key, _, ok := parsePutty(m.Value)
				if !ok || key.encryption != "none" || !key.authentic() {
					return Rejected
				}
				return doubted(m, Certain)
			},
			Source: puttySource,
			True:   []string{plain, strings.ReplaceAll(plain, "\n", "\r\n")},
			False:  []string{locked, strings.Replace(plain, "69be", "69bf", 1), puttyHeader + "2: ssh-rsa\n..."},
		},
		{
			ID: "putty-private-key-encrypted", Title: "PuTTY private key protected by a passphrase",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{puttyHeader}, After: MaxReach, Find: findPutty, Exact: true,
			Check: func(m *Match) Confidence {
				key, _, ok := parsePutty(m.Value)
				if !ok || key.encryption == "none" || len(key.private)%16 != 0 {
					return Rejected
				}
				return doubted(m, Likely)
			},
			Source: puttySource,
			True:   []string{locked},
			False:  []string{plain},
		},
		{
			ID: "ssh2-private-key", Title: "SSH private key (ssh.com)",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"}, After: MaxReach, Find: findSSH2, Exact: true,
			Check: func(m *Match) Confidence {
				if encrypted, ok := parseSSH2(m.Value); !ok || encrypted {
					return Rejected
				}
				return doubted(m, Certain)
			},
			Source: "OpenSSH sshkey.c and ssh-keygen.c (do_convert_private_ssh2), which read this format",
			True:   []string{ssh2Plain},
			False:  []string{ssh2Locked, ssh2Begin + "..." + ssh2End},
		},
		{
			ID: "ssh2-private-key-encrypted", Title: "SSH private key (ssh.com) protected by a passphrase",
			Severity: advisory.Medium, Confidence: Certain,
			Keywords: []string{"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"}, After: MaxReach, Find: findSSH2, Exact: true,
			Check: func(m *Match) Confidence {
				if encrypted, ok := parseSSH2(m.Value); !ok || !encrypted {
					return Rejected
				}
				return doubted(m, Certain)
			},
			Source: "OpenSSH sshkey.c and ssh-keygen.c (do_convert_private_ssh2), which read this format",
			True:   []string{ssh2Locked},
			False:  []string{ssh2Plain},
		},
	}
}

// sampleLockedPGP is a key whose passphrase nobody kept.
const sampleLockedPGP = "\n" +
	"lIYEawa1KRYJKwYBBAHaRw8BAQdA2VOkuHVs/d/Gf0UQ" + "a2nne1hlvXIXk4GmGDFJ\n" +
	"sqXLZ7/+BwMCYQWfa1FtQfT/nYdb/NzaQJnGDrocDkE3" + "0gJYM9HzsAO3hTAFpq9f\n" +
	"pYypmYvEbVtcTeJ2FojxEHfMbB9kX7RE2hPDHKSxo3eG" + "ST1TRsbRgrQPYyA8Y0Bi\n" +
	"LmludmFsaWQ+iJAEExYIADgWIQTeoCbVd6tUuGdlb4DR" + "H+6c25DDUQUCawa1KQIb\n" +
	"AwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRDRH+6c" + "25DDUbtxAQDu4sx/7khS\n" +
	"Y+OVRurMFI5Y55hWbp3PJPi9Qx3axB+IPAEA165pVCp4" + "wvYrDazP2JOLAj077Tbd\n" +
	"aiDVvPWKLc9jQgY=\n" +
	"=eAJQ"

// findOpenPGP spans an armoured key; one that is cut off by the window's end
// still holds its first packets.
func findOpenPGP(w *Window) (Span, bool) {
	begin := bytes.LastIndex(w.Bytes[:w.Keyword], []byte(pemBegin))
	if begin < 0 {
		return Span{}, false
	}
	const closing = pemEnd + "PGP PRIVATE KEY BLOCK" + pemDash
	n := bytes.Index(w.Bytes[w.KeywordEnd:], []byte(closing))
	if n <= 0 {
		return Span{}, false
	}
	return Span{Start: begin, End: w.KeywordEnd + n + len(closing)}, true
}

// openPGPCheck accepts keys in this state; a checksum that is there must fit.
func openPGPCheck(wanted secretState) func(m *Match) Confidence {
	return func(m *Match) Confidence {
		_, body, sum, ok := armour(m.Value)
		if !ok {
			return Rejected
		}
		if state, reads := openPGPSecret(body); !reads || state != wanted {
			return Rejected
		}
		if stored, decodes := base64Bytes([]byte(sum)); sum != "" && decodes {
			if crc := openPGPChecksum(body); !bytes.Equal(stored, []byte{byte(crc >> 16), byte(crc >> 8), byte(crc)}) {
				return Rejected
			}
		}
		return doubted(m, Certain)
	}
}

func findPutty(w *Window) (Span, bool) {
	_, used, ok := parsePutty(w.Bytes[w.Keyword:])
	return Span{Start: w.Keyword, End: w.Keyword + used}, ok
}

func findSSH2(w *Window) (Span, bool) {
	const closing = "---- END SSH2 ENCRYPTED PRIVATE KEY ----"
	n := bytes.Index(w.Bytes[w.KeywordEnd:], []byte(closing))
	return Span{Start: w.Keyword, End: w.KeywordEnd + n + len(closing)}, n > 0
}

func webKeyRules() []Rule {
	const (
		private = `{"kty":"OKP","crv":"Ed25519","x":"DIy5HM3S4mN5tKQ9` + `ZC3Ql8R3wGmXkEo0VfYbTnJuHaI","d":"PRIVATE"}`
	)
	return []Rule{
		{
			ID: "jwk-private-key", Title: "Private JSON Web Key",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{`"kty"`}, Before: 4 << 10, After: 4 << 10,
			Find:  func(w *Window) (Span, bool) { return findWebKey(w, "d") },
			Check: func(m *Match) Confidence { return webKeyCheck(m, "d") }, Exact: true,
			Source: "RFC 7517; RFC 7518 section 6; RFC 8037 section 2",
			True:   []string{sampleWebKey},
			False: []string{
				private,
				// RFC 8037 appendix A.1.
				`{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
				`{"kty":"RSA","n":"u1SU1L","e":"AQAB","d":"..."}`,
			},
		},
		{
			ID: "jwk-symmetric-key", Title: "Symmetric JSON Web Key",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{`"kty"`}, Before: 1 << 10, After: 1 << 10,
			Find:   func(w *Window) (Span, bool) { return findWebKey(w, "k") },
			Check:  func(m *Match) Confidence { return webKeyCheck(m, "k") },
			Source: "RFC 7518 section 6.4",
			True:   []string{`{"keys":[{"kty":"oct","alg":"HS256","k":"` + "s3Vd0Qe8Jm1LrX7uTn5aWcY2bKpHfZ6gRiOo9EwSxDk" + `"}]}`},
			False: []string{
				`{"kty":"oct","k":"secret"}`,
				// RFC 7515 appendix A.1.
				`{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`,
			},
		},
		{
			ID: "wireguard-key", Title: "WireGuard private or pre-shared key",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"PrivateKey", "PresharedKey"}, Bound: true, After: 80,
			Pattern: `(?P<name>PrivateKey|PresharedKey)[ \t]*=[ \t]*(?P<secret>[0-9A-Za-z+/]{42}[AEIMQUYcgkosw048]=)(?:\s|\z)`,
			Entropy: 4,
			Check: func(m *Match) Confidence {
				key, ok := base64Bytes(m.Value)
				if !ok || len(key) != 32 {
					return Rejected
				}
				// "wg genkey" clamps what it makes (RFC 7748 section 5); a pre-shared key is no point of the curve.
				if m.Name == "PrivateKey" && (key[0]&7 != 0 || key[31]&0xc0 != 0x40) {
					return Possible
				}
				return Likely
			},
			Source: "https://man7.org/linux/man-pages/man8/wg.8.html (CONFIGURATION FILE FORMAT)",
			True:   []string{"[Interface]\nPrivateKey = " + "WCr3oSSwh5WuSM7x0Gk" + "AvYwD6EZEXk0PQ9mUyH8JdXE=\nListenPort = 51820\n"},
			False:  []string{"PrivateKey = abcdefg=\n", "PublicKey = " + "WCr3oSSwh5WuSM7x0Gk" + "AvYwD6EZEXk0PQ9mUyH8JdXE=\n", "privateKey = rsa.PrivateKey"},
		},
	}
}

const sampleWebKey = `{"keys": [{"use": "sig", "kty": "OKP", "crv": "Ed25519", "x": "td3MjxMpbS1JrpATfYFW` + `S1KZELsGJFbgmsJ33uh5Z7Y", ` +
	`"d": "DERhcJRRttqz9B2ehD` + `-kHyr3utRggztbtIR-5reF_DQ", "key_ops": ["sign"]}]}`

// webKeyAround cuts out the object that a keyword stands in. A JSON Web Key
// nests nothing but lists of words.
func webKeyAround(w *Window) (begin, end int, ok bool) {
	begin = bytes.LastIndexAny(w.Bytes[:w.Keyword], "{}")
	end = bytes.IndexAny(w.Bytes[w.KeywordEnd:], "{}")
	if begin < 0 || end < 0 || w.Bytes[begin] != '{' {
		return 0, 0, false
	}
	return begin, w.KeywordEnd + end + 1, true
}

// findWebKey spans the value of a member of the object around the keyword.
func findWebKey(w *Window, member string) (Span, bool) {
	begin, end, ok := webKeyAround(w)
	if !ok {
		return Span{}, false
	}
	object := w.Bytes[begin:end]
	name := bytes.Index(object, []byte(`"`+member+`"`))
	if name < 0 {
		return Span{}, false
	}
	from := name + len(member) + 2
	rest := bytes.TrimLeft(object[from:], ": \t\r\n")
	if len(rest) == 0 || rest[0] != '"' {
		return Span{}, false
	}
	length := bytes.IndexByte(rest[1:], '"')
	if length <= 0 {
		return Span{}, false
	}
	start := begin + len(object) - len(rest) + 1
	return Span{Start: start, End: start + length, NameStart: begin + name + 1, NameEnd: begin + from - 1}, true
}

func webKeyCheck(m *Match, member string) Confidence {
	begin, end, ok := webKeyAround(m.Window)
	if !ok || publishedWebKey(m.Value) {
		return Rejected
	}
	var key webKey
	if json.Unmarshal(m.Bytes[begin:end], &key) != nil || (key.Type == "oct") != (member == "k") {
		return Rejected
	}
	return doubted(m, key.judge())
}

// publishedWebKey knows the keys that RFC 7515, 7517 and 8037 print, by their beginnings.
func publishedWebKey(value []byte) bool {
	for _, known := range []string{
		"nWGxne_9WmC6", "jpsQnnGQmL-Y", "870MB6gfuTJ4", "Eq5xpGnNCivD", "X4cTteJY_gn4",
		"AyM1SysPpbyD", "GawgguFyGrWK", "FdFYFzERwC2u", "dwdtCnMYpX08",
	} {
		if bytes.HasPrefix(value, []byte(known)) {
			return true
		}
	}
	return false
}

// tokenKeywords are how the header of a signed token begins in base64: with
// "alg", "typ", "kid", "x5t", "jku" or "cty".
var tokenKeywords = []string{"eyJhbGci", "eyJ0eXAi", "eyJraWQi", "eyJ4NXQi", "eyJqa3Ui", "eyJjdHki"}

const tokenReach = 6 << 10

func tokenRules() []Rule {
	const (
		header    = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" + "."
		headerRSA = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9" + "."
		signature = "." + "dX3kq8hVw0Rz5YcNf7TmB2uLsJ9oPaEiG4xQvK6nHtM"
		long      = "." + "dX3kq8hVw0Rz5YcNf7TmB2uLsJ9oPaEiG4xQvK6nHtMdX3kq8hVw0Rz5YcNf7TmB2uLsJ9oPaEiG4xQvK6nHtM" +
			"dX3kq8hVw0Rz5YcNf7TmB2uLsJ9oPaEiG4xQvK6nHtMdX3kq8hVw0Rz5YcNf7TmB2uLsJ9oPaEiG4xQvK6nHtMdX3k"
		// {"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:default:ci"}
		cluster = "eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50Iiwic3ViIjoic3lzdGVtOnNl" + "cnZpY2VhY2NvdW50OmRlZmF1bHQ6Y2kifQ"
		// {"iss":"supabase","ref":"qzmrtplwkcvnhdya","role":"service_role","iat":1700000000}
		service = "eyJpc3MiOiJzdXBhYmFzZSIsInJlZiI6InF6bXJ0cGx3a2N2bmhkeWEiLCJyb2xlIjoi" + "c2VydmljZV9yb2xlIiwiaWF0IjoxNzAwMDAwMDAwfQ"
		// The same with the role "anon".
		anonymous = "eyJpc3MiOiJzdXBhYmFzZSIsInJlZiI6InF6bXJ0cGx3a2N2bmhkeWEiLCJyb2xlIjoi" + "YW5vbiIsImlhdCI6MTcwMDAwMDAwMH0"
		// {"sub":"u-7781","aud":"billing","exp":1760000000}
		user = "eyJzdWIiOiJ1LTc3ODEiLCJhdWQiOiJiaWxsaW5nIiwi" + "ZXhwIjoxNzYwMDAwMDAwfQ"
		// {"sub":"1234567890","name":"John Doe","iat":1516239022}
		sample = "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
	)
	return []Rule{
		{
			ID: "kubernetes-service-account-token", Title: "Kubernetes service account token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: tokenKeywords, Before: 1, After: tokenReach, Find: findToken, Exact: true,
			Check: func(m *Match) Confidence {
				t, ok := parseToken(m.Value)
				switch {
				case !ok || !t.ofKubernetes():
					return Rejected
				case !t.has("exp"):
					return Certain
				}
				return Likely
			},
			Source: "https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/",
			True:   []string{"token: " + headerRSA + cluster + long + "\n"},
			False:  []string{header + user + signature, headerRSA + cluster + ".short"},
		},
		{
			ID: "supabase-service-role-key", Title: "Supabase service_role key",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: tokenKeywords, Before: 1, After: 1 << 10, Find: findToken, Exact: true,
			Check: func(m *Match) Confidence {
				if t, ok := parseToken(m.Value); ok && t.ofSupabase() && t.text("role") == "service_role" {
					return Certain
				}
				return Rejected
			},
			Source: "https://supabase.com/docs/guides/api/api-keys",
			True:   []string{"SUPABASE_SERVICE_ROLE_KEY=" + header + service + signature},
			False:  []string{header + anonymous + signature, header + user + signature},
		},
		{
			ID: "json-web-token", Title: "Signed JSON Web Token",
			Severity: advisory.Medium, Confidence: Possible,
			Keywords: tokenKeywords, Before: 1, After: tokenReach, Find: findToken,
			Check:  judgeToken,
			Source: "RFC 7519; RFC 7515 section 3.1",
			True:   []string{"Authorization: Bearer " + header + user + signature, `{"t":"` + headerRSA + user + long + `"}`},
			False: []string{
				header + sample + signature,
				header + anonymous + signature,
				header + user + signature[:30],
				header + user,
				"eyJhbGciOiJub25lIn0" + "." + user + ".",
				"eyJhbGciOiJub25lIn0" + "." + user + signature,
			},
		},
	}
}

func (t *token) ofKubernetes() bool {
	return t.text("iss") == "kubernetes/serviceaccount" || t.has("kubernetes.io") || strings.HasPrefix(t.text("sub"), "system:serviceaccount:")
}

func (t *token) ofSupabase() bool { return t.text("iss") == "supabase" && t.has("ref") }

// judgeToken: when a token ends can't be told without a clock, so one that names
// an end is doubted; one that never ends and says whom it stands for is not.
func judgeToken(m *Match) Confidence {
	t, ok := parseToken(m.Value)
	if !ok || t.example() || t.ofKubernetes() || t.ofSupabase() {
		return Rejected
	}
	if t.has("exp") {
		return Possible
	}
	if slices.ContainsFunc([]string{"sub", "scope", "scp", "role", "roles", "permissions", "client_id", "user_id", "email"}, t.has) {
		return Likely
	}
	if slices.ContainsFunc([]string{"iss", "aud", "iat", "jti", "nbf"}, t.has) {
		return Possible
	}
	return Rejected
}

// findToken spans three runs of URL-safe base64 between dots.
func findToken(w *Window) (Span, bool) {
	if w.Keyword > 0 && urlByte(w.Bytes[w.Keyword-1]) {
		return Span{}, false
	}
	dots, end := 0, w.KeywordEnd
	for ; end < len(w.Bytes); end++ {
		if c := w.Bytes[end]; c == '.' && dots < 2 && w.Bytes[end-1] != '.' {
			dots++
		} else if !urlByte(c) {
			break
		}
	}
	return Span{Start: w.Keyword, End: end}, dots == 2 && w.Bytes[end-1] != '.'
}

func urlByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
