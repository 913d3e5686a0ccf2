package secret

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strconv"
)

// privateKey is what a block of key material turns out to hold.
type privateKey struct {
	// encrypted keys need a passphrase that is not beside them.
	encrypted bool
	// proven says that the numbers fit one another, not only that they decode.
	proven bool
	// public is the other half, nil where it could not be derived.
	public any
}

// KeyFingerprint is the SHA-256, in hexadecimal, of the public half of the first
// private key of a text (its SubjectPublicKeyInfo, RFC 5280 section 4.1). It is
// false for what is no private key, is encrypted, or is of an algorithm unknown
// to crypto/x509. Line breaks may be written as "\n".
func KeyFingerprint(text []byte) (string, bool) {
	block, label, found := pemBlock(text)
	if !found {
		return "", false
	}
	key, ok := parsePrivateKey(block, label)
	if !ok || key.public == nil {
		return "", false
	}
	return publicFingerprint(key.public)
}

// CertificateFingerprint is KeyFingerprint of the key that the first certificate
// of a text certifies: where the two are equal, the private key is the one that
// serves this certificate.
func CertificateFingerprint(text []byte) (string, bool) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return "", false
		}
		if text = rest; block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", false
		}
		sum := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
		return hex.EncodeToString(sum[:]), true
	}
}

func publicFingerprint(public any) (string, bool) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", false
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), true
}

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemDash  = "-----"
	// largestKey bounds what is parsed, in bytes of DER: an RSA key of 8,192 bits
	// takes 4.7 KB, and arithmetic on larger numbers would serve whoever wants to
	// keep the reader busy.
	largestKey = 5 << 10
)

// pemBlock finds the first private key in PEM of a text and what it calls itself.
func pemBlock(text []byte) (block []byte, label string, ok bool) {
	for {
		at := bytes.Index(text, []byte(pemBegin))
		if at < 0 {
			return nil, "", false
		}
		text = text[at:]
		rest := text[len(pemBegin):]
		end := bytes.Index(rest[:min(len(rest), 40)], []byte(pemDash))
		if end > 0 && bytes.HasSuffix(rest[:end], []byte("PRIVATE KEY")) {
			label = string(rest[:end])
			closing := pemEnd + label + pemDash
			if n := bytes.Index(text, []byte(closing)); n > 0 {
				return text[:n+len(closing)], label, true
			}
		}
		text = rest
	}
}

// armour takes an armoured block (RFC 7468, RFC 4880 section 6.2) apart that a
// text may have wrapped in any of its ways: indented, quoted line by line, with
// line breaks written as "\n", behind comment signs. sum is the checksum line of
// OpenPGP, without its "=".
func armour(block []byte) (headers map[string]string, body []byte, sum string, ok bool) {
	begin := bytes.Index(block, []byte(pemBegin))
	if begin < 0 {
		return nil, nil, "", false
	}
	block = block[begin+len(pemBegin):]
	from, to := bytes.Index(block, []byte(pemDash)), bytes.LastIndex(block, []byte(pemEnd))
	if from < 0 || to < from+len(pemDash) {
		return nil, nil, "", false
	}
	headers = map[string]string{}
	var text []byte
	for _, line := range bytes.Split(unwrapped(block[from+len(pemDash):to]), []byte("\n")) {
		line = bytes.Trim(line, " \t\r#*|>;,")
		if name, value, header := bytes.Cut(line, []byte(":")); header {
			headers[string(name)] = string(bytes.TrimSpace(value))
			continue
		}
		if len(line) == 5 && line[0] == '=' {
			sum = string(line[1:])
			continue
		}
		text = append(text, bytes.ReplaceAll(line, []byte(" "), nil)...)
	}
	body, ok = base64Bytes(text)
	return headers, body, sum, ok && len(body) > 0
}

