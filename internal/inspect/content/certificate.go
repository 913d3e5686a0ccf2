package content

import (
	"crypto/x509"
	"encoding/pem"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/secret"
)

// maxCertificate bounds the files that certificates are read from: a chain, not
// a bundle of authorities, whose keys no image holds.
const maxCertificate = 32 << 10

// certificates lists the certificates of a small file by their public keys.
func (s *subject) certificates(w where, content []byte) {
	if len(content) > maxCertificate || w.depth > 0 || !mayHoldCertificate(w.path) {
		return
	}
	block, rest := pem.Decode(content)
	for block != nil && block.Type != "CERTIFICATE" {
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return
	}
	if key, ok := secret.CertificateFingerprint(pem.EncodeToMemory(block)); ok {
		s.out.Certificates = append(s.out.Certificates, evidence.Certificate{Path: w.path, Key: key, Subject: printable(certificate.Subject.CommonName)})
	}
}

// mayHoldCertificate tells by the name; the authorities that a distribution
// trusts are none of whose key could lie beside them.
func mayHoldCertificate(path string) bool {
	if strings.HasPrefix(path, "usr/share/ca-certificates/") || strings.HasPrefix(path, "etc/ssl/certs/") {
		return false
	}
	switch path[strings.LastIndexByte(path, '.')+1:] {
	case "pem", "crt", "cer", "cert":
		return true
	}
	return strings.HasSuffix(path, "/fullchain") || strings.HasSuffix(path, "/cert")
}
