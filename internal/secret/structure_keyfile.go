package secret

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strconv"
	"strings"
)

// secretState is what the packets of an OpenPGP key hold of its secret half.
type secretState int

const (
	secretNone secretState = iota
	secretLocked
	secretOpen
)

// openPGPSecret reads the packets of a transferable secret key (RFC 9580 section
// 10.2) and says whether any secret half is stored and whether it is encrypted.
// Keys that a smart card holds, or that were moved offline, have none.
func openPGPSecret(b []byte) (secretState, bool) {
	state, first := secretNone, true
	for len(b) > 0 {
		tag, body, rest, ok := openPGPPacket(b)
		if !ok || (first && tag != 5) {
			// What lies behind a window's end is missing, not wrong.
			return state, !first && state != secretNone
		}
		if first = false; tag == 5 || tag == 7 {
			found, ok := openPGPKey(body)
			if !ok {
				return state, false
			}
			state = max(state, found)
		}
		b = rest
	}
	return state, !first
}

// openPGPPacket cuts the first packet off (RFC 9580 section 4.2).
func openPGPPacket(b []byte) (tag int, body, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x80 == 0 {
		return 0, nil, nil, false
	}
	header, n := 0, uint64(0)
	switch {
	case b[0]&0x40 != 0:
		tag = int(b[0] & 0x3f)
		switch first := b[1]; {
		case first < 192:
			header, n = 2, uint64(first)
		case first < 224 && len(b) > 2:
			header, n = 3, uint64(first-192)<<8+uint64(b[2])+192
		case first == 255 && len(b) > 5:
			header, n = 6, uint64(binary.BigEndian.Uint32(b[2:]))
		default:
			return 0, nil, nil, false
		}
	default:
		tag = int(b[0] >> 2 & 0x0f)
		switch b[0] & 3 {
		case 0:
			header, n = 2, uint64(b[1])
		case 1:
			if len(b) < 3 {
				return 0, nil, nil, false
			}
			header, n = 3, uint64(binary.BigEndian.Uint16(b[1:]))
		case 2:
			if len(b) < 5 {
				return 0, nil, nil, false
			}
			header, n = 5, uint64(binary.BigEndian.Uint32(b[1:]))
		default:
			return 0, nil, nil, false
		}
	}
	if n > uint64(len(b)-header) {
		return 0, nil, nil, false
	}
	end := header + int(n)
	return tag, b[header:end], b[end:], true
}

// openPGPKey reads a secret key packet (RFC 9580 section 5.5.3) as far as the
// octet that says how the secret half is protected.
func openPGPKey(b []byte) (secretState, bool) {
	if len(b) < 7 || (b[0] != 4 && b[0] != 6) {
		return secretNone, false
	}
	algorithm := b[5]
	r := octets{rest: b[6:]}
	if b[0] == 6 {
		r.skip(4)
	}
	switch algorithm {
	case 1, 2, 3: // RSA: n, e
		r.integers(2)
	case 16: // Elgamal: p, g, y
		r.integers(3)
	case 17: // DSA: p, q, g, y
		r.integers(4)
	case 18: // ECDH: curve, point, parameters
		r.skip(r.octet())
		r.integers(1)
		r.skip(r.octet())
	case 19, 22: // ECDSA, EdDSA: curve, point
		r.skip(r.octet())
		r.integers(1)
	case 25, 27: // X25519, Ed25519
		r.skip(32)
	case 26: // X448
		r.skip(56)
	case 28: // Ed448
		r.skip(57)
	default:
		return secretNone, false
	}
	usage := r.octet()
	switch {
	case r.broken || len(r.rest) == 0:
		return secretNone, false
	case usage == 0:
		return secretOpen, true
	case (usage == 254 || usage == 255) && len(r.rest) > 5 && r.rest[1] == 101 && string(r.rest[3:6]) == "GNU":
		// GnuPG's extension for keys whose secret is elsewhere (GnuPG, doc/DETAILS).
		return secretNone, true
	}
	return secretLocked, true
}

// octets reads the fields of an OpenPGP packet.
type octets struct {
	rest   []byte
	broken bool
}

func (o *octets) skip(n int) {
	if n > len(o.rest) {
		o.broken, o.rest = true, nil
		return
	}
	o.rest = o.rest[n:]
}