// unwrapped undoes the escapes and the quotes between the lines of a block that
// stands in a string of some language.
func unwrapped(b []byte) []byte {
	out := make([]byte, 0, len(b))
	// The block itself begins within the string, if there is one.
	inside := true
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\':
			for i+1 < len(b) && b[i+1] == '\\' {
				i++
			}
			if i++; i >= len(b) {
				return out
			}
			switch b[i] {
			case 'n', 'r':
				out = append(out, '\n')
			case 't', '\r', '\n':
			case 'u':
				if i+4 < len(b) {
					if n, err := strconv.ParseUint(string(b[i+1:i+5]), 16, 16); err == nil && n < 0x80 {
						out = append(out, byte(n))
					}
					i += 4
				}
			case '"', '\'', '`':
				inside = !inside
			default:
				out = append(out, b[i])
			}
		case c == '"' || c == '\'' || c == '`':
			inside = !inside
		case inside:
			out = append(out, c)
		}
	}
	return out
}

// base64Bytes decodes standard or URL-safe base64 with or without padding.
func base64Bytes(text []byte) ([]byte, bool) {
	text = bytes.TrimRight(text, "=")
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	out := make([]byte, encoding.DecodedLen(len(text)))
	n, err := encoding.Decode(out, text)
	return out[:n], err == nil
}

// parsePrivateKey decodes a block that calls itself label. It is false for what
// is none: truncated, garbage, or an ellipsis where the key was.
func parsePrivateKey(block []byte, label string) (privateKey, bool) {
	headers, der, _, ok := armour(block)
	if !ok || len(der) > largestKey {
		return privateKey{}, false
	}
	if headers["DEK-Info"] != "" {
		// RFC 1421: what follows is whole blocks of a cipher, of 8 bytes or 16.
		return privateKey{encrypted: true}, len(der) >= 64 && len(der)%8 == 0
	}
	switch label {
	case "RSA PRIVATE KEY":
		if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			return provenKey(key)
		}
		return looseKey(der, 9)
	case "EC PRIVATE KEY":
		if key, err := x509.ParseECPrivateKey(der); err == nil {
			return provenKey(key)
		}
		return looseKey(der, 2)
	case "DSA PRIVATE KEY":
		return parseDSA(der)
	case "PRIVATE KEY":
		if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
			return provenKey(key)
		}
		return looseKey(der, 3)
	case "ENCRYPTED PRIVATE KEY":
		var info struct {
			Algorithm asn1.RawValue
			Data      []byte
		}
		rest, err := asn1.Unmarshal(der, &info)
		return privateKey{encrypted: true, proven: true}, err == nil && len(rest) == 0 && len(info.Data) >= 32
	case "OPENSSH PRIVATE KEY":
		return parseOpenSSH(der)
	}
	return privateKey{}, false
}

func provenKey(key any) (privateKey, bool) {
	if k, ok := key.(interface{ Public() crypto.PublicKey }); ok {
		return privateKey{proven: true, public: k.Public()}, true
	}
	return privateKey{proven: true}, true
}

// looseKey accepts what crypto/x509 knows no algorithm for: a sequence that
// begins with a small version number and ends where the bytes end.
func looseKey(der []byte, fields int) (privateKey, bool) {
	var all []asn1.RawValue
	rest, err := asn1.Unmarshal(der, &all)
	if err != nil || len(rest) != 0 || len(all) < fields || len(der) < 32 {
		return privateKey{}, false
	}
	return privateKey{}, all[0].Tag == asn1.TagInteger && len(all[0].Bytes) == 1 && all[0].Bytes[0] <= 1
}

// parseDSA reads the six integers that OpenSSL writes: version, p, q, g, y, x.
func parseDSA(der []byte) (privateKey, bool) {
	var k struct {
		Version       int
		P, Q, G, Y, X *big.Int
	}
	rest, err := asn1.Unmarshal(der, &k)
	if err != nil || len(rest) != 0 || k.P.Sign() <= 0 || k.X.Sign() <= 0 || k.P.BitLen() > 4096 || k.X.BitLen() > 512 {
		return privateKey{}, false
	}
	fits := new(big.Int).Exp(k.G, k.X, k.P).Cmp(k.Y) == 0
	return privateKey{proven: fits}, fits
}

