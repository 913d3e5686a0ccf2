package scan_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"plimsoll/internal/triage"
)

// TestOneAccountIsOneFinding has accounts without a password, one with a shell and one
// without: the first is planted code, the second untidy, and neither is both.
func TestOneAccountIsOneFinding(t *testing.T) {
	img := imageOf(t,
		layerOf(t, [2]string{"etc/passwd", "root:x:0:0::/root:/bin/sh\n"}),
		layerOf(t, [2]string{"etc/passwd", "root:x:0:0::/root:/bin/sh\nopen::1000:1000::/:/bin/sh\nidle::1001:1001::/:/sbin/nologin\n"}),
	)
	v := judge(t, scanner(nil), folder(t, img), nil)
	planted := slices.ContainsFunc(v.Findings, func(f triage.Finding) bool {
		return f.Kind == triage.Malware && strings.Contains(f.Evidence.Detail, "open")
	})
	var said []string
	for _, h := range v.Hygiene {
		if h.Rule == "password-empty" {
			said = append(said, h.Message)
		}
	}
	if !planted || !slices.Equal(said, []string{"etc/passwd: the password of idle is empty"}) {
		t.Errorf("planted: %v, hygiene: %q", planted, said)
	}
}

// TestAKeyIsSaidOnce has a private key that the search for secrets finds, and a store
// of keys that it can't read.
func TestAKeyIsSaidOnce(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	img := imageOf(t, layerOf(t, [2]string{"a", "b"}), layerOf(t, [2]string{"root/.ssh/id_ed25519", key}, [2]string{"app/server.p12", "\x30\x82\x01\x00\x02\x01\x03"}))
	v := judge(t, scanner(nil), folder(t, img), nil)
	if !slices.ContainsFunc(v.Findings, func(f triage.Finding) bool { return f.Kind == triage.Secret && f.Path == "root/.ssh/id_ed25519" }) {
		t.Error("the key is not found")
	}
	var said []string
	for _, h := range v.Hygiene {
		if h.Where == "files" {
			said = append(said, h.Message)
		}
	}
	if !slices.Equal(said, []string{"app/server.p12 is a private key or a store of them by its name"}) {
		t.Errorf("%q", said)
	}
}
