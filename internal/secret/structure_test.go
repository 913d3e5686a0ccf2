package secret

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// newKeys makes a key of each algorithm that certificates use.
func newKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"RSA": small, "ECDSA": curve, "Ed25519": edwards}
}

func pkcs8(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// wrappings are the ways in which a text may hold a block of several lines.
var wrappings = map[string]func(string) string{
	"a file":              func(s string) string { return s },
	"carriage returns":    func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	"escapes in one line": func(s string) string { return `KEY="` + strings.ReplaceAll(s, "\n", `\n`) + `"` },
	"escapes of escapes":  func(s string) string { return `"{\"k\":\"` + strings.ReplaceAll(s, "\n", `\\n`) + `\"}"` },
	"spaces in one line":  func(s string) string { return "KEY=" + strings.ReplaceAll(s, "\n", " ") },
	"an indented scalar":  func(s string) string { return "key: |\n    " + strings.ReplaceAll(s, "\n", "\n    ") },
	"a literal of C":      func(s string) string { return `"` + strings.ReplaceAll(s, "\n", "\\n\"\n\t\"") + `"` },
	"a sum of literals":   func(s string) string { return `"` + strings.ReplaceAll(s, "\n", "\\n\" +\n\t\"") + `"` },
	"a list of lines":     func(s string) string { return `["` + strings.ReplaceAll(s, "\n", `", "`) + `"]` },
	"a comment":           func(s string) string { return "# " + strings.ReplaceAll(s, "\n", "\n# ") },
	"escapes of punctuation": func(s string) string {
		return `"` + strings.NewReplacer("\n", `\n`, "=", `\u003d`, "/", `\/`).Replace(s) + `"`
	},
}

func TestPrivateKeysAreFoundHoweverATextWrapsThem(t *testing.T) {
	engine, err := NewEngine(keyRules())
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, key := range newKeys(t) {
		text := pkcs8(t, key)
		for name, wrap := range wrappings {
			hits := search(t, engine, "app/config", []byte(wrap(text)))
			if len(hits) != 1 || hits[0].Confidence != Certain || hits[0].Rule.ID != "private-key" {
				t.Errorf("%s in %s: %+v", algorithm, name, hits)
			}
			if _, ok := KeyFingerprint([]byte(wrap(text))); !ok {
				t.Errorf("%s in %s has no fingerprint", algorithm, name)
			}
		}
	}
}

func TestDamagedPrivateKeysAreNone(t *testing.T) {
	engine, err := NewEngine(keyRules())
	if err != nil {
		t.Fatal(err)
	}
	text := pkcs8(t, newKeys(t)["RSA"])
	lines := strings.Split(text, "\n")
	for name, damaged := range map[string]string{
		"a line is missing":       strings.Join(append(lines[:5:5], lines[6:]...), "\n"),
		"an ellipsis":             lines[0] + "\n" + lines[1] + "\n...\n" + lines[len(lines)-2] + "\n",
		"no body":                 lines[0] + "\n" + lines[len(lines)-2],
		"no end":                  strings.Join(lines[:10], "\n"),
		"another kind's end":      strings.Replace(text, "END PRIVATE", "END RSA PRIVATE", 1),
		"random bytes":            lines[0] + "\n" + made(base64Std, 64) + "\n" + lines[len(lines)-2],
		"a key under other names": strings.ReplaceAll(text, "PRIVATE KEY", "TSS2 PRIVATE KEY"),
	} {
		if hits := search(t, engine, "app/config", []byte(damaged)); len(hits) != 0 {
			t.Errorf("%s: %s, %v", name, hits[0].Rule.ID, hits[0].Confidence)
		}
	}
}

func TestAKeyAndItsCertificateHaveOneFingerprint(t *testing.T) {
	keys := newKeys(t)
	fingerprints := map[string]string{}
	for algorithm, key := range keys {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a"}, NotAfter: time.Unix(2000000000, 0)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		private := pkcs8(t, key)
		ofKey, ok := KeyFingerprint([]byte("# a comment\n" + string(certificate) + private))
		ofCertificate, ok2 := CertificateFingerprint(append([]byte(private), certificate...))
		if !ok || !ok2 || ofKey != ofCertificate {
			t.Errorf("%s: key %q, certificate %q", algorithm, ofKey, ofCertificate)
		}
		fingerprints[ofKey] = algorithm
	}
	if len(fingerprints) != len(keys) {
		t.Error("different keys share a fingerprint")
	}
	for _, none := range []string{"", "-----BEGIN PRIVATE KEY-----", pemBegin + "CERTIFICATE" + pemDash + "\nAAAA\n" + pemEnd + "CERTIFICATE" + pemDash} {
		if f, ok := KeyFingerprint([]byte(none)); ok {
			t.Errorf("%q has the fingerprint %s", none, f)
		}
		if f, ok := CertificateFingerprint([]byte(none)); ok {
			t.Errorf("%q has the fingerprint %s", none, f)
		}
	}
}

func TestAnOpenSSHKeyHasTheFingerprintOfItsPublicHalf(t *testing.T) {
	text := pemBegin + "OPENSSH PRIVATE KEY" + pemDash + "\n" + sampleOpenSSH + "\n" + pemEnd + "OPENSSH PRIVATE KEY" + pemDash
	got, ok := KeyFingerprint([]byte(text))
	// The second field of the public key that ssh-keygen wrote beside it.
	public, _ := base64Bytes([]byte("AAAAC3NzaC1lZDI1NTE5AAAAICsXd6VsCsZEmEFrukulyxKv6/GTn3bTQ/qliFnWwRr9"))
	want, _ := publicFingerprint(ed25519.PublicKey(public[len(public)-ed25519.PublicKeySize:]))
	if !ok || got != want {
		t.Errorf("fingerprint %q, want %q", got, want)
	}
}

// FuzzKeyMaterial holds every parser of keys and tokens to not failing on any bytes.
func FuzzKeyMaterial(f *testing.F) {
	for _, r := range keyRules() {
		for _, sample := range r.True {
			f.Add([]byte(sample))
		}
	}
	engine, err := NewEngine(keyRules())
	if err != nil {
		f.Fatal(err)
	}
	words := engine.Words()
	f.Fuzz(func(_ *testing.T, b []byte) {
		s := engine.Begin("etc/ssh/ssh_host_x_key")
		for w := range words {
			for at := 0; ; at++ {
				n := bytes.Index(b[at:], []byte(words[w].Text))
				if n < 0 {
					break
				}
				at += n
				s.Keyword(b, 0, w, at)
			}
		}
		s.Hits()
		openPGPSecret(b)
		parsePrivateKey(b, pemLabel(append([]byte(pemBegin), b...)))
		parseToken(b)
		KeyFingerprint(b)
		CertificateFingerprint(b)
	})
}