func (o *octets) octet() int {
	if len(o.rest) == 0 {
		o.broken = true
		return 0
	}
	n := o.rest[0]
	o.rest = o.rest[1:]
	return int(n)
}

func (o *octets) integers(count int) {
	for range count {
		bits := o.octet()<<8 | o.octet()
		o.skip((bits + 7) / 8)
	}
}

// openPGPChecksum is the CRC-24 of RFC 4880 section 6.1.
func openPGPChecksum(b []byte) uint32 {
	crc := uint32(0xb704ce)
	for _, c := range b {
		crc ^= uint32(c) << 16
		for range 8 {
			if crc <<= 1; crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	return crc & 0xffffff
}

// puttyKey is a PPK file of version 2 or 3 (PuTTY's manual, appendix C).
type puttyKey struct {
	algorithm, encryption, comment string
	public, private                []byte
	mac                            string
	version                        int
}

const puttyHeader = "PuTTY-User-Key-File-"

// parsePutty reads the lines of a file that begins with puttyHeader; used is
// where in it the key ends.
func parsePutty(text []byte) (key puttyKey, used int, ok bool) {
	next := func() string {
		end := len(text)
		if n := bytes.IndexByte(text[used:], '\n'); n >= 0 {
			end = used + n + 1
		}
		line := text[used:end]
		used = end
		return strings.TrimRight(string(line), "\r\n")
	}
	for used < len(text) {
		begin := used
		line := next()
		name, value, header := strings.Cut(line, ": ")
		if !header {
			return key, used, false
		}
		switch name {
		case puttyHeader + "2", puttyHeader + "3":
			if key.version != 0 {
				return key, used, false
			}
			key.version, key.algorithm = int(name[len(puttyHeader)]-'0'), value
		case "Encryption":
			key.encryption = value
		case "Comment":
			key.comment = value
		case "Public-Lines", "Private-Lines":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > len(text) {
				return key, used, false
			}
			var encoded []byte
			for range n {
				encoded = append(encoded, next()...)
			}
			blob, decodes := base64Bytes(encoded)
			if !decodes {
				return key, used, false
			}
			if name == "Public-Lines" {
				key.public = blob
			} else {
				key.private = blob
			}
		case "Private-MAC":
			key.mac = value
			return key, begin + len(line), key.version != 0 && len(key.public) > 0 && len(key.private) > 0
		case "Key-Derivation", "Argon2-Memory", "Argon2-Passes", "Argon2-Parallelism", "Argon2-Salt":
		default:
			return key, used, false
		}
	}
	return key, used, false
}

// authentic verifies the code of a key that no passphrase protects.
func (k *puttyKey) authentic() bool {
	var code hash.Hash
	if k.version == 2 {
		secret := sha1.Sum([]byte("putty-private-key-file-mac-key"))
		code = hmac.New(sha1.New, secret[:])
	} else {
		code = hmac.New(sha256.New, nil)
	}
	for _, part := range [][]byte{[]byte(k.algorithm), []byte(k.encryption), []byte(k.comment), k.public, k.private} {
		code.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		code.Write(part)
	}
	return strings.EqualFold(k.mac, hexText(code.Sum(nil)))
}

// parseSSH2 reads a private key of ssh.com's format as OpenSSH's sshkey.c reads
// it: a magic number, the length of all, the kind of key and the cipher.
func parseSSH2(block []byte) (encrypted, ok bool) {
	const header = "PRIVATE KEY ----"
	at, end := bytes.Index(block, []byte(header)), bytes.LastIndex(block, []byte("---- END"))
	if at < 0 || end < at+len(header) {
		return false, false
	}
	var encoded []byte
	continued := false
	for _, line := range bytes.Split(block[at+len(header):end], []byte("\n")) {
		line = bytes.TrimSpace(line)
		if continued || bytes.Contains(line, []byte(":")) {
			continued = bytes.HasSuffix(line, []byte(`\`))
			continue
		}
		encoded = append(encoded, line...)
	}
	blob, decodes := base64Bytes(encoded)
	r := wire{rest: blob}
	if !decodes || r.number() != 0x3f6ff9eb {
		return false, false
	}
	r.number()
	r.text()
	cipher := string(r.text())
	return cipher != "none", !r.broken && cipher != "" && len(r.rest) > 0
}
