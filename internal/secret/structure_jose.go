package secret

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strings"
)

func hexText(b []byte) string { return hex.EncodeToString(b) }

// token is a signed JSON Web Token (RFC 7519 in the compact form of RFC 7515).
type token struct {
	header struct {
		Algorithm string `json:"alg"`
	}
	claims map[string]any
	// signature is decoded.
	signature []byte
}

// parseToken is false for what is no such token: a header without an algorithm,
// claims that are no object, a signature of the wrong length for its algorithm.
func parseToken(text []byte) (token, bool) {
	var t token
	parts := bytes.Split(text, []byte("."))
	if len(parts) != 3 {
		return t, false
	}
	header, ok := base64Bytes(parts[0])
	if !ok || json.Unmarshal(header, &t.header) != nil || t.header.Algorithm == "" {
		return t, false
	}
	claims, ok := base64Bytes(parts[1])
	if !ok || json.Unmarshal(claims, &t.claims) != nil || len(t.claims) == 0 {
		return t, false
	}
	if t.signature, ok = base64Bytes(parts[2]); !ok {
		return t, false
	}
	// RFC 7518 sections 3.2 to 3.5, RFC 8037 section 3.1.
	n := len(t.signature)
	switch t.header.Algorithm {
	case "HS256":
		return t, n == 32
	case "HS384":
		return t, n == 48
	case "HS512":
		return t, n == 64
	case "ES256", "ES256K":
		return t, n == 64
	case "ES384":
		return t, n == 96
	case "ES512":
		return t, n == 132
	case "EdDSA", "Ed25519":
		return t, n == 64 || n == 114
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return t, n >= 128 && n <= 1024
	}
	return t, !strings.EqualFold(t.header.Algorithm, "none") && n >= 16
}

func (t *token) text(claim string) string {
	s, _ := t.claims[claim].(string)
	return s
}

func (t *token) has(claim string) bool {
	_, has := t.claims[claim]
	return has
}

// example reports tokens that everybody knows: those of jwt.io, of the RFCs, and
// of issuers that are no more than examples.
func (t *token) example() bool {
	// jwt.io's sample was issued at this moment, RFC 7519's expires at the other.
	if t.claims["iat"] == float64(1516239022) || t.claims["exp"] == float64(1300819380) {
		return true
	}
	if t.text("sub") == "1234567890" || t.text("name") == "John Doe" || t.text("iss") == "supabase-demo" {
		return true
	}
	for _, claim := range []string{"iss", "aud", "sub"} {
		if value := strings.ToLower(t.text(claim)); strings.Contains(value, "example.") || value == "joe" || value == "foo" {
			return true
		}
	}
	return false
}

// webKey is a JSON Web Key (RFC 7517) with what is private of it.
type webKey struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	X     string `json:"x"`
	Y     string `json:"y"`
	N     string `json:"n"`
	E     string `json:"e"`
	D     string `json:"d"`
	P     string `json:"p"`
	Q     string `json:"q"`
	K     string `json:"k"`
}

// judge says how sure it is that a key is private: its halves fit, or it merely
// has both.
func (k *webKey) judge() Confidence {
	x, okX := urlBytes(k.X)
	d, okD := urlBytes(k.D)
	switch k.Type {
	case "OKP":
		if !okX || !okD {
			return Rejected
		}
		return k.judgeOctets(x, d)
	case "EC":
		y, okY := urlBytes(k.Y)
		if !okX || !okD || !okY {
			return Rejected
		}
		curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[k.Curve]
		if curve == nil {
			return Likely
		}
		point := append(append([]byte{4}, x...), y...)
		if _, fits := ecPublic(curve, d, point); fits {
			return Certain
		}
	case "RSA":
		n, okN := urlBytes(k.N)
		if !okN || !okD || len(n) < 64 || len(n) > largestKey || len(d) > len(n) {
			return Rejected
		}
		if k.P == "" || k.Q == "" {
			return Likely
		}
		p, okP := urlBytes(k.P)
		q, okQ := urlBytes(k.Q)
		product := new(big.Int).Mul(new(big.Int).SetBytes(p), new(big.Int).SetBytes(q))
		if okP && okQ && product.Cmp(new(big.Int).SetBytes(n)) == 0 {
			return Certain
		}
	case "oct":
		if secret, ok := urlBytes(k.K); ok && len(secret) >= 16 && Entropy(secret) > 2.5 {
			return Likely
		}
	}
	return Rejected
}

func (k *webKey) judgeOctets(x, d []byte) Confidence {
	switch {
	case k.Curve == "Ed25519" && len(d) == ed25519.SeedSize:
		if bytes.Equal(ed25519.NewKeyFromSeed(d).Public().(ed25519.PublicKey), x) {
			return Certain
		}
	case k.Curve == "X25519" && len(d) == 32:
		if key, err := ecdh.X25519().NewPrivateKey(d); err == nil && bytes.Equal(key.PublicKey().Bytes(), x) {
			return Certain
		}
	case (k.Curve == "Ed448" && len(d) == 57) || (k.Curve == "X448" && len(d) == 56):
		return Likely
	}
	return Rejected
}

func urlBytes(s string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	return b, err == nil && len(b) > 0
}