const openSSHMagic = "openssh-key-v1\x00"

// parseOpenSSH reads the format of OpenSSH's PROTOCOL.key.
func parseOpenSSH(der []byte) (privateKey, bool) {
	rest, ok := bytes.CutPrefix(der, []byte(openSSHMagic))
	if !ok {
		return privateKey{}, false
	}
	r := wire{rest: rest}
	cipher, kdf := string(r.text()), string(r.text())
	r.text()
	count := r.number()
	public, private := r.text(), r.text()
	if r.broken || count != 1 || len(public) == 0 || len(private) == 0 {
		return privateKey{}, false
	}
	if cipher != "none" || kdf != "none" {
		return privateKey{encrypted: true, proven: true}, true
	}
	p := wire{rest: private}
	// The same random number twice tells that decryption went right.
	if a, b := p.number(), p.number(); a != b || p.broken {
		return privateKey{}, false
	}
	half, fits := sshPublic(&p, string(p.text()))
	return privateKey{proven: fits, public: half}, !p.broken
}

// sshPublic reads the fields of a private key of the SSH agent protocol and
// derives its public half; fits says that what is stored of it agrees.
func sshPublic(p *wire, kind string) (public any, fits bool) {
	switch kind {
	case "ssh-ed25519":
		stored, key := p.text(), p.text()
		if len(key) != ed25519.PrivateKeySize {
			return nil, false
		}
		derived := ed25519.NewKeyFromSeed(key[:ed25519.SeedSize]).Public().(ed25519.PublicKey)
		return derived, bytes.Equal(derived, stored)
	case "ssh-rsa":
		n, e := p.integer(), p.integer()
		d, _, primeP, primeQ := p.integer(), p.integer(), p.integer(), p.integer()
		if p.broken || !e.IsInt64() || e.Int64() > 1<<31-1 || d.Sign() <= 0 {
			return nil, false
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, new(big.Int).Mul(primeP, primeQ).Cmp(n) == 0
	case "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521":
		curve := map[string]elliptic.Curve{"nistp256": elliptic.P256(), "nistp384": elliptic.P384(), "nistp521": elliptic.P521()}[string(p.text())]
		stored, d := p.text(), p.integer()
		if curve == nil || p.broken {
			return nil, false
		}
		return ecPublic(curve, d.Bytes(), stored)
	}
	// Keys that a token holds (sk-…) and algorithms unknown here.
	return nil, false
}

// ecPublic derives the point of a private number and compares it to a stored
// one, uncompressed; nil where there is no such point.
func ecPublic(curve elliptic.Curve, d, stored []byte) (public any, fits bool) {
	size := (curve.Params().BitSize + 7) / 8
	if len(d) > size {
		return nil, false
	}
	key, err := ecdsa.ParseRawPrivateKey(curve, append(make([]byte, size-len(d)), d...))
	if err != nil {
		return nil, false
	}
	point, err := key.PublicKey.Bytes()
	return &key.PublicKey, err == nil && bytes.Equal(point, stored)
}

// wire reads the data types of RFC 4251 section 5; broken is set where they end early.
type wire struct {
	rest   []byte
	broken bool
}

func (w *wire) number() uint32 {
	if len(w.rest) < 4 {
		w.broken, w.rest = true, nil
		return 0
	}
	n := binary.BigEndian.Uint32(w.rest)
	w.rest = w.rest[4:]
	return n
}

func (w *wire) text() []byte {
	n := w.number()
	if uint64(n) > uint64(len(w.rest)) {
		w.broken, w.rest = true, nil
		return nil
	}
	b := w.rest[:n]
	w.rest = w.rest[n:]
	return b
}

func (w *wire) integer() *big.Int { return new(big.Int).SetBytes(w.text()) }
